"""Loudness of converted recordings by an independent meter, on recordings that you name.

    python -m benchmarks.loudness_real FILE...

Each file (speech, music, anything ffmpeg reads) is converted with the radio profile; what would be sent is decoded and
measured by pyloudnorm (ITU-R BS.1770-4) and by a true-peak meter of our own (4 times oversampled, BS.1770 annex 2).
Targets: within 0.5 LU of -23 LUFS, at most -1 dBTP. Exits 1 when one file is off.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy.signal import resample_poly

from delivery.broadcast.media.conform import ConformJob, conform
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.probe import probe
from delivery.broadcast.media.profiles import load_profile
from delivery.errors import TuxaError

TOLERANCE_LU = 0.5
MAX_DBTP = -1.0


def decoded(folder: Path) -> NDArray[np.float64]:
    """What the segments in `folder` hold: shape (samples, 2)."""
    whole = folder / "whole.ts"
    whole.write_bytes(b"".join(file.read_bytes() for file in sorted(folder.glob("0*.ts"))))
    with av.open(str(whole)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1).T.astype(np.float64)


def main(files: list[str]) -> int:
    profile = load_profile("radio-aac")
    off = 0
    for name in files:
        with tempfile.TemporaryDirectory(prefix="loudness-") as folder:
            source = Path(name)
            try:
                job = ConformJob(name, folder, probe(source, profile.kind), profile, find_ffmpeg())
                made = conform(job)
            except TuxaError as error:
                print(f"{source.name}: refused: {error.what}")
                continue
            samples = decoded(Path(folder) / made.renditions[0].name)
        lufs = float(pyloudnorm.Meter(48_000).integrated_loudness(samples))
        peak = float(20 * np.log10(np.abs(resample_poly(samples, 4, 1, axis=0)).max()))
        good = abs(lufs - profile.target_lufs) <= TOLERANCE_LU and peak <= MAX_DBTP
        off += not good
        fixes = "; ".join(str(fix) for fix in made.fixes)
        told = f"{source.name}: {lufs:.2f} LUFS, {peak:.2f} dBTP, {len(samples) / 48_000:.1f} s"
        print(f"{told}{'' if good else '  <- off'}{f'  ({fixes})' if fixes else ''}")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
