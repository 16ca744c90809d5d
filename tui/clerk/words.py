"""Words and signs of the clerk's work. State is never told by colour alone."""

from __future__ import annotations

from delivery.errors import N_
from tui.shared.lines import MUTED
from tui.shared.words import Sign

DISCARDS = {
    "not_ours": N_("not ours"),
    "blank": N_("blank"),
    "copy": N_("a copy of what is there already"),
    "rescanned": N_("scanned again, better"),
    "spoilt": N_("nothing on it that anybody could use"),
}
PACKETS = {
    "planned": Sign("○", N_("planned"), "$warning"),
    "printed": Sign("◔", N_("printed"), "$warning"),
    "posted": Sign("●", N_("posted"), "$success"),
    "delivered": Sign("✓", N_("delivered"), "$success"),
    "undelivered": Sign("✗", N_("undelivered"), "$error"),
    "superseded": Sign("·", N_("superseded"), MUTED),
    "voided": Sign("·", N_("voided"), MUTED),
}
MODES = {
    "broadcast": N_("Radio and television"),
    "postal": N_("Post"),
    "network": N_("Network"),
}
ENVELOPES = {
    "received": Sign("✓", N_("received"), "$success"),
    "noted": Sign("✓", N_("received, sender not known yet"), "$warning"),
    "duplicate": Sign("=", N_("was received before"), "$warning"),
    "postmark": Sign("▸", N_("postmark of what follows"), "$accent"),
}
TOTALS = {
    "filed": N_("filed"),
    "queued": N_("waiting"),
    "duplicate": N_("there already"),
    "blank": N_("blank"),
    "foreign": N_("not ours"),
}
"""What became of scanned pages."""
STATUS = {
    "not_recorded": Sign("○", N_("nothing yet"), MUTED),
    "delivered": Sign("▸", N_("sent out"), "$accent"),
    "recorded": Sign("●", N_("took part"), "$success"),
    "held": Sign("!", N_("held"), "$warning"),
    "incomplete": Sign("◔", N_("incomplete"), "$warning"),
    "submitted": Sign("●", N_("handed in"), "$success"),
    "review": Sign("!", N_("to be looked at"), "$warning"),
    "marked": Sign("✓", N_("marked"), "$success"),
}
"""How an activity of the record stands."""
WITHIN = (
    N_("Printing"),
    N_("Read as"),
    N_("Taking in"),
    N_("To send again"),
    N_("sites"),
    N_("was posted before as {item}"),
)
"""Words that stand inside other texts, named here so that they are found and translated."""
