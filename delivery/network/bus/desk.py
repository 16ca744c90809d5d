"""Between the door and the handlers: reads each message, authorises it, has it recorded and carried out, once."""

from __future__ import annotations

import queue
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Final

import structlog

from delivery.errors import N_, NotFound, Refused, TuxaError
from delivery.network.bus.authorise import GivenCommand, Method, NotAllowed, authorise, given
from delivery.network.bus.keys import KeyBook
from delivery.network.bus.protocol import Answer, BadMessage, Command, ErrorInfo, Request, decode, encode

_WAITING = 1_000
"""Requests that may wait for a worker; more are told that the daemon is busy."""
_REMEMBERED = 1_000
"""Answers to commands that are kept, so that a repeated command is answered again and not carried out again."""
_log = structlog.get_logger(__name__)

_Job = tuple[bytes, str, Request | Command]
"""(peer, public key of the sender, message)."""


class Busy(Refused):
    """Too many requests are waiting."""


class HandlerFailed(Refused):
    """A handler broke: a bug on the daemon's side, which its log describes."""


class Desk:
    """`take` is called by the thread that owns the sockets; handlers run in `workers` threads and answer by `reply`."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        book: KeyBook,
        record: Callable[[GivenCommand], None],
        *,
        reply: Callable[[bytes, bytes], None],
        workers: int,
    ) -> None:
        self._methods: Final = methods
        self._book: Final = book
        self._record: Final = record
        self._reply: Final = reply
        self._workers: Final = workers
        self._jobs: Final[queue.Queue[_Job | None]] = queue.Queue(_WAITING)
        self._lock: Final = Lock()
        self._counts: Final = Counter[str]()
        self._commands: Final[OrderedDict[tuple[str, str], bytes | None]] = OrderedDict()

    @property
    def broken(self) -> int:
        return self._counts["broken"]

    @property
    def refused(self) -> int:
        return self._counts["refused"]

    @property
    def answered(self) -> int:
        return self._counts["answered"]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Run the workers. On leaving, what waits is dropped; a handler at work is left to end by itself."""
        # Daemon threads: a handler that hangs must not keep the process from ending.
        for number in range(self._workers):
            Thread(target=self._work, name=f"bus-worker-{number}", daemon=True).start()
        try:
            yield
        finally:
            self._drop_waiting()
            for _ in range(self._workers):
                self._jobs.put(None)

    def take(self, peer: bytes, user: str, raw: bytes) -> None:
        """One message from `peer`, whose connection was made with the public key `user`."""
        try:
            message = decode(raw)
            if not isinstance(message, Request | Command):
                raise BadMessage(N_("A bus message is broken at “{part}”."), part="type")
        except BadMessage as error:
            self._count("broken")
            if error.id:
                self._reply(peer, encode(Answer(error.id, error=ErrorInfo.of(error))))
            return
        try:
            self._jobs.put_nowait((peer, user, message))
        except queue.Full:
            busy = Busy(
                N_("The station is busy: {count} requests wait."), do=N_("Try again."), count=_WAITING
            )
            self._refuse(peer, message, busy)

    def _drop_waiting(self) -> None:
        while True:
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                return

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            peer, user, message = job
            try:
                self._handle(peer, user, message)
            except TuxaError as error:
                self._refuse(peer, message, error)
            except Exception:
                _log.exception("bus.handler_failed", method=message.method)
                self._refuse(peer, message, _failed(message))

    def _handle(self, peer: bytes, user: str, message: Request | Command) -> None:
        holder = self._book.holder(user)
        if holder is None:
            raise NotAllowed(
                N_("This console's key is not, or no longer, on the station's list."),
                do=N_("Ask an administrator to let it in."),
            )
        method = self._methods.get(message.method)
        if method is None:
            raise NotFound(
                N_("The station knows no “{method}”."),
                do=N_("Install the same release of tuxa on both machines."),
                method=message.method,
            )
        actor = authorise(holder, message, method)
        if method.is_command:
            self._carry_out(peer, user, message, method=method, actor=actor)
        else:
            self._answer(peer, Answer(message.id, result=method.call(message.params, actor)))

    def _carry_out(
        self, peer: bytes, user: str, message: Request | Command, *, method: Method, actor: str
    ) -> None:
        key = (user, message.id)
        with self._lock:
            if key in self._commands:
                earlier = self._commands[key]
                if earlier is not None:
                    self._reply(peer, earlier)
                # Else it is being carried out now, and its answer goes to the same console.
                return
            self._commands[key] = None
            while len(self._commands) > _REMEMBERED:
                self._commands.popitem(last=False)
        try:
            self._record(given(message, actor))
            answer = encode(Answer(message.id, result=method.call(message.params, actor)))
        except BaseException:
            with self._lock:
                self._commands.pop(key, None)
            raise
        with self._lock:
            self._commands[key] = answer
        self._count("answered")
        self._reply(peer, answer)

    def _answer(self, peer: bytes, answer: Answer) -> None:
        raw = encode(answer)
        self._count("answered")
        self._reply(peer, raw)

    def _refuse(self, peer: bytes, message: Request | Command, error: TuxaError) -> None:
        self._count("refused")
        if isinstance(error, NotAllowed):
            _log.warning("bus.not_allowed", method=message.method, reason=error.what.msgid)
        try:
            raw = encode(Answer(message.id, error=ErrorInfo.of(error)))
        except BadMessage:
            # The refusal itself does not fit into a message; that there was one must still be said.
            raw = encode(Answer(message.id, error=ErrorInfo.of(_failed(message))))
        self._reply(peer, raw)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1


def _failed(message: Request | Command) -> HandlerFailed:
    return HandlerFailed(
        N_("The station failed to carry out “{method}”."),
        do=N_("Its log file says why; report it to the administrator."),
        method=message.method,
    )
