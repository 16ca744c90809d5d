"""Channels on the air: compiling a term, playlists, and feeds beside ffmpeg doing the same.

Targets: a term of 16 weeks x 4 channels compiled with all checks in < 2 s; 2,000 random rules
expanded as python-dateutil does; >= 20,000 playlists/s per core in-process
and >= 2,000/s over HTTP with 1,000 connections; a feed at <= 1/200 of the CPU of one ffmpeg encoding the same channel
again, and at <= 1/3 of `ffmpeg -re -f concat -c copy`; 100 feeds at once with none late.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import air_feed, air_http, air_render
from delivery.broadcast.schedule.schedule import make_slot
from delivery.clock import VIETNAM
from tests.broadcast.paper import paper_asset
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import START, make_air
from tests.broadcast.schedule.test_schedule import random_rules_compared

WEEKS = 16


@cache
def paper(asset_id: str) -> Any:
    ticks = int(asset_id.rsplit("-", 1)[1])
    made = paper_asset(asset_id, ticks, renditions=("720p", "480p", "240p", "audio"))
    return replace(made, kind="radio" if asset_id.startswith("radio") else "tv")


class PaperStudio(Studio):
    """Assets without bytes: what is measured is the compiler."""

    def asset(self, asset_id: str) -> Any:
        return paper(asset_id)

    def slates(self, kind: str = "tv") -> Any:
        return {n: f"{kind} slate-{n}" for n in range(1, 19)}

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


def bench_rules() -> None:
    begin = time.process_time()
    kinds = random_rules_compared(2_000)
    told = ", ".join(f"{kind.partition('=')[2].lower()} {count}" for kind, count in sorted(kinds.items()))
    print(f"rules: 2,000 random ones expand as python-dateutil expands them ({told}), ", end="")
    print(f"{time.process_time() - begin:.1f} s of CPU for both")


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


def main() -> None:
    os.environ.setdefault("TZ", "UTC")
    with tempfile.TemporaryDirectory(prefix="tuxa-air-") as name:
        folders = [Path(name) / part for part in ("compile", "lists", "feed")]
        for folder in folders:
            folder.mkdir()
        bench_rules()
        bench_compile(folders[0])
        bench_playlists(folders[1], Studio())
        air_render.main()
        air_http.main()
        air_feed.main(folders[2])
