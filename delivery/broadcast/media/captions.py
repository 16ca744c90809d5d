"""Captions that lie beside a recording: SRT or WebVTT in, WebVTT on the lesson's segment grid out.

``bai-1.srt`` and ``bai-1.vi.vtt`` belong to ``bai-1.mp4``. What cannot be read is refused with the line, because
captions that silently lack a sentence are worse than none.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.captions import timestamp_map
from delivery.broadcast.media.thumbnails import clock
from delivery.errors import N_, BadInput, Message
from delivery.units import SEGMENT_TICKS, TICK_MS

LANGUAGE: Final = "vi"
"""Of captions whose file name does not say."""
_SUFFIXES: Final = (".vtt", ".srt")
_LARGEST: Final = 8 << 20
"""Bytes: six hours of speech are well below one megabyte."""
_MOST_PROBLEMS: Final = 20
_TIME: Final = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING: Final = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s+(.*?))?\s*$")
_LANGUAGE: Final = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
_KEPT_TAGS: Final = re.compile(r"&lt;(/?)([ibu])&gt;", re.IGNORECASE)
_OTHER_TAGS: Final = re.compile(r"</?(?!/?[ibu]>)[a-z][^<>]*>|\{\\[^}]*\}", re.IGNORECASE)
_BLOCKS: Final = ("NOTE", "STYLE", "REGION")


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption. Times in ms from the lesson's start; the text is WebVTT cue text."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """The captions of one file."""

    language: str
    file: str
    cues: tuple[Cue, ...]


def captions_beside(recording: Path) -> list[Path]:
    """Caption files that belong to `recording`, at most one for each language, in the order of their names."""
    found: dict[str, Path] = {}
    stem = recording.stem
    try:
        beside = sorted(recording.parent.iterdir())
    except OSError:
        return []
    for suffix in _SUFFIXES:
        for file in beside:
            if file.suffix.lower() == suffix and (language := _language(file.stem, stem)):
                found.setdefault(language, file)
    return [found[language] for language in sorted(found)]


def _language(name: str, stem: str) -> str:
    """The language that the name of a caption file tells; empty when it does not belong to `stem`."""
    # Macs and archives write Vietnamese names decomposed; for people it is the same name.
    name, stem = (unicodedata.normalize("NFC", text) for text in (name, stem))
    if name == stem:
        return LANGUAGE
    head, _, tail = name.rpartition(".")
    language, dash, region = tail.partition("-")
    tail = language.lower() + dash + region
    return tail if head == stem and _LANGUAGE.match(tail) else ""


def read_captions(recording: Path, *, length_ms: int) -> list[CaptionTrack]:
    """The captions beside `recording`, of a lesson of `length_ms`. Raises BadInput naming file, line and reason."""
    return [
        CaptionTrack(
            _language(file.stem, recording.stem),
            file.name,
            parse_captions(_text(file), source=file.name, length_ms=length_ms),
        )
        for file in captions_beside(recording)
    ]


def _text(file: Path) -> str:
    try:
        data = file.read_bytes() if file.stat().st_size <= _LARGEST else None
    except OSError as error:
        raise _wrong(file.name, 1, N_("the file cannot be read")) from error
    if data is None:
        raise _wrong(file.name, 1, N_("the file is too large for captions"))
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise _wrong(file.name, line, N_("it is not UTF-8; save the file as UTF-8"))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _wrong(file.name, line, N_("it is not UTF-8; save the file as UTF-8")) from error


def parse_captions(text: str, *, source: str, length_ms: int) -> tuple[Cue, ...]:
    """The cues of an SRT or WebVTT text, by their start. Raises BadInput naming line and reason."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    vtt = lines[0].startswith("WEBVTT")
    cues: list[Cue] = []
    problems: list[Message] = []
    for first, block in _blocks(lines):
        if vtt and (first == 1 or block[0].split(" ")[0] in _BLOCKS):
            continue
        try:
            cues.append(_cue(block, first, source=source, vtt=vtt, length_ms=length_ms))
        except BadInput as error:
            problems += error.problems
            if len(problems) >= _MOST_PROBLEMS:
                break
    if problems:
        raise _refused(source, problems)
    if not cues:
        raise _wrong(source, 1, N_("there is no caption in it"))
    return tuple(sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms)))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, lines) of each block between empty lines."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(block: Sequence[str], first: int, *, source: str, vtt: bool, length_ms: int) -> Cue:
    at = 0 if "-->" in block[0] else 1
    line = first + at
    timing = _TIMING.match(block[at]) if at < len(block) else None
    if timing is None:
        raise _wrong(
            source,
            min(line, first + len(block) - 1),
            N_("a time such as 00:01:02,500 --> 00:01:04,000 is expected"),
        )
    start_ms, end_ms = _ms(timing.groups()[:4]), _ms(timing.groups()[4:8])
    if end_ms <= start_ms:
        raise _wrong(source, line, N_("the caption ends before it begins"))
    if start_ms >= length_ms:
        raise _wrong(
            source, line, N_("the caption begins after the lesson’s end at {end}"), end=clock(length_ms)
        )
    body = [_plain(row) if not vtt else row.strip() for row in block[at + 1 :]]
    if any("-->" in row for row in block[at + 1 :]):
        raise _wrong(source, line, N_("an empty line is missing before the next caption"))
    if not any(body):
        raise _wrong(source, line, N_("the caption has no text"))
    return Cue(start_ms, min(end_ms, length_ms), "\n".join(body), (timing.group(9) or "") if vtt else "")


def _ms(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))


def _plain(row: str) -> str:
    """SRT text as WebVTT: bold, italic and underlined stay, other tags go, what is special to WebVTT is escaped."""
    return _KEPT_TAGS.sub(
        lambda tag: f"<{tag[1]}{tag[2].lower()}>",
        html.escape(_OTHER_TAGS.sub("", row.strip()), quote=False),
    )


def _wrong(source: str, line: int, reason: str, **params: object) -> BadInput:
    message = Message(
        N_("{file}, line {line}: {reason}."),
        {"file": source, "line": line, "reason": Message(reason, params)},
    )
    return _refused(source, [message])


def _refused(source: str, problems: Sequence[Message]) -> BadInput:
    return BadInput(
        N_("The captions {file} cannot be used."),
        do=N_("Correct that line, or move the file away, then run the same command again."),
        problems=tuple(problems),
        file=source,
    )


def whole_track(cues: Sequence[Cue]) -> str:
    """All captions as one WebVTT file, for players of files."""
    return "\n".join(["WEBVTT", "", *(line for cue in cues for line in _lines(cue))])


def caption_segments(cues: Sequence[Cue], ticks: int) -> Iterator[str]:
    """The captions of each segment of a lesson of `ticks`, its time 0 mapped to the lesson's first time stamp.

    A caption that is still shown when a segment begins stands in that one too (RFC 8216 section 3.5).
    """
    for first in range(0, ticks, SEGMENT_TICKS):
        start, end = first * TICK_MS, min(first + SEGMENT_TICKS, ticks) * TICK_MS
        shown = [cue for cue in cues if cue.start_ms < end and cue.end_ms > start]
        lines = ["WEBVTT", timestamp_map(ORIGIN_PTS), ""]
        yield "\n".join([*lines, *(line for cue in shown for line in _lines(cue))])


def _lines(cue: Cue) -> tuple[str, str, str]:
    settings = f" {cue.settings}" if cue.settings else ""
    return f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}{settings}", cue.text, ""
