"""The signed codes on sheets."""

from __future__ import annotations

import random

from delivery.record.sheetcode import (
    SIDE_CHARS,
    TOKEN_CHARS,
    CodeKeys,
    PageRef,
    SideRef,
    page_token,
    page_url,
    read_code,
    side_token,
)

OLD, NEW, FOREIGN = bytes(32), bytes([1]) * 32, bytes([2]) * 32
KEYS = CodeKeys({1: OLD, 2: NEW}, current=2)


def test_a_page_and_a_side_code_read_back_as_what_they_are() -> None:
    url = page_url("https://tuxa.example", page_token("0a0b0c0d0e0f", KEYS))
    assert read_code(url, KEYS) == PageRef("0a0b0c0d0e0f")
    assert read_code(side_token("0102030405", KEYS), KEYS) == SideRef("0102030405")
    assert len(page_token("0a0b0c0d0e0f", KEYS)) == TOKEN_CHARS
    assert len(side_token("0102030405", KEYS)) == SIDE_CHARS


def test_sheets_printed_under_an_older_key_still_verify() -> None:
    printed = page_token("0a0b0c0d0e0f", CodeKeys({1: OLD}, current=1))
    assert read_code(printed, KEYS) == PageRef("0a0b0c0d0e0f")


def test_forged_altered_truncated_and_foreign_codes_are_all_refused() -> None:
    rng = random.Random(8785)
    token = page_token("0a0b0c0d0e0f", KEYS)
    side = side_token("0102030405", KEYS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for _ in range(20_000):
        base = rng.choice((token, side))
        at = rng.randrange(len(base))
        changed = base[:at] + rng.choice(alphabet.replace(base[at], "")) + base[at + 1 :]
        assert read_code(changed, KEYS) is None
        assert read_code("".join(rng.choices(alphabet, k=len(base))), KEYS) is None
        assert read_code(base[: rng.randrange(len(base))], KEYS) is None
    other = CodeKeys({2: FOREIGN}, current=2)
    assert read_code(page_token("0a0b0c0d0e0f", other), KEYS) is None
    for text in ("", "/q/", "https://example.org/", token.lower(), token + "=", "ｆ" * 24, "\x00" * 24):
        assert read_code(text, KEYS) is None
