"""Postmarks: days as clerks write them, and those entered for work that is in already."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, BadInput, NotFound
from delivery.ids import fact_id
from delivery.postal.parts import Desk
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.returned import ReturnedPages
from delivery.units import Micros

NO_POSTMARK: Final = "-"
"""Typed at the counter instead of a day: what follows has none that can be read."""
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})([./-])(?P<m>\d{1,2})\2(?P<d>\d{1,2})")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})([./-])(?P<m>\d{1,2})\2(?P<y>\d{4})")
_LONGEST = timedelta(days=366)
"""On its way. Of an older postmark the year was mistyped."""


def checked_postmark(text: str, desk: Desk) -> date:
    """The day of a postmark of what comes today: year, month, day, or day, month, year as Vietnam writes it. Raises
    BadInput for what is no day, lies ahead, or is older than a year."""
    day, today = read_postmark(text), desk.clock.now().astimezone(VIETNAM).date()
    if day > today:
        raise BadInput(
            N_("The postmark {text} lies ahead of today."), do=N_("Look at the stamp again."), text=text
        )
    _require_recent(day, today)
    return day


def read_postmark(text: str) -> date:
    """The day that somebody wrote. Raises BadInput for what is none."""
    found = _YEAR_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text)
    with suppress(ValueError):
        if found:
            return date(int(found["y"]), int(found["m"]), int(found["d"]))
    raise BadInput(
        N_("“{text}” is not a day."), do=N_("Write it as YYYY-MM-DD, for example 2026-11-22."), text=text
    )


def _require_recent(day: date, arrival: date) -> None:
    if arrival - day > _LONGEST:
        raise BadInput(
            N_("The postmark {day} is of more than a year before the arrival."),
            do=N_("Look at the stamp again."),
            day=day.isoformat(),
        )


def enter_postmark(desk: Desk, learner: str, activity: str, day: date, *, actor: str) -> int:
    """Tell the postmark of every page of a learner's (id) work that came by post; how many pages.

    Lateness is judged by it from then on (TT-2.3); entering another day corrects it, and both stay in the history
    (TX-9.8-1). Raises NotFound without such pages, BadInput for a day behind their arrival, or
    more than a year before it.
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
    _require_recent(day, first)
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
