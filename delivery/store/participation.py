"""Taking part on the portal, as facts: what a learner studied there, and for how long (TX-9.8-1)."""

from __future__ import annotations

from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Catalogue
from delivery.clock import Clock, to_micros
from delivery.errors import N_, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners


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
        ref = self._learners.get(learner)
        activity = catalogue.activities.get(activity_code)
        if ref is None or activity is None or activity.course not in self._learners.courses_of(learner):
            raise Refused(
                N_("This activity belongs to no course in which you are enrolled: {activity}."),
                do=N_("Ask the programme office if you should be."),
                activity=activity_code,
            )
        draft = Draft(
            id=fact_id(FactKind.PARTICIPATION_RECORDED, ref.id, activity.code, opened_us),
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
