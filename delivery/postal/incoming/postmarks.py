"""Postmarks that a clerk enters for work that is in already."""

from __future__ import annotations

from datetime import date

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, BadInput, NotFound
from delivery.ids import fact_id
from delivery.postal.parts import Desk
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.returned import ReturnedPages
from delivery.units import Micros


def enter_postmark(desk: Desk, learner: str, activity: str, day: date, *, actor: str) -> int:
    """Tell the postmark of every page of a learner's (id) work that came by post; how many pages.

    Lateness is judged by it from then on (TT-2.3); entering another day corrects it, and both stay in the history
    (TX-9.8-1). Raises NotFound without such pages, BadInput for a day behind their arrival.
    """
    pages = [
        page
        for page in ReturnedPages(desk.database).of_work(learner, activity)
        if page.kind == FactKind.WORK_RECEIVED and page.channel == "post"
    ]
    if not pages:
        raise NotFound(
            N_("No page of {activity} has come by post from this learner."),
            do=N_("Look at the record: tuxa record show."),
            activity=activity,
        )
    first = from_micros(Micros(min(page.arrived_at for page in pages))).astimezone(VIETNAM).date()
    if day > first:
        raise BadInput(
            N_("The postmark cannot be of a later day than the arrival, {arrival}."),
            do=N_("Look at the stamp again."),
            arrival=first.isoformat(),
        )
    now = to_micros(desk.clock.now())
    works = sorted(page.fact for page in pages)
    desk.facts.append(
        [
            Draft(
                id=fact_id(FactKind.POSTMARK_ENTERED, learner, activity, day.isoformat(), now),
                kind=FactKind.POSTMARK_ENTERED,
                occurred_at=now,
                actor=actor,
                audience=desk.learners.require(learner).site,
                learner=learner,
                course=pages[0].course,
                activity=activity,
                mode=DeliveryMode.POSTAL,
                data={"works": works, "day": day.isoformat()},
            )
        ]
    )
    return len(works)
