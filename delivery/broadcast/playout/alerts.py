"""Alerts: what a technician must know now, told in the log, on the consoles, to a webhook and by mail.

Telling never waits: a thread of its own delivers, each way apart, so that a mail server that hangs delays nobody.
"""

from __future__ import annotations

import queue
import smtplib
import urllib.request
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from threading import Lock, Thread
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

import orjson
import structlog

from delivery.broadcast.schedule.findings import Finding, local_time
from delivery.clock import VIETNAM, Clock, from_micros, to_micros
from delivery.errors import N_, Message
from delivery.i18n import Translator
from delivery.ids import digest_of

Severity = Literal["error", "warning"]
QUIET_S: Final = 600.0
"""The same alert is not told again within 10 minutes."""
_A_DAY_S: Final = 24 * 3600.0
"""What lies ahead is told once a day before, and once an hour before."""
TIMEOUT_S: Final = 4.0
"""A webhook or mail server that takes longer has failed: an alert is to arrive within 5 s."""
_RECENT: Final = 50
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something is wrong on the air, or soon will be."""

    code: str
    channel: str
    what: Message
    do: Message
    severity: Severity = "error"
    key: str = ""
    """What distinguishes it from others of the same code and channel."""
    quiet_s: float = QUIET_S
    """It is not told again so long."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alert and when it was told, µs since 1970 UTC."""

    alert: Alert
    at_us: int

    def as_json(self, words: Translator) -> dict[str, Any]:
        alert = self.alert
        return {
            "code": alert.code,
            "channel": alert.channel or None,
            "severity": alert.severity,
            "text": words(alert.what),
            "do": words(alert.do),
            "at": self.at_us,
        }


class Way(Protocol):
    """One way to tell a person. May raise OSError; that is logged."""

    def __call__(self, told: Told) -> None: ...


class Alerts:
    """Takes alerts from any thread and delivers each once."""

    def __init__(self, clock: Clock, ways: Sequence[Way] = ()) -> None:
        self._clock = clock
        self._ways: list[queue.Queue[Told | None]] = []
        self._lock = Lock()
        self._last: dict[tuple[str, str, str], float] = {}
        self.recent: deque[Told] = deque(maxlen=_RECENT)
        for way in ways:
            self.add(way)

    def add(self, way: Way) -> None:
        """Deliver by `way` too, in a thread of its own."""
        waiting: queue.Queue[Told | None] = queue.Queue(1_000)
        self._ways.append(waiting)
        Thread(target=_deliver, args=(way, waiting), name="alerts", daemon=True).start()

    def tell(self, alert: Alert) -> bool:
        """Tell it, unless it was told a short while ago; whether it was told now."""
        key = (alert.code, alert.channel, alert.key)
        now = self._clock.monotonic()
        with self._lock:
            last = self._last.get(key)
            if last is not None and now - last < alert.quiet_s:
                return False
            self._last[key] = now
            told = Told(alert, to_micros(self._clock.now()))
            self.recent.append(told)
        for waiting in self._ways:
            try:
                waiting.put_nowait(told)
            except queue.Full:
                _log.error("alert-dropped", code=alert.code, channel=alert.channel)
        return True

    def settle(self, code: str, channel: str, key: str = "") -> None:
        """It is over: should it happen again, it is told again at once."""
        with self._lock:
            self._last.pop((code, channel, key), None)


def _deliver(way: Way, waiting: queue.Queue[Told | None]) -> None:
    while (told := waiting.get()) is not None:
        try:
            way(told)
        except Exception as error:  # an edge: whatever a network does, later alerts must go out
            _log.error("alert-not-delivered", way=type(way).__name__, code=told.alert.code, reason=str(error))


@dataclass(frozen=True, slots=True)
class ToLog:
    """The log of the daemon."""

    def __call__(self, told: Told) -> None:
        alert = told.alert
        write = _log.error if alert.severity == "error" else _log.warning
        write("alert", code=alert.code, channel=alert.channel, text=str(alert.what))


@dataclass(frozen=True, slots=True)
class ToConsoles:
    """Every console on the bus."""

    publish: Callable[[str, Any], None]
    words: Translator

    def __call__(self, told: Told) -> None:
        self.publish("alert", told.as_json(self.words))


@dataclass(frozen=True, slots=True)
class ToWebhook:
    """An HTTP address, which gets the alert as a JSON document."""

    url: str
    words: Translator

    def __call__(self, told: Told) -> None:
        request = urllib.request.Request(
            self.url,
            data=orjson.dumps(told.as_json(self.words)),
            headers={"Content-Type": "application/json", "User-Agent": "tuxa"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            answer.read(1)


@dataclass(frozen=True, slots=True)
class ToMail:
    """A mail server without a password on the institution's own network: ``host:port``."""

    server: str
    sender: str
    recipients: tuple[str, ...]
    words: Translator

    def __call__(self, told: Told) -> None:
        alert = told.alert
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, ", ".join(self.recipients)
        mail["Subject"] = " ".join(f"[tuxa] {alert.channel} {alert.code}".split())
        mail["Date"] = from_micros(told.at_us).astimezone(VIETNAM)
        named = digest_of((alert.code, alert.channel, alert.key, str(told.at_us)))[:20]
        mail["Message-ID"] = f"<{named}@{self.sender.rpartition('@')[2] or 'localhost'}>"
        # Nobody's answer of being away is wanted (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        lines = (local_time(told.at_us), self.words(alert.what), "→ " + self.words(alert.do))
        mail.set_content("\n".join(lines) + "\n")
        address = urlsplit(f"//{self.server}")
        with smtplib.SMTP(address.hostname or "localhost", address.port or 25, timeout=TIMEOUT_S) as server:
            server.send_message(mail)


def segment_replaced(channel: str, airing: str, reason: str, *, dead: bool) -> Alert:
    """A file could not be had at its time."""
    what = (
        N_("{channel}: nothing at all can be sent for a segment ({reason}). The channel is silent.")
        if dead
        else N_("{channel}: a segment could not be had ({reason}); the slate goes out in its place.")
    )
    return Alert(
        "dead-air" if dead else "segment-replaced",
        channel,
        Message(what, {"channel": channel, "reason": reason}),
        Message(N_("Restore the stored files from a backup.")),
        key=airing,
    )


def airing_stopped(channel: str, material: str) -> Alert:
    """Material lost its approval while it was on."""
    return Alert(
        "airing-stopped",
        channel,
        Message(
            N_("{channel}: {material} is no longer approved and was taken off the air."),
            {"channel": channel, "material": material},
        ),
        Message(N_("Have it approved again, then air it as a make-good.")),
        key=material,
    )


def timeline_ends(channel: str, end_us: int) -> Alert:
    """Soon there is nothing to send."""
    return Alert(
        "timeline-ends",
        channel,
        Message(N_("{channel}: the timeline ends at {at}."), {"channel": channel, "at": local_time(end_us)}),
        Message(N_("Run “tuxa schedule compile”.")),
    )


def was_away(since_us: int, until_us: int) -> Alert:
    """Nobody played out between two moments."""
    return Alert(
        "was-away",
        "",
        Message(
            N_("Playout did not run from {since} to {until}."),
            {"since": local_time(since_us), "until": local_time(until_us)},
        ),
        Message(N_("See its log; what did not air is proposed as make-goods.")),
        key=str(since_us),
    )


def clock_stepped(seconds: float) -> Alert:
    """The machine's clock was set while channels were on the air."""
    return Alert(
        "clock-step",
        "",
        Message(N_("The clock of this machine jumped by {seconds} s."), {"seconds": f"{seconds:+.3f}"}),
        Message(N_("Let NTP slew the clock; feeds follow it slowly and never jump.")),
    )


def not_ready(finding: Finding, *, hours: int) -> Alert:
    """Something that is to air within `hours` cannot."""
    return Alert(
        f"not-ready-{hours}h",
        finding.channel,
        Message(N_("Within {hours} h: {finding}"), {"hours": hours, "finding": finding.what}),
        finding.proposal,
        severity="error" if hours == 1 else "warning",
        key=f"{finding.code} {finding.slot} {finding.at_us}",
        quiet_s=_A_DAY_S,
    )


def file_missing(channel: str, *, at_us: int, reason: str, key: str, hours: int) -> Alert:
    """A file of the air bundle cannot be had."""
    return Alert(
        f"not-ready-{hours}h",
        channel,
        Message(
            N_("{channel}: a file that is to air at {at} cannot be had: {reason}"),
            {"channel": channel, "at": local_time(at_us), "reason": reason},
        ),
        Message(N_("Restore the stored files from a backup.")),
        severity="error" if hours == 1 else "warning",
        key=key,
        quiet_s=_A_DAY_S,
    )


def peer_lost(channel: str, address: str, reason: str) -> Alert:
    """A transmitter, relay or Icecast server does not take the feed."""
    return Alert(
        "peer-lost",
        channel,
        Message(
            N_("{channel}: the feed to {address} is interrupted: {reason}"),
            {"channel": channel, "address": address, "reason": reason},
        ),
        Message(N_("Check the other end; the feed tries again by itself.")),
        key=address,
    )


def feed_late(channel: str, address: str, milliseconds: float) -> Alert:
    """Packets leave too late: the machine or disk is too slow."""
    return Alert(
        "feed-late",
        channel,
        Message(
            N_("{channel}: packets to {address} left {ms} ms late."),
            {"channel": channel, "address": address, "ms": f"{milliseconds:.0f}"},
        ),
        Message(N_("Look for what keeps this machine or its disk busy.")),
        severity="warning",
        key=address,
    )
