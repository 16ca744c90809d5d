"""One supervisor over the daemons of a site: starts them, restarts what died, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

import structlog
from filelock import FileLock, Timeout

from delivery.clock import Clock
from delivery.errors import N_, Refused
from delivery.settings import Settings

STOP_S: Final = 4.0
"""How long daemons may take to end before they are killed; the command's promise is 5 s."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 60.0
"""A daemon that ran this long is started again at once when it dies."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Daemon:
    """One daemon and its process of the moment."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = _FIRST_PAUSE_S
    restarts: int = 0
    next_start: float = field(default=0.0)


class Supervisor:
    """Keeps `names` running until :meth:`stop`."""

    def __init__(self, settings: Settings, names: Sequence[str], *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._daemons = [Daemon(name) for name in names]
        self._stopping = Event()
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start every daemon and watch over them in a thread."""
        for daemon in self._daemons:
            self._start(daemon)
        self._thread.start()

    def _start(self, daemon: Daemon) -> None:
        settings = self._settings
        command = [
            sys.executable,
            "-m",
            "delivery.cli.main",
            "--home",
            str(settings.home),
            "--lang",
            settings.lang,
        ]
        if settings.database:
            # By the environment, because command lines are seen by every user of the machine.
            environment = {**os.environ, "TUXA_DATABASE": settings.database}
        else:
            environment = dict(os.environ)
        environment |= {"TUXA_PORT": str(settings.port), "TUXA_HOST": settings.host}
        daemon.process = subprocess.Popen(
            [*command, "serve", daemon.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            # A session of its own: Ctrl-C reaches the supervisor alone, which then ends its daemons in order.
            start_new_session=True,
        )
        daemon.started = self._clock.monotonic()

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            now = self._clock.monotonic()
            for daemon in self._daemons:
                if daemon.process is not None and daemon.process.poll() is not None:
                    self._died(daemon, now)
                elif daemon.process is None and now >= daemon.next_start:
                    self._start(daemon)

    def _died(self, daemon: Daemon, now: float) -> None:
        assert daemon.process is not None
        _log.error(
            "daemon-died", service=daemon.name, code=daemon.process.returncode, restarts=daemon.restarts
        )
        steady = now - daemon.started > _STEADY_S
        daemon.pause = _FIRST_PAUSE_S if steady else min(daemon.pause * 2, _LONGEST_PAUSE_S)
        daemon.next_start = now + (0 if steady else daemon.pause)
        daemon.restarts += 1
        _close(daemon)

    def running(self) -> dict[str, int | None]:
        """Name of each daemon and its process id; None between two starts."""
        return {d.name: d.process.pid if d.process else None for d in self._daemons}

    def stop(self) -> None:
        """End every daemon: politely, and after :data:`STOP_S` by force. Returns when none is left."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        alive = [d for d in self._daemons if d.process is not None and d.process.poll() is None]
        for daemon in alive:
            _signal_group(daemon, signal.SIGTERM, only_leader=True)
        deadline = self._clock.monotonic() + STOP_S
        for daemon in alive:
            assert daemon.process is not None
            with suppress(subprocess.TimeoutExpired):
                daemon.process.wait(max(0.05, deadline - self._clock.monotonic()))
        for daemon in self._daemons:
            # What a daemon started (workers of its pool) goes with it.
            _signal_group(daemon, signal.SIGKILL)
            _close(daemon)


def _signal_group(daemon: Daemon, number: signal.Signals, *, only_leader: bool = False) -> None:
    if daemon.process is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if only_leader:
            daemon.process.send_signal(number)
        else:
            os.killpg(daemon.process.pid, number)


def _close(daemon: Daemon) -> None:
    if daemon.process is not None:
        if daemon.process.stdin is not None:
            with suppress(OSError):
                daemon.process.stdin.close()
        daemon.process.wait()
        daemon.process = None


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """One supervisor per home. Raises Refused when another one runs."""
    lock = FileLock(settings.home / "run" / "up.lock")
    (settings.home / "run").mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Refused(
            N_("The station of this home is already running: {home}"),
            do=N_("Use the running one, stop it with Ctrl-C, or name another home with --home."),
            home=str(settings.home),
        ) from error
    try:
        yield
    finally:
        lock.release()


def wait_until_ready(settings: Settings, *, clock: Clock, seconds: float = 30.0) -> None:
    """Wait for the portal to answer. Raises Refused when it does not."""
    deadline = clock.monotonic() + seconds
    address = f"{settings.address}/healthz"
    # The portal's own certificate bears the name that the world knows, not this machine's loopback.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    pause = Event()
    while clock.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2, context=trusting) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pause.wait(0.1)
    raise Refused(
        N_("The portal does not answer at {address}."),
        do=N_("Look into {log}; is another program using port {port}?"),
        address=address,
        log=str(settings.home / "log" / "portal.log"),
        port=settings.port,
    )


def require_certificate(settings: Settings) -> None:
    """Raise Refused when the portal is to speak https, and its certificate and key cannot be used."""
    if not settings.tls_certificate:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_certificate, settings.tls_key or None, password=""
        )
    except (OSError, ValueError) as error:
        raise Refused(
            N_("The certificate {file} cannot be used: {reason}."),
            do=N_(
                "Set tls_certificate to a PEM file with the certificate and its chain, and tls_key to its private key, "
                "unlocked and readable for this account."
            ),
            file=settings.tls_certificate,
            reason=getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error),
        ) from error


def require_free_port(settings: Settings) -> None:
    """Raise Refused when something else listens on the portal's port."""
    import socket

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Refused(
                N_("Port {port} on {host} is taken: {reason}"),
                do=N_("Choose another one, for example: tuxa up --port {other}"),
                port=settings.port,
                host=settings.host,
                reason=error.strerror or str(error),
                other=settings.port + 1,
            ) from error
