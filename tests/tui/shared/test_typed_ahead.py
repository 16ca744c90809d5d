"""Keys that come in a burst, as over a slow line: each is meant for what the one before it brought about."""

from __future__ import annotations

from pathlib import Path

from textual import events

from delivery.errors import N_
from tests.tui.studio import Seat, Studio, sit
from tui.shared.dialogs import Field, Form, Picker, push


def burst(seat: Seat, *keys: str) -> None:
    """All keys at once, before the console has looked at the first."""
    named = {" ": "space", "-": "minus"}
    for key in keys:
        character = key if len(key) == 1 else "\r" if key == "enter" else None
        seat.app.post_message(events.Key(named.get(key, key), character))


def test_a_form_that_is_typed_in_one_burst_has_every_word_in_its_own_line(tmp_path: Path) -> None:
    given: list[dict[str, str]] = []

    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        fields = [Field(name, N_("Minutes"), needed=True) for name in ("one", "two", "three")]
        assert seat.app.section is not None
        push(seat.app.section, Form(lambda: "Form", fields), given.append)
        await seat.dialog("Form")
        burst(seat, *"BB-01", "enter", *"HD01", "enter", *"QĐ 7", "enter")
        await seat.until(lambda: bool(given))
        assert given == [{"one": "BB-01", "two": "HD01", "three": "QĐ 7"}]

    sit(Studio(tmp_path), act)


def test_an_arrow_behind_letters_moves_in_what_the_letters_left(tmp_path: Path) -> None:
    given: list[str] = []
    items = [("a", "Lý", ""), ("b", "Toán một", ""), ("c", "Hóa", ""), ("d", "Toán hai", "")]

    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        assert seat.app.section is not None
        push(seat.app.section, Picker(lambda: "Picker", items), given.append)
        await seat.dialog("Picker")
        burst(seat, *"toan", "down", "enter")
        await seat.until(lambda: bool(given))
        assert given == ["d"]

    sit(Studio(tmp_path), act)


def test_a_whole_order_in_one_burst_is_given_once_and_nothing_of_it_reaches_the_section(
    tmp_path: Path,
) -> None:
    studio = Studio(tmp_path)

    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        burst(seat, "i", *"tich", "enter", "down", "enter", "enter", "f9")
        assert await seat.gave(studio, "channel.insert") == {
            "channel": "TV1", "material": "TOAN101-U3", "now": True,
        }  # fmt: skip
        await seat.dialog("Panic")
        assert len(studio.given) == 1

    sit(studio, act)
