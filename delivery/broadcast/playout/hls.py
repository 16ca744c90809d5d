"""HLS playlists (RFC 8216) as pure functions of the timeline and the time: no playhead, no state.

Any server, restarted at any moment, writes the same bytes. Time stamps are continuous over every join, so there is
never an EXT-X-DISCONTINUITY.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from delivery.broadcast.asset import Rendition
from delivery.broadcast.schedule.timeline import Slice, Timeline
from delivery.clock import from_micros, to_micros
from delivery.store.air import TICK_US

TARGET_SECONDS = 6
"""EXT-X-TARGETDURATION, constant for ever: the longest segment (5.76 s) rounded."""
WINDOW_TICKS = 188
"""How far back a listener may go: 60 s, more than the three target durations that RFC 8216 section 6.2.2 demands."""
FRAME_RATE = "25.000"
_LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}


def playlist(
    timeline: Timeline, rendition: str, at: datetime, *, window_ticks: int = WINDOW_TICKS, suffix: str = "ts"
) -> str:
    """Media playlist of `rendition` at the moment `at`: the segments that have ended, within the window."""
    now_tick = to_micros(at) // TICK_US
    slices = timeline.published(now_tick - window_ticks, now_tick)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        f"#EXT-X-MEDIA-SEQUENCE:{slices[0].sequence if slices else _next_sequence(timeline, now_tick)}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for piece in slices:
        lines += _segment_lines(piece, rendition, suffix)
    return "\n".join(lines) + "\n"


def _segment_lines(piece: Slice, rendition: str, suffix: str) -> tuple[str, str, str]:
    return (
        f"#EXT-X-PROGRAM-DATE-TIME:{_date_time(piece.start_tick)}",
        f"#EXTINF:{seconds(piece.ticks)},",
        f"{rendition}/{piece.sequence}.{suffix}",
    )


def _next_sequence(timeline: Timeline, now_tick: int) -> int:
    """Number of the first segment that is still to come, for a channel that has only just begun."""
    return next((s.sequence for s in timeline.slices(now_tick, timeline.end_tick)), 0)


def seconds(ticks: int) -> str:
    """Exact decimal seconds of a number of ticks of 0.32 s."""
    return f"{ticks * 32 // 100}.{ticks * 32 % 100:02d}"


def _date_time(tick: int) -> str:
    return from_micros(tick * TICK_US).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def captions_name(language: str) -> str:
    """Under this name the captions of a language are listed beside the renditions."""
    return f"captions-{language}"


def on_demand(rendition: Rendition, *, suffix: str = "ts", name: str = "") -> str:
    """Media playlist of a whole lesson from its first segment, for watching later."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for number, segment in enumerate(rendition.segments):
        lines += [f"#EXTINF:{seconds(segment.ticks)},", f"{name or rendition.name}/{number}.{suffix}"]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def master(renditions: Sequence[Rendition], captions: Sequence[str] = ()) -> str:
    """Master playlist: every rung, audio only included, in the given order; captions by their languages."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for language in captions:
        lines.append(
            '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",'
            f'NAME="{_LANGUAGES.get(language, language)}",LANGUAGE="{language}",DEFAULT=NO,AUTOSELECT=YES,'
            f'FORCED=NO,URI="{captions_name(language)}.m3u8"'
        )
    for rendition in renditions:
        attributes = [
            f"BANDWIDTH={rendition.bandwidth}",
            f"AVERAGE-BANDWIDTH={rendition.average_bandwidth}",
            f'CODECS="{rendition.codecs}"',
        ]
        if rendition.kind == "video":
            attributes += [f"RESOLUTION={rendition.width}x{rendition.height}", f"FRAME-RATE={FRAME_RATE}"]
        if captions and rendition.kind == "video":
            attributes.append('SUBTITLES="captions"')
        lines += ["#EXT-X-STREAM-INF:" + ",".join(attributes), f"{rendition.name}.m3u8"]
    return "\n".join(lines) + "\n"


def rungs(base: Sequence[Rendition], others: Iterable[Sequence[Rendition]]) -> tuple[Rendition, ...]:
    """The renditions of `base` with the highest bandwidths found in it and `others`: a player must never meet a
    segment above the BANDWIDTH that it was told (RFC 8216 section 4.3.4.2)."""
    best = {r.name: r for r in base}
    for renditions in others:
        for r in renditions:
            if known := best.get(r.name):
                best[r.name] = replace(
                    known,
                    bandwidth=max(known.bandwidth, r.bandwidth),
                    average_bandwidth=max(known.average_bandwidth, r.average_bandwidth),
                )
    return tuple(best[r.name] for r in base)
