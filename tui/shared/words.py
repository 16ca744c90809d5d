"""Words and signs that both consoles use. State is never told by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.errors import N_
from delivery.network.bus.client import Link


@dataclass(frozen=True, slots=True)
class Sign:
    """A glyph, a word (message id) and a theme colour, for one value."""

    glyph: str
    word: str
    colour: str


SEVERITY_SIGNS = {
    "error": Sign("▲", N_("ALARM"), "$error"),
    "warning": Sign("!", N_("Warning"), "$warning"),
    "info": Sign("i", N_("Note"), "$accent"),
}

LINKS = {
    Link.CONNECTING: Sign("○", N_("connecting"), "$warning"),
    Link.UP: Sign("●", N_("connected"), "$success"),
    Link.ALONE: Sign("◆", N_("alone"), "$warning"),
    Link.LOST: Sign("▲", N_("no contact"), "$error"),
    Link.REFUSED: Sign("✗", N_("key refused"), "$error"),
}

BANNERS = {
    Link.CONNECTING: N_("Looking for the station…"),
    Link.LOST: N_("Contact with the station is lost – trying again"),
    Link.REFUSED: N_("The station refuses this console's key. Ask an administrator to let it in."),
    Link.ALONE: N_(
        "No station is running here: this console works on the store itself, and nothing is sent."
    ),
}

WITHIN = (
    N_("Approve"),
    N_("As-run against plan"),
    N_("Cancel"),
    N_("Choose"),
    N_("Day sheet"),
    N_("Edit"),
    N_("Go on"),
    N_("New slot"),
    N_("Next"),
    N_("Nothing stands against it."),
    N_("Nothing to say against it."),
    N_("Refuse"),
    N_("Save"),
    N_("Slate at once"),
    N_("TV"),
    N_("Which material is it?"),
    N_("in {seconds} s"),
    N_("only serious"),
    N_("radio"),
    N_("rerun"),
    N_("settled by it"),
    N_("transmitter"),
)
"""Words that stand inside other texts, named here so that they are found and translated."""
