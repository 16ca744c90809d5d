"""What playout reads and notes while it is on the air: bundle first, database where there is one, files where not.

The timeline comes from the bundle. What playout notices (a segment replaced, an airing cut off, that it was running) is
kept in files of its own beside the bundle and, where the database answers, there as well; so nothing that is sent
waits for the database, and nothing that was noticed is lost with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
import structlog

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.bundle import AirFolder, BlobStore, Bundle
from delivery.errors import TuxaError
from delivery.store.air import Airing, Channel, Row
from delivery.store.files import write_whole
from delivery.store.schedule import ScheduleStore

_PAUSE_S: Final = 5.0
"""How long a database that did not answer is left alone."""
_KEEP_US: Final = 8 * 86_400_000_000
_log = structlog.get_logger(__name__)
T = TypeVar("T")


class AirBook:
    """The store of a playout that must go on. Reads as :class:`~delivery.store.schedule.ScheduleStore` does."""

    def __init__(
        self, folder: AirFolder | None, store: ScheduleStore, *, monotonic: Callable[[], float]
    ) -> None:
        """Without a folder, everything is the database's."""
        self.folder = folder
        self._store = store
        self._monotonic = monotonic
        self._away_until = 0.0
        self._spans: dict[int, Path] = {}

    # Reading

    def _bundle(self, channel: str) -> Bundle | None:
        return self.folder.bundle(channel) if self.folder else None

    def channels(self) -> list[Channel]:
        """All channels; those of the bundles when the database does not answer."""
        found = self._asked(self._store.channels)
        if found is not None:
            return found
        names = self.folder.channels() if self.folder else []
        return [bundle.channel for name in names if (bundle := self._bundle(name))]

    def channel(self, code: str) -> Channel:
        """The channel with this code. Raises NotFound."""
        bundle = self._bundle(code)
        return bundle.channel if bundle else self._store.channel(code)

    def revision(self, channel: str) -> int:
        """A number that changes with every change of what :meth:`rows` gives."""
        bundle = self._bundle(channel)
        return bundle.number if bundle else self._store.revision(channel)

    def rows(self, channel: str, *, since_tick: int = 0, before_tick: int | None = None) -> tuple[Row, ...]:
        """Rows that end after `since_tick` and begin before `before_tick`, in order."""
        bundle = self._bundle(channel)
        if bundle and bundle.timeline.rows:
            rows = bundle.timeline.rows
            covers = since_tick >= bundle.timeline.start_tick and (
                before_tick is None or before_tick <= bundle.timeline.end_tick
            )
            asked = None
            if not covers:
                asked = self._asked(
                    lambda: self._store.rows(channel, since_tick=since_tick, before_tick=before_tick)
                )
            if asked is None:
                return tuple(
                    row
                    for row in rows
                    if row.end_tick > since_tick and (before_tick is None or row.start_tick < before_tick)
                )
            return asked
        return self._store.rows(channel, since_tick=since_tick, before_tick=before_tick)

    def airing(self, airing_id: str, *, channel: str = "") -> Airing | None:
        """The airing with this id."""
        bundle = self._bundle(channel) if channel else None
        if bundle and airing_id in bundle.by_airing:
            return bundle.by_airing[airing_id]
        return self._asked(lambda: self._store.airing(airing_id))

    def airings(self, channel: str, *, since_tick: int = 0, before_tick: int | None = None) -> list[Airing]:
        """Airings of the bundle whose lesson ends after `since_tick` and begins before `before_tick`, in order."""
        bundle = self._bundle(channel)
        if bundle is None:
            return self._store.airings(channel, since_tick=since_tick, before_tick=before_tick)
        return [
            airing
            for airing in bundle.airings
            if airing.end_tick > since_tick and (before_tick is None or airing.start_tick < before_tick)
        ]

    def title(self, channel: str, airing: Airing) -> str:
        """What viewers are shown; the material's code when nothing better is known."""
        bundle = self._bundle(channel)
        return (bundle.titles.get(airing.id) if bundle else None) or airing.material

    # Noting

    def stopped_from(self, channel: str, airing: str) -> int | None:
        """Sequence from which an airing is cut off, or None."""
        if self.folder is None:
            return self._store.stopped_from(channel, airing)
        noted = _read(self._note("stops", channel, airing))
        if noted is not None:
            return int(noted["sequence"])
        return None if self._has_bundle(channel) else self._store.stopped_from(channel, airing)

    def is_faulty(self, channel: str, sequence: int, *, rendition: str) -> bool:
        """Whether that segment goes out as a slate."""
        if self.folder is None:
            return self._store.is_faulty(channel, sequence, rendition=rendition)
        return self._note("faults", channel, f"{sequence}.{rendition}").exists()

    def put_fault(self, channel: str, sequence: int, *, rendition: str, reason: str, now_us: int) -> bool:
        """Note that a segment goes out as a slate; False when that was known."""
        first = True
        if self.folder:
            document = {"reason": reason, "noticed_us": now_us}
            first = _write_once(self._note("faults", channel, f"{sequence}.{rendition}"), document)
        told = self._asked(
            lambda: self._store.put_fault(
                channel, sequence, rendition=rendition, reason=reason, now_us=now_us
            )
        )
        return first if self.folder else bool(told)

    def put_stop(self, channel: str, airing: str, *, sequence: int, reason: str, now_us: int) -> bool:
        """Cut an airing off from `sequence` on; False when it was cut off before."""
        first = True
        if self.folder:
            document = {"sequence": sequence, "reason": reason, "noticed_us": now_us}
            first = _write_once(self._note("stops", channel, airing), document)
        told = self._asked(
            lambda: self._store.put_stop(channel, airing, sequence=sequence, reason=reason, now_us=now_us)
        )
        return first if self.folder else bool(told)

    def open_span(self, now_us: int) -> int:
        """A playout process has started; the id of its span."""
        key = self._asked(lambda: self._store.open_span(now_us))
        span = key if key is not None else -now_us
        if self.folder:
            folder = self.folder.root / "spans"
            folder.mkdir(parents=True, exist_ok=True)
            self._spans[span] = folder / f"{now_us}-{os.getpid()}"
            self._forget(folder, now_us)
            self.extend_span(span, now_us)
        return span

    def extend_span(self, span: int, now_us: int) -> None:
        """It still runs."""
        file = self._spans.get(span)
        if file:
            # Not synced: after a crash of the machine a second of credit is lost, and nothing else.
            temporary = file.with_name(f".{file.name}.part")
            temporary.write_text(str(now_us), encoding="ascii")
            os.replace(temporary, file)
        if span > 0:
            self._asked(lambda: self._store.extend_span(span, now_us))

    def up_spans(self, since_us: int) -> list[tuple[int, int]]:
        """(start, end) of the spans that end after `since_us`; they may overlap."""
        found = set(self._asked(lambda: self._store.up_spans(since_us)) or [])
        if self.folder:
            for file in (self.folder.root / "spans").glob("[0-9]*-*"):
                start, end = int(file.name.partition("-")[0]), int(file.read_text(encoding="ascii") or 0)
                if end > since_us:
                    found.add((start, end))
        return sorted(found)

    def _forget(self, folder: Path, now_us: int) -> None:
        for file in folder.glob("[0-9]*-*"):
            if int(file.read_text(encoding="ascii") or 0) < now_us - _KEEP_US:
                file.unlink(missing_ok=True)

    def _has_bundle(self, channel: str) -> bool:
        return self._bundle(channel) is not None

    def _note(self, kind: str, channel: str, name: str) -> Path:
        assert self.folder is not None
        plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in f"{channel}-{name}")
        return self.folder.root / kind / plain

    def _asked(self, ask: Callable[[], T]) -> T | None:
        """The database's answer; None, and no more questions for a while, when it does not answer."""
        if self.folder is None:
            return ask()
        if self._monotonic() < self._away_until:
            return None
        try:
            return ask()
        except TuxaError as error:
            self._away_until = self._monotonic() + _PAUSE_S
            _log.error("database-away", reason=str(error))
            return None


class AirBlobs:
    """Files of the bundle, and those of the store where the bundle has none."""

    def __init__(self, folder: AirFolder | None, blobs: BlobStore) -> None:
        self._folder = folder
        self._blobs = blobs

    def get(self, address: str) -> bytes:
        """The bytes, proved against their address. Raises a TuxaError when they cannot be had."""
        linked = self._folder.get(address) if self._folder else None
        return linked if linked is not None else self._blobs.get(address)


def assets_of(folder: AirFolder | None, library: Callable[[str], Asset]) -> Callable[[str], Asset]:
    """Manifests from the bundles, and from the library where they have none."""

    def asset(asset_id: str) -> Asset:
        found = folder.asset(asset_id) if folder else None
        return found if found is not None else library(asset_id)

    return asset


def _read(file: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return document


def _write_once(file: Path, document: dict[str, object]) -> bool:
    """Write a note unless it is there; whether it was new."""
    if file.exists():
        return False
    write_whole(file, orjson.dumps(document))
    return True
