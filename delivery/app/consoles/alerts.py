"""Alerts that were told, who has taken them on, who did what, and what the station's logs say."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import orjson

from delivery.broadcast.playout.alerts import Told
from delivery.catalogue.kinds import Role
from delivery.clock import to_micros
from delivery.errors import N_, BadInput, Message, NotFound
from delivery.ids import digest_of
from delivery.network.bus.authorise import Method, command, question
from delivery.network.bus.protocol import plain_message
from delivery.record.kinds import FactKind
from delivery.store.deeds import Deeds

if TYPE_CHECKING:
    from delivery.app.core import App

_KEPT: Final = 1_000
_RECENT_US: Final = 24 * 3600 * 1_000_000
_TAIL: Final = 400_000
"""Bytes at the end of a log file that are looked at."""
_MOST: Final = 500
_FILE_BYTES: Final = 4_000_000
_DEEDS: Final = (
    FactKind.COMMAND_GIVEN,
    FactKind.AIR_CONTROLLED,
    FactKind.SLOT_SCHEDULED,
    FactKind.SLOT_WITHDRAWN,
    FactKind.TIMELINE_COMPILED,
    FactKind.ITEM_AIRED,
    FactKind.MEDIA_INGESTED,
    FactKind.MATERIAL_APPRAISED,
    FactKind.MATERIAL_APPROVED,
    FactKind.MATERIAL_RETIRED,
)
_LOGS: Final = ("playout", "portal", "ingest", "sync", "tuxa")


@dataclass(frozen=True, slots=True)
class Noted:
    """An alert as it was told."""

    id: str
    at_us: int
    code: str
    channel: str
    severity: str
    text: dict[str, Any]
    do: dict[str, Any]
    acknowledged_by: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": self.at_us,
            "code": self.code,
            "channel": self.channel,
            "severity": self.severity,
            "text": self.text,
            "do": self.do,
            "acknowledged_by": self.acknowledged_by,
        }


@dataclass
class AlertBook:
    """Keeps what was told in ``<home>/log/alerts.jsonl``, so that it outlives the daemon; one way of telling."""

    file: Path
    now_us: Any
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Alert -> who has taken it on."""
    _held: deque[Noted] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _lock: Lock = field(default_factory=Lock)

    @staticmethod
    def of_home(app: App) -> AlertBook:
        """The book of a home, with what stands in its file."""
        book = AlertBook(app.settings.home / "log" / "alerts.jsonl", lambda: to_micros(app.clock.now()))
        book.load()
        # Of what was taken on before the file was there, facts tell; whoever came first counts.
        for fact in reversed(Deeds(app.database).newest([FactKind.COMMAND_GIVEN], limit=_KEPT)):
            if (fact.data["target"], fact.data["command"]) == ("alert", "acknowledge"):
                book.acknowledged.setdefault(str(fact.data["arguments"].get("id", "")), fact.actor)
        return book

    def load(self) -> None:
        """Read the file; lines that a kill left half-written are passed over."""
        for document in _json_lines(self.file, _TAIL):
            with suppress(KeyError, TypeError, ValueError):
                if actor := str(document.get("acknowledged_by", "")):
                    self.acknowledged.setdefault(str(document["id"]), actor)
                    continue
                self._held.append(
                    Noted(
                        str(document["id"]),
                        int(document["at"]),
                        str(document["code"]),
                        str(document["channel"]),
                        str(document["severity"]),
                        dict(document["text"]),
                        dict(document["do"]),
                    )
                )

    def __call__(self, told: Told) -> None:
        """Note an alert (the way of telling that the alerts' own thread calls)."""
        alert = told.alert
        noted = Noted(
            digest_of((alert.code, alert.channel, alert.key, str(told.at_us)))[:16],
            told.at_us,
            alert.code,
            alert.channel,
            alert.severity,
            plain_message(alert.what),
            plain_message(alert.do),
        )
        with self._lock:
            self._held.append(noted)
            self._write(noted)

    def _write(self, noted: Noted) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if self.file.stat().st_size > _FILE_BYTES:
                self.file.replace(self.file.with_suffix(".jsonl.1"))
        with self.file.open("ab") as stream:
            stream.write(orjson.dumps(noted.as_json()) + b"\n")

    def all(self) -> list[Noted]:
        """Newest first, each with who has taken it on."""
        with self._lock:
            held = list(self._held)
        return [replace(one, acknowledged_by=self.acknowledged.get(one.id, "")) for one in reversed(held)]

    def recent(self) -> list[Noted]:
        """Those of the last 24 hours that nobody has taken on, newest first; of each kind and channel only the last."""
        since = self.now_us() - _RECENT_US
        seen: set[tuple[str, str]] = set()
        found = []
        for one in self.all():
            if one.at_us >= since and (one.code, one.channel) not in seen and not one.acknowledged_by:
                found.append(one)
            seen.add((one.code, one.channel))
        return found[:50]

    def acknowledge(self, ident: str, actor: str) -> Noted:
        """Somebody takes it on. Raises NotFound."""
        found = next((one for one in self.all() if one.id == ident), None)
        if found is None:
            raise NotFound(N_("There is no alert {id}."), do=N_("Refresh the list."), id=ident[:32])
        with self._lock:
            taken = replace(found, acknowledged_by=self.acknowledged.setdefault(ident, actor))
            if not found.acknowledged_by:
                self._write(taken)
        return taken


def alert_methods(app: App, book: AlertBook, publish: Any) -> Mapping[str, Method]:
    """``alert.acknowledge`` is a command, so that a fact tells who took what on."""

    def acknowledge(params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        # One command for one alert, or for all that stand there now.
        wanted = str(params.get("id", ""))
        told = [book.acknowledge(wanted, actor).as_json()]
        publish("acknowledged", {"id": wanted, "by": actor})
        return {"alerts": told}

    return {
        "alerts.list": question(lambda _p, _a: {"alerts": [one.as_json() for one in book.all()[:_MOST]]}),
        "alert.acknowledge": command(acknowledge, (Role.TECHNICIAN, Role.ADMIN)),
        "log.deeds": question(lambda params, _a: {"deeds": deeds(app, params)}),
        "log.lines": question(lambda params, _a: {"lines": log_lines(app, params)}),
    }


def deeds(app: App, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who did what, newest first."""
    before, limit = params.get("before", 0), params.get("limit", 200)
    if type(before) is not int or type(limit) is not int or not 0 < limit <= _MOST:
        raise BadInput(N_("The page that was asked for does not exist."), do=N_("Refresh the list."))
    return [
        {
            "id": str(one.id),
            "kind": str(one.kind),
            "at": int(one.recorded_at),
            "actor": one.actor,
            "course": one.course,
            "text": plain_message(_described(one.kind, one.data)),
        }
        for one in Deeds(app.database).newest(_DEEDS, before_us=before, limit=limit)
    ]


def _described(kind: str, data: Mapping[str, Any]) -> Message:
    """A fact as a sentence."""
    words = {name: value for name, value in data.items() if isinstance(value, str | int)}
    match kind:
        case FactKind.COMMAND_GIVEN:
            told = ", ".join(f"{name}={value}" for name, value in sorted(data["arguments"].items()))
            return Message(
                N_("command {target}.{command}: {told}"),
                {"target": data["target"], "command": data["command"], "told": told[:200] or "–"},
            )
        case FactKind.AIR_CONTROLLED:
            return Message(N_("{channel}: {command} by hand"), words)
        case FactKind.SLOT_SCHEDULED:
            return Message(
                N_("{channel}: slot for {material} scheduled"), {**words, "material": data["material"] or "–"}
            )
        case FactKind.SLOT_WITHDRAWN:
            return Message(N_("{channel}: slot {slot} withdrawn"), words)
        case FactKind.TIMELINE_COMPILED:
            return Message(N_("{channel}: timeline compiled, {rows} rows"), words)
        case FactKind.ITEM_AIRED:
            status = Message(_STATUSES.get(str(data["status"]), str(data["status"])))
            return Message(N_("{channel}: {material} aired: {status}"), {**words, "status": status})
        case FactKind.MEDIA_INGESTED:
            return Message(N_("{material} converted under {profile}"), words)
        case FactKind.MATERIAL_APPRAISED:
            return Message(N_("{material} appraised, minutes {minutes}"), words)
        case FactKind.MATERIAL_APPROVED:
            return Message(N_("{material} approved, decision {decision}"), words)
        case FactKind.MATERIAL_RETIRED:
            return Message(N_("{material} taken out of use: {reason}"), words)
    return Message(kind)


_STATUSES = {"complete": N_("whole"), "partial": N_("in part"), "missed": N_("not at all")}


def log_lines(app: App, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The newest lines of the station's logs, newest first. They hold no personal data (delivery.log)."""
    level = str(params.get("level", ""))
    found: list[dict[str, Any]] = []
    for name in _LOGS:
        for document in _json_lines(app.settings.home / "log" / f"{name}.log", _TAIL):
            if level and str(document.get("level", "")) not in _at_least(level):
                continue
            rest = {
                key: value
                for key, value in document.items()
                if key not in ("event", "level", "timestamp", "logger", "exception")
            }
            found.append(
                {
                    "log": name,
                    "at": str(document.get("timestamp", "")),
                    "level": str(document.get("level", "")),
                    "event": str(document.get("event", ""))[:300],
                    "rest": ", ".join(f"{key}={value}" for key, value in rest.items())[:300],
                }
            )
    found.sort(key=lambda one: str(one["at"]), reverse=True)
    return found[:_MOST]


def _at_least(level: str) -> tuple[str, ...]:
    levels = ("debug", "info", "warning", "error", "critical")
    return levels[levels.index(level) :] if level in levels else levels


def _json_lines(file: Path, most: int) -> Iterator[dict[str, Any]]:
    """The JSON objects among the last `most` bytes of a file, oldest first; nothing where there is no file."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - most, 0))
            lines = stream.read().splitlines()
    except OSError:
        return
    for line in lines[1 if size > most else 0 :]:
        with suppress(orjson.JSONDecodeError):
            document = orjson.loads(line)
            if isinstance(document, dict):
                yield document
