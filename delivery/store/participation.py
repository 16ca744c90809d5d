"""Taking part on the portal, as facts: what a learner studied there, and for how long (TX-9.8-1)."""

from __future__ import annotations

from uuid import UUID

from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Activity, Catalogue
from delivery.clock import Clock, to_micros
from delivery.errors import N_, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.learners import LearnerRef, Learners

BLOCK_MINUTES = 5
"""Watched minutes are told in blocks, so that an hour is a dozen facts at most."""


class Participation:
    """Records that a learner studied an activity on the portal."""

    def __init__(self, facts: FactLog, learners: Learners, clock: Clock) -> None:
        self._facts = facts
        self._learners = learners
        self._clock = clock

    def record(
        self, learner: str, activity_code: str, *, minutes: int, opened_us: int, catalogue: Catalogue
    ) -> str:
        """Id of the fact that `learner` studied for `minutes`, from the opening at `opened_us` (µs since 1970 UTC).

        One opening is told once: again, whatever the minutes, gives the same fact. At most the designed minutes are
        told. Raises Refused when the learner is not enrolled in the activity's course.
        """
        ref, activity = self._enrolled(learner, activity_code, catalogue)
        return self._tell(ref, activity, minutes, opened_us)

    def record_watched(
        self,
        learner: str,
        activity_code: str,
        *,
        minutes: int,
        opened_us: int,
        ended: bool,
        catalogue: Catalogue,
    ) -> int:
        """Tell those of the `minutes` watched since the opening at `opened_us` that were not told yet: whole blocks of
        :data:`BLOCK_MINUTES` and, when watching has `ended`, what is left over. It may go on after all, and be told on.

        Returns how many of the designed minutes count. Raises Refused as :meth:`record`.
        """
        ref, activity = self._enrolled(learner, activity_code, catalogue)
        total = min(minutes, activity.minutes)
        block = min(BLOCK_MINUTES, max(1, activity.minutes))
        # Each part has an opening of its own, a microsecond apart.
        told, part = 0, opened_us
        while known := self._told(ref, activity, part):
            told += known.data["minutes"]
            part += 1
        while total - told >= block or (ended and total > told):
            more = min(block, total - told)
            self._tell(ref, activity, more, part)
            told += more
            part += 1
        return total

    def _enrolled(self, learner: str, code: str, catalogue: Catalogue) -> tuple[LearnerRef, Activity]:
        ref = self._learners.get(learner)
        activity = catalogue.activities.get(code)
        if ref is None or activity is None or activity.course not in self._learners.courses_of(learner):
            raise Refused(
                N_("This activity belongs to no course in which you are enrolled: {activity}."),
                do=N_("Ask the programme office if you should be."),
                activity=code,
            )
        return ref, activity

    def _told(self, ref: LearnerRef, activity: Activity, opened_us: int) -> Fact | None:
        return self._facts.get(str(_ident(ref, activity, opened_us)))

    def _tell(self, ref: LearnerRef, activity: Activity, minutes: int, opened_us: int) -> str:
        draft = Draft(
            id=_ident(ref, activity, opened_us),
            kind=FactKind.PARTICIPATION_RECORDED,
            occurred_at=to_micros(self._clock.now()),
            actor=ref.id,
            audience=ref.site,
            learner=ref.id,
            course=activity.course,
            activity=activity.code,
            mode=DeliveryMode.NETWORK,
            data={"source": "system", "method": "portal", "minutes": min(minutes, activity.minutes)},
        )
        self._facts.append([draft], once=True)
        return str(draft.id)


def _ident(ref: LearnerRef, activity: Activity, opened_us: int) -> UUID:
    return fact_id(FactKind.PARTICIPATION_RECORDED, ref.id, activity.code, opened_us)
