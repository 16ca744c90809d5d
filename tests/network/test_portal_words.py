"""Every sentence in a template of the portal has its Vietnamese."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import delivery

PACKAGE = Path(delivery.__file__).parent
KEYWORDS = {"t": None, "plural": (1, 2)}


def extracted() -> set[str]:
    methods = [("**.html", "jinja2")]
    found = extract_from_dir(PACKAGE / "network" / "web" / "templates", methods, keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_sentence_has_a_vietnamese_translation_with_the_same_parameters() -> None:
    with (PACKAGE / "locale" / "vi" / "LC_MESSAGES" / "network.po").open("rb") as stream:
        catalogue = read_po(stream, locale="vi")
    known = {
        (message.id if isinstance(message.id, str) else message.id[0]): message
        for message in catalogue
        if message.id
    }
    used = extracted()
    assert {"Sign in", "Receipt", "Send"} <= used
    assert sorted(used - known.keys()) == []
    for english, message in known.items():
        vietnamese = message.string if isinstance(message.string, str) else message.string[0]
        assert vietnamese, english
        assert parameters(english) == parameters(vietnamese), english
