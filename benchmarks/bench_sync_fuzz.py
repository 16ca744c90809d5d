"""Hostile frames for the sync's decoder: each one is refused or read, with bounded memory.

Half are damaged true messages, half are rubbish behind a true beginning. TUXA_FRAMES says how many: 50,000 by default,
1,000,000 for the full proof.
"""

from __future__ import annotations

import os
import random
import resource
import time

from delivery.network.sync.codec import MAGIC, BadFrame, decode, encode
from tests.network.sync.test_codec import MESSAGES

FRAMES = 50_000


def main() -> None:
    """Decode them all; anything but BadFrame ends the run with its traceback."""
    count = int(os.environ.get("TUXA_FRAMES", FRAMES))
    rng = random.Random(28)
    frames = [bytearray(encode(message, version)) for message in MESSAGES for version in (1, 2)]
    refused = 0
    begin = time.perf_counter()
    for number in range(count):
        if number % 2:
            raw = bytearray(rng.choice(frames))
            for _ in range(rng.randrange(1, 5)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
            if rng.random() < 0.2:
                del raw[rng.randrange(len(raw)) :]
        else:
            raw = bytearray(
                MAGIC + bytes((rng.randrange(1, 3), rng.randrange(17))) + rng.randbytes(rng.randrange(200))
            )
        try:
            decode(bytes(raw))
        except BadFrame:
            refused += 1
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{count:,} frames in {seconds:.0f} s: {refused:,} refused, {count - refused:,} read, no crash; peak {peak} MB"
    )
