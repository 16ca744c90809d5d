"""The daemon's end of the bus: answers requests, carries out authorised commands, publishes events.

One thread owns the sockets; handlers run in a few worker threads, so that a slow one delays nobody else. What comes
back from them goes through an :class:`~delivery.network.bus.wakeup.Inbox`, never through a shared socket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Event as Flag
from threading import Thread
from typing import Any, Final

import structlog
import zmq
from zmq.auth.thread import ThreadAuthenticator

from delivery.clock import Clock, to_micros
from delivery.errors import N_, Refused
from delivery.ids import IdSource
from delivery.network.bus.address import LOOPBACK, BusAddress
from delivery.network.bus.authorise import GivenCommand, Method, question
from delivery.network.bus.desk import Desk
from delivery.network.bus.gatekeeper import Doorman, doorman_at_work, guard, prove_refusal
from delivery.network.bus.keys import KeyBook, KeyPair
from delivery.network.bus.protocol import MAX_BYTES, Event, encode
from delivery.network.bus.wakeup import Inbox

HEARTBEAT_S = 1.0
STOP_S = 1.0
"""Longest time that :meth:`BusServer.stop` takes for the sockets."""
_LINGER_MS = 200
_UNSENT_EVENTS = 10_000
_log = structlog.get_logger(__name__)

_Outgoing = tuple[bytes, bytes] | Event
"""(peer, answer) or an event."""


class BusNotStarted(Refused):
    """The bus could not be opened."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What the daemon has counted since its start."""

    refused_keys: int
    broken: int
    refused: int
    answered: int


class BusServer:
    """A daemon on the bus.

    `record` is called with each authorised command before it is carried out, and tells it as a fact; when it fails, the
    command is not carried out. Use as a context manager, or :meth:`start` and :meth:`stop`, once.
    """

    def __init__(
        self,
        keys: KeyPair,
        book: KeyBook,
        *,
        methods: Mapping[str, Method],
        record: Callable[[GivenCommand], None],
        clock: Clock,
        ids: IdSource,
        address: BusAddress = LOOPBACK,
        workers: int = 4,
    ) -> None:
        self._keys: Final = keys
        self._clock: Final = clock
        self._ids: Final = ids
        self._wanted: Final = address
        self._doorman: Final = Doorman(book)
        self._desk: Final = Desk(
            {"ping": question(self._ping), **methods}, book, record, reply=self._reply, workers=workers
        )
        self._inbox: Inbox[_Outgoing] | None = None
        self._sequences: Final = Counter[str]()
        self._stopping: Final = Flag()
        self._ready: Final = Flag()
        self._failure: BaseException | None = None
        self._thread: Thread | None = None
        self._address = address
        self._started_at = to_micros(clock.now())

    @property
    def address(self) -> BusAddress:
        """Where it really listens; known after :meth:`start`."""
        return self._address

    @property
    def tally(self) -> Tally:
        return Tally(self._doorman.refused, self._desk.broken, self._desk.refused, self._desk.answered)

    def start(self) -> BusAddress:
        """Open the bus and return where it listens. Raises DoorOpen unless strangers are proved to be refused, and
        BusNotStarted when an endpoint cannot be taken."""
        self._inbox = Inbox(_UNSENT_EVENTS)
        self._thread = Thread(target=self._run, name="bus", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self._address

    def stop(self) -> None:
        """Close the bus; answers and events that are ready still get :data:`_LINGER_MS` ms to leave."""
        self._stopping.set()
        if self._inbox is not None:
            self._inbox.wake()
        if self._thread is not None:
            self._thread.join(STOP_S)
            self._thread = None

    def __enter__(self) -> BusServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def publish(self, topic: str, data: Any) -> None:
        """Tell every console. May be called from any thread, never blocks, and does nothing when the bus is closed."""
        if self._inbox is not None:
            # The number is given where events are sent, by one thread, so that order and number agree.
            self._inbox.put(Event(topic, 0, data))

    # --- everything below runs in the bus thread, except `_reply` and `_ping` -------------------

    def _run(self) -> None:
        assert self._inbox is not None
        try:
            with ExitStack() as stack:
                self._serve(stack, self._inbox)
        except BaseException as error:
            # `start` is waiting and raises it; afterwards nobody waits, and the log must tell.
            if self._ready.is_set():
                _log.exception("bus.died")
            self._failure = error
        finally:
            inbox, self._inbox = self._inbox, None
            inbox.close()
            self._ready.set()

    def _serve(self, stack: ExitStack, inbox: Inbox[_Outgoing]) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stack.callback(context.destroy, 0)
        authenticator = stack.enter_context(doorman_at_work(context, self._doorman))
        router = self._open(stack, context, zmq.ROUTER)
        router.router_mandatory = 1
        publisher = self._open(stack, context, zmq.XPUB)
        publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._address = BusAddress(
            _bind(router, self._wanted.requests), _bind(publisher, self._wanted.events)
        )
        for endpoint, kind in ((self._address.requests, zmq.DEALER), (self._address.events, zmq.SUB)):
            prove_refusal(
                context,
                endpoint,
                kind=kind,
                server_key=self._keys.public,
                ids=self._ids,
                doorman=self._doorman,
            )
        stack.enter_context(self._desk.open())
        _log.info("bus.open", requests=self._address.requests, events=self._address.events)
        self._ready.set()
        self._loop(router, publisher, inbox, authenticator)

    def _open(
        self, stack: ExitStack, context: zmq.Context[zmq.Socket[bytes]], kind: int
    ) -> zmq.Socket[bytes]:
        socket = context.socket(kind)
        stack.callback(socket.close, _LINGER_MS)
        guard(socket, self._keys)
        socket.maxmsgsize = MAX_BYTES
        socket.sndtimeo = 0
        socket.heartbeat_ivl = 2_000
        socket.heartbeat_timeout = 5_000
        return socket

    def _loop(
        self,
        router: zmq.Socket[bytes],
        publisher: zmq.Socket[bytes],
        inbox: Inbox[_Outgoing],
        authenticator: ThreadAuthenticator,
    ) -> None:
        poller = zmq.Poller()
        for source in (router, publisher, inbox.fd):
            poller.register(source, zmq.POLLIN)
        due = self._clock.monotonic()
        while not self._stopping.is_set():
            if (left := due - self._clock.monotonic()) <= 0:
                due = self._clock.monotonic() + HEARTBEAT_S
                left = HEARTBEAT_S
                if not authenticator.is_alive():
                    raise RuntimeError("the authenticator has stopped")
                self._send_heartbeat(publisher)
            ready = dict(poller.poll(int(left * 1000) + 1))
            if router in ready:
                self._receive(router)
            if publisher in ready and _someone_joined(publisher):
                # Whoever joins learns at once that the daemon lives.
                self._send_heartbeat(publisher)
            if inbox.fd in ready:
                self._flush(router, publisher, inbox)
        self._flush(router, publisher, inbox)

    def _receive(self, router: zmq.Socket[bytes]) -> None:
        """Take what has come, but let others have their turn: at most 100 messages."""
        for _ in range(100):
            try:
                frames = router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            try:
                user = str(frames[-1].get("User-Id"))
            except zmq.ZMQError:
                user = ""
            body = frames[1].bytes if len(frames) == 2 else b""
            self._desk.take(frames[0].bytes, user, body)

    def _flush(
        self, router: zmq.Socket[bytes], publisher: zmq.Socket[bytes], inbox: Inbox[_Outgoing]
    ) -> None:
        for item in inbox.take():
            if isinstance(item, Event):
                self._send_event(publisher, item.topic, item.data)
            else:
                # A console that has gone, or does not read, loses its answer and will ask again.
                with suppress(zmq.ZMQError):
                    router.send_multipart(item, zmq.NOBLOCK)

    def _send_heartbeat(self, publisher: zmq.Socket[bytes]) -> None:
        data = {"now": to_micros(self._clock.now()), "started": self._started_at}
        self._send_event(publisher, "heartbeat", data)

    def _send_event(self, publisher: zmq.Socket[bytes], topic: str, data: Any) -> None:
        self._sequences[topic] += 1
        try:
            raw = encode(Event(topic, self._sequences[topic], data))
        except Refused as error:
            _log.error("bus.event_unsendable", topic=topic[:64], reason=str(error))
            return
        with suppress(zmq.Again):
            publisher.send_multipart((topic.encode(), raw), zmq.NOBLOCK)

    # --- called by workers ----------------------------------------------------------------------

    def _reply(self, peer: bytes, raw: bytes) -> None:
        inbox = self._inbox
        if inbox is not None:
            inbox.put((peer, raw))

    def _ping(self, _params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        return {"now": to_micros(self._clock.now()), "started": self._started_at, "actor": actor}


def _bind(socket: zmq.Socket[bytes], endpoint: str) -> str:
    """Listen at `endpoint`; returns it with the port that was really taken."""
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise BusNotStarted(
            N_("The bus cannot listen at {endpoint}: {reason}."),
            do=N_("Stop the other program that uses it, or choose another address."),
            endpoint=endpoint,
            reason=error.strerror or str(error),
        ) from error
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def _someone_joined(publisher: zmq.Socket[bytes]) -> bool:
    """Read what subscribers said; true when one of them subscribed."""
    joined = False
    with suppress(zmq.Again):
        while True:
            joined |= publisher.recv(zmq.NOBLOCK).startswith(b"\x01")
    return joined
