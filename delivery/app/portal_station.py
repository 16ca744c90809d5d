"""Gives the pages of staff, and the guide, what they need of channels, sites, materials, packets and jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from delivery.app.consoles.alerts import AlertBook
from delivery.app.consoles.queue import IngestQueue
from delivery.app.regulation import profiles_of
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Activity
from delivery.clock import from_micros, to_micros
from delivery.errors import N_, Message, NotFound
from delivery.network.sync.status import StatusFile
from delivery.network.web.station import Aired, Alerted, InPackets, Job, MaterialState, SiteRow, Station
from delivery.store.air import TICK_US
from delivery.store.deeds import Deeds
from delivery.store.materials import Materials
from delivery.store.packets import Packets

if TYPE_CHECKING:
    from delivery.app.core import App

_MOST_JOBS = 100
_WHY = {
    "unapproved": Message(N_("not approved")),
    "unlicensed": Message(N_("the rights do not cover today")),
}


def station_of(app: App) -> Station:
    """The station as the portal sees it."""
    deeds = Deeds(app.database)

    def set_due(activity: Activity, day: str, actor: str) -> None:
        app.dues.set(activity, date.fromisoformat(day), before=app.catalogue_store.load(), actor=actor)

    return Station(
        airings=lambda since, until, channel: airings(app, since, until, channel),
        alerts=lambda: alerts(app),
        jobs=lambda: jobs(app),
        sites=lambda: sites(app),
        deeds=lambda kinds, before_us: deeds.newest(kinds, before_us=before_us),
        material=lambda code: material_state(app, code),
        packets=lambda course: packets(app, course),
        set_due=set_due,
        least_answers=profiles_of(app)[app.settings.profile].values.whole("survey_answers_min"),
    )


def airings(app: App, since: datetime, until: datetime, channel: str) -> Sequence[Aired]:
    """Lessons of a channel, or of all, that touch the span."""
    catalogue, playout = app.catalogue(), app.on_air.playout
    now = app.clock.now()
    out = []
    for each in app.on_air.store.channels():
        if channel and each.code != channel:
            continue
        found = app.on_air.store.airings(
            each.code, since_tick=to_micros(since) // TICK_US, before_tick=to_micros(until) // TICK_US
        )
        for airing in found:
            material = catalogue.materials.get(airing.material)
            ends_at = from_micros(airing.end_tick * TICK_US)
            playable = ends_at <= now
            if playable:
                try:
                    playout.aired(each.code, airing.id)
                except NotFound:
                    playable = False
            out.append(
                Aired(
                    ident=airing.id,
                    channel=each.code,
                    channel_name=each.name,
                    kind=each.kind,
                    title=material.title if material else airing.material,
                    course=airing.course,
                    activity=airing.activity,
                    starts_at=from_micros(airing.start_tick * TICK_US),
                    ends_at=ends_at,
                    rerun=airing.rerun,
                    playable=playable,
                )
            )
    return sorted(out, key=lambda item: (item.starts_at, item.channel))


def alerts(app: App) -> Sequence[Alerted]:
    """What was told, newest first, and who has taken it on."""
    return [
        Alerted(
            at=from_micros(one.at_us),
            severe=one.severity == "error",
            channel=one.channel,
            text=_message(one.text),
            do=_message(one.do),
            taken_by=one.acknowledged_by,
        )
        for one in AlertBook.of_home(app).all()
    ]


def _message(plain: Mapping[str, Any]) -> Message:
    params = {
        name: _message(value) if isinstance(value, Mapping) else value
        for name, value in dict(plain.get("params", {})).items()
    }
    return Message(str(plain.get("msgid", "")), params)


def jobs(app: App) -> Sequence[Job]:
    """Recordings that wait to be converted, and print jobs that were not sent to a printer yet."""
    out = [
        Job(
            what=Message(N_("Convert a recording")),
            about=f"{wanted.material} · {wanted.title}",
            since=from_micros(wanted.at_us),
            state=Message(N_("under way") if first else N_("waiting")),
        )
        for first, wanted in zip(
            [True, *[False] * _MOST_JOBS], IngestQueue(app.settings.home).waiting(), strict=False
        )
    ]
    store = Packets(app.database, app.facts)
    for batch in store.all()[-20:]:
        for job in store.jobs(batch.code):
            if not job.spooled_at:
                out.append(
                    Job(
                        what=Message(N_("Print packets")),
                        about=f"{batch.code} · {job.number}",
                        since=from_micros(batch.created_at),
                        state=Message(N_("ready to print") if job.sha256 else N_("waiting")),
                    )
                )
    return sorted(out, key=lambda job: job.since, reverse=True)[:_MOST_JOBS]


def sites(app: App) -> Sequence[SiteRow]:
    """Every site of the catalogue, with what the process that syncs noted last."""
    status = StatusFile(app.settings.home / "run").read()
    learners = Counter(ref.site for ref in app.learners.all())
    out = []
    for site in app.catalogue().sites.values():
        told = status.get(site.code)
        contact = str(told.get("last_contact") or "") if told else ""
        out.append(
            SiteRow(
                code=site.code,
                name=site.name,
                kind=str(site.kind),
                learners=learners[site.code],
                own=site.code == app.settings.site,
                connected=bool(told.get("connected")) if told else None,
                contact=datetime.fromisoformat(contact) if contact else None,
                behind=told.get("facts_behind") if told else None,
            )
        )
    return out


def material_state(app: App, code: str) -> MaterialState:
    """In which of its modes a material may be used now, and why not in the others."""
    material = app.catalogue().materials.get(code)
    if material is None or not material.content:
        lesson = app.library.media.lesson_of(code)
        content = (lesson.content or lesson.asset) if lesson else ""
    else:
        content = material.content
    if material is None or not content:
        return MaterialState(reason=Message(N_("no file yet")))
    store: Materials = app.materials
    gates = {mode: store.gate(code, content=content, mode=DeliveryMode(mode)) for mode in material.modes}
    rights = store.rights(code)
    why = next((gate for gate in gates.values() if gate), "")
    return MaterialState(
        modes=tuple(str(mode) for mode, gate in gates.items() if not gate),
        reason=_WHY.get(why),
        rights_until=rights.until if rights else None,
    )


def packets(app: App, course: str) -> Mapping[str, InPackets]:
    """Activities of a course that are in packets on their way."""
    return {
        found.activity: InPackets(
            found.packets, from_micros(found.last_posted_us) if found.last_posted_us else None
        )
        for found in app.on_air.store.packets_of(course)
    }
