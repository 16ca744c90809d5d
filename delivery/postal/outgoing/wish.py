"""What a clerk asks a new batch to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from delivery.postal.outgoing.packet import Options


@dataclass(frozen=True, slots=True)
class Wish:
    """What a clerk asks a new batch to be."""

    course: str = ""
    units: Collection[int] = ()
    only: Collection[str] = ()
    """Learner ids; with none, everybody who is enrolled."""
    but: Collection[str] = ()
    """Learner ids that get no packet of this batch now."""
    not_needed: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    mailing: int = 0
    send: date | None = None
    """Day on which it goes out; today when left out."""
