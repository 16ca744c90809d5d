"""Pictures of every screen of the clerk's console, at both sizes and in both languages; see tests/tui/test_pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.clerk.office import ClerkSeat, Office, sit
from tests.tui.test_pictures import judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_screen_of_the_clerk_looks_as_when_it_was_looked_at(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    office = Office(tmp_path)

    async def act(seat: ClerkSeat) -> None:
        async def look(name: str) -> None:
            await judge(seat, f"clerk-{name}-{size[0]}-{lang}")

        await seat.until(lambda: len(seat.rows("#batches")) == 3 and bool(seat.section.gates))
        await look("due")
        await seat.press("t")
        await seat.dialog("Confirm")
        await look("trial")
        await seat.press("escape", "v")
        await seat.dialog("Preview")
        await look("preview")
        await seat.press("escape", "2")
        await seat.until(lambda: seat.app.current_mode == "post")
        await seat.until(lambda: bool(seat.section.batches))
        await seat.scan("TX1ABC", "RR473124829VN", "TX1ABD")
        await seat.until(lambda: seat.section.posted == 1 and bool(seat.section.packet_text))
        await look("post")
        await seat.press("f4")
        await seat.until(lambda: seat.app.current_mode == "returns" and len(seat.rows("#pages")) == 3)
        await seat.picture()
        await look("returns")
        await seat.press("z")
        await seat.dialog("Zoom")
        await look("zoom")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("x")
        await seat.dialog("Picker")
        await look("reasons")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("tab")
        await seat.picture()
        await look("marks")
        await seat.press("n")
        await seat.dialog("Envelopes")
        await seat.press("f8")
        await seat.scan("RR473124829VN")
        await seat.until(lambda: bool(seat.app.screen.item_text))  # type: ignore[attr-defined]
        await look("envelopes")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("4")
        await seat.until(lambda: seat.app.current_mode == "learner")
        await seat.press(*"tuyet", "enter")
        await seat.until(lambda: bool(seat.section.record))
        await look("learner")

    sit(office.station, act, size=size, lang=lang, is_still=True)
