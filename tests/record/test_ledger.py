"""The hash chain and its heads, without any database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from delivery.record.ledger import (
    Head,
    Problem,
    RawRow,
    Reader,
    StreamEnd,
    chain_hash,
    genesis,
    sign_head,
    verify_head,
)

STREAM = "MAIN/MAIN"
KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))


def chain(length: int) -> list[RawRow]:
    rows: list[RawRow] = []
    prev = genesis(STREAM)
    for seq in range(1, length + 1):
        envelope = (STREAM, seq, f"id{seq}", "MarkRecorded", "L1", 1000 + seq, seq << 16, '{"at":1}')
        prev = chain_hash(envelope, prev)
        _, _, ident, kind, learner, recorded, hlc, content = envelope
        rows.append(
            (
                seq,
                ident.encode(),
                kind.encode(),
                learner.encode(),
                recorded,
                hlc,
                content.encode(),
                prev.encode(),
            )
        )
    return rows


def read(rows: list[RawRow]) -> tuple[list[tuple[str, int]], StreamEnd]:
    reader = Reader(STREAM, before=(genesis(STREAM).encode(),))
    problems = [(p.problem, p.sequence) for p in reader.read(rows)]
    return problems, reader.end()


def change(rows: list[RawRow], at: int, field: int, value: object) -> list[RawRow]:
    changed = list(rows[at])
    changed[field] = value
    return [*rows[:at], tuple(changed), *rows[at + 1 :]]  # type: ignore[list-item]


def test_an_untouched_chain_has_no_problem_and_ends_where_it_was_signed() -> None:
    rows = chain(5)
    assert read(rows) == ([], StreamEnd(5, (rows[-1][-1].decode(),)))


@pytest.mark.parametrize("at", [0, 2, 4])
@pytest.mark.parametrize("field", [1, 2, 3, 6, 7])
def test_a_changed_text_is_reported_at_its_own_place_only(at: int, field: int) -> None:
    assert read(change(chain(5), at, field, b"x"))[0] == [("altered", at + 1)]


@pytest.mark.parametrize("field", [4, 5])
def test_a_changed_number_is_reported_at_its_own_place_only(field: int) -> None:
    assert read(change(chain(5), 2, field, 7))[0] == [("altered", 3)]
    assert read(change(chain(5), 2, field, b"text"))[0] == [("unreadable", 3)]


def test_missing_swapped_and_recomputed_rows_are_found() -> None:
    rows = chain(6)
    assert read([*rows[:2], *rows[3:]])[0] == [("missing", 3)]
    swapped = [*rows[:2], (3, *rows[3][1:]), (4, *rows[2][1:]), *rows[4:]]
    assert [place for _, place in read(swapped)[0]] == [3, 4, 5]
    forged = change(rows, 2, 6, b'{"at":2}')
    envelope = (STREAM, 3, "id3", "MarkRecorded", "L1", 1003, 3 << 16, '{"at":2}')
    rehashed = change(forged, 2, 7, chain_hash(envelope, rows[1][-1].decode()).encode())
    assert read(rehashed)[0] == [("altered", 4)], "the next fact shows that the one before it was replaced"


def heads() -> list[tuple[Callable[[Head, StreamEnd], list[Problem]], list[str]]]:
    def right(head: Head, end: StreamEnd) -> list[Problem]:
        return list(verify_head(head, end, [KEY.public_key()]))

    def unknown_key(head: Head, end: StreamEnd) -> list[Problem]:
        return list(verify_head(head, end, []))

    def other_key(head: Head, end: StreamEnd) -> list[Problem]:
        return list(verify_head(sign_head(head, OTHER), end, [KEY.public_key()]))

    def tail_cut_off(head: Head, end: StreamEnd) -> list[Problem]:
        return list(verify_head(head, StreamEnd(end.seq - 1, end.hashes), [KEY.public_key()]))

    def tail_added(head: Head, end: StreamEnd) -> list[Problem]:
        return list(verify_head(head, StreamEnd(end.seq + 1, end.hashes), [KEY.public_key()]))

    def rewritten(head: Head, end: StreamEnd) -> list[Problem]:
        return list(verify_head(head, StreamEnd(end.seq, ("0" * 64,)), [KEY.public_key()]))

    return [
        (right, []),
        (unknown_key, ["signature"]),
        (other_key, ["signature"]),
        (tail_cut_off, ["missing"]),
        (tail_added, ["unsigned"]),
        (rewritten, ["head"]),
    ]


@pytest.mark.parametrize(("check", "expected"), heads(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_signed_head_shows_what_happened_to_the_end(
    check: Callable[[Head, StreamEnd], list[Problem]], expected: list[str]
) -> None:
    _, end = read(chain(4))
    head = sign_head(Head(STREAM, end.seq, end.hashes[0], 5), KEY)
    assert [problem.problem for problem in check(head, end)] == expected
