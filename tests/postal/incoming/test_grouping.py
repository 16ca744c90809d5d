"""Proposals for pages without a certain code, told by the pages around them."""

from __future__ import annotations

from delivery.postal.incoming.grouping import Known, Proposal, Why, propose
from delivery.store.returns import FILED, QUEUED, PageRow
from delivery.store.sheets import Sheet

FILE = "f" * 64


def sheet(ident: str, role: str, activity: str, position: int, page: int = 1) -> Sheet:
    return Sheet(
        ident, "", "L1", "C1", activity, role, page, 1, "P1", "B1", "posted", "", False, position=position
    )


PACKET = (
    sheet("cover", "cover", "", 1),
    sheet("one-1", "assignment", "A1", 2),
    sheet("two-1", "assignment", "A2", 3),
    sheet("two-2", "assignment", "A2", 4, page=2),
    sheet("back", "return", "", 5),
)


def proposed(*pile: str, reason: str = "unreadable") -> list[Proposal]:
    """What is proposed for the page “?” of a pile; the others are filed."""
    rows = {
        number: PageRow(FILE, number, QUEUED, reason)
        if name == "?"
        else PageRow(FILE, number, FILED, page_id=name)
        for number, name in enumerate(pile, start=1)
    }
    by_id = {entry.page_id: entry for entry in PACKET}
    known = Known(by_id.get, lambda _: PACKET, lambda wanted: set(wanted) & set(pile))
    return list(propose(rows[pile.index("?") + 1], rows, known))


def extras(*pile: str) -> list[tuple[str, Why]]:
    return [(entry.activity, entry.why) for entry in proposed(*pile) if entry.kind == "extra"]


def test_behind_a_page_of_one_work_the_other_works_of_the_packet_may_be_meant_too() -> None:
    assert extras("two-1", "two-2", "?") == [("A2", Why.BEHIND_WORK), ("A1", Why.SAME_PACKET)]
    first, *_ = proposed("two-1", "two-2", "?")
    assert (first.kind, first.page) == ("extra", 2)


def test_behind_the_return_sheet_the_work_that_follows_is_meant_first() -> None:
    assert extras("back", "?", "two-1") == [("A2", Why.BEHIND_RETURN), ("A1", Why.SAME_PACKET)]
    assert extras("back", "?") == [("A1", Why.BEHIND_RETURN), ("A2", Why.SAME_PACKET)]


def test_a_likely_printed_page_goes_before_a_work_that_is_merely_in_the_packet() -> None:
    kinds = [(entry.kind, entry.why) for entry in proposed("one-1", "?", "back")]
    assert kinds.index(("extra", Why.BEHIND_WORK)) < kinds.index(("sheet", Why.BESIDE))
    assert kinds.index(("sheet", Why.BESIDE)) < kinds.index(("extra", Why.SAME_PACKET))


def test_a_page_of_which_nothing_can_be_seen_is_nobodys_extra_sheet() -> None:
    for reason in ("damaged", "dark"):
        assert [entry for entry in proposed("two-1", "?", reason=reason) if entry.kind == "extra"] == []
    # Which printed page is missing in its place is worth knowing: that one is scanned again.
    assert [entry.sheet for entry in proposed("two-1", "?", "back", reason="damaged")] == ["two-2"]
