"""The quick proof that a stretch of a chain is whole, for the common case that nothing was changed.

It says yes only where every value is, in kind and content, what was told. To whatever else it says no, without a place
or a reason: :class:`delivery.record.ledger.Reader` then looks row by row.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from itertools import chain

TextRow = tuple[int, str, str, str, int, int, str, str]
"""seq, id, kind, learner, recorded_at, hlc, content, hash of one stream."""


def is_unbroken(stream: str, rows: Sequence[TextRow], *, first: int, prev: str) -> bool:
    """Whether `rows` stand at `first`, `first` + 1 … and continue the hash `prev`.

    Column by column, because that is what keeps a million facts within seconds.
    """
    seqs, idents, kinds, learners, times, stamps, contents, hashes = zip(*rows, strict=True)
    count = len(rows)
    if (
        seqs != tuple(range(first, first + count))
        # A database may keep any type in any column: 7.0 equals 7, and bytes may look like the text.
        or set(map(type, chain(seqs, times, stamps))) != {int}
        or set(map(type, chain(idents, kinds, learners, contents, hashes))) != {str}
    ):
        return False
    try:
        hexes = struct.pack(f">{count}Q", *stamps).hex()
    except struct.error:
        return False
    # Facts that were told together have one time: its digits are written once.
    told = {time: f'","recorded_at":{time},"seq":' for time in set(times)}
    end = f',"stream":"{stream}"}}'
    at = -16
    sha256 = hashlib.sha256
    computed = [
        sha256(
            # As delivery.record.ledger.body writes it.
            f'{{"content":{content},"hlc":"{hexes[(at := at + 16) : at + 16]}","id":"{ident}","kind":"{kind}",'
            f'"learner":"{learner}","prev":"{before}{told[time]}{seq}{end}'.encode()
        ).hexdigest()
        for content, ident, kind, learner, before, time, seq in zip(
            contents, idents, kinds, learners, (prev, *hashes[:-1]), times, seqs, strict=True
        )
    ]
    return computed == list(hashes)
