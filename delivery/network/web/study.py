"""Studying material on the portal: read it, say that it is done, and have the time counted.

The time is the server's: from giving out the page to receiving its form. The opening travels in the form, signed with
the browser's secret, so that giving out the page records nothing.
"""

from __future__ import annotations

import hashlib

import structlog
from fastapi import APIRouter, Depends
from itsdangerous import BadSignature, Signer
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity, Material
from delivery.clock import to_micros
from delivery.errors import N_, GateClosed, TuxaError
from delivery.network.web.ownfact import own_fact
from delivery.network.web.place import (
    is_published,
    material_of,
    own_activity,
    study_address,
    work_address,
)
from delivery.network.web.prose import is_text, to_html
from delivery.network.web.receipt import work_of
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.kinds import FactKind

_log = structlog.get_logger(__name__)
_MINUTE_US = 60_000_000
_RECORDED = (FactKind.PARTICIPATION_RECORDED,)


_RETRY = N_("Try again later, or ask your university.")


def study_routes(services: PortalServices, learner_of: VisitOf, learner_posted_of: PostedOf) -> APIRouter:
    """``/study/{activity}``."""
    router = APIRouter()

    @router.get("/study/{activity}")
    def read(activity: str, visit: Visit = Depends(learner_of), recorded: str = "") -> Response:
        planned, material = _studied(activity, visit, services)
        try:
            text = _text(material, services)
        except GateClosed as closed:
            return _closed_page(visit, closed)
        is_task = planned.kind is ActivityKind.ASSIGNMENT
        fact = own_fact(recorded, learner=visit.learner, kinds=_RECORDED, services=services)
        return visit.page(
            "study.html",
            activity=planned,
            course=work_of(planned.code, planned.course, services).course,
            material=material,
            text=text,
            address=study_address(planned),
            work=work_address(planned) if is_task else "",
            opened=_opening(visit, planned.code, to_micros(services.clock.now())),
            recorded=fact if fact and fact.activity == planned.code else None,
        )

    @router.post("/study/{activity}")
    def done(activity: str, posted: Posted = Depends(learner_posted_of)) -> Response:
        visit = posted.visit
        planned, material = _studied(activity, visit, services)
        if planned.kind is ActivityKind.ASSIGNMENT:
            raise HTTPException(404)
        if not is_published(material, services):
            return _closed_page(visit, _not_approved())
        if posted.text("done") != "1":
            raise HTTPException(400)
        opened_us = _opened_us(visit, planned.code, posted.text("opened"))
        minutes = studied_minutes(to_micros(services.clock.now()) - opened_us, at_most=planned.minutes)
        fact = services.record_participation(visit.learner, planned.code, minutes, opened_us)
        return visit.redirect(f"{study_address(planned)}?recorded={fact}")

    return router


def studied_minutes(elapsed_us: int, *, at_most: int) -> int:
    """Whole minutes in `elapsed_us`; at least one, and never more than the activity was designed for (TX-9.8-2)."""
    return min(max(1, elapsed_us // _MINUTE_US), at_most)


def _studied(code: str, visit: Visit, services: PortalServices) -> tuple[Activity, Material]:
    activity = own_activity(code, visit, services)
    material = material_of(activity, services)
    if material is None:
        raise HTTPException(404)
    return activity, material


def _text(material: Material, services: PortalServices) -> Markup | None:
    """The approved text; None for a format that is no text. Raises GateClosed when it may not or cannot be shown."""
    if not is_published(material, services):
        raise _not_approved()
    if not is_text(material.file):
        return None
    try:
        return to_html(services.read_blob(material.content), file=material.file, title=material.title)
    except (TuxaError, UnicodeDecodeError) as error:
        # Missing or altered in the store: what is there is not what was approved.
        _log.error("portal.material", material=material.code, error=type(error).__name__)
        raise GateClosed(
            N_("The material of this activity cannot be shown at the moment."), do=_RETRY
        ) from error


def _not_approved() -> GateClosed:
    return GateClosed(N_("The material of this activity has not been approved for the portal."), do=_RETRY)


def _closed_page(visit: Visit, closed: GateClosed) -> Response:
    return visit.page("error.html", what=closed.what, do=closed.do, status=404)


def _signer(visit: Visit, activity: str) -> Signer:
    return Signer(visit.form_secret, salt=f"opened {activity}", digest_method=hashlib.sha256)


def _opening(visit: Visit, activity: str, opened_us: int) -> str:
    """When the page was given out, in a form that only this server makes, for this session and activity."""
    return _signer(visit, activity).sign(str(opened_us)).decode()


def _opened_us(visit: Visit, activity: str, token: str) -> int:
    """The time in a token. Raises 403 for one that was not made for this session and activity."""
    try:
        return int(_signer(visit, activity).unsign(token))
    except BadSignature as error:
        raise HTTPException(403) from error
