"""A radio channel in MP3: its frames share a grid with the tick every 960 ms, and the whole channel keeps to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from delivery.broadcast.asset import Asset, Rendition, Segment
from delivery.broadcast.check.checker import check
from delivery.broadcast.check.packets import split
from delivery.broadcast.media.transport import MP3, Muxer
from delivery.broadcast.playout.control import ControlRoom, Order
from delivery.broadcast.playout.radio import RadioSource, sound_of, whole_mp3_frames
from delivery.broadcast.schedule.schedule import make_slot
from delivery.broadcast.schedule.timeline import renditions_of
from delivery.errors import Refused
from delivery.ids import content_address
from delivery.units import SEGMENT_TICKS, Ticks
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air

__all__ = ["studio"]


def mp3_asset(studio: Studio, ident: str, ticks: int, hertz: int) -> Asset:
    """A lesson of `ticks` (a multiple of three) without bit reservoir, in segments."""
    context = av.CodecContext.create("libmp3lame", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "fltp"
    context.bit_rate, context.options = 128_000, {"reservoir": "0", "compression_level": "9"}
    count = MP3.frames(ticks)
    wave = 0.1 * np.sin(np.arange((count + 4) * 1152) * hertz * 2 * np.pi / 48_000).astype(np.float32)
    coded = b""
    for number in range(count + 4):
        part = np.tile(wave[number * 1152 : (number + 1) * 1152], (2, 1))
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * 1152
        coded += b"".join(bytes(packet) for packet in context.encode(frame))
    frames = whole_mp3_frames(coded + b"".join(bytes(packet) for packet in context.encode(None)))[
        1 : count + 1
    ]
    muxer, segments = Muxer(video=False, sound=MP3), []
    for start in range(0, ticks, SEGMENT_TICKS):
        length = min(SEGMENT_TICKS, ticks - start)
        data, packets = muxer.segment(start, (), frames[MP3.frames(start) : MP3.frames(start + length)])
        segments.append(Segment(studio.blobs.put(data), Ticks(length), len(data), packets))
    sound = Rendition("audio", "audio", MP3.rfc6381, 140_000, 140_000, 0, 0, tuple(segments))
    return Asset(
        ident, content_address(ident.encode()), "radio-mp3", 1, "radio", Ticks(ticks), -23.0, -1.0, (sound,)
    )


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """Channel PT2 in MP3 with two lessons: the second at a time that is on no tick of its grid."""
    home = make_air(studio, tmp_path)
    wanted = [(f"mp3-slate-{ticks}", ticks, 100) for ticks in range(3, SEGMENT_TICKS + 1, 3)]
    for ident, ticks, hertz in [*wanted, ("mp3-1", 60, 401), ("mp3-2", 39, 402)]:
        if ident not in studio._made:
            studio._made[ident] = mp3_asset(studio, ident, ticks, hertz)
    around = home.station._around
    make = {"radio-mp3": {t: f"mp3-slate-{t}" for t in range(3, SEGMENT_TICKS + 1, 3)}}
    home.station._around = replace(
        around, make_slates=lambda kind, _name: make.get(kind) or studio.slates(kind)
    )
    home.station.open_channel("PT2", "Phát thanh hai", kind="radio", profile="radio-mp3")
    for number, after in ((1, 20.0), (2, 55.1)):
        home.lessons[f"R{number}"] = studio.asset(f"mp3-{number}")
        start = START + timedelta(seconds=after)
        home.station.scheduler.add(make_slot("PT2", start, materials=(f"R{number}",)), actor="technician")
    yield home
    home.database.close()


def compiled(air: Air) -> None:
    done = air.station.scheduler.compile(
        "PT2", until=air.clock.now() + timedelta(minutes=5), actor="technician"
    )
    assert done.findings == ()


def test_every_join_is_seamless_and_every_row_lies_on_the_grid_of_the_frames(
    air: Air, tmp_path: Path
) -> None:
    compiled(air)
    rows = air.station.store.rows("PT2")
    assert all(row.start_tick % 3 == row.ticks % 3 == 0 for row in rows)
    assert sum(row.kind == "lesson" for row in rows) == 2
    out = tmp_path / "radio.ts"
    air.station.playout.render("PT2", START, START + timedelta(seconds=80), out=out)
    report = check(split(np.frombuffer(out.read_bytes(), np.uint8)))
    # Segments for players begin with their tables and do not repeat them.
    assert {c.id for c in report.checks if c.count} <= {"1.3", "1.5"}
    with av.open(str(out)) as container:
        stamps = [packet.pts for packet in container.demux(audio=0) if packet.pts is not None]
    assert {after - before for before, after in pairwise(stamps)} <= {
        MP3.frame_pts,
        MP3.group_pts,
    }


def test_icecast_gets_the_frames_of_the_lesson_and_slates_from_memory(air: Air) -> None:
    compiled(air)
    station = air.station
    channel = station.store.channel("PT2")
    [sound] = renditions_of(channel, station.assets)
    source = RadioSource(channel, feed=station.feed, rendition=sound.name, codecs=sound.codecs)
    source.remember_slate()
    for piece in station.playout.pieces("PT2", START, START + timedelta(seconds=40)):
        load = source.load(piece, {})
        assert (load.reason, load.packets) == ("", MP3.frames(piece.ticks))
        spare = source.slate(piece, {}, "no disk", from_memory=True)
        assert spare.packets == MP3.frames(piece.ticks)
    raw = sound_of(air.studio.blobs.get(station.assets("mp3-1").renditions[0].segments[0].blob))
    assert b"".join(whole_mp3_frames(raw)) == raw


def test_orders_by_hand_keep_to_the_grid(air: Air) -> None:
    compiled(air)
    air.clock.advance(25)
    room = ControlRoom(air.station, clock=air.clock)
    for command in ("hold", "skip", "slate", "back"):
        room.carry_out(Order.of("PT2", command, minutes=1), actor="technician")
        air.clock.advance(7)
    rows = air.station.store.rows("PT2")
    assert all(row.start_tick % 3 == row.ticks % 3 == 0 for row in rows)


def test_a_lesson_in_another_format_finds_no_place_there(air: Air) -> None:
    air.lessons["AAC"] = air.studio.lesson(1, 30, kind="radio")
    air.station.scheduler.add(make_slot("PT2", START + timedelta(minutes=2), materials=("AAC",)), actor="t")
    done = air.station.scheduler.compile("PT2", until=START + timedelta(minutes=5), actor="technician")
    assert [f.code for f in done.findings] == ["wrong-format"]


def test_a_channel_keeps_its_format_and_its_kind(air: Air) -> None:
    with pytest.raises(Refused, match="another format"):
        air.station.open_channel("TV1", "Kênh một", kind="tv", profile="radio-mp3")
    with pytest.raises(Refused, match="not a profile for tv"):
        air.station.open_channel("TV7", "Kênh bảy", kind="tv", profile="radio-mp3")
    assert air.station.open_channel("PT2", "Tên mới", kind="radio").profile == "radio-mp3"
