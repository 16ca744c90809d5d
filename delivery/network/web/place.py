"""Which activities a learner carries out on the portal, and at which address."""

from __future__ import annotations

from urllib.parse import quote

from starlette.exceptions import HTTPException

from delivery.catalogue.kinds import ActivityKind, DeliveryMode
from delivery.catalogue.model import Activity, Material
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit


def own_activity(code: str, visit: Visit, services: PortalServices) -> Activity:
    """The network activity with this code. Raises 404 alike for an unknown one and for one of a course in which the
    learner is not enrolled."""
    activity = services.catalogue().activities.get(code)
    if activity is None or activity.mode is not DeliveryMode.NETWORK:
        raise HTTPException(404)
    if activity.course not in services.courses_of(visit.learner):
        raise HTTPException(404)
    return activity


def material_of(activity: Activity, services: PortalServices) -> Material | None:
    """The material that is studied in an activity, or the task of an assignment."""
    return services.catalogue().materials.get(activity.material)


def is_published(material: Material, services: PortalServices) -> bool:
    """Whether the portal may show exactly these bytes (design D7)."""
    return bool(material.content) and services.is_approved(material.code, material.content)


def study_address(activity: Activity) -> str:
    """Where its material is read."""
    return f"/study/{quote(activity.code, safe='')}"


def work_address(activity: Activity) -> str:
    """Where work for it is sent in."""
    return f"/work/{quote(activity.code, safe='')}"


def address_of_activity(code: str, services: PortalServices) -> str:
    """Where a learner carries out the activity; empty when there is nothing to do here."""
    activity = services.catalogue().activities.get(code)
    if activity is None or activity.mode is not DeliveryMode.NETWORK:
        return ""
    if activity.kind is ActivityKind.ASSIGNMENT:
        return work_address(activity)
    material = material_of(activity, services)
    return study_address(activity) if material and is_published(material, services) else ""
