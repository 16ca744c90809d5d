"""Bytes from outside lead to a message or to a refusal, and never need more memory than allowed."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from delivery.network.sync import codec
from delivery.network.sync.codec import MAGIC, BadFrame, decode, encode
from delivery.network.sync.messages import (
    Ack,
    Branched,
    Chunk,
    Common,
    Have,
    Heads,
    Hello,
    Join,
    Kept,
    Message,
    Places,
    Refusal,
    Rotate,
    Stretch,
    Want,
    Welcome,
)
from delivery.record.ledger import Head
from delivery.record.segment import Place, Row, SealedData, SealedImage, Segment

HASH = "ab" * 32
STREAM = "MAIN/P1"
HEAD = Head(STREAM, 7, HASH, 5, bytes(64))
ROWS = tuple(
    Row(
        f"6d1d2a53-6a3f-5d0e-9d0b-2f6c5f2f7a{n:02d}",
        "MarkRecorded",
        f"L{n % 2}",
        10**15 + n,
        2**60 - n,
        '{"á":1}',
    )
    for n in range(7)
)
MESSAGES: list[Message] = [
    Hello(HASH, HASH, 2, answer=True),
    Have(tuple(Place(f"P{n}/all", n, HASH) for n in range(40))),
    Stretch(
        Segment(
            STREAM,
            1,
            ROWS,
            HEAD,
            (SealedData(ROWS[3].id, ROWS[3].learner, b"\0sealed"),),
            b"keys",
            (SealedImage("L1", HASH, HASH),),
        )
    ),
    Ack(Place(STREAM, 3, HASH), again=True),
    Refusal(STREAM, "because"),
    Branched(STREAM),
    Places(STREAM, (Place(STREAM, 3, HASH), Place(STREAM, 0, HASH))),
    Common(Place(STREAM, 3, HASH), 9),
    Heads((HEAD,)),
    Kept(((HEAD, bytes(64)),)),
    Want(HASH, 5),
    Chunk(HASH, 5, 10, b"abc"),
    Join("P1", "x" * 40, bytes(32), bytes(32), bytes(64)),
    Welcome(b"box"),
    Rotate("x" * 40, bytes(32), bytes(64)),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("version", [1, 2])
def test_every_message_comes_back_as_it_was_in_every_version(message: Message, version: int) -> None:
    assert decode(encode(message, version)) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(raw: bytes) -> None:
    judge(raw)


@given(st.integers(1, 2), st.integers(0, 20), st.binary(max_size=300))
def test_any_body_behind_a_true_beginning_is_refused_or_read(version: int, kind: int, body: bytes) -> None:
    judge(MAGIC + bytes((version, kind)) + body)


@given(st.sampled_from(MESSAGES), st.integers(1, 2), st.data())
def test_a_damaged_message_is_refused_or_read_as_another(
    message: Message, version: int, data: st.DataObject
) -> None:
    raw = bytearray(encode(message, version))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    judge(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    judge(bytes(raw))


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(HASH) | st.just(STREAM),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("dknapsrhubocgx"), inner, max_size=6)
    ),
    max_leaves=15,
)


@given(st.integers(1, 15), json)
def test_any_document_is_refused_or_read(kind: int, document: object) -> None:
    import orjson

    try:
        body = orjson.dumps(document)
    except TypeError:
        return
    judge(MAGIC + bytes((2, kind)) + b"\0" + body)


def judge(raw: bytes) -> None:
    try:
        message = decode(raw)
    except BadFrame:
        return
    assert decode(encode(message)) == message


@pytest.mark.parametrize("version", [1, 2])
def test_a_bomb_is_not_unpacked(version: int) -> None:
    plain = b"\0" * (1 << 26)
    packed = zlib.compress(plain, 9) if version == 1 else zstandard.ZstdCompressor().compress(plain)
    del plain
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame):
            decode(MAGIC + bytes((version, 2)) + b"\1" + packed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * codec.MAX_UNPACKED
