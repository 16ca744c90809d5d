"""A learner's record in full: what stands behind each activity, what the marker said, who looked, and all of it to take
away."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.clock import from_micros
from delivery.errors import N_
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit, VisitOf
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind

_WORDS = {
    FactKind.ITEM_AIRED: N_("The lesson was aired"),
    FactKind.ATTENDANCE_RECORDED: N_("You confirmed that you followed it"),
    FactKind.PARTICIPATION_RECORDED: N_("You studied it on the portal"),
    FactKind.PACKET_POSTED: N_("The packet was posted to you"),
    FactKind.PACKET_DELIVERED: N_("The packet was delivered"),
    FactKind.WORK_RECEIVED: N_("Your work was received"),
    FactKind.EXTRA_RECEIVED: N_("An extra sheet of yours was received"),
    FactKind.WORK_HELD: N_("Work was held"),
    FactKind.QUESTION_ASKED: N_("You asked a question"),
    FactKind.QUESTION_ANSWERED: N_("Your lecturer answered"),
    FactKind.PEER_ANSWERED: N_("You answered another learner"),
    FactKind.PEER_ANSWER_RECEIVED: N_("Another learner answered you"),
    FactKind.MARK_RECORDED: N_("A mark was given"),
}
_LOOKED = {
    "work": N_("your work"),
    "grades": N_("your grades"),
    "progress": N_("your progress"),
    "questions": N_("your questions"),
    "people": N_("your name and code"),
    "held": N_("work that was held"),
}


def record_routes(services: PortalServices, learner_of: VisitOf) -> APIRouter:
    """``/me/activity/{activity}``, ``/me/seen`` and ``/me/export``."""
    router = APIRouter()

    @router.get("/me/activity/{activity}")
    def activity(activity: str, visit: Visit = Depends(learner_of)) -> Response:
        record = services.record_of(visit.learner)
        for course in record["courses"]:
            for told in course["activities"]:
                if told["activity"] == activity:
                    return _activity_page(visit, services, course, told)
        raise HTTPException(404)

    @router.get("/me/seen")
    def seen(visit: Visit = Depends(learner_of)) -> Response:
        people = services.catalogue().people
        facts = services.facts.select(kind=FactKind.PERSONAL_DATA_SEEN, learner=visit.learner)
        rows = [
            {
                "day": fact.data["day"],
                "who": people[fact.actor].name if fact.actor in people else fact.actor,
                "what": _LOOKED.get(fact.data["what"], fact.data["what"]),
            }
            for fact in sorted(facts, key=lambda fact: fact.order, reverse=True)
        ]
        return visit.page("seen.html", rows=rows[:200])

    @router.get("/me/export")
    def export(visit: Visit = Depends(learner_of)) -> Response:
        document = orjson.dumps(services.export_of(visit.learner), option=orjson.OPT_INDENT_2)
        headers = {"content-disposition": 'attachment; filename="ho-so-hoc-tap.json"'}
        return visit.finish(Response(document, media_type="application/json", headers=headers))

    return router


def _activity_page(visit: Visit, services: PortalServices, course: Any, told: Any) -> Response:
    found = [services.facts.get(ident) for ident in told["evidence"]]
    facts = [fact for fact in found if fact]
    marks = [fact for fact in facts if fact.kind is FactKind.MARK_RECORDED]
    mark = marks[-1] if marks else None
    titles = {c.code: c for c in services.teaching.rubric(told["activity"]).criteria}
    points = mark.data.get("criteria", {}) if mark else {}
    return visit.page(
        "activity.html",
        course=course,
        told=told,
        received=_received(told["received"]),
        evidence=[_line(fact) for fact in facts],
        comment=services.teaching.comment(mark) if mark else "",
        criteria=[(titles[code], got) for code, got in points.items() if code in titles],
        # Remarks are part of marking: they are shown with the mark, not before.
        remarks=services.teaching.remarks(told["activity"], visit.learner) if mark else [],
    )


def _received(told: Any) -> dict[str, Any] | None:
    """What arrived of a piece of work, with its days as days."""
    if told is None:
        return None
    days = {name: date.fromisoformat(told[name]) for name in ("first", "last", "postmark") if told[name]}
    return {**told, **days}


def _line(fact: Fact) -> dict[str, Any]:
    own = fact.kind in (FactKind.WORK_RECEIVED, FactKind.WORK_HELD)
    return {
        "words": _WORDS.get(fact.kind, str(fact.kind)),
        "at": from_micros(fact.occurred_at),
        "minutes": fact.data.get("minutes", 0),
        "receipt": f"/receipt?f={fact.id}" if own else "",
        "score": fact.data.get("score", ""),
    }
