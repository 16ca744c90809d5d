"""The door of a daemon: CURVE with a ZAP handler that is proved to run.

A CURVE server without a ZAP handler lets in ANY key. Three fences stand here: the sockets enforce a ZAP domain, so that
libzmq itself refuses every connection when no handler answers; :func:`prove_refusal` shows on the live sockets, with a
key that nobody knows, that strangers are turned away; and a message without a known ``User-Id`` is never carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

from delivery.errors import N_, ConfigError
from delivery.ids import IdSource
from delivery.network.bus.keys import KeyBook, KeyHolder, KeyPair, new_key_pair

ZAP_DOMAIN = b"tuxa.bus"
PROOF_S = 3.0
"""Longest wait for the refusal of the unknown key."""


class DoorOpen(ConfigError):
    """The daemon could not prove that unknown keys are refused, so it does not start."""


class Doorman:
    """Credentials provider of the authenticator: asks the key book, counts who was turned away."""

    def __init__(self, book: KeyBook) -> None:
        self._book = book
        self._lock = Lock()
        self._probes: set[str] = set()
        self._refused = 0

    @property
    def refused(self) -> int:
        """Connections turned away since the start, the daemon's own probes left out."""
        with self._lock:
            return self._refused

    def expect_probe(self, public: str) -> None:
        """A connection with this key is the daemon's own proof; it is refused like any other stranger's."""
        with self._lock:
            self._probes.add(public)

    def holder(self, public: str) -> KeyHolder | None:
        return self._book.holder(public)

    def callback(self, domain: str, key: bytes) -> bool:
        """Called in the authenticator's thread with the Z85 key of each new connection."""
        public = key.decode("ascii")
        known = domain == ZAP_DOMAIN.decode() and self._book.holder(public) is not None
        if not known:
            with self._lock:
                self._refused += public not in self._probes
        return known


@contextmanager
def doorman_at_work(
    context: zmq.Context[zmq.Socket[bytes]], doorman: Doorman
) -> Iterator[ThreadAuthenticator]:
    """Run the ZAP authenticator for all sockets of `context`."""
    authenticator = ThreadAuthenticator(context)
    authenticator.configure_curve_callback(ZAP_DOMAIN.decode(), doorman)
    authenticator.start()
    try:
        yield authenticator
    finally:
        authenticator.stop()


def guard(socket: zmq.Socket[bytes], keys: KeyPair) -> None:
    """Make `socket` a CURVE server that refuses everybody unless a ZAP handler vouches for them."""
    socket.curve_server = True
    socket.curve_secretkey = keys.secret.encode()
    socket.curve_publickey = keys.public.encode()
    socket.zap_domain = ZAP_DOMAIN
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def prove_refusal(
    context: zmq.Context[zmq.Socket[bytes]],
    endpoint: str,
    *,
    kind: int,
    server_key: str,
    ids: IdSource,
    doorman: Doorman | None = None,
    within_s: float = PROOF_S,
) -> None:
    """Knock at `endpoint` with a key that nobody knows. Returns when refused; raises DoorOpen otherwise.

    `kind` is a socket type that the endpoint talks to: another would be turned away for its type, which proves nothing.
    """
    stranger = new_key_pair(ids)
    if doorman:
        doorman.expect_probe(stranger.public)
    probe = context.socket(kind)
    probe.linger = 0
    probe.curve_publickey = stranger.public.encode()
    probe.curve_secretkey = stranger.secret.encode()
    probe.curve_serverkey = server_key.encode()
    outcomes = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_SUCCEEDED
    monitor = probe.get_monitor_socket(outcomes)
    try:
        probe.connect(endpoint)
        refused = None
        if monitor.poll(int(within_s * 1000)):
            refused = recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH
    finally:
        probe.disable_monitor()
        monitor.close(0)
        probe.close()
    if refused:
        return
    if refused is False:
        raise DoorOpen(
            N_("The bus at {endpoint} let in a key that nobody knows."),
            do=N_("This is a fault of the installation; nothing was opened. Run “tuxa doctor”."),
            endpoint=endpoint,
        )
    raise DoorOpen(
        N_("The bus at {endpoint} did not refuse an unknown key within {seconds} s."),
        do=N_("Start again; if it stays so, run “tuxa doctor”."),
        endpoint=endpoint,
        seconds=within_s,
    )
