"""The marking desk: what waits, and each piece of work beside its rubric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import Role
from delivery.catalogue.model import Activity
from delivery.errors import N_, BadInput, Message, Refused, TuxaError
from delivery.network.web.deskwork import PICTURES, WorkItem, marked_activity, taught_courses, works_of
from delivery.network.web.leaves import leaf_jpeg, leaf_words
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.store.teaching import Criterion, Rubric, checked

RENDER_SECONDS = 30
_MOST_CRITERIA = 12
_SCALE = Decimal(10)
_CENT = Decimal("0.01")


def desk_routes(services: PortalServices, teacher_of: VisitOf, posted_of: PostedOf) -> APIRouter:
    """``/desk`` and below."""
    router = APIRouter()

    @router.get("/desk")
    def desk(visit: Visit = Depends(teacher_of)) -> Response:
        return visit.page("desk.html", courses=_queue(visit, services))

    @router.get("/desk/{activity}")
    def works(activity: str, visit: Visit = Depends(teacher_of)) -> Response:
        planned, rubric = marked_activity(activity, visit, services)
        items = works_of(planned, services)
        names = {} if rubric.blind else services.profiles([item.learner for item in items])
        if names:
            services.seen.note(names, what="work", actor=visit.staff)
        return visit.page(
            "desk_works.html",
            activity=planned,
            rubric=rubric,
            items=items,
            names=names,
            lead=_is_lead(visit, planned, services),
        )

    @router.get("/desk/{activity}/rubric")
    def rubric_form(activity: str, visit: Visit = Depends(teacher_of)) -> Response:
        planned, rubric = _led(activity, visit, services)
        return _rubric_page(visit, services, planned, rubric)

    @router.post("/desk/{activity}/rubric")
    def set_rubric(activity: str, posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        planned, rubric = _led(activity, visit, services)
        try:
            fresh = _rubric_of(posted, visit, services)
        except Refused as error:
            return _rubric_page(visit, services, planned, rubric, problem=error.what, status=422)
        services.teaching.set_rubric(planned.code, planned.course, fresh, actor=visit.staff)
        return visit.redirect(f"/desk/{planned.code}")

    @router.get("/desk/{activity}/{work}")
    def look(activity: str, work: str, visit: Visit = Depends(teacher_of), saved: str = "") -> Response:
        planned, rubric = marked_activity(activity, visit, services)
        return _work_page(visit, services, planned, rubric, work, saved=saved == "1")

    @router.post("/desk/{activity}/{work}/mark")
    def mark(activity: str, work: str, posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        planned, rubric = marked_activity(activity, visit, services)
        item = _item(planned, work, services)
        try:
            _give(posted, planned, rubric, item, services)
        except TuxaError as error:
            return _work_page(visit, services, planned, rubric, work, problem=error, given=posted, status=422)
        following = _waiting(works_of(planned, services), after=item)
        if posted.text("then") == "next" and following:
            return visit.redirect(f"/desk/{planned.code}/{following.ident}?saved=1")
        return visit.redirect(f"/desk/{planned.code}/{item.ident}?saved=1")

    @router.post("/desk/{activity}/{work}/remark")
    def remark(activity: str, work: str, posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        planned, rubric = marked_activity(activity, visit, services)
        item = _item(planned, work, services)
        fact = next((fact for fact in item.chosen if fact.id == posted.text("fact")), None)
        if fact is None:
            raise HTTPException(404)
        try:
            services.teaching.remark(
                fact,
                page=_whole(posted.text("page"), 1),
                x=_whole(posted.text("x"), 50),
                y=_whole(posted.text("y"), 50),
                text=posted.text("text"),
                actor=visit.staff,
                note=posted.text("once")[:32],
            )
        except BadInput as error:
            return _work_page(visit, services, planned, rubric, work, problem=error, status=422)
        return visit.redirect(f"/desk/{planned.code}/{item.ident}")

    @router.post("/desk/{activity}/{work}/remark/remove")
    def take_back(activity: str, work: str, posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        planned, _ = marked_activity(activity, visit, services)
        item = _item(planned, work, services)
        for found in services.teaching.remarks(planned.code, item.learner):
            if found.note == posted.text("note") and found.marker == visit.staff:
                services.teaching.take_back(found, item.chosen[0], actor=visit.staff)
        return visit.redirect(f"/desk/{planned.code}/{item.ident}")

    @router.get("/desk/{activity}/{work}/page/{fact}/{leaf}")
    def page(activity: str, work: str, fact: str, leaf: int, visit: Visit = Depends(teacher_of)) -> Response:
        planned, _ = marked_activity(activity, visit, services)
        data, media_type = _file(_item(planned, work, services), fact, services)
        try:
            job = services.executor.submit(leaf_jpeg, data, media_type, leaf)
            jpeg = job.result(RENDER_SECONDS)
        except (ValueError, OSError, TimeoutError) as error:
            raise HTTPException(404) from error
        headers = {"cache-control": "private, max-age=600"}
        return visit.finish(Response(jpeg, media_type="image/jpeg", headers=headers))

    @router.get("/desk/{activity}/{work}/file/{fact}")
    def download(activity: str, work: str, fact: str, visit: Visit = Depends(teacher_of)) -> Response:
        planned, _ = marked_activity(activity, visit, services)
        data, media_type = _file(_item(planned, work, services), fact, services)
        endings = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/heic": "heic"}
        ending = endings.get(media_type, "txt" if media_type.startswith("text/") else "docx")
        headers = {
            "content-disposition": f'attachment; filename="{planned.code}-{work}.{ending}"',
            "content-security-policy": "default-src 'none'; sandbox",
        }
        return visit.finish(Response(data, media_type="application/octet-stream", headers=headers))

    return router


def _queue(visit: Visit, services: PortalServices) -> list[dict[str, Any]]:
    """Courses with their marked activities and how much waits; activities of others where one is second marker."""
    catalogue = services.catalogue()
    mine = {course.code for course in taught_courses(visit, services)}
    out = []
    for course in catalogue.courses.values():
        rows = []
        for activity in catalogue.activities_of.get(course.code, ()):
            if not activity.component:
                continue
            second = services.teaching.rubric(activity.code).second == visit.staff
            if course.code not in mine and not second:
                continue
            items = works_of(activity, services)
            waiting = [item for item in items if item.mark is None]
            rows.append({"activity": activity, "works": len(items), "waiting": len(waiting)})
        if rows or course.code in mine:
            out.append({"course": course, "rows": rows, "lead": course.code in mine})
    return out


def _is_lead(visit: Visit, activity: Activity, services: PortalServices) -> bool:
    return services.catalogue().courses[activity.course].lecturer == visit.staff


def _led(code: str, visit: Visit, services: PortalServices) -> tuple[Activity, Rubric]:
    activity, rubric = marked_activity(code, visit, services)
    if not _is_lead(visit, activity, services):
        raise HTTPException(404)
    return activity, rubric


def _item(activity: Activity, ident: str, services: PortalServices) -> WorkItem:
    for item in works_of(activity, services):
        if item.ident == ident:
            return item
    raise HTTPException(404)


def _file(item: WorkItem, fact: str, services: PortalServices) -> tuple[bytes, str]:
    for chosen in item.chosen:
        if chosen.id == fact:
            try:
                return services.scans.get(chosen.learner, chosen.data["blob"]), chosen.data["media_type"]
            except TuxaError as error:
                raise HTTPException(404) from error
    raise HTTPException(404)


def _waiting(items: Sequence[WorkItem], *, after: WorkItem) -> WorkItem | None:
    """The next work without a mark, from the start again behind the last."""
    order = [*items[after.number :], *items[: after.number - 1]]
    return next((item for item in order if item.mark is None), None)


def _rubric_page(
    visit: Visit,
    services: PortalServices,
    activity: Activity,
    rubric: Rubric,
    *,
    problem: Message | None = None,
    status: int = 200,
) -> Response:
    others = [
        p for p in services.catalogue().people.values() if Role.LECTURER in p.roles and p.code != visit.staff
    ]
    return visit.page(
        "desk_rubric.html",
        activity=activity,
        rubric=rubric,
        lines=[*rubric.criteria, *[None] * (_MOST_CRITERIA - len(rubric.criteria))][:_MOST_CRITERIA],
        others=others,
        problem=problem,
        status=status,
    )


def _rubric_of(posted: Posted, visit: Visit, services: PortalServices) -> Rubric:
    """Raises Refused when a line has a title without points, or points that are none."""
    criteria: list[Criterion] = []
    titles, points = posted.texts("title"), posted.texts("points")
    for title, text in zip(titles, points, strict=False):
        if not title:
            continue
        try:
            value = Decimal(text.replace(",", "."))
            usable = Decimal(0) < value <= Decimal(100)
        except InvalidOperation:
            usable = False
        if not usable:
            raise Refused(N_("“{title}” has no points from 0 to 100."), title=title)
        criteria.append(Criterion(f"c{len(criteria) + 1}", title[:200], value))
    second = posted.text("second")
    person = services.catalogue().people.get(second)
    usable_second = person is not None and Role.LECTURER in person.roles and second != visit.staff
    return Rubric(
        tuple(criteria[:_MOST_CRITERIA]), posted.text("blind") == "1", second if usable_second else ""
    )


def _give(
    posted: Posted, activity: Activity, rubric: Rubric, item: WorkItem, services: PortalServices
) -> None:
    """Record a mark, or with two markers what one of them would give. Raises Refused."""
    visit = posted.visit
    criteria = {c.code: posted.text(f"criterion-{c.code}").replace(",", ".") for c in rubric.criteria}
    criteria = {code: points for code, points in criteria.items() if points}
    score = posted.text("score").replace(",", ".") or _score_of(criteria, rubric)
    comment = checked(posted.text("comment")) if posted.text("comment") else ""
    if rubric.second and posted.text("final") != "1":
        services.teaching.propose(
            item.chosen[0], score=_plain_score(score), marker=visit.staff, comment=comment, criteria=criteria
        )
        return
    if rubric.second and not _is_lead(visit, activity, services):
        raise Refused(N_("The mark is given by the lecturer of the course."))
    before = item.mark
    if before and _same(before, score, criteria) and services.teaching.comment(before) == comment:
        return  # the button was pressed twice
    if (before.id if before else "") != posted.text("replaces"):
        raise Refused(
            N_("Somebody marked this work in the meantime."),
            do=N_("Look at the mark that stands now, then give yours again."),
        )
    services.marks.set(
        item.learner,
        activity.code,
        score=score,
        marker=visit.staff,
        catalogue=services.catalogue(),
        method="web",
        correct=before is not None,
        comment=comment,
        criteria=criteria,
    )


def _same(before: Any, score: str, criteria: Mapping[str, str]) -> bool:
    try:
        same_score = Decimal(before.data["score"]) == Decimal(score)
    except InvalidOperation:
        return False
    return same_score and dict(before.data.get("criteria", {})) == dict(criteria)


def _plain_score(text: str) -> str:
    """A score from 0 to 10 as decimal text. Raises Refused."""
    try:
        value = Decimal(text)
        if Decimal(0) <= value <= _SCALE:
            return str(value.quantize(_CENT).normalize() if value else 0)
    except InvalidOperation:
        pass
    raise Refused(
        N_("“{score}” is not a mark."),
        do=N_("Give a number from 0 to 10 with at most two decimals."),
        score=text,
    )


def _score_of(criteria: Mapping[str, str], rubric: Rubric) -> str:
    """The score that the points of all criteria give on the scale of 10; empty when one is missing or none is a number.

    Raises Refused when a criterion got more points than it has.
    """
    most = sum((c.points for c in rubric.criteria), Decimal(0))
    got = Decimal(0)
    for criterion in rubric.criteria:
        try:
            value = Decimal(criteria[criterion.code])
        except (KeyError, InvalidOperation):
            return ""
        if not Decimal(0) <= value <= criterion.points:
            raise Refused(
                N_("“{title}” takes 0 to {points} points."),
                title=criterion.title,
                points=str(criterion.points),
            )
        got += value
    return str((got * _SCALE / most).quantize(_CENT)) if most else ""


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise


def _work_page(
    visit: Visit,
    services: PortalServices,
    activity: Activity,
    rubric: Rubric,
    work: str,
    *,
    saved: bool = False,
    problem: TuxaError | None = None,
    given: Posted | None = None,
    status: int = 200,
) -> Response:
    items = works_of(activity, services)
    item = next((each for each in items if each.ident == work), None)
    if item is None:
        raise HTTPException(404)
    profile = None if rubric.blind else services.profiles([item.learner]).get(item.learner)
    services.seen.note([item.learner], what="work", actor=visit.staff)
    proposals = services.teaching.proposals(activity.code, item.learner) if rubric.second else {}
    own = proposals.get((item.learner, visit.staff))
    words = []
    for fact in item.chosen:
        if fact.data["media_type"] not in PICTURES:
            job = services.executor.submit(leaf_words, *_file(item, fact.id, services))
            words.append(job.result(RENDER_SECONDS))
    lead = _is_lead(visit, activity, services)
    heard = len(proposals) == 2
    following = _waiting(items, after=item)
    return visit.page(
        "desk_work.html",
        activity=activity,
        rubric=rubric,
        item=item,
        count=len(items),
        profile=profile,
        words=words,
        remarks=services.teaching.remarks(activity.code, item.learner),
        before=items[item.number - 2] if item.number > 1 else None,
        after=items[item.number] if item.number < len(items) else None,
        following=following,
        proposals=list(proposals.values()) if heard and lead else [],
        final=bool(rubric.second) and heard and lead,
        own=own,
        comment=services.teaching.comment(item.mark) if item.mark else (own.comment if own else ""),
        score=given.text("score")
        if given
        else item.mark.data["score"]
        if item.mark
        else own.score
        if own
        else "",
        points=(item.mark.data.get("criteria", {}) if item.mark else own.criteria if own else {}),
        once=services.ids.random_bytes(8).hex(),
        saved=saved,
        problem=problem,
        status=status,
    )
