"""Playlists: what RFC 8216 asks of a live channel, judged by an independent parser; and HTTP around them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import m3u8
import pytest
import structlog
from fastapi import FastAPI

from delivery.broadcast.playout.hls import master, playlist, seconds
from delivery.broadcast.playout.http import PLAYLIST_TYPE, SEGMENT_TYPE, HeldPlaylists, hls_router
from delivery.broadcast.playout.restamp import packet_counts
from delivery.clock import from_micros, to_micros
from delivery.store.air import TICK_US
from tests.broadcast.paper import NOON, airing, compiled
from tests.broadcast.playout.air_fixtures import air, studio
from tests.broadcast.playout.air_station import START, Air
from tests.support.tools import tool

__all__ = ["air", "studio"]

TIMELINE = compiled(
    [airing(1, NOON + 100, 40), airing(2, NOON + 300, 71), airing(3, NOON + 500, 19)]
).timeline


def at(tick: int) -> m3u8.M3U8:
    return m3u8.loads(playlist(TIMELINE, "v360", from_micros(tick * TICK_US)))


def test_a_playlist_lists_only_segments_that_have_ended_within_the_window() -> None:
    for tick in range(NOON + 60, NOON + 600, 7):
        now_us = tick * TICK_US
        listed = at(tick)
        last = listed.segments[-1]
        assert last.program_date_time is not None
        ends = [to_micros(s.program_date_time) + round(s.duration * 1e6) for s in listed.segments]
        assert now_us - 60_160_000 < ends[0]
        assert now_us - 5_760_000 <= ends[-1] <= now_us


def test_the_window_moves_on_without_a_break_or_a_step_back() -> None:
    seen: dict[int, tuple[str, float, object]] = {}
    previous = 0
    for tick in range(NOON, NOON + 700):
        listed = at(tick)
        assert listed.target_duration == 6
        assert listed.media_sequence >= previous
        previous = listed.media_sequence
        for number, segment in enumerate(listed.segments):
            assert not segment.discontinuity
            told = (segment.uri, segment.duration, segment.program_date_time)
            assert seen.setdefault(listed.media_sequence + number, told) == told
            assert segment.uri == f"v360/{listed.media_sequence + number}.ts"


def test_durations_are_exact() -> None:
    assert [seconds(ticks) for ticks in (1, 3, 18)] == ["0.32", "0.96", "5.76"]


def test_a_playlist_before_the_first_segment_has_ended_names_its_number() -> None:
    listed = at(NOON + 3)
    assert (len(listed.segments), listed.media_sequence) == (0, TIMELINE.rows[0].sequence)


def test_all_renditions_have_the_same_numbers_and_lengths() -> None:
    now = from_micros((NOON + 420) * TICK_US)
    texts = [playlist(TIMELINE, name, now).replace(name, "R") for name in ("v360", "v240", "audio")]
    assert len(set(texts)) == 1


async def _get(air: Air, path: str, **headers: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(hls_router(air.station.playout))
    app.add_middleware(HeldPlaylists, provider=air.station.playout)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path, headers=headers)


def get(air: Air, path: str, **headers: str) -> httpx.Response:
    return asyncio.run(_get(air, path, **headers))


@pytest.fixture
def live(air: Air) -> Air:
    """The channel half a minute into a lesson."""
    air.schedule("M1", 60, after_s=30)
    air.compile()
    air.clock.at = START + timedelta(seconds=45)
    return air


def test_the_master_playlist_offers_every_rung_and_sound_alone(live: Air) -> None:
    answer = get(live, "/hls/TV1/master.m3u8")
    assert answer.headers["content-type"] == PLAYLIST_TYPE
    offered = m3u8.loads(answer.text).playlists
    assert [p.uri for p in offered] == ["v360.m3u8", "v240.m3u8", "audio.m3u8"]
    assert [p.stream_info.resolution for p in offered] == [(160, 96), (96, 64), None]
    peak = max(s.bytes * 8 / (s.ticks * 0.32) for s in live.lessons["M1"].rendition("v360").segments)
    assert offered[0].stream_info.bandwidth >= int(peak)


def test_what_was_asked_for_at_this_moment_before_is_answered_in_the_same_way(live: Air) -> None:
    made, held = (get(live, "/hls/TV1/v240.m3u8") for _ in range(2))
    assert (held.status_code, held.content) == (200, made.content)
    assert dict(held.headers) == dict(made.headers)
    across = get(live, "/hls/TV1/v240.m3u8", origin="http://localhost:5000")
    assert across.headers["access-control-allow-origin"] == "http://localhost:5000"
    live.clock.advance(8)
    assert get(live, "/hls/TV1/v240.m3u8").content != made.content


def test_every_listed_segment_is_served_and_may_be_kept_for_ever(live: Air) -> None:
    answer = get(live, "/hls/TV1/v360.m3u8")
    assert answer.headers["cache-control"] == "public, max-age=1"
    for segment in m3u8.loads(answer.text).segments[-3:]:
        served = get(live, f"/hls/TV1/{segment.uri}")
        assert served.headers["content-type"] == SEGMENT_TYPE
        assert "immutable" in served.headers["cache-control"]
        assert packet_counts(served.content)[256] > 10


def test_what_does_not_exist_yet_or_any_more_is_not_found_and_not_kept(live: Air) -> None:
    listed = m3u8.loads(get(live, "/hls/TV1/v360.m3u8").text)
    coming = listed.media_sequence + len(listed.segments)
    for path in (f"TV1/v360/{coming}.ts", "TV1/v360/1.ts", "TV1/v360/x.ts", "TV9/master.m3u8", "TV1/v1.m3u8"):
        answer = get(live, f"/hls/{path}")
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


def test_pages_of_this_machine_may_read_across_ports_and_no_other_site(live: Air) -> None:
    allowed = get(live, "/hls/TV1/master.m3u8", origin="http://127.0.0.1:5000").headers
    assert allowed["access-control-allow-origin"] == "http://127.0.0.1:5000"
    for origin in ("https://example.org", "http://localhost.example.org"):
        assert "access-control-allow-origin" not in get(live, "/hls/TV1/master.m3u8", origin=origin).headers


def test_an_altered_blob_is_replaced_by_a_slate_with_an_alert(live: Air) -> None:
    listed = m3u8.loads(get(live, "/hls/TV1/v360.m3u8").text)
    lost = live.lessons["M1"].rendition("v360").segments[0].blob
    held = live.studio.blobs.held.pop(lost)
    path = f"/hls/TV1/{listed.segments[-2].uri}"
    try:
        with structlog.testing.capture_logs() as logs:
            replaced = get(live, path)
    finally:
        live.studio.blobs.held[lost] = held
    assert replaced.status_code == 200
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("segment-replaced", "error")]
    # It was published as a slate, and stays one.
    assert get(live, path).content == replaced.content


def test_without_any_slate_the_other_segments_go_on(live: Air) -> None:
    listed = m3u8.loads(get(live, "/hls/TV1/v360.m3u8").text)
    held, live.studio.blobs.held = live.studio.blobs.held, {}
    try:
        with structlog.testing.capture_logs() as logs:
            assert get(live, f"/hls/TV1/{listed.segments[-1].uri}").status_code == 503
            live.run(8)
    finally:
        live.studio.blobs.held = held
    assert {entry["event"] for entry in logs if entry.get("dead_air")} == {"segment-replaced"}
    assert get(live, f"/hls/TV1/{listed.segments[-2].uri}").status_code == 200


def test_material_that_loses_its_approval_leaves_the_air_at_the_next_segment(live: Air) -> None:
    first = m3u8.loads(get(live, "/hls/TV1/v360.m3u8").text)
    seen = get(live, f"/hls/TV1/{first.segments[-1].uri}").content
    live.approved = False
    live.run(8)
    then = m3u8.loads(get(live, "/hls/TV1/v360.m3u8").text)
    slate = get(live, f"/hls/TV1/{then.segments[-1].uri}").content
    [row] = [r for r in live.station.store.rows("TV1") if r.kind == "lesson"]
    assert live.station.store.stopped_from("TV1", row.airing) == first.media_sequence + len(first.segments)
    lesson = live.lessons["M1"].rendition("v360").segments
    assert len(slate) != lesson[then.media_sequence + len(then.segments) - 1 - row.sequence].bytes
    assert get(live, f"/hls/TV1/{first.segments[-1].uri}").content == seen


def parsed(playlists: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What hls-parser, which refuses what the standard does not allow, makes of playlists."""
    run = subprocess.run(
        [str(tool("node")), str(Path(__file__).parent / "hls_parser.js")],
        input=json.dumps(playlists),
        capture_output=True,
        text=True,
        check=True,
    )
    told: list[dict[str, Any]] = json.loads(run.stdout)
    return told


@pytest.mark.needs("node", "hls-parser")
def test_hls_parser_accepts_the_playlists_of_every_moment(live: Air) -> None:
    moments = [
        (f"{tick}", playlist(TIMELINE, "v360", from_micros(tick * TICK_US)))
        for tick in range(NOON, NOON + 700)
    ]
    told = parsed(moments)
    assert [one.get("error") for one in told if "error" in one] == []
    assert {one["target"] for one in told} == {6}
    assert not any(broken for one in told for _, _, broken in one["segments"])
    for before, after in pairwise(told):
        kept = before["segments"][after["first"] - before["first"] :]
        assert after["segments"][: len(kept)] == kept


@pytest.mark.needs("node", "hls-parser")
def test_hls_parser_accepts_masters_captions_and_lessons_to_watch_later(live: Air) -> None:
    playout = live.station.playout
    [airing_id] = [a.id for a in live.station.store.airings("TV1")]
    live.clock.advance(60)
    names = ("v360", "v240", "audio")
    playlists = [("master", playout.master("TV1")), ("later", playout.later_master("TV1", airing_id))]
    playlists += [(name, playout.playlist("TV1", name)) for name in names]
    playlists += [(f"later {name}", playout.later_playlist("TV1", airing_id, name)) for name in names]
    playlists += [
        ("captions", playout.captions("TV1", "vi")),
        ("with captions", master(live.lessons["M1"].renditions, ["vi"])),
    ]
    told = {one["name"]: one for one in parsed(playlists)}
    assert [one["error"] for one in told.values() if "error" in one] == []
    assert [uri for uri, _, _ in told["master"]["variants"]] == [f"{name}.m3u8" for name in names]
    assert [subtitles for _, _, subtitles in told["with captions"]["variants"]] == [1, 1, 0]
    assert told["later v360"]["end"]
    assert sum(length for _, length, _ in told["later v360"]["segments"]) == pytest.approx(60 * 0.32)
    assert len(told["captions"]["segments"]) == len(told["v360"]["segments"])


_PROGRAM = """
import json, sys
from datetime import datetime
from delivery.broadcast.playout.hls import playlist
from delivery.broadcast.schedule.timeline import Timeline
from delivery.store.database import Database
from delivery.store.schedule import ScheduleStore
rows = ScheduleStore(Database(sys.argv[1])).rows("TV1")
print(json.dumps(playlist(Timeline("TV1", rows), "v360", datetime.fromisoformat(sys.argv[2]))))
"""


def test_a_fresh_process_writes_the_same_playlist(live: Air) -> None:
    now = live.clock.now()
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM, live.database.url, now.isoformat()],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == live.station.playout.playlist("TV1", "v360")
    assert live.station.playout.playlist("TV1", "v360", now) == live.station.playout.playlist("TV1", "v360")
