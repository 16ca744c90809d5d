"""What goes out is one unbroken stream over every join, for two ffmpegs, tsreport and a count of our own."""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.playout.rendering import Rendered
from delivery.broadcast.playout.restamp import PACKET, WRAP
from delivery.clock import from_micros, to_micros
from delivery.errors import Refused
from delivery.store.air import TICK_US
from delivery.units import TICK_PTS
from tests.broadcast.playout.air_fixtures import air, studio
from tests.broadcast.playout.air_station import START, Air
from tests.support.tools import tool

__all__ = ["air", "studio"]


def three_lessons(air: Air) -> None:
    """Slate, lesson, card, slate of uneven length, lesson, card, slate, rerun, slate."""
    air.schedule("M1", 25, after_s=20)
    air.schedule("M2", 40, after_s=37.3, seed=2)
    air.schedule("M3", 31, after_s=61, seed=3, rerun=True)
    assert air.compile().findings == ()


def rendered(air: Air, out: Path, *, seconds: float = 80, rendition: str = "") -> Rendered:
    end = START + timedelta(seconds=seconds)
    return air.station.playout.render("TV1", START, end, out=out, rendition=rendition)


def continuity_errors(data: bytes) -> Counter[int]:
    """PID -> breaks of the continuity counter, counted packet by packet."""
    last: dict[int, int] = {}
    errors: Counter[int] = Counter()
    for at in range(0, len(data), PACKET):
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        counter, payload = data[at + 3] & 0x0F, data[at + 3] & 0x10
        if pid == 0x1FFF:
            continue
        if pid in last and counter != (last[pid] + bool(payload)) % 16:
            errors[pid] += 1
        last[pid] = counter
    return errors


def presentation_times(file: Path) -> Iterator[tuple[str, list[int]]]:
    """Kind of stream, and the time stamps (90 kHz) of its frames in order, unwrapped by the demuxer."""
    times = defaultdict(list)
    with av.open(str(file)) as container:
        for packet in container.demux():
            if packet.pts is not None:
                times[packet.stream.type].append(packet.pts)
    for kind, found in times.items():
        yield kind, sorted(found)


def ffmpegs() -> list[str]:
    return [str(tool("ffmpeg")), imageio_ffmpeg.get_ffmpeg_exe()]


def judge(file: Path) -> None:
    """Every step is one frame, no counter is broken, and no decoder has anything to say."""
    assert continuity_errors(file.read_bytes()) == {}
    for kind, found in presentation_times(file):
        steps = {after - before for before, after in pairwise(found)}
        assert steps == {3600 if kind == "video" else 1920}, kind
    for ffmpeg in ffmpegs():
        run = subprocess.run(
            [ffmpeg, "-v", "warning", "-i", str(file), "-map", "0", "-f", "null", "-"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stderr == ""


def test_every_join_is_seamless_in_every_rendition(air: Air, tmp_path: Path) -> None:
    three_lessons(air)
    for rendition in ("transmitter", "v360", "audio"):
        done = rendered(air, tmp_path / f"{rendition}.ts", rendition=rendition)
        assert done.replaced == 0
        judge(tmp_path / f"{rendition}.ts")


def test_segments_that_are_only_put_end_to_end_are_caught(air: Air, tmp_path: Path) -> None:
    lesson, slate = air.studio.lesson(1, 25), air.studio.lesson(-1, 18)
    raw = b"".join(
        air.studio.blobs.get(segment.blob)
        for a in (lesson, slate)
        for segment in a.rendition("v360").segments
    )
    (tmp_path / "raw.ts").write_bytes(raw)
    assert continuity_errors(raw)[256] > 0
    with pytest.raises(AssertionError):
        judge(tmp_path / "raw.ts")


@pytest.mark.needs("tsreport")
def test_tsreport_finds_no_broken_counter(air: Air, tmp_path: Path) -> None:
    three_lessons(air)
    rendered(air, tmp_path / "out.ts")
    run = subprocess.run(
        [str(tool("tsreport")), "-b", str(tmp_path / "out.ts")], capture_output=True, text=True, check=True
    )
    assert "discontinuity" not in (run.stdout + run.stderr).lower()
    assert "Bad (>.1s) gaps: 0" in run.stdout


def test_time_stamps_are_anchored_to_the_epoch(air: Air, tmp_path: Path) -> None:
    three_lessons(air)
    done = rendered(air, tmp_path / "out.ts")
    expected = (done.start_tick * TICK_PTS + ORIGIN_PTS) % WRAP
    assert {found[0] for _, found in presentation_times(tmp_path / "out.ts")} == {expected}


def test_the_stream_passes_the_wrap_of_the_time_stamps(air: Air, tmp_path: Path) -> None:
    wraps = (to_micros(START) // TICK_US * TICK_PTS) // WRAP + 1
    wrap = from_micros((wraps * WRAP - ORIGIN_PTS) // TICK_PTS * TICK_US)
    air.clock.at = wrap - timedelta(seconds=120)
    air.schedule("M1", 40, after_s=(wrap - START).total_seconds() - 6)
    assert air.compile().findings == ()
    file = tmp_path / "wrap.ts"
    air.station.playout.render("TV1", wrap - timedelta(seconds=20), wrap + timedelta(seconds=20), out=file)
    judge(file)


def test_two_processes_write_the_same_bytes_and_spans_join(air: Air, tmp_path: Path) -> None:
    three_lessons(air)
    rendered(air, tmp_path / "a.ts")
    end = START + timedelta(seconds=80)
    air.another().playout.render("TV1", START, end, out=tmp_path / "b.ts")
    assert (tmp_path / "a.ts").read_bytes() == (tmp_path / "b.ts").read_bytes()
    middle = from_micros(next(iter(air.station.playout.pieces("TV1", START, end))).end_tick * TICK_US)
    air.station.playout.render("TV1", START, middle, out=tmp_path / "1.ts")
    air.station.playout.render("TV1", middle, end, out=tmp_path / "2.ts")
    joined = (tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes()
    assert joined == (tmp_path / "a.ts").read_bytes()


def test_a_lost_segment_becomes_a_slate_without_a_break(air: Air, tmp_path: Path) -> None:
    three_lessons(air)
    lost = air.lessons["M2"].rendition("v360").segments[1].blob
    held = air.studio.blobs.held.pop(lost)
    try:
        done = rendered(air, tmp_path / "out.ts", rendition="v360")
    finally:
        air.studio.blobs.held[lost] = held
    assert done.replaced == 1
    judge(tmp_path / "out.ts")


def test_a_span_without_timeline_is_refused_and_leaves_no_file(air: Air, tmp_path: Path) -> None:
    three_lessons(air)
    with pytest.raises(Refused):
        rendered(air, tmp_path / "out.ts", seconds=3600)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(("out", "tmp"))] == []
