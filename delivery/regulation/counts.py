"""Counts of learners, for the public page and the annual reports (TX-14.5b, Phụ lục I table III)."""

from __future__ import annotations

from delivery.regulation.snapshot import Snapshot, index
from delivery.regulation.standing import Status


@index
def by_cohort(s: Snapshot) -> dict[str, dict[str, int]]:
    """Cohort -> enrolled, studying (leave included, A7), leave, voluntary, dismissed, left (both), graduated."""
    out: dict[str, dict[str, int]] = {}
    for learner in s.standings.values():
        if learner.enrolled_on is None:
            continue
        counts = out.setdefault(
            learner.cohort,
            dict.fromkeys(
                ("enrolled", "studying", "leave", "voluntary", "dismissed", "left", "graduated"), 0
            ),
        )
        counts["enrolled"] += 1
        if learner.studying:
            counts["studying"] += 1
            counts["leave"] += learner.status is Status.LEAVE
        elif learner.status is Status.GRADUATED:
            counts["graduated"] += 1
        else:
            counts["left"] += 1
            counts["dismissed" if learner.status is Status.DISMISSED else "voluntary"] += 1
    return out
