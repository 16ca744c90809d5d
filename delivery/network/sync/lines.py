"""Sockets of the sync: a main site listens (ROUTER), the others call it (DEALER), both with CURVE.

Facts and blobs have a pair of sockets each, so that a large file never stands before a fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import IntEnum

import zmq
from zmq.utils.monitor import recv_monitor_message

from delivery.errors import N_, Refused
from delivery.ids import IdSource
from delivery.network.bus.gatekeeper import Doorman, doorman_at_work, guard, prove_refusal
from delivery.network.bus.keys import KeyHolder, KeyPair
from delivery.network.sync.codec import MAX_FRAME
from delivery.network.sync.keys import SiteBook

Socket = zmq.Socket[bytes]
_FAILED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL


class Channel(IntEnum):
    """What a pair of sockets carries."""

    FACTS = 0
    BLOBS = 1


@dataclass(frozen=True, slots=True)
class Received:
    """A message from outside: its sender is known by the key of the connection."""

    channel: Channel
    holder: KeyHolder
    key: str
    """Transport key of the sender, Z85."""
    peer: bytes
    """Where an answer goes."""
    raw: bytes


class NotListening(Refused):
    """An address cannot be used."""


class ListeningLine:
    """The main site's sockets. The blobs' port is the one after the facts' port."""

    def __init__(self, address: str, keys: KeyPair, book: SiteBook, *, ids: IdSource) -> None:
        """Raises NotListening when the address is taken, and DoorOpen unless strangers are proved to be refused."""
        self._book = book
        self.doorman = Doorman(book)
        self._stack = ExitStack()
        try:
            context: zmq.Context[Socket] = zmq.Context()
            self._stack.callback(context.destroy, 0)
            self._authenticator = self._stack.enter_context(doorman_at_work(context, self.doorman))
            self._sockets = []
            self.address = ""
            for channel in Channel:
                socket = context.socket(zmq.ROUTER)
                guard(socket, keys)
                _prepare(socket)
                socket.router_mandatory = 1
                bound = _bind(socket, address if channel is Channel.FACTS else after(self.address))
                self.address = self.address or bound
                prove_refusal(
                    context, bound, kind=zmq.DEALER, server_key=keys.public, ids=ids, doorman=self.doorman
                )
                self._sockets.append(socket)
        except BaseException:
            self._stack.close()
            raise

    def wait(self, seconds: float) -> None:
        """Until something comes, at most so long."""
        if not self._authenticator.is_alive():
            raise RuntimeError("the authenticator has stopped")
        _wait(self._sockets, seconds)

    def receive(self, channel: Channel, most: int) -> Iterator[Received]:
        """What has come, from keys that are known at this moment."""
        for _ in range(most):
            try:
                frames = self._sockets[channel].recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            try:
                key = str(frames[-1].get("User-Id"))
            except zmq.ZMQError:
                continue
            holder = self._book.holder(key)
            if holder is not None and len(frames) == 2:
                yield Received(channel, holder, key, frames[0].bytes, frames[1].bytes)

    def send(self, channel: Channel, peer: bytes, raw: bytes) -> bool:
        """Hand over a message; False when that site is not connected, or does not read."""
        try:
            self._sockets[channel].send_multipart((peer, raw), zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def close(self) -> None:
        """Close the sockets; what was handed over still gets a moment to leave."""
        for socket in self._sockets:
            socket.close(200)
        self._stack.close()


class CallingLine:
    """Another site's sockets to the main site."""

    def __init__(self, address: str, keys: KeyPair, *, main: str, server: str) -> None:
        """`main` is the code of the main site, `server` its transport key, the only one that is accepted."""
        self._holder = KeyHolder(main, frozenset({"site"}))
        self._server = server
        self._context: zmq.Context[Socket] = zmq.Context()
        self._sockets: list[Socket] = []
        self._monitors: list[Socket] = []
        self._refused = False
        self._renewed: set[Channel] = set()
        for channel in Channel:
            socket = self._context.socket(zmq.DEALER)
            socket.curve_publickey = keys.public.encode()
            socket.curve_secretkey = keys.secret.encode()
            socket.curve_serverkey = server.encode()
            _prepare(socket)
            # A message waits for a finished connection, not inside a pipe to a site that may come days later.
            socket.immediate = True
            socket.connect_timeout = 5_000
            socket.handshake_ivl = 5_000
            socket.reconnect_ivl = 200
            socket.reconnect_ivl_max = 5_000
            self._monitors.append(socket.get_monitor_socket(_FAILED | zmq.EVENT_HANDSHAKE_SUCCEEDED))
            self._sockets.append(socket)
            try:
                socket.connect(address if channel is Channel.FACTS else after(address))
            except zmq.ZMQError as error:
                self._context.destroy(0)
                raise _unusable(address, error) from error

    def wait(self, seconds: float) -> None:
        """Until something comes or the connection is made, at most so long."""
        _wait([*self._sockets, *self._monitors], seconds)

    def was_refused(self) -> bool:
        """Whether the main site turned our key away: then libzmq calls no more, and the line must be made anew."""
        self._listen_to_monitors()
        refused, self._refused = self._refused, False
        return refused

    def renewed(self) -> set[Channel]:
        """Connections that were made, or made again, since the last question."""
        self._listen_to_monitors()
        renewed, self._renewed = self._renewed, set()
        return renewed

    def _listen_to_monitors(self) -> None:
        for channel, monitor in zip(Channel, self._monitors, strict=True):
            while monitor.poll(0):
                if recv_monitor_message(monitor)["event"] & _FAILED:
                    self._refused = True
                else:
                    self._renewed.add(channel)

    def receive(self, channel: Channel, most: int) -> Iterator[Received]:
        """What has come from the main site."""
        for _ in range(most):
            try:
                frames = self._sockets[channel].recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            yield Received(channel, self._holder, self._server, b"", frames[-1])

    def send(self, channel: Channel, peer: bytes, raw: bytes) -> bool:
        """Hand over a message; False while there is no connection."""
        with suppress(zmq.Again):
            self._sockets[channel].send(raw, zmq.NOBLOCK)
            return True
        return False

    def close(self) -> None:
        """Hang up."""
        for socket, monitor in zip(self._sockets, self._monitors, strict=True):
            socket.disable_monitor()
            monitor.close(0)
            socket.close(200)
        self._context.term()


Line = ListeningLine | CallingLine


def after(address: str) -> str:
    """The address one port further, where the blobs go."""
    head, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise NotListening(
            N_("“{address}” is not an address for the sync."),
            do=N_(
                "Write it with its port, for example tcp://0.0.0.0:8643 (the port after it is used as well)."
            ),
            address=address,
        )
    return f"{head}:{int(port) + 1}"


def _prepare(socket: Socket) -> None:
    socket.linger = 0
    socket.sndtimeo = 0
    socket.maxmsgsize = MAX_FRAME
    socket.heartbeat_ivl = 5_000
    socket.heartbeat_timeout = 15_000
    socket.sndhwm = 64
    socket.rcvhwm = 64


def _wait(sockets: list[Socket], seconds: float) -> None:
    poller = zmq.Poller()
    for socket in sockets:
        poller.register(socket, zmq.POLLIN)
    poller.poll(max(0, int(seconds * 1000)))


def _bind(socket: Socket, address: str) -> str:
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        raise _unusable(address, error) from error
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def _unusable(address: str, error: zmq.ZMQError) -> NotListening:
    return NotListening(
        N_("The sync cannot use the address {address}: {reason}."),
        do=N_("Stop the other program that uses it, or choose another one with the setting sync_listen."),
        address=address,
        reason=error.strerror or str(error),
    )
