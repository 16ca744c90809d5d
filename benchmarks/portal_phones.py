"""Phones that upload and hand in photographs as the sending script does, all played by one light process.

Each keeps its pace: a quarter of a second of its line at a time, as packets over radio come in bursts. When a
connection breaks it asks for the offset and goes on. Moments are read where the network is: the last byte of a piece
has left when the kernel took it (over loopback it lies in the portal's socket then), an answer has come when the kernel
stamped its packet. How late this process itself wakes up is therefore in neither, and is told beside.
"""

from __future__ import annotations

import heapq
import random
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

PHOTOS = 4
RATES = (30_000, 70_000)
"""Bytes per second of a phone, at least and at most."""
BURST_S = 0.25
PIECE = 512 * 1024
"""Bytes of one request, as ``static/send.js`` has it."""
PAUSES_S = (0.2, 0.5, 1, 2)
"""Between attempts; shorter than those of the script, so that more is asked of a portal that has just come up."""
ATTEMPTS = 60
_STAMP_NS = 35
"""``SO_TIMESTAMPNS`` of Linux, which the module `socket` does not name."""
_TUS = {"Tus-Resumable": "1.0.0"}
_OFFSET = {**_TUS, "Content-Type": "application/offset+octet-stream"}


@dataclass
class Figures:
    """What a crowd saw; times in seconds."""

    acknowledged: list[float] = field(default_factory=list)
    """From the last byte of each piece to its durable acknowledgement."""
    handed_in: list[float] = field(default_factory=list)
    """From the last byte of the form to the receipt."""
    asked: list[float] = field(default_factory=list)
    """Answers to everything else: begin an upload, ask for its offset, load the page."""
    receipts: dict[str, tuple[str, list[bytes]]] = field(default_factory=dict)
    """Fact -> learner, and the end of each photograph, which no other has."""
    late: list[float] = field(default_factory=list)
    """How late this process woke up for a burst."""
    broken: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Wait:
    """Until a socket can be read or written, or (without one) until a moment of the monotonic clock."""

    line: socket.socket | None
    write: bool = False
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    took_s: float


class _Broken(Exception):
    """The connection ended before the answer was whole."""


_Steps = Generator[_Wait, None, None]
Doing = Generator[_Wait, None, "_Answer"]


class Phone:
    """One student's phone, on an address of its own."""

    def __init__(
        self, number: int, learner: str, token: str, port: int, figures: Figures, *, faster: int = 1
    ) -> None:
        self.learner = learner
        self._address = f"127.{1 + number // 60_000}.{number // 250 % 250}.{1 + number % 250}"
        self._token = token
        self._port = port
        self._figures = figures
        self._line: socket.socket | None = None
        self._chance = random.Random(number)
        self._rate = self._chance.randint(*RATES) * faster

    def student(self, work: str, photo: bytes, *, spread_s: float) -> _Steps:
        """Begin within `spread_s`, upload, hand in, and keep the receipt."""
        yield _Wait(None, until=time.monotonic() + self._chance.uniform(0, spread_s))
        ends = [self._chance.randbytes(16) for _ in range(PHOTOS)]
        idents = []
        for end in ends:
            idents.append((yield from self._upload(photo + end)))
        page = yield from self._ask("GET", f"/work/{work}")
        csrf = re.search(rb'name="csrf" value="([^"]*)"', page.body)
        assert csrf, page.status
        form = urlencode({"csrf": csrf[1].decode(), "upload": idents}, doseq=True).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        done = yield from self._ask("POST", f"/work/{work}", headers, form)
        found = re.search(rb"f=([0-9a-f-]{36})", done.body)
        if done.status != 200 or not found:
            self._figures.failed.append(f"handing in: {done.status}")
            return
        self._figures.handed_in.append(done.took_s)
        self._figures.receipts[found[1].decode()] = (self.learner, ends)
        self._hang_up()

    def _upload(self, photo: bytes) -> Generator[_Wait, None, str]:
        made = yield from self._ask("POST", "/uploads", {**_TUS, "Upload-Length": str(len(photo))})
        path, at = made.headers["location"], 0
        while at < len(photo):
            piece = photo[at : at + PIECE]
            try:
                answer = yield from self._once(
                    "PATCH", path, {**_OFFSET, "Upload-Offset": str(at)}, piece, paced=True
                )
            except _Broken:
                at = yield from self._offset(path)
                continue
            if answer.status == 204:
                self._figures.acknowledged.append(answer.took_s)
                at = int(answer.headers["upload-offset"])
            else:
                yield _Wait(None, until=time.monotonic() + PAUSES_S[0])
                at = yield from self._offset(path)
        return path.rsplit("/", 1)[1]

    def _offset(self, path: str) -> Generator[_Wait, None, int]:
        head = yield from self._ask("HEAD", path, _TUS)
        return int(head.headers["upload-offset"])

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Doing:
        """Ask until there is an answer, as the script does."""
        for attempt in range(ATTEMPTS):
            try:
                answer = yield from self._once(method, path, headers or {}, body)
            except _Broken:
                pass
            else:
                if answer.status < 500 and answer.status not in (423, 429):
                    if method != "POST" or not body:
                        self._figures.asked.append(answer.took_s)
                    return answer
            yield _Wait(None, until=time.monotonic() + PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
        self._figures.failed.append(f"{method}: no answer")
        raise RuntimeError(f"no answer to {method}")

    def _once(
        self, method: str, path: str, headers: dict[str, str], body: bytes, *, paced: bool = False
    ) -> Doing:
        head = f"{method} {path} HTTP/1.1\r\nHost: portal\r\nCookie: tuxa_session={self._token}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if method not in ("GET", "HEAD"):
            head += f"Content-Length: {len(body)}\r\n"
        try:
            line = self._connected()
            burst = int(self._rate * BURST_S) if paced else max(1, len(body))
            sent = yield from self._send(line, head.encode() + b"\r\n" + (b"" if paced else body))
            for place in range(0, len(body) if paced else 0, burst):
                due = time.monotonic() + BURST_S
                yield _Wait(None, until=due)
                self._figures.late.append(time.monotonic() - due)
                sent = yield from self._send(line, body[place : place + burst])
            return (yield from self._answer(line, method, sent))
        except (OSError, _Broken) as error:
            self._figures.broken += 1
            self._hang_up()
            raise _Broken from error

    def _connected(self) -> socket.socket:
        if self._line is None:
            line = socket.socket()
            line.bind((self._address, 0))
            line.settimeout(2)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.setsockopt(socket.SOL_SOCKET, _STAMP_NS, 1)
            line.connect(("127.0.0.1", self._port))
            line.setblocking(False)
            self._line = line
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    @staticmethod
    def _send(line: socket.socket, data: bytes) -> Generator[_Wait, None, int]:
        """Nanoseconds (CLOCK_REALTIME) when the kernel had taken all of it."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[line.send(rest) :]
            except BlockingIOError:
                yield _Wait(line, write=True)
        return time.time_ns()

    @staticmethod
    def _answer(line: socket.socket, method: str, sent_ns: int) -> Doing:
        said, came_ns = b"", 0
        while True:
            head, ended, body = said.partition(b"\r\n\r\n")
            if ended:
                first, *rest = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in rest)}
                status = int(first.split()[1])
                length = 0 if method == "HEAD" or status == 204 else int(headers.get("content-length", 0))
                if len(body) >= length:
                    return _Answer(status, headers, body, max(0, came_ns - sent_ns) / 1e9)
            try:
                data, told, _, _ = line.recvmsg(65_536, socket.CMSG_SPACE(16))
            except BlockingIOError:
                yield _Wait(line)
                continue
            if not data:
                raise _Broken
            said += data
            seconds, nanoseconds = struct.unpack("qq", told[0][2]) if told else divmod(time.time_ns(), 10**9)
            came_ns = seconds * 10**9 + nanoseconds


def play(phones: Iterable[_Steps], each_round: Callable[[], None]) -> None:
    """Let every phone take its steps until all have ended. `each_round` is called now and then, and does not wait."""
    order = count()
    waiting = [(0.0, next(order), steps) for steps in phones]
    heapq.heapify(waiting)
    with selectors.DefaultSelector() as lines:
        while waiting or lines.get_map():
            each_round()
            pause = max(0.0, min(0.05, waiting[0][0] - time.monotonic())) if waiting else 0.05
            ready = [key for key, _ in lines.select(pause)]
            for key in ready:
                lines.unregister(key.fileobj)
            now = time.monotonic()
            due = [key.data for key in ready]
            while waiting and waiting[0][0] <= now:
                due.append(heapq.heappop(waiting)[2])
            for steps in due:
                wait = next(steps, None)
                if wait is None:
                    continue
                if wait.line is None:
                    heapq.heappush(waiting, (wait.until, next(order), steps))
                else:
                    lines.register(
                        wait.line, selectors.EVENT_WRITE if wait.write else selectors.EVENT_READ, steps
                    )
