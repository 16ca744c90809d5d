"""Wires the bus: what consoles may ask of the daemon, and how each command becomes a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from delivery.app.orders import order_methods
from delivery.broadcast.media.profiles import load_profiles
from delivery.broadcast.qc.shelf import problems_of, verdict_of
from delivery.catalogue.model import Catalogue
from delivery.clock import to_micros
from delivery.errors import N_
from delivery.ids import fact_id
from delivery.network.bus.authorise import GivenCommand, Method, question
from delivery.network.bus.keys import AuthorizedKeys, read_key_pair
from delivery.network.bus.server import BusServer
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US, Airing

if TYPE_CHECKING:
    from delivery.app.core import App

_NEXT = 3
_ENDED = N_("The channel is off the air: its timeline has ended.")


def build_bus(app: App) -> BusServer:
    """The daemon's end of the bus of a home."""
    keys_dir = app.settings.keys_dir
    return BusServer(
        read_key_pair(keys_dir, "daemon"),
        AuthorizedKeys(keys_dir, app.clock),
        methods=methods(app),
        record=recorder(app),
        clock=app.clock,
        ids=app.ids,
    )


def methods(app: App) -> Mapping[str, Method]:
    """Questions that any console may ask."""
    return {
        **order_methods(app),
        "channels.status": question(lambda _params, _actor: channels_status(app)),
        "ingest.status": question(lambda _params, _actor: ingest_status(app)),
        "profiles.list": question(
            lambda _params, _actor: {
                "profiles": sorted(load_profiles([app.settings.home / "media_profiles"]))
            }
        ),
    }


def recorder(app: App) -> Callable[[GivenCommand], None]:
    """Each authorised command is told as a fact before it is carried out."""

    def record(command: GivenCommand) -> None:
        app.facts.append(
            [
                Draft(
                    id=fact_id(FactKind.COMMAND_GIVEN, command.actor, command.id),
                    kind=FactKind.COMMAND_GIVEN,
                    occurred_at=to_micros(app.clock.now()),
                    actor=command.actor,
                    data={
                        "target": command.target,
                        "command": command.command,
                        "arguments": dict(command.arguments),
                    },
                )
            ],
            once=True,
        )

    return record


def channels_status(app: App) -> dict[str, Any]:
    """Every channel with what is on now, the next three items, and whether they are ready."""
    now = app.clock.now()
    tick = to_micros(now) // TICK_US
    catalogue = app.catalogue()
    on_air = app.on_air
    channels = []
    for channel in on_air.store.channels():
        coming = on_air.store.airings(channel.code, since_tick=tick)
        current = next((item for item in coming if item.start_tick <= tick < item.end_tick), None)
        following = [item for item in coming if item.start_tick > tick][:_NEXT]
        rows = on_air.store.rows(channel.code, since_tick=tick, before_tick=tick + 1)
        channels.append(
            {
                "channel": channel.code,
                "name": channel.name,
                "kind": channel.kind,
                "state": "on_air" if rows else "off_air",
                "now": _item(current, catalogue) if current else _slate(rows),
                "next": [{**_item(item, catalogue), **_readiness(app, item)} for item in following],
                "alerts": [
                    *([] if rows else [{"severity": "error", "text": _ENDED}]),
                    *(
                        told.as_json(app.translate)
                        for told in on_air.alerts.recent
                        if told.alert.channel in ("", channel.code)
                    ),
                ],
            }
        )
    return {"now": to_micros(now), "channels": channels}


def _item(airing: Airing, catalogue: Catalogue) -> dict[str, Any]:
    material = catalogue.materials.get(airing.material)
    return {
        "title": material.title if material else airing.material,
        "start": airing.start_tick * TICK_US,
        "end": airing.end_tick * TICK_US,
        "kind": "lesson",
    }


def _slate(rows: Any) -> dict[str, Any] | None:
    if not rows:
        return None
    row = rows[0]
    return {
        "title": "",
        "start": row.start_tick * TICK_US,
        "end": row.end_tick * TICK_US,
        "kind": str(row.kind),
    }


def _readiness(app: App, airing: Airing) -> dict[str, Any]:
    """Whether every segment's file is there; the reason when not."""
    asset = app.library.find(airing.asset)
    if asset is None:
        return {"ready": False, "reason": "no asset"}
    missing = sum(
        not app.blobs.exists(segment.blob) for rung in asset.renditions for segment in rung.segments
    )
    return {"ready": not missing, "reason": f"{missing} segments missing" if missing else ""}


def ingest_status(app: App) -> dict[str, Any]:
    """Files being converted, and what became of the last ones."""
    jobs: list[dict[str, Any]] = []
    for job in app.library.media.jobs():
        fraction, stage = app.ingest.fraction(job.asset) if job.state == "running" else (1.0, "")
        jobs.append(
            {
                "id": job.asset,
                "file": job.file,
                "kind": job.result.get("kind", ""),
                "fraction": fraction,
                "stage": stage,
                "verdict": verdict_of(job),
                "problems": [app.translate(problem) for problem in problems_of(job)],
            }
        )
    return {"jobs": jobs}
