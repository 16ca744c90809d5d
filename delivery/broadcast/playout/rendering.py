"""A span of a channel written to a file at once: exactly what goes out, without waiting for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.feed import Feed, locate
from delivery.broadcast.playout.sender import Source
from delivery.broadcast.schedule.counting import TRANSMITTER
from delivery.broadcast.schedule.timeline import Slice
from delivery.errors import N_, Refused, TuxaError
from delivery.store.air import Channel
from delivery.store.files import publish


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a rendering wrote."""

    rendition: str
    segments: int
    replaced: int
    """Segments for which a slate was written."""
    bytes: int
    start_tick: int
    end_tick: int


def render(
    channel: Channel,
    pieces: Sequence[Slice],
    span: tuple[int, int],
    *,
    out: Path,
    name: str,
    assets: Callable[[str], Asset],
    source: Source | None = None,
    feed: Feed | None = None,
) -> Rendered:
    """Write `pieces` to `out`: from `source` with the counters of what it really sends, or rendition `name` of `feed`.

    Raises Refused when the pieces do not cover the ticks of `span`, or there is no such folder.
    """
    first, stop = span
    if first >= stop or not pieces or pieces[0].start_tick > first or pieces[-1].end_tick < stop:
        raise Refused(
            N_("The timeline of {channel} does not cover that span."),
            do=N_("Compile the schedule up to the end of the span first."),
            channel=channel.code,
        )
    if not out.parent.is_dir():
        raise Refused(
            N_("The folder {folder} does not exist."),
            do=N_("Create it, or name another file."),
            folder=str(out.parent),
        )
    if source:
        written = _of_source(pieces, source, _first_counters(pieces[0], assets))
    else:
        assert feed is not None
        written = _of_feed(channel, pieces, feed, name)
    handle, temporary = tempfile.mkstemp(dir=out.parent, suffix=".part")
    replaced = size = 0
    try:
        with os.fdopen(handle, "wb") as stream:
            for data, reason in written:
                replaced += bool(reason)
                size += stream.write(data)
        publish(Path(temporary), out)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Rendered(name, len(pieces), replaced, size, pieces[0].start_tick, pieces[-1].end_tick)


def _of_source(
    pieces: Sequence[Slice], source: Source, counters: Mapping[int, int]
) -> Iterator[tuple[bytes | bytearray, str]]:
    for piece in pieces:
        load = source.load(piece, counters)
        counters = load.counters
        yield load.data, load.reason


def _of_feed(
    channel: Channel, pieces: Sequence[Slice], feed: Feed, name: str
) -> Iterator[tuple[bytes | bytearray, str]]:
    for piece in pieces:
        sent = feed.send(channel, piece, name)
        yield sent.data, sent.reason


def _first_counters(piece: Slice, assets: Callable[[str], Asset]) -> Mapping[int, int]:
    """Counters with which a rendering begins: those that the timeline has for its first segment."""
    try:
        return locate(piece, assets(piece.row.asset), TRANSMITTER).counters
    except TuxaError:
        return {int(pid): count for pid, count in piece.row.counters(TRANSMITTER).items()}
