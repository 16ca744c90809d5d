"""The quick proof says yes to what the ledger's reader finds nothing wrong with, and no to everything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.record.ledger import chain_hash, genesis
from delivery.record.unbroken import TextRow, is_unbroken

STREAM = "MAIN/Đà Nẵng"


def chain(length: int, *, after: int = 0, prev: str = "") -> list[TextRow]:
    last, rows = prev or genesis(STREAM), []
    for seq in range(after + 1, after + length + 1):
        told = (f"id{seq}", "MarkRecorded", "L1", 1000 + seq // 2, seq << 16, '{"at":"Huế"}')
        last = chain_hash((STREAM, seq, *told), last)
        rows.append((seq, *told, last))
    return rows


def is_whole(rows: list[Any]) -> bool:
    return is_unbroken(STREAM, rows, first=1, prev=genesis(STREAM))


def test_a_whole_stretch_is_proved_wherever_it_begins() -> None:
    rows = chain(9)
    assert is_whole(rows)
    assert is_unbroken(STREAM, rows[4:], first=5, prev=rows[3][-1])
    assert not is_unbroken(STREAM, rows[4:], first=5, prev=rows[2][-1])
    assert not is_unbroken(STREAM, rows[4:], first=6, prev=rows[3][-1])
    assert not is_unbroken("MAIN/P1", rows, first=1, prev=genesis(STREAM))


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (0, 1, 3), (1, 2, 3), (0, 1, 1, 2)])
def test_rows_that_are_missing_doubled_or_exchanged_are_no_whole_stretch(order: tuple[int, ...]) -> None:
    rows = chain(4)
    assert not is_whole([rows[at] for at in order])
    assert not is_whole([(number, *rows[at][1:]) for number, at in enumerate(order, 1)])


ANYTHING = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(), st.binary(), st.booleans(), st.just("L1"), st.just(1001)
)


@given(st.integers(0, 3), st.integers(0, 7), ANYTHING)
def test_no_value_of_any_type_passes_for_the_one_that_was_told(at: int, field: int, value: object) -> None:
    rows: list[Any] = chain(4)
    changed = list(rows[at])
    same = type(changed[field]) is type(value) and changed[field] == value
    changed[field] = value
    rows[at] = tuple(changed)
    assert is_whole(rows) is same


@pytest.mark.parametrize("field", range(8))
def test_a_number_or_text_of_another_type_does_not_pass(field: int) -> None:
    rows: list[Any] = chain(3)
    changed = list(rows[1])
    old = changed[field]
    changed[field] = float(old) if isinstance(old, int) else old.encode()
    assert not is_whole([rows[0], tuple(changed), rows[2]])
