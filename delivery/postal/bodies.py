"""The body of each part of a packet: the same for every learner, so it is set once per batch."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from delivery.errors import N_, BadInput
from delivery.postal.fonts import measure
from delivery.postal.layout import Codes, Words
from delivery.postal.markdown import Document, read_assignment, read_document
from delivery.postal.packet import ASSIGNMENT, Part
from delivery.postal.typeset import SANS, SERIF, Body, typeset

MAX_PDF_PAGES = 400
"""A printed part of more sheets is a book, sent as one and not copied into packets."""


@dataclass(frozen=True, slots=True)
class PartBody:
    """Pages of one part: set text, or the pages of an existing PDF."""

    bodies: tuple[Body, ...]
    pdf: bytes = b""

    @property
    def pages(self) -> int:
        return len(self.bodies)


def part_body(part: Part, source: bytes, codes: Codes, words: Words) -> PartBody:
    """Pages of `part` from its source, a PDF or Markdown text. Raises BadInput naming the material."""
    if source.startswith(b"%PDF-"):
        return _pdf_body(part, source)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            N_("Material {material} is neither a PDF nor text in UTF-8."),
            do=N_("Save it as PDF or as Markdown in UTF-8, and import it again."),
            material=part.material,
        ) from error
    reader: Callable[[str], Document] = read_assignment if part.role == ASSIGNMENT else read_document
    document = reader(text)
    frame = codes.body()
    bodies = typeset(
        document.blocks,
        first=frame,
        rest=frame,
        look=SANS if part.role == ASSIGNMENT else SERIF,
        measure=measure,
        continued=words(N_("Question {question} (continued)")),
        fill_last_answer=part.role == ASSIGNMENT,
    )
    return PartBody(tuple(bodies))


def _pdf_body(part: Part, source: bytes) -> PartBody:
    if part.role == ASSIGNMENT:
        raise BadInput(
            N_("Material {material} is a PDF, and an assignment needs a text source with questions."),
            do=N_("Write the assignment in Markdown, one “## Câu 1 (3 điểm)” per question."),
            material=part.material,
        )
    try:
        reader = PdfReader(io.BytesIO(source))
        if reader.is_encrypted:
            raise BadInput(
                N_("The PDF of material {material} is protected by a password."),
                do=N_("Save it without protection and import it again."),
                material=part.material,
            )
        pages = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, RecursionError) as error:
        raise BadInput(
            N_("The PDF of material {material} is damaged: {reason}"),
            do=N_("Open it, save it as a new PDF and import it again."),
            material=part.material,
            reason=str(error),
        ) from error
    if not 0 < pages <= MAX_PDF_PAGES:
        raise BadInput(
            N_("The PDF of material {material} has {pages} pages; a packet takes 1 to {most}."),
            do=N_("Split it, or send it as a book of its own."),
            material=part.material,
            pages=pages,
            most=MAX_PDF_PAGES,
        )
    return PartBody(tuple(Body(()) for _ in range(pages)), source)
