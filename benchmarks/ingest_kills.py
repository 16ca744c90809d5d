"""Ingest, killed at random moments: no process stays, no half file, nothing encoded twice.

    python -m benchmarks.ingest_kills [KILLS] [SEED]

A child converts recordings with two workers; it is killed (SIGKILL) again and again, and started again. After each kill
every process of it must be gone. A mark in a working folder says that an encoding is finished: no mark may ever be
written again. In the end everything must be there once, and nothing else.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench_ingest import camera
from delivery.app import App
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.ingest import Ingest
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import load_profile
from delivery.broadcast.media.result import Result
from delivery.broadcast.media.rot import verify_library
from delivery.broadcast.media.telling import Lesson
from delivery.executor import make_executor
from delivery.record.kinds import FactKind
from delivery.settings import Settings

LONGEST_S = 6.0
"""Of a run before it is killed."""


def convert(home: Path, folder: Path) -> list[Result]:
    """What the child does."""
    tuxa = App(Settings(home=home))
    tuxa.init()
    library = Library(tuxa.database, tuxa.blobs, clock=tuxa.clock)
    ingest = Ingest(library, tuxa.facts, home=home, ffmpeg=find_ffmpeg())
    files = sorted(folder.glob("*.mp4"))
    pairs = [(file, Lesson(file.stem, "C", number)) for number, file in enumerate(files)]
    with make_executor(workers=2) as pool:
        results = list(ingest.add(pairs, profile=load_profile("tv720p25"), executor=pool, actor="bench"))
    tuxa.close()
    return results


def running(text: str) -> list[str]:
    """Command lines that hold `text`."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                lines.append(line)
    return lines


def marks(home: Path) -> dict[str, float]:
    """Finished encodings: mark -> when it was written."""
    found = {}
    for mark in (home / "work" / "ingest").rglob("pictures.step"):
        try:
            found[str(mark)] = mark.stat().st_mtime
        except OSError:
            continue
    return found


def round_of(home: Path, folder: Path, seconds: float) -> bool:
    """Start the child and kill it after `seconds`; whether it was still at work then."""
    command = [sys.executable, "-m", "benchmarks.ingest_kills", "--child", str(home), str(folder)]
    child = subprocess.Popen(command, start_new_session=True)
    try:
        child.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.wait()
    end = time.monotonic() + 20
    while (left := running(str(home))) and time.monotonic() < end:
        time.sleep(0.05)
    if left:
        raise RuntimeError(f"still running after a kill: {left}")
    return True


def main(kills: int = 50, seed: int = 1) -> None:
    """Kill, count, verify, print."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="ingest-kills-") as scratch:
        root = Path(scratch)
        home, folder, killed, twice, batch = root / "home", root / "in", 0, 0, 0
        folder.mkdir()
        seen: dict[str, float] = {}
        while killed < kills:
            if not marks(home) and (batch == 0 or not round_of(home, folder, LONGEST_S)):
                # All is converted: more work, so that the kills hit something.
                batch += 1
                for number in range(2):
                    camera(folder / f"{batch:02}-{number}.mp4", 1.0 + 0.02 * (2 * batch + number))
            killed += round_of(home, folder, chance.uniform(0.3, LONGEST_S))
            now = marks(home)
            twice += sum(now[mark] != seen[mark] for mark in now.keys() & seen.keys())
            seen |= now
        results = convert(home, folder)
        tuxa = App(Settings(home=home))
        tuxa.init()
        facts = [fact.data["asset"] for fact in tuxa.facts.select(kind=FactKind.MEDIA_INGESTED)]
        health = verify_library(Library(tuxa.database, tuxa.blobs, clock=tuxa.clock))
        tuxa.blobs.sweep(before=datetime.now(UTC) + timedelta(minutes=1))
        left = list(home.rglob("*.part"))
        left += [path for path in (home / "work" / "ingest").iterdir() if path.suffix != ".lock"]
        tuxa.close()
    print(f"{killed} kills over {len(results)} recordings, seed {seed}")
    print(f"encodings repeated        {twice}")
    print(f"assets told twice         {len(facts) - len(set(facts))} of {len(facts)}")
    print(f"files missing or altered  {len(health.rot)} of {health.files}")
    print(f"files left over           {len(left)}")
    if twice or left or health.rot or len(facts) != len(set(facts)) or any(not r.asset for r in results):
        raise SystemExit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        convert(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:3]))
