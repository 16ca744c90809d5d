"""What the portal received of a learner, and the receipt that shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.model import Activity
from delivery.clock import VIETNAM, from_micros
from delivery.network.web.intake import RETURNED_ROLE, Again, sheet_of
from delivery.network.web.ownfact import own_fact
from delivery.network.web.paper import Receipt, Work, receipt_pdf
from delivery.network.web.place import work_address
from delivery.network.web.services import PortalServices
from delivery.network.web.uploads import MAX_FILES, Problem
from delivery.network.web.visit import Visit, VisitOf
from delivery.record.evidence import counted_of
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.sheets import Sheet
from delivery.store.submissions import receipt_code

_KINDS = (FactKind.WORK_RECEIVED, FactKind.WORK_HELD)
_MAX_RECEIPTS = 200
_AGAIN = re.compile(r"([0-9]{1,3})\.([a-z_]{1,20})")


def receipt_routes(services: PortalServices, learner_of: VisitOf) -> APIRouter:
    """``/receipt`` and ``/receipt.pdf``."""
    router = APIRouter()

    def chosen(visit: Visit, texts: list[str]) -> list[Fact]:
        found = [
            own_fact(text, learner=visit.learner, kinds=_KINDS, services=services)
            for text in texts[:_MAX_RECEIPTS]
        ]
        facts = [fact for fact in found if fact]
        if not facts:
            raise HTTPException(404)
        return facts

    @router.get("/receipt.pdf")
    def receipt_on_paper(visit: Visit = Depends(learner_of), f: list[str] = Query(default=[])) -> Response:
        facts = chosen(visit, f)
        profile = services.profiles([visit.learner]).get(visit.learner)
        pdf = receipt_pdf(
            [receipt_of(fact, services) for fact in facts],
            institution=services.catalogue().institution.name,
            learner=f"{profile.full_name} · {profile.code}" if profile else "",
            language=visit.language,
        )
        name = f"bien-nhan-{receipt_code(facts[0].id)}.pdf"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return visit.finish(Response(pdf, media_type="application/pdf", headers=headers))

    @router.get("/receipt")
    def receipt(
        visit: Visit = Depends(learner_of),
        f: list[str] = Query(default=[]),
        again: list[str] = Query(default=[]),
        q: str = "",
    ) -> Response:
        facts = chosen(visit, f)
        sheet = sheet_of(q.upper(), sheets=services.sheets, keys=services.code_keys())
        own = sheet is not None and sheet.learner == visit.learner and sheet.role == RETURNED_ROLE
        return visit.page(
            "receipt.html",
            receipts=[receipt_of(fact, services) for fact in facts],
            again=_read_again(again),
            missing=missing_pages(sheet, services) if sheet and own else [],
            back=f"/q/{q}" if sheet else "",
            assignment=_assignment_of(facts[0], services),
            paper="/receipt.pdf?" + urlencode([("f", fact.id) for fact in facts]),
        )

    return router


def receipt_of(fact: Fact, services: PortalServices) -> Receipt:
    """What to show of a WorkReceived or WorkHeld fact."""
    held = str(fact.data["reason"]) if fact.kind is FactKind.WORK_HELD else ""
    # The sheet may be another learner's: then nothing of its work is told.
    strange = held == "other_learner"
    work = Work("", "", None) if strange else work_of(fact.activity, fact.course, services)
    on_sheet = not held and fact.data["sheet"] != ""
    received_at = from_micros(fact.occurred_at)
    postmark = fact.data.get("postmark", "")
    counted_at = from_micros(counted_of(postmark)) if postmark else received_at
    return Receipt(
        fact=fact.id,
        code=receipt_code(fact.id),
        held=held,
        work=work,
        page=int(fact.data["page"]) if on_sheet else 0,
        pages=int(fact.data["pages"]) if on_sheet else 0,
        received_at=received_at,
        late=is_late(work.due, counted_at),
        hash=str(fact.data["blob"]),
        superseded=bool(fact.data.get("superseded")),
        leaves=0 if on_sheet or held else int(fact.data.get("leaves", 1)),
    )


def work_of(activity: str, course: str, services: PortalServices) -> Work:
    """Names for an activity of a course; its codes when the catalogue has lost it."""
    catalogue = services.catalogue()
    planned: Activity | None = catalogue.activities.get(activity)
    taught = catalogue.courses.get(course)
    return Work(
        title=planned.title if planned else activity,
        course=taught.name if taught else course,
        due=planned.due if planned else None,
    )


def is_late(due: date | None, received_at: datetime) -> bool:
    """Late is what comes after the due day has ended in Viet Nam. It is marked, never refused."""
    return due is not None and received_at.astimezone(VIETNAM).date() > due


def pages_of(sheet: Sheet, services: PortalServices) -> list[tuple[int, bool]]:
    """(page number, whether it was received) for the whole work of this sheet, in any print of it."""
    received: dict[int, bool] = dict.fromkeys(range(1, sheet.pages + 1), False)
    for other in services.sheets.of_activity(sheet.learner, sheet.activity):
        if other.page in received and other.role == sheet.role:
            received[other.page] = received[other.page] or other.state == "returned"
    return sorted(received.items())


def missing_pages(sheet: Sheet, services: PortalServices) -> list[int]:
    """Pages of the work of this sheet that nobody has sent yet."""
    return [number for number, received in pages_of(sheet, services) if not received]


def _assignment_of(fact: Fact, services: PortalServices) -> str:
    """Address to send more to, for a file without a printed sheet; else empty."""
    planned = services.catalogue().activities.get(fact.activity)
    return work_address(planned) if planned and fact.data["sheet"] == "" else ""


def _read_again(texts: Sequence[str]) -> list[Again]:
    out = []
    for text in texts[: 2 * MAX_FILES]:
        match = _AGAIN.fullmatch(text)
        if match and match[2] in Problem.__members__.values():
            out.append(Again(int(match[1]), Problem(match[2])))
    return out
