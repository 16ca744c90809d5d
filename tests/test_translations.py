"""Every sentence that the program can say exists in Vietnamese, the interface language (design D11)."""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from delivery.cli.main import program
from delivery.cli.words import help_texts, one_line

ROOT = Path(__file__).parent.parent
KEYWORDS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2)}


@cache
def said() -> dict[str, str]:
    """Message id -> a place where it is said."""
    found: dict[str, str] = {}
    for package in ("delivery", "tui"):
        methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
        for name, line, message, _comments, _context in extract_from_dir(
            ROOT / package, methods, keywords=KEYWORDS
        ):
            for text in (message,) if isinstance(message, str) else message:
                if text:
                    found[text] = f"{package}/{name}:{line}"
    command = typer.main.get_command(program([]))
    for holder, attribute in help_texts(command):
        found[one_line(getattr(holder, attribute))] = f"help of {holder.name}"
    return found


def entries() -> Iterator[tuple[str, str]]:
    """Message id and Vietnamese, as often as there are entries in the catalogues of all parts."""
    for file in sorted((ROOT / "delivery/locale/vi/LC_MESSAGES").glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream, locale="vi", abort_invalid=True):
                if message.id and not message.fuzzy:
                    ids = (message.id,) if isinstance(message.id, str) else message.id
                    texts = (message.string,) if isinstance(message.string, str) else message.string
                    for ident in ids:
                        yield ident, next(iter(texts))


def translated() -> dict[str, str]:
    """Message id -> Vietnamese."""
    return dict(entries())


def test_every_message_has_a_vietnamese_translation() -> None:
    vietnamese = translated()
    missing = {text: place for text, place in said().items() if not vietnamese.get(text)}
    assert not missing


def test_no_two_parts_translate_the_same_words_differently() -> None:
    texts = defaultdict(set)
    for ident, text in entries():
        texts[ident].add(text)
    assert {ident: found for ident, found in texts.items() if len(found) > 1} == {}


def test_translations_fill_in_the_same_parameters() -> None:
    def parameters(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    vietnamese = translated()
    for text in said():
        if text in vietnamese:
            assert parameters(vietnamese[text]) <= parameters(text) | {"count"}, text
