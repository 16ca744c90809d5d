"""A station inside the console's own process, for a machine on which no daemon runs.

The same methods, the same authorisation, the same record of commands, and the same bytes: every message goes through
the bus's encoding, so that what works alone works over the bus.
"""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final, cast

from delivery.errors import N_, NotFound, Refused, TuxaError
from delivery.ids import IdSource
from delivery.network.bus.authorise import GivenCommand, Method, authorise, given
from delivery.network.bus.client import Item, Link, LinkChanged
from delivery.network.bus.keys import KeyHolder
from delivery.network.bus.protocol import Answer, Command, ErrorInfo, Event, Request, decode, encode

_UNREAD = 10_000


class Alone:
    """Carries out questions and commands in the caller's thread, as `holder`."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        *,
        holder: KeyHolder,
        record: Callable[[GivenCommand], None],
        ids: IdSource,
    ) -> None:
        self._methods: Final = methods
        self._holder: Final = holder
        self._record: Final = record
        self._ids: Final = ids
        self._lock: Final = Lock()
        self._subscribers: Final[list[queue.Queue[Item | None]]] = []
        self._sequences: Final = Counter[str]()

    @property
    def link(self) -> Link:
        return Link.ALONE

    def open(self) -> None:
        """Nothing is to be done: it is there."""

    def close(self) -> None:
        with self._lock:
            for unread in self._subscribers:
                unread.put(None)

    def ask(self, method: str, params: Mapping[str, Any] | None = None, *, within_s: float = 3.0) -> Any:
        """The result; `within_s` is the bus's, here it takes as long as it takes."""
        return self._carry_out(Request(self._ids.random_bytes(12).hex(), method, params or {}))

    def command(
        self, method: str, params: Mapping[str, Any] | None = None, *, actor: str, within_s: float = 10.0
    ) -> Any:
        return self._carry_out(Command(self._ids.random_bytes(12).hex(), method, params or {}, actor))

    @contextmanager
    def events(self) -> Iterator[Iterator[Item]]:
        unread: queue.Queue[Item | None] = queue.Queue(_UNREAD)
        unread.put(LinkChanged(Link.ALONE))
        with self._lock:
            self._subscribers.append(unread)
        try:
            yield iter(unread.get, None)
        finally:
            with self._lock:
                self._subscribers.remove(unread)

    def publish(self, topic: str, data: Any) -> None:
        """Tell this console, as the daemon would tell all of them."""
        with self._lock:
            self._sequences[topic] += 1
            event = cast("Event", decode(encode(Event(topic, self._sequences[topic], data))))
            for unread in self._subscribers:
                with suppress(queue.Full):
                    unread.put_nowait(event)

    def _carry_out(self, asked: Request | Command) -> Any:
        message = cast("Request | Command", decode(encode(asked)))
        try:
            result = self._result(message)
        except TuxaError as error:
            raise _travelled(error, message.id) from error
        return cast("Answer", decode(encode(Answer(message.id, result=result)))).result

    def _result(self, message: Request | Command) -> Any:
        method = self._methods.get(message.method)
        if method is None:
            raise NotFound(
                N_("The station knows no “{method}”."),
                do=N_("Install the same release of tuxa on both machines."),
                method=message.method,
            )
        actor = authorise(self._holder, message, method)
        if method.is_command:
            self._record(given(message, actor))
        return method.call(message.params, actor)


def _travelled(error: TuxaError, ident: str) -> Refused:
    """The refusal as it would have come over the bus."""
    answer = cast("Answer", decode(encode(Answer(ident, error=ErrorInfo.of(error)))))
    assert answer.error is not None
    return Refused(answer.error.msgid, do=answer.error.do, **answer.error.params)
