"""Verify what is stored: every chain, every signed head (design D2). Reads only.

Long streams are cut into ranges that are verified apart, on all cores when an executor is given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import DatabaseError

from delivery.errors import Refused
from delivery.record.canonical import parse
from delivery.record.ledger import Head, Problem, verify_head
from delivery.store.database import Database
from delivery.store.verified_range import (
    Query,
    Range,
    RangeResult,
    raw,
    source_of,
    verify_range,
    verify_range_at,
)
from delivery.store.witness import Seen

RANGE = 50_000


@dataclass(frozen=True, slots=True)
class Verification:
    """Outcome of verifying everything that is stored."""

    facts: int
    streams: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What is to be verified, all from one moment, so that facts that are told meanwhile raise no alarm."""

    ranges: tuple[Range, ...]
    heads: tuple[Head, ...]
    keys: Mapping[str, Sequence[Ed25519PublicKey]]
    """Site -> the keys that it has had: a machine that was lost and replaced signs with another one."""
    problems: tuple[Problem, ...]


def verify(
    database: Database,
    writer: tuple[str, Ed25519PublicKey],
    *,
    witnessed: Mapping[str, Seen] | None = None,
    progress: Callable[[int], None] | None = None,
    executor: Executor | None = None,
) -> Verification:
    """Verify all streams and heads as they stand now; `writer` is this site's code and public key."""
    try:
        with raw(database) as query:
            snapshot = _snapshot(query, writer[0], witnessed or {})
        results = list(_run(database, list(snapshot.ranges), executor, progress))
    except (sqlite3.DatabaseError, DatabaseError, Refused, UnicodeDecodeError) as error:
        return Verification(
            0, 0, (Problem("*", 0, "unreadable", detail=f"the database cannot be read: {error}"),)
        )
    keys = {**snapshot.keys, writer[0]: [writer[1], *snapshot.keys.get(writer[0], ())]}
    order = {item: number for number, item in enumerate(snapshot.ranges)}
    results.sort(key=lambda result: order[result.range])
    problems = [*snapshot.problems, *(problem for result in results for problem in result.problems)]
    ends = {result.range.stream: result.end for result in results}
    for head in snapshot.heads:
        problems += verify_head(head, ends.get(head.stream), keys.get(head.stream.split("/", 1)[0], ()))
    headed = {head.stream for head in snapshot.heads}
    headless = (stream for stream in ends if stream not in headed)
    problems += [
        Problem(stream, 1, "unsigned", detail="this stream has no signed head") for stream in headless
    ]
    return Verification(sum(result.count for result in results), len(ends), tuple(problems))


def _run(
    database: Database, ranges: list[Range], executor: Executor | None, progress: Callable[[int], None] | None
) -> Iterator[RangeResult]:
    done = 0
    if executor is None or len(ranges) < 2:
        results = (verify_range(database, item) for item in ranges)
    else:
        tasks = [executor.submit(verify_range_at, database.url, item) for item in ranges]
        results = (task.result() for task in as_completed(tasks))
    for result in results:
        done += result.count
        if progress:
            progress(done)
        yield result


def _snapshot(query: Query, site: str, witnessed: Mapping[str, Seen]) -> _Snapshot:
    """Streams, heads and keys of one moment.

    Streams are cut at rows that exist, so that an altered sequence cannot make the work unbounded. Rows whose stream's
    very name is damaged are problems at once: no chain can be looked for under it.
    """
    ranges: list[Range] = []
    problems: list[Problem] = []
    source = source_of(query)
    for raw_name in _stream_names(query, source):
        try:
            stream = bytes(raw_name).decode()
        except (UnicodeDecodeError, TypeError):
            rows = query(f"SELECT seq, id FROM {source} WHERE stream = CAST(:s AS TEXT)", s=raw_name)
            problems += [
                Problem(repr(raw_name), seq, "unreadable", ident.decode("utf-8", "replace"))
                for seq, ident in rows
            ]
            continue
        ranges += _ranges(query, source, stream)
    heads, broken = _heads(query)
    return _Snapshot(
        tuple(ranges),
        tuple(heads),
        _admitted(query, site),
        (*problems, *broken, *_put_back(query, witnessed)),
    )


def _stream_names(query: Query, source: str) -> list[Any]:
    """Every stream as it is stored, by jumps over the index: counting would read as much as verifying does."""
    names: set[Any] = set()
    for table in ("fact", "fact_again") if source != "fact" else ("fact",):
        jumps = (
            f"WITH RECURSIVE found(name) AS (SELECT min(stream) FROM {table} UNION ALL "
            f"SELECT (SELECT min(stream) FROM {table} WHERE stream > name) FROM found WHERE name IS NOT NULL) "
            "SELECT name FROM found WHERE name IS NOT NULL"
        )
        names.update(name for (name,) in query(jumps))
    return sorted(names, key=repr)


def _ranges(query: Query, source: str, stream: str) -> list[Range]:
    """About :data:`RANGE` rows each. Sequences have no gaps, so that their distance tells how many rows there are."""
    cuts: list[int | None] = [None]
    [(last,)] = query(f"SELECT max(seq) FROM {source} WHERE stream = :s", s=stream)
    after = f"SELECT seq FROM {source} WHERE stream = :s AND seq > :n ORDER BY seq LIMIT 1"
    at = RANGE
    while found := list(query(after, s=stream, n=at)):
        [(seq,)] = found
        if type(seq) is not int:
            break
        cuts.append(seq)
        at = seq + RANGE - 1
    stop = last + 1 if isinstance(last, int) else None
    return [Range(stream, first, end) for first, end in zip(cuts, [*cuts[1:], stop], strict=True)]


def _heads(query: Query) -> tuple[list[Head], list[Problem]]:
    heads: list[Head] = []
    problems: list[Problem] = []
    rows = query("SELECT stream, seq, hash, signed_at, signature FROM stream_head ORDER BY stream")
    for name, seq, digest, signed_at, signature in rows:
        try:
            head = Head(name.decode(), seq, digest.decode(), signed_at, bytes(signature))
            head.message()
            heads.append(head)
        except (AttributeError, TypeError, ValueError) as error:
            problems.append(Problem(repr(name), 0, "head", detail=f"the head cannot be read: {error}"))
    return heads, problems


def _admitted(query: Query, site: str) -> dict[str, list[Ed25519PublicKey]]:
    """Keys of the sites that this site's own chain admitted; nobody else's streams are believed."""
    keys: dict[str, list[Ed25519PublicKey]] = {}
    rows = query("SELECT stream, content FROM fact WHERE learner = '' AND kind = 'SiteAdmitted'")
    for stream, content in rows:
        if stream.startswith(f"{site}/".encode()):
            try:
                data = parse(content)["data"]
                key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(data["public_key"]))
                keys.setdefault(data["site"], []).append(key)
            except (ValueError, KeyError, TypeError):
                continue  # its own place in the chain reports what is wrong with it
    return keys


def _put_back(query: Query, witnessed: Mapping[str, Seen]) -> Iterator[Problem]:
    """Streams that had reached further, or had another fact there: put back from an older copy, or rewritten."""
    for stream, seen in witnessed.items():
        found = f"SELECT hash FROM {source_of(query)} WHERE stream = :s AND seq = :n"
        rows = list(query(found, s=stream, n=seen.seq))
        if not rows:
            detail = f"this stream had reached {seen.seq}; an older state was put back, or facts were deleted"
            yield Problem(stream, seen.seq, "rollback", detail=detail)
        elif rows[0][0] != seen.hash.encode():
            yield Problem(stream, seen.seq, "rollback", detail="another fact stood here")
