"""Reading what a station tells. It is forgiving: a daemon of another release may leave a field out or add one, and a
screen that shows the rest is worth more than none.

Times are microseconds since 1970 UTC. Texts are either plain, or ``{"msgid": …, "params": {…}}`` for translation here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.errors import Message
from delivery.i18n import Translator

SEVERITIES = ("error", "warning", "info")
"""Most urgent first."""
NOTHING = Message("")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a person should know."""

    severity: str
    text: Message
    channel: str = ""
    do: Message = NOTHING
    id: str = ""
    at: int = 0
    acknowledged_by: str = ""
    """Empty while nobody has taken it on."""


def read_alert(document: Any, channel: str = "") -> Alert | None:
    """One alarm, or None when it says nothing."""
    if not isinstance(document, dict) or not (text := message_of(document.get("text"))).msgid:
        return None
    severity = text_of(document, "severity")
    return Alert(
        severity if severity in SEVERITIES else "warning",
        text,
        text_of(document, "channel") or channel,
        message_of(document.get("do")),
        text_of(document, "id"),
        int_of(document, "at"),
        text_of(document, "acknowledged_by"),
    )


def read_alerts(document: Any, channel: str = "") -> tuple[Alert, ...]:
    """The ``alerts`` of a document."""
    return tuple(alert for item in list_of(document, "alerts") if (alert := read_alert(item, channel)))


def say(message: Message, translate: Translator) -> str:
    """`message` in the person's language; in English when its parameters do not fit the translation."""
    try:
        return translate(message)
    except (LookupError, ValueError, AttributeError, TypeError):
        return message.msgid


def message_of(value: Any) -> Message:
    """A text of either form; messages may lie in the parameters of others."""
    if isinstance(value, dict):
        params = value.get("params")
        held = params if isinstance(params, Mapping) else {}
        inner = {
            str(name): message_of(one) if isinstance(one, dict) and "msgid" in one else one
            for name, one in held.items()
        }
        return Message(text_of(value, "msgid"), inner)
    return Message(clean(value)) if isinstance(value, str) else Message("")


def text_of(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    return clean(value) if isinstance(value, str) else ""


def clean(text: str) -> str:
    """Composed (NFC), and without what would disturb a terminal."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in composed
    )


def int_of(document: Any, name: str) -> int:
    value = document.get(name) if isinstance(document, dict) else None
    return int(value) if isinstance(value, int | float) and value == value else 0


def float_of(document: Any, name: str) -> float | None:
    """The number, or None where there is none."""
    value = document.get(name) if isinstance(document, dict) else None
    return float(value) if isinstance(value, int | float) and value == value else None


def true_of(document: Any, name: str) -> bool:
    return isinstance(document, dict) and document.get(name) is True


def list_of(document: Any, name: str) -> list[Any]:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []


def texts_of(document: Any, name: str) -> tuple[str, ...]:
    return tuple(clean(item) for item in list_of(document, name) if isinstance(item, str))


def numbers_of(document: Any, name: str) -> tuple[float, ...]:
    return tuple(float(item) for item in list_of(document, name) if isinstance(item, int | float))


def dicts_of(document: Any, name: str) -> list[dict[str, Any]]:
    return [item for item in list_of(document, name) if isinstance(item, dict)]
