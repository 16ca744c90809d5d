"""Fifteen lessons of uneven length rendered as one feed, and judged by three: part of ``python -m benchmarks air``.

The project's own checker; the decoders of two ffmpegs, which must have nothing to say; and tsreport of Debian's
tstools, where it is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg

from delivery.broadcast.check.checker import check_file
from delivery.store.air import RowKind
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import START, make_air

LENGTHS = (25, 40, 31, 19, 53, 18, 67, 22, 36, 29, 71, 20, 44, 27, 35)
"""In ticks of 320 ms: none but two is a whole number of segments."""


def steps_of(file: Path) -> dict[str, Counter[int]]:
    """Kind of stream -> distances of presentation times in order, in 1/90,000 s."""
    times: dict[str, list[int]] = {}
    with av.open(str(file)) as container:
        for packet in container.demux():
            if packet.pts is not None:
                times.setdefault(packet.stream.type, []).append(packet.pts)
    return {kind: Counter(b - a for a, b in pairwise(sorted(found))) for kind, found in times.items()}


def said(words: list[str]) -> str:
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    return run.stderr


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tuxa-render-") as name:
        air = make_air(Studio(), Path(name))
        after = 8.0
        for number, ticks in enumerate(LENGTHS):
            air.schedule(f"L{number}", ticks, after_s=after, seed=number, rerun=number % 3 == 2)
            after += ticks * 0.32 + 7.3 + number * 0.37
        done = air.compile(minutes=after / 60 + 1)
        assert not done.findings, done.findings
        out = Path(name) / "feed.ts"
        end = START + timedelta(seconds=after + 5)
        air.station.playout.render("TV1", START, end, out=out)
        rows = [row for row in air.station.store.rows("TV1") if row.kind is RowKind.LESSON]
        joins = (
            len([row for row in air.station.store.rows("TV1") if row.start_tick * 0.32 < end.timestamp()]) - 1
        )
        report = check_file(out)
        print(
            f"render: {len(rows)} lessons, {joins} joins, {report.seconds:.1f} s, {report.bit_rate:,} bit/s"
        )
        print(
            f"  own checker: {report.faults} faults; PCR interval at most {report.pcr_interval_ms:.2f} ms, accuracy "
            f"{report.pcr_accuracy_ns:.0f} ns; counters {report.check('1.4').count}"
        )
        print(f"  steps (1/90,000 s): { ({k: dict(v) for k, v in steps_of(out).items()}) }")
        for ffmpeg in filter(None, (shutil.which("ffmpeg"), imageio_ffmpeg.get_ffmpeg_exe())):
            words = said([ffmpeg, "-v", "warning", "-i", str(out), "-map", "0", "-f", "null", "-"])
            print(f"  {Path(ffmpeg).name}: {words.strip() or 'decodes it and says nothing'}")
        if tsreport := shutil.which("tsreport"):
            told = subprocess.run(
                [tsreport, "-b", str(out)], capture_output=True, text=True, check=True
            ).stdout
            gaps = re.findall(r"(Max gap: \d+t.*|Bad \(>\.1s\) gaps: \d+|.*[Dd]iscontinuit.*)", told)
            print(f"  tsreport: {'; '.join(gaps)}")
        air.database.close()


if __name__ == "__main__":
    main()
