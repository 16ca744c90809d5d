"""Playout at work: its heartbeat, a look at what has gone out and comes next, and spans written to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from delivery.broadcast.playout.alerts import clock_stepped, timeline_ends, was_away
from delivery.broadcast.playout.pace import STEP_S
from delivery.broadcast.playout.rendering import Rendered, render
from delivery.broadcast.playout.sender import Source
from delivery.broadcast.playout.serving import Serving, transmitter_rendition
from delivery.broadcast.schedule.counting import TRANSMITTER
from delivery.broadcast.schedule.schedule import tick_at
from delivery.broadcast.schedule.timeline import Slice, Timeline, renditions_of
from delivery.clock import from_micros, to_micros
from delivery.errors import TuxaError
from delivery.store.air import TICK_US, Channel, RowKind
from delivery.units import SEGMENT_TICKS

BEAT_GAP = timedelta(seconds=15)
"""Longest silence between two heartbeats of one process that still counts as running."""
_LOOK_AHEAD_TICKS = 32
_WARN_TICKS = 938
"""Warn when the timeline ends within 5 minutes."""

_log = structlog.get_logger(__name__)


class Playout(Serving):
    """All channels of a site on the air."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._source: Callable[[Channel], Source] | None = None
        self._span: tuple[int, datetime] | None = None
        self._ahead_us: int | None = None
        self._watched: dict[str, int] = {}
        self._warned: dict[str, int] = {}

    def beat(self, now: datetime | None = None) -> None:
        """Heartbeat, every few seconds: note that playout runs, and look at what has just gone out and comes next."""
        moment = now or self._clock.now()
        self._watch_clock(moment)
        self._keep_span(moment)
        for channel in self._store.channels():
            try:
                self._watch(channel, moment)
            except TuxaError as error:
                # One channel's trouble is not the others'.
                _log.error("not-watched", channel=channel.code, reason=str(error))

    def _watch_clock(self, now: datetime) -> None:
        """Somebody set the clock: UTC has moved against the time since this machine was started."""
        ahead_us = to_micros(now) - round(self._clock.monotonic() * 1e6)
        before, self._ahead_us = self._ahead_us, ahead_us
        if before is not None and abs(ahead_us - before) > STEP_S * 1e6:
            self.alerts.tell(clock_stepped((ahead_us - before) / 1e6))

    def _keep_span(self, now: datetime) -> None:
        if self._span is not None and timedelta(0) <= now - self._span[1] <= BEAT_GAP:
            self._store.extend_span(self._span[0], to_micros(now))
            self._span = (self._span[0], now)
        else:
            self._tell_absence(now)
            self._span = (self._store.open_span(to_micros(now)), now)

    def _tell_absence(self, now: datetime) -> None:
        """Nobody played out for a while: the process was killed, or the clock was set."""
        ends = [
            end
            for _, end in self._store.up_spans(to_micros(now - timedelta(days=7)))
            if end <= to_micros(now)
        ]
        if ends and to_micros(now) - max(ends) > BEAT_GAP // timedelta(microseconds=1):
            self.alerts.tell(was_away(max(ends), to_micros(now)))

    def _watch(self, channel: Channel, now: datetime) -> None:
        now_tick = tick_at(now)
        timeline = self._timeline(channel.code, now_tick)
        if timeline.end_tick < now_tick + _WARN_TICKS and self._warned.get(channel.code) != timeline.end_tick:
            self._warned[channel.code] = timeline.end_tick
            ends = from_micros(timeline.end_tick * TICK_US).isoformat() if timeline.rows else None
            self.alerts.tell(timeline_ends(channel.code, timeline.end_tick * TICK_US))
            _log.error(
                "timeline-ends", channel=channel.code, ends=ends, off_air=timeline.end_tick <= now_tick
            )
        top = transmitter_rendition(renditions_of(channel, self._assets)).name
        for row in {
            s.row.start_tick: s.row for s in timeline.slices(now_tick, now_tick + _LOOK_AHEAD_TICKS)
        }.values():
            self._check_gate(channel.code, row, now)
        for piece in timeline.published(self._watched.get(channel.code, now_tick), now_tick):
            if piece.row.kind is not RowKind.SLATE:
                self._send(channel, piece, top, now)
        self._watched[channel.code] = now_tick

    # Rendering

    def render_with(self, source: Callable[[Channel], Source]) -> None:
        """What makes the stream of constant bit rate of a channel that has one."""
        self._source = source

    def pieces(self, channel_code: str, start: datetime, end: datetime) -> Iterator[Slice]:
        """Whole segments that overlap the span."""
        first, stop = tick_at(start), -(-to_micros(end) // TICK_US)
        rows = self._store.rows(channel_code, since_tick=first, before_tick=stop)
        return Timeline(channel_code, rows).slices(first, stop)

    def render(
        self, channel_code: str, start: datetime, end: datetime, *, out: Path, rendition: str = ""
    ) -> Rendered:
        """Write the exact feed of a span to `out`, without waiting; the first and last segment are written whole.

        Raises Refused when the timeline does not cover the span.
        """
        channel = self._store.channel(channel_code)
        constant = self._assets(channel.slates[SEGMENT_TICKS]).transmitter is not None
        best = transmitter_rendition(renditions_of(channel, self._assets)).name
        name = rendition or (TRANSMITTER if constant and self._source else best)
        if name != TRANSMITTER or not constant:
            self._require_rendition(channel, name)
        span = tick_at(start), -(-to_micros(end) // TICK_US)
        pieces = list(self.pieces(channel_code, start, end))
        if name == TRANSMITTER and self._source:
            source = self._source(channel)
            return render(channel, pieces, span, out=out, name=name, source=source, assets=self._assets)
        return render(channel, pieces, span, out=out, name=name, feed=self._feed, assets=self._assets)
