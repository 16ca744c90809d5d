"""What a learner finds on the first page: work that is due, and what arrived lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote

from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_
from delivery.network.web.place import address_of_activity
from delivery.network.web.services import PortalServices
from delivery.record.kinds import FactKind

SOON = timedelta(days=21)
"""How far ahead work is shown as due: a packet's way there and back fits into it."""
LATELY = timedelta(days=14)
_MOST = 8
_OPEN = ("not_recorded", "delivered", "incomplete")
_ARRIVED: Mapping[FactKind, str] = {
    FactKind.MARK_RECORDED: N_("A mark was given"),
    FactKind.QUESTION_ANSWERED: N_("Your lecturer answered"),
    FactKind.OPINION_ANSWERED: N_("Your opinion was answered"),
    FactKind.PEER_ANSWER_RECEIVED: N_("Another learner answered you"),
    FactKind.PACKET_POSTED: N_("The packet was posted to you"),
    FactKind.PACKET_RETURNED_UNDELIVERED: N_("A packet to you came back: tell your university your address"),
    FactKind.ENVELOPE_RECEIVED: N_("Your envelope arrived"),
    FactKind.WORK_RECEIVED: N_("Your work was received"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """Work that is not in yet."""

    title: str
    course: str
    due: date
    late: bool
    address: str
    """Where it is sent in; empty when it goes by post or photograph."""
    missing: tuple[int, ...] = ()
    """Pages that have not come, of work that came in part."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Something new."""

    words: str
    about: str
    at: datetime
    address: str


def due_of(learner: str, services: PortalServices, *, ahead: timedelta = SOON) -> list[Due]:
    """Assignments that are due within `ahead` or overdue, the most urgent first."""
    today = services.clock.now().astimezone(VIETNAM).date()
    out = []
    for course in services.record_of(learner)["courses"]:
        for told in course["activities"]:
            if told["kind"] != "assignment" or told["status"] not in _OPEN or not told["due"]:
                continue
            day = date.fromisoformat(told["due"])
            if day - today <= ahead:
                address = address_of_activity(told["activity"], services)
                # Of work without any page nothing is missing: it is due.
                missing = tuple(told["pages_missing"]) if told["status"] == "incomplete" else ()
                out.append(Due(told["title"], course["name"], day, day < today, address, missing))
    return sorted(out, key=lambda item: (item.due, item.title))


def arrived_for(learner: str, services: PortalServices) -> list[Arrived]:
    """What came within :data:`LATELY`, newest first."""
    since = services.clock.now() - LATELY
    activities = services.catalogue().activities
    out = []
    for kind, words in _ARRIVED.items():
        for fact in services.facts.select(kind=kind, learner=learner):
            at = from_micros(fact.occurred_at)
            if at < since:
                continue
            planned = activities.get(fact.activity)
            thread = fact.data.get("thread")
            address = f"/me/activity/{quote(fact.activity, safe='')}" if planned else ""
            if kind is FactKind.OPINION_ANSWERED:
                address = "/opinion"
            if thread:
                address = f"/courses/{quote(fact.course, safe='')}/questions/{thread}"
            out.append(Arrived(words, planned.title if planned else fact.course, at, address))
    return sorted(out, key=lambda item: item.at, reverse=True)[:_MOST]
