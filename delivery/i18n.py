"""Words for people: Vietnamese first, English second (design D11), from gettext catalogues.

Message ids are English. Each part of the program has its own catalogue (``core``, ``broadcast``, ``postal``,
``network``, ``tui`` …) under ``delivery/locale/<language>/LC_MESSAGES``; they are merged when loaded.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from delivery.errors import BadInput, Message, TuxaError

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


@cache
def _translations(language: Language) -> gettext.NullTranslations:
    merged = gettext.NullTranslations()
    folder = resources.files("delivery") / "locale" / language / "LC_MESSAGES"
    if not folder.is_dir():
        return merged
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".mo"):
            with entry.open("rb") as stream:
                loaded = gettext.GNUTranslations(stream)
            loaded.add_fallback(merged)
            merged = loaded
    return merged


@dataclass(frozen=True, slots=True)
class Translator:
    """Callable that turns a message id (and parameters) into a sentence of one language."""

    language: Language = "vi"

    def __call__(self, message: str | Message, /, **params: Any) -> str:
        if isinstance(message, Message):
            params = {**message.params, **params}
            message = message.msgid
        text = _translations(self.language).gettext(message) if message else ""
        return text.format(**{k: self._word(v) for k, v in params.items()}) if params else text

    def _word(self, value: Any) -> Any:
        return self(value) if isinstance(value, Message) else value

    def plural(self, one: str, many: str, count: int, /, **params: Any) -> str:
        """Plural form by the language's own rule; ``{count}`` is filled in."""
        text = _translations(self.language).ngettext(one, many, count)
        return text.format(count=count, **params)

    def error(self, error: TuxaError) -> str:
        """What happened, every problem on its own line, and what to do."""
        lines = [self(error.what)]
        if isinstance(error, BadInput):
            lines += [f"  - {self(problem)}" for problem in error.problems]
        if error.do:
            lines.append("→ " + self(error.do))
        return "\n".join(lines)
