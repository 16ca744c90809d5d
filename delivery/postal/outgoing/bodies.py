"""The body of each part of a packet: the same for every learner, so it is set once per batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from delivery.errors import N_, BadInput
from delivery.postal.fonts import measure, undrawable
from delivery.postal.outgoing.insets import place_pages, read_pages
from delivery.postal.outgoing.layout import Codes, Words
from delivery.postal.outgoing.lines import SANS, SERIF
from delivery.postal.outgoing.make import codes_for
from delivery.postal.outgoing.markdown import Document, clean, read_assignment, read_document
from delivery.postal.outgoing.markstrip import ROOM_MM, mark_strip
from delivery.postal.outgoing.packet import BatchSpec, Options, Part
from delivery.postal.outgoing.typeset import Body, typeset
from delivery.postal.page import Inset
from delivery.postal.roles import ASSIGNMENT


@dataclass(frozen=True, slots=True)
class PartPage:
    """What fills one page of a part: set text, or pages of an existing PDF."""

    body: Body
    insets: tuple[Inset, ...] = ()


@dataclass(frozen=True, slots=True)
class PartBody:
    """All pages of one part."""

    pages: tuple[PartPage, ...]
    source: str = ""
    """Content address of the PDF whose pages are set in."""


def bodies_of(spec: BatchSpec, sources: Mapping[str, bytes], words: Words) -> tuple[PartBody, ...]:
    """The set pages of every part; `sources` by content address."""
    codes = codes_for(spec.base_url)
    return tuple(part_body(part, sources[part.content], codes, words, spec.options) for part in spec.parts)


def part_body(part: Part, source: bytes, codes: Codes, words: Words, options: Options) -> PartBody:
    """Pages of `part` from its source, a PDF or Markdown text. Raises BadInput naming the material."""
    if source.startswith(b"%PDF-"):
        return _pdf_body(part, source, codes, options)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            N_("Material {material} is neither a PDF nor text in UTF-8."),
            do=N_("Save it as PDF or as Markdown in UTF-8, and import it again."),
            material=part.material,
        ) from error
    missing = undrawable(clean(text))
    if missing:
        raise BadInput(
            N_(
                "Material {material} holds signs that no typeface here has, or text from right to left: {signs}"
            ),
            do=N_("Write them in words, or import the material as a PDF with its own fonts."),
            material=part.material,
            signs=" ".join(dict.fromkeys(missing))[:60],
        )
    answered = part.role == ASSIGNMENT
    reader: Callable[[str], Document] = read_assignment if answered else read_document
    frame = codes.body()
    first = replace(frame, top=frame.top + ROOM_MM) if answered else frame
    bodies = typeset(
        reader(text).blocks,
        first=first,
        rest=frame,
        look=SANS if answered else SERIF,
        measure=measure,
        continued=words(N_("Question {question} (continued)")),
        fill_last_answer=answered,
        scale=options.scale,
        mark_boxes=answered,
    )
    if answered:
        bodies[0] = _joined(mark_strip(frame.top, words=words, measure=measure), bodies[0])
    return PartBody(tuple(PartPage(body) for body in bodies))


def _joined(first: Body, second: Body) -> Body:
    return Body(
        (*first.items, *second.items),
        (*first.answers, *second.answers),
        (*first.bubbles, *second.bubbles),
        (*first.marks, *second.marks),
    )


def _pdf_body(part: Part, source: bytes, codes: Codes, options: Options) -> PartBody:
    if part.role == ASSIGNMENT:
        raise BadInput(
            N_("Material {material} is a PDF, and an assignment needs a text source with questions."),
            do=N_("Write the assignment in Markdown, one “## Câu 1 (3 điểm)” per question."),
            material=part.material,
        )
    placed = place_pages(read_pages(source, part.material), codes.body(), n_up=options.n_up)
    return PartBody(tuple(PartPage(Body(()), insets) for insets in placed), part.content)
