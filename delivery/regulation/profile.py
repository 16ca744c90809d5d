"""Regulation profiles: thresholds as data, each with its clause, bound to cohorts (design D7)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from delivery.catalogue.grading import GradingRules, LetterBand
from delivery.errors import N_, ConfigError
from delivery.regulation.values import Value, Values, overlay, read_values


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile, read and checked."""

    id: str
    title: str
    verified: bool
    admitted_after: date
    """Cohorts admitted strictly after this day come under the profile (TXC-2-1)."""
    grading: GradingRules
    values: Values = field(default_factory=lambda: Values({}))
    legal_basis: tuple[str, ...] = ()
    """The “Căn cứ” lines of a document about a cohort of this profile (TXC-2-2)."""
    legacy_basis: tuple[str, ...] = ()
    """The same for cohorts admitted before it."""
    unverified: tuple[str, ...] = ()
    """Names of values and grading keys that come from secondary sources only."""

    def basis_of(self, admitted: date) -> tuple[str, ...]:
        """The “Căn cứ” lines of a document about a cohort that was admitted on that day (TXC-2-1, TXC-2-2)."""
        return self.legal_basis if admitted > self.admitted_after else self.legacy_basis

    def own_values(self) -> tuple[Value, ...]:
        """Values that the institution made stricter."""
        return tuple(value for value in self.values.all() if value.regulation)


@cache
def load_profile(name: str) -> Profile:
    """The profile that ships under `name`. Raises ConfigError naming the key that is missing or wrong."""
    entry = resources.files("delivery.regulation") / "profiles" / f"{name}.toml"
    if not entry.is_file():
        raise ConfigError(
            N_("There is no regulation profile “{name}”."),
            do=N_("Known regulation profiles: {known}."),
            name=name,
            known=", ".join(profile_names()),
        )
    return read_profile(entry.read_text(encoding="utf-8"), source=f"{name}.toml")


def profile_names() -> list[str]:
    """Names of the profiles that ship."""
    folder = resources.files("delivery.regulation") / "profiles"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def read_profile(text: str, *, source: str) -> Profile:
    """Parse a profile's TOML text."""
    try:
        document = tomllib.loads(text)
        values = read_values(document)
        unverified = tuple(name for name, value in values.items() if not value.verified)
        return Profile(
            id=document["id"],
            title=document["title"],
            verified=document["verified"],
            admitted_after=document["applies"]["admitted_after"],
            grading=_grading(document["id"], document["grading"]),
            values=Values(values),
            legal_basis=tuple(document.get("legal_basis", ())),
            legacy_basis=tuple(document.get("legacy_basis", ())),
            unverified=(*unverified, *document.get("unverified_grading", ())),
        )
    except KeyError as error:
        raise ConfigError(
            N_("Regulation profile {source}: the key {key} is missing."),
            do=N_("Add it; VN-2024.toml shows the form."),
            source=source,
            key=str(error),
        ) from error
    except (tomllib.TOMLDecodeError, InvalidOperation, TypeError, ValueError) as error:
        raise ConfigError(
            N_("Regulation profile {source} cannot be read: {reason}"),
            do=N_('Correct the value; decimals are written as text, such as "5.5".'),
            source=source,
            reason=str(error) or type(error).__name__,
        ) from error


def with_own_values(profile: Profile, file: Path) -> Profile:
    """`profile` with the institution's own stricter values from a TOML file, where there is one (TX-5.6).

    Raises ConfigError naming the value that is unknown, looser, or without a regulation of the institution behind it.
    """
    if not file.is_file():
        return profile
    try:
        own = tomllib.loads(file.read_text(encoding="utf-8")).get("values", {})
        known = {value.name: value for value in profile.values.all()}
        return replace(profile, values=Values(overlay(known, own, source=file.name)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            N_("The institution's own values in {file} cannot be read: {reason}"),
            do=N_('Write lines such as: visiting_share_max = {{ value = "25", regulation = "QC-2026" }}'),
            file=file.name,
            reason=str(error),
        ) from error


def _grading(profile: str, data: Mapping[str, Any]) -> GradingRules:
    letters = tuple(
        LetterBand(item["letter"], Decimal(item["floor"]), Decimal(item["points"]), item["passed"])
        for item in data["letters"]
    )
    floors = [band.floor for band in letters]
    if floors != sorted(floors, reverse=True) or floors[-1] != 0:
        raise ValueError("grading.letters must run from the highest floor down to 0")
    return GradingRules(
        profile=profile,
        scale_max=Decimal(data["scale_max"]),
        course_places=int(data["course_places"]),
        weights_total=Decimal(data["weights_total"]),
        letters=letters,
        pass_only_floor=Decimal(data["pass_only_floor"]),
        pass_only_letter=data["pass_only_letter"],
        fail_letter=data["fail_letter"],
        min_components=int(data["min_components"]),
        min_components_small=int(data["min_components_small"]),
        small_course_credits=Decimal(data["small_course_credits"]),
        online_weight_max=Decimal(data["online_weight_max"]),
    )
