"""What persons may ask for, and a fact of each answer: correction, restriction, erasure, refusal (PD-3, PD-8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from delivery.catalogue.cells import BadCell
from delivery.catalogue.columns import LEARNERS
from delivery.catalogue.model import LearnerProfile
from delivery.clock import Clock, to_micros
from delivery.errors import N_, BadInput, LedgerBroken, Message, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.record.segment import audience_of
from delivery.regulation.retention import Rule, retained
from delivery.store.database import Database
from delivery.store.erasing import Erasing
from delivery.store.factlog import FactLog
from delivery.store.learners import LearnerRef
from delivery.store.personstate import restricted
from delivery.store.tables.core import FactTable, LearnerTable
from delivery.store.vault import Vault, profile_to

_fact = FactTable.__table__  # type: ignore[attr-defined]
_learner = LearnerTable.__table__  # type: ignore[attr-defined]
RIGHTS = (
    FactKind.PERSON_EXPORTED,
    FactKind.PERSON_CORRECTED,
    FactKind.PERSON_RESTRICTED,
    FactKind.PERSON_ERASED,
    FactKind.PERSON_REFUSED,
)
_RESULTS = (FactKind.MARK_RECORDED, FactKind.STANDING_RECORDED)
CORRECTABLE = tuple(
    column.name for column in LEARNERS.columns if column.name not in ("code", "cohort", "site")
)
"""The student code makes the learner's id: another code is another learner."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who answers a person's wish, why, and the day on which they asked (YYYY-MM-DD, or empty)."""

    actor: str
    reason: str = ""
    day: str = ""

    def with_day(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {**data, "asked": self.day} if self.day else dict(data)


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What an erasure would destroy and what the law keeps."""

    learner: str
    sealed: int
    """Facts beside which personal data lie."""
    retains: tuple[Rule, ...]


class People:
    """Answers the wishes of persons. `main` is the code of the main site."""

    def __init__(
        self,
        database: Database,
        facts: FactLog,
        vault: Vault,
        erasing: Erasing,
        *,
        site: str,
        main: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._facts = facts
        self._vault = vault
        self._erasing = erasing
        self._site = site
        self._main = main
        self._clock = clock

    def log(self, learner: str) -> list[Fact]:
        """What was asked and answered, oldest first."""
        told = [fact for kind in RIGHTS for fact in self._facts.select(kind=kind, learner=learner)]
        once = {(fact.recorded_at, str(fact.kind), fact.data.get("n")): fact for fact in told}
        return [once[key] for key in sorted(once, key=str)]

    def profile(self, learner: str) -> LearnerProfile | None:
        """The newest profile, restricted or not; None when it was erased."""
        with self._database.read() as connection:
            return self._vault.profiles_in(connection, [learner], even_restricted=True).get(learner)

    def is_restricted(self, learner: str) -> bool:
        """Whether the person's data are kept and not used."""
        with self._database.read() as connection:
            return bool(restricted(connection, [learner]))

    def note_export(self, ref: LearnerRef, file: str, asked: Asked) -> None:
        """A copy of everything was handed out; `file` is its SHA-256."""
        self._tell(FactKind.PERSON_EXPORTED, ref, (file,), {"file": file}, asked)

    # --- correction and restriction ---------------------------------------------------------------

    def correct(self, ref: LearnerRef, changes: Mapping[str, str], asked: Asked) -> tuple[str, ...]:
        """Put fields of the profile right; the names of those that changed. Raises BadInput for unusable values."""
        values = _parsed(changes)
        with self._database.write() as connection:
            profile = self._vault.profiles_in(connection, [ref.id], even_restricted=True).get(ref.id)
            if profile is None:
                raise Refused(
                    N_("Nothing personal is held of this learner any more."),
                    do=N_("There is nothing to correct."),
                )
            fields = tuple(name for name, value in values.items() if getattr(profile, name) != value)
            if fields:
                told = self._profile_in(connection, ref, replace(profile, **values), asked)
                data = {"fields": list(fields), "told": told, "reason": asked.reason}
                self._tell_in(connection, FactKind.PERSON_CORRECTED, ref, (told,), data, asked)
        return fields

    def _profile_in(
        self, connection: Connection, ref: LearnerRef, profile: LearnerProfile, asked: Asked
    ) -> str:
        """Tell a new profile; its fact's id."""
        revision = (
            1
            + connection.execute(select(_learner.c.revision).where(_learner.c.learner == ref.id)).scalar_one()
        )
        draft = Draft(
            id=fact_id(FactKind.LEARNER_PROFILE_CHANGED, ref.id, revision),
            kind=FactKind.LEARNER_PROFILE_CHANGED,
            occurred_at=to_micros(self._clock.now()),
            actor=asked.actor,
            audience=ref.site,
            learner=ref.id,
            data={"cohort": ref.cohort, "site": ref.site, "revision": revision},
            private=profile_to(profile),
        )
        self._facts.append_in(connection, [draft])
        return str(draft.id)

    def restrict(self, ref: LearnerRef, asked: Asked, *, lift: bool = False) -> bool:
        """Keep the person's data without using them, or use them again; whether that changed anything."""
        with self._database.write() as connection:
            if bool(restricted(connection, [ref.id])) is not lift:
                return False
            n = self._count(connection, ref.id, FactKind.PERSON_RESTRICTED)
            data = {"restricted": not lift, "n": n, "reason": asked.reason}
            self._tell_in(connection, FactKind.PERSON_RESTRICTED, ref, (self._site, n), data, asked)
        return True

    # --- erasure ----------------------------------------------------------------------------------

    def plan_erasure(self, learner: str) -> ErasurePlan:
        """What would be destroyed, and what the law retains."""
        with self._database.read() as connection:
            kinds = [str(kind) for kind in _RESULTS]
            has = _fact.c.learner == learner
            results = connection.execute(
                select(_fact.c.id).where(has, _fact.c.kind.in_(kinds)).limit(1)
            ).first()
            sealed = self._vault.count(connection, learner)
        return ErasurePlan(learner, sealed, retained(has_results=results is not None))

    def refuse(self, ref: LearnerRef, request: str, rules: Sequence[Rule], asked: Asked) -> None:
        """Say no to a wish, and to what clauses that goes back."""
        with self._database.write() as connection:
            n = self._count(connection, ref.id, FactKind.PERSON_REFUSED)
            data = {"request": request, "clauses": sorted({rule.clause for rule in rules}), "n": n}
            self._tell_in(connection, FactKind.PERSON_REFUSED, ref, (self._site, n), data, asked)

    def erase(self, ref: LearnerRef, asked: Asked, *, keep_retained: bool = False) -> ErasurePlan:
        """Destroy the person's keys here, and at every site that the facts of it reach.

        Raises Refused, and tells so, where the law retains something and `keep_retained` does not say to leave that.
        """
        if self._site != self._main:
            raise Refused(
                N_("Persons are erased at the main site {main}, which holds all that is known of them."),
                do=N_("Ask for it there; it is carried out here as soon as the sites are in sync."),
                main=self._main,
            )
        plan = self.plan_erasure(ref.id)
        if not plan.sealed and any(fact.kind is FactKind.PERSON_ERASED for fact in self.log(ref.id)):
            return plan  # done already
        if plan.retains and not keep_retained:
            self.refuse(ref, "erase", plan.retains, asked)
            raise Refused(
                N_("The law retains something of this learner, who has results: {clauses}."),
                do=N_("Erase everything else with --keep-retained. The refusal was noted in the log."),
                clauses=", ".join(rule.clause for rule in plan.retains),
            )
        with self._database.write() as connection:
            try:
                known = self._vault.profiles_in(connection, [ref.id], even_restricted=True).get(ref.id)
            except LedgerBroken:
                known = None  # what does not open is erased all the same
            self._tell_erasure(connection, ref, plan, asked)
            self._erasing.carry_out_in(connection, ref.id)
            if plan.retains and known is not None:
                fields = {name: getattr(known, name) for rule in plan.retains for name in rule.fields}
                self._vault.begin_again(connection, ref.id)
                self._profile_in(connection, ref, LearnerProfile(**fields), asked)
        return plan

    def _tell_erasure(self, connection: Connection, ref: LearnerRef, plan: ErasurePlan, asked: Asked) -> None:
        """The fact, once for each audience that ever had facts of the learner: it has to reach all of them."""
        streams = connection.execute(select(_fact.c.stream).where(_fact.c.learner == ref.id).distinct())
        audiences = {audience_of(stream) for stream in streams.scalars()} | {ref.site}
        told = self._count(connection, ref.id, FactKind.PERSON_ERASED)
        data = {
            "scope": "rest" if plan.retains else "all",
            "retained": [str(rule.holding) for rule in plan.retains],
            "reason": asked.reason,
            "n": told,
        }
        for audience in sorted(audiences):
            to = LearnerRef(ref.id, audience, ref.cohort)
            key = (self._site, audience, told)
            self._tell_in(connection, FactKind.PERSON_ERASED, to, key, data, asked)

    # --- telling ----------------------------------------------------------------------------------

    def _count(self, connection: Connection, learner: str, kind: FactKind) -> int:
        query = select(_fact.c.id).where(_fact.c.learner == learner, _fact.c.kind == str(kind))
        return len(connection.execute(query).all())

    def _tell(
        self, kind: FactKind, ref: LearnerRef, key: tuple[str | int, ...], data: dict[str, Any], asked: Asked
    ) -> None:
        with self._database.write() as connection:
            self._tell_in(connection, kind, ref, key, data, asked)

    def _tell_in(
        self,
        connection: Connection,
        kind: FactKind,
        ref: LearnerRef,
        key: tuple[str | int, ...],
        data: dict[str, Any],
        asked: Asked,
    ) -> None:
        draft = Draft(
            id=fact_id(kind, ref.id, *key),
            kind=kind,
            occurred_at=to_micros(self._clock.now()),
            actor=asked.actor,
            audience=ref.site,
            learner=ref.id,
            data=asked.with_day(data),
        )
        self._facts.append_in(connection, [draft], once=True)


def _parsed(changes: Mapping[str, str]) -> dict[str, Any]:
    """Values as a roster would have them. Raises BadInput with every problem."""
    columns = {column.name: column for column in LEARNERS.columns}
    values: dict[str, Any] = {}
    problems: list[Message] = []
    for name, text in changes.items():
        if name not in CORRECTABLE:
            known = ", ".join(CORRECTABLE)
            problems.append(
                Message(
                    N_("“{name}” is no field that can be corrected; there are: {known}."),
                    {"name": name, "known": known},
                )
            )
            continue
        try:
            values[name] = columns[name].parse(text) if text.strip() else columns[name].default
        except BadCell as error:
            problems.append(error.reason)
    if values.get("full_name", "x") == "":
        problems.append(Message(N_("A learner has a name.")))
    if problems:
        raise BadInput(
            N_("Nothing was corrected."),
            do=N_("Put the values right and try again."),
            problems=tuple(problems),
        )
    return values
