"""Which sheet a page is: only codes that verify name one."""

from __future__ import annotations

import random

from delivery.ids import SeededIds
from delivery.postal.incoming.resolve import Doubt, Resolution, resolve
from delivery.record.sheetcode import CodeKeys, page_token, page_url, side_token

KEYS = CodeKeys({1: b"k" * 32, 2: b"l" * 32}, 2)
OTHER = CodeKeys({1: b"x" * 32, 2: b"y" * 32}, 2)
HOSTS = frozenset({"hoctuxa.edu.vn"})
SIDES = {"aa" * 5: "a1" * 6, "bb" * 5: "b2" * 6}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _resolve(*texts: str, blank: bool = False) -> Resolution:
    return resolve(texts, KEYS, page_of_side=SIDES.get, blank=blank, hosts=HOSTS)


def _url(page_id: str, keys: CodeKeys = KEYS, host: str = "https://hoctuxa.edu.vn") -> str:
    return page_url(host, page_token(page_id, keys))


def test_main_and_side_codes_of_one_sheet_name_it() -> None:
    assert _resolve(_url("a1" * 6), side_token("aa" * 5, KEYS)) == Resolution(page_id="a1" * 6)
    assert _resolve(side_token("bb" * 5, KEYS)) == Resolution(page_id="b2" * 6)


def test_an_address_that_has_changed_since_printing_still_counts() -> None:
    assert _resolve(_url("a1" * 6, host="https://old.example")).page_id == "a1" * 6


def test_two_sheets_on_one_picture_are_never_filed() -> None:
    assert _resolve(_url("a1" * 6), _url("b2" * 6)).doubt is Doubt.TWO_SHEETS
    assert _resolve(_url("a1" * 6), side_token("bb" * 5, KEYS)).doubt is Doubt.TWO_SHEETS
    assert _resolve(_url("a1" * 6), side_token("cc" * 5, KEYS)).doubt is Doubt.TWO_SHEETS


def test_a_forged_code_beside_a_true_one_is_for_a_person_to_judge() -> None:
    found = _resolve(_url("a1" * 6), _url("a1" * 6, OTHER))
    assert (found.doubt, found.proposal) == (Doubt.FORGED, "a1" * 6)


def test_foreign_codes_are_foreign_and_a_sheet_of_another_institution_too() -> None:
    assert _resolve("https://baochi.vn/tin-tuc", "4006381333931").foreign
    elsewhere = _url("a1" * 6, OTHER, host="https://other.edu.vn")
    assert _resolve(elsewhere, side_token("aa" * 5, OTHER)).foreign


def test_a_foreign_code_beside_ours_does_not_keep_the_page_from_its_learner() -> None:
    assert _resolve("https://baochi.vn", _url("a1" * 6)).page_id == "a1" * 6


def test_a_page_without_codes_is_blank_or_unreadable() -> None:
    assert _resolve(blank=True).blank
    assert _resolve().doubt is Doubt.UNREADABLE


def test_of_20000_altered_codes_none_is_accepted() -> None:
    rng = random.Random(20_000)
    ids = SeededIds(3)
    accepted = 0
    for number in range(20_000):
        page, side = ids.random_bytes(6).hex(), ids.random_bytes(5).hex()
        keys = OTHER if number % 4 == 3 else KEYS
        true = page_token(page, keys) if number % 2 else side_token(side, keys)
        text = _altered(true, rng) if keys is KEYS else true
        if number % 2:
            text = f"https://hoctuxa.edu.vn/q/{text}"
        found = resolve([text], KEYS, page_of_side=lambda side_id: f"page of {side_id}", hosts=HOSTS)
        accepted += bool(found.page_id)
    assert accepted == 0


def _altered(token: str, rng: random.Random) -> str:
    """One of: a changed character, a flipped bit, a truncation, an extension, two swapped characters, lower case."""
    at = rng.randrange(len(token))
    way = rng.randrange(6)
    if way == 0:
        other = rng.choice([c for c in ALPHABET if c != token[at]])
        return token[:at] + other + token[at + 1 :]
    if way == 1:
        bit = ALPHABET[ALPHABET.index(token[at]) ^ 1 << rng.randrange(5)]
        return token[:at] + bit + token[at + 1 :]
    if way == 2:
        return token[: rng.randrange(len(token))]
    if way == 3:
        return token + rng.choice(ALPHABET)
    if way == 4:
        other = rng.randrange(len(token))
        if token[at] == token[other]:
            return token.lower()
        letters = list(token)
        letters[at], letters[other] = letters[other], letters[at]
        return "".join(letters)
    return token.lower()
