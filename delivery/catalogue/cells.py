"""One cell of a table -> one value, or a reason that tells the person what to write instead.

A CSV file gives text only; a workbook gives numbers and dates as well. Both go through the same functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Any, Final, TypeAlias

from delivery.errors import N_, Message

Cell: TypeAlias = object
"""Text, a number, a truth value, a date or None: whatever the reader found."""
Parser: TypeAlias = Callable[[Cell], Any]


class _Unstored(Enum):
    """A formula whose result was not stored with it. Of its own type, so that no text is taken for it."""

    RESULT = "?"

    def __str__(self) -> str:
        return self.value


NO_RESULT: Final = _Unstored.RESULT
"""What a reader gives for a cell that holds a formula without a stored result."""

MAX_TEXT = 2000
"""Characters; longer cells are a sign of a broken quotation mark."""
FORMULA_WITHOUT_RESULT = N_(
    "The cell holds a formula without a stored result. "
    "Open and save the workbook in a spreadsheet program, or paste the values."
)
_SHOWN = 40
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LEARNER_CODE = re.compile(r"\w[\w.-]{0,39}")
_POSTCODE = re.compile(r"[0-9]{5}")
# National numbering plan: mobile 03, 05, 07, 08, 09 with ten digits, fixed lines 02x with eleven.
_PHONE = re.compile(r"0(?:[35789][0-9]{8}|2[0-9]{9})")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_VN_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?)?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:[.,][0-9]{1,9})?")
_SHEET_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_BIRTH_YEARS = (1900, 2100)


class BadCell(ValueError):
    """The cell cannot be used; `reason` says why and what to do."""

    def __init__(self, msgid: str, /, **params: Any) -> None:
        self.reason = Message(msgid, params)
        super().__init__(msgid)


def is_empty(cell: Cell) -> bool:
    """Nothing, or white space only."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def plain_key(text: str) -> str:
    """A word without case, marks and punctuation: ``Mã học phần`` and ``ma_hoc_phan`` are the same header."""
    marked = unicodedata.normalize("NFD", text.strip().casefold().replace("đ", "d"))
    bare = "".join(c if c.isalnum() else "_" for c in marked if not unicodedata.combining(c))
    return re.sub(r"_+", "_", bare).strip("_")


def _shown(cell: Cell) -> str:
    text = str(cell)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def text(cell: Cell) -> str:
    """Trimmed text in Unicode NFC; whole numbers are taken as their digits."""
    if isinstance(cell, str):
        return _clean(cell)
    if cell is None:
        return ""
    if cell is NO_RESULT:
        raise BadCell(FORMULA_WITHOUT_RESULT)
    if isinstance(cell, (bool, date)):
        raise BadCell(
            N_("The spreadsheet turned “{value}” into a date or a truth value. Format the cell as text."),
            value=_shown(cell),
        )
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return _clean(str(cell))


def _clean(raw: str) -> str:
    if raw.isascii() and len(raw) <= MAX_TEXT and raw.isprintable() and not raw.startswith("#"):
        return raw.strip()  # nearly every code and number: nothing else can be wrong with it
    value = unicodedata.normalize("NFC", raw).strip()
    if len(value) > MAX_TEXT:
        raise BadCell(
            N_("The text has {length} characters, more than {limit}. Look for a missing quotation mark."),
            length=len(value),
            limit=MAX_TEXT,
        )
    if not value.isprintable():
        value = re.sub(r"[\t\r\n\u00a0\u2028\u2029]+", " ", value)
        # U+FFFD and control or unassigned characters come from a wrong encoding or a damaged file.
        if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in value):
            raise BadCell(N_("The text holds characters that cannot be printed. Type the cell again."))
    if "\ufffd" in value:
        raise BadCell(
            N_("A letter of “{value}” was lost in a conversion. Type the cell again."), value=_shown(value)
        )
    if value in _SHEET_ERRORS:
        raise BadCell(
            N_("The formula in this cell failed ({value}). Correct it or write the value."), value=value
        )
    return value


def code(cell: Cell) -> str:
    """An institution's own code: ASCII letters, digits, ``.``, ``_`` and ``-``; at most 40."""
    return _code_of(cell) if isinstance(cell, str) else _code_of(text(cell))


# A roster repeats a few codes on every line.
@lru_cache(maxsize=4096)
def _code_of(raw: str) -> str:
    value = _clean(raw)
    if not _CODE.fullmatch(value):
        raise BadCell(
            N_("“{value}” is not a code. Use up to 40 letters without marks, digits, “.”, “_” and “-”."),
            value=_shown(value),
        )
    return value


def learner_code(cell: Cell) -> str:
    """A student code: as :func:`code`, and Vietnamese letters are allowed."""
    value = text(cell)
    if not _LEARNER_CODE.fullmatch(value):
        raise BadCell(
            N_("“{value}” is not a student code. Use up to 40 letters, digits, “.”, “_” and “-”."),
            value=_shown(value),
        )
    return value


def number(cell: Cell) -> Decimal:
    """An exact decimal; a comma or a point before the decimals (``33,3`` or ``33.3``)."""
    raw = repr(cell) if isinstance(cell, float) else text(cell)
    value = raw.replace("\u2212", "-")
    if not _NUMBER.fullmatch(value):
        raise BadCell(N_("“{value}” is not a number. Write for example 3 or 33,3."), value=_shown(raw))
    try:
        return Decimal(value.replace(",", "."))
    except InvalidOperation as error:  # pragma: no cover - the pattern admits numbers only
        raise BadCell(
            N_("“{value}” is not a number. Write for example 3 or 33,3."), value=_shown(raw)
        ) from error


def percent(cell: Cell) -> Decimal:
    """A weight above 0 and at most 100; a percent sign may follow."""
    value = number(cell.rstrip().removesuffix("%").rstrip() if isinstance(cell, str) else cell)
    if not 0 < value <= 100:
        raise BadCell(N_("The weight {value} does not lie above 0 and up to 100."), value=str(value))
    return value


def credits(cell: Cell) -> Decimal:
    """Credits, above 0."""
    value = number(cell)
    if not 0 < value <= 500:
        raise BadCell(N_("{value} credits cannot be. Write a number above 0."), value=str(value))
    return value


def whole(least: int, most: int) -> Parser:
    """A parser of whole numbers from `least` to `most`."""

    def parse(cell: Cell) -> int:
        value = number(cell)
        if value != int(value) or not least <= value <= most:
            raise BadCell(
                N_("“{value}” is not a whole number from {least} to {most}."),
                value=_shown(cell),
                least=least,
                most=most,
            )
        return int(value)

    return parse


def day(cell: Cell) -> date:
    """A calendar day: ``31/12/2026``, ``2026-12-31``, or a date cell of a workbook."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    value = text(cell)
    try:
        if found := _VN_DATE.fullmatch(value):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := _ISO_DATE.fullmatch(value):
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise BadCell(N_("There is no day “{value}” in the calendar. Correct it."), value=value) from error
    raise BadCell(
        N_("“{value}” is not a date. Write day/month/year, for example 31/12/2026."), value=_shown(value)
    )


def birth_day(cell: Cell) -> date:
    """A day of birth in a year that can be."""
    value = day(cell)
    if not _BIRTH_YEARS[0] <= value.year <= _BIRTH_YEARS[1]:
        raise BadCell(N_("The year of birth {year} cannot be. Correct it."), year=value.year)
    return value


def phone(cell: Cell) -> str:
    """A telephone number of Viet Nam as plain digits: ``+84 912.345.678`` becomes ``0912345678``."""
    digits = re.sub(r"[\s.()-]", "", text(cell))
    if digits.startswith(("+84", "0084")):
        digits = "0" + digits.split("84", 1)[1].removeprefix("0")
    if not _PHONE.fullmatch(digits):
        raise BadCell(
            N_(
                "“{value}” is not a telephone number. Write all ten digits with the leading 0, in a text cell."
            ),
            value=_shown(cell),
        )
    return digits


def postcode(cell: Cell) -> str:
    """A national postcode: five digits."""
    value = text(cell)
    if not _POSTCODE.fullmatch(value):
        raise BadCell(
            N_("“{value}” is not a postcode. Write all five digits, with a leading 0 if there is one."),
            value=_shown(value),
        )
    return value


def email(cell: Cell) -> str:
    """An e-mail address."""
    value = text(cell)
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise BadCell(
            N_("“{value}” is not an e-mail address. Correct it, or leave the cell empty."),
            value=_shown(value),
        )
    return value


def major_code(cell: Cell) -> str:
    """Code of a major: seven digits (mã ngành)."""
    value = text(cell)
    if not re.fullmatch(r"[0-9]{7}", value):
        raise BadCell(
            N_("“{value}” is not the code of a major. Write its seven digits."), value=_shown(value)
        )
    return value


def choice(kinds: type[StrEnum], words: Mapping[str, StrEnum]) -> Parser:
    """A parser of one word of a closed vocabulary; `words` maps other spellings, as :func:`plain_key` gives them."""
    known: dict[str, StrEnum] = {plain_key(kind.value): kind for kind in kinds} | dict(words)

    def parse(cell: Cell) -> StrEnum:
        value = text(cell)
        found = known.get(plain_key(value))
        if found is None:
            raise BadCell(
                N_("“{value}” is not known here. Use one of: {known}."),
                value=_shown(value),
                known=", ".join(kind.value for kind in kinds),
            )
        return found

    return parse


def choices(one: Parser) -> Parser:
    """A parser of several words in one cell, separated by ``;`` or ``,`` (or ``+``), each once, in the order given."""

    def parse(cell: Cell) -> tuple[Any, ...]:
        parts = [part for part in re.split(r"[;,+]", text(cell)) if part.strip()]
        return tuple(dict.fromkeys(one(part) for part in parts))

    return parse


def file_name(cell: Cell) -> str:
    """A file of the same folder or below it, with ``/`` between folders."""
    value = text(cell).replace("\\", "/")
    parts = value.split("/")
    if value.startswith("/") or ":" in value or any(part in ("", ".", "..") for part in parts):
        raise BadCell(
            N_(
                "“{value}” does not name a file in this folder. Write its name only, for example bai-tap-1.md."
            ),
            value=_shown(value),
        )
    return value
