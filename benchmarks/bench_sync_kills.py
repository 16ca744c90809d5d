"""Real processes in two network namespaces, killed with kill -9 on either side while facts and files pass between them.

The line between them delays every packet, loses some, and is cut for seconds now and then (``lossy_line``); where
namespaces cannot be made it is loopback, and this says so. Target: 200,000 facts, 500 MB of files and 60 kills: nothing
lost, nothing doubled, every byte the same. TUXA_SCALE says which part of that is done: 0.05 by default, 1 for the full
proof. TUXA_LOSS (0.1) is the percentage of packets that are lost.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.lossy_line import ADDRESSES, LossyLine, why_not
from delivery.app import App
from delivery.app import sync as wiring
from delivery.clock import SystemClock, to_micros
from delivery.ids import SystemIds
from delivery.store.receiving import want
from tests.network.sync.sites import free_address, ids, joined, make_site, running, streams, took_part

FACTS = 200_000
FILES = 100
FILE_BYTES = 5_000_000
KILLS = 60
DELAY_S = 0.01
"""One way."""
CUTS = 0.3
"""Share of the kills that are followed by a cut of the line."""
MOST_S = 1_800


@contextmanager
def a_line() -> Iterator[LossyLine | None]:
    """The line, or None where none can be made."""
    if reason := why_not():
        print(f"no network namespaces here ({reason}): over loopback, without loss and delay")
        yield None
        return
    with LossyLine(loss=float(os.environ.get("TUXA_LOSS", "0.1")) / 100, delay_s=DELAY_S) as line:
        yield line


def start(app: App, line: LossyLine | None) -> subprocess.Popen[bytes]:
    """The site's sync in a process of its own, at its end of the line."""
    command = [sys.executable, "-m", "delivery.cli.main", "--home", str(app.settings.home), "sync", "run"]
    if line is not None:
        command = line.inside(0 if app.settings.site == "MAIN" else 1, command)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def move_to(line: LossyLine | None, main: App, partner: App) -> None:
    """Have the two, which joined over loopback, speak over the line."""
    address = main.settings.sync_listen
    if line is not None:
        address = address.replace("127.0.0.1", ADDRESSES[0])
        keys = wiring.sync_keys(partner)
        keys.put_site(replace(keys.site("MAIN"), address=address))
    toml = f'site = "MAIN"\nsync_listen = "{address}"\n'
    (main.settings.home / "tuxa.toml").write_text(toml, encoding="utf-8")
    (partner.settings.home / "tuxa.toml").write_text('site = "P1"\n', encoding="utf-8")


def size_of(app: App) -> int:
    """Bytes of the home on disk, files in the blob store left out."""
    home = app.settings.home
    return sum(f.stat().st_size for f in home.rglob("*") if f.is_file() and "blobs" not in f.parts)


def prepare(folder: Path, scale: float) -> tuple[App, App, list[str]]:
    """Two joined sites with facts on both sides and files that the partner wants."""
    main = make_site(folder / "main", "MAIN", listen=free_address())
    with running(main):
        partner = joined(main, folder / "p1", "P1")
    for app in (main, partner):
        app.facts.append(took_part(app, n) for n in range(int(FACTS * scale / 2)))
    rng = random.Random(28)
    addresses = [partner.blobs.put(rng.randbytes(FILE_BYTES)) for _ in range(int(FILES * scale))]
    # The main site wants what the partner has: nothing of a partner is kept from it.
    with main.database.write() as connection:
        for address in addresses:
            want(connection, address, "image", now=to_micros(main.clock.now()), exists=main.blobs.exists)
    return main, partner, addresses


def main() -> None:
    """Kill one of the two processes again and again, then let them finish."""
    scale = float(os.environ.get("TUXA_SCALE", "0.05"))
    rng = random.Random(7)
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name, a_line() as line:
        at_main, partner, addresses = prepare(Path(name), scale)
        told = ids(at_main) | ids(partner)
        move_to(line, at_main, partner)
        running_now = {app.settings.site: start(app, line) for app in (at_main, partner)}
        begin = time.perf_counter()
        kills, cuts = int(KILLS * scale), 0
        try:
            for _ in range(kills):
                time.sleep(rng.uniform(0.3, 3.0))
                victim = rng.choice((at_main, partner))
                process = running_now[victim.settings.site]
                process.send_signal(signal.SIGKILL)
                process.wait()
                running_now[victim.settings.site] = start(victim, line)
                if line is not None and rng.random() < CUTS:
                    line.is_cut, cuts = True, cuts + 1
                    time.sleep(rng.uniform(1, 6))
                    line.is_cut = False
            deadline = clock.monotonic() + MOST_S
            while (
                streams(at_main).get("P1/P1") != streams(partner)["P1/P1"]
                or streams(partner).get("MAIN/P1") != streams(at_main)["MAIN/P1"]
                or wiring.build_parts(at_main).wanted.count()
            ):
                assert clock.monotonic() < deadline, "they do not agree"
                time.sleep(0.5)
        finally:
            for process in running_now.values():
                process.terminate()
                process.wait(20)
        seconds = time.perf_counter() - begin
        fresh = [App(app.settings, clock=SystemClock(), ids=SystemIds()) for app in (at_main, partner)]
        held = [ids(app) for app in fresh]
        for app in fresh:
            assert app.facts.verify().ok
            told_once = [fact.id for fact in app.facts.select()]
            assert len(told_once) == len(set(told_once)), "doubled"
        for address in addresses:
            fresh[0].blobs.get(address)
        lost = len(told - held[0]) + len(told - held[1])
        print(
            f"{len(told):,} facts, {len(addresses) * FILE_BYTES / 1e6:,.0f} MB of files, {kills} kill -9 "
            f"in {seconds:.0f} s: {lost} lost, 0 doubled; homes without files: "
            f"{size_of(fresh[0]) / 1e6:.1f} and {size_of(fresh[1]) / 1e6:.1f} MB"
        )
        if line is not None:
            share = line.dropped / (line.passed + line.dropped)
            print(
                f"the line: {DELAY_S * 1000:.0f} ms each way, {line.passed:,} packets passed, {line.dropped:,} lost "
                f"({share:.2%}, those of {cuts} cuts with them)"
            )
        for app in fresh:
            app.close()
        assert not lost
