"""The regulation's snapshot, read from the store in one consistent pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, Table, case, func, literal_column, or_, select

from delivery.atrest import collector_at_rest
from delivery.catalogue.changes import TABLES as CATALOGUE_TABLES
from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode, MaterialState
from delivery.catalogue.learner_rows import LearnerRow
from delivery.catalogue.model import Catalogue
from delivery.catalogue.registers import Registers
from delivery.clock import VIETNAM, to_micros
from delivery.errors import N_, Refused
from delivery.record.corrections import standing
from delivery.record.facts import Fact, FactRow, read_row
from delivery.record.kinds import FactKind
from delivery.regulation.calendar import Calendar, load_calendar
from delivery.regulation.profile import Profile
from delivery.regulation.snapshot import MaterialStanding, Override, Snapshot
from delivery.regulation.standing import Standing, fold_standing
from delivery.store.catalogue import CatalogueStore
from delivery.store.database import Database
from delivery.store.evidence import RegisterStore
from delivery.store.packet_states import PACKET_STATE
from delivery.store.record_totals import KINDS, RecordTotals, day_of, fold_totals
from delivery.store.standings import rows_in
from delivery.store.tables.core import (
    EnrolmentTable,
    FactTable,
    LearnerTable,
    MaterialRightsTable,
    MaterialStateTable,
    PacketTable,
)
from delivery.store.tables.regulation import OverrideTable
from delivery.store.tables.returns import ReturnedPageTable

_fact: Table = FactTable.__table__  # type: ignore[attr-defined]
_learner: Table = LearnerTable.__table__  # type: ignore[attr-defined]
_enrolment: Table = EnrolmentTable.__table__  # type: ignore[attr-defined]
_state: Table = MaterialStateTable.__table__  # type: ignore[attr-defined]
_rights: Table = MaterialRightsTable.__table__  # type: ignore[attr-defined]
_packet: Table = PacketTable.__table__  # type: ignore[attr-defined]
_back: Table = ReturnedPageTable.__table__  # type: ignore[attr-defined]
_override: Table = OverrideTable.__table__  # type: ignore[attr-defined]
_COLUMNS = tuple(_fact.c[name] for name in FactRow._fields)
_MATERIAL_KINDS = (FactKind.MATERIAL_APPRAISED, FactKind.MATERIAL_APPROVED)
_READ = (*KINDS, *_MATERIAL_KINDS, FactKind.FACT_RETRACTED)
_USE_KINDS = frozenset({FactKind.ITEM_AIRED, FactKind.PARTICIPATION_RECORDED, FactKind.ATTENDANCE_RECORDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """Builds snapshots of one home."""

    database: Database
    catalogue: CatalogueStore
    registers: RegisterStore
    profiles: Mapping[str, Profile]
    default_profile: str
    follow_swaps: bool = True
    holds: Callable[[str], bool] = lambda _address: True
    """Whether the store holds a file."""

    def build(self, on: date, *, ledger_ok: bool | None = None) -> Snapshot:
        """Everything as it was known at the end of the day `on`. Raises Refused while there is no catalogue."""
        with self.database.read() as connection:
            return self.build_in(connection, on, ledger_ok=ledger_ok)

    def build_in(self, connection: Connection, on: date, *, ledger_ok: bool | None = None) -> Snapshot:
        """As :meth:`build`, on the caller's connection: what it wrote and did not commit yet counts."""
        with collector_at_rest():
            return self._build_in(connection, on, ledger_ok)

    def _build_in(self, connection: Connection, on: date, ledger_ok: bool | None) -> Snapshot:
        catalogue = self.catalogue.find_in(connection)
        if catalogue is None:
            raise Refused(
                N_("There is no catalogue in this home yet."),
                do=N_("Import one with: tuxa catalogue import FOLDER"),
            )
        registers = self.registers.load_in(connection)
        facts = list(standing(_facts(connection, _READ, until=_end_of(on))))
        totals = _totals(connection, catalogue, facts)
        return Snapshot(
            on=on,
            institution=catalogue.institution,
            profiles=self.profiles,
            default_profile=self.default_profile,
            calendar=self._calendar(),
            **{name: getattr(catalogue, name) for name in CATALOGUE_TABLES},
            **{item.name: getattr(registers, item.name) for item in fields(Registers)},
            material_standings=_materials(connection, catalogue, facts),
            standings=_standings(connection, on),
            totals=totals.courses,
            activity_minutes=totals.activity_minutes,
            arrivals=totals.arrivals,
            last_seen=_last_seen(connection),
            lost_files=frozenset(
                row.code
                for row in registers.evidence.values()
                if row.kind is EvidenceKind.COMPONENT and row.digest and not self.holds(row.digest)
            ),
            overrides=overrides_until(connection, on),
            ledger_ok=ledger_ok,
        )

    def _calendar(self) -> Calendar:
        return load_calendar(follow_swaps=self.follow_swaps)


def _end_of(on: date) -> int:
    return to_micros(datetime.combine(on + timedelta(days=1), time(), VIETNAM))


def _facts(connection: Connection, kinds: tuple[FactKind, ...], *, until: int) -> Iterator[Fact]:
    query = select(*_COLUMNS).where(_fact.c.kind.in_([str(kind) for kind in kinds]))
    for row in connection.execute(query.execution_options(yield_per=5000)):
        fact = read_row(row)
        if fact.occurred_at < until:
            yield fact


def _materials(
    connection: Connection, catalogue: Catalogue, facts: list[Fact]
) -> dict[str, MaterialStanding]:
    """Standing of the content that each material has now."""
    uses: dict[str, list[int]] = {}
    approvals: dict[str, list[int]] = {}
    people: dict[tuple[str, str, FactKind], tuple[int, str]] = {}
    for fact in facts:
        if fact.kind in _MATERIAL_KINDS:
            signer = fact.data.get("signer") or fact.actor
            people[(fact.data["material"], fact.data["content"], fact.kind)] = (fact.occurred_at, signer)
            if fact.kind is FactKind.MATERIAL_APPROVED:
                approvals.setdefault(fact.data["material"], []).append(fact.occurred_at)
        elif fact.kind in _USE_KINDS:
            activity = catalogue.activities.get(fact.activity)
            material = fact.data.get("material") or (activity.material if activity else "")
            if material:
                uses.setdefault(material, []).append(fact.occurred_at)
    rights = {row.material: row for row in connection.execute(select(_rights))}
    out: dict[str, MaterialStanding] = {}
    for row in connection.execute(select(_state)):
        known = catalogue.materials.get(row.material)
        if known is None or (known.content and known.content != row.content):
            continue
        appraised = people.get((row.material, row.content, FactKind.MATERIAL_APPRAISED), (0, ""))
        approved = people.get((row.material, row.content, FactKind.MATERIAL_APPROVED), (0, ""))
        modes = tuple(DeliveryMode(mode) for mode in row.modes.split(",") if mode)
        state = MaterialState(row.state)
        if state is MaterialState.APPROVED and not approved[0]:
            state = MaterialState.APPRAISED if appraised[0] else MaterialState.DRAFT
        out[row.material] = MaterialStanding(
            state,
            modes,
            day_of(appraised[0]) if appraised[0] else None,
            day_of(approved[0]) if approved[0] else None,
            appraised[0],
            approved[0],
            decision=row.decision,
            appraiser=appraised[1],
            signer=approved[1],
            content=row.content,
        )
    for code in catalogue.materials:
        held = out.get(code)
        if held is None and code not in uses and code not in rights:
            continue
        held = held or MaterialStanding(MaterialState.DRAFT)
        right = rights.get(code)
        out[code] = replace(
            held,
            first_used_at=_first_use(uses.get(code, ()), approvals.get(code, ()), held.approved_at),
            licence=right.licence if right else "",
            licensed_until=day_of(right.end_us) if right and right.end_us else None,
        )
    return out


def _first_use(uses: Sequence[int], approvals: Sequence[int], approved_at: int) -> int:
    """First use that the approval of today's content has to answer for; 0 for none.

    Facts of use name the material and not its content. What was used under the approval of an earlier edition was that
    edition; what was used before any approval stays a violation.
    """
    first = min(approvals, default=0)
    early = [at for at in uses if not first or at < first]
    return min(early, default=0) or min((at for at in uses if approved_at and at >= approved_at), default=0)


def _standings(connection: Connection, on: date) -> dict[str, Standing]:
    rows: dict[str, list[LearnerRow]] = {}
    for learner, row in rows_in(connection, until=on):
        rows.setdefault(learner, []).append(row)
    return {
        learner: fold_standing(learner, cohort, site, rows.get(learner, ()), on)
        for learner, cohort, site in connection.execute(
            select(_learner.c.learner, _learner.c.cohort, _learner.c.site).order_by(_learner.c.learner)
        )
    }


def _totals(connection: Connection, catalogue: Catalogue, facts: list[Fact]) -> RecordTotals:
    query = (
        select(_enrolment.c.course, func.count().label("learners"))
        .where(_enrolment.c.enrolled_n > _enrolment.c.left_n)
        .group_by(_enrolment.c.course)
    )
    enrolled: dict[str, int] = {row.course: row.learners for row in connection.execute(query)}
    return fold_totals(facts, catalogue.activities, enrolled, _packets(connection))


def _packets(connection: Connection) -> dict[str, tuple[int, int]]:
    """Course -> (packets posted, packets that came back undelivered)."""
    went_out = or_(
        PACKET_STATE.in_(("posted", "delivered", "undelivered")),
        select(_back.c.fact).where(_back.c.packet == _packet.c.packet, _back.c.stands.is_(True)).exists(),
    )
    query = (
        select(
            _packet.c.course,
            func.sum(case((went_out, 1), else_=0)),
            func.sum(case((PACKET_STATE == "undelivered", 1), else_=0)),
        )
        .where(_packet.c.planned_at != 0, _packet.c.voided_at == 0)
        .group_by(_packet.c.course)
    )
    return {course: (int(posted), int(lost)) for course, posted, lost in connection.execute(query)}


def _last_seen(connection: Connection) -> dict[str, date]:
    # Nearly every fact is of a learner: walking the index by learner would read each row a second time.
    learner = func.coalesce(_fact.c.learner, literal_column("''"))
    query = select(learner, func.max(_fact.c.recorded_at)).group_by(learner)
    return {who: day_of(at) for who, at in connection.execute(query).all() if who}


def overrides_until(connection: Connection, on: date) -> tuple[Override, ...]:
    """Closed gates that were passed by the end of a day."""
    rows = connection.execute(
        select(_override).where(_override.c.on <= on.isoformat()).order_by(_override.c.on, _override.c.fact)
    )
    return tuple(
        Override(
            row.gate,
            row.clause,
            row.subject,
            row.actor,
            row.role,
            row.reason,
            row.second,
            date.fromisoformat(row.on),
        )
        for row in rows
    )
