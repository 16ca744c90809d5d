"""What the clerk's cupboard holds: paper, envelopes with their windows, label sheets, and the post's weight classes.

Geometry and tariffs differ from shop to shop and year to year, so they are data (TOML), never code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from delivery.errors import N_, ConfigError, NotFound, Refused
from delivery.postal.outgoing.packet import Window

A4_SQUARE_METRES = 0.210 * 0.297
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Envelope:
    name: str
    leaves: int
    """Most A4 leaves that it holds."""
    weight: float
    """Its own, in grams."""
    window: Window


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """Labels on an A4 sheet; all lengths in millimetres."""

    name: str
    columns: int
    rows: int
    left: float
    top: float
    pitch_x: float
    pitch_y: float
    width: float
    height: float

    @property
    def count(self) -> int:
        return self.columns * self.rows


@dataclass(frozen=True, slots=True)
class PostageClass:
    name: str
    grams: int
    """Heaviest item of the class."""
    price: int
    """In đồng; 0 while nobody has filled it in."""


@dataclass(frozen=True, slots=True)
class Mailpiece:
    """One packet as the post sees it."""

    leaves: int
    grams: int
    envelope: str
    postage: str
    price: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Everything that the stock files name."""

    leaf_grams: float
    envelopes: tuple[Envelope, ...]
    labels: tuple[LabelSheet, ...]
    classes: tuple[PostageClass, ...]

    def envelope(self, name: str) -> Envelope:
        """The envelope of this name."""
        return _named(self.envelopes, name, lambda one: one.name, N_("There is no envelope “{name}”."))

    def label_sheet(self, name: str) -> LabelSheet:
        """The label sheet of this name; the first one for an empty name."""
        return _named(
            self.labels,
            name or self.labels[0].name,
            lambda one: one.name,
            N_("There is no label sheet “{name}”."),
        )

    def envelope_for(self, leaves: int, name: str = "") -> Envelope:
        """The smallest envelope that holds so many leaves, or the one that is named. Raises Refused."""
        fitting = [self.envelope(name)] if name else sorted(self.envelopes, key=lambda one: one.leaves)
        for envelope in fitting:
            if leaves <= envelope.leaves:
                return envelope
        raise Refused(
            N_("A packet of {leaves} leaves fits into no envelope of the stock file."),
            do=N_("Plan several batches, print on both sides, or add a larger envelope to the stock file."),
            leaves=leaves,
        )

    def mailpiece(self, pages: int, *, duplex: bool, envelope: str = "") -> Mailpiece:
        """Weight and class of a packet of so many printed pages. Raises Refused when the post takes no such thing."""
        leaves = (pages + 1) // 2 if duplex else pages
        chosen = self.envelope_for(leaves, envelope)
        # Rounded up: a scale never shows less.
        grams = int(leaves * self.leaf_grams + chosen.weight) + 1
        for postage in sorted(self.classes, key=lambda one: one.grams):
            if grams <= postage.grams:
                return Mailpiece(leaves, grams, chosen.name, postage.name, postage.price)
        raise Refused(
            N_("A packet of {grams} g is heavier than any class of the stock file."),
            do=N_("Plan several batches, each with some of the units (--unit)."),
            grams=grams,
        )


def _named(known: Sequence[T], name: str, name_of: Callable[[T], str], text: str) -> T:
    for one in known:
        if name_of(one) == name:
            return one
    raise NotFound(
        text,
        do=N_("The stock files know: {known}."),
        name=name,
        known=", ".join(name_of(one) for one in known),
    )


def load_stock(home: Path) -> Stock:
    """The stock of a home: what comes with the program, and ``<home>/stock/*.toml`` over it. Raises ConfigError."""
    own = sorted((home / "stock").glob("*.toml"))
    shipped = resources.files("delivery.postal.outgoing") / "stock" / "default.toml"
    merged: dict[str, dict[str, Any]] = {"envelopes": {}, "labels": {}, "classes": {}}
    gsm = 80.0
    for name, text in [("default.toml", shipped.read_text("utf-8")), *((str(f), _read(f)) for f in own)]:
        try:
            document = tomllib.loads(text)
            gsm = float(document.get("paper", {}).get("grams_per_square_metre", gsm))
            for kind, make in _KINDS.items():
                for entry in document.get(kind, ()):
                    made = make(entry)
                    merged[kind][made.name] = made
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                N_("The stock file {file} cannot be read: {reason}"),
                do=N_("Compare it with the example in docs/packets.md."),
                file=name,
                reason=f"{type(error).__name__}: {error}",
            ) from error
    return Stock(
        A4_SQUARE_METRES * gsm,
        tuple(merged["envelopes"].values()),
        tuple(merged["labels"].values()),
        tuple(merged["classes"].values()),
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            N_("The stock file {file} cannot be read: {reason}"),
            do=N_("Compare it with the example in docs/packets.md."),
            file=str(file),
            reason=str(error),
        ) from error


def _envelope(entry: Mapping[str, Any]) -> Envelope:
    x, y, width, height = (float(value) for value in entry["window"])
    if x < 0 or y < 0 or width < 40 or height < 20 or x + width > 210 or y + height > 148:
        raise ValueError(
            f"window of {entry['name']} lies outside the upper half of an A4 page, or is too small"
        )
    return Envelope(
        str(entry["name"]), int(entry["leaves"]), float(entry["weight"]), Window(x, y, width, height)
    )


def _label(entry: Mapping[str, Any]) -> LabelSheet:
    lengths = {key: float(entry[key]) for key in ("left", "top", "pitch_x", "pitch_y", "width", "height")}
    sheet = LabelSheet(str(entry["name"]), int(entry["columns"]), int(entry["rows"]), **lengths)
    right = sheet.left + (sheet.columns - 1) * sheet.pitch_x + sheet.width
    foot = sheet.top + (sheet.rows - 1) * sheet.pitch_y + sheet.height
    if sheet.columns < 1 or sheet.rows < 1 or right > 210.5 or foot > 297.5:
        raise ValueError(f"labels of {sheet.name} reach beyond an A4 sheet")
    return sheet


def _class(entry: Mapping[str, Any]) -> PostageClass:
    return PostageClass(str(entry["name"]), int(entry["grams"]), int(entry.get("price", 0)))


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "envelopes": _envelope,
    "labels": _label,
    "classes": _class,
}
