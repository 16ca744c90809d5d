"""Blocks of text -> pages of placed items: spacing, page breaks, answer lines, bubbles, tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from delivery.postal.outgoing.lines import SANS, Look, Measure, Run, break_lines, leading_mm
from delivery.postal.outgoing.markdown import (
    CHOICE_LETTERS,
    Answer,
    Block,
    Choices,
    Heading,
    Paragraph,
    Separator,
    Span,
    Table,
)
from delivery.postal.outgoing.shapes import BUBBLE_MM, SQUARE_MM, bubble, squares
from delivery.postal.page import Box, Face, Ink, Item, Line, Text
from delivery.postal.sheetlayout import AnswerArea, Bubble, BubbleUse, MarkBox, Ruling

BODY_PT = 10.5
ANSWER_PITCH_MM = 9.0
"""Distance of answer lines: room for handwriting with diacritics."""
MIN_ANSWER_LINES = 3
INDENT_MM = 6.0
MARK_BOX_MM = 14.0
"""Width of the lecturer's box beside a question."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a page that text may fill."""

    x: float
    top: float
    width: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Body:
    """What fills one page's frame."""

    items: tuple[Item, ...]
    answers: tuple[AnswerArea, ...] = ()
    bubbles: tuple[Bubble, ...] = ()
    marks: tuple[MarkBox, ...] = ()


def typeset(
    blocks: Sequence[Block],
    *,
    first: Frame,
    rest: Frame,
    look: Look,
    measure: Measure,
    continued: str = "",
    fill_last_answer: bool = False,
    scale: float = 1.0,
    mark_boxes: bool = False,
) -> list[Body]:
    """Set `blocks` into pages. The first page may have another frame than the rest; `scale` enlarges all type.

    With `mark_boxes`, each question that is worth points gets a box for the lecturer beside its heading.

    `continued` labels an answer area that goes on from the page before. With `fill_last_answer`, an answer area that
    ends the text grows to the foot of its page.
    """
    setter = _Setter(
        first=first,
        rest=rest,
        look=look,
        measure=measure,
        continued=continued,
        scale=scale,
        mark_boxes=mark_boxes,
    )
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        setter.set(block, following=following)
    if fill_last_answer:
        setter.grow_last_answer()
    return setter.finish()


@dataclass(slots=True)
class _Setter:
    """The cursor of one run of :func:`typeset`."""

    first: Frame
    rest: Frame
    look: Look
    measure: Measure
    continued: str
    scale: float = 1.0
    mark_boxes: bool = False
    question: int = 0
    y: float = 0.0
    items: list[Item] = field(default_factory=list)
    answers: list[AnswerArea] = field(default_factory=list)
    bubbles: list[Bubble] = field(default_factory=list)
    marks: list[MarkBox] = field(default_factory=list)
    pages: list[Body] = field(default_factory=list)
    last_was_answer: bool = False

    def __post_init__(self) -> None:
        self.y = self.first.top

    @property
    def frame(self) -> Frame:
        return self.rest if self.pages else self.first

    @property
    def at_top(self) -> bool:
        return self.y <= self.frame.top

    def finish(self) -> list[Body]:
        self._close_page()
        return self.pages

    def set(self, block: Block, *, following: Block | None) -> None:
        self.last_was_answer = False
        match block:
            case Heading():
                self._heading(block, following)
            case Paragraph():
                self._paragraph(block, following)
            case Table():
                self._table(block)
            case Separator():
                self._space(3.0)
                self._room(2.0)
                self.items.append(Line(self.frame.x, self.y, self.frame.x + self.frame.width, self.y))
                self.y += 3.0
            case Answer():
                self._answer(block)
                self.last_was_answer = block.ruling is not Ruling.BOX
            case Choices():
                self._choices(block)

    def _close_page(self) -> None:
        self.pages.append(
            Body(tuple(self.items), tuple(self.answers), tuple(self.bubbles), tuple(self.marks))
        )
        self.items, self.answers, self.bubbles, self.marks = [], [], [], []
        self.y = self.frame.top

    @property
    def body_pt(self) -> float:
        return BODY_PT * self.scale

    @property
    def indent(self) -> float:
        return INDENT_MM * self.scale

    def _room(self, height: float) -> None:
        """Go to the next page when `height` does not fit on this one."""
        if self.y + height > self.frame.bottom and not self.at_top:
            self._close_page()

    def _space(self, height: float) -> None:
        if not self.at_top:
            self.y += height

    def _put(self, line: tuple[Run, ...], x: float, size_pt: float, ink: Ink = Ink.TEXT) -> None:
        """One line of text; the cursor moves from its top to its foot."""
        step = leading_mm(size_pt)
        self._room(step)
        baseline = self.y + step * 0.72
        self.items += [
            Text(x + run.x, baseline, run.text, run.face, size_pt, ink) for run in line if run.text
        ]
        self.y += step

    def _heading(self, block: Heading, following: Block | None) -> None:
        size = {1: 16.0, 2: 12.5}.get(block.level, 11.0) * self.scale
        heading = Look(Face.SANS_BOLD, Face.SANS_BOLD, Face.SANS_BOLD)
        chip = self.measure(block.points, Face.SANS_MEDIUM, 9.0 * self.scale) + 6.0 if block.points else 0.0
        box = MARK_BOX_MM + 2.0 if block.points and self.mark_boxes else 0.0
        lines = break_lines(
            block.spans, self.frame.width - chip - box - 2, size, look=heading, measure=self.measure
        )
        self._space(6.0 if block.level <= 2 else 4.0)
        # A heading never stands alone at the foot of a page.
        with_next = 2 * leading_mm(self.body_pt) + (2 * self.pitch if self.mark_boxes else 0.0)
        with_next = max(with_next, self._least_room(following))
        self._room(len(lines) * leading_mm(size) + with_next)
        if block.level <= 2:
            self.question += 1
        if block.points:
            self._chip(block.points, chip, right=box)
            if box:
                self._mark_box(block.points)
        for line in lines:
            self._put(line, self.frame.x, size, Ink.ACCENT if block.level <= 2 else Ink.TEXT)
        self.y += 1.0

    def _least_room(self, block: Block | None) -> float:
        """What of an answer area must follow on the same page."""
        if not isinstance(block, Answer):
            return 0.0
        whole = block.ruling is Ruling.BOX
        return (block.lines if whole else min(block.lines, MIN_ANSWER_LINES)) * self.pitch

    def _chip(self, text: str, width: float, *, right: float) -> None:
        x = self.frame.x + self.frame.width - width - right
        height = 2.6 + 3.2 * self.scale
        self.items.append(Box(x, self.y + 0.3, width, height, radius=height / 2, fill=Ink.TINT))
        baseline = self.y + 1.5 + 2.8 * self.scale
        self.items.append(Text(x + 3.0, baseline, text, Face.SANS_MEDIUM, 9.0 * self.scale, Ink.ACCENT))

    def _mark_box(self, points: str) -> None:
        x = self.frame.x + self.frame.width - MARK_BOX_MM
        self.items.append(Box(x, self.y - 0.6, MARK_BOX_MM, 7.6, stroke=Ink.MUTED, stroke_mm=0.3))
        self.marks.append(MarkBox(self.question, x, self.y - 0.6, MARK_BOX_MM, 7.6, points))

    def _paragraph(self, block: Paragraph, following: Block | None) -> None:
        x = self.frame.x + block.depth * self.indent + (5.0 if block.quoted else 0.0)
        width = self.frame.width - (x - self.frame.x)
        lines = break_lines(block.spans, width, self.body_pt, look=self.look, measure=self.measure)
        step = leading_mm(self.body_pt)
        # Two lines stay together at the foot, so that no paragraph begins with a single one.
        # The end of a question's text stays with the room for its answer.
        with_next = self._least_room(following) if len(lines) <= 2 else 0.0
        self._room(min(len(lines), 2) * step + with_next)
        if block.marker:
            self.items.append(
                Text(
                    x - self.indent + 1.0, self.y + step * 0.72, block.marker, self.look.regular, self.body_pt
                )
            )
        for line in lines:
            self._room(step)
            if block.quoted:
                self.items.append(Line(x - 3.0, self.y, x - 3.0, self.y + step, 0.7, Ink.RULE))
            self._put(line, x, self.body_pt)
        self.y += 1.0 if block.depth else 2.2

    def _choices(self, block: Choices) -> None:
        """Bubbles in as few rows as the options allow: four, two or one beside each other."""
        room = 2 * BUBBLE_MM + 3.0
        widest = max(self._width(option) for option in block.options) + room + 4.0
        columns = next((n for n in (4, 2) if widest <= self.frame.width / n and len(block.options) >= n), 1)
        width = self.frame.width / columns
        step = leading_mm(self.body_pt)
        self._space(1.0)
        for start in range(0, len(block.options), columns):
            row = block.options[start : start + columns]
            set_lines = [
                break_lines(option, width - room, self.body_pt, look=self.look, measure=self.measure)
                for option in row
            ]
            height = max(max(len(lines) for lines in set_lines) * step, 2 * BUBBLE_MM) + 2.0
            self._room(height)
            for number, lines in enumerate(set_lines):
                x = self.frame.x + number * width
                self._bubble(block, start + number, x + BUBBLE_MM, self.y + step / 2)
                for at, line in enumerate(lines):
                    baseline = self.y + step * (at + 0.72)
                    self.items += [
                        Text(x + room + run.x, baseline, run.text, run.face, self.body_pt)
                        for run in line
                        if run.text
                    ]
            self.y += height
        self.y += 2.0

    def _width(self, option: Sequence[Span]) -> float:
        return sum(self.measure(span.text, self.look.bold, self.body_pt) for span in option)

    def _bubble(self, block: Choices, number: int, x: float, y: float) -> None:
        letter = CHOICE_LETTERS[number]
        self.items += bubble(letter, x, y, measure=self.measure)
        self.bubbles.append(
            Bubble(BubbleUse.CHOICE, block.question, letter, x, y, BUBBLE_MM, many=block.many)
        )

    def _table(self, block: Table) -> None:
        columns = max(len(row) for row in block.rows)
        widths = self._column_widths(block, columns)
        self._space(2.0)
        for number, row in enumerate(block.rows):
            look = Look(Face.SANS_BOLD, Face.SANS_BOLD, Face.SANS_BOLD) if number == 0 else SANS
            cells = [
                break_lines(cell, width - 4.0, 9.5 * self.scale, look=look, measure=self.measure)
                for cell, width in zip(row, widths, strict=False)
            ]
            step = leading_mm(9.5 * self.scale, 1.4)
            height = max(len(lines) for lines in cells) * step + 2.4
            self._room(height)
            self._row(cells, widths, height=height, step=step, head=number == 0)
        self.y += 3.0

    def _column_widths(self, block: Table, columns: int) -> list[float]:
        wanted = [6.0] * columns
        for row in block.rows:
            for number, cell in enumerate(row):
                text = "".join(span.text for span in cell)
                wanted[number] = max(
                    wanted[number], self.measure(text, Face.SANS_BOLD, 9.5 * self.scale) + 4.5
                )
        total = sum(wanted)
        room = self.frame.width
        if total <= room:
            return [width + (room - total) / columns for width in wanted]
        # Narrow columns keep what they need; the wide ones share the rest in proportion.
        fair = room / columns
        spare = room - sum(width for width in wanted if width <= fair)
        wide = sum(width for width in wanted if width > fair)
        return [width if width <= fair else width * spare / wide for width in wanted]

    def _row(
        self,
        cells: Sequence[list[tuple[Run, ...]]],
        widths: Sequence[float],
        *,
        height: float,
        step: float,
        head: bool,
    ) -> None:
        x0, right = self.frame.x, self.frame.x + self.frame.width
        if head:
            self.items.append(Box(x0, self.y, self.frame.width, height, fill=Ink.TINT))
        x = x0
        for lines, width in zip(cells, widths, strict=False):
            for number, line in enumerate(lines):
                baseline = self.y + 1.2 + step * (number + 0.72)
                self.items += [
                    Text(x + 2.0 + run.x, baseline, run.text, run.face, 9.5 * self.scale)
                    for run in line
                    if run.text
                ]
            x += width
        self.y += height
        self.items.append(Line(x0, self.y, right, self.y))

    def _answer(self, block: Answer) -> None:
        left = block.lines
        self._space(1.0)
        whole = block.ruling is Ruling.BOX
        self._room((left if whole else min(left, MIN_ANSWER_LINES)) * self.pitch)
        again = self.at_top and bool(self.pages)
        while left:
            if again and self.continued:
                label = self.continued.format(question=block.question)
                size, baseline = 9.0 * self.scale, self.y + 4.0 * self.scale
                self.items.append(Text(self.frame.x, baseline, label, Face.SANS_ITALIC, size, Ink.MUTED))
                self.y += 5.0 * self.scale
            fits = int((self.frame.bottom - self.y) // self.pitch)
            here = max(1, min(left, fits))
            self._answer_area(block, here)
            left -= here
            again = True
            if left:
                self._close_page()
        self.y += 2.0

    @property
    def pitch(self) -> float:
        """Distance of answer lines: large hands need no more than half as much again."""
        return ANSWER_PITCH_MM * min(self.scale, 1.25)

    def _answer_area(self, block: Answer, lines: int) -> None:
        x, width, top = self.frame.x, self.frame.width, self.y
        height = lines * self.pitch
        match block.ruling:
            case Ruling.LINED:
                self.items += [
                    Line(x, top + n * self.pitch, x + width, top + n * self.pitch, 0.18, Ink.RULE)
                    for n in range(1, lines + 1)
                ]
            case Ruling.SQUARED:
                height = height // SQUARE_MM * SQUARE_MM
                self.items += squares(x, top, width, height)
            case Ruling.BOX:
                self.items.append(Box(x, top, width, height, stroke=Ink.MUTED, stroke_mm=0.3))
        self.y = top + height
        self.answers.append(AnswerArea(block.question, x, top, width, height, block.ruling))

    def grow_last_answer(self) -> None:
        """Give the rest of the last page to the answer area that ends the text."""
        if not (self.last_was_answer and self.answers):
            return
        last = self.answers[-1]
        self.y = last.y + last.height
        extra = int((self.frame.bottom - self.y) // self.pitch)
        if extra > 0:
            self.answers.pop()
            self._answer_area(Answer(extra, last.question, last.ruling), extra)
            grown = self.answers.pop()
            self.answers.append(
                AnswerArea(last.question, last.x, last.y, last.width, last.height + grown.height, last.ruling)
            )
