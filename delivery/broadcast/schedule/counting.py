"""Continuity counters along a timeline: with which number each PID of each rendition goes on at every row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from delivery.broadcast.asset import Asset, Segment, TransmitterSegment
from delivery.store.air import Continuity

TRANSMITTER = "transmitter"
"""Under this name rows hold the counters of the rendition of constant bit rate."""

Key = tuple[str, str]
"""(rendition, PID)"""
Totals = dict[tuple[str, int, int], Mapping[Key, int]]
"""(asset, first segment, segment after the last or -1) -> packets that it sends on each PID, modulo 16."""


def segments_of(asset: Asset) -> dict[str, Sequence[Segment | TransmitterSegment]]:
    """Rendition -> its segments, with what goes to the transmitter under :data:`TRANSMITTER`."""
    found: dict[str, Sequence[Segment | TransmitterSegment]] = {r.name: r.segments for r in asset.renditions}
    if asset.transmitter:
        found[TRANSMITTER] = asset.transmitter.segments
    return found


class Counters:
    """The counters at the end of what has been counted."""

    def __init__(self, names: Iterable[str], totals: Totals) -> None:
        """`totals` is what is known of assets already; it is added to."""
        self._totals = totals
        self._set({name: {} for name in names})

    def begin(self, continuity: Continuity) -> None:
        """Go on from the counters of a row."""
        self._set({name: dict(pids) for name, pids in continuity})

    def _set(self, held: Mapping[str, Mapping[str, int]]) -> None:
        """Lay all numbers in one row, in order of renditions and PIDs."""
        self._pids: list[str] = []
        self._values: list[int] = []
        self._spans: list[tuple[str, int, int]] = []
        self._steps: dict[tuple[str, int, int], list[int]] = {}
        for name in sorted(held):
            first = len(self._pids)
            self._pids += sorted(held[name])
            self._values += [held[name][pid] for pid in self._pids[first:]]
            self._spans.append((name, first, len(self._pids)))

    def frozen(self) -> Continuity:
        """As a row bears them."""
        pairs = tuple(zip(self._pids, self._values, strict=True))
        return tuple((name, pairs[first:stop]) for name, first, stop in self._spans)

    def count(self, asset: Asset, first: int, stop: int, *, times: int = 1) -> None:
        """Go on past segments `first` up to `stop` (-1 for all that follow) of an asset, `times` over."""
        key = (asset.id, first, stop)
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = self._step(asset, key)
        self._values = [value + more * times & 15 for value, more in zip(self._values, step, strict=True)]

    def _step(self, asset: Asset, key: tuple[str, int, int]) -> list[int]:
        """What the asset adds to each of the numbers."""
        if key not in self._totals:
            self._totals[key] = _packets(asset, key[1], key[2])
        packets = self._totals[key]
        held = {name: dict(pids) for name, pids in self.frozen()}
        if any(pid not in held.get(name, {}) for name, pid in packets):
            for name, pid in packets:
                held.setdefault(name, {}).setdefault(pid, 0)
            self._set(held)
        return [
            packets.get((name, pid), 0) for name, first, stop in self._spans for pid in self._pids[first:stop]
        ]


def _packets(asset: Asset, first: int, stop: int) -> dict[Key, int]:
    out: dict[Key, int] = {}
    for name, segments in segments_of(asset).items():
        counts = [segment.packets for segment in segments[first : None if stop < 0 else stop]]
        for pid in set().union(*counts):
            out[name, pid] = sum(count.get(pid, 0) for count in counts) & 15
    return out
