"""Postal item numbers of UPU S10."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.errors import BadInput
from delivery.postal.outgoing.mailing import check_digit, require_item

serials = st.from_regex(r"[0-9]{8}", fullmatch=True)


def test_the_example_of_the_standard_has_check_digit_9() -> None:
    assert check_digit("47312482") == 9


def test_spaces_and_small_letters_are_accepted() -> None:
    assert require_item(" rr 47312482 9 vn ") == "RR473124829VN"


@given(serials)
def test_every_serial_number_is_accepted_with_its_own_check_digit_and_no_other(serial: str) -> None:
    right = check_digit(serial)
    assert require_item(f"EE{serial}{right}VN") == f"EE{serial}{right}VN"
    for wrong in set(range(10)) - {right}:
        with pytest.raises(BadInput):
            require_item(f"EE{serial}{wrong}VN")


@given(serials, st.integers(0, 7), st.integers(1, 9))
def test_one_misread_digit_is_noticed_wherever_the_check_digit_differs(serial: str, at: int, by: int) -> None:
    digits = [int(digit) for digit in serial]
    digits[at] = (digits[at] + by) % 10
    misread = "".join(map(str, digits))
    if check_digit(misread) == check_digit(serial):
        # S10 maps two remainders to 5, so that a few changes cannot be seen; all others must be.
        assert check_digit(serial) == 5
        return
    with pytest.raises(BadInput):
        require_item(f"RR{misread}{check_digit(serial)}VN")


@pytest.mark.parametrize(
    "text", ["", "RR473124829V", "R1473124829VN", "RR47312482９VN", "RR473124829VNX", "ĐĐ473124829VN"]
)
def test_what_has_another_shape_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        require_item(text)
