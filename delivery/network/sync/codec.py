"""Messages as bytes, with strict bounds: bytes from outside lead to a message or to :class:`BadFrame`, nothing else.

::

    "TX" | version, 1 byte | type, 1 byte | body

Bodies are JSON, packed when that is shorter; only a stretch of facts and a chunk of a blob have layouts of their own.
Unpacking never yields more than :data:`MAX_UNPACKED` bytes, whatever the packed bytes claim.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import orjson
import zstandard

from delivery.network.sync.messages import (
    NEWEST,
    OLDEST,
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
from delivery.network.sync.stretch import BadStretch, read_segment, write_segment
from delivery.record.ledger import Head
from delivery.record.segment import Place

MAGIC: Final = b"TX"
MAX_FRAME: Final = 1 << 23
"""Largest message, in bytes."""
MAX_UNPACKED: Final = 1 << 24
"""Most bytes that one message unpacks to."""
MAX_DOCUMENT: Final = 1 << 22
"""Most bytes of JSON that are read: short lists take many times their text in memory."""
MAX_PLACES: Final = 20_000
MAX_CHUNK: Final = 1 << 18
"""Bytes of one chunk of a blob."""
_PACK_FROM = 512
_WINDOW = 1 << 23
_PLAIN, _PACKED = b"\0", b"\1"
_MAX_INT = (1 << 63) - 1
_HASH = re.compile(r"[0-9a-f]{64}")
_STREAM = re.compile(r"[!#-.0-\[\]-~]{1,64}/[!#-.0-\[\]-~]{1,64}")
_SITE = re.compile(r"[!#-.0-\[\]-~]{1,64}")
_Z85 = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
_CHUNK = struct.Struct(">32sQQ")
T = TypeVar("T")


class BadFrame(Exception):
    """These bytes are no message of a version that is spoken here; the text says where they are broken."""


def encode(message: Message, version: int = NEWEST) -> bytes:
    """Bytes of `message` for a site that speaks `version`."""
    number, write, _ = _BY_TYPE[type(message)]
    return MAGIC + bytes((version, number)) + write(message, version)


def decode(raw: bytes) -> Message:
    """Read one message. Raises BadFrame, and nothing else, whatever `raw` is."""
    if len(raw) > MAX_FRAME:
        raise BadFrame("too long")
    if len(raw) < 4 or raw[:2] != MAGIC:
        raise BadFrame("no frame")
    version, number = raw[2], raw[3]
    if not OLDEST <= version <= NEWEST:
        raise BadFrame(f"version {version}")
    read = _BY_NUMBER.get(number)
    if read is None:
        raise BadFrame(f"type {number}")
    try:
        return read(raw[4:], version)
    except BadStretch as error:
        raise BadFrame(str(error)) from error


def pack(data: bytes, version: int) -> bytes:
    """Packed bytes in the manner of a version."""
    if version == 1:
        return zlib.compress(data, 6)
    # A compressor is made per call: it may not be shared between threads, and costs little beside the work.
    return zstandard.ZstdCompressor(level=6).compress(data)


def unpack(data: bytes, version: int) -> bytes:
    """The reverse. Raises BadFrame when `data` is broken or would grow beyond :data:`MAX_UNPACKED`."""
    try:
        if version == 1:
            reader = zlib.decompressobj()
            out = reader.decompress(data, MAX_UNPACKED)
            if reader.unconsumed_tail or not reader.eof or reader.unused_data:
                raise BadFrame("packed bytes")
            return out
        if zstandard.get_frame_parameters(data).window_size > _WINDOW:
            raise BadFrame("window")
        stepwise = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
            data, read_across_frames=False
        )
        out = stepwise.read(MAX_UNPACKED + 1)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BadFrame("packed bytes") from error
    if len(out) > MAX_UNPACKED:
        raise BadFrame("too long")
    return out


# --- JSON bodies ----------------------------------------------------------------------------------


def _body(document: Mapping[str, Any], version: int) -> bytes:
    plain = orjson.dumps(document)
    if len(plain) >= _PACK_FROM:
        packed = pack(plain, version)
        if len(packed) < len(plain):
            return _PACKED + packed
    return _PLAIN + plain


def _document(body: bytes, version: int) -> dict[str, Any]:
    mark, rest = body[:1], body[1:]
    if mark == _PACKED:
        rest = unpack(rest, version)
    elif mark != _PLAIN:
        raise BadFrame("mark")
    if len(rest) > MAX_DOCUMENT:
        raise BadFrame("too long")
    try:
        document = orjson.loads(rest)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadFrame("JSON") from error
    if not isinstance(document, dict):
        raise BadFrame("object")
    return document


def _text(value: Any, limit: int = 500) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise BadFrame("text")
    return value


def _matching(value: Any, pattern: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadFrame(name)
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_INT:
        raise BadFrame("number")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadFrame("flag")
    return value


def _hex(value: Any, size: int | None = None, *, most: int = 1 << 16) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * most:
        raise BadFrame("bytes")
    try:
        raw = bytes.fromhex(value)
    except ValueError as error:
        raise BadFrame("bytes") from error
    if size is not None and len(raw) != size:
        raise BadFrame("bytes")
    return raw


def _many(value: Any, read: Callable[[Any], T], most: int = MAX_PLACES) -> tuple[T, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise BadFrame("list")
    return tuple(read(item) for item in value)


def _fields(value: Any, count: int) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) != count:
        raise BadFrame("fields")
    return value


def _place(value: Any) -> Place:
    stream, seq, digest = _fields(value, 3)
    return Place(_matching(stream, _STREAM, "stream"), _count(seq), _matching(digest, _HASH, "hash"))


def _head(value: Any) -> Head:
    stream, seq, digest, signed_at, signature = _fields(value, 5)
    return Head(
        _matching(stream, _STREAM, "stream"),
        _count(seq),
        _matching(digest, _HASH, "hash"),
        _count(signed_at),
        _hex(signature, 64),
    )


def _head_out(head: Head) -> list[Any]:
    return [head.stream, head.seq, head.hash, head.signed_at, head.signature.hex()]


def _kept(value: Any) -> tuple[Head, bytes]:
    head, cosignature = _fields(value, 2)
    return _head(head), _hex(cosignature, 64)


def _chunk_out(message: Chunk, _version: int) -> bytes:
    return _CHUNK.pack(bytes.fromhex(message.address), message.offset, message.total) + message.data


def _chunk_in(body: bytes, _version: int) -> Chunk:
    if not _CHUNK.size <= len(body) <= _CHUNK.size + MAX_CHUNK:
        raise BadFrame("chunk")
    address, offset, total = _CHUNK.unpack_from(body)
    data = body[_CHUNK.size :]
    if max(offset, total) > _MAX_INT or offset + len(data) > total:
        raise BadFrame("chunk")
    return Chunk(address.hex(), offset, total, data)


def _stretch_out(message: Stretch, version: int) -> bytes:
    return write_segment(message.segment, lambda data: pack(data, version))


def _stretch_in(body: bytes, version: int) -> Stretch:
    return Stretch(read_segment(body, lambda data: unpack(data, version), _head))


_Write = Callable[[Any, int], bytes]
_Read = Callable[[bytes, int], Message]


def _json(
    out: Callable[[Any], Mapping[str, Any]], read: Callable[[Mapping[str, Any]], Message]
) -> tuple[_Write, _Read]:
    """Writer and reader of a JSON body; unknown fields are passed over, so that later versions may add some."""

    def write(message: Any, version: int) -> bytes:
        return _body(out(message), version)

    def take(body: bytes, version: int) -> Message:
        return read(_document(body, version))

    return write, take


_FORMS: Mapping[int, tuple[type[Any], tuple[_Write, _Read]]] = {
    1: (
        Hello,
        _json(
            lambda m: {"d": m.digest, "k": m.kept, "n": m.newest, "a": m.answer},
            lambda d: Hello(
                _matching(d.get("d"), _HASH, "digest"),
                _matching(d.get("k"), _HASH, "digest"),
                _count(d.get("n")),
                _flag(d.get("a")),
            ),
        ),
    ),
    2: (Have, _json(lambda m: {"p": [list(p) for p in m.places]}, lambda d: Have(_many(d.get("p"), _place)))),
    3: (Stretch, (_stretch_out, _stretch_in)),
    4: (
        Ack,
        _json(
            lambda m: {"p": list(m.place), "a": m.again}, lambda d: Ack(_place(d.get("p")), _flag(d.get("a")))
        ),
    ),
    5: (
        Refusal,
        _json(
            lambda m: {"s": m.stream, "r": m.reason[:500]},
            lambda d: Refusal(_matching(d.get("s"), _STREAM, "stream"), _text(d.get("r"))),
        ),
    ),
    6: (
        Branched,
        _json(lambda m: {"s": m.stream}, lambda d: Branched(_matching(d.get("s"), _STREAM, "stream"))),
    ),
    7: (
        Places,
        _json(
            lambda m: {"s": m.stream, "p": [list(p) for p in m.places]},
            lambda d: Places(_matching(d.get("s"), _STREAM, "stream"), _many(d.get("p"), _place, 128)),
        ),
    ),
    8: (
        Common,
        _json(
            lambda m: {"p": list(m.place), "u": m.until},
            lambda d: Common(_place(d.get("p")), _count(d.get("u"))),
        ),
    ),
    9: (
        Heads,
        _json(lambda m: {"h": [_head_out(h) for h in m.heads]}, lambda d: Heads(_many(d.get("h"), _head))),
    ),
    10: (
        Kept,
        _json(
            lambda m: {"h": [[_head_out(h), c.hex()] for h, c in m.heads]},
            lambda d: Kept(_many(d.get("h"), _kept)),
        ),
    ),
    11: (
        Want,
        _json(
            lambda m: {"b": m.address, "o": m.offset},
            lambda d: Want(_matching(d.get("b"), _HASH, "address"), _count(d.get("o"))),
        ),
    ),
    12: (Chunk, (_chunk_out, _chunk_in)),
    13: (
        Join,
        _json(
            lambda m: {
                "s": m.site,
                "c": m.curve,
                "g": m.signing.hex(),
                "x": m.sealing.hex(),
                "p": m.proof.hex(),
            },
            lambda d: Join(
                _matching(d.get("s"), _SITE, "site"),
                _matching(d.get("c"), _Z85, "key"),
                _hex(d.get("g"), 32),
                _hex(d.get("x"), 32),
                _hex(d.get("p"), 64),
            ),
        ),
    ),
    14: (Welcome, _json(lambda m: {"b": m.box.hex()}, lambda d: Welcome(_hex(d.get("b"))))),
    15: (
        Rotate,
        _json(
            lambda m: {"c": m.curve, "x": m.sealing.hex(), "p": m.proof.hex()},
            lambda d: Rotate(_matching(d.get("c"), _Z85, "key"), _hex(d.get("x"), 32), _hex(d.get("p"), 64)),
        ),
    ),
}
_BY_TYPE = {kind: (number, write, read) for number, (kind, (write, read)) in _FORMS.items()}
_BY_NUMBER = {number: read for number, (_, (_write, read)) in _FORMS.items()}
