"""Group commit: many threads, few transactions, and nobody fails for what another one asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from delivery.clock import SystemClock, to_micros
from delivery.ids import SeededIds, fact_id
from delivery.record.facts import BadFact, Draft
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.keys import ensure_keys
from delivery.store.tables import register
from delivery.store.tables.core import FactTable  # noqa: F401 - registers the tables
from delivery.store.together import Together
from delivery.store.vault import Vault


class Gate:
    """Does the work of a group once it is opened, and notes the groups."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()
        self.groups: list[list[int]] = []

    def run(self, jobs: Sequence[int]) -> list[int]:
        self.begun.set()
        assert self.open.wait(20)
        if -1 in jobs:
            raise ValueError("a bad job")
        self.groups.append(list(jobs))
        return [job * 2 for job in jobs]


def test_what_comes_while_one_group_is_written_is_the_next_group() -> None:
    gate = Gate()
    together = Together(gate.run)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.do, 1)
        assert gate.begun.wait(20)
        others = [pool.submit(together.do, number) for number in range(2, 10)]
        while len(together._waiting) < 8:
            threading.Event().wait(0.001)
        gate.open.set()
        assert first.result(20) == 2
        assert [other.result(20) for other in others] == [number * 2 for number in range(2, 10)]
    assert gate.groups[0] == [1]
    assert sorted(gate.groups[1]) == list(range(2, 10))


def test_a_bad_job_fails_alone() -> None:
    gate = Gate()
    together = Together(gate.run)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(together.do, 1)
        assert gate.begun.wait(20)
        others = [pool.submit(together.do, number) for number in (2, -1, 3)]
        while len(together._waiting) < 3:
            threading.Event().wait(0.001)
        gate.open.set()
        assert first.result(20) == 2
        assert (others[0].result(20), others[2].result(20)) == (4, 6)
        with pytest.raises(ValueError, match="bad job"):
            others[1].result(20)
    assert together.do(7) == 14, "and the line goes on"


@pytest.fixture
def facts(tmp_path: Path) -> FactLog:
    register()
    database = Database(f"sqlite:///{tmp_path / 'tuxa.sqlite'}")
    SQLModel.metadata.create_all(database.engine)
    ids = SeededIds(1)
    keys = ensure_keys(tmp_path / "keys", ids)
    vault = Vault(database, keys.master, ids)
    return FactLog(database, vault, site="MAIN", signing=keys.signing, clock=SystemClock())


def attended(number: int, **changes: object) -> Draft:
    data = {"source": "system", "method": "portal", "minutes": 1, **changes}
    return Draft(
        fact_id("attended", str(number)),
        FactKind.PARTICIPATION_RECORDED,
        to_micros(SystemClock().now()),
        "L1",
        data,
        audience="MAIN",
        learner="L1",
        course="C",
        activity="A",
        mode="network",
    )


def test_forty_threads_tell_each_fact_once_in_one_whole_chain(facts: FactLog) -> None:
    def tell(number: int) -> int:
        if number % 10 == 9:
            with pytest.raises(BadFact):
                facts.append([attended(number, strange=1)])
            return 0
        return len(facts.append([attended(number % 50)], once=True).added)

    with ThreadPoolExecutor(40) as pool:
        added = sum(pool.map(tell, range(200)))
    assert added == 45
    assert sum(1 for _ in facts.select()) == 45
    assert facts.verify().ok
