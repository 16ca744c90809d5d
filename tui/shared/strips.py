"""From a line of text to what is painted. Textual's own way wraps, aligns and marks what is selected with the mouse; a
line of a list needs none of it, and a page of a long list is painted in half the time."""

from __future__ import annotations

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget


def strip_of(widget: Widget, content: Content, width: int, style: Style) -> Strip:
    """`content` on one line of exactly `width` cells, over `style`, the widget's own."""
    parsed = widget.app.stylesheet.parse_style
    segments = [
        Segment(text, (style + found).rich_style)
        for text, found in content.render(style, end="", parse_style=parsed)
    ]
    return Strip(segments, content.cell_length).adjust_cell_length(width, style.rich_style)
