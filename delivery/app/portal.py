"""Wires the portal: pages, the channels' playlists, and what they need from post and broadcast."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from delivery.app.lessons import Lessons
from delivery.app.portal_station import station_of
from delivery.app.regulationpage import RegulationPages
from delivery.broadcast.playout.http import HeldPlaylists, hls_router
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import from_micros
from delivery.errors import TuxaError
from delivery.network.web.app import create_portal
from delivery.network.web.services import OnAir, PortalServices, Programme
from delivery.network.web.uploads import MAX_FILE_BYTES
from delivery.postal.incoming.scan import read_codes
from delivery.store.air import TICK_US, Airing
from delivery.store.api_tokens import ApiTokens
from delivery.store.course_facts import CourseFacts
from delivery.store.opinions import Opinions
from delivery.store.participation import Participation
from delivery.store.seen import Seen
from delivery.store.teaching import Teaching
from delivery.store.threads import Threads
from delivery.store.uploads import Uploads

if TYPE_CHECKING:
    from delivery.app.core import App


def build_portal(app: App, executor: Executor) -> FastAPI:
    """The portal of a home. `executor` judges uploads, and is not shared with ingest: a person waits for each."""
    course_facts, lessons = CourseFacts(app.database), Lessons(app)
    participation = Participation(app.facts, app.learners, app.clock)
    portal = create_portal(
        PortalServices(
            settings=app.settings,
            clock=app.clock,
            ids=app.ids,
            credentials=app.credentials,
            tokens=ApiTokens(app.database, app.clock, app.ids),
            uploads=Uploads(
                app.settings.home / "uploads",
                app.keys.master,
                app.clock,
                app.ids,
                max_bytes=MAX_FILE_BYTES,
            ),
            teaching=Teaching(app.facts, course_facts, app.learners, app.vault, app.clock, app.ids),
            threads=Threads(app.facts, course_facts, app.learners, app.vault, app.clock),
            opinions=Opinions(app.facts, course_facts, app.learners, app.vault, app.clock),
            course_facts=course_facts,
            marks=app.marks,
            scans=app.scans,
            seen=Seen(app.facts, app.learners, app.clock),
            code_keys=lambda: app.keys.codes,
            sheets=app.sheets,
            submissions=app.submissions,
            facts=app.facts,
            catalogue=app.catalogue,
            executor=executor,
            read_page_image=read_codes,
            on_air=lambda: channels_now(app),
            claim_attendance=lambda learner, code: (
                app.on_air.attendance.claim(learner, code, app.clock.now()).fact
            ),
            record_of=lambda learner: record_of(app, learner),
            courses_of=app.learners.courses_of,
            read_blob=app.blobs.get,
            is_approved=lambda material, content: app.materials.approved(
                material, content=content, mode=DeliveryMode.NETWORK
            ),
            record_participation=lambda learner, activity, minutes, opened_us: participation.record(
                learner, activity, minutes=minutes, opened_us=opened_us, catalogue=app.catalogue()
            ),
            record_watched=lambda learner, activity, minutes, opened_us, ended: participation.record_watched(
                learner,
                activity,
                minutes=minutes,
                opened_us=opened_us,
                ended=ended,
                catalogue=app.catalogue(),
            ),
            learners_of=lambda course: [ref.id for ref in app.learners.of_course(course)],
            profiles=lambda learners: app.vault.profiles(list(learners)),
            export_of=lambda learner: export_of(app, learner),
            is_ready=lambda: is_ready(app),
            station=station_of(app),
            lesson=lessons.lesson,
            lesson_file=lessons.file,
            routers=(hls_router(app.on_air.playout),),
            regulation=RegulationPages(app),
        )
    )
    # Innermost: the guard's headers and counts are for these answers too.
    portal.user_middleware.append(Middleware(HeldPlaylists, provider=app.on_air.playout))
    return portal


def export_of(app: App, learner: str) -> Mapping[str, Any]:
    """Everything that is recorded of a learner, personal data opened."""
    facts = list(app.facts.select(learner=learner))
    private = app.vault.open_many(fact.id for fact in facts if fact.private_hash)
    return {
        "record": record_of(app, learner),
        "facts": [{**fact.as_json(), "private": private.get(fact.id)} for fact in facts],
    }


def is_ready(app: App) -> bool:
    """Whether the database answers and the home can be written."""
    try:
        with app.database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
    except (TuxaError, OSError):
        return False
    return os.access(app.settings.home, os.W_OK)


def record_of(app: App, learner: str) -> Mapping[str, Any]:
    """The JSON document of ``tuxa record show``."""
    return app.records.show(learner, app.catalogue())


def channels_now(app: App) -> Sequence[OnAir]:
    """What each channel sends now and next."""
    playout = app.on_air.playout
    catalogue = app.catalogue()

    def programme(airing: Airing | None) -> Programme | None:
        if airing is None:
            return None
        material = catalogue.materials.get(airing.material)
        course = catalogue.courses.get(airing.course)
        return Programme(
            title=material.title if material else airing.material,
            course=course.name if course else "",
            starts_at=from_micros(airing.start_tick * TICK_US),
            ends_at=from_micros(airing.end_tick * TICK_US),
        )

    out = []
    for channel in app.on_air.store.channels():
        now, following = playout.on_air(channel.code)
        out.append(
            OnAir(
                channel=channel.code,
                name=channel.name,
                kind="tv" if channel.kind == "tv" else "radio",
                playlist=f"/hls/{channel.code}/master.m3u8",
                now=programme(now),
                next=programme(following),
            )
        )
    return out
