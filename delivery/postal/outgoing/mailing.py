"""Postal item numbers of UPU standard S10: validated and kept, never invented. Pure."""

from __future__ import annotations

import re

from delivery.errors import N_, BadInput

_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_ITEM = re.compile(r"([A-Z]{2})(\d{8})(\d)([A-Z]{2})")


def check_digit(serial: str) -> int:
    """Check digit of an eight-digit serial number (S10, section 5.3): 11 - (weighted sum mod 11), 10 -> 0, 11 -> 5."""
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, serial, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def require_item(text: str) -> str:
    """The 13 characters of a postal item number, without spaces and in capitals.

    Raises BadInput that tells a wrong shape from a wrong check digit.
    """
    item = "".join(text.split()).upper()
    found = _ITEM.fullmatch(item)
    if not found or not item.isascii():
        raise BadInput(
            N_("“{item}” is not a postal item number."),
            do=N_(
                "It has two letters, nine digits and two letters of the country, for example RR473124829VN."
            ),
            item=text,
        )
    if check_digit(found[2]) != int(found[3]):
        raise BadInput(
            N_("The check digit of postal item {item} is wrong."),
            do=N_("Read the number on the label again; one character was misread or mistyped."),
            item=item,
        )
    return item
