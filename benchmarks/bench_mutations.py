"""Random changes to a stored ledger, each of which verification has to find and to locate.

Seven kinds: a flipped bit, a changed value, a value of another type (SQLite keeps any), a deleted fact, two facts
exchanged, a whole stream rolled back with its earlier signed head, and a stream rewritten and signed by another key.
TUXA_MUTATIONS (200; for the full proof 10000) says how many; behind each the file is put back as it was.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.bench_ledger import drafts
from delivery.app import App
from delivery.record.facts import FactRow
from delivery.record.ledger import Head, chain_hash, genesis, sign_head
from delivery.settings import load_settings

COUNT = 200
FACTS = 400
STREAM = "MAIN/MAIN"
_COLUMNS = ("id", "kind", "learner", "recorded_at", "hlc", "content", "hash")
Mutation = Callable[[sqlite3.Connection, random.Random], tuple[int, int]]
"""Changes the ledger; (first, last) sequence at which it has to be found."""


def _row(connection: sqlite3.Connection, seq: int) -> FactRow:
    names = ", ".join(FactRow._fields)
    found = connection.execute(f"SELECT {names} FROM fact WHERE stream = ? AND seq = ?", (STREAM, seq))
    return FactRow(*found.fetchone())


def _put(connection: sqlite3.Connection, seq: int, column: str, value: object) -> None:
    connection.execute(f"UPDATE fact SET {column} = ? WHERE stream = ? AND seq = ?", (value, STREAM, seq))


def _set_head(connection: sqlite3.Connection, head: Head) -> None:
    connection.execute(
        "UPDATE stream_head SET seq = ?, hash = ?, signed_at = ?, signature = ? WHERE stream = ?",
        (head.seq, head.hash, head.signed_at, head.signature, head.stream),
    )


def flip_bit(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One bit of the content or of the hash."""
    seq, column = rng.randrange(1, FACTS + 1), rng.choice(("content", "hash", "id"))
    raw = bytearray(getattr(_row(connection, seq), column).encode())
    at = rng.randrange(len(raw))
    raw[at] ^= 1 << rng.randrange(7)
    _put(connection, seq, column, raw.decode())
    return seq, seq


def change_value(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """Another learner, kind, time or stamp."""
    seq = rng.randrange(1, FACTS + 1)
    column = rng.choice(("learner", "kind", "recorded_at", "hlc"))
    old = getattr(_row(connection, seq), column)
    new = {"learner": "L999999999999", "kind": "MarkRecorded"}.get(column)
    _put(
        connection,
        seq,
        column,
        new if new is not None else old + rng.choice((-1, 1)) * rng.randrange(1, 10**6),
    )
    return seq, seq


def change_type(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """A fraction where an integer was, or bytes that look like the text that was there."""
    seq = rng.randrange(1, FACTS + 1)
    column = rng.choice(("id", "kind", "learner", "recorded_at", "content", "hash"))
    old = getattr(_row(connection, seq), column)
    _put(connection, seq, column, old + rng.random() / 2 + 0.25 if isinstance(old, int) else old.encode())
    return seq, seq


def delete(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """A fact is gone; behind it the others may close up."""
    seq = rng.randrange(1, FACTS + 1)
    connection.execute("DELETE FROM fact WHERE stream = ? AND seq = ?", (STREAM, seq))
    return seq, min(seq + 1, FACTS)


def exchange(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """Two facts change places, with everything but their sequence."""
    one, other = sorted(rng.sample(range(1, FACTS + 1), 2))
    rows = {seq: _row(connection, seq) for seq in (one, other)}
    for seq in (one, other):
        _put(connection, seq, "id", f"moved-{seq}")
    for seq, came in ((one, rows[other]), (other, rows[one])):
        for column in _COLUMNS:
            _put(connection, seq, column, getattr(came, column))
    return one, one


def roll_back(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """An older state, whole, with the head that was signed for it then."""
    seq = rng.randrange(1, FACTS)
    connection.execute("DELETE FROM fact WHERE stream = ? AND seq > ?", (STREAM, seq))
    _set_head(connection, sign_head(Head(STREAM, seq, _row(connection, seq).hash, 1), OWN[0]))
    return FACTS, FACTS  # where the stream is known to have been


def sign_anew(connection: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """A fact is edited, the chain behind it computed again, and the head signed by another key."""
    seq = rng.randrange(1, FACTS + 1)
    _put(connection, seq, "learner", "L999999999999")
    last = _row(connection, seq - 1).hash if seq > 1 else genesis(STREAM)
    for at in range(seq, FACTS + 1):
        row = _row(connection, at)
        last = chain_hash(
            (row.stream, row.seq, row.id, row.kind, row.learner, row.recorded_at, row.hlc, row.content), last
        )
        _put(connection, at, "hash", last)
    _set_head(connection, sign_head(Head(STREAM, FACTS, last, 1), Ed25519PrivateKey.generate()))
    return 1, FACTS


OWN: list[Ed25519PrivateKey] = []
MUTATIONS: tuple[Mutation, ...] = (
    flip_bit,
    change_value,
    change_type,
    delete,
    exchange,
    roll_back,
    sign_anew,
)


def main() -> None:
    """Mutate, verify, undo; anything that is not found where it was done ends the run."""
    count = int(os.environ.get("TUXA_MUTATIONS", COUNT))
    rng = random.Random(28)
    with tempfile.TemporaryDirectory() as folder:
        app = App(load_settings(Path(folder) / "home", environ={}))
        app.init()
        app.facts.append(drafts(app, FACTS, start=0))
        OWN[:] = [app.keys.signing]
        assert app.database.file
        file = app.database.file
        app.database.close()
        whole = file.read_bytes()
        found: Counter[str] = Counter()
        begin = time.perf_counter()
        for number in range(count):
            mutate = MUTATIONS[number % len(MUTATIONS)]
            with closing(sqlite3.connect(file)) as connection, connection:
                connection.execute("PRAGMA synchronous=OFF")
                first, last = mutate(connection, rng)
            problems = app.facts.verify().problems
            file.write_bytes(whole)
            places = [problem.sequence for problem in problems if problem.stream == STREAM]
            if not any(first <= place <= last for place in places):
                raise SystemExit(f"{mutate.__name__} {number} at {first}: found {places[:5]}")
            found[mutate.__name__] += 1
        seconds = time.perf_counter() - begin
        assert app.facts.verify().ok
        app.close()
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(found.items()))
    print(f"{count:,} mutations in {seconds:.0f} s, each found and located: {kinds}")
