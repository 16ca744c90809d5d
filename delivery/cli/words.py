"""The help of every command in the reader's language: its English texts are the message ids."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator
from importlib import resources
from typing import Any

from delivery.i18n import Translator


def help_texts(command: Any) -> Iterator[tuple[Any, str]]:
    """Every object below `command` (a Click command) that has help, with the name of the attribute that holds it."""
    for holder in (command, *getattr(command, "params", ())):
        for attribute in ("help", "short_help", "epilog"):
            if getattr(holder, attribute, None):
                yield holder, attribute
    for child in getattr(command, "commands", {}).values():
        yield from help_texts(child)


def translate_help(command: Any, translate: Translator) -> None:
    """Put `command` and all below it into the translator's language, in place."""
    for holder, attribute in help_texts(command):
        setattr(holder, attribute, translate(one_line(getattr(holder, attribute))))
    if translate.language != "en":
        _speak(translate.language)


def one_line(text: str) -> str:
    """The text without the line breaks of its source; paragraphs stay apart."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _speak(language: str) -> None:
    """The command-line library's own words (panel titles, “required”) come from gettext's default domain."""
    folder = resources.files("delivery") / "locale"
    gettext.bindtextdomain("commands", str(folder))
    gettext.textdomain("commands")
    os.environ["LANGUAGE"] = language
