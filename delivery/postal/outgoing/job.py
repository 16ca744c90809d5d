"""Draws a print job in a worker process: plain data in, one file out, plain data back."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from delivery.errors import N_, Refused
from delivery.i18n import Translator
from delivery.postal import roles
from delivery.postal.bulksymbol import SymbolMaker
from delivery.postal.fonts import font_name, measure
from delivery.postal.outgoing.address import Addressee
from delivery.postal.outgoing.cover import own_cover
from delivery.postal.outgoing.draw import DocumentInfo, DrawnPage, draw_pdf
from delivery.postal.outgoing.layout import Header, own_person, page_number
from delivery.postal.outgoing.make import House, Layouts, due_text, week_layout
from delivery.postal.outgoing.packet import BatchSpec, PagePlan, page_plan
from delivery.postal.outgoing.returncover import own_return
from delivery.postal.outgoing.slip import MarkNote, slip_pages
from delivery.postal.page import Face, Item, PageLayout
from delivery.postal.roles import FEEDBACK, WEEK
from delivery.store.files import write_whole


@dataclass(frozen=True, slots=True)
class PageCode:
    """What the codes of one page say."""

    page_id: str
    main: str
    """Token of the main code, without the address before it."""
    side: str


@dataclass(frozen=True, slots=True)
class PacketJob:
    """One packet to draw: personal data and codes."""

    packet: str
    to: Addressee = field(repr=False)
    courses: frozenset[str]
    notes: tuple[MarkNote, ...] = field(repr=False)
    slip: int
    """Pages of the feedback slip, as planned."""
    pages: tuple[PageCode, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BatchJob:
    """What the packets of a batch share."""

    spec: BatchSpec
    house: House
    layouts: Layouts
    sources: Mapping[str, bytes] = field(repr=False)
    """PDFs whose pages are set in, by content address."""
    symbols: SymbolMaker = field(repr=False)


@dataclass(frozen=True, slots=True)
class DrawnJob:
    """A finished file, and the first page (from 1) of each packet in it."""

    file: Path
    sha256: str
    pages: int
    first_pages: Mapping[str, int]


def get_ready() -> None:
    """Load what drawing needs, in a worker process that waits for its first job."""
    for face in Face:
        font_name(face)


def draw_job(job: BatchJob, packets: Sequence[PacketJob], file: Path) -> DrawnJob:
    """Draw packets, one after the other, into `file`; it appears under its name only when whole.

    Runs in a worker process. Raises Refused when the file cannot be written.
    """
    data, first_pages = drawn(job, packets, subject=file.stem)
    _write(file, data)
    total = sum(len(packet.pages) for packet in packets)
    return DrawnJob(file, hashlib.sha256(data).hexdigest(), total, first_pages)


def drawn(job: BatchJob, packets: Sequence[PacketJob], *, subject: str) -> tuple[bytes, dict[str, int]]:
    """Packets, one after the other, as one PDF; and the first page (from 1) of each in it."""
    first_pages: dict[str, int] = {}
    maker = _PacketMaker(job)

    def pages() -> Iterator[DrawnPage]:
        count = 0
        for packet in packets:
            first_pages[packet.packet] = count + 1
            for page in maker.pages(packet):
                count += 1
                yield page

    words = Translator(job.house.lang)
    info = DocumentInfo(
        title=words(N_("Packet {batch} · {course}"), batch=job.spec.batch, course=job.house.course),
        author=job.house.institution,
        subject=subject,
        lang=job.house.lang,
    )
    return draw_pdf(pages(), info, sources=job.sources), first_pages


def _write(file: Path, data: bytes) -> None:
    try:
        write_whole(file, data, mode=0o600)
    except OSError as error:
        do = (
            N_("Free space and print again: what is whole stays, and the rest is drawn.")
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else N_("Check the folder and the right to write there, and print again.")
        )
        raise Refused(
            N_("The file {file} cannot be written: {reason}"),
            do=do,
            file=str(file),
            reason=error.strerror or str(error),
        ) from error


class _PacketMaker:
    """Makes the pages of packets; pages that several packets share are made once."""

    def __init__(self, job: BatchJob) -> None:
        self._job = job
        self._words = Translator(job.house.lang)
        self._weeks: dict[frozenset[str], PageLayout] = {}
        self._plans: dict[int, tuple[PagePlan, ...]] = {}
        self._due = {
            index: self._words(N_("Due {date}"), date=due_text(part.due)) if part.due else ""
            for index, part in enumerate(job.spec.parts)
        }

    def pages(self, packet: PacketJob) -> Iterator[DrawnPage]:
        job = self._job
        slip = self._slip(packet) if packet.slip else []
        if packet.slip not in self._plans:
            self._plans[packet.slip] = page_plan(job.spec, feedback=packet.slip)
        for plan, code in zip(self._plans[packet.slip], packet.pages, strict=True):
            layout = self._layout(plan, packet, slip)
            yield DrawnPage(
                layout,
                (page_number(code.page_id, job.layouts.codes, measure), *self._own(plan, packet)),
                job.symbols.main_of(code.main),
                job.symbols.side_of(code.side),
            )

    def _layout(self, plan: PagePlan, packet: PacketJob, slip: Sequence[PageLayout]) -> PageLayout:
        if plan.role == FEEDBACK:
            return slip[plan.page - 1]
        if plan.role == WEEK:
            found = self._weeks.get(packet.courses)
            if found is None:
                job = self._job
                found = week_layout(job.spec, packet.courses, job.house, job.layouts.codes)
                self._weeks[packet.courses] = found
            return found
        shared = self._job.layouts.of(plan)
        assert shared is not None, plan
        return shared

    def _own(self, plan: PagePlan, packet: PacketJob) -> Sequence[Item]:
        to, words, scale = packet.to, self._words, self._job.spec.options.scale
        match plan.role:
            case roles.COVER:
                window = self._job.spec.window
                return own_cover(
                    to.name, to.code, to.lines, window=window, words=words, measure=measure, scale=scale
                )
            case roles.ASSIGNMENT:
                person = f"{to.name} · {to.code}"
                codes = self._job.layouts.codes
                return own_person(person, self._due[plan.part], codes, measure=measure, scale=scale)
            case roles.RETURN:
                return own_return(to.name, to.code, to.lines, words=words, measure=measure, scale=scale)
            case _:
                return ()

    def _slip(self, packet: PacketJob) -> list[PageLayout]:
        job = self._job
        pages = slip_of(
            job.spec, job.house, packet.notes, f"{packet.to.name} · {packet.to.code}", job.layouts
        )
        if len(pages) != packet.slip:
            raise Refused(
                N_(
                    "The feedback slip of packet {packet} now takes {now} pages; it was planned with {planned}."
                ),
                do=N_("Void this packet and reprint it: the marks or their comments have changed since."),
                packet=packet.packet,
                now=len(pages),
                planned=packet.slip,
            )
        return pages


def slip_of(
    spec: BatchSpec, house: House, notes: Sequence[MarkNote], person: str, layouts: Layouts
) -> list[PageLayout]:
    """The feedback slip of one learner."""
    words = Translator(house.lang)
    header = Header(house.institution, f"{spec.course} · {house.course}", words(N_("Feedback on your work")))
    return slip_pages(
        notes, header=header, person=person, codes=layouts.codes, scale=spec.options.scale, words=words
    )
