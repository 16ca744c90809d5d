"""What a hand scanner typed, as it was meant. It is a keyboard (a "wedge"), and types what its layout makes of a code.

Two settings of the computer turn codes into something else, and both can be undone: the Vietnamese layout (TCVN 6064),
whose row of digits writes letters and marks, and Caps Lock, which swaps large and small letters. What an input method
(Telex, VNI) has already joined cannot be told apart again; such a line is not used, and it is said why. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 256
"""Characters: more than any code of ours, and less than what somebody pastes by mistake."""
_DIGITS: Final = {
    "ă": "1", "â": "2", "ê": "3", "ô": "4", "\u0300": "5", "\u0309": "6", "\u0303": "7", "\u0301": "8",
    "\u0323": "9", "đ": "0",
}  # fmt: skip
"""TCVN 6064:1995: the row of digits, without Shift."""
_CAPITALS: Final = {letter.upper(): digit for letter, digit in _DIGITS.items() if letter.upper() != letter}
_ADDRESS: Final = re.compile(r"HTTPS?://")
_CODE: Final = re.compile(
    r"(?i:[a-z2-7]{24}|[a-z2-7]{16}|[a-z]{2} ?[0-9 ]{9,12} ?[a-z]{2}|https?://\S+)"
    r"|\d{1,4}([./-])\d{1,2}\1\d{1,4}"
)
_SMALL_CODE: Final = re.compile(r"[a-z2-7]{24}|[a-z2-7]{16}")


def as_meant(typed: str) -> str:
    """The code in `typed`: without blanks at its ends, in the letters and digits that stand on the paper."""
    text = typed.strip()
    if not text.isascii():
        meant = "".join({**_DIGITS, **_CAPITALS}.get(letter, letter) for letter in _apart(text))
        # A name that somebody typed stays a name.
        text = meant if _CODE.fullmatch(meant) or _ADDRESS.match(meant) else text
    if _ADDRESS.match(text):
        # An address of ours begins with small letters: Caps Lock was on.
        return text.swapcase()
    return text.upper() if _SMALL_CODE.fullmatch(text) else text


def is_code(text: str) -> bool:
    """Whether a code can consist of these characters at all."""
    return len(text) <= LONGEST and text.isascii() and text.isprintable()


def _apart(typed: str) -> str:
    """Marks that were keys of their own stand by themselves again, behind the letter or mark that came before."""
    out: list[str] = []
    for letter in typed:
        whole = unicodedata.normalize("NFD", letter)
        base, marks = whole[0], whole[1:]
        # â, ă, ê, ô are one key each; what is above or below them beside that came from another.
        for own in ("\u0302", "\u0306"):
            key = unicodedata.normalize("NFC", base + own)
            if own in marks and key.lower() in _DIGITS:
                base, marks = key, marks.replace(own, "", 1)
        out.append(base + marks)
    return "".join(out)
