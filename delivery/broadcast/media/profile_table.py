"""Tables of a profile file, read key by key, so that whatever is wrong is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from delivery.errors import N_, ConfigError, Message


class ProfileTable:
    """A TOML table that is read key by key; what is missing, wrong or left over is refused by name."""

    def __init__(self, values: Mapping[str, Any], source: str, prefix: str = "") -> None:
        self.values = values
        self._source = source
        self._prefix = prefix
        self._read: set[str] = set()

    def wrong(self, key: str, reason: str, **params: Any) -> ConfigError:
        return ConfigError(
            N_("Media profile {file}, key “{key}”: {reason}."),
            do=N_("Correct that line. The profiles in the package’s folder media_profiles show every key."),
            file=self._source,
            key=self._prefix + key,
            reason=Message(reason, params),
        )

    def finish(self) -> None:
        """Refuse keys that nothing has read."""
        for key in self.values:
            if key not in self._read:
                raise self.wrong(key, N_("this key is not known here"))

    def text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, N_("it must be a text in quotation marks"))
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(key, N_("it must be one of {allowed}"), allowed=", ".join(allowed))
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        value = self._value(key)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(
                key, N_("it must be a whole number from {least} to {most}"), least=least, most=most
            )
        return value

    def even(self, key: str, least: int, most: int) -> int:
        value = self.whole(key, least, most)
        if value % 2:
            raise self.wrong(key, N_("it must be even"))
        return value

    def ratio(self, key: str) -> Fraction:
        """A shape such as ``64:45``."""
        above, _, below = self.text(key).partition(":")
        if above.isdecimal() and below.isdecimal() and int(below):
            value = Fraction(int(above), int(below))
            if Fraction(1, 4) <= value <= 4:
                return value
        raise self.wrong(key, N_("it must be a ratio such as “64:45”"))

    def number(self, key: str, least: float, most: float) -> float:
        value = self._value(key)
        if type(value) not in (int, float) or not least <= value <= most:
            raise self.wrong(key, N_("it must be a number from {least} to {most}"), least=least, most=most)
        return float(value)

    def table(self, key: str) -> ProfileTable:
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.wrong(key, N_("it must be a table, written [{table}]"), table=key)
        return ProfileTable(value, self._source, f"{self._prefix}{key}.")

    def tables(self, key: str) -> list[ProfileTable]:
        value = self._value(key)
        if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
            raise self.wrong(key, N_("it must be one or more tables, each written [[{table}]]"), table=key)
        return [
            ProfileTable(entry, self._source, f"{key}[{number}].") for number, entry in enumerate(value, 1)
        ]

    def _value(self, key: str) -> Any:
        self._read.add(key)
        if key not in self.values:
            raise self.wrong(key, N_("it is missing"))
        return self.values[key]
