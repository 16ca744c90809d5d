"""The feedback slip as pages: marks and comments on work that came back since the last packet. Pure but for fonts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from delivery.errors import N_
from delivery.postal.fonts import drawable, measure
from delivery.postal.outgoing.layout import Codes, Header, Words, footer, framed, heading, own_person
from delivery.postal.outgoing.lines import SANS
from delivery.postal.outgoing.markdown import Block, Heading, Paragraph, Separator, Span, Style, clean
from delivery.postal.outgoing.typeset import typeset
from delivery.postal.page import PageLayout
from delivery.postal.roles import FEEDBACK


@dataclass(frozen=True, slots=True)
class MarkNote:
    """One mark as it is told to the learner."""

    fact: str
    title: str
    score: str
    lecturer: str
    comment: str


def slip_pages(
    notes: Iterable[MarkNote],
    *,
    header: Header,
    person: str,
    codes: Codes,
    scale: float,
    words: Words,
) -> list[PageLayout]:
    """The slip of one learner, laid out."""
    bodies = typeset(
        list(_blocks(notes, words)),
        first=codes.body(),
        rest=codes.body(),
        look=SANS,
        measure=measure,
        scale=scale,
    )
    return [
        framed(
            FEEDBACK,
            [
                *heading(header, codes, measure, scale=scale),
                *own_person(person, "", codes, measure=measure, scale=scale),
                *body.items,
                *footer(
                    header.title,
                    number,
                    len(bodies),
                    returned=False,
                    words=words,
                    measure=measure,
                    scale=scale,
                ),
            ],
            codes,
        )
        for number, body in enumerate(bodies, start=1)
    ]


def _blocks(notes: Iterable[MarkNote], words: Words) -> Iterator[Block]:
    for number, note in enumerate(notes):
        if number:
            yield Separator()
        mark = words(N_("{score} points"), score=note.score.replace(".", ","))
        yield Heading(2, (Span(drawable(clean(note.title))),), mark)
        if note.comment:
            comment = drawable(note.comment)
            for line in comment.split("\n"):
                if line.strip():
                    yield Paragraph((Span(line.strip()),))
            if comment != note.comment:
                text = words(N_("Some signs of this comment cannot be printed; the portal shows all of it."))
                yield Paragraph((Span(text, Style.ITALIC),))
        else:
            yield Paragraph((Span(words(N_("No comment was written.")), Style.ITALIC),))
        if note.lecturer:
            yield Paragraph(
                (Span(words(N_("Marked by {lecturer}"), lecturer=drawable(note.lecturer)), Style.ITALIC),)
            )
