"""The links at the top of every page, by role."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.catalogue.kinds import Role
from delivery.errors import N_

_LEARNER = (
    ("/", N_("Today")),
    ("/courses", N_("Courses")),
    ("/plan", N_("Plan")),
    ("/attendance", N_("Attendance")),
    ("/me", N_("My record")),
)
_STAFF = (("/staff", N_("Overview")),)
_BY_ROLE = (
    (Role.LECTURER, ("/teach", N_("Courses"))),
    (Role.LECTURER, ("/desk", N_("Marking"))),
    (Role.LECTURER, ("/questions", N_("Questions"))),
    (Role.CLERK, ("/held", N_("Held work"))),
    (Role.MANAGER, ("/held", N_("Held work"))),
    (Role.MANAGER, ("/activity", N_("Activity"))),
    (Role.MANAGER, ("/satisfaction", N_("Satisfaction"))),
    (Role.MANAGER, ("/roles", N_("People"))),
    (Role.MANAGER, ("/sites", N_("Sites"))),
    (Role.MANAGER, ("/log", N_("Log"))),
    (Role.MANAGER, ("/regulation", N_("Regulation"))),
    (Role.ADMIN, ("/people", N_("People"))),
    (Role.TECHNICIAN, ("/state", N_("State"))),
    (Role.MANAGER, ("/state", N_("State"))),
    (Role.ADMIN, ("/state", N_("State"))),
    (Role.TECHNICIAN, ("/alerts", N_("Alerts"))),
    (Role.ADMIN, ("/alerts", N_("Alerts"))),
    (Role.TECHNICIAN, ("/jobs", N_("Jobs"))),
    (Role.ADMIN, ("/jobs", N_("Jobs"))),
)


def links_for(roles: frozenset[Role]) -> Sequence[tuple[str, str]]:
    """(address, message id) of each link."""
    if not roles or Role.LEARNER in roles:
        return _LEARNER
    found = dict(_STAFF)
    for role, (address, label) in _BY_ROLE:
        if role in roles:
            found[address] = label
    return list(found.items())
