"""The timeline: whole, ordered, anchored to the epoch, and frozen where it has been told."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.feed import locate
from delivery.broadcast.schedule.timeline import (
    CARD_TICKS,
    Plan,
    Timeline,
    compile_timeline,
    slice_of,
)
from delivery.store.air import TICK_US, Airing, RowKind
from delivery.units import SEGMENT_TICKS, TICK_PTS
from tests.broadcast.paper import CHANNEL, NOON, airing, assets, compiled, paper_asset


def segments(timeline: Timeline, before: int) -> list[tuple[int, int, int, str, str]]:
    """What listeners were told up to a tick: number, start, length, asset and counters of every segment."""
    found = timeline.slices(timeline.start_tick, before)
    return [(s.sequence, s.start_tick, s.ticks, s.row.asset, str(s.row.continuity)) for s in found]


lessons = st.lists(st.tuples(st.integers(-400, 6000), st.integers(1, 700), st.booleans()), max_size=12).map(
    lambda some: [airing(n, NOON + s, t, course="C1" if c else "") for n, (s, t, c) in enumerate(some)]
)


@given(lessons)
def test_rows_cover_the_time_without_gap_or_overlap(some: list[Airing]) -> None:
    cards = {a.id: f"card-{CARD_TICKS}" for a in some[::2]}
    result = compiled(some, cards=cards)
    rows = result.timeline.rows
    assert rows[0].start_tick == NOON
    assert rows[-1].end_tick >= NOON + 5625
    for row, following in pairwise(rows):
        assert row.end_tick == following.start_tick
        assert row.end_sequence == following.sequence
    pieces = list(result.timeline.slices(NOON, rows[-1].end_tick))
    assert [p.sequence for p in pieces] == list(range(rows[0].sequence, rows[-1].end_sequence))
    assert sum(p.ticks for p in pieces) == rows[-1].end_tick - NOON
    assert all(result.timeline.by_sequence(p.sequence) == p for p in pieces)


@given(lessons)
def test_every_airing_is_placed_at_its_own_tick_or_explained(some: list[Airing]) -> None:
    result = compiled(some)
    starts = {row.airing: row.start_tick for row in result.timeline.rows if row.kind in ("lesson", "filler")}
    explained = {finding.airing for finding in result.findings}
    for one in some:
        if one.start_tick < NOON + 5625:
            assert starts.get(one.id) == one.start_tick or one.id in explained
            assert (one.id in starts) != (one.id in explained)


@given(lessons, lessons, st.integers(0, 7000))
def test_compiling_again_keeps_what_is_frozen(before: list[Airing], after: list[Airing], ahead: int) -> None:
    after = [replace(a, id="later" + a.id, slot="later" + a.slot) for a in after]
    first = compiled(before).timeline
    frozen = NOON + ahead
    again = compiled(after, hours=1, previous=first.rows, frozen=frozen)
    ended = [row for row in first.rows if row.end_tick <= frozen]
    assert list(again.timeline.rows[: len(ended)]) == ended
    told = segments(first, frozen)
    assert segments(again.timeline, again.timeline.end_tick)[: len(told)] == told
    for row in first.rows:
        if row.start_tick < frozen and row.kind is not RowKind.SLATE:
            assert row in again.timeline.rows


@given(lessons, st.integers(0, 7000))
def test_compiling_the_same_again_changes_nothing(some: list[Airing], ahead: int) -> None:
    first = compiled(some)
    again = compiled(some, previous=first.timeline.rows, frozen=NOON + ahead)
    pieces = [
        [(p.sequence, p.start_tick, p.ticks, p.row.asset, p.row.airing) for p in t.slices(NOON, t.end_tick)]
        for t in (first.timeline, again.timeline)
    ]
    assert pieces[0] == pieces[1]


@given(lessons)
def test_counters_of_a_row_follow_from_all_packets_before_it(some: list[Airing]) -> None:
    rows = compiled(some).timeline.rows
    sent = {"v360": {"0": 0, "256": 0, "257": 0}, "audio": {"0": 0, "256": 0, "257": 0}}
    for row in rows:
        for rendition, pids in sent.items():
            held = row.counters(rendition)
            assert {pid: held.get(pid, 0) for pid in pids} == {pid: n % 16 for pid, n in pids.items()}
        asset = assets(row.asset)
        for index in range(row.segments):
            for r in asset.renditions:
                for pid, packets in r.segments[index % len(r.segments)].packets.items():
                    sent[r.name][pid] += packets
        assert slice_of(row, row.segments - 1).end_tick == row.end_tick


def test_a_lesson_that_collides_is_named_with_the_first_free_time() -> None:
    result = compiled([airing(1, NOON + 100, 400), airing(2, NOON + 300, 50)])
    [finding] = result.findings
    assert (finding.code, finding.airing) == ("overlap", "airing2")
    free = (NOON + 500) * TICK_US
    assert 0 <= -(-free // 1_000_000) * 1_000_000 - free < 1_000_000
    assert "Move it to" in str(finding.proposal)


def test_the_card_follows_its_lesson_and_gives_way_to_the_next_programme() -> None:
    cards = {"airing1": "card-18", "airing2": "card-18"}
    result = compiled([airing(1, NOON + 100, 40), airing(2, NOON + 145, 40)], cards=cards)
    kinds = [
        (row.kind, row.start_tick - NOON) for row in result.timeline.rows if row.kind is not RowKind.SLATE
    ]
    assert kinds == [("lesson", 100), ("lesson", 145), ("card", 185)]
    assert [f.code for f in result.findings] == ["no-room-for-card"]
    assert [a.card for a in result.placed] == [False, True]


def test_a_lesson_within_the_frozen_horizon_comes_too_late() -> None:
    first = compiled([])
    result = compiled([airing(1, NOON + 90, 40)], previous=first.timeline.rows, frozen=NOON + 188)
    assert [f.code for f in result.findings] == ["frozen"]


def test_an_asset_in_another_format_is_refused_by_name() -> None:
    def odd(asset_id: str) -> Asset:
        return (
            paper_asset(asset_id, 40, renditions=("v720",))
            if asset_id.startswith("lesson")
            else assets(asset_id)
        )

    plan = Plan(CHANNEL, [airing(1, NOON + 100, 40)], odd, {}, NOON, NOON + 1000)
    [finding] = compile_timeline(plan).findings
    assert finding.code == "wrong-format"
    assert "v360" in str(finding.what)


def test_a_new_channel_numbers_its_segments_higher_than_any_channel_before_it() -> None:
    year = 365 * 24 * 11_250
    early = compiled([]).timeline.rows[0].sequence
    late = (
        compile_timeline(Plan(CHANNEL, [], assets, {}, NOON + year, NOON + year + 100))
        .timeline.rows[0]
        .sequence
    )
    assert late > early + year // SEGMENT_TICKS
    assert late < 2**31


def test_a_day_of_2000_joins_across_the_wrap_of_the_stamps_does_not_drift_by_a_tick() -> None:
    day, wrap = 270_000, (1 << 33) // TICK_PTS
    noon = (NOON // wrap + 1) * wrap - day // 2
    lengths = [100 + number * 37 % 67 for number in range(2_000)]
    starts = [noon + 10 + number * 134 for number in range(2_000)]
    some = [airing(n, s, t) for n, (s, t) in enumerate(zip(starts, lengths, strict=True)) if t < 134]
    timeline = compile_timeline(Plan(CHANNEL, some, assets, {}, noon, noon + day)).timeline
    assert sum(row.kind is not RowKind.SLATE for row in timeline.rows) == len(some) > 900
    assert len(timeline.rows) > 2_000
    sent: dict[int, int] = {}
    expected = noon
    for piece in timeline.slices(noon, noon + day):
        asset = assets(piece.row.asset)
        position = locate(piece, asset, "v360")
        # Presentation goes on where it was, modulo 2^33, and counters where the last packet was.
        first_tick = piece.index * SEGMENT_TICKS % asset.ticks
        assert position.delta90k + first_tick * TICK_PTS == expected * TICK_PTS
        for pid, packets in position.packets.items():
            assert position.counters.get(pid, 0) == sent.get(pid, 0) % 16
            sent[pid] = sent.get(pid, 0) + packets
        expected += piece.ticks
    assert expected * TICK_PTS % (1 << 33) < noon * TICK_PTS % (1 << 33)


_PROGRAM = """
from tests.broadcast.paper import NOON, airing, compiled
from delivery.broadcast.playout.hls import playlist
from delivery.clock import from_micros
timeline = compiled([airing(1, NOON + 100, 40), airing(2, NOON + 333, 71)]).timeline
print(timeline.digest)
print(playlist(timeline, "v360", from_micros((NOON + 420) * 320_000)))
"""


def test_any_process_in_any_time_zone_compiles_and_lists_the_same_bytes() -> None:
    outputs = set()
    for zone in ("UTC", "America/New_York", "Asia/Ho_Chi_Minh"):
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": str(len(zone))}
        run = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            cwd=Path(__file__).parents[3],
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert "#EXTINF:5.76," in outputs.pop()
