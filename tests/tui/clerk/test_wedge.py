"""What a hand scanner typed is read as it was meant, whatever the keyboard made of it."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tui.clerk.wedge import LONGEST, as_meant, is_code

TCVN = dict(zip("1234567890", "ăâêô\u0300\u0309\u0303\u0301\u0323đ", strict=True))
"""TCVN 6064:1995, the row of digits."""
CODES = st.one_of(
    st.from_regex(r"[A-Z2-7]{24}", fullmatch=True),
    st.from_regex(r"[A-Z2-7]{16}", fullmatch=True),
    st.from_regex(r"[A-Z]{2}[0-9]{9}VN", fullmatch=True),
    st.from_regex(r"https://hoctuxa\.edu\.vn/q/[A-Z2-7]{24}", fullmatch=True),
    st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", fullmatch=True),
)


@given(CODES)
def test_the_vietnamese_layout_is_undone(code: str) -> None:
    assert as_meant("".join(TCVN.get(letter, letter) for letter in code)) == code


@given(CODES)
def test_caps_lock_is_undone_in_our_own_codes(code: str) -> None:
    swapped = code.swapcase()
    if "VN" not in code[-2:] or code.startswith("https"):
        assert as_meant(swapped) == code


@given(CODES)
def test_what_was_typed_rightly_stays(code: str) -> None:
    assert as_meant(f" {code}\t") == code
    assert is_code(code)


@given(st.text())
def test_whatever_is_typed_is_no_error(text: str) -> None:
    as_meant(text)
    as_meant(unicodedata.normalize("NFD", text))


def test_a_name_and_a_page_of_text_are_no_codes() -> None:
    assert not is_code("Nguyễn Văn Tuấn")
    assert not is_code("A" * (LONGEST + 1))
    assert not is_code("RR\x1b[31m")
