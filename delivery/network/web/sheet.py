"""The address on a printed sheet: sign in, send photographs of the sheets, get a receipt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.model import Activity
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, Message, TuxaError
from delivery.network.web.intake import RETURNED_ROLE, Again, sheet_of, take_in
from delivery.network.web.services import PortalServices
from delivery.network.web.signin import sign_in_page
from delivery.network.web.uploads import MAX_FILE_BYTES, MAX_FILES, Problem
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.sheets import Sheet
from delivery.store.submissions import receipt_code

PHOTOS_FIELD = "photos"
_MAX_RECEIPTS = 200
_AGAIN = re.compile(r"([0-9]{1,3})\.([a-z_]{1,20})")


@dataclass(frozen=True, slots=True)
class Work:
    """What a sheet is part of."""

    title: str
    course: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One page that was received, or held."""

    code: str
    held: str
    """Why it is held, or empty."""
    work: Work
    page: int
    pages: int
    received_at: datetime
    late: bool
    hash_prefix: str
    superseded: bool


def sheet_routes(
    services: PortalServices, visit_of: VisitOf, learner_of: VisitOf, posted_of: PostedOf
) -> APIRouter:
    """``/q/{token}`` and ``/receipt``."""
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
        files = _files(posted.form)
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

    @router.get("/receipt")
    def receipt(
        visit: Visit = Depends(learner_of),
        f: list[str] = Query(default=[]),
        again: list[str] = Query(default=[]),
        q: str = "",
    ) -> Response:
        facts = [fact for fact in map(_fact_reader(services), f[:_MAX_RECEIPTS]) if fact]
        receipts = [_receipt(fact, services) for fact in facts if fact.learner == visit.learner]
        if not receipts:
            raise HTTPException(404)
        sheet = sheet_of(q.upper(), sheets=services.sheets, keys=services.keys)
        own = sheet is not None and sheet.learner == visit.learner and sheet.role == RETURNED_ROLE
        return visit.page(
            "receipt.html",
            receipts=receipts,
            again=_read_again(again),
            missing=_missing(sheet, services) if sheet and own else [],
            back=f"/q/{q}" if sheet else "",
        )

    return router


def _files(form: FormData) -> list[bytes]:
    """Bytes of the chosen files; a field in which nothing was chosen comes as a file without name and content."""
    chosen = [item for item in form.getlist(PHOTOS_FIELD) if isinstance(item, UploadFile)]
    return [file.file.read(MAX_FILE_BYTES + 1) for file in chosen if file.filename or file.size]


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
    work = _work(sheet.activity, sheet.course, services)
    return visit.page(
        "sheet.html",
        own=own,
        kept=kept,
        sheet=sheet,
        work=work,
        late=own and not kept and _is_late(work.due, services.clock.now()),
        pages=_pages(sheet, services) if own and not kept else [],
        problem=problem,
        again=again,
        max_files=MAX_FILES,
        status=status,
    )


def _pages(sheet: Sheet, services: PortalServices) -> list[tuple[int, bool]]:
    """(page number, whether it was received) for the whole work of this sheet, in any print of it."""
    received: dict[int, bool] = dict.fromkeys(range(1, sheet.pages + 1), False)
    for other in services.sheets.of_activity(sheet.learner, sheet.activity):
        if other.page in received and other.role == sheet.role:
            received[other.page] = received[other.page] or other.state == "returned"
    return sorted(received.items())


def _missing(sheet: Sheet, services: PortalServices) -> list[int]:
    return [number for number, received in _pages(sheet, services) if not received]


def _work(activity: str, course: str, services: PortalServices) -> Work:
    catalogue = services.catalogue()
    planned: Activity | None = catalogue.activities.get(activity)
    taught = catalogue.courses.get(course)
    return Work(
        title=planned.title if planned else activity,
        course=taught.name if taught else course,
        due=planned.due if planned else None,
    )


def _is_late(due: date | None, received_at: datetime) -> bool:
    """Late is what comes after the due day has ended in Viet Nam. It is marked, never refused."""
    return due is not None and received_at.astimezone(VIETNAM).date() > due


def _fact_reader(services: PortalServices) -> Callable[[str], Fact | None]:
    def read(text: str) -> Fact | None:
        try:
            fact = services.facts.get(str(UUID(text)))
        except ValueError:
            return None
        return fact if fact and fact.kind in (FactKind.WORK_RECEIVED, FactKind.WORK_HELD) else None

    return read


def _receipt(fact: Fact, services: PortalServices) -> Receipt:
    held = str(fact.data["reason"]) if fact.kind is FactKind.WORK_HELD else ""
    # The sheet may be another learner's: then nothing of its work is told.
    strange = held == "other_learner"
    work = Work("", "", None) if strange else _work(fact.activity, fact.course, services)
    received_at = from_micros(fact.occurred_at)
    return Receipt(
        code=receipt_code(fact.id),
        held=held,
        work=work,
        page=0 if held else int(fact.data["page"]),
        pages=0 if held else int(fact.data["pages"]),
        received_at=received_at,
        late=_is_late(work.due, received_at),
        hash_prefix=str(fact.data["blob"])[:16],
        superseded=bool(fact.data.get("superseded")),
    )


def _read_again(texts: Sequence[str]) -> list[Again]:
    out = []
    for text in texts[: 2 * MAX_FILES]:
        match = _AGAIN.fullmatch(text)
        if match and match[2] in Problem.__members__.values():
            out.append(Again(int(match[1]), Problem(match[2])))
    return out
