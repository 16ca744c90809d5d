"""Small pictures in any terminal: two points for each character, the upper as its colour and the lower as its ground.

Sixel and the Kitty protocol would be sharper, but they pass neither through tmux nor through a serial console, and half
blocks look the same everywhere, in a screenshot too.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, UnidentifiedImageError
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget


def half_blocks(image: Image.Image, width: int, height: int) -> list[Strip]:
    """`image` within `width` by `height` cells, its shape kept (a cell is twice as high as wide)."""
    scale = min(width / image.width, height * 2 / image.height)
    across = max(round(image.width * scale), 1)
    down = max(round(image.height * scale) // 2 * 2, 2)
    small = image.convert("RGB").resize((across, down), Image.Resampling.BOX)
    raw = small.tobytes()
    strips = []
    for y in range(0, down, 2):
        cells = []
        for x in range(across):
            upper, lower = (y * across + x) * 3, ((y + 1) * across + x) * 3
            style = Style(
                color=Color.from_rgb(*raw[upper : upper + 3]), bgcolor=Color.from_rgb(*raw[lower : lower + 3])
            )
            cells.append(Segment("▀", style))
        strips.append(Strip(cells, across))
    return strips


def read_image(data: bytes) -> Image.Image | None:
    """The picture in `data`, or None when that is none."""
    try:
        image = Image.open(BytesIO(data))
        image.load()
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    return image


_MOST_ROWS = 8


class Picture(Widget):
    """Shows a picture, or nothing."""

    DEFAULT_CSS = "Picture { height: 4; width: 1fr; }"

    def __init__(self, *, most_rows: int = _MOST_ROWS, id: str | None = None) -> None:
        super().__init__(id=id)
        self.most_rows = most_rows
        self._image: Image.Image | None = None
        self._held: tuple[int, int, list[Strip]] | None = None

    def show(self, data: bytes) -> None:
        """Show another picture; empty data for none."""
        self._image = read_image(data) if data else None
        self._held = None
        self.display = self._image is not None
        if self._image is not None:
            # As high as it is wide across the panel, and no higher than the panel likes.
            across = max(self.parent_width - 2, 1)
            rows = -(-self._image.height * across // (self._image.width * 2))
            self.styles.height = min(max(rows, 1), self.most_rows)
        self.refresh()

    @property
    def parent_width(self) -> int:
        """Cells that the panel around it offers."""
        parent = self.parent
        return parent.size.width if isinstance(parent, Widget) else 0

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if self._image is None:
            return Strip.blank(width, self.rich_style)
        if self._held is None or self._held[:2] != (width, height):
            strips = half_blocks(self._image, width, height)
            self._held = (width, height, strips)
        strips = self._held[2]
        strip = strips[y] if y < len(strips) else Strip.blank(0, self.rich_style)
        return strip.adjust_cell_length(width, self.rich_style)
