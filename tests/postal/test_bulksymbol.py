"""Symbols in bulk are the library's own, bit for bit."""

from __future__ import annotations

import random

import pytest

from delivery.postal.bulksymbol import WORTH_FROM, symbol_maker
from delivery.postal.symbol import main_symbol, side_symbol
from delivery.record.sheetcode import page_url

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@pytest.mark.parametrize("host", ["https://hoctuxa.edu.vn", "http://127.0.0.1:8642", "https://" + "h" * 50])
def test_every_symbol_is_identical_to_the_librarys(host: str) -> None:
    maker = symbol_maker(host, pages=WORTH_FROM)
    assert maker.main is not None
    rng = random.Random(5)
    texts = ["A" * 24, "7" * 24, *("".join(rng.choices(ALPHABET, k=24)) for _ in range(120))]
    for text in texts:
        assert maker.main_of(text) == main_symbol(page_url(host, text))
        assert maker.side_of(text[:16]) == side_symbol(text[:16])


def test_a_few_symbols_are_made_by_the_library_itself() -> None:
    maker = symbol_maker("https://hoctuxa.edu.vn", pages=WORTH_FROM - 1)
    assert maker.main is None
    assert maker.side_of("A" * 16) == side_symbol("A" * 16)
