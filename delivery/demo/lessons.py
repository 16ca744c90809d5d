"""Make the recordings of the sample term on the spot: drawn slides, spoken Vietnamese, a short jingle.

The results are ordinary MP4 and M4A files, as a studio would hand them in; ingest knows nothing of this module.
"""

from __future__ import annotations

import shutil
import tempfile
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import ffmpeg as graph
import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.media.ffmpeg import Ffmpeg, arguments, run
from delivery.broadcast.media.speech import speak
from delivery.broadcast.media.stills import (
    ACCENT,
    HEIGHT,
    INK,
    MARGIN,
    NIGHT,
    SOFT,
    WIDTH,
    canvas,
    draw_block,
    fitting,
    typeface,
)
from delivery.demo.lesson_texts import LESSONS, LessonText, Slide
from delivery.store.files import publish

LEAST_S: Final = 62.0
"""A sample lesson is at least this long; pauses between slides make up for a short text."""
_PAUSE_S: Final = 0.7
_FADE_S: Final = 0.4
_FRAMES_PER_S: Final = 10
_JINGLE_S: Final = 2.4
_PAPER: Final = (247, 245, 240)
_DARK: Final = (28, 36, 52)

Sound = NDArray[np.float32]


def make_lessons(
    folder: Path,
    *,
    ffmpeg: Ffmpeg,
    texts: Sequence[LessonText] = LESSONS,
    least_s: float = LEAST_S,
    workers: int = 2,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Path]:
    """Write one recording per text into `folder`; material code -> file. A file that is there already stays.

    Raises ToolFailed when espeak-ng or ffmpeg cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def make(text: LessonText) -> tuple[str, Path]:
        file = folder / f"{text.material}{'.mp4' if text.kind == 'tv' else '.m4a'}"
        if not file.exists():
            make_lesson(text, file, ffmpeg=ffmpeg, least_s=least_s)
        if progress:
            progress(text.material)
        return text.material, file

    with ThreadPoolExecutor(max_workers=workers) as pool:
        return dict(pool.map(make, texts))


def make_lesson(text: LessonText, file: Path, *, ffmpeg: Ffmpeg, least_s: float = LEAST_S) -> None:
    """Write one recording; it appears under its name when whole."""
    work = Path(tempfile.mkdtemp(prefix=f".{file.stem}-", dir=file.parent))
    try:
        spoken, rate = _narration(text, work)
        lengths = _lengths([len(piece) / rate for piece in spoken], least_s=least_s)
        sound = np.concatenate(
            [_padded(piece, round(length * rate)) for piece, length in zip(spoken, lengths, strict=True)]
        )
        if text.kind == "radio":
            sound = np.concatenate([jingle(rate), sound, jingle(rate)])
        voice = work / "voice.wav"
        _write(voice, sound, rate)
        out = work / f"whole{file.suffix}"
        run(arguments([_output(text, lengths, voice, work, out)], ffmpeg))
        publish(out, file)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _narration(text: LessonText, work: Path) -> tuple[list[Sound], int]:
    """What is said with each slide, and the sample rate in Hz."""
    files = [work / f"{number}.wav" for number in range(len(text.slides))]
    for slide, file in zip(text.slides, files, strict=True):
        speak(slide.said, file)
    pieces: list[Sound] = []
    rate = 0
    for file in files:
        with wave.open(str(file), "rb") as stream:
            rate = stream.getframerate()
            raw = np.frombuffer(stream.readframes(stream.getnframes()), dtype="<i2")
        pieces.append((raw / 32768).astype(np.float32))
    return pieces, rate


def _lengths(spoken_s: Sequence[float], *, least_s: float) -> list[float]:
    """How long each slide stands, in whole pictures: its narration, a pause, and an equal share of what is missing."""
    pause = max(_PAUSE_S, (least_s - sum(spoken_s)) / len(spoken_s))
    return [-(-round((length + pause) * 1000) * _FRAMES_PER_S // 1000) / _FRAMES_PER_S for length in spoken_s]


def _padded(sound: Sound, samples: int) -> Sound:
    return np.concatenate([sound, np.zeros(max(0, samples - len(sound)), np.float32)])


def jingle(rate: int) -> Sound:
    """Four rising tones that fade, then a breath of silence."""
    at = np.arange(round(_JINGLE_S * rate)) / rate
    out = np.zeros_like(at)
    for number, hertz in enumerate((392.00, 493.88, 587.33, 783.99)):
        since = at - number * 0.28
        tone = np.sin(2 * np.pi * hertz * since) + 0.3 * np.sin(4 * np.pi * hertz * since)
        out += np.where(since >= 0, tone * np.exp(-3.2 * np.maximum(since, 0)), 0)
    out *= np.clip((_JINGLE_S - 0.2 - at) / 0.4, 0, 1) * np.clip(at / 0.01, 0, 1)
    loud: Sound = (0.25 * out / np.abs(out).max()).astype(np.float32)
    return loud


def _write(file: Path, sound: Sound, rate: int) -> None:
    with wave.open(str(file), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def _output(text: LessonText, lengths: Sequence[float], voice: Path, work: Path, out: Path) -> Any:
    sound = graph.input(f"file:{voice}").audio
    common: dict[str, Any] = {"c:a": "aac", "b:a": "96k", "fflags": "+bitexact", "map_metadata": -1}
    if text.kind == "radio":
        return graph.output(sound, str(out), **common)
    shown = []
    for number, (slide, length) in enumerate(zip(text.slides, lengths, strict=True)):
        still = work / f"{number}.png"
        draw_slide(text, slide, number).save(still, compress_level=1)
        frames = round(length * _FRAMES_PER_S)
        stream = graph.input(f"file:{still}", framerate=_FRAMES_PER_S).video.filter("format", "yuv420p")
        stream = stream.filter("tpad", stop_mode="clone", stop=frames - 1)
        stream = stream.filter("fade", t="in", st=0, d=_FADE_S)
        shown.append(stream.filter("fade", t="out", st=f"{length - _FADE_S:.3f}", d=_FADE_S))
    joined = graph.concat(*shown, v=1, a=0)
    return graph.output(
        joined,
        sound,
        str(out),
        **common,
        **{"c:v": "libx264", "preset": "ultrafast", "crf": 18, "flags:v": "+bitexact"},
    )


def draw_slide(text: LessonText, slide: Slide, number: int) -> Any:
    """A slide: course and lesson above, the slide's title, its points, and how far the lesson is."""
    image, draw = canvas(_PAPER)
    draw.rectangle((0, 0, WIDTH, 96), fill=NIGHT)
    draw.text((MARGIN, 48), text.course, font=typeface("SemiBold", 30), fill=INK, anchor="lm")
    face = fitting(text.title, "Regular", 28, WIDTH // 2)
    draw.text((WIDTH - MARGIN, 48), text.title, font=face, fill=SOFT, anchor="rm")
    y = draw_block(
        draw, slide.title, at=(MARGIN, 150), width=WIDTH - 2 * MARGIN, face=typeface("Bold", 60), fill=_DARK
    )
    y += 34
    for point in slide.points:
        draw.ellipse((MARGIN, y + 20, MARGIN + 14, y + 34), fill=ACCENT)
        y = draw_block(
            draw,
            point,
            at=(MARGIN + 40, y),
            width=WIDTH - 2 * MARGIN - 40,
            face=typeface("Regular", 40),
            fill=_DARK,
        )
        y += 22
    share = (number + 1) / len(text.slides)
    draw.rectangle((0, HEIGHT - 12, round(WIDTH * share), HEIGHT), fill=ACCENT)
    return image
