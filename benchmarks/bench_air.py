"""Channels on the air: compiling a term, playlists, and feeds beside ffmpeg doing the same.

Targets: a term of 16 weeks x 4 channels compiled with all checks in < 2 s; >= 20,000 playlists/s per core in-process;
a feed at <= 1/200 of the CPU of one ffmpeg encoding the same channel again, and at <= 1/3 of
`ffmpeg -re -f concat -c copy`.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import imageio_ffmpeg

from delivery.broadcast.playout.feeds import Feeds
from delivery.broadcast.playout.outputs import Udp
from delivery.broadcast.playout.pace import SlewedClock
from delivery.broadcast.playout.sender import run
from delivery.broadcast.schedule.schedule import make_slot
from delivery.clock import VIETNAM, SystemClock
from tests.broadcast.playout.air_assets import Studio, paper_asset
from tests.broadcast.playout.air_station import START, Air, make_air

WEEKS = 16
FEED_S = 20.0
CHANNELS = 100


@cache
def paper(asset_id: str) -> Any:
    return paper_asset(
        asset_id, int(asset_id.rsplit("-", 1)[1]), renditions=("720p", "480p", "240p", "audio")
    )


class PaperStudio(Studio):
    """Assets without bytes: what is measured is the compiler."""

    def asset(self, asset_id: str) -> Any:
        return paper(asset_id)

    def slates(self, kind: str = "tv") -> Any:
        return {n: f"slate-{n}" for n in range(1, 19)}

    def order(self, seed: int, ticks: int, *, kind: str = "tv") -> str:
        return f"lesson {seed}-{ticks}"


def bench_compile(folder: Path) -> None:
    air = make_air(PaperStudio(), folder)
    codes = ["TV1", "TV2", "PT1", "PT2"]
    for code in codes:
        if code != "TV1":
            air.station.open_channel(code, code, kind="tv" if code.startswith("TV") else "radio")
    ticks = 45 * 60 * 1000 // 320
    first = datetime(2026, 11, 25, 6, 0, tzinfo=VIETNAM)
    for number in range(240):
        air.lessons[f"M{number}"] = air.studio.asset(f"lesson {number}-{ticks}")
    for index, code in enumerate(codes):
        for hour in range(15):
            names = tuple(f"M{(index * 60 + hour * 4 + n) % 240}" for n in range(4))
            start = first + timedelta(hours=hour)
            rule = f"FREQ=DAILY;COUNT={WEEKS * 7}"
            for day, name in enumerate(names):
                slot = make_slot(
                    code,
                    start + timedelta(days=day),
                    materials=(name,),
                    rule=f"{rule};INTERVAL=4",
                    rerun=hour > 3,
                )
                air.station.scheduler.add(slot, actor="technician")
    begin, cpu = time.perf_counter(), time.process_time()
    until = air.clock.now() + timedelta(weeks=WEEKS)
    done = [air.station.scheduler.compile(code, until=until, actor="technician") for code in codes]
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    rows = sum(one.rows for one in done)
    placed = sum(len(one.placed) for one in done)
    findings = sum(len(one.findings) for one in done)
    what = f"{placed} airings, {rows} rows, {findings} findings"
    print(f"compile: {what} in {seconds:.2f} s, {cpu:.2f} s of CPU (target < 2)")
    air.database.close()


def bench_playlists(folder: Path, studio: Studio) -> None:
    air = make_air(studio, folder, folder=folder / "air")
    air.schedule("M1", 60, after_s=20)
    air.compile(minutes=120)
    playout = air.station.playout
    air.clock.at = START + timedelta(minutes=90)
    count = 0
    begin = time.process_time()
    while (spent := time.process_time() - begin) < 2.0:
        for _ in range(200):
            playout.playlist("TV1", "v360")
        # Every few hundred requests a new tick, so that no list is served for ever.
        air.clock.advance(0.32)
        count += 200
    print(f"playlists: {count / spent:,.0f}/s per core (target >= 20,000)")
    air.database.close()


class Shifted:
    """The machine's clock on the day of the test timeline."""

    def __init__(self, start: datetime) -> None:
        self._clock = SystemClock()
        self._offset = start - self._clock.now()

    def now(self) -> datetime:
        return self._clock.now() + self._offset

    def monotonic(self) -> float:
        return self._clock.monotonic()


def cpu_of(act: Callable[[], None]) -> float:
    """CPU seconds of this process and its children while `act` runs."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    act()
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(a.ru_utime + a.ru_stime - b.ru_utime - b.ru_stime for a, b in zip(after, before, strict=True))


def a_day(studio: Studio, folder: Path) -> Air:
    air = make_air(studio, folder, folder=folder / "air")
    for number in range(6):
        air.schedule(f"M{number}", 60, after_s=10 + number * 30, seed=number % 2)
    air.compile(minutes=30)
    air.station.prove(budget_s=60)
    return air


def bench_feed(air: Air, sink: int) -> float:
    """CPU seconds per channel-hour of one feed."""
    feeds = Feeds(air.station, monotonic=time.monotonic)
    with ThreadPoolExecutor(1) as reader:
        sending = feeds.sending("TV1", [Udp("127.0.0.1", sink)], reader=reader)
        clock = SlewedClock(Shifted(START + timedelta(seconds=8)))  # type: ignore[arg-type]
        spent = cpu_of(
            lambda: run([sending], clock, stopped=Event().is_set, until_us=clock.now_us() + int(FEED_S * 1e6))
        )
    print(f"feed: {sending.lateness.as_json()}, worst {sending.lateness.worst_us / 1000:.1f} ms")
    return spent * 3600 / FEED_S


def bench_many(air: Air, sink: int) -> None:
    """100 feeds of the same channel at once: late packets and CPU."""
    feeds = Feeds(air.station, monotonic=time.monotonic)
    with ThreadPoolExecutor(2) as reader, ThreadPoolExecutor(1) as writer:
        many = [
            feeds.sending("TV1", [Udp("127.0.0.1", sink)], reader=reader, writer=writer)
            for _ in range(CHANNELS)
        ]
        clock = SlewedClock(Shifted(START + timedelta(seconds=8)))  # type: ignore[arg-type]
        spent = cpu_of(
            lambda: run(many, clock, stopped=Event().is_set, until_us=clock.now_us() + int(FEED_S * 1e6))
        )
    histogram: dict[str, int] = {}
    for one in many:
        for name, count in one.lateness.as_json().items():
            histogram[name] = histogram.get(name, 0) + count
    late = sum(one.lateness.late for one in many)
    worst = max(one.lateness.worst_us for one in many) / 1000
    print(
        f"{CHANNELS} feeds: {late} late packets, worst {worst:.1f} ms, {spent / FEED_S:.2f} cores; {histogram}"
    )


def bench_ffmpeg(air: Air, folder: Path, sink: int) -> tuple[float, float]:
    """CPU seconds per channel-hour of ffmpeg copying, and encoding again, the same picture and bit rate."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    source = folder / "span.ts"
    end = START + timedelta(seconds=8 + FEED_S)
    air.station.playout.render("TV1", START + timedelta(seconds=8), end, out=source)
    listing = folder / "list.txt"
    listing.write_text(f"file '{source}'\n", "utf-8")
    target = f"udp://127.0.0.1:{sink}?pkt_size=1316"
    copy = [ffmpeg, "-v", "error", "-re", "-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy"]
    copy += ["-f", "mpegts", "-muxrate", "940000", target]
    encode = [
        ffmpeg,
        "-v",
        "error",
        "-re",
        "-i",
        str(source),
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-s",
        "1280x720",
    ]
    encode += ["-b:v", "1800k", "-c:a", "aac", "-f", "mpegts", target]
    found = [
        cpu_of(lambda command=command: subprocess.run(command, check=True)) for command in (copy, encode)
    ]  # type: ignore[misc]
    return found[0] * 3600 / FEED_S, found[1] * 3600 / FEED_S


def main() -> None:
    os.environ.setdefault("TZ", "UTC")
    studio = Studio()
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        folder = Path(name)
        for part in ("compile", "lists", "feed"):
            (folder / part).mkdir()
        bench_compile(folder / "compile")
        bench_playlists(folder / "lists", studio)
        air = a_day(studio, folder / "feed")
        ours = bench_feed(air, port)
        copied, encoded = bench_ffmpeg(air, folder, port)
        print(
            f"CPU s per channel-hour: feed {ours:.1f}, ffmpeg -c copy {copied:.1f}, encoding 720p {encoded:.0f}; "
            f"1/{encoded / ours:.0f} of encoding (target 1/200), 1/{copied / ours:.1f} of copying (target 1/3)"
        )
        bench_many(air, port)
        air.database.close()
