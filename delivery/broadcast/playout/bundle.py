"""The air bundle: 48 hours of one channel as plain files, from which playout runs with the database gone.

::

    <air>/<channel>.json         timeline rows, airings, titles; sealed with a digest, replaced as a whole
    <air>/assets/<id>.json       manifests of the assets that the rows play
    <air>/media/<ab>/<address>   their files, linked from the store once their bytes were proved

Everything under a name is whole: what is half-written has another name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
import structlog

from delivery.broadcast.asset import Asset
from delivery.broadcast.schedule.timeline import Timeline
from delivery.errors import N_, GateClosed, TuxaError
from delivery.ids import content_address
from delivery.store.air import TICK_US, Airing, Channel, Row
from delivery.store.files import write_whole
from delivery.store.schedule import ScheduleStore
from delivery.units import Ticks

FORMAT: Final = 1
BUNDLE_TICKS: Final = 48 * 11_250
"""48 hours."""
_AIRINGS_BACK: Final = 7 * 24 * 11_250
"""Airings of the last week stay in the bundle: their lessons can be watched later."""

_log = structlog.get_logger(__name__)


class BlobStore(Protocol):
    """The store's side: raises a TuxaError for missing or altered bytes."""

    def get(self, address: str) -> bytes: ...

    def local_path(self, address: str) -> Path | None: ...


@dataclass(frozen=True)
class Bundle:
    """What one channel needs to be on the air, as frozen values."""

    channel: Channel
    timeline: Timeline
    airings: tuple[Airing, ...]
    titles: Mapping[str, str]
    """Airing -> title of its material."""
    revision: int
    """Of the timeline that it was made from."""
    made_us: int
    digest: str = ""

    @cached_property
    def by_airing(self) -> dict[str, Airing]:
        return {airing.id: airing for airing in self.airings}

    @cached_property
    def number(self) -> int:
        """Another one for each content."""
        return int(self.digest[:15] or "0", 16)

    @property
    def assets(self) -> list[str]:
        """Ids of every asset that may go out: those of the rows and the slates."""
        return sorted({row.asset for row in self.timeline.rows} | set(self.channel.slates.values()))

    def to_bytes(self) -> bytes:
        """The file: JSON under the digest of itself."""
        channel = self.channel
        document: dict[str, Any] = {
            "format": FORMAT,
            "channel": {
                "code": channel.code,
                "name": channel.name,
                "kind": channel.kind,
                "slates": {str(ticks): asset for ticks, asset in sorted(channel.slates.items())},
                **channel.details(),
            },
            "rows": [row.as_json() for row in self.timeline.rows],
            "airings": [asdict(airing) for airing in self.airings],
            "titles": dict(self.titles),
            "revision": self.revision,
            "made_us": self.made_us,
        }
        body = _ordered(document)
        return b'{"body":' + body + b',"digest":"' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def read_bundle(data: bytes, *, source: str) -> Bundle:
    """The bundle in `data`. Raises GateClosed when a byte of it was altered."""
    try:
        document = orjson.loads(data)
        body = document["body"]
        if hashlib.sha256(_ordered(body)).hexdigest() != document["digest"] or body["format"] != FORMAT:
            raise ValueError("digest")
        told = body["channel"]
        channel = Channel(
            told["code"],
            told["name"],
            told["kind"],
            {int(ticks): asset for ticks, asset in told["slates"].items()},
            tuple(told["fillers"]),
            told["ident"],
            told["gap_minutes"],
            told.get("profile", ""),
        )
        return Bundle(
            channel,
            Timeline(channel.code, tuple(Row.from_json(row) for row in body["rows"])),
            tuple(Airing(**{**one, "ticks": Ticks(one["ticks"])}) for one in body["airings"]),
            body["titles"],
            body["revision"],
            body["made_us"],
            document["digest"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise GateClosed(
            N_("The air bundle {file} is damaged."),
            do=N_("Compile the schedule again: it writes a new one."),
            file=source,
        ) from error


class AirFolder:
    """The folder of all bundles of a home."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held: dict[str, tuple[tuple[int, int, int], Bundle]] = {}
        self._assets: dict[str, Asset] = {}

    def _file(self, channel: str) -> Path:
        return self.root / f"{_safe(channel)}.json"

    def media(self, address: str) -> Path:
        """Where the proved copy of a stored file lies."""
        return self.root / "media" / address[:2] / address

    def channels(self) -> list[str]:
        """Channels that have a bundle."""
        return sorted(file.stem for file in self.root.glob("*.json"))

    def bundle(self, channel: str) -> Bundle | None:
        """The channel's bundle as it is now, read once for each change of the file; None without one.

        A damaged file is told once, and the bundle that was read before it stays in use.
        """
        try:
            found = os.stat(self._file(channel))  # noqa: PTH116 - asked for every playlist
        except OSError:
            return None
        signature = (found.st_mtime_ns, found.st_size, found.st_ino)
        held = self._held.get(channel)
        if held and held[0] == signature:
            return held[1]
        try:
            bundle = read_bundle(self._file(channel).read_bytes(), source=str(self._file(channel)))
        except (TuxaError, OSError) as error:
            _log.error("bundle-damaged", channel=channel, reason=str(error))
            if held is None:
                return None
            bundle = held[1]
        self._held[channel] = (signature, bundle)
        return bundle

    def write(self, bundle: Bundle, assets: Iterable[Asset]) -> None:
        """Replace the channel's bundle. Manifests come first, so that a bundle never names one that is not there."""
        for asset in assets:
            file = self.root / "assets" / f"{_safe(asset.id)}.json"
            if not file.exists():
                body = _ordered(asset.to_json())
                seal = hashlib.sha256(body).hexdigest().encode()
                write_whole(file, b'{"body":' + body + b',"digest":"' + seal + b'"}\n')
        write_whole(self._file(bundle.channel.code), bundle.to_bytes())

    def asset(self, asset_id: str) -> Asset | None:
        """A manifest of a bundle; None when it is not there, or was altered."""
        if asset_id not in self._assets:
            try:
                document = orjson.loads((self.root / "assets" / f"{_safe(asset_id)}.json").read_bytes())
                if hashlib.sha256(_ordered(document["body"])).hexdigest() != document["digest"]:
                    return None
                self._assets[asset_id] = Asset.from_json(document["body"])
            except (OSError, ValueError, KeyError, TypeError):
                return None
        return self._assets[asset_id]

    def get(self, address: str) -> bytes | None:
        """Bytes of a linked file, proved against their address; None when they are missing or altered."""
        try:
            data = self.media(address).read_bytes()
        except OSError:
            return None
        return data if content_address(data) == address else None


def _ordered(document: Any) -> bytes:
    """JSON with sorted keys: the same document is the same bytes."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _safe(name: str) -> str:
    """A code as a file name; codes are plain, and what is not cannot leave the folder."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)


@dataclass(frozen=True, slots=True)
class Problem:
    """A file of the bundle that cannot be had."""

    channel: str
    asset: str
    airing: str
    """First airing that needs it."""
    at_us: int
    reason: str


@dataclass
class _Proving:
    """What is still to be proved of a bundle: (first row that needs it, address), in order of time."""

    revision: int
    waiting: Iterator[tuple[Row, str]]
    proved_until: int = 0
    problems: dict[str, Problem] = field(default_factory=dict)


class Bundler:
    """Makes bundles from the database and the store, and proves their files."""

    def __init__(
        self,
        folder: AirFolder,
        store: ScheduleStore,
        blobs: BlobStore,
        *,
        assets: Callable[[str], Asset],
        title_of: Callable[[str], str],
        monotonic: Callable[[], float],
    ) -> None:
        """`title_of(material)` is what viewers are shown."""
        self._folder = folder
        self._store = store
        self._blobs = blobs
        self._assets = assets
        self._title_of = title_of
        self._monotonic = monotonic
        self._proving: dict[str, _Proving] = {}

    def refresh(self, channel: str, now_tick: int, *, window_ticks: int) -> bool:
        """Write the bundle again when the timeline has changed since, or its end comes near; whether it was written."""
        held = self._folder.bundle(channel)
        revision = self._store.revision(channel)
        if held and held.revision == revision and held.made_us > (now_tick - 1_875) * TICK_US:
            return False
        self.publish(channel, now_tick, window_ticks=window_ticks)
        return True

    def publish(self, channel: str, now_tick: int, *, window_ticks: int) -> Bundle:
        """Write the channel's bundle: from the oldest segment that is still served to 48 hours ahead."""
        with self._store.database.read() as connection:
            revision = self._store.revision(channel)
            rows = self._store.rows_in(
                connection, channel, since_tick=now_tick - window_ticks, before_tick=now_tick + BUNDLE_TICKS
            )
        airings = tuple(
            self._store.airings(
                channel, since_tick=now_tick - _AIRINGS_BACK, before_tick=now_tick + BUNDLE_TICKS
            )
        )
        bundle = Bundle(
            self._store.channel(channel),
            Timeline(channel, rows),
            airings,
            {airing.id: self._title_of(airing.material) for airing in airings},
            revision,
            now_tick * TICK_US,
        )
        self._folder.write(bundle, [a for ident in bundle.assets if (a := self._find(ident))])
        self._proving.pop(channel, None)
        return bundle

    def _find(self, asset_id: str) -> Asset | None:
        try:
            return self._assets(asset_id)
        except TuxaError:
            return None

    def prove(self, channel: str, now_tick: int, *, budget_s: float) -> list[Problem]:
        """Prove and link files, what airs next first, for at most `budget_s`; what is known to be wrong so far."""
        bundle = self._folder.bundle(channel)
        if bundle is None:
            return []
        work = self._proving.get(channel)
        if work is None or work.revision != bundle.revision:
            work = _Proving(bundle.revision, self._files(bundle, now_tick))
            self._proving[channel] = work
        stop = self._monotonic() + budget_s
        for row, address in work.waiting:
            work.proved_until = row.start_tick
            if address not in work.problems and (reason := self._link(address)):
                at = row.start_tick * TICK_US
                work.problems[address] = Problem(channel, row.asset, row.airing, at, reason)
            if self._monotonic() >= stop:
                break
        else:
            work.proved_until = bundle.timeline.end_tick
        return list(work.problems.values())

    def proved_until(self, channel: str) -> int:
        """Tick up to which every file was proved."""
        work = self._proving.get(channel)
        return work.proved_until if work else 0

    def _files(self, bundle: Bundle, now_tick: int) -> Iterator[tuple[Row, str]]:
        seen: set[str] = set()
        coming = [row for row in bundle.timeline.rows if row.end_tick > now_tick]
        for row in coming:
            if row.asset in seen:
                continue
            seen.add(row.asset)
            asset = self._folder.asset(row.asset)
            if asset is None:
                yield row, row.asset
                continue
            for _, address in asset.blobs():
                if address not in seen:
                    seen.add(address)
                    yield row, address

    def _link(self, address: str) -> str:
        """Prove one file and link it into the bundle; why that cannot be, or nothing."""
        target = self._folder.media(address)
        if target.exists():
            return ""
        try:
            data = self._blobs.get(address)
            source = self._blobs.local_path(address)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source is None:
                write_whole(target, data)
                return ""
            _link_or_copy(source, target)
        except (TuxaError, OSError) as error:
            return str(error)
        return ""

    def sweep(self, *, keep: Iterable[str]) -> int:
        """Remove linked files that no asset in `keep` needs; how many."""
        needed = {
            address for ident in keep if (asset := self._folder.asset(ident)) for _, address in asset.blobs()
        }
        gone = 0
        for file in (self._folder.root / "media").glob("*/*"):
            if file.name not in needed:
                file.unlink(missing_ok=True)
                gone += 1
        return gone


def _link_or_copy(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)
