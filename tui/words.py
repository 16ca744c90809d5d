"""Words and signs for what a station says. State is never told by colour alone."""

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


MUTED = "$foreground 60%"

STATES = {
    "on_air": Sign("●", N_("ON AIR"), "$success"),
    "filler": Sign("◐", N_("FILLER"), "$accent"),
    "slate": Sign("◌", N_("SLATE"), "$warning"),
    "starting": Sign("…", N_("STARTING"), "$accent"),
    "stopped": Sign("■", N_("STOPPED"), "$error"),
    "fault": Sign("▲", N_("FAULT"), "$error"),
}

KINDS = {"tv": N_("TV"), "radio": N_("radio")}

ROWS = {
    "lesson": N_("lesson"),
    "card": N_("attendance code"),
    "filler": N_("filler"),
    "slate": N_("station picture"),
}

VERDICTS = {
    "pass": Sign("✓", N_("passed"), "$success"),
    "pass_with_fixes": Sign("✓", N_("passed, corrected"), "$success"),
    "unchanged": Sign("=", N_("already there"), MUTED),
    "refused": Sign("✗", N_("refused"), "$error"),
}

SEVERITY_SIGNS = {
    "error": Sign("▲", N_("ALARM"), "$error"),
    "warning": Sign("!", N_("Warning"), "$warning"),
    "info": Sign("i", N_("Note"), "$accent"),
}

LINKS = {
    Link.CONNECTING: Sign("○", N_("connecting"), "$warning"),
    Link.UP: Sign("●", N_("connected"), "$success"),
    Link.LOST: Sign("▲", N_("no contact"), "$error"),
    Link.REFUSED: Sign("✗", N_("key refused"), "$error"),
}

BANNERS = {
    Link.CONNECTING: N_("Looking for the station…"),
    Link.LOST: N_("Contact with the station is lost – trying again"),
    Link.REFUSED: N_("The station refuses this console's key. Ask an administrator to let it in."),
}
