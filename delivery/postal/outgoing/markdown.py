"""The readable source of printed bodies: Markdown -> frozen blocks. Pure.

An assignment is ordinary Markdown: ``# title``, an introduction, then one ``## Câu 1 (3 điểm)`` per question. Room for
the answer follows each question by itself. A line of its own places it and says what it is like:

``[trả lời: 12 dòng]``, ``[answer: 12 lines]``
    ruled lines; 0 leaves the room out
``[trả lời: 8 dòng ô ly]``, ``[answer: 8 squared lines]``
    squared paper of that height
``[trả lời: khung]``, ``[answer: box]``
    one framed box for a short answer

List items that begin with ``( )`` are choices of which one is right, with ``[ ]`` several may be: each becomes a bubble
to fill in, and the question gets no other room. ``(x)`` and ``[x]`` are the right ones: the key
(:mod:`delivery.catalogue.choices`), which is read here and never set.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from delivery.catalogue.choices import CHOICE, has_choices, without_key
from delivery.postal.sheetlayout import Ruling

DEFAULT_ANSWER_LINES = 9
_ANSWER = re.compile(
    r"\[(?:trả lời|answer)(?::\s*(?:(?P<lines>\d{1,3})\s*(?:dòng|squared\s+lines?|lines?)?(?P<grid>\s*ô\s*ly)?"
    r"|(?P<box>khung|box)))?\]",
    re.IGNORECASE,
)
CHOICE_LETTERS = "ABCDEFGHIJ"
_POINTS = re.compile(r"\s*\(([^()]*(?:điểm|points?))\)\s*$", re.IGNORECASE)


class Style(StrEnum):
    REGULAR = "regular"
    BOLD = "bold"
    ITALIC = "italic"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Span:
    """Text of one style."""

    text: str
    style: Style = Style.REGULAR


@dataclass(frozen=True, slots=True)
class Heading:
    """`points` is the part in brackets of a question's heading: ``3 điểm``."""

    level: int
    spans: tuple[Span, ...]
    points: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `marker` stands before the first line of a list item, `depth` counts indents."""

    spans: tuple[Span, ...]
    depth: int = 0
    marker: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first row is the head."""

    rows: tuple[tuple[tuple[Span, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Separator:
    """A thematic break."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Room for an answer: `lines` lines high."""

    lines: int
    question: int
    ruling: Ruling = Ruling.LINED


@dataclass(frozen=True, slots=True)
class Choices:
    """Bubbles to fill in, one for each option."""

    question: int
    options: tuple[tuple[Span, ...], ...]
    many: bool
    """Several may be right."""
    right: tuple[int, ...] = ()
    """Which options the key says are right, counted from 0; empty without a key. Never drawn."""


Block = Heading | Paragraph | Table | Separator | Answer | Choices


@dataclass(frozen=True, slots=True)
class Document:
    """`title` is the first ``#`` heading; it is drawn by the page's own header and not part of `blocks`."""

    title: str
    blocks: tuple[Block, ...]


def read_document(text: str) -> Document:
    """Parse material or any other running text, without the key of choices that it may hold."""
    return _parsed(without_key(clean(text)))


def _parsed(text: str) -> Document:
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
    blocks = list(_blocks(tree.children, depth=0, quoted=False))
    title = ""
    first = blocks[0] if blocks else None
    if isinstance(first, Heading) and first.level == 1:
        title = plain(first.spans)
        del blocks[0]
    return Document(title, tuple(blocks))


def read_assignment(text: str) -> Document:
    """Parse an assignment: every question gets its room for an answer, and a text without questions gets one."""
    # Diacritics are composed here, once: the drawing library does not compose them.
    composed = clean(text)
    document = _parsed(composed)
    offers = has_choices(composed)
    out: list[Block] = []
    question = 0
    open_question = False
    for block in document.blocks:
        answer = _answer(block, question)
        choice = _choice(block) if offers else None
        if isinstance(block, Heading) and block.level == 2:
            if open_question:
                out.append(Answer(DEFAULT_ANSWER_LINES, question))
            question += 1
            open_question = True
            out.append(_with_points(block))
        elif answer is not None:
            open_question = False
            if answer.lines:
                out.append(answer)
        elif choice is not None:
            open_question = False
            _add_choice(out, question, choice)
        else:
            out.append(block)
    if open_question or not any(isinstance(block, Answer | Choices) for block in out):
        out.append(Answer(DEFAULT_ANSWER_LINES, question))
    return Document(document.title, tuple(out))


def _answer(block: Block, question: int) -> Answer | None:
    """The room that a paragraph asks for, or None."""
    if not isinstance(block, Paragraph):
        return None
    text = plain(block.spans).strip()
    found = _ANSWER.fullmatch(text)
    if not found:
        return None
    if found["box"]:
        return Answer(2, question, Ruling.BOX)
    lines = int(found["lines"]) if found["lines"] else DEFAULT_ANSWER_LINES
    squared = found["grid"] or "squared" in text.lower()
    return Answer(lines, question, Ruling.SQUARED if squared else Ruling.LINED)


def _choice(block: Block) -> Choices | None:
    """A list item that is a choice, as choices of one; None for any other block."""
    if not isinstance(block, Paragraph) or not block.marker or not block.spans:
        return None
    first = block.spans[0]
    found = CHOICE.match(first.text)
    if not found:
        return None
    spans = (replace(first, text=first.text[found.end() :]), *block.spans[1:])
    right = (found["one"] or found["many"] or "").strip()
    return Choices(0, (spans,), found["many"] is not None, (0,) if right else ())


def _add_choice(out: list[Block], question: int, choice: Choices) -> None:
    last = out[-1] if out else None
    if isinstance(last, Choices) and last.question == question and len(last.options) < len(CHOICE_LETTERS):
        out[-1] = replace(
            last,
            options=(*last.options, *choice.options),
            many=last.many or choice.many,
            right=(*last.right, *(len(last.options) + at for at in choice.right)),
        )
    else:
        out.append(replace(choice, question=question))


def plain(spans: Sequence[Span]) -> str:
    """The text without its styles."""
    return "".join(span.text for span in spans)


def clean(text: str) -> str:
    """NFC, without control characters and byte order mark; line ends and tabs stay."""
    composed = unicodedata.normalize("NFC", text)
    # Printable text has no control, private or unassigned characters: nearly all that comes here.
    if composed.isprintable():
        return composed
    return "".join(
        c for c in composed if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn")
    )


def _with_points(heading: Heading) -> Heading:
    text = plain(heading.spans)
    found = _POINTS.search(text)
    if not found:
        return heading
    return replace(heading, spans=(Span(text[: found.start()], Style.REGULAR),), points=found[1].strip())


def _blocks(nodes: Sequence[SyntaxTreeNode], *, depth: int, quoted: bool) -> Iterator[Block]:
    for node in nodes:
        match node.type:
            case "heading":
                yield Heading(int(node.tag[1:]), tuple(_inline(node)))
            case "paragraph":
                yield Paragraph(tuple(_inline(node)), depth=depth, quoted=quoted)
            case "bullet_list" | "ordered_list":
                yield from _list(node, depth=depth, quoted=quoted)
            case "blockquote":
                yield from _blocks(node.children, depth=depth, quoted=True)
            case "table":
                yield _table(node)
            case "hr":
                yield Separator()
            case "fence" | "code_block":
                for line in node.content.rstrip("\n").split("\n"):
                    yield Paragraph((Span(line or " ", Style.CODE),), depth=depth, quoted=True)
            case _:
                pass


def _list(node: SyntaxTreeNode, *, depth: int, quoted: bool) -> Iterator[Block]:
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 0
    for item in node.children:
        marker = f"{number}." if number else ("•" if depth == 0 else "–")
        number += bool(number)
        for block in _blocks(item.children, depth=depth + 1, quoted=quoted):
            if marker and isinstance(block, Paragraph) and block.depth == depth + 1:
                block, marker = replace(block, marker=marker), ""
            yield block


def _table(node: SyntaxTreeNode) -> Table:
    rows = [
        tuple(tuple(_inline(cell)) for cell in row.children)
        for part in node.children
        for row in part.children
    ]
    return Table(tuple(rows))


def _inline(node: SyntaxTreeNode) -> list[Span]:
    spans: list[Span] = []
    for child in node.children:
        if child.type == "inline":
            for part in child.children:
                _collect(part, Style.REGULAR, spans)
    return spans


def _collect(node: SyntaxTreeNode, style: Style, spans: list[Span]) -> None:
    match node.type:
        case "text":
            spans.append(Span(node.content, style))
        case "softbreak" | "hardbreak":
            spans.append(Span(" " if node.type == "softbreak" else "\n", style))
        case "code_inline":
            spans.append(Span(node.content, Style.CODE))
        case "image":
            spans.append(Span(f"[{node.content}]", Style.ITALIC))
        case _:
            inner = {"strong": Style.BOLD, "em": Style.ITALIC}.get(node.type, style)
            for child in node.children:
                _collect(child, inner, spans)
