"""The sockets of one connection from a console to a daemon. Belongs to one thread."""

from __future__ import annotations

from collections.abc import Iterator

import zmq
from zmq.utils.monitor import recv_monitor_message

from delivery.errors import N_, NotFound
from delivery.network.bus.address import BusAddress
from delivery.network.bus.keys import KeyPair
from delivery.network.bus.protocol import MAX_BYTES, Answer, BadMessage, Envelope, Event, decode


class Line:
    """A DEALER for requests and a SUB for events, both CURVE clients that accept only the daemon's own key."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], address: BusAddress, *, keys: KeyPair, daemon_key: str
    ) -> None:
        self._dealer = _client(context, zmq.DEALER, keys, daemon_key=daemon_key)
        # A message waits for a finished connection, not inside a pipe to a daemon that may come much later.
        self._dealer.immediate = True
        self._dealer.sndtimeo = 0
        self._events = _client(context, zmq.SUB, keys, daemon_key=daemon_key)
        self._events.subscribe(b"")
        self._monitors = [
            s.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH) for s in (self._dealer, self._events)
        ]
        try:
            self._dealer.connect(address.requests)
            self._events.connect(address.events)
        except zmq.ZMQError as error:
            self.close()
            raise NotFound(
                N_("The station's address “{requests}”, “{events}” cannot be used."),
                do=N_("Start the station again with “tuxa up”."),
                requests=address.requests,
                events=address.events,
            ) from error

    @property
    def sockets(self) -> tuple[zmq.Socket[bytes], ...]:
        return (self._dealer, self._events, *self._monitors)

    def send(self, raw: bytes) -> bool:
        """Hand a message over; False when there is no finished connection (yet)."""
        try:
            self._dealer.send(raw, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def answers(self) -> Iterator[Answer]:
        """Answers that have come."""
        return (message for message in _messages(self._dealer) if isinstance(message, Answer))

    def events(self) -> Iterator[Event]:
        """Events that have come."""
        return (message for message in _messages(self._events) if isinstance(message, Event))

    def was_refused(self) -> bool:
        """True when the daemon has turned our key away."""
        refused = False
        for monitor in self._monitors:
            while monitor.poll(0):
                recv_monitor_message(monitor)
                refused = True
        return refused

    def close(self) -> None:
        for socket, monitor in zip((self._dealer, self._events), self._monitors, strict=True):
            socket.disable_monitor()
            monitor.close(0)
            socket.close(0)


def _client(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, keys: KeyPair, *, daemon_key: str
) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.linger = 0
    socket.curve_publickey = keys.public.encode()
    socket.curve_secretkey = keys.secret.encode()
    socket.curve_serverkey = daemon_key.encode()
    socket.maxmsgsize = 2 * MAX_BYTES
    socket.connect_timeout = 2_000
    socket.handshake_ivl = 2_000
    socket.reconnect_ivl = 100
    socket.reconnect_ivl_max = 1_000
    return socket


def _messages(socket: zmq.Socket[bytes]) -> Iterator[Envelope]:
    """Whatever has come; what cannot be read is left out, as if it had been lost on the way."""
    while True:
        try:
            frames = socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return
        try:
            yield decode(frames[-1])
        except BadMessage:
            continue
