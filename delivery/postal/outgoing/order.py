"""Standing orders: what a course's learners are sent and when, and what of that is to be done by a day.

An order is a TOML file that is told as a fact; the newest one of a course counts. Each mailing becomes a batch of its
own; learners who enrol later catch up with every mailing that is past.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from delivery.clock import VIETNAM, to_micros
from delivery.errors import N_, BadInput, NotFound
from delivery.ids import digest_of, fact_id
from delivery.postal.outgoing.contents import choose_parts, require_kinds
from delivery.postal.outgoing.packet import Options
from delivery.postal.outgoing.planning import Planned, plan_batch
from delivery.postal.outgoing.posting import Resend, resends
from delivery.postal.outgoing.wish import Wish
from delivery.postal.parts import Desk
from delivery.record.canonical import canonical
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets


@dataclass(frozen=True, slots=True)
class Mailing:
    """One dispatch of a course."""

    number: int
    send: date
    units: tuple[int, ...] = ()
    """Units whose material and assignments go out; empty means everything of the course."""


@dataclass(frozen=True, slots=True)
class StandingOrder:
    course: str
    mailings: tuple[Mailing, ...]
    options: Options = field(default_factory=Options)
    not_needed: Mapping[str, str] = field(default_factory=dict)
    """Printed kinds that the syllabus does without, each with its reason (TX-4.3b)."""

    def batch(self, mailing: Mailing) -> str:
        """Code of the batch that a mailing becomes."""
        return f"{self.course}-{mailing.number}"

    def wish(self, mailing: Mailing) -> Wish:
        """What the batch of a mailing is asked to be."""
        return Wish(
            course=self.course,
            units=frozenset(mailing.units),
            not_needed=self.not_needed,
            options=self.options,
            mailing=mailing.number,
            send=mailing.send,
        )


@dataclass(frozen=True, slots=True)
class DueMailing:
    """A mailing that was to go out by now, and what of it is not done."""

    order: StandingOrder
    mailing: Mailing
    planned: bool
    behind: tuple[str, ...]
    """Learner ids without a packet of it: everybody while it is not planned, else those who came since."""
    unprinted: int
    unposted: int

    @property
    def batch(self) -> str:
        return self.order.batch(self.mailing)

    @property
    def done(self) -> bool:
        return self.planned and not (self.behind or self.unprinted or self.unposted)


def read_order(file: Path, course: str) -> StandingOrder:
    """The order in a TOML file. Raises BadInput with what is wrong."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
        return _order(course, document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            N_("The standing order {file} cannot be used: {reason}"),
            do=N_("Compare it with the example in docs/packets.md."),
            file=file.name,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def _order(course: str, document: Mapping[str, Any]) -> StandingOrder:
    mailings = []
    for number, entry in enumerate(document["mailing"], start=1):
        unknown = set(entry) - {"send", "units"}
        if unknown:
            raise ValueError(f"mailing {number} has unknown keys: {', '.join(sorted(unknown))}")
        send = entry["send"]
        day = date.fromisoformat(send) if isinstance(send, str) else send
        if type(day) is not date:
            raise ValueError(f"mailing {number}: send is no date")
        mailings.append(Mailing(number, day, tuple(int(unit) for unit in entry.get("units", ()))))
    if not mailings:
        raise ValueError("no mailing")
    given = document.get("options", {})
    known = {f.name for f in fields(Options)} - {"closed"}
    if set(given) - known:
        raise ValueError(f"unknown options: {', '.join(sorted(set(given) - known))}")
    options = Options(**given)
    for name in ("duplex", "large"):
        if type(getattr(options, name)) is not bool:
            raise ValueError(f"option {name} is true or false")
    if options.n_up not in (1, 2, 4):
        raise ValueError("option n_up is 1, 2 or 4")
    return StandingOrder(course, tuple(mailings), options, dict(document.get("not_needed", {})))


def set_order(desk: Desk, order: StandingOrder, *, actor: str) -> bool:
    """Tell the order of a course; whether it differs from the one before. Raises NotFound and BadInput."""
    catalogue = desk.catalogue()
    require_kinds(order.not_needed)
    known = {unit.number for unit in catalogue.units.values() if unit.course == order.course}
    choose_parts(catalogue, order.course)
    wrong = sorted({unit for mailing in order.mailings for unit in mailing.units} - known)
    if known and wrong:
        raise BadInput(
            N_("Course {course} has no unit {units}."),
            do=N_("Its units: {known}."),
            course=order.course,
            units=", ".join(map(str, wrong)),
            known=", ".join(map(str, sorted(known))),
        )
    if find_order(desk, order.course) == order:
        return False
    data = _data(order)
    told = sum(fact.course == order.course for fact in _told(desk))
    desk.facts.append(
        [
            Draft(
                id=fact_id(
                    FactKind.STANDING_ORDER_SET,
                    order.course,
                    told,
                    digest_of([canonical(data).decode()]),
                ),
                kind=FactKind.STANDING_ORDER_SET,
                occurred_at=to_micros(desk.clock.now()),
                actor=actor,
                course=order.course,
                data=data,
            )
        ],
        once=True,
    )
    return True


def _data(order: StandingOrder) -> dict[str, Any]:
    return {
        "mailings": [
            {"number": m.number, "send": m.send.isoformat(), "units": list(m.units)} for m in order.mailings
        ],
        "options": {**asdict(order.options), "not_needed": dict(order.not_needed)},
    }


def _from_fact(fact: Fact) -> StandingOrder:
    options = dict(fact.data["options"])
    not_needed = options.pop("not_needed", {})
    mailings = tuple(
        Mailing(entry["number"], date.fromisoformat(entry["send"]), tuple(entry["units"]))
        for entry in fact.data["mailings"]
    )
    return StandingOrder(fact.course, mailings, Options(**options), not_needed)


def _told(desk: Desk) -> list[Fact]:
    return list(desk.facts.select(kind=FactKind.STANDING_ORDER_SET))


def orders(desk: Desk) -> list[StandingOrder]:
    """The newest order of every course, in order of course."""
    newest: dict[str, Fact] = {}
    for fact in _told(desk):
        if fact.course not in newest or fact.order > newest[fact.course].order:
            newest[fact.course] = fact
    return [_from_fact(newest[course]) for course in sorted(newest)]


def find_order(desk: Desk, course: str) -> StandingOrder | None:
    """The order of a course."""
    return next((order for order in orders(desk) if order.course == course), None)


def require_order(desk: Desk, course: str) -> StandingOrder:
    """As :func:`find_order`, raising NotFound."""
    found = find_order(desk, course)
    if found is None:
        raise NotFound(
            N_("Course {course} has no standing order."),
            do=N_("Give it one with: tuxa packets order {course} FILE.toml"),
            course=course,
        )
    return found


@dataclass(frozen=True, slots=True)
class ToDo:
    """What post has to do by a day."""

    mailings: tuple[DueMailing, ...]
    resends: tuple[Resend, ...]


def to_do(desk: Desk, on: date | None = None) -> ToDo:
    """Mailings that were to go out by `on` (today when left out) and are not done, and packets to be sent again."""
    day = on or desk.clock.now().astimezone(VIETNAM).date()
    due = [
        _due(desk, order, mailing)
        for order in orders(desk)
        for mailing in order.mailings
        if mailing.send <= day
    ]
    return ToDo(tuple(mailing for mailing in due if not mailing.done), tuple(resends(desk)))


def _due(desk: Desk, order: StandingOrder, mailing: Mailing) -> DueMailing:
    packets = Packets(desk.database, desk.facts)
    planned = packets.find(order.batch(mailing)) is not None
    states = packets.states(order.batch(mailing))
    have = {state.learner for state in states if not state.superseded}
    behind = [ref.id for ref in desk.learners.of_course(order.course) if ref.id not in have]
    valid = [state for state in states if state.valid]
    return DueMailing(
        order,
        mailing,
        planned,
        tuple(behind),
        sum(not state.printed_at for state in valid),
        sum(state.printed_at > 0 and not state.posted_at for state in valid),
    )


def plan_due(desk: Desk, on: date | None = None, *, actor: str, dry_run: bool = False) -> list[Planned]:
    """Plan every mailing that is due, and let those who enrolled since catch up with the ones before."""
    return [
        plan_batch(desk, due.batch, wish=due.order.wish(due.mailing), actor=actor, dry_run=dry_run)
        for due in to_do(desk, on).mailings
        if due.behind or not due.planned
    ]
