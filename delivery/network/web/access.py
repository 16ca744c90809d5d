"""Who may do what on the portal: capabilities, the roles that have them, and the check before each page.

The matrix is tested cell by cell, for every route, in ``tests/network/test_portal_matrix.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Scope

from delivery.catalogue.kinds import Role
from delivery.network.web.visit import SignInNeeded, Visit, VisitOf


class Capability(StrEnum):
    """What a page or an act needs."""

    LEARN = "learn"
    """Study, send in work, ask, and read one's own record."""
    OWN = "own"
    """One's own account: password, sessions, tokens."""
    STAFF = "staff"
    """The first page of staff."""
    TEACH = "teach"
    """Mark, answer and follow the courses that one teaches."""
    READ_GRADES = "read_grades"
    """Grades and progress: lecturers of their own courses, managers of all."""
    OVERSEE = "oversee"
    """Progress and grades of every course, people, and who looked at what."""
    FILE = "file"
    """Held work."""
    OPERATE = "operate"
    """State of channels and jobs."""
    ADMINISTER = "administer"
    """Give and take access."""


_ALL = frozenset({Capability.OWN, Capability.STAFF})
MATRIX: Mapping[Role, frozenset[Capability]] = {
    Role.LEARNER: frozenset({Capability.LEARN, Capability.OWN}),
    Role.LECTURER: _ALL | {Capability.TEACH, Capability.READ_GRADES},
    Role.CLERK: _ALL | {Capability.FILE},
    Role.TECHNICIAN: _ALL | {Capability.OPERATE},
    Role.MANAGER: _ALL | {Capability.OVERSEE, Capability.READ_GRADES, Capability.FILE, Capability.OPERATE},
    Role.ADMIN: _ALL | {Capability.ADMINISTER, Capability.OPERATE},
}


class NotAllowed(HTTPException):
    """The person is signed in and may not do this."""

    def __init__(self) -> None:
        super().__init__(403)


def capabilities(roles: frozenset[Role]) -> frozenset[Capability]:
    """Everything that somebody with these roles may do."""
    return frozenset().union(*(MATRIX[role] for role in roles))


def may(visit: Visit, capability: Capability) -> bool:
    """Whether the visit's person may do this."""
    return capability in capabilities(visit.roles)


def needs(visit_of: VisitOf, capability: Capability) -> VisitOf:
    """The dependency of a page that needs `capability`. Raises SignInNeeded or NotAllowed."""

    def allowed_visit(request: Request) -> Visit:
        # Called, and not depended on: each dependency takes a turn of its own in the threads.
        visit = visit_of(request)
        if visit.session is None:
            query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
            raise SignInNeeded(request.url.path + query)
        if not may(visit, capability):
            raise NotAllowed
        return visit

    allowed_visit.capability = capability  # type: ignore[attr-defined]
    return allowed_visit


class AskingRoute(Route):
    """A route without dependencies, whose endpoint asks `visit_of` itself; log and counts know it by its pattern."""

    def __init__(
        self, visit_of: VisitOf | None, path: str, endpoint: Callable[[Request], object], method: str
    ) -> None:
        endpoint.capability = capability_of(visit_of)  # type: ignore[attr-defined]
        super().__init__(path, endpoint, methods=[method])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, and named as those of FastAPI are."""
        match, found = super().matches(scope)
        return match, {**found, "route": self} if match is not Match.NONE else found


def capability_of(dependency: Callable[..., object] | None) -> Capability | None:
    """The capability that a dependency made by :func:`needs` asks for; None for any other callable."""
    return getattr(dependency, "capability", None)
