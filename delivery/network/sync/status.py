"""How it stands with each other site: written by the process that syncs, read by ``tuxa sync status``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from delivery.clock import to_iso
from delivery.errors import N_, Message, TuxaError
from delivery.network.sync.protocol import LOST_S, Peer
from delivery.store.files import PARTIAL_SUFFIX

FILE = "sync.json"
_SHOWN_S = 30.0
"""How long a failure of the store is shown after it was met last."""


@dataclass(slots=True)
class SiteStatus:
    """One other site."""

    site: str = ""
    contact: datetime | None = None
    """When it was last heard of."""
    connected: bool = False
    behind: int | None = None
    """Facts that it still lacks; None when that is not known."""
    behind_bytes: int | None = None
    """About how many bytes those are on the wire."""
    blobs: int = 0
    """Blobs that this site still wants."""
    rate: float = 0.0
    """Facts per second in both directions, lately."""
    sent_facts: int = 0
    taken_facts: int = 0
    sent_bytes: int = 0
    dropped: int = 0
    """Messages that were passed over: broken, known, out of order or not theirs."""
    errors: tuple[Message, ...] = ()
    """What is wrong, in words."""
    failed_at: float = float("-inf")
    taken_seen: int = 0
    _at: float = 0.0
    _count: int = 0

    def fail(self, error: Message, now: float) -> None:
        """The store, or the other site, refuses."""
        self.errors, self.failed_at = (error,), now

    def update(self, peer: Peer, now: float, *, waiting_blobs: int, broken: int) -> None:
        """Bring it up to the machine's state."""
        self.connected = now - peer.heard_at < LOST_S
        self.behind = peer.behind
        self.sent_facts, self.taken_facts = peer.sent_facts, peer.taken_facts
        each = self.sent_bytes / self.sent_facts if self.sent_facts else 60.0
        self.behind_bytes = None if peer.behind is None else int(peer.behind * min(each, 2000.0))
        self.blobs = waiting_blobs
        self.dropped = sum(peer.dropped.values()) + broken
        if peer.refusals:
            self.errors = tuple(why for _, why in sorted(peer.refusals.items()))
        elif now - self.failed_at > _SHOWN_S:
            self.errors = ()
        total = self.sent_facts + self.taken_facts
        if now - self._at >= 1.0:
            self.rate = (total - self._count) / (now - self._at) if self._at else 0.0
            self._at, self._count = now, total

    def as_json(self) -> dict[str, Any]:
        """The document of one site in ``tuxa sync status --json``."""
        return {
            "site": self.site,
            "last_contact": to_iso(self.contact) if self.contact else None,
            "connected": self.connected,
            "facts_behind": self.behind,
            "bytes_behind": self.behind_bytes,
            "blobs_wanted": self.blobs,
            "facts_per_second": round(self.rate, 1),
            "facts_sent": self.sent_facts,
            "facts_received": self.taken_facts,
            "bytes_sent": self.sent_bytes,
            "messages_dropped": self.dropped,
            "error": "; ".join(map(str, self.errors)) or None,
            "errors": [message_out(error) for error in self.errors],
        }


def what_of(error: TuxaError | OSError) -> Message:
    """A failure of the store in words."""
    if isinstance(error, TuxaError):
        return error.what
    return Message(
        N_("The disk does not take or give what is asked: {reason}."), {"reason": str(error.strerror)}
    )


def message_out(message: Message) -> dict[str, Any]:
    """A message as JSON, to be translated where it is read."""
    params = {k: message_out(v) if isinstance(v, Message) else v for k, v in message.params.items()}
    return {"msgid": message.msgid, "params": params}


def message_in(document: Mapping[str, Any]) -> Message:
    """The reverse."""
    params = {k: message_in(v) if isinstance(v, dict) else v for k, v in document["params"].items()}
    return Message(document["msgid"], params)


class StatusFile:
    """``run/sync.json`` of a home; whole at any moment, and not worth a sync of the disk."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._last = b""

    def write(self, sites: Sequence[SiteStatus]) -> None:
        """Write it when something changed and the disk takes it."""
        data = orjson.dumps({"sites": [status.as_json() for status in sites]})
        if data == self._last:
            return
        part = self._file.with_suffix(PARTIAL_SUFFIX)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(self._file)
        except OSError:
            # A full disk, and this has to say so: over the old text, whose place on the disk is taken already.
            with suppress(OSError):
                part.unlink(missing_ok=True)
            with suppress(OSError), self._file.open("r+b") as stream:
                stream.write(data)
                stream.truncate()
        self._last = data

    def read(self) -> Mapping[str, Mapping[str, Any]]:
        """Site -> its last status."""
        try:
            document = orjson.loads(self._file.read_bytes())
            return {entry["site"]: entry for entry in document["sites"]}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
