"""An invitation: one line of text with which one new site joins, once.

It holds a one-time transport key, so whoever has it can join in the invited site's place: it goes by a way that the two
people trust, and dies when it was redeemed or after a few days.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from delivery.errors import N_, BadInput
from delivery.network.bus.keys import KeyPair

_PREFIX = "tuxa-invitation-1."
_MAX = 4000


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the line says."""

    site: str
    main: str
    address: str
    """Where the main site listens, for example ``tcp://dt.example.edu.vn:8643``."""
    server: str
    """Its transport key, Z85."""
    once: KeyPair
    expires_at: int
    """Microseconds since 1970 UTC."""

    def text(self) -> str:
        """The line."""
        plain = orjson.dumps(
            {
                "s": self.site,
                "m": self.main,
                "a": self.address,
                "k": self.server,
                "p": self.once.public,
                "x": self.once.secret,
                "e": self.expires_at,
            }
        )
        check = hashlib.sha256(plain).digest()[:4]
        return _PREFIX + base64.urlsafe_b64encode(check + plain).decode().rstrip("=")


def read_invitation(text: str) -> Invitation:
    """The invitation in a line of text. Raises BadInput when it is not one, or was copied badly."""
    line = "".join(text.split())
    try:
        if not line.startswith(_PREFIX) or len(line) > _MAX:
            raise ValueError
        body = line.removeprefix(_PREFIX)
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if hashlib.sha256(raw[4:]).digest()[:4] != raw[:4]:
            raise ValueError
        document: dict[str, Any] = orjson.loads(raw[4:])
        texts = [document[name] for name in "smakpx"]
        if not all(isinstance(value, str) for value in texts) or type(document["e"]) is not int:
            raise ValueError
        site, main, address, server, public, secret = texts
        return Invitation(site, main, address, server, KeyPair(public, secret), document["e"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BadInput(
            N_("This is not an invitation, or it was not copied whole."),
            do=N_("Copy the whole line that “tuxa sync invite” printed at the main site."),
        ) from error
