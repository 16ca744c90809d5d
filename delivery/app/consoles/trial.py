"""What would be found if slots were others than they are: a compilation over slots that are not stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from delivery.broadcast.schedule.scheduler import Scheduler
from delivery.store.air import Slot
from delivery.store.schedule import ScheduleStore


class _Instead:
    """The schedule store, with other slots on one channel."""

    def __init__(self, store: ScheduleStore, channel: str, slots: Sequence[Slot]) -> None:
        self._real, self._channel, self._others = store, channel, list(slots)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def slots(self, channel: str | None = None) -> list[Slot]:
        if channel == self._channel:
            return list(self._others)
        return self._real.slots(channel)


class Trial(Scheduler):
    """A scheduler that reviews and stores nothing."""

    def __init__(self, real: Scheduler, channel: str, slots: Sequence[Slot]) -> None:
        self.__dict__.update(vars(real))
        self._store = cast("ScheduleStore", _Instead(real._store, channel, slots))
