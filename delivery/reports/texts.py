"""What people write into a report: place, number, signer, and the parts in words. A TOML file in the home.

``<home>/reports/2026/annex1.toml``, ``<home>/reports/2026/annex2-SITE.toml``; every key may be left out.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from delivery.errors import N_, BadInput, Message
from delivery.reports.words import nfc


@dataclass(frozen=True, slots=True)
class Texts:
    """The written parts. Empty: a dotted line to be filled in, or what the data say."""

    place: str = ""
    """Địa danh before the day."""
    signed: date | None = None
    number: str = ""
    number_line: bool = True
    """The template of the circular has no «Số: …» line, Nghị định 30/2020 asks for one; false leaves it out."""
    abbreviation: str = ""
    """Behind «/BC-»."""
    unit: str = ""
    """Behind «Lưu: VT, »."""
    supervising_body: str = ""
    """Of a partner (Phụ lục II); the institution's own is in the catalogue."""
    signer_title: str = ""
    signer: str = ""
    recipients: tuple[str, ...] = ()
    """Lines of «Nơi nhận» instead of those of the template."""
    materials: str = ""
    shortcomings: str = ""
    causes: str = ""
    proposals: str = ""


def read_texts(path: Path) -> Texts:
    """The file's texts; those of a file that is not there are empty. Raises BadInput naming each bad key."""
    if not path.is_file():
        return Texts()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadInput(
            N_("The file {file} cannot be read: {reason}"),
            do=N_("Correct it; docs/reports.md shows an example."),
            file=str(path),
            reason=str(error),
        ) from error
    known = {item.name: item for item in fields(Texts)}
    values: dict[str, Any] = {}
    problems: list[Message] = []
    for name, value in document.items():
        if name not in known or not _fits(name, value):
            problems.append(Message(N_("“{name}” is unknown or of another kind."), {"name": name}))
        elif name == "recipients":
            values[name] = tuple(nfc(line) for line in value)
        else:
            values[name] = nfc(value) if isinstance(value, str) else value
    if problems:
        raise BadInput(
            N_("The texts in {file} cannot be used."),
            do=N_("Known keys: {known}."),
            problems=tuple(problems),
            file=str(path),
            known=", ".join(known),
        )
    return Texts(**values)


def _fits(name: str, value: object) -> bool:
    if name == "signed":
        return type(value) is date
    if name == "number_line":
        return isinstance(value, bool)
    if name == "recipients":
        return isinstance(value, list) and all(isinstance(line, str) for line in value)
    return isinstance(value, str)


def paragraphs(text: str) -> tuple[str, ...]:
    """Paragraphs of a written text, parted by empty lines."""
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())
