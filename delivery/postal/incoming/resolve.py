"""Which sheet a page is, from the texts of its codes: a pure, declared policy.

Only codes whose MAC verifies name a sheet. A page that shows two sheets, or a code that pretends to be ours, is never
filed by machine: a person judges it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from delivery.record.sheetcode import URL_PATH, CodeKeys, PageRef, SideRef, read_code

_TOKEN = re.compile(r"[A-Z2-7]{24}")
_SIDE = re.compile(r"[A-Z2-7]{16}")


class Doubt(StrEnum):
    """Why a page is not filed by itself."""

    UNREADABLE = "unreadable"
    """No code was found on a page that is not blank."""
    FORGED = "forged"
    """A code has our form, but its MAC does not verify: forged, altered, or signed with a key we do not have."""
    TWO_SHEETS = "two_sheets"
    """Codes of two sheets on one picture, or of one with another beside it."""
    UNKNOWN = "unknown"
    """A verified code of a sheet that this site has no record of."""
    HELD = "held"
    """Filed under nobody: the sheet was voided, or its learner is unknown here."""
    DAMAGED = "damaged"
    """The picture itself cannot be decoded."""
    FRAMED = "framed"
    """No code was read, but the corner marks are those of our sheets."""
    DARK = "dark"
    """Nothing but black: the lid was open, or a sheet went through wrongly."""
    TORN = "torn"
    """A part of a sheet only: its code can be read, but much of the page is not there."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """`page_id` when the page is known; else `doubt`; `foreign` when it is certainly not ours, or `blank`."""

    page_id: str = ""
    doubt: Doubt | None = None
    foreign: bool = False
    blank: bool = False
    proposal: str = ""
    """Page id that a person may confirm."""


def resolve(
    texts: Iterable[str],
    keys: CodeKeys,
    *,
    page_of_side: Callable[[str], str | None],
    blank: bool = False,
    dark: bool = False,
    framed: bool = False,
    hosts: frozenset[str] = frozenset(),
) -> Resolution:
    """Decide what a page is. `page_of_side` finds the page id behind a verified side id.

    `blank`, `dark` and `framed` (our corner marks were seen) say what is seen where no code was read.

    `hosts` are the addresses that our own codes carry: an unverified address elsewhere is foreign, not forged.
    """
    pages: set[str] = set()
    unknown_side = False
    doubtful = foreign = elsewhere = False
    for text in texts:
        found = read_code(text, keys)
        if isinstance(found, PageRef):
            pages.add(found.page_id)
        elif isinstance(found, SideRef):
            page = page_of_side(found.side_id)
            if page is None:
                unknown_side = True
            else:
                pages.add(page)
        elif _of_another_host(text, hosts):
            elsewhere = True
        elif _pretends(text):
            doubtful = True
        else:
            foreign = True
    if len(pages) > 1:
        return Resolution(doubt=Doubt.TWO_SHEETS)
    if elsewhere and not pages and not unknown_side:
        # A sheet of another institution with the same program: its side codes have our form, its address tells.
        return Resolution(foreign=True)
    if doubtful or elsewhere:
        return Resolution(doubt=Doubt.FORGED, proposal=next(iter(pages), ""))
    if pages and unknown_side:
        return Resolution(doubt=Doubt.TWO_SHEETS, proposal=next(iter(pages)))
    if pages:
        return Resolution(page_id=pages.pop())
    if unknown_side:
        return Resolution(doubt=Doubt.UNKNOWN)
    if foreign:
        return Resolution(foreign=True)
    if blank:
        return Resolution(blank=True)
    return Resolution(doubt=Doubt.DARK if dark else Doubt.FRAMED if framed else Doubt.UNREADABLE)


def _of_another_host(text: str, hosts: frozenset[str]) -> bool:
    """Whether a text has the form of our main code, under an address that is not ours."""
    head, path, token = text.rpartition(URL_PATH)
    return bool(path and hosts and _TOKEN.fullmatch(token)) and urlsplit(head).netloc not in hosts


def _pretends(text: str) -> bool:
    """Whether a text that did not verify has the form of our codes."""
    token = text.rpartition(URL_PATH)[2]
    return bool(_TOKEN.fullmatch(token) or _SIDE.fullmatch(token))
