"""Group commit: what many threads ask at once is done in one go, by whichever of them came first.

While one group is made durable the next one gathers. Each caller waits for its own answer only, and gets it once its
work is durable; a disk that syncs 200 times a second then keeps thousands of small posts a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")

MOST = 256
"""Jobs of one group: the first of them waits for all the others."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Job, Answer]):
    job: Job
    ready: threading.Event = field(default_factory=threading.Event)
    answers: list[Answer] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.answers) or self.error is not None


class Together(Generic[Job, Answer]):
    """Runs jobs in groups. `run` does all of a group or nothing of it, and answers each job in order; when it fails for
    several, each is tried alone, so that nobody fails for what another one asked."""

    def __init__(self, run: Callable[[Sequence[Job]], Sequence[Answer]]) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Job, Answer]] = []
        self._led = False

    def do(self, job: Job) -> Answer:
        """Do one job, with whatever others wait now. Raises what `run` raises for it."""
        mine: _Waiting[Job, Answer] = _Waiting(job)
        with self._lock:
            self._waiting.append(mine)
            leads, self._led = not self._led, True
        if not leads:
            # Either somebody did it, or it is this thread's turn to lead.
            mine.ready.wait()
        if not mine.done:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        return mine.answers[0]

    def _lead(self, mine: _Waiting[Job, Answer]) -> None:
        """Do one group, which `mine` is part of, then let the next in line lead."""
        with self._lock:
            # The leader is the oldest of those who wait.
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            self._work(group)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for each in group:
                if not each.done:  # an interruption, such as Ctrl-C, in the leading thread
                    each.error = RuntimeError("the group was interrupted before it was durable")
                if each is not mine:
                    each.ready.set()
            if following is not None:
                following.ready.set()

    def _work(self, group: Sequence[_Waiting[Job, Answer]]) -> None:
        try:
            answers = self._run([each.job for each in group])
        except Exception as error:
            if len(group) == 1:
                group[0].error = error
                return
            for each in group:
                self._work([each])
            return
        for each, answer in zip(group, answers, strict=True):
            each.answers.append(answer)
