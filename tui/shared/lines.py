"""Lines of text of an exact width, and the few figures that a console shows."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content, Span

from delivery.clock import VIETNAM, from_micros

SECOND_US = 1_000_000
MUTED = "$foreground 65%"


def is_same(one: Content, other: Content) -> bool:
    """Whether two lines look the same: text and styles (Content's own comparison looks at the text only)."""
    return one is other or (one.plain == other.plain and one.spans == other.spans)


def line(left: Content, right: Content, width: int) -> Content:
    """`left` flush left, cut with an ellipsis where needed, and `right` flush right; `right` is cut last."""
    right = right.truncate(max(width, 0), ellipsis=True)
    room = max(width - right.cell_length - (1 if right.cell_length else 0), 0)
    if left.cell_length > room:
        left = left.truncate(room, ellipsis=True)
    gap = max(width - left.cell_length - right.cell_length, 0)
    return Content.assemble(left, " " * gap, right)


def cell(content: Content | str, width: int, *, right: bool = False) -> Content:
    """`content` in exactly `width` cells: cut, or filled with spaces."""
    made = content if isinstance(content, Content) else Content(content)
    made = made.truncate(max(width, 0), ellipsis=True)
    gap = " " * max(width - made.cell_length, 0)
    return Content.assemble(gap, made) if right else Content.assemble(made, gap)


def columns(width: int, *cells: tuple[Content | str, int]) -> Content:
    """Cells side by side with a space between; a width of 0 takes what is left, a negative one is flush right."""
    fixed = sum(abs(size) for _, size in cells) + len(cells) - 1
    left = max(width - fixed, 0)
    texts: list[str] = []
    spans: list[Span] = []
    at = 0

    def put(text: str) -> None:
        nonlocal at
        texts.append(text)
        at += len(text)

    # Put together by hand: a page of a long list consists of hundreds of cells.
    for number, (content, size) in enumerate(cells):
        room = abs(size) or left
        made = content if isinstance(content, Content) else Content(content)
        if made.cell_length > room:
            made = made.truncate(room, ellipsis=True)
        gap = " " * (room - made.cell_length)
        put((" " if number else "") + (gap if size < 0 else ""))
        spans += [Span(at + span.start, at + span.end, span.style) for span in made.spans]
        put(made.plain + ("" if size < 0 else gap))
    whole = Content("".join(texts), spans)
    return whole if fixed <= width else whole.truncate(max(width, 0), ellipsis=True)


def bar(fraction: float, width: int, colour: str) -> Content:
    """A progress bar of `width` cells, exact to half a cell."""
    halves = round(min(max(fraction, 0.0), 1.0) * width * 2)
    full, half = divmod(halves, 2)
    done = "━" * full + ("╸" if half else "")
    return Content.assemble((done, colour), ("─" * (width - len(done)), "$foreground 30%"))


def countdown(micros: int) -> str:
    """What is left, to the second, rounded up: ``0:00`` only when it is over."""
    seconds = max(-(-micros // SECOND_US), 0)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def local(micros: int) -> datetime:
    """The moment in Viet Nam."""
    return from_micros(micros).astimezone(VIETNAM)


def time_of_day(micros: int, *, seconds: bool = False) -> str:
    """Time of day in Viet Nam."""
    return f"{local(micros):%H:%M:%S}" if seconds else f"{local(micros):%H:%M}"


def day_of(micros: int) -> str:
    """Day of month and month in Viet Nam, as people write them."""
    return f"{local(micros):%d/%m}"


def decimal(value: float, places: int = 1, *, comma: bool) -> str:
    """A number with a decimal comma where the language has one."""
    text = f"{value:.{places}f}"
    return text.replace(".", ",") if comma else text


def signed_seconds(micros: int, *, comma: bool = False) -> str:
    """``+0.3``: seconds with one decimal and sign; with a decimal comma where the language has one."""
    tenths = round(micros / (SECOND_US // 10))
    text = f"{tenths / 10:+.1f}" if tenths else "0.0"
    return text.replace(".", ",") if comma else text


def wrapped(text: Content, width: int, most: int) -> list[Content]:
    """`text` on at most `most` lines; what does not fit ends in an ellipsis."""
    found = text.wrap(max(width, 1))
    if len(found) <= most:
        return list(found)
    last = Content(" ").join(found[most - 1 :]).truncate(max(width, 1), ellipsis=True)
    return [*found[: most - 1], last]
