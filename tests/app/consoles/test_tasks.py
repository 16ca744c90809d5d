"""Long work for a console: told while it goes on, one at a time, stopped when asked, and never lost in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from delivery.app.consoles.tasks import Task
from delivery.clock import SystemClock
from delivery.errors import Refused


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Heard:
    """A task, and what it told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.task = Task("t", SystemClock(), lambda _topic, data: self.told.append(data))

    @property
    def state(self) -> str:
        return str((self.task.document() or {}).get("state", ""))


def test_it_is_told_from_the_first_step_to_the_result() -> None:
    heard = Heard()
    assert heard.task.document() is None

    def work(task: Task) -> dict[str, Any]:
        for done in range(1, 4):
            task.moved(done, 3, f"file {done}")
        return {"pages": 3}

    assert heard.task.start("scans", work)["name"] == "scans"
    until(lambda: heard.state == "done" and heard.told[-1]["state"] == "done")
    assert heard.told[-1]["result"] == {"pages": 3}
    assert heard.told[-1]["done"] == 3


def test_a_second_one_is_refused_while_the_first_goes_on() -> None:
    heard, gate = Heard(), threading.Event()

    def wait(_task: Task) -> dict[str, Any]:
        gate.wait(20)
        return {}

    heard.task.start("B1", wait)
    with pytest.raises(Refused, match="B1"):
        heard.task.start("B2", wait)
    gate.set()
    until(lambda: heard.state == "done")
    assert heard.task.start("B2", wait)["number"] == 2


def test_it_stops_where_it_is_when_somebody_asks() -> None:
    heard = Heard()
    begun = threading.Event()

    def work(task: Task) -> dict[str, Any]:
        done = 0
        while True:
            done += 1
            task.moved(min(done, 99), 100)
            begun.set()
            task.wait(0.01)

    heard.task.start("B1", work)
    begun.wait(20)
    assert heard.task.stop()
    until(lambda: heard.state == "stopped")
    assert not heard.task.stop()


@pytest.mark.parametrize(
    ("error", "said"), [(Refused("no disk", do="free some"), "no disk"), (ValueError("x"), "broke off")]
)
def test_whatever_it_dies_of_is_told_with_what_to_do(error: Exception, said: str) -> None:
    heard = Heard()

    def work(_task: Task) -> dict[str, Any]:
        raise error

    heard.task.start("B1", work)
    until(lambda: heard.state == "failed" and bool(heard.told))
    assert said in heard.told[-1]["problem"]["msgid"]
    assert heard.told[-1]["do"]["msgid"]
