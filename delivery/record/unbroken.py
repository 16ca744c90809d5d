"""The quick proof that a stretch of a chain is whole, for the common case that nothing was changed.

It says yes only where every value is, in kind and content, what was told. To whatever else it says no, without a place
or a reason: :class:`delivery.record.ledger.Reader` then looks row by row.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

TextRow = tuple[int, str, str, str, int, int, str, str]
"""seq, id, kind, learner, recorded_at, hlc, content, hash of one stream."""


def is_unbroken(stream: str, rows: Sequence[TextRow], *, first: int, prev: str) -> bool:
    """Whether `rows` stand at `first`, `first` + 1 … and continue the hash `prev`.

    Column by column, because that is what keeps a million facts within seconds.
    """
    seqs, idents, kinds, learners, times, stamps, contents, hashes = zip(*rows, strict=True)
    count = len(rows)
    # A database may keep any type in any column. Where 7.0 is one value with 7, types are asked for; elsewhere bytes
    # that look like the text, or a fraction, are written otherwise than what was told.
    if seqs != tuple(range(first, first + count)) or set(map(type, times)) != {int}:
        return False
    try:
        hexes = struct.pack(f">{count}Q", *stamps).hex("-", 8).split("-")
    except struct.error:
        return False
    # Facts that were told together have one time: its digits are written once.
    told = {time: f'","recorded_at":{time},"seq":' for time in set(times)}
    end = f',"stream":"{stream}"}}'
    sha256 = hashlib.sha256
    computed = [
        sha256(
            # As delivery.record.ledger.body writes it.
            f'{{"content":{content},"hlc":"{stamp}","id":"{ident}","kind":"{kind}",'
            f'"learner":"{learner}","prev":"{before}{told[time]}{seq}{end}'.encode()
        ).hexdigest()
        for content, stamp, ident, kind, learner, before, time, seq in zip(
            contents, hexes, idents, kinds, learners, (prev, *hashes[:-1]), times, seqs, strict=True
        )
    ]
    return computed == list(hashes)
