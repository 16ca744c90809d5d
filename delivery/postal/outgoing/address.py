"""Addresses as they are written on envelopes, and what is wrong with them. Pure apart from the fonts it asks.

Since 1 July 2025 an address has two levels, commune and province, and a five-digit postcode; the text before that is
kept and used where it is all there is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from delivery.catalogue.model import LearnerProfile
from delivery.catalogue.provinces import is_province
from delivery.errors import N_, Message
from delivery.postal.fonts import undrawable
from delivery.postal.outgoing.markdown import clean

_POSTCODE = re.compile(r"\d{5}")
_SPECIAL = frozenset(["So", "Sk", "Sm", "Mn", "Me"])


@dataclass(frozen=True, slots=True)
class Addressee:
    """A learner as an envelope names them."""

    name: str
    code: str
    lines: tuple[str, ...]
    """Name first, then the lines of the address."""
    postcode: str


def has_address(profile: LearnerProfile) -> bool:
    """Whether the post can find the learner: a street line or the older text, and a place."""
    return bool((profile.address or profile.old_address).strip()) and bool(
        (profile.commune or profile.province or profile.old_address).strip()
    )


def addressee(profile: LearnerProfile) -> Addressee:
    """Name, street, commune and province, postcode; the older text where that is all. Signs that no address needs
    (emoji, invisible marks) are left out."""
    place = ", ".join(part for part in (profile.commune, profile.province) if part.strip())
    texts = (profile.full_name, profile.address or profile.old_address, place, profile.postcode)
    lines = [one_line(text) for text in texts]
    return Addressee(lines[0], profile.code, tuple(line for line in lines if line), lines[3])


def one_line(text: str) -> str:
    """Composed, on one line, without marks that nobody sees, and without signs that are no letters, digits or
    punctuation and that fonts lack."""
    kept = clean(text)
    if not kept.isprintable() or undrawable(kept):
        kept = "".join(c for c in kept if c.isspace() or not _needless(c))
    return " ".join(kept.split())


def _needless(c: str) -> bool:
    category = unicodedata.category(c)
    # A mark that belongs to a letter is not needless: without it, the letter would be another one.
    return category == "Cf" or (category in _SPECIAL and not unicodedata.combining(c) and bool(undrawable(c)))


def why_not(profile: LearnerProfile | None) -> Message | None:
    """Why no packet can be sent to a learner, or None."""
    if profile is None:
        return Message(N_("the personal data of this learner were erased"))
    if not has_address(profile):
        return Message(N_("no address"))
    if profile.full_name.strip() and _plain(profile):
        return None
    found = addressee(profile)
    if not found.name:
        return Message(N_("no name"))
    foreign = undrawable("".join(found.lines))
    if foreign:
        return Message(
            N_("letters that cannot be printed: {letters}; write them as the post reads them"),
            {"letters": " ".join(sorted(set(foreign)))},
        )
    return None


def _plain(profile: LearnerProfile) -> bool:
    """Whether everything on the envelope is composed text that can be drawn: nearly every profile."""
    text = "".join(
        (
            profile.full_name,
            profile.address or profile.old_address,
            profile.commune,
            profile.province,
            profile.postcode,
        )
    )
    return text.isprintable() and unicodedata.is_normalized("NFC", text) and not undrawable(text)


def doubts(profile: LearnerProfile) -> list[Message]:
    """What the post may stumble over; the packet is printed all the same."""
    out = []
    if not _POSTCODE.fullmatch(profile.postcode.strip()):
        out.append(Message(N_("no five-digit postcode")))
    if not profile.province.strip() or not profile.commune.strip():
        out.append(Message(N_("no commune or province: only the older address")))
    elif not _is_province(profile.province):
        out.append(Message(N_("“{province}” is not one of the 34 provinces"), {"province": profile.province}))
    return out


_is_province = lru_cache(maxsize=256)(is_province)
