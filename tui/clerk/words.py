"""Words and signs of the clerk's work. State is never told by colour alone."""

from __future__ import annotations

from delivery.errors import N_
from tui.shared.lines import MUTED
from tui.shared.words import Sign

REASONS = {
    "unreadable": N_("no code could be read"),
    "framed": N_("one of our sheets by its corner marks, but no code could be read"),
    "forged": N_("a code that looks like ours does not verify"),
    "two_sheets": N_("codes of two sheets on one picture"),
    "unknown": N_("a sheet that this site does not know"),
    "held": N_("the sheet was voided, or the work is held"),
    "damaged": N_("the picture is damaged"),
    "dark": N_("nothing but black"),
    "torn": N_("a part of a sheet only"),
    "undone": N_("a person took it back"),
}
"""Why a page waits."""
WHY = {
    "code": N_("its code names this sheet"),
    "between": N_("it lies between its neighbours"),
    "beside": N_("it lies beside its neighbour"),
    "behind_return": N_("it follows the return sheet"),
    "behind_work": N_("it follows a page of this work"),
    "same_packet": N_("it lies among pages of the same packet"),
    "said": N_("a person said so"),
}
"""What a proposal rests on."""
UNCLEAR = {
    "not_straight": N_("the page could not be laid out"),
    "none": N_("nothing is marked"),
    "two": N_("more than one is marked"),
    "faint": N_("a faint mark"),
    "erased": N_("something was rubbed out"),
    "struck": N_("a filled bubble was struck out"),
    "outside": N_("something is written beside the bubble"),
    "impossible": N_("a mark above 10"),
    "not_final": N_("the square “final” is not marked"),
    "differs": N_("another picture of this page says something else"),
    "unreadable": N_("the picture cannot be read again"),
}
"""Why a reading is in doubt."""
DISCARDS = {
    "not_ours": N_("not ours"),
    "blank": N_("blank"),
    "copy": N_("a copy of what is there already"),
    "rescanned": N_("scanned again, better"),
    "spoilt": N_("nothing on it that anybody could use"),
}
BACK = {
    "unknown": N_("addressee unknown"),
    "insufficient_address": N_("address insufficient"),
    "moved": N_("moved away"),
    "refused": N_("refused"),
    "unclaimed": N_("not claimed"),
    "deceased": N_("deceased"),
    "damaged": N_("damaged on the way"),
    "other": N_("another reason"),
}
"""Why the post brought a packet back (UPU CN 15)."""
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
