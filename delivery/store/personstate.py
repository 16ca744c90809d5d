"""What persons asked for, as facts tell it: who was erased and since when, whose data are restricted (PD-3, PD-8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from delivery.record.canonical import parse
from delivery.record.kinds import FactKind
from delivery.store.among import one_of
from delivery.store.tables.core import FactTable

_fact = FactTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500
_RESTRICTIONS = f"SELECT learner, content FROM fact WHERE kind = '{FactKind.PERSON_RESTRICTED}' AND learner"
"""Ends where :func:`one_of` goes on."""

Erasures = Mapping[str, Mapping[str, int]]
"""Learner -> stream -> sequence of the newest erasure that it tells."""


def erasures(connection: Connection, learners: Iterable[str] | None = None) -> Erasures:
    """Who of `learners` (None: of all) was erased. The index over learner and kind answers it."""
    out: dict[str, dict[str, int]] = {}
    query = select(_fact.c.learner, _fact.c.stream, _fact.c.seq).where(
        _fact.c.kind == str(FactKind.PERSON_ERASED)
    )
    parts = [query] if learners is None else [query.where(_fact.c.learner.in_(c)) for c in _chunks(learners)]
    for part in parts:
        for learner, stream, seq in connection.execute(part):
            streams = out.setdefault(learner, {})
            streams[stream] = max(seq, streams.get(stream, 0))
    return out


def told_since(erased: Erasures, learner: str, stream: str, seq: int) -> bool:
    """Whether a fact stands behind the learner's erasure in its own stream, or there was none.

    Only the site that erased knows what it may still keep; whatever others tell of personal data is left out.
    """
    places = erased.get(learner)
    return places is None or (stream in places and seq > places[stream])


def restricted(connection: Connection, learners: Iterable[str]) -> set[str]:
    """Those of `learners` whose data are kept and not used until the restriction is lifted."""
    newest: dict[str, tuple[int, bool]] = {}
    for chunk in _chunks(learners):
        which, parameters = one_of(connection, chunk)
        for learner, content in connection.exec_driver_sql(f"{_RESTRICTIONS} {which}", parameters):
            data = parse(content)["data"]
            told = (int(data["n"]), bool(data["restricted"]))
            newest[learner] = max(told, newest.get(learner, told))
    return {learner for learner, (_, on) in newest.items() if on}


def _chunks(learners: Iterable[str]) -> Iterable[Sequence[str]]:
    wanted = sorted(set(learners))
    for start in range(0, len(wanted), _CHUNK):
        yield wanted[start : start + _CHUNK]
