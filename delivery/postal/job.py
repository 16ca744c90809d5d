"""Draws packets in a worker process: plain data in, files out, plain data back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from delivery.catalogue.kinds import MaterialKind
from delivery.errors import N_
from delivery.i18n import Language, Translator
from delivery.postal.bodies import PartBody
from delivery.postal.cover import Letter, ManifestRow, Window, cover_page
from delivery.postal.draw import DocumentInfo, DrawnPage, draw_pdf
from delivery.postal.fonts import measure
from delivery.postal.layout import Codes, Header, content_page
from delivery.postal.markdown import clean
from delivery.postal.packet import ASSIGNMENT, BatchSpec
from delivery.postal.symbol import main_symbol, side_symbol
from delivery.store.files import write_whole

KIND_WORDS = {
    MaterialKind.TEXTBOOK: N_("Textbook"),
    MaterialKind.REFERENCE_BOOK: N_("Reference book"),
    MaterialKind.STUDY_GUIDE: N_("Study guide"),
    MaterialKind.WORKBOOK: N_("Workbook"),
    MaterialKind.EXAM_GUIDE: N_("Exam guide"),
}


@dataclass(frozen=True, slots=True)
class PageCode:
    """What the codes of one page say."""

    page_id: str
    url: str
    side: str


@dataclass(frozen=True, slots=True)
class PacketJob:
    """One packet to draw: personal data and codes."""

    packet: str
    file: Path
    name: str = field(repr=False)
    student_code: str = field(repr=False)
    address: tuple[str, ...] = field(repr=False)
    pages: tuple[PageCode, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BatchJob:
    """What the packets of a batch share."""

    spec: BatchSpec
    codes: Codes
    bodies: tuple[PartBody, ...]
    institution: str
    sender: str
    return_address: tuple[str, ...]
    course: str
    date: str
    lang: Language


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished file."""

    packet: str
    file: Path
    sha256: str
    pages: int


def local_date(day: date) -> str:
    """As dates are written in Viet Nam."""
    return f"{day:%d/%m/%Y}"


def draw_packets(job: BatchJob, packets: Sequence[PacketJob]) -> list[Drawn]:
    """Draw each packet to its file. Runs in a worker process: plain data in, plain data out."""
    return [_draw_packet(job, packet) for packet in packets]


def _draw_packet(job: BatchJob, packet: PacketJob) -> Drawn:
    words = Translator(job.lang)
    pages = list(_pages(job, packet, words))
    info = DocumentInfo(
        title=words(N_("Packet {batch} · {course}"), batch=job.spec.batch, course=job.course),
        author=job.institution,
        subject=packet.packet,
        lang=job.lang,
    )
    data = draw_pdf(pages, info)
    write_whole(packet.file, data, mode=0o600)
    return Drawn(packet.packet, packet.file, hashlib.sha256(data).hexdigest(), len(pages))


def _pages(job: BatchJob, packet: PacketJob, words: Translator) -> Iterator[DrawnPage]:
    codes = iter(packet.pages)
    code = next(codes)
    cover = cover_page(
        _letter(job, packet, words),
        codes=job.codes,
        page_id=code.page_id,
        window=Window(),
        words=words,
        measure=measure,
    )
    yield DrawnPage(cover, main_symbol(code.url), side_symbol(code.side))
    for part, body in zip(job.spec.parts, job.bodies, strict=True):
        returned = part.role == ASSIGNMENT
        header = Header(
            job.institution,
            f"{job.spec.course} · {job.course}",
            clean(part.title),
            person=f"{packet.name} · {packet.student_code}" if returned else "",
            due=words(N_("Due {date}"), date=local_date(date.fromisoformat(part.due)))
            if returned and part.due
            else "",
        )
        for number, page in enumerate(body.bodies, start=1):
            code = next(codes)
            layout = content_page(
                page,
                header=header,
                codes=job.codes,
                page_id=code.page_id,
                page=number,
                pages=part.pages,
                returned=returned,
                words=words,
                measure=measure,
                inset=number - 1 if body.pdf else -1,
            )
            yield DrawnPage(layout, main_symbol(code.url), side_symbol(code.side), inset=body.pdf)


def _letter(job: BatchJob, packet: PacketJob, words: Translator) -> Letter:
    return replace(
        letter_of(job.spec, words),
        institution=job.institution,
        sender=job.sender,
        address=packet.address,
        name=packet.name,
        student_code=packet.student_code,
        course=f"{job.spec.course} · {job.course}",
        date=job.date,
        return_address=job.return_address,
    )


def letter_of(spec: BatchSpec, words: Translator) -> Letter:
    """The letter of a batch before it is addressed: lists only, and a name as long as names get."""
    manifest = tuple(
        ManifestRow(words(KIND_WORDS[MaterialKind(p.kind)]), clean(p.title), p.edition, p.pages, p.approval)
        for p in spec.parts
    )
    tasks = tuple(
        (clean(p.title), local_date(date.fromisoformat(p.due)) if p.due else "–", p.pages)
        for p in spec.parts
        if p.role == ASSIGNMENT
    )
    return Letter(
        institution="",
        sender="",
        address=(),
        name="Nguyễn " * 12,
        student_code="",
        course=spec.course,
        batch=spec.batch,
        date="",
        manifest=manifest,
        missing=tuple(words(KIND_WORDS[MaterialKind(kind)]) for kind in spec.missing),
        tasks=tasks,
        return_address=(),
        host=urlsplit(spec.base_url).netloc,
    )


def check_cover(spec: BatchSpec, codes: Codes, words: Translator) -> None:
    """Raise Refused when the cover letter of `spec` cannot list everything: known before anything is printed."""
    cover_page(
        letter_of(spec, words), codes=codes, page_id="0" * 12, window=Window(), words=words, measure=measure
    )
