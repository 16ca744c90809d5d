"""As-run: what became of each lesson, derived from what was sent and not from what was planned (TX-2.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from delivery.broadcast.asset import ORIGIN_PTS, Asset
from delivery.broadcast.playout.airbook import AirBook
from delivery.broadcast.playout.aired import common, tick_spans, total
from delivery.broadcast.playout.feed import Feed
from delivery.broadcast.playout.journal import Sent, SentJournal
from delivery.broadcast.playout.playout import BEAT_GAP
from delivery.broadcast.playout.serving import transmitter_rendition
from delivery.broadcast.schedule.timeline import Timeline, renditions_of
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.errors import TuxaError
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US, Airing, Channel, Row, RowKind
from delivery.store.factlog import FactLog
from delivery.store.schedule import ScheduleStore
from delivery.units import TICK_PTS, Micros

ACTOR = "playout"
_WRAP = 1 << 33
_FRAME_PTS = 3_600
_log = structlog.get_logger(__name__)


class AsRunner:
    """Appends one ItemAired fact per airing, once it is over."""

    def __init__(
        self,
        store: ScheduleStore,
        book: AirBook,
        facts: FactLog,
        feed: Feed,
        *,
        assets: Callable[[str], Asset],
    ) -> None:
        self._store = store
        self._book = book
        self._facts = facts
        self._feed = feed
        self._assets = assets

    def step(self, now: datetime) -> list[str]:
        """Tell of every lesson that has ended since the last step; the ids of the facts. May be repeated at any time.

        A lesson is judged once a heartbeat has come after its end, or when none has come for so long that none will.
        """
        told: list[str] = []
        for channel in self._store.channels():
            try:
                told += self._step_channel(channel, now)
            except TuxaError as error:
                # One channel's trouble is not the others'.
                _log.error("as-run-failed", channel=channel.code, reason=str(error))
        return told

    def _step_channel(self, channel: Channel, now: datetime) -> list[str]:
        since = self._store.asrun_tick(channel.code)
        until = self._settled_tick(now)
        if until <= since:
            return []
        rows = [
            row
            for row in self._store.rows(channel.code, since_tick=since, before_tick=until)
            if row.end_tick <= until
        ]
        drafts = [
            self._aired(channel, row, airing)
            for row in rows
            if row.kind is RowKind.LESSON and (airing := self._store.airing(row.airing)) is not None
        ]
        mark = rows[-1].end_tick if rows else since
        if mark == since:
            return []
        with self._store.database.write() as connection:
            appended = self._facts.append_in(connection, drafts, once=True)
            self._store.set_asrun_tick_in(connection, channel.code, mark)
        return list(appended.added)

    def _settled_tick(self, now: datetime) -> int:
        """Up to where no further heartbeat can change what is known."""
        beats = [end for _, end in self._book.up_spans(to_micros(now - BEAT_GAP)) if end <= to_micros(now)]
        return max([to_micros(now - BEAT_GAP), *beats]) // TICK_US

    def _aired(self, channel: Channel, row: Row, airing: Airing) -> Draft:
        """The feed's own journal where a transmitter was fed; otherwise what players could have while playout ran."""
        sent = self._journal(channel.code).read(airing.id) if self._book.folder else None
        found = _of_feed(sent) if sent else self._of_hls(channel, row)
        # A row may be shorter than its lesson: cut short by hand, or joined in progress.
        planned = max(airing.ticks, row.ticks)
        status = "complete" if found.ticks >= planned else "partial" if found.ticks else "missed"
        start = row.start_tick if found.first_tick is None else found.first_tick
        return Draft(
            id=fact_id(FactKind.ITEM_AIRED, channel.code, airing.id),
            kind=FactKind.ITEM_AIRED,
            occurred_at=Micros(row.end_tick * TICK_US),
            actor=ACTOR,
            course=airing.course,
            activity=airing.activity,
            mode=str(DeliveryMode.BROADCAST),
            data={
                "airing": airing.id,
                "channel": channel.code,
                "asset": row.asset,
                "material": airing.material,
                "planned_start": airing.planned_us,
                "actual_start": start * TICK_US,
                "actual_end": (found.end_tick if found.ticks else start) * TICK_US,
                "planned_ticks": planned,
                "aired_ticks": found.ticks,
                "bytes": found.bytes,
                "packets": found.packets,
                "digest": found.digest if found.ticks else "",
                "first_pts": found.first_pts,
                "last_pts": found.last_pts,
                "output": found.output,
                "status": status,
                "unit": airing.unit,
                "rerun": airing.rerun,
                **({"makes_good": airing.makes_good} if airing.makes_good else {}),
            },
        )

    def _journal(self, channel: str) -> SentJournal:
        assert self._book.folder is not None
        return SentJournal(self._book.folder.root, channel)

    def _of_hls(self, channel: Channel, row: Row) -> Found:
        top = transmitter_rendition(renditions_of(channel, self._assets)).name
        up = tick_spans(self._book.up_spans(row.start_tick * TICK_US))
        digest, size, aired = hashlib.sha256(), 0, 0
        first, end = None, row.start_tick
        for piece in Timeline(channel.code, (row,)).slices(row.start_tick, row.end_tick):
            went_out = common(up, start=piece.start_tick, end=piece.end_tick)
            if not went_out:
                continue
            sent = self._feed.send(channel, piece, top)
            if sent.reason:
                continue
            digest.update(sent.data)
            size += len(sent.data)
            aired += total(went_out)
            first = went_out[0][0] if first is None else first
            end = went_out[-1][1]
        return Found(
            "hls",
            aired,
            first,
            end,
            size,
            size // 188,
            digest.hexdigest(),
            _pts(row.start_tick if first is None else first),
            (_pts(end) - _FRAME_PTS) % _WRAP if aired else 0,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What an output sent of one airing."""

    output: str
    ticks: int
    first_tick: int | None
    end_tick: int
    bytes: int
    packets: int
    digest: str
    first_pts: int
    last_pts: int


def _of_feed(sent: Sent) -> Found:
    first = sent.first_tick if sent.ticks else None
    return Found(
        "feed",
        sent.ticks,
        first,
        sent.end_tick,
        sent.bytes,
        sent.packets,
        sent.digest,
        sent.first_pts,
        sent.last_pts,
    )


def _pts(tick: int) -> int:
    """Presentation time of the first frame of a tick, as sent."""
    return (tick * TICK_PTS + ORIGIN_PTS) % _WRAP
