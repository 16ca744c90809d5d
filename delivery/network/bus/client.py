"""A console's end of the bus: questions and commands with answers, and a stream of events.

One thread owns the sockets. It notices within :data:`SILENCE_S` seconds that the daemon has gone silent, tells everyone
who waits, and finds the daemon again by itself. Nothing is kept for later: a command that could not be handed over at
once fails now, because carrying it out minutes later would surprise everybody.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Condition, Thread
from typing import Any, Final

import structlog
import zmq

from delivery.clock import Clock
from delivery.errors import N_, Refused, TuxaError
from delivery.ids import IdSource
from delivery.network.bus.address import BusAddress
from delivery.network.bus.keys import KeyPair
from delivery.network.bus.line import Line
from delivery.network.bus.protocol import Answer, Command, Event, Request, encode
from delivery.network.bus.wakeup import Inbox

SILENCE_S = 2.5
"""The daemon beats every second; after this long without a beat it is lost."""
REFUSED_PAUSE_S = 2.0
"""How long to stay away from a daemon that refused our key."""
_SEARCH_S = 0.25
_UNREAD = 10_000
_log = structlog.get_logger(__name__)


class Link(StrEnum):
    """How it stands between this console and the daemon."""

    CONNECTING = "connecting"
    UP = "up"
    LOST = "lost"
    REFUSED = "refused"
    ALONE = "alone"
    """There is no daemon; this process does the work itself (delivery.network.bus.inprocess)."""


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link has come up, was lost, or our key was refused. Comes in order with the events."""

    link: Link


@dataclass(frozen=True, slots=True)
class Missed:
    """Events of `topic` were lost on the way: ask for the state again."""

    topic: str


class LinkLost(Refused):
    """The daemon cannot be reached."""


class KeyRefused(Refused):
    """The daemon does not know this console's key."""


class NoAnswer(Refused):
    """The daemon is there but did not answer in time."""


Item = Event | LinkChanged | Missed


@dataclass(slots=True)
class _Call:
    id: str
    raw: bytes
    late: TuxaError
    deadline: float
    future: Future[Any] = field(default_factory=Future)


class BusClient:
    """Connection of one console. Methods may be called from any thread; use as a context manager."""

    def __init__(
        self,
        keys: KeyPair,
        *,
        daemon_key: str,
        find: Callable[[], BusAddress],
        clock: Clock,
        ids: IdSource,
    ) -> None:
        """`find` tells where the daemon listens now; it is asked again after each loss, and raises TuxaError while
        there is no daemon."""
        self._keys: Final = keys
        self._daemon_key: Final = daemon_key
        self._find: Final = find
        self._clock: Final = clock
        self._ids: Final = ids
        self._inbox: Final[Inbox[_Call]] = Inbox(_UNREAD)
        self._calls: Final[dict[str, _Call]] = {}
        self._unsent: list[_Call] = []
        self._changed: Final = Condition()
        self._link = Link.CONNECTING
        self._subscribers: Final[list[queue.Queue[Item | None]]] = []
        self._sequences: Final[dict[str, int]] = {}
        self._closed = False
        self._line: Line | None = None
        self._heard = 0.0
        self._retry_at = 0.0
        self._thread: Thread | None = None

    @property
    def link(self) -> Link:
        return self._link

    def open(self) -> None:
        """Begin to connect; returns at once."""
        self._thread = Thread(target=self._run, name="bus-client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up. Those who wait for an answer get LinkLost, and iterators over events end."""
        self._closed = True
        self._inbox.wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> BusClient:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_for(self, link: Link, *, within_s: float) -> bool:
        """Wait until the link stands so; False when it does not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._link is link, within_s)

    def ask(self, method: str, params: Mapping[str, Any] | None = None, *, within_s: float = 3.0) -> Any:
        """Ask the daemon and wait for the result.

        Raises what the daemon refused with, or LinkLost, KeyRefused, NoAnswer.
        """
        late = NoAnswer(
            N_("The station did not answer “{method}” within {seconds} s."),
            do=N_("Try again."),
            method=method,
            seconds=within_s,
        )
        message = Request(self._new_id(), method, params or {})
        return self._wait(message, late=late, within_s=within_s)

    def command(
        self, method: str, params: Mapping[str, Any] | None = None, *, actor: str, within_s: float = 10.0
    ) -> Any:
        """Give a command as `actor` and wait until it is carried out. Raises as :meth:`ask`."""
        late = NoAnswer(
            N_("The station did not confirm “{method}” within {seconds} s; it may have been carried out."),
            do=N_("Look at the state before giving the command again."),
            method=method,
            seconds=within_s,
        )
        message = Command(self._new_id(), method, params or {}, actor)
        return self._wait(message, late=late, within_s=within_s)

    @contextmanager
    def events(self) -> Iterator[Iterator[Item]]:
        """Everything that comes from now on, beginning with the state of the link; ends when the client is closed."""
        unread: queue.Queue[Item | None] = queue.Queue(_UNREAD)
        with self._changed:
            unread.put(LinkChanged(self._link))
            if self._closed:
                unread.put(None)
            self._subscribers.append(unread)
        try:
            yield iter(unread.get, None)
        finally:
            with self._changed:
                self._subscribers.remove(unread)

    def _new_id(self) -> str:
        return self._ids.random_bytes(12).hex()

    def _wait(self, message: Request | Command, *, late: TuxaError, within_s: float) -> Any:
        call = _Call(message.id, encode(message), late, self._clock.monotonic() + within_s)
        if self._closed or self._link in (Link.LOST, Link.REFUSED):
            raise self._why_down()
        self._inbox.put(call)
        try:
            return call.future.result(within_s + SILENCE_S)
        except Late:
            raise late from None

    def _why_down(self) -> TuxaError:
        if self._link is Link.REFUSED:
            return KeyRefused(
                N_("The station refuses this console's key."),
                do=N_("Ask an administrator to enter the key in the station's list."),
            )
        return LinkLost(
            N_("Contact with the station is lost."),
            do=N_("The console keeps trying; give the command again when it is back."),
        )

    # --- everything below runs in the client's own thread ---------------------------------------

    def _run(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._heard = self._clock.monotonic()
        try:
            while not self._closed:
                self._step(context)
        except Exception:
            _log.exception("bus.client_died")
            raise
        finally:
            self._closed = True
            self._hang_up(Link.LOST)
            self._fail_all()
            self._tell(None)
            self._inbox.close()
            context.destroy(0)

    def _step(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Wait for whatever comes first, and deal with it."""
        if self._line is None:
            self._try_to_connect(context)
        poller = zmq.Poller()
        poller.register(self._inbox.fd, zmq.POLLIN)
        for socket in self._line.sockets if self._line else ():
            poller.register(socket, zmq.POLLIN)
        poller.poll(int(self._patience() * 1000) + 1)
        for call in self._inbox.take():
            self._calls[call.id] = call
            self._unsent.append(call)
        if self._line is not None:
            self._read(self._line)
        self._send_unsent()
        self._give_up_late_ones()
        if self._clock.monotonic() - self._heard > SILENCE_S and self._link is not Link.REFUSED:
            self._hang_up(Link.LOST)

    def _patience(self) -> float:
        """Seconds until something is due even when nothing comes."""
        now = self._clock.monotonic()
        if self._line is None:
            return max(self._retry_at - now, 0.0)
        due = min([self._heard + SILENCE_S, *(call.deadline for call in self._calls.values())])
        return min(max(due - now, 0.0), 0.02 if self._unsent else SILENCE_S)

    def _try_to_connect(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        now = self._clock.monotonic()
        if now < self._retry_at:
            return
        self._retry_at = now + _SEARCH_S
        # While nobody is there the file may still name a daemon that was killed: it is read again each time.
        with suppress(TuxaError):
            self._line = Line(context, self._find(), keys=self._keys, daemon_key=self._daemon_key)
            self._heard = now

    def _read(self, line: Line) -> None:
        for event in line.events():
            self._heard = self._clock.monotonic()
            self._set_link(Link.UP)
            self._note(event)
        for answer in line.answers():
            self._heard = self._clock.monotonic()
            self._resolve(answer)
        if line.was_refused():
            self._hang_up(Link.REFUSED)
            self._retry_at = self._clock.monotonic() + REFUSED_PAUSE_S

    def _note(self, event: Event) -> None:
        before = self._sequences.get(event.topic)
        self._sequences[event.topic] = event.sequence
        if before is not None and event.sequence != before + 1:
            self._tell(Missed(event.topic))
        self._tell(event)

    def _resolve(self, answer: Answer) -> None:
        call = self._calls.pop(answer.id, None)
        if call is None:
            return
        if answer.error is None:
            call.future.set_result(answer.result)
        else:
            error = answer.error
            call.future.set_exception(Refused(error.msgid, do=error.do, **error.params))

    def _send_unsent(self) -> None:
        if self._line is None:
            return
        unsent, self._unsent = self._unsent, []
        for call in unsent:
            if call.id in self._calls and not self._line.send(call.raw):
                self._unsent.append(call)

    def _give_up_late_ones(self) -> None:
        now = self._clock.monotonic()
        for call in [call for call in self._calls.values() if call.deadline <= now]:
            del self._calls[call.id]
            call.future.set_exception(call.late)

    def _hang_up(self, link: Link) -> None:
        """Close the line with all that still lies in it, so that nothing is delivered later."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._sequences.clear()
        self._heard = self._clock.monotonic()
        self._set_link(link)
        self._fail_all()

    def _fail_all(self) -> None:
        for call in [*self._inbox.take(), *self._calls.values()]:
            if not call.future.done():
                call.future.set_exception(self._why_down())
        self._calls.clear()
        self._unsent.clear()

    def _set_link(self, link: Link) -> None:
        with self._changed:
            if self._link is link:
                return
            self._link = link
            self._changed.notify_all()
        self._tell(LinkChanged(link))

    def _tell(self, item: Item | None) -> None:
        with self._changed:
            for unread in self._subscribers:
                while True:
                    try:
                        unread.put_nowait(item)
                        break
                    except queue.Full:
                        # A reader that has stopped reading loses the oldest.
                        with suppress(queue.Empty):
                            unread.get_nowait()
