"""Mail for tests of the desk: printed sheets as scanned pages, whole or with their codes lost, and what else comes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from delivery.app import App
from delivery.clock import ManualClock
from delivery.demo.paper import SheetOnPaper, fill_in, render, scan, write_scan
from delivery.postal.outgoing.printing import packet_pages
from delivery.store.packets import Packets
from delivery.store.sheets import Sheet
from tests.support.postal_home import NOW, open_home, print_home

DPI = 150


def printed(folder: Path, *, learners: int = 2) -> Path:
    """A home whose batch B1 is printed, closed again: tests work on copies of it."""
    print_home(folder, learners=learners).app.close()
    return folder


def copy_of(home: Path, target: Path) -> App:
    """The application on a copy of a home, with a clock of its own."""
    shutil.copytree(home, target)
    return open_home(target, clock=ManualClock(NOW))


def sheets_of(app: App, code: str) -> list[Sheet]:
    """A learner's sheets in order of print: cover, week, material, assignment 1 and 2, return sheet."""
    return app.sheets.of_learner(app.learners.require(code).id)


def paper(app: App, sheet: Sheet) -> Image.Image:
    """The printed page, clean."""
    state = Packets(app.database, app.facts).get(sheet.packet)
    assert state is not None
    # The files lie where they were printed; a copy of the home has them at the same place within.
    file, first = packet_pages(app.settings.home / "print", state)
    return render(SheetOnPaper(file, first + sheet.position - 1), dpi=DPI)


def came_back(app: App, sheet: Sheet, *, seed: int = 1) -> Image.Image:
    """The page filled in and scanned."""
    return scan(fill_in(paper(app, sheet), seed=seed), seed=seed)


def codes_lost(app: App, sheet: Sheet, *, seed: int = 1) -> Image.Image:
    """The same with every code blotted out; the corner marks are still there."""
    page = fill_in(paper(app, sheet), seed=seed)
    draw, mm = ImageDraw.Draw(page), DPI / 25.4
    for x, y, size in ((171, 14, 24), (15, 262, 20), (175, 262, 20)):
        draw.rectangle([x * mm, y * mm, (x + size) * mm, (y + size) * mm], fill=(20, 30, 90))
    return scan(page, seed=seed)


def own_paper(*, seed: int = 1) -> Image.Image:
    """A sheet of the learner's own, written on; coarse, because whoever looks for codes there looks everywhere."""
    page = Image.new("RGB", (620, 877), "white")
    draw = ImageDraw.Draw(page)
    for line in range(14):
        draw.line([60, 100 + line * 35, 450 + 6 * (line * seed % 7), 102 + line * 35], (24, 42, 130), 3)
    return scan(page, seed=seed)


def pile(pages: Sequence[Image.Image], file: Path) -> Path:
    """One scanned file."""
    return write_scan(pages, file, dpi=DPI)
