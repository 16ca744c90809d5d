"""Hybrid logical clock (Kulkarni et al. 2014, "Logical Physical Clocks"): 48 bits of milliseconds, 16 bits of counter.

It orders facts for display. It never decides a deadline; those use the receipt time that a site witnessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NewType

Hlc = NewType("Hlc", int)

COUNTER_BITS = 16
MOST_AHEAD_MS = 31 * 86_400_000
"""How far the clock of another site may be ahead of this one and still be followed."""
_COUNTER_MASK = (1 << COUNTER_BITS) - 1


def tick(last: int, now_ms: int) -> Hlc:
    """The next stamp after `last` when the wall clock shows `now_ms`. Always greater than `last`."""
    wall = now_ms << COUNTER_BITS
    return Hlc(wall if wall > last else last + 1)


def merge(last: int, seen: Iterable[int], now_ms: int) -> Hlc:
    """The stamp behind which a site goes on that stood at `last` and has seen what other sites stamped.

    What answers a fact thus comes behind it, whatever the two clocks show. Stamps more than :data:`MOST_AHEAD_MS` ahead
    are left out: a clock so wrong, or a hostile site, must not carry everybody with it.
    """
    bound = now_ms + MOST_AHEAD_MS << COUNTER_BITS
    return Hlc(max((last, *(stamp for stamp in seen if stamp <= bound))))


def milliseconds(stamp: int) -> int:
    """Physical part, milliseconds since the Unix epoch."""
    return stamp >> COUNTER_BITS


def counter(stamp: int) -> int:
    """Logical part."""
    return stamp & _COUNTER_MASK
