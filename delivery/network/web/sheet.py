"""The address on a printed sheet: sign in and send photographs of the sheets."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.errors import N_, Message, TuxaError
from delivery.network.web.intake import RETURNED_ROLE, Again, sheet_of, take_in
from delivery.network.web.receipt import is_late, pages_of, work_of
from delivery.network.web.services import PortalServices
from delivery.network.web.signin import sign_in_page
from delivery.network.web.uploads import MAX_FILES
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.store.sheets import Sheet

PHOTOS_FIELD = "photos"


def sheet_routes(services: PortalServices, visit_of: VisitOf, posted_of: PostedOf) -> APIRouter:
    """``/q/{token}``."""
    router = APIRouter()

    def known_sheet(token: str, visit: Visit = Depends(visit_of)) -> Sheet:
        # One answer for unknown and forged alike, before anybody signs in.
        sheet = sheet_of(token.upper(), sheets=services.sheets, keys=services.keys)
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
    def send(
        token: str, sheet: Sheet = Depends(known_sheet), posted: Posted = Depends(posted_of)
    ) -> Response:
        visit = posted.visit
        files = posted.files(PHOTOS_FIELD)
        if not files or len(files) > MAX_FILES:
            text = (
                N_("Choose at least one photo.")
                if not files
                else N_("Send at most {count} photos at a time.")
            )
            return _sheet_page(
                visit, services, sheet, problem=Message(text, {"count": MAX_FILES}), status=422
            )
        try:
            intake = take_in(files, learner=visit.learner, services=services)
        except TuxaError as error:
            return _sheet_page(visit, services, sheet, problem=error.what, status=503)
        if not intake.facts:
            return _sheet_page(visit, services, sheet, again=intake.again, status=422)
        query = [("f", fact) for fact in intake.facts]
        query += [("again", f"{item.number}.{item.problem}") for item in intake.again]
        return visit.redirect(f"/receipt?{urlencode([*query, ('q', token)])}")

    return router


def _sheet_page(
    visit: Visit,
    services: PortalServices,
    sheet: Sheet,
    *,
    problem: Message | None = None,
    again: Sequence[Again] = (),
    status: int = 200,
) -> Response:
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
        max_files=MAX_FILES,
        status=status,
    )
