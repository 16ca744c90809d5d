"""Orders to a channel over the bus: previewed, authorised, carried out by the station and told under their actor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.app.orders import give_order, order_methods
from delivery.errors import Refused
from delivery.network.bus.address import publish_address, withdraw_address
from delivery.network.bus.client import Link
from delivery.record.kinds import FactKind
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.test_air_commands import Wired
from tests.network.bus_support import Station

__all__ = ["studio"]


@pytest.fixture
def running(studio: Studio, tmp_path: Path) -> Iterator[tuple[Wired, Station]]:
    """A station at work: its bus answers, and its address is known to the commands of this machine."""
    app = Wired.on(studio, tmp_path)
    app.air.schedule("M1", 60, after_s=5)
    app.air.schedule("M2", 25, after_s=60, seed=2)
    app.air.compile()
    app.air.clock.advance(10)
    with Station(tmp_path, methods=dict(order_methods(app))) as station:
        publish_address(tmp_path / "run", station.address)
        yield app, station
        withdraw_address(tmp_path / "run")
    app.close()


def test_an_order_of_the_shell_goes_through_the_station_where_one_runs(
    running: tuple[Wired, Station],
) -> None:
    app, station = running
    before = app.on_air.store.rows("TV1")
    preview = give_order(app, "TV1", "hold", {"minutes": 1}, dry_run=True)
    assert (preview["done"], [m["material"] for m in preview["moved"]]) == (False, ["M2"])
    assert app.on_air.store.rows("TV1") == before
    done = give_order(app, "TV1", "hold", {"minutes": 1}, dry_run=False)
    assert done == {**preview, "done": True}
    assert [(c.actor, c.command, dict(c.arguments)) for c in station.recorded] == [
        ("technician", "hold", {"channel": "TV1", "minutes": 1})
    ]
    [fact] = app.facts.select(kind=FactKind.AIR_CONTROLLED)
    assert (fact.actor, fact.data["command"]) == ("technician", "hold")


def test_every_order_can_be_previewed_and_given_from_a_console(running: tuple[Wired, Station]) -> None:
    app, station = running
    with station.client() as console:
        assert console.wait_for(Link.UP, within_s=10)
        for name in ("hold", "extend", "skip", "slate", "back"):
            preview = console.ask("channel.preview", {"channel": "TV1", "command": name})
            done = console.command(f"channel.{name}", {"channel": "TV1"}, actor="technician")
            assert done == {**preview, "done": True}
            app.air.clock.advance(8)
        preview = console.ask("channel.preview", {"channel": "TV1", "command": "insert", "material": "M1"})
        done = console.command("channel.insert", {"channel": "TV1", "material": "M1"}, actor="technician")
        assert done == {**preview, "done": True}
        with pytest.raises(Refused, match="minutes"):
            console.command("channel.hold", {"channel": "TV1", "minutes": -5}, actor="technician")
        with pytest.raises(Refused, match="TV9"):
            console.command("channel.skip", {"channel": "TV9"}, actor="technician")
    told = [fact.data["command"] for fact in app.facts.select(kind=FactKind.AIR_CONTROLLED)]
    assert told == ["hold", "extend", "skip", "slate", "back", "insert"]


def test_a_clerk_may_look_and_not_touch(running: tuple[Wired, Station]) -> None:
    app, station = running
    before = app.on_air.store.rows("TV1")
    with station.client("clerk") as console:
        assert console.wait_for(Link.UP, within_s=10)
        assert not console.ask("channel.preview", {"channel": "TV1", "command": "skip"})["done"]
        with pytest.raises(Refused):
            console.command("channel.skip", {"channel": "TV1"}, actor="clerk")
    assert app.on_air.store.rows("TV1") == before
    assert station.recorded == []
