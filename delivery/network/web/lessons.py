"""Lessons on demand, and the minutes that were really watched, as evidence (TX-9.8-1).

The player says how many seconds of the lesson it has played since the page was given out. That is believed only as far
as the clock allows: nobody watches more than twice as fast as time passes.
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from fastapi import APIRouter, Depends
from itsdangerous import BadSignature, Signer
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.model import Activity
from delivery.clock import to_micros
from delivery.errors import NotFound, TuxaError
from delivery.network.web.services import Lesson, PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf

FASTEST = 2
"""Highest speed that the player offers."""
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}
_SECOND_US = 1_000_000
_PLAYLIST = "application/vnd.apple.mpegurl"


def lesson_routes(services: PortalServices, learner_of: VisitOf, learner_posted_of: PostedOf) -> APIRouter:
    """``/lesson/{activity}`` and what its player asks for."""
    router = APIRouter()

    def known(activity: str, visit: Visit) -> tuple[Activity, Lesson]:
        planned = services.catalogue().activities.get(activity)
        lesson = services.lesson(planned.material) if planned and planned.material else None
        if planned is None or lesson is None or planned.course not in services.courses_of(visit.learner):
            raise HTTPException(404)
        return planned, lesson

    @router.get("/lesson/{activity}")
    def watch(activity: str, visit: Visit = Depends(learner_of)) -> Response:
        planned, lesson = known(activity, visit)
        course = services.catalogue().courses[planned.course]
        opened = to_micros(services.clock.now())
        return visit.page(
            "lesson.html",
            activity=planned,
            course=course,
            lesson=lesson,
            address=lesson_address(planned),
            tongues=LANGUAGE_NAMES,
            opened=_signer(visit, planned.code).sign(str(opened)).decode(),
        )

    @router.post("/lesson/{activity}/watched")
    def watched(activity: str, posted: Posted = Depends(learner_posted_of)) -> Response:
        visit = posted.visit
        planned, _ = known(activity, visit)
        try:
            opened = int(_signer(visit, planned.code).unsign(posted.text("opened")))
        except BadSignature as error:
            raise HTTPException(403) from error
        said = posted.text("seconds")
        seconds = int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0
        elapsed = (to_micros(services.clock.now()) - opened) // _SECOND_US
        minutes = max(0, min(seconds, elapsed * FASTEST)) // 60
        ended = posted.text("ended") == "1"
        counted = services.record_watched(visit.learner, planned.code, minutes, opened, ended)
        return visit.json({"minutes": counted})

    @router.get("/lesson/{activity}/{file:path}")
    def piece(activity: str, file: str, visit: Visit = Depends(learner_of)) -> Response:
        """Playlists and segments: of this learner's course only, and only while the lesson is approved."""
        planned, _ = known(activity, visit)
        try:
            data = services.lesson_file(planned.material, file)
        except NotFound as error:
            raise HTTPException(404) from error
        except TuxaError as error:
            raise HTTPException(503) from error
        media_type = (
            _PLAYLIST if file.endswith(".m3u8") else _TYPES.get(file.rpartition(".")[2], "video/mp2t")
        )
        keep = "private, max-age=86400" if media_type != _PLAYLIST else "private, max-age=60"
        return visit.finish(Response(data, media_type=media_type, headers={"cache-control": keep}))

    return router


_TYPES = {"vtt": "text/vtt", "jpg": "image/jpeg"}


def lesson_address(activity: Activity) -> str:
    """Where its lesson is watched."""
    return f"/lesson/{quote(activity.code, safe='')}"


def _signer(visit: Visit, activity: str) -> Signer:
    return Signer(visit.form_secret, salt=f"watching {activity}", digest_method=hashlib.sha256)
