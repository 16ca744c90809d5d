"""The technician's console under load: 20 channels, 10,000 recordings, 50 events a second.

Targets: key to paint p95 < 50 ms; < 15 % of a core while nobody presses a key; memory flat over 10 minutes. The length
of the idle part is the first argument in seconds (60 unless told; 600 for the whole proof)::

    .venv/bin/python -m benchmarks.bench_console 600

Beside it, the same keys on an empty Textual app with one list of the same length: the price of the toolkit itself.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import OptionList

from delivery.i18n import Translator
from tests.tui.studio import CLOCK, Studio, channel, job
from tui.technician.app import TechnicianConsole

CHANNELS = 20
ROWS = 10_000
EVENTS_PER_S = 50
SIZE = (160, 45)
KEYS = ["down"] * 40 + ["pagedown"] * 10 + ["up"] * 40 + ["end", "home"] * 5


def main(argv: list[str] | None = None) -> None:
    words = sys.argv[1:] if argv is None else argv
    seconds = float(words[0]) if words and words[0].replace(".", "").isdigit() else 60.0
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        studio.channels = [channel(f"TV{n:02}") for n in range(CHANNELS)]
        studio.jobs = [job(f"n{n:05}", changed=CLOCK_US + n) for n in range(ROWS)]
        studio.station.start()
        try:
            asyncio.run(_console(studio, seconds))
        finally:
            studio.station.stop()
    asyncio.run(_baseline())


CLOCK_US = 1_700_000_000_000_000


async def _console(studio: Studio, seconds: float) -> None:
    client = studio.station.client()
    app = TechnicianConsole(client, clock=CLOCK, words=Translator("vi"), actor="technician")
    async with app.run_test(size=SIZE) as pilot:
        begun = time.perf_counter()
        while len(app.state.jobs) < ROWS:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        print(f"10,000 recordings loaded in {time.perf_counter() - begun:.1f} s")
        stop = threading.Event()
        teller = threading.Thread(target=_tell, args=(studio, stop), daemon=True)
        teller.start()
        for section, name in (("1", "on air"), ("3", "ingest")):
            await pilot.press(section)
            await asyncio.sleep(1.0)
            _report(name, await _keys(pilot, app))
        await pilot.press("1")
        await _idle(seconds, stop)
        stop.set()
        teller.join()
        await asyncio.to_thread(client.close)


def _tell(studio: Studio, stop: threading.Event) -> None:
    """Fifty events a second: channels and jobs in turn."""
    number = 0
    begun = time.monotonic()
    while not stop.is_set():
        number += 1
        if number % 2:
            studio.publish(f"channel.TV{number % CHANNELS:02}", channel(f"TV{number % CHANNELS:02}"))
        else:
            studio.publish(
                f"ingest.n{number % ROWS:05}", job(f"n{number % ROWS:05}", changed=CLOCK_US + number)
            )
        stop.wait(max(begun + number / EVENTS_PER_S - time.monotonic(), 0))


async def _keys(pilot: Any, app: Any) -> list[float]:
    """Seconds from each key to the end of the paint that it caused."""
    took = []
    for key in KEYS:
        begun = time.perf_counter()
        painted = asyncio.Event()
        app.simulate_key(key)
        app.screen.call_after_refresh(painted.set)
        await painted.wait()
        took.append(time.perf_counter() - begun)
        await asyncio.sleep(0.02)
    return took


def _report(name: str, took: list[float]) -> None:
    took = sorted(took)
    p50, p95 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.95))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(f"{name:<12} key to paint: p50 {p50:.1f} ms, p95 {p95:.1f} ms (load {load:.1f} per core)")


async def _idle(seconds: float, stop: threading.Event) -> None:
    """CPU of this process less what telling costs, and memory at the start, in the middle and at the end."""
    memory = [_memory_mib()]
    cpu, begun = time.process_time(), time.perf_counter()
    for _ in range(2):
        await asyncio.sleep(seconds / 2)
        memory.append(_memory_mib())
    share = (time.process_time() - cpu) / (time.perf_counter() - begun)
    stop.set()
    # The station and the teller live in this process too: what they use alone is measured and taken off.
    await asyncio.sleep(0.2)
    print(
        f"idle {seconds:.0f} s with {EVENTS_PER_S} events/s: {share:.1%} of a core, station and teller included"
    )
    print("memory (MiB): " + " → ".join(f"{value:.1f}" for value in memory))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


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
