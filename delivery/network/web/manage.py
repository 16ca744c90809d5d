"""Pages of managers, technicians and administrators: people and their roles, sites, alerts, jobs, and who did what."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from delivery.catalogue.kinds import SiteKind
from delivery.clock import from_micros
from delivery.errors import N_, Message
from delivery.network.web.services import PortalServices
from delivery.network.web.staff import ROLES
from delivery.network.web.visit import Visit, VisitOf
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind

SITE_KINDS = {
    SiteKind.HEADQUARTERS: N_("Headquarters"),
    SiteKind.BRANCH: N_("Branch"),
    SiteKind.PARTNER: N_("Partner"),
}
_DEEDS = {
    FactKind.MARK_RECORDED: N_("gave a mark"),
    FactKind.MARK_PROPOSED: N_("proposed a mark"),
    FactKind.QUESTION_ANSWERED: N_("answered a question"),
    FactKind.OPINION_ANSWERED: N_("answered an opinion"),
    FactKind.RUBRIC_SET: N_("set a rubric"),
    FactKind.DUE_DAY_SET: N_("set a due day"),
    FactKind.PERSONAL_DATA_SEEN: N_("looked at personal data"),
    FactKind.MATERIAL_APPRAISED: N_("appraised a material"),
    FactKind.MATERIAL_APPROVED: N_("approved a material"),
    FactKind.MATERIAL_RETIRED: N_("took a material out of use"),
    FactKind.SLOT_SCHEDULED: N_("scheduled a lesson"),
    FactKind.SLOT_WITHDRAWN: N_("withdrew a slot"),
    FactKind.AIR_CONTROLLED: N_("intervened on a channel"),
    FactKind.COMMAND_GIVEN: N_("gave a command at a console"),
    FactKind.CATALOGUE_IMPORTED: N_("imported the catalogue"),
    FactKind.REGISTERS_IMPORTED: N_("imported registers"),
    FactKind.SITE_ADMITTED: N_("admitted a site"),
    FactKind.SITE_REVOKED: N_("revoked a site"),
    FactKind.GATE_OVERRIDDEN: N_("overrode a gate"),
}
_GROUPS = {
    "": tuple(_DEEDS),
    "teaching": (
        FactKind.MARK_RECORDED,
        FactKind.MARK_PROPOSED,
        FactKind.QUESTION_ANSWERED,
        FactKind.OPINION_ANSWERED,
        FactKind.RUBRIC_SET,
        FactKind.DUE_DAY_SET,
    ),
    "personal": (FactKind.PERSONAL_DATA_SEEN,),
    "material": (FactKind.MATERIAL_APPRAISED, FactKind.MATERIAL_APPROVED, FactKind.MATERIAL_RETIRED),
    "air": (FactKind.SLOT_SCHEDULED, FactKind.SLOT_WITHDRAWN, FactKind.AIR_CONTROLLED),
}
GROUPS = {
    "": N_("Everything"),
    "teaching": N_("Teaching"),
    "personal": N_("Access to personal data"),
    "material": N_("Materials"),
    "air": N_("Channels"),
}
_SEEN = {
    "work": N_("Work"),
    "grades": N_("Grade sheet"),
    "progress": N_("Progress"),
    "questions": N_("Questions"),
    "held": N_("Held work"),
}
_MOST_DIGITS = 17


def manage_routes(services: PortalServices, overseer_of: VisitOf, operator_of: VisitOf) -> APIRouter:
    """``/roles``, ``/sites``, ``/log``, ``/alerts`` and ``/jobs``."""
    router = APIRouter()

    @router.get("/roles")
    def roles(visit: Visit = Depends(overseer_of)) -> Response:
        people = sorted(services.catalogue().people.values(), key=lambda person: person.code)
        taught: dict[str, list[str]] = {}
        for course in services.catalogue().courses.values():
            taught.setdefault(course.lecturer, []).append(course.code)
        return visit.page("roles.html", people=people, roles=ROLES, taught=taught)

    @router.get("/sites")
    def sites(visit: Visit = Depends(overseer_of)) -> Response:
        return visit.page("sites.html", sites=services.station.sites(), kinds=SITE_KINDS)

    @router.get("/log")
    def log(visit: Visit = Depends(overseer_of), what: str = "", before: str = "") -> Response:
        group = what if what in _GROUPS else ""
        digits = before.isascii() and before.isdigit() and len(before) < _MOST_DIGITS
        deeds = services.station.deeds(_GROUPS[group], int(before) if digits else 0)
        people = services.catalogue().people
        return visit.page(
            "log.html",
            rows=[_deed(fact, services) for fact in deeds],
            people={code: person.name for code, person in people.items()},
            groups=GROUPS,
            group=group,
            older=deeds[-1].recorded_at if deeds else 0,
        )

    @router.get("/alerts")
    def alerts(visit: Visit = Depends(operator_of)) -> Response:
        return visit.page("alerts.html", alerts=services.station.alerts())

    @router.get("/jobs")
    def jobs(visit: Visit = Depends(operator_of)) -> Response:
        return visit.page("jobs.html", jobs=services.station.jobs())

    return router


def _deed(fact: Fact, services: PortalServices) -> dict[str, Any]:
    """Who did what, about what: codes only. Learners stay unnamed, as the log is for looking at staff."""
    catalogue = services.catalogue()
    activity = catalogue.activities.get(fact.activity)
    course = catalogue.courses.get(fact.course)
    about = activity.title if activity else course.name if course else ""
    for name in ("material", "channel", "site", "gate", "target"):
        about = about or str(fact.data.get(name, ""))
    return {
        "at": from_micros(fact.recorded_at),
        "actor": fact.actor,
        "what": Message(_DEEDS.get(fact.kind, str(fact.kind))),
        "about": about,
        "seen": _SEEN.get(fact.data.get("what", "")) if fact.kind is FactKind.PERSONAL_DATA_SEEN else None,
    }
