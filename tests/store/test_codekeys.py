"""Code keys over the years: what was printed is read until its key is retired, and never taken for another's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.clock import ManualClock
from delivery.errors import BadInput, NotFound, Refused
from delivery.ids import SeededIds
from delivery.record.sheetcode import PageRef, SideRef, page_token, read_code, side_token, signed_with_retired
from delivery.store.codekeys import IDS, CodeKeyRing
from delivery.store.keys import KEYS_FILE, KeyFile, ensure_keys
from tests.support.home import START

PAGE, SIDE = "0123456789ab", "0123456789"


@pytest.fixture
def ring(tmp_path: Path) -> CodeKeyRing:
    ids = SeededIds(5)
    ensure_keys(tmp_path, ids)
    return CodeKeyRing(tmp_path, ManualClock(START), ids)


def test_sheets_of_the_key_before_are_still_read_by_a_home_that_runs(
    tmp_path: Path, ring: CodeKeyRing
) -> None:
    running = KeyFile(tmp_path)
    old = page_token(PAGE, running.read().codes)
    ring.rotate()
    codes = running.read().codes
    new = page_token(PAGE, codes)
    assert new != old
    assert read_code(old, codes) == read_code(new, codes) == PageRef(PAGE)


def test_a_retired_key_is_accepted_nowhere_and_told_from_a_forged_one(
    tmp_path: Path, ring: CodeKeyRing
) -> None:
    codes = KeyFile(tmp_path).read().codes
    main, side = page_token(PAGE, codes), side_token(SIDE, codes)
    ring.rotate()
    ring.retire(1)
    now = KeyFile(tmp_path).read().codes
    assert read_code(main, now) is None
    assert read_code(side, now) is None
    assert signed_with_retired(main, now)
    assert signed_with_retired(side, now)
    forged = main[:-1] + ("A" if main[-1] != "A" else "B")
    assert not signed_with_retired(forged, now)
    assert read_code(side_token(SIDE, now), now) == SideRef(SIDE)


def test_the_key_that_signs_cannot_be_retired(ring: CodeKeyRing) -> None:
    with pytest.raises(Refused, match="signs"):
        ring.retire(1)
    with pytest.raises(NotFound):
        ring.retire(7)


def test_a_number_is_not_given_again_while_sheets_may_bear_it(ring: CodeKeyRing) -> None:
    for _ in range(IDS - 1):
        last = ring.rotate().number
    assert sorted(key.number for key in ring.all()) == list(range(IDS))
    retired = next(key.number for key in ring.all() if key.number != last)
    ring.retire(retired)
    with pytest.raises(Refused, match="in use"):
        ring.rotate()
    ring.forget(retired)
    assert ring.rotate().number == retired


def test_a_partner_takes_over_whole_keys_only(tmp_path: Path, ring: CodeKeyRing) -> None:
    ring.rotate()
    other = tmp_path / "partner"
    ensure_keys(other, SeededIds(6))
    partner = CodeKeyRing(other, ManualClock(START), SeededIds(6))
    before = (other / KEYS_FILE).read_bytes()
    for broken in ({}, {"current": 3, "keys": {"1": "00" * 32}}, {"current": 1, "keys": {"1": "00"}}):
        with pytest.raises(BadInput):
            partner.take_over(broken)
    assert (other / KEYS_FILE).read_bytes() == before
    partner.take_over(ring.shared())
    mine = json.loads((other / KEYS_FILE).read_bytes())
    assert mine["codes"] == ring.shared()
    assert mine["signing"] == json.loads(before)["signing"]
    sheet = page_token(PAGE, KeyFile(tmp_path).read().codes)
    assert read_code(sheet, KeyFile(other).read().codes) == PageRef(PAGE)
