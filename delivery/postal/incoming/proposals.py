"""Proposals for pages that wait, from what the database knows of their piles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from delivery.postal.incoming.grouping import REACH, Known, Proposal, propose
from delivery.postal.parts import Desk
from delivery.store.returned import ReturnedPages
from delivery.store.returns import PageRow, Returns


def proposals_of(desk: Desk, returns: Returns, rows: Sequence[PageRow]) -> dict[str, tuple[Proposal, ...]]:
    """What each page may be, the most likely first, by the page's name; made anew from what is filed by now."""
    pages = ReturnedPages(desk.database)

    @cache
    def came(sheets: tuple[str, ...]) -> set[str]:
        return pages.came(sheets)

    # Neighbours ask the same of the same packets.
    known = Known(
        cache(desk.sheets.by_page), cache(desk.sheets.of_packet), lambda sheets: came(tuple(sheets))
    )
    out: dict[str, tuple[Proposal, ...]] = {}
    pile: dict[int, PageRow] = {}
    at = ("", 0)
    for row in rows:
        # One question for pages that wait side by side.
        if at[0] != row.file or not at[1] <= row.page <= at[1] + REACH:
            pile = returns.near(row, reach=2 * REACH)
            at = (row.file, row.page)
        out[row.ident] = propose(row, pile, known)
    return out
