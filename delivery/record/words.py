"""Words for codes that facts hold and that more than one room shows to people: message ids, by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from delivery.errors import N_

PAGE_WAITS: Final[Mapping[str, str]] = {
    "unreadable": N_("no code could be read"),
    "framed": N_("one of our sheets by its corner marks, but no code could be read"),
    "forged": N_("a code that looks like ours does not verify"),
    "two_sheets": N_("two sheets on one picture"),
    "unknown": N_("a sheet that this site does not know"),
    "held": N_("the sheet was voided, or the work is held"),
    "damaged": N_("the picture is damaged"),
    "dark": N_("nothing but black"),
    "torn": N_("a part of a sheet only"),
    "undone": N_("a person took it back"),
}
"""Why a page waits."""
PAGE_ASKS: Final[Mapping[str, str]] = {
    "unreadable": N_("What is written on it tells whose it is, or that it is not ours."),
    "framed": N_("The number at its foot tells which sheet it is."),
    "forged": N_("Compare it with the paper: whether it is a sheet of ours at all."),
    "two_sheets": N_("Scan the sheets one by one, and leave this picture out as scanned again."),
    "unknown": N_("It may be of another site, or of a batch that is not known here yet."),
    "held": N_("Choose the sheet that counts for this learner."),
    "damaged": N_("Scan the page again, and leave this picture out as scanned again."),
    "dark": N_("Look whether the sheet lay the wrong way up; scan it again, or leave this picture out."),
    "torn": N_("File one part as its sheet, and keep the other as an extra sheet."),
    "undone": N_("Decide about it anew."),
}
"""What a person does about it, where nothing is proposed."""
PROPOSED: Final[Mapping[str, str]] = {
    "code": N_("its code names this sheet"),
    "between": N_("it lies between its neighbours"),
    "beside": N_("it lies beside its neighbour"),
    "behind_return": N_("it follows the return sheet"),
    "behind_work": N_("it follows a page of this work"),
    "same_packet": N_("it lies among pages of the same packet"),
    "said": N_("a person said so"),
}
"""What a proposal rests on."""
UNCLEAR: Final[Mapping[str, str]] = {
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
    "unseen": N_("it stood there when the sheet first came"),
}
"""Why a reading is in doubt."""
CAME_BACK: Final[Mapping[str, str]] = {
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
RECORDING_REFUSED: Final[Mapping[str, str]] = {
    "picture": N_("the picture is not good enough"),
    "sound": N_("the sound is not good enough"),
    "wrong_file": N_("it is not the recording that belongs here"),
    "content": N_("its content must be corrected"),
    "rights": N_("the rights are not settled"),
}
"""Why a person refuses a recording that quality control let pass."""
