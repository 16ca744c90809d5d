"""Pictures of pages and readings: asked for once, a few ahead of the cursor, and only some of them kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from delivery.errors import TuxaError
from tui.clerk.returns_state import Page, Reading
from tui.shared.values import text_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_KEPT: Final = 12


class Pictures:
    """What was fetched, by id; empty bytes where the station has none. `arrived(id)` is called when one comes."""

    def __init__(self, arrived: Callable[[str], None], *, is_large: bool = False) -> None:
        """`is_large`: pages in full size, as a browser shows them."""
        self._arrived, self._is_large = arrived, is_large
        self._held: dict[str, bytes] = {}
        self._asked: set[str] = set()

    def get(self, ident: str) -> bytes | None:
        """The picture; None while it is not here."""
        return self._held.get(ident)

    def want(self, clerk: ClerkConsole, items: Iterable[Page | Reading]) -> None:
        """Ask for those of `items` that are neither here nor on their way."""
        for item in items:
            if item.id in self._held or item.id in self._asked:
                continue
            self._asked.add(item.id)
            method = "returns.crop" if isinstance(item, Reading) else "returns.image"
            params: dict[str, Any] = {"id": item.id}
            if self._is_large:
                params["large"] = True
            clerk.request(
                method, params, done=partial(self._take, item.id), failed=partial(self._none, item.id)
            )

    def _take(self, ident: str, result: Any) -> None:
        try:
            data = base64.b64decode(text_of(result, "jpeg"), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        self._keep(ident, data)

    def _none(self, ident: str, _error: TuxaError) -> None:
        # There is none, or it cannot be opened: what is known stays, and the page can still be decided about.
        self._keep(ident, b"")

    def _keep(self, ident: str, data: bytes) -> None:
        self._asked.discard(ident)
        self._held[ident] = data
        while len(self._held) > _KEPT:
            del self._held[next(iter(self._held))]
        self._arrived(ident)
