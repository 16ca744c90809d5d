"""Meters that are fed while a recording is decoded, piece by piece, and keep only what they found.

Samples and pictures arrive as raw bytes of any length, straight from ffmpeg's pipes. The work per second of recording
is a few passes of NumPy over blocks of two seconds, so that measuring costs little beside decoding.
"""

from __future__ import annotations

import math
import re
from array import array
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.qc.limits import LIMITS, Limits

PER_SECOND: Final = 10
"""Steps of the sound meter in a second."""
PICTURES_PER_SECOND: Final = 5
"""Pictures that are looked at in a second; black and still spans are exact to one of them."""
PICTURE_SIZE: Final = (384, 216)
"""Points of a picture as it comes through the pipe, taken from the source without smoothing: planes Y, U, V (4:2:0)."""
_LOOKED_AT: Final = 4
"""Every fourth point of every fourth line decides whether a picture is black or still."""
FULL_SCALE: Final = 32767
SILENT_DB: Final = -120.0
_BLOCK_STEPS: Final = 20
_EVERY: Final = 7
"""Level and phase are taken from every seventh sample: enough for a mean, and in step with no common tone."""
_FLOOR: Final = 1e-9


class SoundMeter:
    """Peak, level, clipping and phase of interleaved 16-bit samples."""

    def __init__(
        self, rate: int, channels: int, limits: Limits = LIMITS, *, full_scale: int = FULL_SCALE
    ) -> None:
        self.rate = rate
        self.channels = channels
        self._step = max(1, rate // PER_SECOND)
        self.step_s = self._step / rate
        self._limits = limits
        self._full_scale = full_scale
        self._rest = bytearray()
        self._block = self._step * channels * 2 * _BLOCK_STEPS
        self._samples = 0
        self._peaks = array("i")
        self._powers = array("d")  # left², right², left·right of each step
        self.clipped_at = array("i")
        """Steps in which samples are clipped."""
        self.clipped = 0
        """Clipped samples, over all channels."""

    @property
    def length_s(self) -> float:
        """Seconds of sound that were decoded."""
        return (self._samples + len(self._rest) // (2 * self.channels)) / self._step * self.step_s

    def feed(self, data: bytes) -> None:
        """Take the next bytes; an empty piece is the end."""
        self._rest += data
        if len(self._rest) >= self._block:
            whole = len(self._rest) // self._block * self._block
            self._measure(bytes(memoryview(self._rest)[:whole]))
            del self._rest[:whole]

    def finish(self) -> None:
        """Measure what is left; the last step may be short."""
        size = self._step * self.channels * 2
        usable = len(self._rest) // (2 * self.channels) * 2 * self.channels
        data = bytes(self._rest[:usable])
        self._rest.clear()
        whole = len(data) // size * size
        if whole:
            self._measure(data[:whole])
        if len(data) > whole:
            tail = data[whole:]
            self._measure(tail + bytes(size - len(tail)))
            self._samples -= (size - len(tail)) // (2 * self.channels)

    def _measure(self, data: bytes) -> None:
        samples = np.frombuffer(data, np.int16).reshape(-1, self._step * self.channels)
        first = len(self._peaks)
        self._samples += len(samples) * self._step
        peaks = np.maximum(samples.max(axis=1).astype(np.int32), -samples.min(axis=1).astype(np.int32))
        self._peaks.extend(peaks.tolist())
        for number in np.flatnonzero(peaks >= self._full_scale):
            step = samples[number].reshape(-1, self.channels)
            clipped = clipped_samples(step, self._limits.clip_run, full_scale=self._full_scale)
            if clipped:
                self.clipped += clipped
                self.clipped_at.append(first + int(number))
        some = samples.reshape(len(samples), self._step, self.channels)[:, ::_EVERY]
        left = some[:, :, 0].astype(np.float32) / (FULL_SCALE + 1)
        right = some[:, :, 1].astype(np.float32) / (FULL_SCALE + 1) if self.channels > 1 else left
        powers = np.stack([(a * b).mean(axis=1) for a, b in ((left, left), (right, right), (left, right))], 1)
        self._powers.extend(powers.ravel().tolist())

    @property
    def peaks_dbfs(self) -> NDArray[np.float64]:
        """Highest sample of any channel in each step."""
        return decibels(np.asarray(self._peaks, np.float64) / (FULL_SCALE + 1))

    @property
    def powers(self) -> NDArray[np.float64]:
        """Mean of left², right² and left times right in each step; shape (steps, 3)."""
        return np.asarray(self._powers, np.float64).reshape(-1, 3)


def clipped_samples(samples: NDArray[np.int16], run: int, *, full_scale: int = FULL_SCALE) -> int:
    """How many samples lie in runs of at least `run` at full scale; shape (samples, channels)."""
    full = (samples >= full_scale) | (samples <= -full_scale)
    count = 0
    for channel in range(full.shape[1]):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], full[:, channel], [False])).astype(np.int8)))
        lengths = edges[1::2] - edges[::2]
        count += int(lengths[lengths >= run].sum())
    return count


def decibels(amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitudes relative to full scale in dB; silence is :data:`SILENT_DB`."""
    levels: NDArray[np.float64] = 20 * np.log10(np.maximum(amplitudes, _FLOOR))
    return np.maximum(levels, SILENT_DB)


class PictureMeter:
    """Which of the pictures are black, and which are still the one before; keeps a few to be shown."""

    def __init__(self, keep_every: int, limits: Limits = LIMITS) -> None:
        """`keep_every`: of so many pictures one is kept, from the first on."""
        width, height = PICTURE_SIZE
        self._size = width * height * 3 // 2
        self._keep_every = keep_every
        self._limits = limits
        self._rest = bytearray()
        self._black = bytearray()
        self._still = bytearray()
        self._held: NDArray[np.int16] | None = None
        self.kept: list[bytes] = []

    @property
    def length_s(self) -> float:
        """Seconds of pictures that were decoded."""
        return len(self._black) / PICTURES_PER_SECOND

    @property
    def black(self) -> NDArray[np.bool_]:
        return np.frombuffer(bytes(self._black), np.bool_)

    @property
    def still(self) -> NDArray[np.bool_]:
        """Whether the next picture is the same: a picture that stands for two steps is marked once."""
        return np.frombuffer(bytes(self._still[1:]) + b"\0", np.bool_) if self._still else self.black

    def feed(self, data: bytes) -> None:
        """Take the next bytes; an empty piece is the end."""
        self._rest += data
        while len(self._rest) >= self._size:
            self._look(bytes(memoryview(self._rest)[: self._size]))
            del self._rest[: self._size]

    def _look(self, picture: bytes) -> None:
        if len(self._black) % self._keep_every == 0:
            self.kept.append(picture)
        width, height = PICTURE_SIZE
        luma = np.frombuffer(picture, np.uint8, width * height).reshape(height, width)
        points = luma[::_LOOKED_AT, ::_LOOKED_AT].astype(np.int16)
        dark = int(np.count_nonzero(points <= self._limits.black_level))
        held = self._held
        still = held is not None and (
            int(np.abs(points - held).sum(dtype=np.int64)) <= self._limits.freeze_difference * points.size
        )
        if not still:
            self._held = points
        self._black.append(dark >= self._limits.black_points * points.size)
        self._still.append(still)


class LoudnessMeter:
    """What FFmpeg's ebur128 says ten times a second, printed by ametadata: short-term curve and final values."""

    _VALUE: Final = re.compile(rb"lavfi\.r128\.(\w+)=(\S+)\n")

    def __init__(self) -> None:
        self._rest = b""
        self.short_term = array("d")
        """LUFS over the last 3 s, ten times a second; :data:`SILENT_DB` or less before and in silence."""
        self._last: dict[bytes, bytes] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes; an empty piece is the end."""
        text = self._rest + data
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        for name, value in self._VALUE.findall(text[:end]):
            if name == b"S":
                self.short_term.append(_number(value, SILENT_DB))
            else:
                self._last[name] = value

    def last(self, name: str, missing: float) -> float:
        """The last value of `name` (``I``, ``LRA``, ``true_peak``)."""
        return _number(self._last.get(name.encode(), b""), missing)


def _number(text: bytes, missing: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return missing
    return value if math.isfinite(value) else missing
