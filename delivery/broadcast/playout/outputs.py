"""Where feeds go: datagrams, a file, SRT by way of ffmpeg, and Icecast. Each connects again by itself.

Addresses::

    udp://239.1.1.1:5000?ttl=4&localaddr=10.0.0.2    1,316-byte datagrams; multicast too
    srt://host:port?mode=caller&latency=200000       through ffmpeg, whose options these are
    file:/path/feed.ts                               or a plain path
    icecast://source:password@host:8000/radio        radio: ADTS frames with titles
"""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

from delivery.broadcast.playout.udp import DATAGRAM, Udp
from delivery.errors import N_, BadInput, Refused, TuxaError

BACKOFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses between attempts to reach a peer that was lost."""
_CONNECT_S: Final = 3.0
_BUFFER: Final = 1 << 20


class Output(Protocol):
    """One peer."""

    @property
    def name(self) -> str:
        """Its address, without passwords."""
        ...

    def send(self, data: bytes) -> None:
        """Hand `data` over. Raises OSError when the peer is lost, or does not read."""
        ...

    def open(self) -> None:
        """Connect, anew after a loss. Raises OSError or TuxaError."""
        ...

    def close(self) -> None: ...


@dataclass
class ToFile:
    """A file that grows."""

    path: Path
    _handle: int = -1

    @property
    def name(self) -> str:
        return str(self.path)

    def open(self) -> None:
        self.close()
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@dataclass
class Srt:
    """SRT through ffmpeg, which passes the bytes on as they are: its ``data`` format alters none."""

    url: str
    ffmpeg: str
    _process: subprocess.Popen[bytes] | None = None
    _waiting: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> str:
        return self.url.partition("?")[0]

    def open(self) -> None:
        self.close()
        command = [
            self.ffmpeg,
            "-v",
            "error",
            "-f",
            "data",
            "-raw_packet_size",
            str(DATAGRAM),
            "-i",
            "pipe:0",
        ]
        command += ["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", self._target()]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._waiting.clear()

    def _target(self) -> str:
        joint = "&" if "?" in self.url else "?"
        return self.url if "payload_size" in self.url else f"{self.url}{joint}payload_size={DATAGRAM}"

    def send(self, data: bytes) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            told = (
                process.stderr.read().decode(errors="replace").strip() if process and process.stderr else ""
            )
            raise ConnectionResetError(told.splitlines()[-1] if told else "ffmpeg ended")
        assert process.stdin is not None
        self._waiting += data
        if len(self._waiting) > 4 * _BUFFER:
            raise TimeoutError("the peer does not read")
        try:
            written = os.write(process.stdin.fileno(), self._waiting)
        except BlockingIOError:
            return
        del self._waiting[:written]

    def close(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stderr):
            if pipe:
                pipe.close()
        process.terminate()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Icecast:
    """A mount of an Icecast server: ADTS frames by HTTP PUT, titles through its admin interface."""

    host: str
    port: int
    mount: str
    user: str
    password: str = field(repr=False)
    stream_name: str = ""
    content_type: str = "audio/aac"
    _socket: socket.socket | None = None

    @property
    def name(self) -> str:
        return f"icecast://{self.host}:{self.port}{self.mount}"

    def _authorisation(self) -> str:
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def open(self) -> None:
        self.close()
        made = socket.create_connection((self.host, self.port), _CONNECT_S)
        lines = [
            f"PUT {self.mount} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            f"Authorization: {self._authorisation()}",
            "User-Agent: tuxa",
            f"Content-Type: {self.content_type}",
            f"Ice-Name: {' '.join(self.stream_name.split())}",
            "Ice-Public: 0",
            "Expect: 100-continue",
            "",
            "",
        ]
        try:
            made.sendall("\r\n".join(lines).encode())
            answer = made.recv(1_024).decode(errors="replace").partition("\r\n")[0]
            if " 100 " not in answer + " " and " 200 " not in answer + " ":
                raise ConnectionRefusedError(answer or "no answer")
        except OSError:
            made.close()
            raise
        made.settimeout(2.0)
        self._socket = made

    def send(self, data: bytes) -> None:
        if self._socket is None:
            raise ConnectionResetError("not connected")
        self._socket.sendall(data)

    def set_title(self, title: str) -> None:
        """What listeners are shown. Raises OSError."""
        target = f"/admin/metadata?mount={quote(self.mount)}&mode=updinfo&charset=UTF-8&song={quote(title)}"
        with socket.create_connection((self.host, self.port), _CONNECT_S) as asked:
            request = f"GET {target} HTTP/1.0\r\nHost: {self.host}\r\nAuthorization: {self._authorisation()}\r\n\r\n"
            asked.sendall(request.encode())
            answer = asked.recv(256).decode(errors="replace").partition("\r\n")[0]
        if " 200 " not in answer:
            raise ConnectionRefusedError(answer)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None


def output_of(url: str, *, ffmpeg: Callable[[], str], stream_name: str = "") -> Output:
    """The output that an address names. Raises BadInput."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "udp" and parts.hostname and parts.port:
            asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            return Udp(parts.hostname, parts.port, int(asked.get("ttl", 1)), asked.get("localaddr", ""))
        if parts.scheme == "srt" and parts.port:
            return Srt(url, ffmpeg())
        if parts.scheme == "icecast" and parts.hostname and len(parts.path) > 1:
            user = unquote(parts.username or "source")
            password = unquote(parts.password or "")
            return Icecast(parts.hostname, parts.port or 8000, parts.path, user, password, stream_name)
        if parts.scheme in ("", "file") and parts.path:
            path = Path(unquote(parts.path) if parts.scheme else url)
            if path.parent.is_dir():
                return ToFile(path)
    except ValueError as error:
        raise _unusable(url, str(error)) from error
    raise _unusable(parts._replace(netloc=parts.hostname or "").geturl(), "")


def _unusable(url: str, reason: str) -> BadInput:
    return BadInput(
        N_("A feed cannot go to “{url}” {reason}"),
        do=N_("Use udp://host:port, srt://host:port, icecast://user:password@host:port/mount, or a file."),
        url=url,
        reason=f"({reason})" if reason else "",
    )


@dataclass
class Line:
    """An output that is opened again after each loss, with pauses that grow."""

    output: Output
    monotonic: Callable[[], float]
    lost: Callable[[str, str], None] = lambda _name, _reason: None
    """Called with name and reason when the peer is lost, or cannot be reached."""
    found: Callable[[str], None] = lambda _name: None
    _open: bool = False
    _failures: int = 0
    _retry_at: float = 0.0
    dropped: int = 0
    """Bytes that were not taken."""

    @property
    def is_up(self) -> bool:
        return self._open

    def send(self, data: bytes) -> bool:
        """Hand over, or drop while the peer is away; whether it was taken."""
        if not self._open and not self._connect():
            self.dropped += len(data)
            return False
        try:
            self.output.send(data)
        except OSError as error:
            self._fail(str(error) or type(error).__name__)
            self.dropped += len(data)
            return False
        return True

    def _connect(self) -> bool:
        if self.monotonic() < self._retry_at:
            return False
        try:
            self.output.open()
        except (OSError, TuxaError) as error:
            self._fail(str(error) or type(error).__name__)
            return False
        self._open, self._failures = True, 0
        self.found(self.output.name)
        return True

    def _fail(self, reason: str) -> None:
        self.output.close()
        self._open = False
        self._retry_at = self.monotonic() + BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self.lost(self.output.name, reason)

    def close(self) -> None:
        self.output.close()
        self._open = False


def require_kind(output: Output, kind: str) -> None:
    """Raises Refused where a channel of `kind` cannot go to that output."""
    if isinstance(output, Icecast) and kind != "radio":
        raise Refused(
            N_("Icecast takes radio, not television."),
            do=N_("Send the radio channel there, or use udp:// or srt://."),
        )
