"""Lists that stay open all day while their items change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from weakref import WeakSet

from textual.app import App, ComposeResult
from textual.content import Content

from tui.shared.listing import Listing


class Line(Content):
    """A line that can be counted while it lives."""


def test_lines_that_have_left_the_view_are_not_kept_for_ever() -> None:
    alive: WeakSet[Line] = WeakSet()

    def draw(item: str, _width: int) -> Content:
        line = Line(item)
        alive.add(line)
        return line

    class Lines(App[None]):
        def compose(self) -> ComposeResult:
            yield Listing[str](draw, key=str)

    def rounds() -> Iterator[list[str]]:
        for first in range(0, 6_000, 20):
            yield [f"recording {number}" for number in range(first, first + 20)]

    async def act() -> None:
        async with Lines().run_test(size=(80, 24)) as pilot:
            listing = pilot.app.query_one(Listing)
            for items in rounds():
                listing.show(items)
                for y in range(20):
                    listing.render_line(y)
            assert "recording 5999" in listing.render_line(19).text
            assert len(alive) < 2_000

    asyncio.run(act())
