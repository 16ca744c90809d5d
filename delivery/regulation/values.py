"""The values of a profile: each with instrument, clause, dates, and the direction that is stricter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from delivery.errors import N_, ConfigError


class Stricter(StrEnum):
    """Which way an institution may move a value (TX-5.6, TX-13.1a-1)."""

    LOWER = "lower"
    HIGHER = "higher"
    FIXED = "fixed"
    """The law leaves no choice."""
    LATER_IN_ORDER = "order"
    """A choice among words, listed from the loosest to the strictest."""
    FREE = "free"
    """The institution's own parameter, for which the law names no bound."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value."""

    name: str
    value: Decimal | date | str
    clause: str
    instrument: str
    stricter: Stricter
    unit: str = ""
    order: tuple[str, ...] = ()
    effective_from: date | None = None
    effective_to: date | None = None
    cohorts: tuple[str, ...] = ()
    """Cohorts that it is limited to; empty: all of the profile."""
    verified: bool = True
    """False: taken from secondary sources; a finding that rests on it says so."""
    regulation: str = ""
    """Evidence code of the institution's own regulation that made it stricter (TX-1.3)."""

    def allows(self, wanted: Decimal | date | str) -> bool:
        """Whether `wanted` is as strict as this, or stricter."""
        if wanted == self.value or self.stricter is Stricter.FREE:
            return True
        if self.stricter is Stricter.FIXED or type(wanted) is not type(self.value):
            return False
        if self.stricter is Stricter.LATER_IN_ORDER:
            return wanted in self.order and self.order.index(str(wanted)) >= self.order.index(str(self.value))
        if isinstance(wanted, str) or isinstance(self.value, str):
            return False
        lower: bool = wanted < self.value  # type: ignore[operator]
        return lower if self.stricter is Stricter.LOWER else not lower


class Values:
    """The values that hold for one programme, by name."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values
        self._numbers = {
            name: Fraction(item.value) for name, item in values.items() if isinstance(item.value, Decimal)
        }

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def all(self) -> Iterable[Value]:
        """Every value."""
        return self._values.values()

    def number(self, name: str) -> Fraction:
        """An exact number."""
        if name not in self._numbers:
            raise TypeError(f"{name} is not a number")
        return self._numbers[name]

    def decimal(self, name: str) -> Decimal:
        """The same as decimal text: comparing two decimals is exact, and many times faster."""
        value = self._values[name].value
        if not isinstance(value, Decimal):
            raise TypeError(f"{name} is not a number")
        return value

    def whole(self, name: str) -> int:
        """A whole number."""
        return int(self.number(name))

    def word(self, name: str) -> str:
        """A choice."""
        return str(self._values[name].value)

    def day(self, name: str) -> date:
        """A calendar day."""
        value = self._values[name].value
        if not isinstance(value, date):
            raise TypeError(f"{name} is not a day")
        return value


def strictest(sets: Iterable[Values]) -> Values:
    """Of several profiles the strictest value each: a programme whose cohorts differ must satisfy all of them."""
    out: dict[str, Value] = {}
    for values in sets:
        for value in values.all():
            known = out.get(value.name)
            if known is None or known.allows(value.value):
                out[value.name] = value
    return Values(out)


def read_values(document: Mapping[str, Any]) -> dict[str, Value]:
    """The ``[values]`` and ``[instruments]`` of a profile. Raises KeyError, TypeError or ValueError with the reason."""
    instruments: Mapping[str, Mapping[str, Any]] = document.get("instruments", {})
    out: dict[str, Value] = {}
    for name, item in document.get("values", {}).items():
        instrument = item.get("instrument") or str(item["clause"]).partition("-")[0]
        dates = instruments.get(instrument, {})
        stricter = Stricter(item.get("stricter", "fixed"))
        value = _typed(item["value"])
        if stricter is Stricter.LATER_IN_ORDER and value not in item["order"]:
            raise ValueError(f"values.{name}: {value} is not in its order")
        out[name] = Value(
            name,
            value,
            item["clause"],
            instrument,
            stricter,
            item.get("unit", ""),
            tuple(item.get("order", ())),
            item.get("effective_from", dates.get("effective_from")),
            item.get("effective_to", dates.get("effective_to")),
            tuple(item.get("cohorts", ())),
            item.get("verified", document["verified"]),
        )
    return out


def _typed(raw: object) -> Decimal | date | str:
    if isinstance(raw, date):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise TypeError(f"{raw!r} is neither a date nor decimal text")
    text = str(raw)
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def overlay(values: Mapping[str, Value], own: Mapping[str, Any], *, source: str) -> dict[str, Value]:
    """`values` with the institution's own, which may only be stricter (TX-5.6). Raises ConfigError naming the value."""
    out = dict(values)
    for name, item in own.items():
        base = values.get(name)
        if base is None:
            raise ConfigError(
                N_("{source}: there is no value “{name}” in this profile."),
                do=N_("Values that can be set: {known}."),
                source=source,
                name=name,
                known=", ".join(sorted(values)),
            )
        wanted = _typed(item["value"])
        _require_usable(base, wanted, source=source)
        if not base.allows(wanted):
            raise ConfigError(
                N_("{source}: {name} = {wanted} is looser than {base} ({clause}, TX-5.6)."),
                do=N_("An institution may only be equal to the regulation, or stricter. Correct the value."),
                source=source,
                name=name,
                wanted=str(wanted),
                base=str(base.value),
                clause=base.clause,
            )
        if not item.get("regulation"):
            raise ConfigError(
                N_("{source}: {name} names no regulation of the institution (TX-1.3)."),
                do=N_("Add regulation = the code of the evidence that sets it."),
                source=source,
                name=name,
            )
        out[name] = replace(base, value=wanted, regulation=item["regulation"])
    return out


_WHOLE_UNITS = frozenset(
    {
        "count",
        "months",
        "month",
        "day_of_month",
        "years",
        "year",
        "days",
        "weeks",
        "minutes",
        "hours",
        "people",
    }
)
_MOST = Decimal(1_000_000)


def _require_usable(base: Value, wanted: Decimal | date | str, *, source: str) -> None:
    """Raise ConfigError for a value of another type than that of the profile, or one that nothing can be."""
    do = _usable(base, wanted)
    if do:
        raise ConfigError(
            N_("{source}: {name} = {wanted} cannot be used ({clause})."),
            do=do,
            source=source,
            name=base.name,
            wanted=str(wanted),
            clause=base.clause,
            known=", ".join(base.order),
        )


def _usable(base: Value, wanted: Decimal | date | str) -> str:
    """What to write instead; empty when it can be used."""
    if isinstance(base.value, Decimal):
        if not isinstance(wanted, Decimal) or not wanted.is_finite() or not 0 <= wanted <= _MOST:
            return N_('Write a number from 0 as text, such as "25" or "0.5".')
        if base.unit in _WHOLE_UNITS and (
            wanted != wanted.to_integral_value() or (base.value and not wanted)
        ):
            return N_('Write a whole number from 1 as text, such as "3".')
        return ""
    if isinstance(base.value, date):
        return (
            "" if isinstance(wanted, date) else N_("Write a day without quotation marks, such as 2027-01-31.")
        )
    if base.order and wanted not in base.order:
        return N_("Write one of these words: {known}.")
    return "" if isinstance(wanted, str) else N_("Write a word in quotation marks.")
