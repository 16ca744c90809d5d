"""Captions of a channel: listed beside the pictures, and shown at the right picture over every join."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import m3u8
import pytest

from delivery.broadcast.asset import ORIGIN_PTS, Captions
from delivery.broadcast.media.captions import Cue, caption_segments, whole_track
from delivery.store.air import RowKind
from delivery.units import TICK_PTS
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air

__all__ = ["studio"]

CUES = (Cue(1_000, 3_000, "Xin chào các bạn"), Cue(5_000, 7_000, "Đạo hàm của hàm số"))


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """M1 without captions, then M2 with Vietnamese ones."""
    home = make_air(studio, tmp_path)
    home.schedule("M1", 25, after_s=20)
    plain = studio.lesson(2, 40)
    whole = studio.blobs.put(whole_track(CUES).encode())
    pieces = tuple(studio.blobs.put(text.encode()) for text in caption_segments(CUES, 40))
    captioned = replace(plain, id="captioned", captions=(Captions("vi", pieces, whole, len(CUES)),))
    studio._made["captioned"] = captioned
    home.schedule("M2", 40, after_s=37.3, seed=2)
    home.lessons["M2"] = captioned
    assert home.compile().findings == ()
    home.clock.at = START + timedelta(seconds=62)
    yield home
    home.database.close()


def shown(air: Air) -> list[tuple[int, str]]:
    """(presentation time, text) of every cue that the playlist leads to."""
    playout = air.station.playout
    found = []
    for segment in m3u8.loads(playout.captions("TV1", "vi")).segments:
        number = int(segment.uri.split("/")[1].removesuffix(".vtt"))
        text = playout.caption_segment("TV1", "vi", number).decode()
        mapped = re.search(r"X-TIMESTAMP-MAP=MPEGTS:(\d+),LOCAL:00:00:00.000", text)
        assert text.startswith("WEBVTT\n")
        assert mapped is not None
        for at, line in re.findall(r"(\d\d:\d\d(?::\d\d)?\.\d{3}) -->.*\n(.+)", text):
            *hours, minutes, seconds = at.split(":")
            ms = (
                (int(hours[0]) * 3_600 if hours else 0) * 1_000
                + int(minutes) * 60_000
                + float(seconds) * 1_000
            )
            found.append(((int(mapped[1]) + round(ms * 90)) % 2**33, line))
    return found


def test_the_master_names_the_captions_and_every_picture_rung_has_them(air: Air) -> None:
    master = m3u8.loads(air.station.playout.master("TV1"))
    [media] = master.media
    assert (media.type, media.language, media.uri) == ("SUBTITLES", "vi", "captions-vi.m3u8")
    groups = [p.stream_info.subtitles for p in master.playlists if p.stream_info.resolution]
    assert set(groups) == {media.group_id}


def test_the_playlist_of_captions_is_as_long_and_as_numbered_as_that_of_the_pictures(air: Air) -> None:
    pictures = m3u8.loads(air.station.playout.playlist("TV1", "v360"))
    captions = m3u8.loads(air.station.playout.captions("TV1", "vi"))
    assert captions.media_sequence == pictures.media_sequence
    assert [s.duration for s in captions.segments] == [s.duration for s in pictures.segments]


def test_each_caption_is_shown_at_its_picture_although_a_lesson_without_any_came_before(air: Air) -> None:
    [row] = [r for r in air.station.store.rows("TV1") if r.kind is RowKind.LESSON and r.ticks == 40]
    origin = row.start_tick * TICK_PTS + ORIGIN_PTS
    wanted = {((origin + cue.start_ms * 90) % 2**33, cue.text) for cue in CUES}
    found = shown(air)
    assert set(found) == wanted
    # The second caption lies over the border of two segments, and stands in both.
    assert len(found) == 3


def test_an_airing_that_was_cut_off_shows_no_more_captions(air: Air) -> None:
    [row] = [r for r in air.station.store.rows("TV1") if r.kind is RowKind.LESSON and r.ticks == 40]
    air.station.book.put_stop("TV1", row.airing, sequence=row.sequence, reason="test", now_us=0)
    assert shown(air) == []
