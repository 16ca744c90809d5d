"""Long lists of pages that wait, as a console holds a part of them."""

from __future__ import annotations

from tui.clerk.returns_state import Page, continued


def pages(*numbers: int) -> list[Page]:
    return [Page(f"3fa94c21-{number}", "scan.pdf", number, 9, "unreadable", ()) for number in numbers]


def test_whoever_works_far_down_in_the_list_keeps_the_place_when_its_head_is_read_anew() -> None:
    held = pages(1, 2, 3, 4, 5, 6)
    assert continued(held, pages(1, 3, 4), offset=0, more=True) == (pages(1, 3, 4, 5, 6), True)
    assert continued(held, pages(7), offset=6, more=False) == (pages(1, 2, 3, 4, 5, 6, 7), False)


def test_what_is_not_in_the_list_any_more_is_not_held() -> None:
    held = pages(1, 2, 3, 4, 5, 6)
    assert continued(held, pages(2, 3), offset=0, more=False) == (pages(2, 3), False)
    assert continued(held, [], offset=0, more=False) == ([], False)
    # All that was held has been decided meanwhile: the list begins anew.
    assert continued(held, pages(7, 8), offset=0, more=True) == (pages(7, 8), False)
    assert continued([], pages(1, 2), offset=0, more=True) == (pages(1, 2), False)
