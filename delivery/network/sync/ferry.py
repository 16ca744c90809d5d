"""Blobs between two sites: pieces that are asked for one after the other, go on where they stopped, and wait for facts.

The receiver asks; the sender keeps nothing. A cap on the rate and hours of the night hold for what this site receives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from delivery.clock import VIETNAM
from delivery.errors import N_, ConfigError
from delivery.network.sync.codec import MAX_CHUNK
from delivery.network.sync.messages import Chunk, Message, Want
from delivery.store.wantedblobs import WantedBlobs

WINDOW: Final = 4
"""Pieces on their way at once."""
PATIENCE_S: Final = 20.0
"""After so long without the piece it is asked for again."""
ABSENT_S: Final = 60.0
"""How long a site is not asked again for what it does not have."""
_SCOPE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When and how fast blobs may come."""

    bytes_per_s: int = 0
    """0: as fast as they come."""
    window: tuple[time, time] | None = None
    """Hours in Viet Nam between which blobs may come; over midnight when the first is the later one."""

    def open_at(self, moment: datetime) -> bool:
        """Whether blobs may come now."""
        if self.window is None:
            return True
        begin, end = self.window
        now = moment.astimezone(VIETNAM).time()
        return begin <= now < end if begin <= end else now >= begin or now < end


def read_limits(rate_kib: int, hours: str) -> Limits:
    """Limits from the settings sync_rate_kib and sync_blob_hours (``22:00-05:30``; empty: all day)."""
    if not hours:
        return Limits(max(0, rate_kib) * 1024)
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    except ValueError as error:
        raise ConfigError(
            N_("The setting sync_blob_hours is “{value}”, which is no span of hours."),
            do=N_("Write it like 22:00-05:30, or leave it empty for the whole day."),
            value=hours,
        ) from error
    return Limits(max(0, rate_kib) * 1024, (begin, end))


class Ferry:
    """Blobs to and from one other site."""

    def __init__(
        self,
        wanted: WantedBlobs,
        *,
        other: str,
        all_allowed: bool,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        """`all_allowed`: the other site is the main one, which may have every blob."""
        self._wanted = wanted
        self._other = other
        self._all_allowed = all_allowed
        self._limits = limits
        self._now = now
        self._current = ""
        self._asked = 0
        """Offset up to which pieces of the current blob were asked for."""
        self._asked_at = float("-inf")
        self._absent: dict[str, float] = {}
        self._allowance = 0.0
        self._filled_at: float | None = None
        self._scope: tuple[float, set[str]] = (float("-inf"), set())
        self._look_at = float("-inf")
        self.waiting = 0
        """Blobs that are still wanted here."""

    @property
    def hungry(self) -> bool:
        """Whether a blob is on its way and not held back."""
        return bool(self._current) and self._allowance > 0

    def beat(self, now: float) -> list[Message]:
        """What to ask for now."""
        self._fill(now)
        if not self._current and now >= self._look_at:
            self._choose(now)
        if not self._current or not self._limits.open_at(self._now()):
            return []
        if now - self._asked_at > PATIENCE_S:
            self._asked = self._wanted.have(self._current)
        have = self._wanted.have(self._current)
        out: list[Message] = []
        while self._asked < have + WINDOW * MAX_CHUNK and self._allowance > 0:
            out.append(Want(self._current, self._asked))
            self._asked += MAX_CHUNK
            self._allowance -= MAX_CHUNK
            self._asked_at = now
        return out

    def unsent(self) -> None:
        """What was asked for last did not leave, or its line was cut: ask again at the next beat."""
        self._asked_at = float("-inf")

    def _fill(self, now: float) -> None:
        """The allowance grows with time, up to one second's worth (at least one piece)."""
        rate = self._limits.bytes_per_s
        if not rate:
            self._allowance = float(WINDOW * MAX_CHUNK)
            return
        passed = now - self._filled_at if self._filled_at is not None else 0.0
        self._filled_at = now
        self._allowance = min(self._allowance + passed * rate, max(rate, MAX_CHUNK))

    def _choose(self, now: float) -> None:
        self._absent = {address: until for address, until in self._absent.items() if until > now}
        self.waiting = self._wanted.count()
        found = self._wanted.waiting(but=self._absent, most=1) if self.waiting else []
        self._current = found[0] if found else ""
        self._look_at = now + 1.0
        if self._current:
            self._asked = self._wanted.have(self._current)
            self._asked_at = now

    def receive(self, message: Message, now: float) -> list[Message]:
        """Take a message of the other site."""
        if isinstance(message, Want):
            return [self._given(message, now)]
        if isinstance(message, Chunk) and message.address == self._current:
            self._take(message, now)
            return self.beat(now)
        return []

    def _given(self, want: Want, now: float) -> Chunk:
        nothing = Chunk(want.address, 0, 0, b"")
        if not self._may_have(want.address, now):
            return nothing
        found = self._wanted.read(want.address, want.offset, MAX_CHUNK)
        if found is None:
            return nothing
        data, total = found
        return Chunk(want.address, min(want.offset, total), total, data)

    def _may_have(self, address: str, now: float) -> bool:
        if self._all_allowed:
            return True
        if address not in self._scope[1] and now - self._scope[0] >= _SCOPE_S:
            self._scope = (now, self._wanted.allowed_to(self._other))
        return address in self._scope[1]

    def _take(self, chunk: Chunk, now: float) -> None:
        if chunk.total == 0:
            self._absent[self._current] = now + ABSENT_S
            self._current, self._look_at = "", now
            return
        have = self._wanted.have(chunk.address)
        if chunk.offset != have or chunk.offset + len(chunk.data) > self._asked:
            return  # beyond the end, a piece that came twice, or one that nobody asked for
        if self._wanted.add(chunk.address, chunk.offset, chunk.data, total=chunk.total):
            self._current, self._look_at = "", now
            return
        self._asked_at = now
        if not chunk.data or self._wanted.have(chunk.address) == 0:
            self._asked = self._wanted.have(chunk.address)
