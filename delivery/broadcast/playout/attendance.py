"""Attendance codes of broadcasts: shown on a card right after a lesson, told back through the portal.

A code proves that somebody saw the screen, not who did: evidence, not proof.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from delivery.broadcast.playout.aired import common, minutes_of, tick_spans, total
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.errors import N_, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US, Airing
from delivery.store.factlog import FactLog
from delivery.store.schedule import ScheduleStore

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters without 0, 1, I and O."""
CODE_CHARS = 6
CLAIM_WINDOW = timedelta(hours=24)
"""A code is accepted from the start of the lesson until this long after its end."""
_READ_AS = str.maketrans({" ": "", "-": "", "·": ""})


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of airings under a site's secret: each channel has its own key."""

    key: bytes = field(repr=False)

    def of(self, channel: str, airing: str) -> str:
        """The six characters of one airing: 30 bits of HMAC-SHA256."""
        channel_key = hmac.digest(self.key, b"tuxa attendance\x00" + channel.encode(), "sha256")
        number = int.from_bytes(hmac.digest(channel_key, airing.encode(), "sha256")[:5], "big")
        return "".join(ALPHABET[number >> 5 * i & 31] for i in range(CODE_CHARS))


@dataclass(frozen=True, slots=True)
class Attended:
    """What a claim led to."""

    airing: Airing
    minutes: int
    fact: str
    repeated: bool
    """The same learner had claimed this airing before; nothing was added."""


class Attendance:
    """Accepts codes from learners."""

    def __init__(
        self,
        store: ScheduleStore,
        facts: FactLog,
        *,
        codes: Codes,
        learner_in: Callable[[str, str], str | None],
    ) -> None:
        """`learner_in(learner, course)` gives the code of the learner's site, or None without enrolment."""
        self._store = store
        self._facts = facts
        self._codes = codes
        self._learner_in = learner_in

    def claim(self, learner: str, code: str, now: datetime) -> Attended:
        """Record that `learner` saw the lesson that `code` belongs to. Raises Refused for a wrong or expired code, and
        for a lesson of a course that the learner is not enrolled in."""
        airing = self._airing_of(code, now)
        site = self._learner_in(learner, airing.course)
        if site is None:
            raise Refused(
                N_("This lesson belongs to course {course}, in which you are not enrolled."),
                do=N_("Ask the programme office if you should be."),
                course=airing.course,
            )
        identifier = fact_id(FactKind.ATTENDANCE_RECORDED, airing.id, learner)
        known = self._facts.get(str(identifier))
        if known is not None:
            return Attended(airing, known.data["minutes"], known.id, repeated=True)
        minutes = minutes_of(self._aired_ticks(airing, now))
        draft = Draft(
            id=identifier,
            kind=FactKind.ATTENDANCE_RECORDED,
            occurred_at=to_micros(now),
            actor=learner,
            audience=site,
            learner=learner,
            course=airing.course,
            activity=airing.activity,
            mode=str(DeliveryMode.BROADCAST),
            data={"airing": airing.id, "method": "code", "minutes": minutes},
        )
        added = self._facts.append([draft], once=True).added
        return Attended(airing, minutes, str(identifier), repeated=not added)

    def _airing_of(self, code: str, now: datetime) -> Airing:
        told = code.upper().translate(_READ_AS)
        now_us = to_micros(now)
        since = (now_us - CLAIM_WINDOW // timedelta(microseconds=1)) // TICK_US
        found = None
        # Every candidate is compared, so that the time taken tells nothing.
        for airing in self._store.airings(since_tick=since, before_tick=now_us // TICK_US + 1):
            right = hmac.compare_digest(self._codes.of(airing.channel, airing.id).encode(), told.encode())
            if right and airing.card:
                found = airing
        if found is None:
            raise Refused(
                N_("This code belongs to no lesson of the last 24 hours."),
                do=N_(
                    "Check the six characters shown after the lesson; there is no 0, 1, I or O among them."
                ),
            )
        return found

    def _aired_ticks(self, airing: Airing, now: datetime) -> int:
        end = min(airing.end_tick, to_micros(now) // TICK_US)
        spans = tick_spans(self._store.up_spans(airing.start_tick * TICK_US))
        return total(common(spans, start=airing.start_tick, end=end))
