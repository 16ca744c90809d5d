"""What other sites were last known to have: a hint for exports by hand, no more. The receiver always decides."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from delivery.record.segment import Place
from delivery.store.files import write_whole


class Positions:
    """The folder ``sync/positions`` of a home, one file for each other site."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: dict[str, bytes] = {}

    def note(self, site: str, places: Iterable[Place]) -> None:
        """That site has these streams up to these places."""
        data = orjson.dumps(sorted(list(place) for place in places))
        if self._last.get(site) != data:
            write_whole(self._folder / f"{site}.json", data)
            self._last[site] = data

    def of(self, site: str) -> dict[str, Place]:
        """Stream -> last known place; empty when nothing is known."""
        try:
            rows = orjson.loads((self._folder / f"{site}.json").read_bytes())
            return {stream: Place(str(stream), int(seq), str(digest)) for stream, seq, digest in rows}
        except (OSError, ValueError, TypeError):
            return {}
