"""The time by which feeds are sent: a monotonic clock that follows UTC slowly and never jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from delivery.clock import Clock, to_micros

SLEW_PPM: Final = 25
"""How fast the feed's time is drawn towards UTC; receivers follow 30 ppm (ISO/IEC 13818-1 section 2.4.2.1)."""
STEP_S: Final = 0.5
"""UTC that moves further than this against the monotonic clock has been set by somebody."""


_LOOK_US: Final = 500_000


@dataclass
class SlewedClock:
    """Microseconds since 1970 UTC, monotonic and smooth."""

    clock: Clock
    _monotonic: Callable[[], float] = field(init=False, repr=False)
    _anchor_mono: float = field(init=False)
    _anchor_us: float = field(init=False)
    _offset: float = field(init=False)
    """UTC less monotonic, µs, as it was last seen."""
    stepped_s: float = field(init=False, default=0.0)
    """Last jump of UTC that was seen and not followed at once; 0 for none."""

    def __post_init__(self) -> None:
        self._monotonic = self.clock.monotonic
        self._anchor_mono = self._monotonic()
        self._anchor_us = float(to_micros(self.clock.now()))
        self._offset = self._anchor_us - self._anchor_mono * 1e6

    def now_us(self) -> int:
        """The time now. Draws towards UTC by at most :data:`SLEW_PPM`."""
        # Asked twice for each wake of the sender: between two looks at UTC it does next to nothing.
        mono = self._monotonic()
        elapsed = (mono - self._anchor_mono) * 1e6
        if elapsed >= _LOOK_US:
            return int(self._follow(mono, elapsed))
        return int(self._anchor_us + elapsed)

    def _follow(self, mono: float, elapsed: float) -> float:
        """Look at UTC, and draw towards it."""
        utc = float(to_micros(self.clock.now()))
        offset = utc - mono * 1e6
        if abs(offset - self._offset) > STEP_S * 1e6:
            self.stepped_s = (offset - self._offset) / 1e6
        self._offset = offset
        free, most = self._anchor_us + elapsed, elapsed * SLEW_PPM / 1e6
        free += min(max(utc - free, -most), most)
        self._anchor_mono, self._anchor_us = mono, free
        return free

    def taken_step(self) -> float:
        """The last jump of UTC that was seen, in seconds; it is told once."""
        seconds, self.stepped_s = self.stepped_s, 0.0
        return seconds

    def behind_us(self) -> int:
        """By how much it is still behind UTC (negative: ahead)."""
        return to_micros(self.clock.now()) - self.now_us()
