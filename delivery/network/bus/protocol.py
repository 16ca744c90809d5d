"""What daemons and consoles say to each other: pure, versioned messages, and no socket in sight.

One message is one JSON object in UTF-8 with sorted keys, so that equal messages are equal bytes. :func:`encode` writes
it and :func:`decode` reads it back; bytes from outside can only lead to a message or to :class:`BadMessage`.

=========  =====================================================  =========================
type       fields                                                 direction
=========  =====================================================  =========================
request    ``id``, ``method``, ``params``, ``actor``              console -> daemon: a question
command    the same, with an actor                                console -> daemon: changes something
answer     ``id``, ``ok``, ``result`` or ``error``                daemon -> console
event      ``topic``, ``sequence``, ``data``                      daemon -> every console
=========  =====================================================  =========================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import orjson

from delivery.errors import N_, Message, Refused, TuxaError

VERSION = 1
"""Version of the messages. A daemon and a console of another version refuse each other by name."""
MAX_BYTES = 1 << 20
"""Largest message; longer lists are asked for in pages."""
MAX_DEPTH = 32
"""Deepest nesting of lists and objects inside a message."""

_ID = re.compile(r"[0-9a-zA-Z_-]{1,64}", re.ASCII)
_METHOD = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31}){0,3}", re.ASCII)
_TOPIC = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[^\s.\x00-\x1f\x7f]{1,64}){0,3}")
_MAX_ACTOR = 64
_MAX_INT = (1 << 63) - 1


class BadMessage(Refused):
    """Bytes that are not a message of this version. `id` is the message's own id where it could still be read."""

    def __init__(self, what: str, /, *, id: str = "", do: str | None = None, **params: Any) -> None:
        super().__init__(what, do=do, **params)
        self.id = id


@dataclass(frozen=True, slots=True)
class Request:
    """A question. `actor` may be empty: the daemon knows the key's owner."""

    id: str
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A request that changes something. It names who gives it; the daemon checks that and the actor's role."""

    id: str
    method: str
    params: Mapping[str, Any]
    actor: str


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A refusal as it travels: English message ids with parameters; the console translates."""

    msgid: str
    params: Mapping[str, Any] = field(default_factory=dict)
    do: str | None = None

    @staticmethod
    def of(error: TuxaError) -> ErrorInfo:
        """The refusal of `error`; parameters that JSON does not know travel as text."""
        params = {name: _plain_value(value) for name, value in error.what.params.items()}
        return ErrorInfo(error.what.msgid, params, error.do.msgid if error.do else None)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the request with the same `id`: a result, or an error."""

    id: str
    result: Any = None
    error: ErrorInfo | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. `sequence` counts without gaps within its topic since the daemon started; a subscriber that
    sees a gap asks for the state again."""

    topic: str
    sequence: int
    data: Any


Envelope = Request | Command | Answer | Event


def encode(message: Envelope) -> bytes:
    """Canonical bytes of `message`. Raises BadMessage when the other side would refuse them."""
    try:
        raw = orjson.dumps(_document(message), option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise BadMessage(
            N_("This cannot be sent over the bus: {reason}."), id=_id_of(message), reason=str(error)
        ) from error
    decode(raw)
    return raw


def decode(raw: bytes) -> Envelope:
    """Read one message. Raises BadMessage, and nothing else, whatever `raw` is."""
    if len(raw) > MAX_BYTES:
        raise BadMessage(
            N_("A bus message of {size} bytes is larger than {limit}."),
            do=N_("Ask for less at once."),
            size=len(raw),
            limit=MAX_BYTES,
        )
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _broken("JSON", "") from error
    if not isinstance(document, dict):
        raise _broken("{}", "")
    ident = document.get("id", "")
    ident = ident if isinstance(ident, str) and _ID.fullmatch(ident) else ""
    if document.get("v") != VERSION or isinstance(document.get("v"), bool):
        raise BadMessage(
            N_("The other side speaks version {found} of the bus; this one speaks {known}."),
            id=ident,
            do=N_("Install the same release of tuxa on both machines."),
            found=str(document.get("v"))[:16],
            known=VERSION,
        )
    if not _shallow(document, MAX_DEPTH):
        raise _broken("depth", ident)
    return _read(document, ident)


def _read(document: Mapping[str, Any], ident: str) -> Envelope:
    match document.get("type"):
        case "request":
            return Request(*_request_fields(document, ident, need_actor=False))
        case "command":
            return Command(*_request_fields(document, ident, need_actor=True))
        case "answer":
            return _answer(document, ident)
        case "event":
            return _event(document, ident)
    raise _broken("type", ident)


def _request_fields(
    document: Mapping[str, Any], ident: str, *, need_actor: bool
) -> tuple[str, str, dict[str, Any], str]:
    _only(document, ident, {"id", "method", "params", "actor"})
    method, params, actor = document.get("method"), document.get("params"), document.get("actor", "")
    if not ident:
        raise _broken("id", ident)
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise _broken("method", ident)
    if not isinstance(params, dict):
        raise _broken("params", ident)
    if not isinstance(actor, str) or len(actor) > _MAX_ACTOR or not actor.isprintable():
        raise _broken("actor", ident)
    if need_actor and not actor:
        raise _broken("actor", ident)
    return ident, method, params, actor


def _answer(document: Mapping[str, Any], ident: str) -> Answer:
    ok = document.get("ok")
    if not ident:
        raise _broken("id", ident)
    if ok is True:
        _only(document, ident, {"id", "ok", "result"})
        return Answer(ident, result=document.get("result"))
    if ok is False:
        _only(document, ident, {"id", "ok", "error"})
        return Answer(ident, error=_error(document.get("error"), ident))
    raise _broken("ok", ident)


def _error(document: Any, ident: str) -> ErrorInfo:
    if not isinstance(document, dict):
        raise _broken("error", ident)
    msgid, params, do = document.get("msgid"), document.get("params"), document.get("do")
    if not isinstance(msgid, str) or not msgid or not isinstance(params, dict) or "do" in params:
        raise _broken("error", ident)
    if do is not None and not isinstance(do, str):
        raise _broken("error", ident)
    for text in (msgid, do or ""):
        # An unfillable placeholder must fail here, not while a person is being told.
        try:
            str(Message(text, params))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            raise _broken("error", ident) from error
    return ErrorInfo(msgid, params, do)


def _event(document: Mapping[str, Any], ident: str) -> Event:
    _only(document, ident, {"topic", "sequence", "data"})
    topic, sequence = document.get("topic"), document.get("sequence")
    if not isinstance(topic, str) or not _TOPIC.fullmatch(topic):
        raise _broken("topic", ident)
    if not _is_count(sequence):
        raise _broken("sequence", ident)
    return Event(topic, sequence, document.get("data"))


def _document(message: Envelope) -> dict[str, Any]:
    body: dict[str, Any]
    match message:
        case Request(ident, method, params, actor):
            body = {"type": "request", "id": ident, "method": method, "params": dict(params), "actor": actor}
        case Command(ident, method, params, actor):
            body = {"type": "command", "id": ident, "method": method, "params": dict(params), "actor": actor}
        case Answer(ident, result, None):
            body = {"type": "answer", "id": ident, "ok": True, "result": result}
        case Answer(ident, _, ErrorInfo(msgid, params, do)):
            told = {"msgid": msgid, "params": dict(params), "do": do}
            body = {"type": "answer", "id": ident, "ok": False, "error": told}
        case Event(topic, sequence, data):
            body = {"type": "event", "topic": topic, "sequence": sequence, "data": data}
    return {"v": VERSION, **body}


def _only(document: Mapping[str, Any], ident: str, known: set[str]) -> None:
    """A field that this version does not know would be silently lost: refuse it."""
    if unknown := document.keys() - known - {"v", "type"}:
        raise _broken(min(unknown)[:32], ident)


def _broken(part: str, ident: str) -> BadMessage:
    return BadMessage(N_("A bus message is broken at “{part}”."), id=ident, part=part)


def _id_of(message: Envelope) -> str:
    return "" if isinstance(message, Event) else message.id


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_INT


def _shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_shallow(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_shallow(item, depth - 1) for item in value)
    return True


def plain_message(message: Message) -> dict[str, Any]:
    """A text as it travels inside results and events: the console translates it, and those in its parameters."""
    params = {
        name: plain_message(value) if isinstance(value, Message) else _plain_value(value)
        for name, value in message.params.items()
    }
    return {"msgid": message.msgid, "params": params}


def _plain_value(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
