"""Exact arithmetic that grades and regulation share."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


def round_half_up(value: Fraction, places: int) -> Decimal:
    """Exact value -> decimal with `places` places, halves away from zero. Rounds once, with no float in between."""
    scaled = value * 10**places
    doubled = 2 * scaled.numerator + scaled.denominator
    whole = doubled // (2 * scaled.denominator)
    return (Decimal(whole) / (Decimal(10) ** places)).quantize(
        Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP
    )
