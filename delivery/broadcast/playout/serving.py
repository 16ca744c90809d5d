"""What players are given: playlists and segments of a channel, and of lessons that have aired.

No playhead. What is served follows from the timeline and the time alone, so that any number of processes, restarted at
any moment, serve the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from delivery.broadcast.asset import ORIGIN_PTS, Asset, Rendition
from delivery.broadcast.captions import moved_captions, timestamp_map
from delivery.broadcast.playout.airbook import AirBook
from delivery.broadcast.playout.alerts import Alerts, airing_stopped, segment_replaced
from delivery.broadcast.playout.feed import Feed
from delivery.broadcast.playout.hls import (
    WINDOW_TICKS,
    captions_name,
    master,
    on_demand,
    playlist,
    rungs,
)
from delivery.broadcast.schedule.schedule import tick_at
from delivery.broadcast.schedule.timeline import Slice, Timeline, renditions_of
from delivery.clock import Clock, to_micros
from delivery.errors import N_, NotFound, Refused, TuxaError
from delivery.store.air import Airing, Channel, Row
from delivery.units import SEGMENT_TICKS, TICK_PTS

_LINGER_TICKS = 938
"""A segment is served until 5 minutes after it has left the playlist."""
_log = structlog.get_logger(__name__)


def transmitter_rendition(renditions: tuple[Rendition, ...]) -> Rendition:
    """The rung that goes to the transmitter: the best picture, or the best sound of a radio channel."""
    return max(renditions, key=lambda r: (r.kind == "video", r.bandwidth))


def languages(assets: Iterable[Asset]) -> list[str]:
    """Languages of captions, Vietnamese first."""
    found = {captions.language for asset in assets for captions in asset.captions}
    return sorted(found, key=lambda language: (language != "vi", language))


@dataclass(slots=True)
class _Loaded:
    revision: int
    since_tick: int
    timeline: Timeline


class Serving:
    """Playlists and segments of all channels of a site."""

    def __init__(
        self,
        store: AirBook,
        feed: Feed,
        *,
        assets: Callable[[str], Asset],
        is_approved: Callable[[str, str], bool],
        clock: Clock,
        alerts: Alerts | None = None,
        window_ticks: int = WINDOW_TICKS,
    ) -> None:
        """`window_ticks` is how far back a viewer may go."""
        self.window_ticks = max(window_ticks, WINDOW_TICKS)
        self.alerts = alerts or Alerts(clock)
        self._playlists: dict[tuple[str, str], tuple[Timeline, int, str, bytes]] = {}
        self._store = store
        self._feed = feed
        self._assets = assets
        self._is_approved = is_approved
        self._clock = clock
        self._loaded: dict[str, _Loaded] = {}

    def master(self, channel_code: str) -> str:
        """Master playlist of the channel. Raises NotFound."""
        channel = self._store.channel(channel_code)
        now = tick_at(self._clock.now())
        timeline = self._timeline(channel_code, now)
        used = {row.asset for row in timeline.rows} - set(channel.slates.values())
        base = renditions_of(channel, self._assets)
        assets = [self._assets(asset) for asset in sorted(used)]
        return master(rungs(base, (asset.renditions for asset in assets)), languages(assets))

    def playlist(self, channel_code: str, rendition: str, at: datetime | None = None) -> str:
        """Media playlist at the moment `at` (now unless told). Raises NotFound for an unknown channel or rendition."""
        channel = self._store.channel(channel_code)
        self._require_rendition(channel, rendition)
        if at is None:
            return self._playlist_now(channel_code, rendition)
        tick = tick_at(at)
        # With what follows, so that a channel that has not begun yet tells its first number.
        rows = self._store.rows(channel_code, since_tick=tick - self.window_ticks)
        return playlist(Timeline(channel_code, rows), rendition, at, window_ticks=self.window_ticks)

    def held_playlist(self, channel_code: str, rendition: str) -> bytes | None:
        """The playlist of this tick, if somebody has asked for it already. No disk or database is asked: within a tick
        nothing in it changes, because what has ended never does."""
        held = self._playlists.get((channel_code, rendition))
        return held[3] if held and held[1] == tick_at(self._clock.now()) else None

    def captions(self, channel_code: str, language: str) -> str:
        """Media playlist of the captions in a language: as long and as numbered as the pictures."""
        now = self._clock.now()
        timeline = self._timeline(channel_code, tick_at(now))
        name = captions_name(language)
        return playlist(timeline, name, now, window_ticks=self.window_ticks, suffix="vtt")

    def caption_segment(self, channel_code: str, language: str, sequence: int) -> bytes:
        """Captions of a published segment; without any, a file that says so to players. Raises NotFound."""
        now_tick = tick_at(self._clock.now())
        piece = self._timeline(channel_code, now_tick).by_sequence(sequence)
        if piece is None or not now_tick - self._served_ticks < piece.end_tick <= now_tick:
            raise self._no_segment(channel_code, sequence)
        asset = self._assets(piece.row.asset)
        moved = (piece.row.start_tick - piece.row.first_segment * SEGMENT_TICKS) * TICK_PTS
        held = next((c for c in asset.captions if c.language == language), None)
        index = piece.row.first_segment + piece.index
        stopped = self._store.stopped_from(channel_code, piece.row.airing) if piece.row.airing else None
        if held is None or index >= len(held.segments) or (stopped is not None and sequence >= stopped):
            return f"WEBVTT\n{timestamp_map(moved + ORIGIN_PTS)}\n".encode("ascii")
        return moved_captions(self._feed.read(held.segments[index]), moved)

    # Watching later

    def aired(self, channel_code: str, airing_id: str) -> Asset:
        """The asset of a lesson that has aired and may still be shown. Raises NotFound."""
        airing = self._store.airing(airing_id, channel=channel_code)
        ended = airing is not None and airing.end_tick <= tick_at(self._clock.now())
        if airing is None or airing.channel != channel_code or not ended or not self._still_approved(airing):
            raise NotFound(
                N_("Channel {channel} has nothing to watch later under “{airing}”."),
                do=N_("Choose a lesson that has aired."),
                channel=channel_code,
                airing=airing_id,
            )
        return self._assets(airing.asset)

    def later_master(self, channel_code: str, airing_id: str) -> str:
        """Master playlist of an aired lesson."""
        asset = self.aired(channel_code, airing_id)
        return master(asset.renditions, languages([asset]))

    def later_playlist(self, channel_code: str, airing_id: str, name: str) -> str:
        """Media playlist of an aired lesson. Raises NotFound."""
        asset = self.aired(channel_code, airing_id)
        for language in languages([asset]):
            if name == captions_name(language):
                return on_demand(asset.renditions[0], suffix="vtt", name=name)
        try:
            return on_demand(asset.rendition(name))
        except KeyError:
            raise self._no_segment(channel_code, 0) from None

    def later_segment(self, channel_code: str, airing_id: str, name: str, number: int) -> bytes:
        """A segment of an aired lesson or of its captions, as it is stored. Raises NotFound."""
        asset = self.aired(channel_code, airing_id)
        held = {captions_name(c.language): c.segments for c in asset.captions}
        held |= {r.name: tuple(s.blob for s in r.segments) for r in asset.renditions}
        blobs = held.get(name, ())
        if not 0 <= number < len(blobs):
            raise self._no_segment(channel_code, number)
        return self._feed.read(blobs[number])

    def _no_segment(self, channel_code: str, sequence: int) -> NotFound:
        return NotFound(
            N_("Channel {channel} has no segment {sequence} at this time."),
            do=N_("Load the playlist again."),
            channel=channel_code,
            sequence=sequence,
        )

    def _playlist_now(self, channel_code: str, rendition: str) -> str:
        """The playlist of this tick. It is written once for each tick; nothing in it changes in between."""
        now = self._clock.now()
        tick = tick_at(now)
        timeline = self._timeline(channel_code, tick)
        held = self._playlists.get((channel_code, rendition))
        if held and held[0] is timeline and held[1] == tick:
            return held[2]
        text = playlist(timeline, rendition, now, window_ticks=self.window_ticks)
        self._playlists[channel_code, rendition] = (timeline, tick, text, text.encode())
        return text

    def segment(self, channel_code: str, rendition: str, sequence: int) -> bytes:
        """Bytes of a published segment. Raises NotFound for one that is unknown, to come, or long gone."""
        channel = self._store.channel(channel_code)
        self._require_rendition(channel, rendition)
        now = self._clock.now()
        now_tick = tick_at(now)
        piece = self._timeline(channel_code, now_tick).by_sequence(sequence)
        if piece is None or not now_tick - self._served_ticks < piece.end_tick <= now_tick:
            raise self._no_segment(channel_code, sequence)
        self._check_gate(channel_code, piece.row, now)
        data = self._send(channel, piece, rendition, now)
        if not data:
            raise Refused(
                N_("Channel {channel} has neither segment {sequence} nor a slate for it."),
                do=N_("Restore the stored files from a backup."),
                channel=channel_code,
                sequence=sequence,
            )
        return data

    @property
    def _served_ticks(self) -> int:
        return self.window_ticks + _LINGER_TICKS

    @property
    def bundle_back_ticks(self) -> int:
        """How far back a bundle must reach for all that is served."""
        return 2 * self._served_ticks + 11_250

    def _require_rendition(self, channel: Channel, rendition: str) -> None:
        names = [r.name for r in renditions_of(channel, self._assets)]
        if rendition not in names:
            raise NotFound(
                N_("Channel {channel} has no rendition “{rendition}”."),
                do=N_("Choose one of: {names}."),
                channel=channel.code,
                rendition=rendition,
                names=", ".join(names),
            )

    def _timeline(self, channel_code: str, now_tick: int) -> Timeline:
        revision = self._store.revision(channel_code)
        since = now_tick - 2 * self._served_ticks
        held = self._loaded.get(channel_code)
        # Held rows serve until they reach back an hour too far, or the clock was set back.
        if held is None or held.revision != revision or not since - 11_250 <= held.since_tick <= since:
            rows = self._store.rows(channel_code, since_tick=since)
            held = _Loaded(revision, since, Timeline(channel_code, rows))
            self._loaded[channel_code] = held
        return held.timeline

    # Gate and faults

    def _check_gate(self, channel_code: str, row: Row, now: datetime) -> None:
        """Cut an airing off from its next unpublished segment when its material is no longer approved (design D7)."""
        if not row.airing:
            return
        airing = self._store.airing(row.airing, channel=channel_code)
        if airing is None or self._still_approved(airing):
            return
        published = list(Timeline(channel_code, (row,)).published(row.start_tick, tick_at(now)))
        sequence = row.sequence + len(published)
        if sequence < row.end_sequence and self._store.put_stop(
            channel_code, airing.id, sequence=sequence, reason="not approved", now_us=to_micros(now)
        ):
            _log.error(
                "airing-stopped",
                channel=channel_code,
                airing=airing.id,
                material=airing.material,
                sequence=sequence,
            )
            self.alerts.tell(airing_stopped(channel_code, airing.material))

    def _still_approved(self, airing: Airing) -> bool:
        """Asked again at air time (design D7). Without a database, what the bundle was compiled with stands."""
        try:
            return self._is_approved(airing.material, airing.content)
        except TuxaError as error:
            _log.error("gate-not-asked", material=airing.material, reason=str(error))
            return True

    def _send(self, channel: Channel, piece: Slice, rendition: str, now: datetime) -> bytes:
        sent = self._feed.send(channel, piece, rendition)
        if sent.reason and self._store.put_fault(
            channel.code, piece.sequence, rendition=rendition, reason=sent.reason, now_us=to_micros(now)
        ):
            _log.error(
                "segment-replaced",
                channel=channel.code,
                sequence=piece.sequence,
                rendition=rendition,
                airing=piece.row.airing,
                reason=sent.reason,
                dead_air=not sent.data,
            )
            self.alerts.tell(
                segment_replaced(channel.code, piece.row.airing, sent.reason, dead=not sent.data)
            )
        return sent.data

    def rendition_names(self, channel_code: str) -> list[str]:
        """Renditions of a channel, best first. Raises NotFound."""
        return [r.name for r in renditions_of(self._store.channel(channel_code), self._assets)]

    def transmitter(self, channel_code: str) -> str:
        """Name of the rendition that goes to the transmitter."""
        return transmitter_rendition(renditions_of(self._store.channel(channel_code), self._assets)).name

    def on_air(self, channel_code: str, at: datetime | None = None) -> tuple[Airing | None, Airing | None]:
        """(now, next) on the channel."""
        tick = tick_at(at or self._clock.now())
        coming = self._store.airings(channel_code, since_tick=tick)
        current = next((a for a in coming if a.start_tick <= tick < a.end_tick), None)
        return current, next((a for a in coming if a.start_tick > tick), None)
