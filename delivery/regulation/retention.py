"""What is held of a learner: for which purpose, on what it rests, and how long (PD-1). No holding without all three.

Results are kept for good (TX-14.3: original transcript, graduation decision, register of diplomas). They are facts
without personal data; whose they are is retained with them. Everything else goes when the person asks for it (PD-8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from delivery.errors import N_


class Holding(StrEnum):
    """A class of what is held."""

    IDENTITY = "identity"
    CONTACT = "contact"
    WORDS = "words"
    WORK = "work"
    ACCESS = "access"
    FACTS = "facts"


class Keep(StrEnum):
    """How long."""

    FOR_GOOD = "for_good"
    WITH_RESULTS = "with_results"
    """For good once there are results; until then as long as the person wishes."""
    ON_WISH = "on_wish"
    """Until the person asks for erasure."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Purpose, basis and retention of one class. Words are message ids."""

    holding: Holding
    name: str
    purpose: str
    clause: str
    keep: Keep
    fields: tuple[str, ...] = ()
    """Fields of the profile."""


RULES: Mapping[Holding, Rule] = {
    rule.holding: rule
    for rule in (
        Rule(
            Holding.IDENTITY,
            N_("name, date of birth, student code"),
            N_("to say whose results they are"),
            "TX-14.3",
            Keep.WITH_RESULTS,
            ("code", "full_name", "birth_date"),
        ),
        Rule(
            Holding.CONTACT,
            N_("telephone, e-mail, addresses"),
            N_("to send packets and to reach the learner"),
            "TX-5.8c-4",
            Keep.ON_WISH,
            ("phone", "email", "address", "commune", "province", "postcode", "old_address"),
        ),
        Rule(
            Holding.WORDS,
            N_("questions, answers, comments on work"),
            N_("interaction between learners and lecturers"),
            "TX-5.4-1",
            Keep.ON_WISH,
        ),
        Rule(
            Holding.WORK,
            N_("images and files of returned work, uploads, printed packets"),
            N_("marking, and proof of what was handed in"),
            "TX-9.8-1",
            Keep.ON_WISH,
        ),
        Rule(
            Holding.ACCESS,
            N_("PIN or password, sessions and tokens of the portal"),
            N_("signing in"),
            "TX-9.9-2",
            Keep.ON_WISH,
        ),
        Rule(
            Holding.FACTS,
            N_("what happened in the course of study, under a number instead of a name"),
            N_("a truthful record of each learner's study"),
            "TT-5.3c-2",
            Keep.FOR_GOOD,
        ),
    )
}


def retained(*, has_results: bool) -> tuple[Rule, ...]:
    """What the law retains against a wish for erasure, beyond facts that name nobody."""
    return tuple(rule for rule in RULES.values() if rule.keep is Keep.WITH_RESULTS and has_results)
