"""What a line at the counter was meant as, well typed or not: the console and the desk must agree on it. Pure."""

from __future__ import annotations

import re

_LIKE_A_DAY = re.compile(r"[^\s./-]{1,4}([./-])[^\s./-]{1,2}\1[^\s./-]{1,4}")
_LIKE_AN_ITEM = re.compile(r"[A-Z]{2} ?[0-9]", re.IGNORECASE)


def is_like_a_day(text: str) -> bool:
    """Whether `text` was meant as a day, right or wrong. No code of ours and no postal item number is like one."""
    return _LIKE_A_DAY.fullmatch(text) is not None


def is_like_an_item(text: str) -> bool:
    """Whether `text` was meant as a postal item number (UPU S10), well read or not."""
    return _LIKE_AN_ITEM.match(text) is not None
