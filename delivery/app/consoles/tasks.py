"""One piece of long work for a console: told while it goes on, stopped when somebody asks, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, Final

import structlog

from delivery.clock import Clock
from delivery.errors import N_, Message, Refused, TuxaError
from delivery.network.bus.protocol import plain_message

RUNNING, DONE, STOPPED, FAILED = "running", "done", "stopped", "failed"
_TELL_S: Final = 0.25
"""Progress is told so often at most; a slow line carries it, and a person sees no more."""
_log = structlog.get_logger(__name__)


class Stopped(Exception):
    """Somebody asked to stop; what is done stays done, and the same work goes on from there."""


@dataclass(slots=True)
class Going:
    """How far the work is."""

    name: str
    number: int = 0
    done: int = 0
    total: int = 0
    state: str = RUNNING
    result: dict[str, Any] = field(default_factory=dict)
    problem: TuxaError | None = None
    detail: str = ""
    """What it is busy with now, for example a file's name."""


class Task:
    """The long work of one kind. `topic` is told to every console whenever it moves."""

    def __init__(self, topic: str, clock: Clock, publish: Callable[[str, Any], None]) -> None:
        self._topic, self._clock, self._publish = topic, clock, publish
        self._lock = Lock()
        self._stop = Event()
        self._going: Going | None = None
        self._told = 0.0
        self._number = 0

    def start(self, name: str, work: Callable[[Task], dict[str, Any]]) -> dict[str, Any]:
        """Begin `work` in a thread. Raises Refused while something else goes on."""
        with self._lock:
            if self._going is not None and self._going.state == RUNNING:
                raise Refused(
                    N_("“{name}” is still under way."),
                    do=N_("Wait until it is done, or stop it."),
                    name=self._going.name,
                )
            self._number += 1
            self._stop.clear()
            self._going = going = Going(name, self._number)
        Thread(target=self._run, args=(going, work), name=f"task-{self._topic}", daemon=True).start()
        return self.document() or {}

    def stop(self) -> bool:
        """Ask it to stop; whether something was under way."""
        going = self._going
        self._stop.set()
        return going is not None and going.state == RUNNING

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep; whether to go on."""
        return not self._stop.wait(seconds)

    def moved(self, done: int, total: int, detail: str = "") -> None:
        """Tell how far it is. Raises Stopped when somebody asked to stop."""
        going = self._going
        if going is not None:
            going.done, going.total, going.detail = done, total, detail
        now = self._clock.monotonic()
        if now - self._told >= _TELL_S or done >= total:
            self._told = now
            self.tell()
        if self._stop.is_set() and done < total:
            raise Stopped

    def tell(self) -> None:
        """Tell every console how it stands."""
        self._publish(self._topic, self.document())

    def document(self) -> dict[str, Any] | None:
        """How it stands, or ended; None before the first."""
        going = self._going
        if going is None:
            return None
        problem = going.problem
        return {
            "name": going.name,
            "number": going.number,
            "done": going.done,
            "total": going.total,
            "state": going.state,
            "detail": going.detail,
            "result": going.result,
            "problem": plain_message(problem.what) if problem else None,
            "do": plain_message(problem.do or Message("")) if problem else None,
        }

    def _run(self, going: Going, work: Callable[[Task], dict[str, Any]]) -> None:
        try:
            going.result = work(self)
            going.state = DONE
        except Stopped:
            going.state = STOPPED
        except TuxaError as error:
            going.problem, going.state = error, FAILED
        except Exception as error:  # the edge of a thread: nobody else would hear of it
            _log.exception("task-broke", task=going.name)
            going.problem = Refused(
                N_("“{name}” broke off: {reason}"),
                do=N_("Start it again: it goes on where it was. The station's log says more."),
                name=going.name,
                reason=type(error).__name__,
            )
            going.state = FAILED
        self.tell()
