"""What a channel may be called: its code stands in file names, addresses, guides and settings. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from delivery.errors import N_, BadInput

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")
_MOST_NAME: Final = 80
"""Characters; receivers show far fewer."""


def named(code: str, name: str, *, others: Iterable[str]) -> str:
    """The channel's name as it is kept: trimmed, composed (NFC). Raises BadInput for a code or name that is none.

    `others` are the codes of all other channels: two that differ in capitals only would share files on some machines,
    and an id in guides.
    """
    if not _CODE.fullmatch(code):
        raise BadInput(
            N_("“{code}” cannot be the code of a channel."),
            do=N_("Use up to 20 letters and digits without accents, “-” and “_”, for example TV1."),
            code=code,
        )
    if twin := next((other for other in others if other.casefold() == code.casefold()), None):
        raise BadInput(
            N_("There is a channel {other} already; {code} differs from it in capitals only."),
            do=N_("Choose another code."),
            other=twin,
            code=code,
        )
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        raise BadInput(
            N_("“{name}” cannot be the name of a channel."),
            do=N_("Give it a name of 1 to {most} characters, as viewers shall see it."),
            name=name[:_MOST_NAME],
            most=_MOST_NAME,
        )
    return name
