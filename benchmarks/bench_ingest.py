"""Ingest: against the same ffmpeg commands by hand, a ladder rung by rung, and many short files.

Targets: wall time at most 1.02 of the commands by hand; the ladder in one decode at least 1.25 times cheaper (processor
time) than one rung after the other. ``INGEST_SECONDS`` (20) and ``INGEST_FILES`` (200) make it shorter or longer.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from delivery.app import App
from delivery.broadcast.media import conform as conforming
from delivery.broadcast.media import picture
from delivery.broadcast.media.conform import ConformJob, conform, ticks_for
from delivery.broadcast.media.ffmpeg import arguments, find_ffmpeg
from delivery.broadcast.media.ingest import Ingest
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.probe import probe
from delivery.broadcast.media.profiles import Profile, load_profile
from delivery.broadcast.media.sources import source_input
from delivery.broadcast.media.telling import Lesson
from delivery.broadcast.qc import analysis
from delivery.executor import make_executor
from delivery.settings import Settings

SECONDS = float(os.environ.get("INGEST_SECONDS", "20"))
FILES = int(os.environ.get("INGEST_FILES", "200"))
_SPEECH = "anoisesrc=r=48000:a=0.1:c=pink:seed={seed},tremolo=f=4:d=0.7"


def camera(file: Path, seconds: float) -> Path:
    """A recording as a camera writes it: 1920x1080, H.264, noise in the picture."""
    ffmpeg = find_ffmpeg().path
    shown = "testsrc2=s=1920x1080:r=25,noise=alls=6:allf=t,format=yuv420p"
    command = [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-t", str(seconds), "-i", shown]
    command += ["-f", "lavfi", "-t", str(seconds), "-i", _SPEECH.format(seed=7)]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac", str(file)]
    subprocess.run(command, check=True)
    return file


def processor_s() -> float:
    """Processor time of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(commands: Sequence[Sequence[str]]) -> tuple[float, float]:
    """(wall, processor) seconds of command lines one after the other, as from a shell."""
    start, busy = time.perf_counter(), processor_s()
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start, processor_s() - busy


def ladder(source: Path, folder: Path, profile: Profile) -> None:
    """All rungs from one decode, against one decode for each."""
    ffmpeg, found = find_ffmpeg(), probe(source, "tv")
    assert found.video is not None
    ticks = ticks_for(found.duration_s)

    def command(house: Profile) -> list[str]:
        stream = source_input(source)[str(found.video.index)]  # type: ignore[union-attr]
        files = {rung.name: folder / f"{rung.name}.ts" for rung in house.pictures}
        outputs = picture.ladder_outputs(stream, found.video, ticks=ticks, profile=house, files=files)  # type: ignore[arg-type]
        return arguments(outputs, ffmpeg)

    single = [replace(profile, rungs=(rung,), transmitter=None) for rung in profile.pictures]
    _, each = timed([command(house) for house in single])
    _, together = timed([command(profile)])
    print(f"ladder, rung by rung      {each:7.2f} s of processor time")
    print(
        f"ladder, one decode        {together:7.2f} s of processor time   {each / together:.2f} x cheaper (1.25)"
    )


def by_hand(source: Path, folder: Path, profile: Profile) -> None:
    """Conform, cut and prove one recording; then the ffmpeg commands that this took, from a shell."""
    commands: list[list[str]] = []
    folder.mkdir()
    real = {module: module.run for module in (conforming, analysis)}

    def noting(module: Any) -> Any:
        def run(argv: Sequence[str], **options: Any) -> str:
            commands.append([re.sub(r"pipe(\\*):([3-9]|\d\d)", "/dev/null", part) for part in argv])
            told: str = real[module](argv, **options)
            return told

        return run

    start, busy = time.perf_counter(), processor_s()
    with patch.object(conforming, "run", noting(conforming)), patch.object(analysis, "run", noting(analysis)):
        conform(ConformJob(str(source), str(folder), probe(source, "tv"), profile, find_ffmpeg()))
    wall, busy = time.perf_counter() - start, processor_s() - busy
    hand_wall, hand_busy = timed([["nice", "-n", "10", *command] for command in commands])
    print(
        f"{len(commands)} commands by hand        {hand_wall:7.2f} s wall   {hand_busy:7.2f} s of processor time"
    )
    print(
        f"conformed, cut and proved {wall:7.2f} s wall   {busy:7.2f} s of processor time   "
        f"{wall / hand_wall:.3f} x wall (1.02), {busy / hand_busy:.3f} x processor"
    )


def many(folder: Path) -> None:
    """Many short recordings with two workers; then all of them again."""
    recordings = folder / "many"
    recordings.mkdir()
    ffmpeg = find_ffmpeg().path

    def make(number: int) -> Path:
        file = recordings / f"{number:03}.wav"
        source = _SPEECH.format(seed=number)
        command = [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-t", "1.5", "-i", source, str(file)]
        subprocess.run(command, check=True)
        return file

    with ThreadPoolExecutor(2) as pool:
        files = list(pool.map(make, range(FILES)))
    tuxa = App(Settings(home=folder / "home"))
    tuxa.init()
    ingest = Ingest(
        Library(tuxa.database, tuxa.blobs, clock=tuxa.clock),
        tuxa.facts,
        home=tuxa.settings.home,
        ffmpeg=find_ffmpeg(),
    )
    pairs = [(file, Lesson(f"M{number}", "C", number)) for number, file in enumerate(files)]
    profile = load_profile("radio-aac")
    for word in ("converted", "again"):
        start = time.perf_counter()
        with make_executor(workers=2) as pool:
            results = list(ingest.add(pairs, profile=profile, executor=pool, actor="bench"))
        wall = time.perf_counter() - start
        new = sum(result.new for result in results)
        bad = sum(result.asset is None for result in results)
        print(f"{FILES} short files, {word:<9}  {wall:7.2f} s wall   {new} new, {bad} refused")
    tuxa.close()


def main() -> None:
    """Make a recording, measure all three, print."""
    with tempfile.TemporaryDirectory(prefix="ingest-bench-") as scratch:
        root = Path(scratch)
        source = camera(root / "camera.mp4", SECONDS)
        profile = load_profile("tv720p25")
        print(f"{SECONDS:g} s of 1920x1080 into {profile.name} version {profile.version}")
        ladder(source, root, profile)
        by_hand(source, root / "hand", profile)
        many(root)


if __name__ == "__main__":
    main()
