"""Hybrid logical clock (Kulkarni et al. 2014, "Logical Physical Clocks"): 48 bits of milliseconds, 16 bits of counter.

It orders facts for display. It never decides a deadline; those use the receipt time that a site witnessed.
"""

from __future__ import annotations

from typing import NewType

Hlc = NewType("Hlc", int)

COUNTER_BITS = 16
_COUNTER_MASK = (1 << COUNTER_BITS) - 1


def tick(last: int, now_ms: int) -> Hlc:
    """The next stamp after `last` when the wall clock shows `now_ms`. Always greater than `last`."""
    wall = now_ms << COUNTER_BITS
    return Hlc(wall if wall > last else last + 1)


def merge(last: int, seen: int, now_ms: int) -> Hlc:
    """The next stamp after having seen a remote stamp."""
    return tick(max(last, seen), now_ms)


def milliseconds(stamp: int) -> int:
    """Physical part, milliseconds since the Unix epoch."""
    return stamp >> COUNTER_BITS


def counter(stamp: int) -> int:
    """Logical part."""
    return stamp & _COUNTER_MASK
