"""The technician's console under load: 20 channels, 10,000 recordings, 50 events a second.

Targets: key to paint p95 < 50 ms; < 15 % of a core while nobody presses a key; memory flat over 10 minutes. The length
of the idle part is the first argument in seconds (60 unless told; 600 for the whole proof)::

    .venv/bin/python -m benchmarks.bench_console 600

The station is a process of its own, as it is in life, so that what is measured is the console. Beside the time on the
wall stands the time of the processor, which does not depend on what else the machine does; and beside both the same
keys on an empty Textual app with one list of the same length: the price of the toolkit itself.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import IO, Any

import structlog
from textual.app import App, ComposeResult
from textual.widgets import OptionList

from delivery.i18n import Translator
from delivery.ids import SystemIds
from delivery.network.bus.address import find_address, publish_address
from delivery.network.bus.client import BusClient
from delivery.network.bus.keys import read_daemon_key, read_key_pair
from tests.tui.studio import CLOCK, Studio, channel, job
from tui.technician.app import TechnicianConsole

CHANNELS = 20
ROWS = 10_000
EVENTS_PER_S = 50
SIZE = (160, 45)
KEYS = ["down"] * 40 + ["pagedown"] * 10 + ["up"] * 40 + ["end", "home"] * 5


def main(argv: list[str] | None = None) -> None:
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["station"]:
        _station(Path(words[1]))
        return
    seconds = float(words[0]) if words and words[0].replace(".", "").isdigit() else 60.0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.bench_console", "station", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as station:
            assert station.stdin
            assert station.stdout
            station.stdout.readline()
            try:
                asyncio.run(_console(Path(folder), seconds, station.stdin))
            finally:
                station.stdin.close()
    asyncio.run(_baseline())


CLOCK_US = 1_700_000_000_000_000


def _station(folder: Path) -> None:
    """Be the station: say when it is up, tell fifty events a second from the first line on, end with the last."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    studio = Studio(folder)
    studio.channels = [channel(f"TV{n:02}") for n in range(CHANNELS)]
    studio.jobs = [job(f"n{n:05}", changed=CLOCK_US + n) for n in range(ROWS)]
    studio.station.start()
    publish_address(folder / "run", studio.station.address)
    print("up", flush=True)
    sys.stdin.readline()
    stop = threading.Event()
    teller = threading.Thread(target=_tell, args=(studio, stop), daemon=True)
    teller.start()
    while sys.stdin.readline():
        pass
    stop.set()
    teller.join()
    studio.station.stop()


async def _console(folder: Path, seconds: float, station: IO[str]) -> None:
    keys = folder / "keys"
    client = BusClient(
        read_key_pair(keys, "technician"),
        daemon_key=read_daemon_key(keys),
        find=partial(find_address, folder / "run"),
        clock=CLOCK,
        ids=SystemIds(),
    )
    app = TechnicianConsole(client, clock=CLOCK, words=Translator("vi"), actor="technician")
    async with app.run_test(size=SIZE) as pilot:
        begun, cpu = time.perf_counter(), time.process_time()
        while len(app.state.jobs) < ROWS:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        took, used = time.perf_counter() - begun, time.process_time() - cpu
        print(f"10,000 recordings loaded in {took:.1f} s ({used:.1f} s of the processor)")
        station.write("tell\n")
        station.flush()
        for section, name in (("1", "on air"), ("3", "ingest")):
            await pilot.press(section)
            await asyncio.sleep(1.0)
            _report(name, await _keys(pilot, app))
            await _idle(name, seconds / 2)
        await asyncio.to_thread(client.close)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _tell(studio: Studio, stop: threading.Event) -> None:
    """Fifty events a second: channels and jobs in turn."""
    number = 0
    begun = time.monotonic()
    while not stop.is_set():
        number += 1
        if number % 2:
            # 7 and 20 have no common part: every channel has its turn.
            code = f"TV{number // 2 * 7 % CHANNELS:02}"
            studio.publish(f"channel.{code}", channel(code))
        else:
            name = f"n{number // 2 * 7 % ROWS:05}"
            studio.publish(f"ingest.{name}", job(name, changed=CLOCK_US + number))
        stop.wait(max(begun + number / EVENTS_PER_S - time.monotonic(), 0))


async def _keys(pilot: Any, app: Any) -> list[tuple[float, float]]:
    """From each key to the end of the paint that it caused: seconds on the wall, and of the processor."""
    took = []
    for key in KEYS:
        begun, cpu = time.perf_counter(), time.thread_time()
        painted = asyncio.Event()
        app.simulate_key(key)
        app.screen.call_after_refresh(painted.set)
        await painted.wait()
        took.append((time.perf_counter() - begun, time.thread_time() - cpu))
        await asyncio.sleep(0.02)
    return took


def _report(name: str, took: list[tuple[float, float]]) -> None:
    def share(which: int, part: float) -> float:
        found = sorted(one[which] for one in took)
        return found[int(len(found) * part)] * 1000

    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(
        f"{name:<12} key to paint: p50 {share(0, 0.5):.1f} ms, p95 {share(0, 0.95):.1f} ms; "
        f"of the processor: p50 {share(1, 0.5):.1f} ms, p95 {share(1, 0.95):.1f} ms (load {load:.1f} per core)"
    )


async def _idle(name: str, seconds: float) -> None:
    """Processor time of the console, and its memory at the start, in the middle and at the end."""
    memory = [_memory_mib()]
    cpu, begun = time.process_time(), time.perf_counter()
    for _ in range(2):
        await asyncio.sleep(seconds / 2)
        memory.append(_memory_mib())
    used = (time.process_time() - cpu) / (time.perf_counter() - begun)
    print(
        f"{name:<12} idle {seconds:.0f} s with {EVENTS_PER_S} events/s: {used:.1%} of a core; memory (MiB) ",
        end="",
    )
    print(" → ".join(f"{value:.1f}" for value in memory))


def _memory_mib() -> float:
    with Path("/proc/self/statm").open() as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / (1 << 20)


class _Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield OptionList(*(f"n{number:05}" for number in range(ROWS)))


async def _baseline() -> None:
    app = _Empty()
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(1.0)
        _report("bare Textual", await _keys(pilot, app))


if __name__ == "__main__":
    main()
