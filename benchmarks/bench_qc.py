"""Quality control of recordings: processor time of all measures beside decoding and ebur128 alone.

Both sides decode picture and sound of the same file once. The baseline measures loudness and true peak with ebur128;
ours measures everything (black, still, silence, clipping, phase, scan, damage), draws curves and makes thumbnails.
Times are of all processes together, the least of several alternating runs.
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.probe import Probe, look
from delivery.broadcast.qc.analysis import analyse

RUNS = 3
TARGET = 1.05
_SOUND = "anoisesrc=r=48000:a=0.1:c=pink:seed=7,tremolo=f=4:d=0.7,aformat=channel_layouts=stereo"
_SECONDS = 10
_FILES = {
    "camera, 1080p25 at 8 Mbit/s": ("testsrc2=s=1920x1080:r=25,noise=alls=4:allf=t", "8M", 6),
    "camera, 720p25 at 3 Mbit/s": ("testsrc2=s=1280x720:r=25,noise=alls=4:allf=t", "3M", 9),
    "radio, AAC at 128 kbit/s": ("", "", 90),
}
"""Picture, its bit rate, and how often ten seconds are repeated."""


def record(file: Path, picture: str, rate: str, times: int) -> Path:
    """A recording like those that come: ten seconds, over and over."""
    once = file.with_suffix(".mkv")
    command = [find_ffmpeg().path, "-v", "error", "-y"]
    if picture:
        command += ["-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", _SOUND, "-t", str(_SECONDS), "-c:a", "aac", "-b:a", "128k"]
    if picture:
        command += ["-c:v", "libx264", "-preset", "veryfast", "-b:v", rate, "-pix_fmt", "yuv420p"]
    subprocess.run([*command, str(once)], check=True)
    repeat = [
        find_ffmpeg().path,
        "-v",
        "error",
        "-stream_loop",
        str(times - 1),
        "-i",
        str(once),
        "-c",
        "copy",
    ]
    subprocess.run([*repeat, str(file)], check=True)
    return file


def baseline(file: Path) -> None:
    """The same decode with ebur128 alone, as one would type it."""
    house = "aresample=48000:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo"
    command = [find_ffmpeg().path, "-v", "error", "-nostdin", "-i", str(file)]
    if look(file, want_video=True).video:
        command += ["-map", "0:v", "-f", "null", "-"]
    command += ["-map", "0:a", "-af", f"{house},ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
    subprocess.run(command, check=True)


def ours(file: Path, known: Probe) -> None:
    """All measures."""
    with tempfile.TemporaryDirectory() as folder:
        analyse(file, known, ffmpeg=find_ffmpeg(), folder=Path(folder))


def processor_seconds(work: Callable[[], None]) -> float:
    """Processor time of this process and the children that `work` ended."""

    def spent() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    before = spent()
    work()
    return spent() - before


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="qc-bench-") as scratch:
        for number, (name, (picture, rate, times)) in enumerate(_FILES.items()):
            file = record(Path(scratch) / f"{number}.mp4", picture, rate, times)
            known = look(file, want_video=True)
            plain, full = [], []
            for _ in range(RUNS):
                plain.append(processor_seconds(partial(baseline, file)))
                full.append(processor_seconds(partial(ours, file, known)))
            least, most = min(plain), min(full)
            print(
                f"{name:<28} {_SECONDS * times:4} s   baseline {least:6.2f} s   all measures {most:6.2f} s   "
                f"ratio {most / least:.3f}   target <= {TARGET}"
            )


if __name__ == "__main__":
    main()
