"""Feeds beside ffmpeg sending the same picture; and a hundred of them at once. Part of ``python -m benchmarks air``.

What is late: a datagram of seven packets is due when its last packet is, by the bit rate of the stream. It is late when
it leaves more than 40 ms after that: ETSI TS 102 034 lets a network add 40 ms of jitter from peak to peak, and
receivers are built for it. The histogram has an entry for each wake of each feed, for the oldest datagram then sent;
up to the distance of two wakes (25 ms) lies in the design.

CPU is that of the whole process (user and system), reading ahead, proving, restamping and the as-run journal included.
It is counted in the same way for all, from the third second on: what it costs to stay on the air, and not to start.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import imageio_ffmpeg

from delivery.broadcast.playout.feeds import Feeds
from delivery.broadcast.playout.pace import SlewedClock
from delivery.broadcast.playout.pacing import hurry, run
from delivery.broadcast.playout.sender import Sending
from delivery.broadcast.playout.udp import Udp
from delivery.clock import SystemClock
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import START, Air, make_air

FEED_S = 18.0
WARM_S = 3.0
MANY_S = float(os.environ.get("TUXA_BENCH_MANY_S", "15"))
"""How long the hundred feeds run; the target is told for 300 s."""
CHANNELS = 100
BIT_RATE = 640 * 4_700
"""Of the house format tv720p25: 640 packets in a tick."""
BEGIN = START + timedelta(seconds=8)


class Shifted:
    """The machine's clock on the day of the test timeline."""

    def __init__(self, start: datetime) -> None:
        self._clock = SystemClock()
        self._offset = start - self._clock.now()

    def now(self) -> datetime:
        return self._clock.now() + self._offset

    def monotonic(self) -> float:
        return self._clock.monotonic()


def cpu_s(process: int) -> float:
    """CPU seconds of all threads of a process so far (Linux)."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text("ascii").split()[0]) for task in tasks) / 1e9


def steady(process: int, seconds: float) -> float:
    """CPU seconds per hour of a process that has just begun; returns after so many seconds."""
    time.sleep(WARM_S)
    before, begun = cpu_s(process), time.monotonic()
    time.sleep(seconds - WARM_S)
    return (cpu_s(process) - before) * 3600 / (time.monotonic() - begun)


def a_day(folder: Path) -> Air:
    """A channel of 720p at 3 Mbit/s: a lesson every half minute, slates between them."""
    studio = Studio({"v720": (1280, 720, 1_800_000)}, per_tick=640)
    air = make_air(studio, folder, folder=folder / "air")
    for number in range(max(4, int(MANY_S) // 30 + 2)):
        air.schedule(f"M{number}", 60, after_s=10 + number * 30, seed=number % 2)
    air.compile(minutes=30)
    air.station.prove(budget_s=60)
    return air


def send(air: Air, ports: Sequence[int], seconds: float, count: int) -> tuple[list[Sending], float]:
    """`count` feeds for `seconds`; with the CPU seconds per channel-hour that they take."""
    feeds = Feeds(air.station, monotonic=time.monotonic)
    with ThreadPoolExecutor(2, initializer=hurry) as reader, ThreadPoolExecutor(1) as writer:
        many = [
            feeds.sending("TV1", [Udp("127.0.0.1", ports[n % len(ports)])], reader=reader, writer=writer)
            for n in range(count)
        ]
        clock = SlewedClock(Shifted(BEGIN))

        def act() -> None:
            hurry()
            until = clock.now_us() + int((seconds + 1) * 1e6)
            run(many, clock, stopped=Event().is_set, until_us=until)

        with ThreadPoolExecutor(1) as sender:
            sent = sender.submit(act)
            spent = steady(os.getpid(), seconds)
            sent.result()
    for one in many:
        one.close()
    return many, spent / count


def ffmpegs(air: Air, folder: Path, port: int) -> tuple[float, float]:
    """CPU seconds per channel-hour of ffmpeg copying, and encoding again, the same span at the same bit rate."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    source = folder / "span.ts"
    air.station.playout.render("TV1", BEGIN, BEGIN + timedelta(seconds=FEED_S + 4), out=source)
    listing = folder / "list.txt"
    listing.write_text(f"file '{source}'\n", "utf-8")
    target = ["-f", "mpegts", "-muxrate", str(BIT_RATE), f"udp://127.0.0.1:{port}?pkt_size=1316"]
    read = [ffmpeg, "-v", "error", "-re"]
    copy = [*read, "-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", *target]
    encode = [*read, "-i", str(source), "-c:v", "libx264", "-preset", "veryfast", "-b:v", "1800k"]
    encode += ["-c:a", "aac", *target]
    return _steady_of(copy), _steady_of(encode)


def _steady_of(words: Sequence[str]) -> float:
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as process:
        spent = steady(process.pid, FEED_S)
        process.terminate()
    return spent


def main(folder: Path) -> None:
    air = a_day(folder)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        [one], ours = send(air, [port], FEED_S, 1)
        print(f"one feed: {one.lateness.as_json()}, worst {one.lateness.worst_us / 1000:.1f} ms")
        copied, encoded = ffmpegs(air, folder, port)
        print(
            f"CPU s per channel-hour: feed {ours:.2f}, ffmpeg -c copy {copied:.1f}, encoding {encoded:.0f}; "
            f"1/{encoded / ours:.0f} of encoding (target 1/200), 1/{copied / ours:.1f} of copying (target 1/3)"
        )
        many, each = send(air, [port], MANY_S, CHANNELS)
    histogram: dict[str, int] = {}
    for feed in many:
        for name, number in feed.lateness.as_json().items():
            histogram[name] = histogram.get(name, 0) + number
    late = sum(feed.lateness.late for feed in many)
    worst = max(feed.lateness.worst_us for feed in many) / 1000
    print(
        f"{CHANNELS} feeds of {BIT_RATE / 1e6:.1f} Mbit/s for {MANY_S:.0f} s: {late} late, worst {worst:.1f} ms, "
        f"{each * CHANNELS / 3600:.2f} cores, {each:.2f} CPU s per channel-hour (1/{encoded / each:.0f} of encoding, "
        f"1/{copied / each:.1f} of copying)\n  {histogram}; load {os.getloadavg()[0]:.1f}"
    )
    air.database.close()
