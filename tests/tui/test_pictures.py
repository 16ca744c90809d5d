"""Pictures of every screen, at 80 x 24 and 160 x 45, in both languages, compared with those that were looked at.

After a change that is meant, keep the new ones with ``TUXA_KEEP_PICTURES=1``, and look at them.
The text is compared first, line by line, so that a difference can be read. Then the picture itself, with its colours:
an SVG beside the text, packed. A new release of Textual may draw every picture anew.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from tests.tui.day import written_day
from tests.tui.studio import Seat, Studio, sit

FOLDER = Path(__file__).parent / "pictures"
DOCS = Path(__file__).parents[2] / "docs" / "pictures"


def picture(seat: Seat) -> str:
    """What is on the screen, as text."""
    app: Any = seat.app
    lines = [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
    return "\n".join(lines) + "\n"


def drawing(seat: Seat) -> str:
    """What is on the screen, as SVG."""
    return seat.app.export_screenshot(title="tuxa")


async def judge(seat: Seat, name: str) -> None:
    """Compare the screen with the picture of that name, once it is still."""
    file, packed = FOLDER / f"{name}.txt", FOLDER / f"{name}.svgz"
    await seat.pilot.pause(0.1)
    if os.environ.get("TUXA_KEEP_PICTURES"):
        await seat.pilot.pause(1.2)
        FOLDER.mkdir(exist_ok=True)
        file.write_text(picture(seat), encoding="utf-8")
        packed.write_bytes(gzip.compress(drawing(seat).encode(), mtime=0))
        if name.endswith("-80-en") and (shown := DOCS / f"{name.removesuffix('-80-en')}.svg").exists():
            # The documentation shows the same.
            shown.write_text(drawing(seat), encoding="utf-8")
        return
    wanted = file.read_text(encoding="utf-8")
    try:
        await seat.until(lambda: picture(seat) == wanted)
    except BaseException:
        assert picture(seat) == wanted
        raise
    drawn = gzip.decompress(packed.read_bytes()).decode()
    try:
        await seat.until(lambda: drawing(seat) == drawn)
    except BaseException:
        assert drawing(seat).splitlines() == drawn.splitlines()
        raise


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_screen_looks_as_when_it_was_looked_at(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    studio = written_day(Studio(tmp_path))

    async def act(seat: Seat) -> None:
        async def look(name: str) -> None:
            await judge(seat, f"technician-{name}-{size[0]}-{lang}")

        await seat.until(lambda: len(seat.app.state.channels) == 4 and len(seat.app.state.jobs) == 4)
        await look("on-air")
        await seat.press("s")
        await seat.dialog("Confirm")
        await look("effect")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("f9")
        await seat.dialog("Panic")
        await look("panic")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("2")
        await seat.until(lambda: seat.app.current_mode == "schedule")
        await seat.until(lambda: seat.app.screen.query_one("#grid").span is not None)  # type: ignore[attr-defined]
        await seat.press("tab", "tab", "tab", "tab")
        await look("schedule")
        await seat.press("n")
        await seat.dialog("Picker")
        await look("lessons")
        await seat.press("enter")
        await seat.dialog("SlotEditor")
        await look("slot")
        await seat.press("escape", "w")
        await seat.until(lambda: seat.app.screen.query_one("#grid").days == 1)  # type: ignore[attr-defined]
        await look("day")
        await seat.press("a")
        await seat.dialog("Reader")
        await look("aired")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("d")
        await seat.dialog("SheetReader")
        await look("sheet")
        await seat.press("escape", "3")
        await seat.until(lambda: seat.app.current_mode == "ingest")
        await seat.press("down", "down", "down")
        await look("ingest")
        await seat.press("y")
        await seat.dialog("Form")
        await look("approve")
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("4")
        await seat.until(lambda: seat.app.current_mode == "log")
        await look("log")
        await seat.press("f1")
        await seat.dialog("HelpScreen")
        await look("help")

    sit(studio, act, size=size, lang=lang)
