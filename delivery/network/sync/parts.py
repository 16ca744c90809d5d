"""What the sync of a home works with, and the store as it looks from the line to one other site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from delivery.clock import Clock
from delivery.ids import IdSource
from delivery.network.sync.admission import Admission
from delivery.network.sync.keys import KnownSite, SyncKeys
from delivery.network.sync.positions import Positions
from delivery.network.sync.status import SiteStatus
from delivery.record.ledger import Head
from delivery.record.segment import Place, Segment
from delivery.store.receiving import Receiving
from delivery.store.sending import Sending
from delivery.store.siteheads import SiteHeads
from delivery.store.wantedblobs import WantedBlobs

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncParts:
    """What the sync of a home works with."""

    site: str
    main: str
    keys: SyncKeys
    sending: Sending
    receiving: Receiving
    heads: SiteHeads
    wanted: WantedBlobs
    positions: Positions
    admission: Admission
    adopt_sites: Callable[[], None]
    """Admit or revoke the sites that the main site admitted or revoked."""
    write_status: Callable[[Sequence[SiteStatus]], None]
    clock: Clock
    ids: IdSource


class SiteShelf:
    """The store, for the line to one site (:class:`delivery.network.sync.worker.Shelf`)."""

    def __init__(self, parts: SyncParts, known: KnownSite) -> None:
        self._parts = parts
        self._site = known.site
        self._seal_for = bytes.fromhex(known.sealing)
        self.read_bytes = 0

    def read(self, after: Place, rows: int) -> Segment | None:
        return self._parts.sending.read(after, seal_for=self._seal_for, rows=rows)

    def commit(self, segment: Segment) -> Place:
        return self._parts.receiving.commit(segment)

    def mend(self, common: Place, segments: Sequence[Segment]) -> Place:
        place = self._parts.receiving.mend(common, segments)
        _log.warning("sync.stream_mended", stream=common.stream, common=common.seq, now=place.seq)
        return place

    def place(self, stream: str) -> Place:
        return self._parts.receiving.place(stream)

    def located(self, stream: str) -> tuple[Place, ...]:
        return self._parts.sending.located(stream)

    def common(self, stream: str, theirs: Sequence[Place]) -> Place | None:
        return self._parts.sending.common(stream, theirs)

    def own_heads(self) -> tuple[Head, ...]:
        return self._parts.heads.own()

    def keep(self, heads: Sequence[Head]) -> Sequence[tuple[Head, bytes]]:
        return self._parts.heads.keep(self._site, heads)

    def testify(self, heads: Sequence[tuple[Head, bytes]]) -> None:
        self._parts.heads.testify(self._site, heads)
