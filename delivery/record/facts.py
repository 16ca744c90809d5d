"""A fact: something that happened, told once, never edited (design D1, D2).

A :class:`Draft` is what somebody tells; the ledger turns it into a :class:`Fact` by giving it a place in a stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from delivery.errors import N_, Refused
from delivery.record.canonical import canonical_unchecked, parse, require_canonical
from delivery.record.kinds import SPECS, FactKind, problems_of, upcast
from delivery.units import Micros

EVERYONE = "all"
"""Audience of facts that are not about one site's learners (what aired, what was approved)."""


class BadFact(Refused, ValueError):
    """A draft does not fit its kind's schema. A programming error, or hostile input at an edge."""

    def __init__(self, problems: str) -> None:
        super().__init__(
            N_("This cannot be recorded: {problems}"),
            do=N_("Give codes, not names: letters, digits and . _ : - only."),
            problems=problems,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (BadFact, (self.what.params["problems"],))


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact before it has a place in a stream.

    `id` is derived with :func:`delivery.ids.fact_id` from the kind and its natural key. `audience` is the code of the
    site whose learners it concerns, or :data:`EVERYONE`. `private` holds personal data (JSON) that is stored apart
    under the learner's key; only a keyed hash of it enters the chain. `corrects` is the id of the fact that this one
    replaces.
    """

    id: UUID
    kind: FactKind
    occurred_at: Micros
    actor: str
    data: Mapping[str, Any]
    audience: str = EVERYONE
    learner: str = ""
    course: str = ""
    activity: str = ""
    mode: str = ""
    corrects: str = ""
    private: Mapping[str, Any] | None = field(default=None, repr=False)

    def content(self, private_hash: str = "") -> str:
        """Canonical content, without the envelope. Raises BadFact naming every field that does not fit."""
        problems = problems_of(self.kind, self.data)
        spec = SPECS[self.kind]
        if spec.about_learner != bool(self.learner):
            problems.append(f"{self.kind} {'needs' if spec.about_learner else 'must not name'} a learner")
        if self.private is not None and not spec.private:
            problems.append(f"{self.kind} carries no personal data")
        if not (_plain(self.learner) and _plain(self.audience)):
            problems.append(f"{self.learner!r}, {self.audience!r}: not plain identifiers")
        if not _code(self.actor):
            problems.append("the actor is not a code")
        if problems:
            raise BadFact("; ".join(problems))
        document: dict[str, Any] = {
            "actor": self.actor,
            "at": self.occurred_at,
            "data": self.data,
            "schema": spec.version,
        }
        if self.activity:
            document["activity"] = self.activity
        if self.corrects:
            document["corrects"] = self.corrects
        if self.course:
            document["course"] = self.course
        if self.mode:
            document["mode"] = str(self.mode)
        if private_hash:
            document["private"] = private_hash
        # The rest of the document is texts and numbers of known kinds.
        require_canonical(self.data, "data")
        return canonical_unchecked(document).decode()


@lru_cache(maxsize=4096)
def _plain(text: str) -> bool:
    """Identifiers stand unescaped in the envelope, so they may hold nothing that JSON would escape."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


@lru_cache(maxsize=4096)
def _code(text: str) -> bool:
    """Whoever acts is named by a code: a name would be personal data in a fact (design section 5)."""
    return re.fullmatch(r"[A-Za-z0-9._:\-]{1,64}", text) is not None


class FactRow(NamedTuple):
    """A fact as stored: envelope columns and canonical content. All of it is covered by `hash`."""

    stream: str
    seq: int
    id: str
    kind: str
    learner: str
    recorded_at: int
    hlc: int
    content: str
    hash: str


class Fact(NamedTuple):
    """A fact with its place, parsed for reading. `data` is in the newest schema's shape.

    A named tuple, because a record is folded from thousands of them while a person waits.
    """

    stream: str
    seq: int
    id: str
    kind: FactKind
    learner: str
    recorded_at: Micros
    hlc: int
    occurred_at: Micros
    actor: str
    data: Mapping[str, Any]
    course: str
    activity: str
    mode: str
    corrects: str
    private_hash: str

    @property
    def order(self) -> tuple[int, str, int]:
        """Order of display: hybrid logical clock, then stream and sequence."""
        return (self.hlc, self.stream, self.seq)

    def as_json(self) -> dict[str, Any]:
        """The fact as a JSON document for people and exports."""
        return {
            "id": self.id,
            "stream": self.stream,
            "sequence": self.seq,
            "kind": str(self.kind),
            "occurred_at": self.occurred_at,
            "recorded_at": self.recorded_at,
            "actor": self.actor,
            "learner": self.learner or None,
            "course": self.course or None,
            "activity": self.activity or None,
            "mode": self.mode or None,
            "corrects": self.corrects or None,
            "data": dict(self.data),
        }


_KINDS: Mapping[str, FactKind] = {kind.value: kind for kind in FactKind}
_VERSIONS: Mapping[FactKind, int] = {kind: spec.version for kind, spec in SPECS.items()}


def read_row(row: Sequence[Any]) -> Fact:
    """Parse a stored row, given in the order of :class:`FactRow`'s fields."""
    return fact_of(row, parse(row[7]))


def fact_of(row: Sequence[Any], document: Mapping[str, Any]) -> Fact:
    """As :func:`read_row`, of a row whose content is parsed already."""
    stream, seq, ident, kind_name, learner, recorded_at, hlc, _content, _hash = row
    get = document.get
    data = document["data"]
    kind = _KINDS[kind_name]
    if document["schema"] != _VERSIONS[kind]:
        data = upcast(kind_name, document["schema"], data)
    return Fact(
        stream,
        seq,
        ident,
        kind,
        learner,
        recorded_at,
        hlc,
        document["at"],
        document["actor"],
        data,
        get("course", ""),
        get("activity", ""),
        get("mode", ""),
        get("corrects", ""),
        get("private", ""),
    )


def stream_name(writer: str, audience: str) -> str:
    """Name of the stream that `writer` (a site) keeps for `audience` (a site, or everyone)."""
    return f"{writer}/{audience}"
