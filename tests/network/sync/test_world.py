"""Ten sites in trouble end with one record: nothing lost, nothing doubled, projections equal to the byte."""

from __future__ import annotations

import pytest

from delivery.record.ledger import Reader
from delivery.record.segment import may_hold
from tests.network.sync.world import MAIN, World, live


def judge(world: World) -> None:
    """What holds at the end of every life."""
    assert world.differences() == []
    assert world.lost() == set()
    assert world.doubled() == []
    main = world.sites[MAIN]
    for site in world.sites.values():
        for name, rows in site.disk.streams.items():
            assert may_hold(site.code, name, main=MAIN)
            reader = Reader(name, before=(_start(name),))
            raw = [
                (
                    r.seq,
                    r.id.encode(),
                    r.kind.encode(),
                    r.learner.encode(),
                    r.recorded_at,
                    r.hlc,
                    r.content.encode(),
                    r.hash.encode(),
                )
                for r in rows
            ]
            assert list(reader.read(raw)) == []
        if site is not main:
            assert world.projection(main, site.code) == world.projection(site, site.code)


def _start(name: str) -> bytes:
    from delivery.record.ledger import genesis

    return genesis(name).encode()


@pytest.mark.parametrize("seed", range(6))
def test_sites_that_were_killed_cut_off_and_put_back_agree_in_the_end(seed: int) -> None:
    judge(live(seed, partners=9 if seed % 4 == 0 else 3, steps=40))


def test_tables_for_fast_reading_do_not_depend_on_the_order_of_arrival() -> None:
    world = live(7, partners=2, steps=40)
    main = world.sites[MAIN]
    assert world.tables(main, "P1") == world.tables(world.sites["P1"], "P1")
