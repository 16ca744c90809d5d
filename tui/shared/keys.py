"""The person's own keys: ``<home>/console-keys.toml``, read when a console starts.

::

    theme = "tuxa-light"
    language = "vi"

    [keys]
    "air.skip" = "k"
    "air.panic" = "f9,ctrl+x"

A line that cannot be used is refused by name, with the file, what is wrong and what would do; nothing is guessed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from textual.binding import Binding
from textual.keys import Keys

from delivery.errors import N_, BadInput, ConfigError, Message
from tui.shared.themes import THEMES

FILE: Final = "console-keys.toml"
_NAMED: Final = frozenset(key.value for key in Keys if "<" not in key.value) | {
    *(f"f{number}" for number in range(1, 25)),
    *("enter", "space", "tab", "escape", "backspace", "delete", "insert", "home", "end"),
    *("pageup", "pagedown", "up", "down", "left", "right"),
    *(
        "question_mark",
        "exclamation_mark",
        "slash",
        "comma",
        "full_stop",
        "colon",
        "semicolon",
        "plus",
        "minus",
    ),
    *(
        "underscore",
        "equals_sign",
        "less_than_sign",
        "greater_than_sign",
        "number_sign",
        "asterisk",
        "ampersand",
    ),
    *("left_square_bracket", "right_square_bracket", "at", "vertical_line", "backslash"),
    *("apostrophe", "quotation_mark"),
}
_MODIFIERS: Final = ("ctrl", "shift", "alt")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose for the consoles."""

    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str = ""
    language: str = ""


def read_choices(folder: Path | None, known: Mapping[str, Binding]) -> Choices:
    """The choices in `folder`; none when there is no file. Raises ConfigError or BadInput, naming every bad line."""
    file = folder / FILE if folder else None
    if file is None or not file.exists():
        return Choices()
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            N_("The keys file {file} cannot be read: {reason}"),
            do=N_("Correct that line, or remove the file to have the usual keys again."),
            file=str(file),
            reason=str(error),
        ) from error
    problems = [*_unknown(document), *_bad_keys(document.get("keys", {}), known)]
    if problems:
        raise BadInput(
            N_("The keys file {file} cannot be used."),
            do=N_("Correct these lines; “tuxa console keys” prints all names and their keys."),
            problems=tuple(problems),
            file=str(file),
        )
    return Choices(
        {name: _normal(keys) for name, keys in document.get("keys", {}).items()},
        document.get("theme", ""),
        document.get("language", ""),
    )


def bindings_of(classes: Iterable[type[Any]]) -> dict[str, Binding]:
    """Every binding with an id that these apps, screens and widgets declare, by that id."""
    found: dict[str, Binding] = {}
    for owner in classes:
        for parent in reversed(owner.__mro__):
            for binding in vars(parent).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id:
                    found.setdefault(binding.id, binding)
    return found


def template(known: Mapping[str, Binding], describe: Any) -> str:
    """A keys file that says what is so anyway, with every line explained."""
    names = ", ".join(theme.name for theme in THEMES)
    lines = [f'# theme = "{THEMES[0].name}"   # {names}', '# language = "vi"', "", "[keys]"]
    for name, binding in sorted(known.items()):
        line = f'# "{name}" = "{binding.key}"'
        lines.append(f"{line:<44} # {describe(binding.description)}")
    return "\n".join(lines) + "\n"


def _unknown(document: Mapping[str, Any]) -> list[Message]:
    problems = []
    for name, value in document.items():
        if name == "theme" and value not in (known := [theme.name for theme in THEMES]):
            problems.append(_problem(N_("theme “{value}”: there are {known}"), value, known))
        elif name == "language" and value not in ("vi", "en"):
            problems.append(_problem(N_("language “{value}”: there are {known}"), value, ("vi", "en")))
        elif name == "keys" and not isinstance(value, dict):
            problems.append(Message(N_("“keys” is a table: write [keys]")))
        elif name not in ("theme", "language", "keys"):
            problems.append(
                _problem(
                    N_("“{value}” is not known here: there are {known}"), name, ("theme", "language", "keys")
                )
            )
    return problems


def _problem(msgid: str, value: object, known: Sequence[str]) -> Message:
    return Message(msgid, {"value": str(value), "known": ", ".join(known)})


def _bad_keys(keys: Any, known: Mapping[str, Binding]) -> list[Message]:
    if not isinstance(keys, dict):
        return []
    problems = []
    taken: dict[tuple[str, str], str] = {}
    chosen = {name: keys.get(name, binding.key) for name, binding in known.items()}
    for name, text in keys.items():
        if name not in known:
            problems.append(Message(N_("“{name}”: there is no such command"), {"name": name}))
        elif not isinstance(text, str) or not text.strip():
            problems.append(Message(N_("“{name}”: give a key in quotation marks"), {"name": name}))
        else:
            problems += [
                Message(N_("“{name}”: “{key}” is not the name of a key"), {"name": name, "key": key})
                for key in _split(text)
                if not is_key(key)
            ]
    for name, text in chosen.items():
        room = name.partition(".")[0]
        for key in _split(text) if isinstance(text, str) else ():
            other = taken.setdefault((room, key), name)
            if other != name and (name in keys or other in keys):
                told = {"name": name, "other": other, "key": key}
                problems.append(Message(N_("“{name}”: “{key}” is taken by “{other}”"), told))
    return problems


def is_key(key: str) -> bool:
    """Whether `key` names a key: ``k``, ``f9``, ``ctrl+x``, ``shift+up``."""
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    if any(name not in _MODIFIERS for name in modifiers):
        return False
    return (len(last) == 1 and last.isprintable()) or last in _NAMED


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _normal(text: str) -> str:
    return ",".join(_split(text))
