"""Wires radio and television: what the air side needs from the catalogue, the store and the encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from delivery.app.regulation import profiles_of
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, Profile, load_profile
from delivery.broadcast.media.slate import Station
from delivery.broadcast.playout.alerts import ToLog, ToMail, ToWebhook, Way
from delivery.broadcast.playout.onair import OnAir, Surroundings
from delivery.broadcast.schedule.checks import LoadLimits
from delivery.broadcast.schedule.daysoff import days_off
from delivery.catalogue.kinds import DeliveryMode
from delivery.errors import Refused, TuxaError
from delivery.store.air import Channel, Slot
from delivery.store.schedule import ScheduleStore
from delivery.units import TICK_MS

_log = structlog.get_logger(__name__)

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
        return load_profile(DEFAULT_PROFILES.get(kind, kind), [app.settings.home / "media_profiles"])

    def make_slates(kind: str, name: str) -> Mapping[int, str]:
        return {ticks: asset.id for ticks, asset in station.slates(profile_of(kind), title=name).items()}

    def make_card(channel: Channel, code: str) -> str:
        link = f"{app.settings.base_url}/attendance?code={code}"
        return station.card(profile_of(channel.profile or channel.kind), code, link=link).id

    def is_approved(material: str, content: str) -> bool:
        return app.materials.approved(material, content=content, mode=DeliveryMode.BROADCAST)

    def gate(material: str, content: str, at: datetime) -> str:
        return app.materials.gate(material, content=content, mode=DeliveryMode.BROADCAST, at=at)

    def learner_in(learner: str, course: str) -> str | None:
        ref = app.learners.get(learner)
        return ref.site if ref and course in app.learners.courses_of(learner) else None

    def judge_slots(slots: Sequence[Slot]) -> None:
        from delivery.app.slotgate import require_hours

        require_hours(app, slots)

    around = Surroundings(
        facts=app.facts,
        blobs=app.blobs,
        assets=app.library.get,
        ingested=app.library.media.lesson_of,
        catalogue=app.catalogue,
        is_approved=is_approved,
        gate=gate,
        make_slates=make_slates,
        make_card=make_card,
        learner_in=learner_in,
        key=app.keys.air,
        folder=app.settings.home / "air",
        window_ticks=app.settings.dvr_minutes * 60_000 // TICK_MS,
        days_off=lambda: days_off(app.settings.home / "calendar.toml"),
        limits=load_limits(app),
        transit_days=app.settings.post_days,
        judge_slots=judge_slots,
    )
    return OnAir(ScheduleStore(app.database), around, clock=app.clock)


def load_limits(app: App) -> LoadLimits:
    """How much of one course may air in a day and a week: of the regulation profile, with the institution's own values
    (T8-6.4 by way of TX-8.1)."""
    try:
        values = profiles_of(app)[app.settings.profile].values
    except (TuxaError, KeyError) as error:
        # A slip in that file must not take the channels off the air; “tuxa regulation check” names it.
        _log.error("load-limits-not-read", reason=str(error))
        return LoadLimits()
    return LoadLimits(
        hour_minutes=values.whole("teaching_hour_minutes"),
        day_hours=values.whole("hours_day_max"),
        week_hours=values.whole("hours_week_max"),
    )


def institution_name(app: App) -> str:
    """The institution's name as receivers and guides show it; empty before a catalogue was imported."""
    try:
        return app.catalogue().institution.name
    except Refused:
        return ""


def alert_ways(app: App) -> list[Way]:
    """How the settings want alerts told, beside the consoles."""
    settings = app.settings
    ways: list[Way] = [ToLog()]
    if settings.alert_webhook.startswith(("http://", "https://")):
        ways.append(ToWebhook(settings.alert_webhook, app.translate))
    recipients = tuple(name.strip() for name in settings.alert_mail.split(",") if name.strip())
    if recipients:
        ways.append(ToMail(settings.mail_server, settings.mail_sender, recipients, app.translate))
    return ways
