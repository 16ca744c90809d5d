"""The address on a printed sheet: sign in and send photographs of the sheets."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.errors import N_, Message, TuxaError
from delivery.network.web.handin import collect, settle
from delivery.network.web.intake import RETURNED_ROLE, Again, sheet_of, take_in
from delivery.network.web.receipt import is_late, pages_of, work_of
from delivery.network.web.sending import SENDING, refusal
from delivery.network.web.services import PortalServices
from delivery.network.web.signin import sign_in_page
from delivery.network.web.uploads import MAX_FILES
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.store.sheets import Sheet
from delivery.store.uploads import NotHere

PHOTOS_FIELD = "photos"


def sheet_routes(services: PortalServices, visit_of: VisitOf, posted_of: PostedOf) -> APIRouter:
    """``/q/{token}``."""
    router = APIRouter()

    def known_sheet(token: str, visit: Visit = Depends(visit_of)) -> Sheet:
        # One answer for unknown and forged alike, before anybody signs in.
        sheet = sheet_of(token.upper(), sheets=services.sheets, keys=services.code_keys())
        if sheet is None:
            visit.charge()
            raise HTTPException(404)
        return sheet

    @router.get("/q/{token}")
    def look(token: str, sheet: Sheet = Depends(known_sheet), visit: Visit = Depends(visit_of)) -> Response:
        if visit.session is None:
            return sign_in_page(visit, then=f"/q/{token}", sheet=True)
        return _sheet_page(visit, services, sheet)

    @router.post("/q/{token}")
    @services.lines.slow
    def send(
        token: str, sheet: Sheet = Depends(known_sheet), posted: Posted = Depends(posted_of)
    ) -> Response:
        visit = posted.visit
        try:
            handed = collect(posted, PHOTOS_FIELD, services)
            count = len(handed.files) + len(handed.known)
            if not count or len(handed.files) > MAX_FILES:
                text = (
                    N_("Send at most {count} photos at a time.")
                    if count
                    else N_("Choose at least one photo.")
                )
                problem = Message(text, {"count": MAX_FILES})
                return _sheet_page(visit, services, sheet, problem=problem, status=422)
            intake = take_in(handed.files, learner=visit.learner, services=services)
        except NotHere as error:
            return _sheet_page(visit, services, sheet, problem=error.what, status=409)
        except TuxaError as error:
            return _sheet_page(visit, services, sheet, problem=error.what, status=503)
        facts = [*handed.known, *intake.facts]
        settle(handed, facts, {item.number for item in intake.again}, services)
        if not facts:
            return _sheet_page(visit, services, sheet, again=intake.again, status=422)
        query = [("f", fact) for fact in dict.fromkeys(facts)]
        query += [("again", f"{item.number}.{item.problem}") for item in intake.again]
        return _to_receipt(visit, f"/receipt?{urlencode([*query, ('q', token)])}")

    return router


def _to_receipt(visit: Visit, address: str) -> Response:
    return visit.json({"receipt": address}) if visit.wants_json else visit.redirect(address)


def _sheet_page(
    visit: Visit,
    services: PortalServices,
    sheet: Sheet,
    *,
    problem: Message | None = None,
    again: Sequence[Again] = (),
    status: int = 200,
) -> Response:
    if visit.wants_json:
        return visit.json(refusal(visit, problem, again), status=status)
    own = sheet.learner == visit.learner
    kept = own and sheet.role != RETURNED_ROLE
    work = work_of(sheet.activity, sheet.course, services)
    return visit.page(
        "sheet.html",
        own=own,
        kept=kept,
        sheet=sheet,
        work=work,
        late=own and not kept and is_late(work.due, services.clock.now()),
        pages=pages_of(sheet, services) if own and not kept else [],
        problem=problem,
        again=again,
        texts=SENDING,
        max_files=MAX_FILES,
        max_bytes=services.uploads.max_bytes,
        status=status,
    )
