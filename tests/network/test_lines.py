"""Who goes first when more ask than there are threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

import anyio
import pytest

from delivery.network.web import lines
from delivery.network.web.lines import Line


class Doings:
    """What ran, in order; each doing may be made to wait."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.go_on = threading.Event()

    def of(self, name: str, *, waiting: bool = False) -> Callable[[], None]:
        def act() -> None:
            if waiting:
                assert self.go_on.wait(20)
            self.ran.append(name)

        return act


async def run_all(doings: Doings, keeping: Line, slow: Line) -> None:
    """One thread for each line: a piece that takes long, another that waits behind it, and work handed in before."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeping.run, doings.of("first piece", waiting=True))
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(keeping.run, doings.of("second piece"))
        tasks.start_soon(slow.run, doings.of("handed in"))
        await anyio.wait_all_tasks_blocked()
        assert doings.ran == []
        doings.go_on.set()


def test_work_that_was_handed_in_waits_while_pieces_wait() -> None:
    async def scene() -> None:
        keeping = Line(1)
        await run_all(doings, keeping, Line(1, after=keeping))

    for _ in range(20):
        doings = Doings()
        anyio.run(scene)
        assert doings.ran[0] == "first piece"
        assert sorted(doings.ran) == ["first piece", "handed in", "second piece"]


def test_a_line_that_never_empties_holds_nobody_back_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PATIENCE_S", 0.05)
    doings = Doings()

    async def scene() -> None:
        keeping = Line(1)
        slow = Line(1, after=keeping)
        async with anyio.create_task_group() as tasks:
            for name in ("first piece", "second piece"):
                tasks.start_soon(keeping.run, doings.of(name, waiting=True))
            await anyio.wait_all_tasks_blocked()
            await slow.run(doings.of("handed in"))
            assert doings.ran == ["handed in"]
            doings.go_on.set()

    anyio.run(scene)
    assert len(doings.ran) == 3


def test_no_more_run_at_once_than_a_line_has_threads() -> None:
    most, now, lock = 0, 0, threading.Lock()

    def act() -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)
        with lock:
            now -= 1

    async def scene() -> None:
        line = Line(3)
        async with anyio.create_task_group() as tasks:
            for _ in range(12):
                tasks.start_soon(line.run, act)

    anyio.run(scene)
    assert most == 3
