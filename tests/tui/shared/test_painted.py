"""What is not sent stood there already: the terminal shows the same, whatever was painted before."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.shared.painted import Painted

WIDTH, HEIGHT = 12, 3
TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|(\x1b\[[0-9;]*m)|(.)", re.DOTALL)


class Screen:
    """A terminal that knows moves, colours and letters of one or two cells."""

    def __init__(self) -> None:
        self.cells = [[(" ", "")] * (WIDTH + 2) for _ in range(HEIGHT + 1)]
        self.cursor = (1, 1)

    def write(self, data: str) -> None:
        y, x = self.cursor
        colour = ""
        for row, column, style, letter in TOKEN.findall(data):
            if row:
                y, x = int(row), int(column)
            elif style:
                colour = "" if style == "\x1b[0m" else style
            elif letter == "\n":
                y += 1
            else:
                for more in range(cell_len(letter)):
                    self.cells[y][x + more] = (letter if not more else "", colour)
                x += cell_len(letter)
        self.cursor = (y, x)


def run(text: str, colour: int) -> str:
    return f"\x1b[{30 + colour}m{text}\x1b[0m" if colour else text


def frame(pieces: list[tuple[int, int, list[tuple[str, int]]]], cursor: tuple[int, int]) -> str:
    """A paint as Textual writes it."""
    out = ""
    for y, x, runs in pieces:
        kept, room = "", WIDTH + 1 - x
        for text, colour in runs:
            size = cell_len(text)
            if size <= room:
                kept, room = kept + run(text, colour), room - size
        out += f"\x1b[{y};{x}H{kept}\n"
    return f"{out}\x1b[{cursor[0]};{cursor[1]}H"


TEXTS = st.text(st.sampled_from("aAđ●━漢😀"), min_size=1, max_size=5)
RUNS = st.lists(st.tuples(TEXTS, st.integers(0, 2)), min_size=1, max_size=4)
ROWS, COLUMNS = st.integers(1, HEIGHT), st.integers(1, WIDTH)
FRAMES = st.builds(
    frame,
    st.lists(st.tuples(ROWS, st.one_of(st.just(1), COLUMNS), RUNS), min_size=1),
    st.tuples(ROWS, COLUMNS),
)


@given(st.lists(FRAMES, min_size=1, max_size=8))
def test_the_terminal_shows_the_same_and_its_cursor_stands_in_the_same_place(frames: list[str]) -> None:
    whole, spared, painted = Screen(), Screen(), Painted()
    for each in frames:
        whole.write(each)
        spared.write(painted.needed(each))
        assert _readable(spared) == _readable(whole)
        assert spared.cursor == whole.cursor


def _readable(screen: Screen) -> list[list[tuple[str, str]]]:
    return [row[1 : WIDTH + 1] for row in screen.cells]


def test_what_stands_there_is_not_sent_again_and_of_a_row_only_what_changed() -> None:
    painted = Painted()
    row = frame([(1, 1, [("TV1 ", 1), ("12:00", 0), (" ●", 2)])], (1, 1))
    assert painted.needed(row) == row.replace("\n", "")
    assert painted.needed(row) == "\x1b[1;1H"
    later = painted.needed(frame([(1, 1, [("TV1 ", 1), ("12:01", 0), (" ●", 2)])], (1, 1)))
    assert later == "\x1b[1;5H12:01\x1b[1;1H"


def test_after_another_program_or_another_size_everything_is_sent() -> None:
    painted = Painted()
    row = frame([(1, 1, [("TV1", 0)])], (1, 1))
    painted.needed(row)
    assert painted.needed("\x1b[?1049h") == "\x1b[?1049h"
    assert painted.needed(row) == row.replace("\n", "")
    painted.forget()
    assert painted.needed(row) == row.replace("\n", "")


def test_what_is_no_painting_goes_through_as_it_is() -> None:
    painted = Painted()
    for control in ("\x07", "\x1b[?2026h", "\x1b]52;c;YQ==\x07", ""):
        assert painted.needed(control) == control
