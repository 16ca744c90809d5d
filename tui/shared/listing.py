"""A list of any length of which only the rows in view are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Generic, Self, TypeVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from delivery.errors import N_
from tui.shared.lines import MUTED, is_same, wrapped
from tui.shared.strips import strip_of

T = TypeVar("T")

_KEPT: Final = 1_000
"""Lines that are kept ready: some screens full. All that ever were in view would be more in an hour than the list."""


class Listing(ScrollView, Generic[T], can_focus=True, inherit_bindings=False):
    """One line for each item. The cursor stays on its item, wherever that moves to."""

    DEFAULT_CSS = """
    Listing { height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    Listing > .listing--cursor { background: $primary 25%; }
    Listing:focus > .listing--cursor { background: $primary 45%; text-style: bold; }
    Listing.-stale { opacity: 55%; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"listing--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", N_("Previous"), show=False),
        Binding("down", "move(1)", N_("Next"), show=False),
        Binding("pageup", "page(-1)", N_("Page up"), show=False),
        Binding("pagedown", "page(1)", N_("Page down"), show=False),
        Binding("home", "go(0)", N_("First"), show=False),
        Binding("end", "go(-1)", N_("Last"), show=False),
        Binding("enter", "open", N_("Open"), show=False),
    ]

    class Moved(Message):
        """The cursor stands on another item."""

        def __init__(self, listing: Listing[object]) -> None:
            super().__init__()
            self.listing = listing

        @property
        def control(self) -> Listing[object]:
            return self.listing

    class Opened(Message):
        """The item under the cursor was asked for: Enter, or a click on it while it was chosen."""

        def __init__(self, listing: Listing[object]) -> None:
            super().__init__()
            self.listing = listing

        @property
        def control(self) -> Listing[object]:
            return self.listing

    def __init__(
        self,
        draw: Callable[[T, int], Content],
        *,
        key: Callable[[T], str],
        empty: Callable[[], str] = lambda: "",
        on_choice: Callable[[T], None] = lambda _item: None,
        id: str | None = None,
    ) -> None:
        """`draw(item, width)` is its line; `key(item)` its name; `empty()` what is said without items.

        `on_choice(item)` is called while the cursor moves there, before another key is heard or anything is drawn;
        :class:`Moved` comes some messages later.
        """
        super().__init__(id=id)
        self._draw, self._key, self._empty, self._on_choice = draw, key, empty, on_choice
        self._items: Sequence[T] = ()
        self._at = 0
        self._made: dict[tuple[str, bool, int], tuple[int, T, Content, Strip]] = {}
        """Lines of items, by name, whether the cursor stands there, and width; each with its round of drawing."""
        self._round = 0
        self._seen: dict[int, tuple[bool, Content]] = {}
        """What was painted last in each row of the view, and whether the cursor stood there."""
        self._seen_at = (-1, -1)
        """Width of those lines, and the first item in view."""

    @property
    def items(self) -> Sequence[T]:
        return self._items

    @property
    def chosen(self) -> T | None:
        """The item under the cursor."""
        return self._items[self._at] if self._at < len(self._items) else None

    @property
    def cursor(self) -> int:
        return self._at

    def show(self, items: Sequence[T]) -> None:
        """Show other items, or the same in another state."""
        chosen = self.chosen
        name = self._key(chosen) if chosen is not None else None
        self._items = items
        if name is not None and not (self._at < len(items) and self._key(items[self._at]) == name):
            self._at = next((n for n, item in enumerate(items) if self._key(item) == name), self._at)
        self._at = min(self._at, max(len(items) - 1, 0))
        size = Size(0, len(items))
        if self.virtual_size != size:
            self.virtual_size = size
            self.refresh()
        else:
            self._paint()
        now = self.chosen
        if (self._key(now) if now is not None else None) != name:
            self.post_message(self.Moved(cast("Listing[object]", self)))

    def redraw(self) -> None:
        """Draw everything again: time or language has changed. Only lines that look different are painted."""
        self._round += 1
        self._paint()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        if not regions:
            self._seen_at = (-1, -1)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _paint(self) -> None:
        """Paint the rows in view that look different from what was painted last."""
        width, top = self.scrollable_content_region.width, round(self.scroll_y)
        if self._seen_at != (width, top) or not self.is_mounted:
            self.refresh()
            return
        changed = []
        for y, (was_cursor, before) in list(self._seen.items()):
            at_cursor, content, _ = self._row(y, top, width)
            if at_cursor != was_cursor or not is_same(content, before):
                del self._seen[y]
                changed.append(Region(0, y, self.size.width, 1))
        if changed:
            self.refresh(*changed)

    def choose(self, name: str) -> None:
        """Put the cursor on the item called `name`, if it is there."""
        found = next((n for n, item in enumerate(self._items) if self._key(item) == name), None)
        if found is not None:
            self._go(found)

    def render_line(self, y: int) -> Strip:
        width, top = self.scrollable_content_region.width, round(self.scroll_y)
        if self._seen_at != (width, top):
            self._seen.clear()
            self._seen_at = (width, top)
        at_cursor, content, strip = self._row(y, top, width)
        self._seen[y] = (at_cursor, content)
        return strip if strip is not None else self._strip(content, width, at_cursor=at_cursor)

    def _row(self, y: int, top: int, width: int) -> tuple[bool, Content, Strip | None]:
        """A row of the view: whether the cursor stands there, its line, and that line made ready where it is kept."""
        index = y + top
        if index >= len(self._items):
            return False, self._nothing(y, width), None
        item, at_cursor = self._items[index], index == self._at
        key = (self._key(item), at_cursor, width)
        held = self._made.get(key)
        if held is None or held[0] != self._round or held[1] is not item:
            content = self._draw(item, width)
            same = held is not None and is_same(held[2], content)
            strip = held[3] if held and same else self._strip(content, width, at_cursor=at_cursor)
            held = self._made[key] = (self._round, item, content, strip)
            if len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return at_cursor, held[2], held[3]

    def _nothing(self, y: int, width: int) -> Content:
        said = wrapped(Content.styled(self._empty(), MUTED), max(width - 2, 1), 3) if not self._items else []
        return Content.assemble(" ", said[y - 1]) if 0 < y <= len(said) else Content("")

    def _strip(self, content: Content, width: int, *, at_cursor: bool) -> Strip:
        style = self.get_visual_style("listing--cursor") if at_cursor else self.visual_style
        return strip_of(self, content.truncate(width, ellipsis=True), width, style)

    def notify_style_update(self) -> None:
        self._made.clear()
        self._seen_at = (-1, -1)
        super().notify_style_update()

    def on_focus(self) -> None:
        self._made.clear()
        self.refresh()

    def on_blur(self) -> None:
        self._made.clear()
        self.refresh()

    def action_move(self, by: int) -> None:
        self._go(self._at + by)

    def action_page(self, by: int) -> None:
        self._go(self._at + by * max(self.size.height - 1, 1))

    def action_go(self, to: int) -> None:
        self._go(to if to >= 0 else len(self._items) - 1)

    def action_open(self) -> None:
        if self.chosen is not None:
            self.post_message(self.Opened(cast("Listing[object]", self)))

    def on_click(self, event: events.Click) -> None:
        index = event.y + round(self.scroll_y)
        if index < len(self._items):
            if index == self._at and event.chain > 1:
                self.action_open()
            self._go(index)

    def _go(self, to: int) -> None:
        to = min(max(to, 0), max(len(self._items) - 1, 0))
        if to == self._at:
            return
        before, self._at = self._at, to
        self._on_choice(self._items[to])
        self.scroll_to_region(Region(0, to, 1, 1), animate=False, force=True)
        top = round(self.scroll_y)
        self.refresh(*(Region(0, n - top, self.size.width, 1) for n in (before, to)))
        self.post_message(self.Moved(cast("Listing[object]", self)))
