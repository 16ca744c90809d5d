"""Orders of a technician to a channel: over the bus of a running station, or on the store where none runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from delivery.broadcast.playout.control import ControlRoom, Order
from delivery.catalogue.kinds import Role
from delivery.errors import TuxaError
from delivery.network.bus.authorise import Method, command, question

if TYPE_CHECKING:
    from delivery.app.core import App

_LOCAL_ACTOR = "technician"


def order_methods(app: App) -> Mapping[str, Method]:
    """What consoles may ask of channels: every order by its name, and its preview."""
    room = ControlRoom(app.on_air, clock=app.clock)

    def order(name: str, params: Mapping[str, Any]) -> Order:
        rest = {key: value for key, value in params.items() if key not in ("channel", "command")}
        return Order.of(str(params.get("channel", "")), name, **rest)

    def give(name: str, params: Mapping[str, Any], actor: str) -> Any:
        return room.carry_out(order(name, params), actor=actor)

    def preview(params: Mapping[str, Any], _actor: str) -> Any:
        return room.preview(order(str(params.get("command", "")), params))

    names = ("hold", "skip", "extend", "insert", "slate", "back")
    methods = {
        f"channel.{name}": command(partial(give, name), (Role.TECHNICIAN, Role.ADMIN)) for name in names
    }
    return {**methods, "channel.preview": question(preview)}


def give_order(
    app: App, channel: str, name: str, options: Mapping[str, Any], *, dry_run: bool
) -> dict[str, Any]:
    """Give one order, or preview it. Raises what the station refuses with."""
    order = Order.of(channel, name, **options)
    room = ControlRoom(app.on_air, clock=app.clock)
    if dry_run:
        return room.preview(order)
    told = _by_bus(app, channel, name, options)
    return told if told is not None else room.carry_out(order, actor=_LOCAL_ACTOR)


def _by_bus(app: App, channel: str, name: str, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """The station's answer; None where no station runs."""
    from delivery.network.bus.address import find_address
    from delivery.network.bus.client import BusClient, Link
    from delivery.network.bus.keys import read_daemon_key, read_key_pair

    run_dir = app.settings.home / "run"
    try:
        find_address(run_dir)
        keys = read_key_pair(app.settings.keys_dir, "technician")
        daemon = read_daemon_key(app.settings.keys_dir)
    except TuxaError:
        return None
    with BusClient(
        keys, daemon_key=daemon, find=partial(find_address, run_dir), clock=app.clock, ids=app.ids
    ) as client:
        if not client.wait_for(Link.UP, within_s=3.0):
            return None
        params = {"channel": channel, **options}
        told: dict[str, Any] = client.command(f"channel.{name}", params, actor=_LOCAL_ACTOR, within_s=15.0)
        return told
