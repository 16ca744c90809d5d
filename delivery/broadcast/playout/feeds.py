"""Feeds of a station put together: source, timeline, peers, journal and alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import structlog

from delivery.broadcast.playout.alerts import Alert, feed_late, peer_lost, segment_replaced
from delivery.broadcast.playout.inplace import Packed
from delivery.broadcast.playout.journal import SentJournal
from delivery.broadcast.playout.line import Output, line_to
from delivery.broadcast.playout.onair import OnAir
from delivery.broadcast.playout.outputs import Icecast, require_kind
from delivery.broadcast.playout.portions import Portions
from delivery.broadcast.playout.radio import MP3_CODECS, RadioSource, Titles
from delivery.broadcast.playout.sender import Sending, Source
from delivery.broadcast.playout.si import SCHEDULE_DAYS, Carousel, Event
from delivery.broadcast.playout.transmit import Transmission
from delivery.broadcast.schedule.timeline import Slice, Timeline, renditions_of
from delivery.errors import TuxaError
from delivery.store.air import TICK_US
from delivery.units import SEGMENT_TICKS

_DAY_TICKS = 270_000
_log = structlog.get_logger(__name__)


class Feeds:
    """Makes the feeds of a station."""

    def __init__(self, on_air: OnAir, *, monotonic: Callable[[], float], provider: str = "") -> None:
        """`provider` is the institution's name, as receivers show it."""
        self._on_air = on_air
        self._monotonic = monotonic
        self._provider = provider
        self._slates: dict[str, Packed] = {}

    def events(self, channel: str, *, since_tick: int = 0) -> list[Event]:
        """The programmes of the next days, for receivers."""
        book = self._on_air.book
        stop = since_tick + SCHEDULE_DAYS * _DAY_TICKS if since_tick else None
        return [
            Event(a.id, a.start_tick * TICK_US, a.end_tick * TICK_US, book.title(channel, a), a.course)
            for a in book.airings(channel, since_tick=since_tick, before_tick=stop)
        ]

    def transmission(self, channel_code: str, *, information: bool = True) -> Transmission:
        """The source of a transport stream."""
        on_air = self._on_air
        channel = on_air.book.channel(channel_code)
        held: list[tuple[int, list[Event]]] = []

        def events() -> Sequence[Event]:
            revision = on_air.book.revision(channel_code)
            if not held or held[0][0] != revision:
                held[:] = [(revision, self.events(channel_code))]
            return held[0][1]

        made = Transmission(
            channel,
            feed=on_air.feed,
            assets=on_air.assets,
            blobs=on_air.blobs,
            rendition=on_air.playout.transmitter(channel_code),
            carousel=Carousel(channel.name, provider=self._provider, television=channel.kind == "tv")
            if information
            else None,
            events=events,
        )
        _remember(channel_code, lambda: made.remember_slates(self._slates))
        return made

    def piece_at(self, channel: str) -> Callable[[int], Slice | None]:
        """The segment of the timeline that plays at a tick, as it stands when asked."""
        book = self._on_air.book
        held: list[tuple[int, Timeline]] = []

        def find(tick: int) -> Slice | None:
            revision = book.revision(channel)
            if not held or held[0][0] != revision or not held[0][1].start_tick <= tick < held[0][1].end_tick:
                rows = book.rows(channel, since_tick=tick - SEGMENT_TICKS)
                held[:] = [(revision, Timeline(channel, rows))]
            return next(held[0][1].slices(tick, tick + 1), None)

        return find

    def sending(
        self,
        channel_code: str,
        outputs: Sequence[Output],
        *,
        reader: Executor,
        writer: Executor | None = None,
    ) -> Sending:
        """A feed of one channel to some peers. Raises NotFound, and Refused where they do not fit together.

        `reader` reads ahead; `writer` keeps the journal, in one thread, so that its order is that of the air.
        """
        on_air = self._on_air
        channel = on_air.book.channel(channel_code)
        alerts = on_air.alerts
        for output in outputs:
            require_kind(output, channel.kind)
        icecast = next((o for o in outputs if isinstance(o, Icecast)), None)
        source: Source
        titles: Titles | None = None
        if icecast:
            sound = renditions_of(channel, on_air.assets)[-1]
            radio = RadioSource(channel, feed=on_air.feed, rendition=sound.name, codecs=sound.codecs)
            _remember(channel_code, radio.remember_slate)
            icecast.content_type = "audio/mpeg" if sound.codecs == MP3_CODECS else "audio/aac"
            source = radio
            titles = Titles(icecast, self._title(channel_code))
        else:
            source = self.transmission(channel_code)

        def lost(name: str, reason: str) -> None:
            alerts.tell(peer_lost(channel_code, name, reason))
            if titles:
                titles.forget()

        lines = [
            line_to(
                output,
                self._monotonic,
                lost,
                lambda name: alerts.settle("peer-lost", channel_code, name),
            )
            for output in outputs
        ]
        folder = on_air.folder
        journal = SentJournal(folder.root, channel_code) if folder else None
        return Sending(
            source,
            self.piece_at(channel_code),
            lines,
            reader=reader,
            journal=_Told(journal, titles, writer or reader),
            late=lambda name, ms: _ignore(alerts.tell(feed_late(channel_code, name, ms))),
            slated=lambda load: _ignore(alerts.tell(_slated(channel_code, load))),
        )

    def _title(self, channel: str) -> Callable[[Slice], str]:
        book = self._on_air.book

        def title_of(piece: Slice) -> str:
            airing = book.airing(piece.row.airing, channel=channel) if piece.row.airing else None
            return book.title(channel, airing) if airing else book.channel(channel).name

        return title_of


def _remember(channel: str, remember: Callable[[], None]) -> None:
    """A channel whose slate cannot be had now goes on the air all the same."""
    try:
        remember()
    except (TuxaError, OSError, KeyError, ValueError, IndexError) as error:
        _log.error("slate-not-remembered", channel=channel, reason=str(error))


def _slated(channel: str, load: Portions) -> Alert:
    return segment_replaced(channel, load.piece.row.airing, load.reason, dead=load.is_silent)


def _ignore(_told: bool) -> None:
    """An alert that was told before is not told again; the sender does not care."""


class _Told:
    """Journal and titles, both written beside the sending."""

    def __init__(self, journal: SentJournal | None, titles: Titles | None, writer: Executor) -> None:
        self._journal = journal
        self._titles = titles
        self._writer = writer

    def sent(self, load: Portions, *, taken: bool, joined: bool) -> None:
        # Syncing a file takes as long as the disk likes: never in the thread that sends. A server that does not take
        # the sound is not asked to take titles either: it would keep the journals of all feeds waiting.
        if self._titles and taken:
            self._writer.submit(self._titles.tell, load.piece)
        if self._journal:
            self._writer.submit(self._note, self._journal, load, taken=taken, joined=joined)

    def _note(self, journal: SentJournal, load: Portions, *, taken: bool, joined: bool) -> None:
        try:
            journal.sent(load, taken=taken, joined=joined)
        except OSError as error:
            _log.error("journal-not-written", airing=load.piece.row.airing, reason=str(error))
