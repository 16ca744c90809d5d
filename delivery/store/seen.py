"""Who looked at a person's data, and what: told once a day for each (TT-8.2), so that the person can be shown it."""

from __future__ import annotations

from collections.abc import Iterable

from delivery.clock import VIETNAM, Clock, to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners


class Seen:
    """Tells and reads looks at personal data."""

    def __init__(self, facts: FactLog, learners: Learners, clock: Clock) -> None:
        self._facts = facts
        self._learners = learners
        self._clock = clock
        self._told: set[tuple[str, str, str, str]] = set()

    def note(self, learners: Iterable[str], *, what: str, actor: str) -> None:
        """`actor` looked at `what` (a code, such as ``work`` or ``grades``) of each of `learners` today."""
        now = self._clock.now()
        day = now.astimezone(VIETNAM).date().isoformat()
        fresh = [learner for learner in learners if (learner, what, actor, day) not in self._told]
        drafts = []
        for learner in fresh:
            ref = self._learners.get(learner)
            if ref is None:
                continue
            drafts.append(
                Draft(
                    id=fact_id(FactKind.PERSONAL_DATA_SEEN, learner, what, actor, day),
                    kind=FactKind.PERSONAL_DATA_SEEN,
                    occurred_at=to_micros(now),
                    actor=actor,
                    audience=ref.site,
                    learner=learner,
                    data={"what": what, "day": day},
                )
            )
        if drafts:
            self._facts.append(drafts, once=True)
        if len(self._told) > 100_000:
            self._told.clear()
        self._told.update((learner, what, actor, day) for learner in fresh)
