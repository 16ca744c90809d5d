"""One process of ``bench_sync_guided``: libFuzzer, by atheris, at every decoder that another site's bytes reach.

    python -m benchmarks.guided_fuzz CORPUS -runs=N

The first byte of an input says which decoder it goes to. Anything but the decoder's own refusal ends the process.
"""

from __future__ import annotations

import base64
import hashlib
import sys

import atheris

with atheris.instrument_imports(include=["delivery.network", "delivery.record"]):
    from delivery.errors import Refused
    from delivery.network.bus import protocol as bus
    from delivery.network.sync import codec, invitation, stretch

TARGETS = 5


def one(data: bytes) -> None:
    """One input."""
    if len(data) < 2:
        return
    which, rest = data[0] % TARGETS, data[1:]
    try:
        if which == 0:
            codec.decode(rest)
        elif which == 1:
            # What lies behind the compression, through which bytes drawn at random never get.
            stretch.read_segment(rest, bytes, codec._head)
        elif which == 2:
            bus.decode(rest)
        elif which == 3:
            invitation.read_invitation(rest.decode("utf-8", "replace"))
        else:
            checked = base64.urlsafe_b64encode(hashlib.sha256(rest).digest()[:4] + rest).decode()
            invitation.read_invitation(f"tuxa-invitation-1.{checked.rstrip('=')}")
    except (codec.BadFrame, stretch.BadStretch, Refused):
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
