"""The calendar of duties: what is due next, with its clause, in time to act (point 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.register_kinds import StandingEvent
from delivery.errors import N_, Message
from delivery.regulation.calendar import add_months
from delivery.regulation.indexes import covered, evidence_of, latest, standings_of, values_of
from delivery.regulation.rules.tx4 import complete_courses, covered_materials
from delivery.regulation.rules.tx5_material import material_due, planned, school_years
from delivery.regulation.rules.tx6 import lapse
from delivery.regulation.rules.tx7 import partner_sites
from delivery.regulation.rules.tx12 import older_with_graduates
from delivery.regulation.rules.tx13 import decision_due
from delivery.regulation.rules.tx14_reports import report_last_day
from delivery.regulation.snapshot import Snapshot

REMINDERS = (90, 30, 7)
"""Days before a duty on which somebody is reminded, unless the clause names its own."""
REPORT_REMINDERS = (30, 15, 2)
"""30/11, 15/12 and 28/12 before 30/12 (TX-14.1-0)."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done by a day."""

    clause: str
    subject: str
    due: date
    what: Message
    done: bool = False
    confirmed: bool = True
    """False: holidays in between are computed, no notice confirms them yet."""
    reminders: tuple[int, ...] = REMINDERS

    def left(self, on: date) -> int:
        """Days until it is due; below 0 when it is overdue."""
        return (self.due - on).days

    def reminds(self, on: date) -> bool:
        """Whether somebody is to be reminded on that day: on the days named, and daily once it is overdue."""
        return not self.done and (self.left(on) in self.reminders or self.left(on) < 0)


def duties(s: Snapshot) -> list[Duty]:
    """Every duty that is open or fell due this year, soonest first."""
    found = [*_decisions(s), *_reports(s), *_reviews(s), *_materials(s), *_terms(s)]
    return sorted(found, key=lambda duty: (duty.due, duty.clause, duty.subject))


def _decisions(s: Snapshot) -> Iterator[Duty]:
    for programme in covered(s):
        decision = latest(s, EvidenceKind.DISTANCE_DECISION, programme.code)
        if decision is None or decision.day is None:
            continue
        due = decision_due(s, programme.code, decision.day)
        if due.year < s.on.year:
            continue
        done = all(
            any(e.day and e.day >= decision.day for e in evidence_of(s, kind, programme.code))
            for kind in (EvidenceKind.DATABASE_UPDATE, EvidenceKind.MINISTRY_DISPATCH)
        )
        yield Duty(
            "TX-13.1b-2",
            f"programme:{programme.code}",
            due,
            Message(N_("Update the national database and send decision and scheme to the Ministry.")),
            done,
            s.calendar.confirmed(decision.day, due),
            (5, 2, 1),
        )


def _reports(s: Snapshot) -> Iterator[Duty]:
    due = report_last_day(s, s.on.year)
    for clause, about in (("TX-14.1a", ""), *(("TX-14.1b", code) for code in partner_sites(s))):
        sent = [e for e in evidence_of(s, EvidenceKind.REPORT_SENT, about) if e.value == s.on.year]
        yield Duty(
            clause,
            f"site:{about}" if about else f"institution:{s.institution.code}",
            due,
            Message(N_("Send the annual report for {year}."), {"year": s.on.year}),
            bool(sent),
            reminders=REPORT_REMINDERS,
        )


def _reviews(s: Snapshot) -> Iterator[Duty]:
    due = date(s.on.year, 12, 31)
    for programme in covered(s):
        done = any(
            e.day and e.day.year == s.on.year
            for e in evidence_of(s, EvidenceKind.PROGRAMME_REVIEW, programme.code)
        )
        yield Duty(
            "TX-3.4-3",
            f"programme:{programme.code}",
            due,
            Message(N_("Review the programme of {year}."), {"year": s.on.year}),
            done,
        )
        open_ones = sum(
            1
            for material in covered_materials(s)
            if s.courses[material.course].programme == programme.code
            and not {"academic", "technical"}
            <= {
                e.topic
                for e in evidence_of(s, EvidenceKind.MATERIAL_REVIEW, material.code)
                if e.day and e.day.year == s.on.year
            }
        )
        yield Duty(
            "TX-4.5-2",
            f"programme:{programme.code}",
            due,
            Message(
                N_("Review the material of {year}: {count} left."), {"year": s.on.year, "count": open_ones}
            ),
            not open_ones,
        )
    done = any(e.day and e.day.year == s.on.year for e in evidence_of(s, EvidenceKind.SELF_REVIEW))
    yield Duty(
        "TX-13.2a-2",
        f"institution:{s.institution.code}",
        due,
        Message(N_("Review the minimum requirements of {year}."), {"year": s.on.year}),
        done,
    )


def _materials(s: Snapshot) -> Iterator[Duty]:
    for programme in covered(s):
        values, start = values_of(s, programme.code), school_years(s).get(programme.code)
        if start is None:
            continue
        for row in planned(s).get(programme.code, ()):
            if row.year <= values.whole("material_years_ready") or row.course not in s.courses:
                continue
            due = material_due(start, row.year, values.whole("material_ready_months"))
            open_ = bool(complete_courses(s).get(row.course))
            if open_ or due >= s.on:
                yield Duty(
                    "TX-5.8dd-3",
                    f"course:{row.course}",
                    due,
                    Message(N_("Have all material of the course approved.")),
                    not open_,
                )


def _terms(s: Snapshot) -> Iterator[Duty]:
    for contract in s.contracts.values():
        if contract.ends >= s.on:
            yield Duty(
                "TX-7.3b",
                f"contract:{contract.number}",
                contract.ends,
                Message(N_("Renew the contract, or plan where the learners go.")),
                reminders=(180, 90, 30),
            )
    for programme in s.programmes.values():
        if older_with_graduates(s, programme.code):
            done = bool(evidence_of(s, EvidenceKind.ACCREDITATION, programme.code))
            yield Duty(
                "TX-12.2a",
                f"programme:{programme.code}",
                values_of(s, programme.code).day("accreditation_due"),
                Message(N_("Have the programme accredited.")),
                done,
                reminders=(365, 180, *REMINDERS),
            )
    for programme in covered(s):
        span = lapse(s, programme.code)
        if span is not None and span[1] >= s.on:
            due = span[1]
            yield Duty(
                "TX-6.5",
                f"programme:{programme.code}",
                due,
                Message(N_("Hold an intake in time.")),
                reminders=tuple((due - add_months(due, -left)).days for left in (6, 3)),
            )
    for programme in covered(s):
        months = values_of(s, programme.code).whole("diploma_months")
        for learner in standings_of(s, programme.code):
            for event in learner.of(StandingEvent.ELIGIBLE):
                if not learner.of(StandingEvent.GRADUATED):
                    yield Duty(
                        "T8-14.2",
                        f"learner:{learner.learner}",
                        s.calendar.months_after(event.on, months),
                        Message(N_("Award the degree.")),
                        confirmed=s.calendar.confirmed(event.on, add_months(event.on, months)),
                    )
