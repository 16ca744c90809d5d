"""The regulation's gates, asked by the actions themselves (point 3): one snapshot for a whole action, never per row.

* Decisions (:func:`decide`): approving a programme, opening an intake, starting to teach … stand as a fact with the
  findings that they rest on. What is not shown refuses them as well.
* Registers (:func:`judge_registers`): an assignment, a lesson, a final examination or an intake that is still to come
  is refused when it is entered. What has happened already is recorded as it was, and the checks name what was wrong.
* Daily work (:func:`require_no_violation`, :func:`require_publishable`): lessons of the term plan, the printers, what
  goes to the portal. What is violated refuses; what is only not entered is told by the checks. Slots of the channels:
  :mod:`delivery.app.slotgate`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from delivery.app.core import App
from delivery.app.regulation import history_of, snapshots_of
from delivery.catalogue.kinds import DeliveryMode, Role
from delivery.catalogue.model import Material
from delivery.catalogue.register_kinds import SessionKind
from delivery.catalogue.registers import Registers
from delivery.clock import VIETNAM, to_micros
from delivery.errors import N_, GateClosed, Refused
from delivery.ids import fact_id
from delivery.record.canonical import canonical
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.regulation.evaluate import check
from delivery.regulation.gates import GateResult, check_gate, concerning, refusals_of, violated
from delivery.regulation.registry import Gate, rules
from delivery.regulation.snapshot import Override, Snapshot
from delivery.store.evidence import RegisterStore


def today_of(app: App) -> date:
    """Today in Viet Nam."""
    return app.clock.now().astimezone(VIETNAM).date()


def raise_if_closed(result: GateResult) -> None:
    """Raise GateClosed naming the first clause that refuses, its number, and how many there are."""
    shut = [refusal.finding for refusal in result.refusals if refusal.override is None]
    if not shut:
        return
    first = shut[0]
    raise GateClosed(
        N_("{clause} refuses it for {subject}: {what} (clauses that refuse: {all})"),
        do=N_(
            "See every refusal: tuxa regulation gate {gate}. Some can be passed: tuxa regulation override."
        ),
        clause=first.clause,
        subject=first.subject.code,
        what=first.what,
        all=", ".join(dict.fromkeys(finding.clause for finding in shut)),
        gate=result.gate.value,
    )


def require_no_violation(app: App, gate: Gate, *, about: Collection[str]) -> None:
    """Before daily work on some courses or material. Raises GateClosed when a clause of the gate is violated."""
    if about:
        raise_if_closed(violated(gate, snapshots_of(app).build(today_of(app)), about=about))


_OWN_APPROVAL = frozenset({"TX-4.1", "TX-4.3a", "TX-4.5-1", "TT-6.3"})
"""Clauses about the approval itself: approving the material is what satisfies them."""


def require_publishable(app: App, material: Material) -> None:
    """Before material is approved for the portal. Raises GateClosed when its course may not be published."""
    if DeliveryMode.NETWORK not in material.modes:
        return
    result = violated(
        Gate.PUBLISH, snapshots_of(app).build(today_of(app)), about={material.course, material.code}
    )
    open_ = tuple(r for r in result.refusals if r.finding.clause not in _OWN_APPROVAL)
    raise_if_closed(GateResult(result.gate, result.programme, open_))


def courses_of_batch(app: App, batch: str) -> set[str]:
    """Courses that a batch of packets belongs to; empty for a batch that is not there, which printing refuses."""
    from delivery.store.packets import Packets

    known = Packets(app.database, app.facts).find(batch)
    return {known.course} if known is not None and known.course else set()


# --- decisions --------------------------------------------------------------------------------------------------------

_MAY_ANSWER = frozenset({Role.MANAGER, Role.ADMIN})

DECIDED = (
    Gate.APPROVE_PROGRAMME,
    Gate.OPEN_INTAKE,
    Gate.START_TEACHING,
    Gate.PUBLISH,
    Gate.USE_PARTNER,
    Gate.HOLD_EXAM,
)
"""Gates that a person passes by a decision of a day."""


def decide(app: App, gate: Gate, subject: str, *, document: str, actor: str) -> tuple[str, GateResult]:
    """Pass a gate by a decision, now. The fact names the findings it rests on; deciding again tells nothing new.

    Raises GateClosed with the clauses that refuse, and Refused for a subject that the catalogue does not know.
    """
    on = today_of(app)
    snapshot = snapshots_of(app).build(on)
    programme, about = _about(snapshot, gate, subject)
    result = check_gate(gate, snapshot, programme=programme, about=about)
    raise_if_closed(result)
    clauses = [ident for ident, rule in rules().items() if gate in rule.gates]
    told = [
        {
            "clause": f.clause,
            "subject": str(f.subject),
            "verdict": f.verdict.value,
            "value": f.value,
            "threshold": f.threshold,
        }
        for f in check(snapshot, clauses)
        if f.subject.programme in ("", programme)
    ]
    digest = app.blobs.put(canonical({"gate": gate.value, "on": on.isoformat(), "findings": told}))
    draft = Draft(
        id=fact_id(FactKind.GATE_PASSED, gate.value, subject, on.isoformat(), digest),
        kind=FactKind.GATE_PASSED,
        occurred_at=to_micros(app.clock.now()),
        actor=actor,
        data={
            "gate": gate.value,
            "subject": subject,
            "on": on.isoformat(),
            "findings": digest,
            "document": document,
            "overrides": len(result.refusals),
        },
    )
    app.facts.append([draft], once=True)
    return str(draft.id), result


def override(app: App, made: Override) -> str:
    """Record that a person passes a closed gate; the fact's id.

    Raises Refused for somebody whom the catalogue does not know as a manager, and GateClosed when the clause does not
    let that role pass it, or asks for a second person.
    """
    people = app.catalogue().people
    for code in filter(None, (made.actor, made.second)):
        person = people.get(code)
        if person is None or not _MAY_ANSWER.intersection(person.roles):
            raise Refused(
                N_("“{code}” is no manager in the catalogue, and cannot answer for passing a gate."),
                do=N_("Name a person who has the role “manager” or “admin”, or give the role by an import."),
                code=code,
            )
    return history_of(app).override(made)


def _about(snapshot: Snapshot, gate: Gate, subject: str) -> tuple[str, tuple[str, ...]]:
    """(programme, codes) that a decision is about."""
    if gate is Gate.APPROVE_PROGRAMME and subject in snapshot.programmes:
        return subject, ()
    if gate in (Gate.OPEN_INTAKE, Gate.START_TEACHING) and subject in snapshot.cohorts:
        return snapshot.cohorts[subject].programme, (subject,)
    if gate is Gate.PUBLISH and subject in snapshot.courses:
        return snapshot.courses[subject].programme, (subject,)
    if gate is Gate.USE_PARTNER and subject in snapshot.sites:
        return "", (subject,)
    if gate is Gate.HOLD_EXAM and subject in snapshot.sessions:
        session = snapshot.sessions[subject]
        return _programme_of(snapshot, session.course), (subject, session.course)
    raise Refused(
        N_("“{subject}” is nothing that the gate “{gate}” decides about."),
        do=N_(
            "Name a programme (approve_programme), a cohort (open_intake, start_teaching), a course (publish), "
            "a site (use_partner) or a session (hold_exam)."
        ),
        subject=subject,
        gate=gate.value,
    )


def _programme_of(snapshot: Snapshot, course: str) -> str:
    known = snapshot.courses.get(course)
    return known.programme if known else ""


# --- registers --------------------------------------------------------------------------------------------------------

_Step = tuple[Gate, str, tuple[str, ...]]
"""(gate, course or programme, codes it is about)."""


def judge_registers(app: App) -> Callable[[Connection, Registers], None]:
    """The judge of an import: refuses what is still to come and a gate forbids."""

    def judge(connection: Connection, before: Registers) -> None:
        after = RegisterStore(app.database).load_in(connection)
        steps = list(_to_come(before, after, now=app.clock.now()))
        if not steps:
            return
        snapshot = snapshots_of(app).build_in(connection, today_of(app))
        refusals = {
            gate: violated(gate, snapshot)
            if gate is Gate.SCHEDULE
            else GateResult(gate, "", refusals_of(gate, snapshot))
            for gate in {gate for gate, _, _ in steps}
        }
        for gate, code, about in steps:
            cohort = snapshot.cohorts.get(code)
            programme = cohort.programme if cohort else _programme_of(snapshot, code)
            raise_if_closed(concerning(refusals[gate], programme=programme, about=about))

    return judge


def _to_come(before: Registers, after: Registers, *, now: datetime) -> Iterator[_Step]:
    """New or changed rows of assignments, lessons, final examinations and intakes that begin after today."""
    tomorrow = now.astimezone(VIETNAM).date() + timedelta(days=1)
    for key, row in after.teaching.items():
        if row.starts and row.starts >= tomorrow and before.teaching.get(key) != row:
            yield Gate.ASSIGN_LECTURER, row.course, (row.course, row.person)
    for code, session in after.sessions.items():
        if session.starts > now and before.sessions.get(code) != session:
            if session.kind is SessionKind.EXAM:
                yield Gate.HOLD_EXAM, session.course, (session.code,)
            else:
                yield Gate.SCHEDULE, session.course, (session.course,)
    for cohort, intake in after.intakes.items():
        if intake.opens and intake.opens > now and before.intakes.get(cohort) != intake:
            yield Gate.OPEN_INTAKE, cohort, (cohort,)
