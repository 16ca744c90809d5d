"""Where feeds go: datagrams, a file, SRT by way of ffmpeg, and Icecast.

Addresses::

    udp://239.1.1.1:5000?ttl=4&localaddr=10.0.0.2    1,316-byte datagrams; multicast too
    srt://host:port?mode=caller&latency=200000       through ffmpeg, whose options these are
    file:/path/feed.ts                               or a plain path
    icecast://source:password@host:8000/radio        radio: ADTS frames with titles
"""

from __future__ import annotations

import base64
import os
import select
import socket
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from delivery.broadcast.playout.line import Output
from delivery.broadcast.playout.udp import DATAGRAM, Udp
from delivery.errors import N_, BadInput, Refused

_CONNECT_S: Final = 3.0
_READ_S: Final = 2.0
"""A peer that reads nothing for so long is lost."""


@dataclass
class ToFile:
    """A file that grows."""

    path: Path
    _handle: int = -1
    _size: int = 0

    may_wait = True

    @property
    def name(self) -> str:
        return str(self.path)

    def open(self) -> None:
        self.close()
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._size = os.fstat(self._handle).st_size

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError:
            # A full disk takes half a packet; what comes once there is room again must not follow that half.
            with suppress(OSError):
                os.ftruncate(self._handle, self._size)
            raise
        self._size += len(data)

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
    _told: IO[bytes] | None = None
    """What ffmpeg said: a file, so that nobody has to listen."""

    may_wait = True

    @property
    def name(self) -> str:
        return self.url.partition("?")[0]

    def open(self) -> None:
        self.close()
        words = ["-v", "error", "-f", "data", "-raw_packet_size", str(DATAGRAM), "-i", "pipe:0"]
        words += ["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", self._target()]
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [self.ffmpeg, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._told,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)

    def _target(self) -> str:
        joint = "&" if "?" in self.url else "?"
        return self.url if "payload_size" in self.url else f"{self.url}{joint}payload_size={DATAGRAM}"

    def send(self, data: bytes) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            raise ConnectionResetError(self._why())
        assert process.stdin is not None
        pipe, view = process.stdin.fileno(), memoryview(data)
        while view:
            try:
                view = view[os.write(pipe, view) :]
            except BlockingIOError:
                if not select.select((), (pipe,), (), _READ_S)[1]:
                    raise TimeoutError("the peer does not read") from None
            except BrokenPipeError:
                process.wait(_READ_S)
                raise ConnectionResetError(self._why()) from None

    def _why(self) -> str:
        """ffmpeg's last words. They repeat its address, which may hold a passphrase."""
        if self._told is None:
            return "not connected"
        self._told.seek(0)
        lines = self._told.read().decode(errors="replace").strip().splitlines()
        return lines[-1].replace(self._target(), self.name) if lines else "ffmpeg ended"

    def close(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._told:
            self._told.close()
            self._told = None


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

    may_wait = True

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
        made.settimeout(_READ_S)
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


def require_kind(output: Output, kind: str) -> None:
    """Raises Refused where a channel of `kind` cannot go to that output."""
    if isinstance(output, Icecast) and kind != "radio":
        raise Refused(
            N_("Icecast takes radio, not television."),
            do=N_("Send the radio channel there, or use udp:// or srt://."),
        )
