"""Loudness at this instant, from the very segment that is on the air."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from delivery.broadcast.playout.feed import find
from delivery.broadcast.qc.sent import Sound, measure
from delivery.broadcast.schedule.timeline import Timeline
from delivery.errors import Refused, TuxaError
from delivery.store.air import TICK_US, Channel, Row

if TYPE_CHECKING:
    from delivery.app.core import App

_KEPT: Final = 512
_STEP_US: Final = 100_000
_TARGET: Final = -23.0
"""EBU R 128, for assets whose profile is not known."""


class LoudnessNow:
    """Measures each segment once, beside the answers: the first answer about a segment may come without a figure."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Sound | None] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="loudness")

    def at(self, channel: Channel, rows: tuple[Row, ...], now_us: int) -> dict[str, Any] | None:
        """Momentary loudness over this segment from its start to now and on to its end, so that a console can move its
        meter between two questions; None while it is not known."""
        tick = now_us // TICK_US
        piece = next(iter(Timeline(channel.code, rows).slices(tick, tick + 1)), None) if rows else None
        if piece is None:
            return None
        on_air = self._app.on_air
        try:
            asset = on_air.assets(piece.row.asset)
            rendition = on_air.playout.transmitter(channel.code)
            address = find(piece, asset, rendition).segment.blob
        except (TuxaError, KeyError):
            return None
        sound = self._sound(address)
        if sound is None:
            return None
        return {
            "start": piece.start_tick * TICK_US,
            "step_us": _STEP_US,
            "momentary": [round(value, 1) for value in sound.momentary],
            "programme": asset.loudness_lufs,
            "target": self._target(asset.profile),
        }

    def _target(self, name: str) -> float:
        from delivery.broadcast.media.profiles import load_profile

        try:
            return load_profile(name, [self._app.settings.home / "media_profiles"]).target_lufs
        except TuxaError:
            return _TARGET

    def _sound(self, address: str) -> Sound | None:
        with self._lock:
            if address in self._held:
                self._held.move_to_end(address)
                return self._held[address]
            self._held[address] = None
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
        self._pool.submit(self._measure, address)
        return None

    def _measure(self, address: str) -> None:
        try:
            sound = measure(self._app.on_air.blobs.get(address))
        except (Refused, OSError, ValueError):
            return
        with self._lock:
            self._held[address] = sound
