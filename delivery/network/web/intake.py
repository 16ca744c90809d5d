"""From uploaded files to the one door: judge each file, find the sheet of each picture, hand all of them in at once.

Which sheet a picture shows is told by the code on it alone. A picture without a readable code is never guessed to be
the sheet whose address brought the person here: it has to be taken again.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from delivery.catalogue.model import Activity
from delivery.errors import N_, Message, Refused
from delivery.i18n import Translator
from delivery.ids import content_address
from delivery.network.web.onefile import Assembled, assemble
from delivery.network.web.services import PortalServices, SheetsPort
from delivery.network.web.uploads import Judged, PageImage, Problem, judge
from delivery.network.web.visit import Visit
from delivery.record.sheetcode import CodeKeys, PageRef, read_code
from delivery.store.sheets import Sheet
from delivery.store.submissions import Arrival, Upload
from delivery.store.uploads import Upload as Sent

Answer = TypeVar("Answer")

RETURNED_ROLE = "assignment"
"""Role of the pages of a packet that come back; a cover or a page of material stays with the learner."""
JUDGE_SECONDS = 60
"""How long a person waits for one file to be judged."""


@dataclass(frozen=True, slots=True)
class Again:
    """A file that has to be taken or sent again: its place in the upload, counted from 1, and why."""

    number: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Intake:
    """What an upload led to: ids of facts told (now or when the same picture came first), and what failed."""

    facts: tuple[str, ...]
    again: tuple[Again, ...]


def sheet_of(text: str, *, sheets: SheetsPort, keys: CodeKeys) -> Sheet | None:
    """The sheet that a code's text names; None alike for foreign, forged and unknown codes."""
    ref = read_code(text, keys)
    if ref is None:
        return None
    return sheets.by_page(ref.page_id) if isinstance(ref, PageRef) else sheets.by_side(ref.side_id)


def take_in(files: Sequence[bytes], *, learner: str, services: PortalServices) -> Intake:
    """File every usable picture for `learner`. Sending the same files again tells nothing new and gives the same facts.

    Raises Refused when the workers are too busy; nothing was stored then.
    """
    again: list[Again] = []
    arrivals: list[tuple[int, Arrival]] = []
    now = services.clock.now()
    for number, judged in enumerate(_judged(files, services), start=1):
        if judged.problem is not None:
            again.append(Again(number, judged.problem))
        for page, image in enumerate(judged.pages, start=1):
            found = _page_of(image, services)
            if isinstance(found, Problem):
                again.append(Again(number, found))
                continue
            arrival = Arrival(
                page_id=found,
                channel="phone",
                image=image.data,
                media_type=image.media_type,
                received_at=now,
                actor=f"learner:{learner}",
                source=f"portal file {number} page {page}",
                claimed_by=learner,
            )
            arrivals.append((number, arrival))
    outcomes = services.submissions.accept([arrival for _, arrival in arrivals]) if arrivals else []
    facts = []
    for (number, _), outcome in zip(arrivals, outcomes, strict=True):
        if outcome.fact:
            facts.append(outcome.fact)
        else:
            again.append(Again(number, Problem.UNKNOWN_SHEET))
    return Intake(tuple(dict.fromkeys(facts)), tuple(dict.fromkeys(again)))


def take_in_file(
    files: Sequence[bytes], *, text: str = "", learner: str, activity: Activity, services: PortalServices
) -> str | tuple[Again, ...]:
    """File work for an assignment without a printed sheet: id of its fact, else what has to be sent again.

    One file stays as it was sent; several, or files beside a typed text, become one PDF in their order; a typed text
    alone stays a text. The same again gives the same fact. Raises Refused as :func:`take_in`.
    """
    (assembled,) = _answers([services.executor.submit(assemble, list(files), text)])
    if not isinstance(assembled, Assembled):
        return tuple(Again(number, problem) for number, problem in assembled)
    upload = Upload(
        learner=learner,
        activity=activity.code,
        course=activity.course,
        file=assembled.data,
        media_type=assembled.media_type,
        received_at=services.clock.now(),
        source="portal",
        leaves=assembled.leaves,
    )
    return services.submissions.accept_upload(upload).fact


def read_upload(sent: Sent, visit: Visit, services: PortalServices) -> dict[str, Any]:
    """For a script: what each page of an upload shows, or what is wrong with it, in the reader's language."""
    judged = _judged([services.uploads.read(sent)], services)[0]
    t = Translator(visit.language)
    if judged.problem is not None:
        return {"problem": t(judged.problem.message)}
    return {"pages": [_reading(image, visit, services, t) for image in judged.pages]}


def _reading(image: PageImage, visit: Visit, services: PortalServices, t: Translator) -> dict[str, Any]:
    found = _page_of(image, services)
    if isinstance(found, Problem):
        return {"problem": t(found.message)}
    sheet = services.sheets.by_page(found)
    if sheet is None or sheet.learner != visit.learner:
        return {"problem": t(N_("This sheet was printed for another learner.")), "held": True}
    activity = services.catalogue().activities.get(sheet.activity)
    text = Message(
        N_("{title}, page {page} of {pages}"),
        {"title": activity.title if activity else sheet.activity, "page": sheet.page, "pages": sheet.pages},
    )
    return {"page": sheet.page, "pages": sheet.pages, "activity": sheet.activity, "text": t(text)}


def _judged(files: Sequence[bytes], services: PortalServices) -> list[Judged]:
    """Judgements in the order of `files`; what was read a moment ago is not read again."""
    out: list[Judged | None] = []
    to_read: list[tuple[int, str]] = []
    futures = []
    for at, data in enumerate(files):
        digest = content_address(data)
        known = services.readings.get(digest)
        out.append(Judged((PageImage(data, *known),)) if known else None)
        if known is None:
            to_read.append((at, digest))
            futures.append(services.executor.submit(judge, data, services.read_page_image))
    for (at, digest), judged in zip(to_read, _answers(futures), strict=True):
        out[at] = judged
        if len(judged.pages) == 1 and judged.pages[0].data == files[at]:
            services.readings.note(digest, judged.pages[0].media_type, judged.pages[0].codes)
    return [judged for judged in out if judged is not None]


def _answers(futures: Sequence[Future[Answer]]) -> list[Answer]:
    """What the workers found. Raises Refused when they do not answer in time."""
    try:
        return [future.result(JUDGE_SECONDS) for future in futures]
    except TimeoutError as error:
        for future in futures:
            future.cancel()
        raise Refused(
            N_("The server is busy and could not read your photos in time. Nothing was stored."),
            do=N_("Send them again in a few minutes."),
        ) from error


def _page_of(image: PageImage, services: PortalServices) -> str | Problem:
    """Page id of the one sheet in the picture. Codes of strangers are ignored; two of our sheets are refused."""
    pages: dict[str, Sheet] = {}
    known_code = False
    for text in image.codes:
        ref = read_code(text, services.code_keys())
        if ref is None:
            continue
        known_code = True
        sheet = sheet_of(text, sheets=services.sheets, keys=services.code_keys())
        if sheet is not None:
            pages[sheet.page_id] = sheet
    if len(pages) > 1:
        return Problem.SEVERAL_SHEETS
    for page_id, sheet in pages.items():
        return page_id if sheet.role == RETURNED_ROLE else Problem.NOT_RETURNED
    return Problem.UNKNOWN_SHEET if known_code else Problem.NO_CODE
