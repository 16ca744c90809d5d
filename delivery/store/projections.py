"""Tables for fast reading, filled from facts in the same transaction, and rebuilt from them at any time (design D1).

Every handler is idempotent and does not depend on the order of arrival: it compares revisions or ranks, never "last
write wins".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Table, and_, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.record.kinds import FactKind
from delivery.store import (
    air_projection,
    course_projection,
    packet_projection,
    regulation_projection,
)
from delivery.store.tables.core import (
    AiringTable,
    EnrolmentTable,
    LearnerTable,
    MaterialRightsTable,
    MaterialStateTable,
)


class Told(Protocol):
    """What handlers read: a draft being appended, or a stored fact during a rebuild."""

    @property
    def id(self) -> Any: ...
    @property
    def kind(self) -> FactKind: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def learner(self) -> str: ...
    @property
    def course(self) -> str: ...
    @property
    def activity(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


Handler = Callable[[Connection, Sequence[Told]], None]


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


def _insert(connection: Connection, table: Table) -> Any:
    """An insert that can say what to do on a conflict, which is spelt differently by each database."""
    return pg_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


def _upsert(
    connection: Connection, table: Table, rows: list[dict[str, Any]], *, update_with: Sequence[str]
) -> None:
    """Insert rows; on a known primary key set the columns of `update_with` (or nothing)."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    if update_with:
        statement = statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in update_with}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    connection.execute(statement, rows)


def _learners(connection: Connection, facts: Sequence[Told]) -> None:
    table = _table(LearnerTable)
    newest: dict[str, dict[str, Any]] = {}
    for fact in facts:
        revision = fact.data.get("revision", 0)
        if fact.learner not in newest or revision > newest[fact.learner]["revision"]:
            newest[fact.learner] = {
                "learner": fact.learner,
                "site": fact.data["site"],
                "cohort": fact.data["cohort"],
                "profile_fact": str(fact.id),
                "revision": revision,
            }
    rows = list(newest.values())
    query = select(table.c.learner, table.c.revision).where(table.c.learner.in_(list(newest)))
    known: dict[str, int] = {row.learner: row.revision for row in connection.execute(query)}
    fresh = [row for row in rows if row["learner"] not in known]
    if fresh:
        connection.execute(insert(table), fresh)
    for row in rows:
        if row["learner"] in known and row["revision"] > known[row["learner"]]:
            connection.execute(update(table).where(table.c.learner == row["learner"]).values(**row))


def _enrolments(connection: Connection, facts: Sequence[Told]) -> None:
    enrolled: dict[tuple[str, str], int] = {}
    left: dict[tuple[str, str], int] = {}
    for fact in facts:
        newest = enrolled if fact.kind is FactKind.COURSE_ENROLLED else left
        key = (fact.course, fact.learner)
        newest[key] = max(newest.get(key, -1), fact.data.get("n", 0))
    rows = [(*key, enrolled.get(key, -1), left.get(key, -1)) for key in enrolled | left]
    connection.exec_driver_sql(_ENROLMENTS_IN[connection.dialect.name == "postgresql"], rows)


# As plain SQL, which both databases understand: a term enrols its learners by tens of thousands.
_ENROLMENTS_IN = tuple(
    f"INSERT INTO {EnrolmentTable.__tablename__} (course, learner, enrolled_n, left_n) "
    f"VALUES ({mark}, {mark}, {mark}, {mark}) ON CONFLICT (course, learner) DO UPDATE SET "
    + ", ".join(
        f"{name} = CASE WHEN excluded.{name} > {EnrolmentTable.__tablename__}.{name} "
        f"THEN excluded.{name} ELSE {EnrolmentTable.__tablename__}.{name} END"
        for name in ("enrolled_n", "left_n")
    )
    for mark in ("?", "%s")
)


def _materials(connection: Connection, facts: Sequence[Told]) -> None:
    table = _table(MaterialStateTable)
    rank = {"draft": 0, "appraised": 1, "approved": 2, "in_use": 3, "retired": 4}
    for fact in facts:
        material, content = fact.data["material"], fact.data.get("content", "")
        if fact.kind is FactKind.MATERIAL_RETIRED:
            connection.execute(update(table).where(table.c.material == material).values(state="retired"))
            continue
        row = connection.execute(
            select(table.c.state).where(table.c.material == material, table.c.content == content)
        ).first()
        values: dict[str, Any]
        if fact.kind is FactKind.MATERIAL_APPRAISED:
            values = {"state": "appraised", "appraised_at": fact.occurred_at}
        else:
            values = {
                "state": "approved",
                "approved_at": fact.occurred_at,
                "modes": ",".join(fact.data["modes"]),
                "decision": fact.data["decision"],
            }
        if row is None:
            connection.execute(
                insert(table), {"material": material, "content": content, "modes": "", **values}
            )
            continue
        if rank[row.state] > rank[values["state"]]:
            del values["state"]
        connection.execute(
            update(table).where(table.c.material == material, table.c.content == content).values(**values)
        )


def _material_rights(connection: Connection, facts: Sequence[Told]) -> None:
    newest: dict[str, Told] = {}
    for fact in facts:
        known = newest.get(fact.data["material"])
        if known is None or (fact.occurred_at, str(fact.id)) > (known.occurred_at, str(known.id)):
            newest[fact.data["material"]] = fact
    rows = [
        {
            "material": material,
            "fact": str(fact.id),
            "told_us": fact.occurred_at,
            "owner": fact.data["owner"],
            "licence": fact.data["licence"],
            "territory": fact.data["territory"],
            "start_us": fact.data["start"],
            "end_us": fact.data["end"],
        }
        for material, fact in newest.items()
    ]
    table = _table(MaterialRightsTable)
    statement = _insert(connection, table)
    later = or_(
        statement.excluded.told_us > table.c.told_us,
        and_(statement.excluded.told_us == table.c.told_us, statement.excluded.fact > table.c.fact),
    )
    columns = [column.name for column in table.columns if not column.primary_key]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["material"],
            set_={name: statement.excluded[name] for name in columns},
            where=later,
        ),
        rows,
    )


def _airings(connection: Connection, facts: Sequence[Told]) -> None:
    rows = [{"fact": str(f.id), "course": f.course, "activity": f.activity} for f in facts if f.course]
    _upsert(connection, _table(AiringTable), rows, update_with=())


_HANDLERS: Mapping[FactKind, Handler] = {
    FactKind.LEARNER_REGISTERED: _learners,
    FactKind.LEARNER_PROFILE_CHANGED: _learners,
    FactKind.COURSE_ENROLLED: _enrolments,
    FactKind.COURSE_LEFT: _enrolments,
    FactKind.MATERIAL_APPRAISED: _materials,
    FactKind.MATERIAL_APPROVED: _materials,
    FactKind.MATERIAL_LICENSED: _material_rights,
    FactKind.MATERIAL_RETIRED: _materials,
    FactKind.ITEM_AIRED: _airings,
    FactKind.STANDING_RECORDED: regulation_projection.standings,
    FactKind.FINDING_CHANGED: regulation_projection.findings,
    FactKind.GATE_OVERRIDDEN: regulation_projection.overrides,
    **air_projection.HANDLERS,
    **packet_projection.HANDLERS,
}

TABLES = (
    LearnerTable,
    EnrolmentTable,
    MaterialStateTable,
    AiringTable,
    *air_projection.TABLES,
    *packet_projection.TABLES,
    *course_projection.TABLES,
    *regulation_projection.TABLES,
)


def apply(connection: Connection, facts: Iterable[Told]) -> None:
    """Bring the projections up to these facts."""
    runs: list[tuple[Handler, list[Told]]] = []
    of_courses: list[Told] = []
    for fact in facts:
        if fact.kind in course_projection.KINDS:
            of_courses.append(fact)
        handler = _HANDLERS.get(fact.kind)
        if handler is None:
            continue
        # Facts that follow each other with one handler go in one statement; their order is kept.
        if runs and runs[-1][0] is handler:
            runs[-1][1].append(fact)
        else:
            by_handler = next((run for run in runs if run[0] is handler), None)
            if by_handler is not None and handler in (_learners, _enrolments, _airings):
                by_handler[1].append(fact)
            else:
                runs.append((handler, [fact]))
    for handler, group in runs:
        handler(connection, group)
    if of_courses:
        course_projection.tell(connection, of_courses)


def is_projected(kind: FactKind) -> bool:
    """Whether facts of this kind fill any projection."""
    return kind in _HANDLERS or kind in course_projection.KINDS


def rebuild(connection: Connection, facts: Iterable[Told]) -> int:
    """Empty every projection and fill it again. Returns the number of facts read."""
    for model in TABLES:
        connection.execute(delete(_table(model)))
    count = 0
    batch: list[Told] = []
    for fact in facts:
        count += 1
        batch.append(fact)
        if len(batch) == 2000:
            apply(connection, batch)
            batch.clear()
    apply(connection, batch)
    return count
