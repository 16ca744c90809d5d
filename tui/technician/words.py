"""Words and signs of radio and television. State is never told by colour alone."""

from __future__ import annotations

from delivery.errors import N_
from tui.shared.lines import MUTED
from tui.shared.words import Sign

STATES = {
    "on_air": Sign("●", N_("ON AIR"), "$success"),
    "filler": Sign("◐", N_("FILLER"), "$accent"),
    "slate": Sign("◌", N_("SLATE"), "$warning"),
    "starting": Sign("…", N_("STARTING"), "$accent"),
    "stopped": Sign("■", N_("STOPPED"), "$error"),
    "fault": Sign("▲", N_("FAULT"), "$error"),
}
BY_HAND = {
    "hold": N_("held by hand"),
    "extend": N_("extended"),
    "slate": N_("on the slate by hand"),
    "skip": N_("skipped"),
    "insert": N_("inserted"),
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
APPROVALS = {
    "": Sign("○", N_("to be approved"), "$warning"),
    "draft": Sign("○", N_("to be approved"), "$warning"),
    "appraised": Sign("◔", N_("appraised"), "$warning"),
    "approved": Sign("●", N_("approved"), "$success"),
    "in_use": Sign("●", N_("approved"), "$success"),
    "retired": Sign("✗", N_("out of use"), "$error"),
}
AIRED = {
    "complete": Sign("✓", N_("aired whole"), "$success"),
    "partial": Sign("◐", N_("aired in part"), "$warning"),
    "missed": Sign("✗", N_("did not air"), "$error"),
}
FINDINGS = {
    "error": Sign("✗", N_("does not air"), "$error"),
    "warning": Sign("!", N_("look at it"), "$warning"),
    "note": Sign("·", N_("note"), MUTED),
    "refusal": Sign("✗", N_("refused"), "$error"),
}
GATES = {
    "": "",
    "unapproved": N_("not approved for broadcast"),
    "unlicensed": N_("outside the time of its rights"),
    "altered": N_("its files were altered"),
}
COMMANDS = {
    "hold": N_("Hold"),
    "skip": N_("Skip"),
    "extend": N_("Extend"),
    "insert": N_("Insert"),
    "slate": N_("Slate"),
    "back": N_("Back to the schedule"),
}
DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
