"""Wires the bus: what consoles may ask of the station, and how each command becomes a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from delivery.app.consoles.alerts import AlertBook, alert_methods
from delivery.app.consoles.due import DueDesk, due_methods
from delivery.app.consoles.ingest import IngestDesk, ingest_methods
from delivery.app.consoles.learner import learner_methods
from delivery.app.consoles.onair import on_air_methods
from delivery.app.consoles.post import post_methods
from delivery.app.consoles.returns import ReturnsDesk, returns_methods
from delivery.app.consoles.schedule import schedule_methods
from delivery.app.orders import order_methods
from delivery.clock import to_micros
from delivery.ids import digest_of, fact_id
from delivery.network.bus.address import LOOPBACK
from delivery.network.bus.authorise import GivenCommand, Method
from delivery.network.bus.keys import CONSOLES, AuthorizedKeys, KeyHolder, read_key_pair
from delivery.network.bus.kit import endpoints
from delivery.network.bus.server import BusServer
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind

if TYPE_CHECKING:
    from delivery.app.core import App
    from delivery.network.bus.inprocess import Alone

Publish = Callable[[str, Any], None]


def build_bus(app: App) -> BusServer:
    """The daemon's end of the bus of a home."""
    keys_dir = app.settings.keys_dir
    later: list[BusServer] = []

    def publish(topic: str, data: Any) -> None:
        if later:
            later[0].publish(topic, data)

    bus = BusServer(
        read_key_pair(keys_dir, "daemon"),
        AuthorizedKeys(keys_dir, app.clock),
        methods=methods(app, publish, is_playout=True),
        record=recorder(app),
        address=endpoints(app.settings.bus_listen) if app.settings.bus_listen else LOOPBACK,
        clock=app.clock,
        ids=app.ids,
    )
    later.append(bus)
    return bus


def build_alone(app: App, console: str) -> Alone:
    """The same for one console of this machine, in its own process, where no daemon runs."""
    from delivery.network.bus.inprocess import Alone

    later: list[Alone] = []

    def publish(topic: str, data: Any) -> None:
        if later:
            later[0].publish(topic, data)

    holder = KeyHolder(console, frozenset(CONSOLES[console]))
    alone = Alone(methods(app, publish, is_playout=False), holder=holder, record=recorder(app), ids=app.ids)
    later.append(alone)
    return alone


def methods(
    app: App, publish: Publish = lambda _topic, _data: None, *, is_playout: bool = True
) -> Mapping[str, Method]:
    """Questions that any console may ask, and commands for those with the role. `publish` tells every console."""
    book = AlertBook.of_home(app)
    desk = IngestDesk(app, publish)
    if is_playout:
        app.on_air.alerts.add(book)
    return {
        **order_methods(app),
        **on_air_methods(app, book, is_playout=is_playout),
        **schedule_methods(app, publish),
        **ingest_methods(app, desk),
        **alert_methods(app, book, publish),
        **returns_methods(app, ReturnsDesk(app, publish)),
        **due_methods(app, DueDesk(app, publish)),
        **post_methods(app, publish),
        **learner_methods(app, publish),
    }


_TYPED = ("text", "packet_text", "item_text")
"""Arguments that a person typed or a hand scanner read: they may hold a name by mistake."""


def _kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as a fact may hold them: of what was typed only a digest, which names nobody."""
    return {
        name: digest_of(("typed", str(value)))[:16] if name in _TYPED else value
        for name, value in arguments.items()
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
                        "arguments": _kept(command.arguments),
                    },
                )
            ],
            once=True,
        )

    return record
