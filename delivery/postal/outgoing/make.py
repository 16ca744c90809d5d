"""Everything that the packets of a batch share, laid out once: cover, parts, return sheet, empty backs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from delivery.catalogue.kinds import MaterialKind
from delivery.errors import N_, BadInput
from delivery.i18n import Language, Translator
from delivery.postal.fonts import measure, undrawable
from delivery.postal.outgoing.cover import Letter, ManifestRow, cover_page
from delivery.postal.outgoing.layout import Codes, Header, Words, blank_page, content_page
from delivery.postal.outgoing.markdown import clean
from delivery.postal.outgoing.packet import BatchSpec, PagePlan, Part
from delivery.postal.outgoing.returncover import return_page
from delivery.postal.outgoing.week import week_page
from delivery.postal.page import PageLayout, Text
from delivery.postal.roles import BLANK, COVER, RETURN
from delivery.postal.sheetlayout import PacketLayout, SheetLayout
from delivery.postal.symbol import main_size, side_size

if TYPE_CHECKING:
    # Reading sources takes libraries that processes which only draw need not load.
    from delivery.postal.outgoing.bodies import PartBody

KIND_WORDS = {
    MaterialKind.TEXTBOOK: N_("Textbook"),
    MaterialKind.REFERENCE_BOOK: N_("Reference book"),
    MaterialKind.STUDY_GUIDE: N_("Study guide"),
    MaterialKind.WORKBOOK: N_("Workbook"),
    MaterialKind.EXAM_GUIDE: N_("Exam guide"),
}


@dataclass(frozen=True, slots=True)
class House:
    """Who sends: names and addresses as they are printed."""

    institution: str
    return_address: tuple[str, ...]
    """Name first."""
    course: str
    date: str
    lang: Language

    @property
    def sender(self) -> str:
        return " · ".join(self.return_address)


@dataclass(frozen=True, slots=True)
class Layouts:
    """Pages that packets share. What is looked for twice is the same object twice, so that it is drawn once."""

    codes: Codes
    cover: PageLayout
    blank: PageLayout
    back: PageLayout
    """The return sheet."""
    parts: tuple[tuple[PageLayout, ...], ...]
    frame: SheetLayout
    """Of pages that a reader needs nothing of but their codes: the week, the feedback slip."""

    def record(self, pages: Sequence[PagePlan]) -> PacketLayout:
        """The layout record of a packet."""
        return PacketLayout(tuple(self._record_of(page) for page in pages))

    def of(self, page: PagePlan) -> PageLayout | None:
        """The shared page, or None where each learner has their own."""
        if page.part >= 0:
            return self.parts[page.part][page.page - 1]
        return {COVER: self.cover, BLANK: self.blank, RETURN: self.back}.get(page.role)

    def _record_of(self, page: PagePlan) -> SheetLayout:
        layout = self.of(page)
        return layout.record() if layout else replace(self.frame, role=page.role)


def codes_for(base_url: str) -> Codes:
    """Sizes of the codes that carry `base_url`."""
    return Codes(main_size(base_url), side_size())


def lay_out(spec: BatchSpec, house: House, bodies: Sequence[PartBody]) -> Layouts:
    """All shared pages. Raises Refused when the letter cannot list everything, BadInput for what cannot be drawn."""
    words = Translator(house.lang)
    codes = codes_for(spec.base_url)
    letter = letter_of(spec, house, words)
    parts = tuple(
        _part_pages(spec, part, body, house, codes, words)
        for part, body in zip(spec.parts, bodies, strict=True)
    )
    scale = spec.options.scale
    blank = blank_page(codes, words=words, measure=measure, scale=scale)
    cover = cover_page(letter, codes=codes, window=spec.window, words=words, measure=measure, scale=scale)
    back = return_page(letter, codes=codes, window=spec.window, words=words, measure=measure, scale=scale)
    _require_drawable((cover, back, *(pages[0] for pages in parts if pages)))
    return Layouts(codes, cover, blank, back, parts, blank.record())


def _require_drawable(pages: Sequence[PageLayout]) -> None:
    """Raise BadInput naming a text of the catalogue (title, institution …) that cannot be printed as it is."""
    for page in pages:
        for item in page.items:
            if isinstance(item, Text) and (missing := undrawable(item.text)):
                raise BadInput(
                    N_("“{text}” holds signs that no typeface here has, or text from right to left: {signs}"),
                    do=N_("Change it in the catalogue, and plan again."),
                    text=item.text,
                    signs=" ".join(dict.fromkeys(missing))[:60],
                )


def _part_pages(
    spec: BatchSpec, part: Part, body: PartBody, house: House, codes: Codes, words: Words
) -> tuple[PageLayout, ...]:
    header = Header(house.institution, f"{spec.course} · {house.course}", clean(part.title))
    return tuple(
        content_page(
            part.role,
            page.body,
            header=header,
            codes=codes,
            page=number,
            pages=len(body.pages),
            words=words,
            measure=measure,
            insets=page.insets,
            source=body.source,
            scale=spec.options.scale,
        )
        for number, page in enumerate(body.pages, start=1)
    )


def week_layout(spec: BatchSpec, courses: frozenset[str], house: House, codes: Codes) -> PageLayout:
    """The page of the coming days for learners of these courses."""
    words = Translator(house.lang)
    days = f"{_short(spec.first_day)} – {local_date(date.fromisoformat(spec.last_day))}"
    header = Header(house.institution, words(N_("Distance education")), words(N_("Your coming days")))
    host = urlsplit(spec.base_url).netloc
    return week_page(
        spec,
        courses,
        header=header,
        host=host,
        days=days,
        codes=codes,
        words=words,
        measure=measure,
    )


def letter_of(spec: BatchSpec, house: House, words: Words) -> Letter:
    """Lists and words of the cover letter."""
    manifest = [
        ManifestRow(_kind(part.kind, words), clean(part.title), part.edition, str(part.pages), part.approval)
        for part in spec.parts
    ]
    manifest += [
        ManifestRow(
            _kind(kind, words), words(N_("not applicable – {reason}"), reason=clean(reason)), "", "", ""
        )
        for kind, reason in spec.not_needed
    ]
    tasks = tuple((clean(part.title), due_text(part.due) or "–", part.pages) for part in spec.tasks)
    return Letter(
        institution=house.institution,
        sender=house.sender,
        course=f"{spec.course} · {house.course}",
        batch=spec.batch,
        date=house.date,
        manifest=tuple(manifest),
        missing=tuple(_kind(kind, words) for kind in spec.missing),
        tasks=tasks,
        return_address=house.return_address,
        host=urlsplit(spec.base_url).netloc,
    )


def _kind(kind: str, words: Words) -> str:
    return words(KIND_WORDS[MaterialKind(kind)])


def local_date(day: date) -> str:
    """As dates are written in Viet Nam."""
    return f"{day:%d/%m/%Y}"


def _short(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m}"


def due_text(due: str) -> str:
    """A due date for people; empty stays empty."""
    return local_date(date.fromisoformat(due)) if due else ""
