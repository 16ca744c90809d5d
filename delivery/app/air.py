"""Wires radio and television: what the air side needs from the catalogue, the store and the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, Profile, load_profile
from delivery.broadcast.media.slate import Station
from delivery.broadcast.playout.onair import OnAir, Surroundings
from delivery.catalogue.kinds import DeliveryMode
from delivery.store.air import Channel
from delivery.store.schedule import ScheduleStore

if TYPE_CHECKING:
    from delivery.app.core import App


def build_on_air(app: App) -> OnAir:
    """The air side of a home."""
    station = Station(
        app.library,
        home=app.settings.home,
        ffmpeg=find_ffmpeg(app.settings.ffmpeg),
        words=app.translate,
    )

    def profile_of(kind: str) -> Profile:
        return load_profile(DEFAULT_PROFILES[kind], [app.settings.home / "media_profiles"])

    def make_slates(kind: str, name: str) -> Mapping[int, str]:
        return {ticks: asset.id for ticks, asset in station.slates(profile_of(kind), title=name).items()}

    def make_card(channel: Channel, code: str) -> str:
        link = f"{app.settings.base_url}/attendance?code={code}"
        return station.card(profile_of(channel.kind), code, link=link).id

    def is_approved(material: str, content: str) -> bool:
        return app.materials.approved(material, content=content, mode=DeliveryMode.BROADCAST)

    def learner_in(learner: str, course: str) -> str | None:
        ref = app.learners.get(learner)
        return ref.site if ref and course in app.learners.courses_of(learner) else None

    around = Surroundings(
        facts=app.facts,
        blobs=app.blobs,
        assets=app.library.get,
        ingested=app.library.media.lesson_of,
        catalogue=app.catalogue,
        is_approved=is_approved,
        make_slates=make_slates,
        make_card=make_card,
        learner_in=learner_in,
        key=app.keys.air,
    )
    return OnAir(ScheduleStore(app.database), around, clock=app.clock)
