"""What a station tells its consoles, as frozen values. Reading is forgiving: a daemon of another release may leave a
field out or add one, and a screen that shows the rest is worth more than none.

Times are microseconds since 1970 UTC. Texts are either plain, or ``{"msgid": …, "params": {…}}`` for translation here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from delivery.errors import Message
from delivery.i18n import Translator

SEVERITIES = ("error", "warning", "info")
"""Most urgent first."""


@dataclass(frozen=True, slots=True)
class Alert:
    severity: str
    text: Message
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Playing:
    """What a channel sends now."""

    title: str
    start: int
    end: int
    kind: str

    def fraction(self, now: int) -> float:
        """How much has gone, 0 to 1."""
        if self.end <= self.start:
            return 0.0
        return min(max((now - self.start) / (self.end - self.start), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Upcoming:
    title: str
    start: int
    ready: bool
    reason: Message
    """Why it is not ready."""


@dataclass(frozen=True, slots=True)
class Channel:
    code: str
    name: str
    kind: str
    state: str
    now: Playing | None
    next: tuple[Upcoming, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class OnAir:
    """Answer to ``channels.status``."""

    now: int
    channels: tuple[Channel, ...]
    alerts: tuple[Alert, ...]
    """Alarms that belong to no channel."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file that is being ingested."""

    id: str
    file: str
    kind: str
    fraction: float
    stage: Message
    verdict: str
    problems: tuple[Message, ...]


def read_on_air(document: Any) -> OnAir:
    """The result of ``channels.status``."""
    channels = tuple(channel for item in _list(document, "channels") if (channel := read_channel(item)))
    return OnAir(_int(document, "now"), channels, tuple(_alerts(document, "")))


def read_channel(document: Any) -> Channel | None:
    """One channel, or None when it does not even say which."""
    code = _text(document, "channel")
    if not code:
        return None
    playing = document.get("now")
    now = None
    if isinstance(playing, dict):
        start, end = _int(playing, "start"), _int(playing, "end")
        now = Playing(_text(playing, "title"), start, end, _text(playing, "kind"))
    following = tuple(
        Upcoming(
            _text(item, "title"), _int(item, "start"), item.get("ready") is True, _message(item.get("reason"))
        )
        for item in _list(document, "next")
        if isinstance(item, dict)
    )
    return Channel(
        code,
        _text(document, "name"),
        _text(document, "kind"),
        _text(document, "state"),
        now,
        following,
        tuple(_alerts(document, code)),
    )


def read_jobs(document: Any) -> tuple[Job, ...]:
    """The result of ``ingest.status``."""
    return tuple(job for item in _list(document, "jobs") if (job := read_job(item)))


def read_job(document: Any) -> Job | None:
    """One job, or None when it does not even say which."""
    ident = _text(document, "id")
    if not ident:
        return None
    fraction = document.get("fraction")
    known = isinstance(fraction, int | float)
    return Job(
        ident,
        _text(document, "file") or ident,
        _text(document, "kind"),
        min(max(float(fraction), 0.0), 1.0) if known else 0.0,
        _message(document.get("stage")),
        _text(document, "verdict"),
        tuple(_message(problem) for problem in _list(document, "problems")),
    )


def read_alert(document: Any) -> Alert | None:
    """One alarm, or None when it says nothing."""
    if not isinstance(document, dict) or not (text := _message(document.get("text"))).msgid:
        return None
    severity = _text(document, "severity")
    return Alert(severity if severity in SEVERITIES else "warning", text, _text(document, "channel"))


def say(message: Message, translate: Translator) -> str:
    """`message` in the person's language; in English when its parameters do not fit the translation."""
    try:
        return translate(message)
    except (LookupError, ValueError, AttributeError, TypeError):
        return message.msgid


def _alerts(document: Any, channel: str) -> Iterator[Alert]:
    for item in _list(document, "alerts"):
        if alert := read_alert(item):
            yield Alert(alert.severity, alert.text, alert.channel or channel)


def _message(value: Any) -> Message:
    if isinstance(value, dict):
        params = value.get("params")
        return Message(_text(value, "msgid"), dict(params) if isinstance(params, Mapping) else {})
    return Message(_clean(value)) if isinstance(value, str) else Message("")


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    return _clean(value) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """Composed, and without what would disturb a terminal."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in composed
    )


def _int(document: Any, name: str) -> int:
    value = document.get(name) if isinstance(document, dict) else None
    return int(value) if isinstance(value, int | float) else 0


def _list(document: Any, name: str) -> list[Any]:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []
