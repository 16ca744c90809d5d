"""The same stretches by hand: a file that only one other site can open (``tuxa sync export`` and ``import``)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from delivery.app.sync import adopt_sites, build_parts
from delivery.errors import N_, BadInput, Message, NotFound, Refused
from delivery.network.sync.codec import MAX_CHUNK, BadFrame, decode, encode
from delivery.network.sync.keys import KnownSite
from delivery.network.sync.messages import NEWEST, Chunk, Have, Heads, Kept, Stretch
from delivery.network.sync.parts import SyncParts
from delivery.record.segment import BadSegment, Place, may_pass, start_of, writer_of
from delivery.store.files import PARTIAL_SUFFIX, publish
from delivery.store.receiving import NotNext
from delivery.store.sealing import open_stream, seal_stream
from delivery.store.sending import ElsewhereBranched

if TYPE_CHECKING:
    from delivery.app.core import App

_MAGIC = b"TUXASYNC1\n"
_CONTEXT = "sync file"


@dataclass(slots=True)
class Carried:
    """What went into a file, or came out of it."""

    site: str
    """The other site."""
    facts: int = 0
    known: int = 0
    """Facts of the file that were here already."""
    blobs: int = 0
    refused: list[str | Message] = field(default_factory=list)


def export_file(app: App, file: Path, *, site: str, whole: bool, blobs: bool) -> Carried:
    """Write what `site` (empty: the only other one) lacks. Whatever it is not known to have goes in."""
    parts = build_parts(app)
    known = _receiver(parts, site)
    done = Carried(known.site)
    frames = _frames(parts, known, done, whole=whole, blobs=blobs)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=PARTIAL_SUFFIX)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(_MAGIC)
            public = bytes.fromhex(known.sealing)
            for part in seal_stream(public, frames, context=_CONTEXT, ids=app.ids):
                stream.write(part)
        publish(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return done


def _receiver(parts: SyncParts, site: str) -> KnownSite:
    if site:
        return parts.keys.site(site)
    others = [known for known in parts.keys.sites() if not known.revoked]
    if len(others) != 1:
        raise NotFound(
            N_("Which site shall read it?"),
            do=N_("Name it with --for; in sync with this one: {known}."),
            known=", ".join(known.site for known in others) or "-",
        )
    return others[0]


def _frames(
    parts: SyncParts, known: KnownSite, done: Carried, *, whole: bool, blobs: bool
) -> Iterator[bytes]:
    yield orjson.dumps({"from": parts.site, "to": known.site})
    yield encode(Heads(parts.heads.own()))
    yield encode(Kept(tuple(parts.heads.keep(known.site, ()))))
    yield encode(Have(tuple(_shared(parts, known.site))))
    seen = {} if whole else parts.positions.of(known.site)
    seal_for = bytes.fromhex(known.sealing)
    for stream in sorted(parts.sending.places()):
        if not may_pass(stream, parts.site, known.site, main=parts.main):
            continue
        if writer_of(stream) == known.site and not whole:
            continue  # it wrote that itself; --whole brings it back to a site that lost it
        at: Place | None = seen.get(stream, start_of(stream))
        while at is not None:
            try:
                segment = parts.sending.read(at, seal_for=seal_for)
            except ElsewhereBranched:
                segment = parts.sending.read(start_of(stream), seal_for=seal_for)
            at = None
            if segment is not None:
                done.facts += len(segment.rows)
                at = segment.end
                yield encode(Stretch(segment), NEWEST)
    if blobs and known.site != parts.main:
        yield from _blobs(parts, sorted(parts.wanted.allowed_to(known.site)), done)
    elif blobs:
        yield from _blobs(parts, parts.wanted.own_images(), done)


def _shared(parts: SyncParts, other: str) -> list[Place]:
    return [
        place
        for stream, place in sorted(parts.sending.places().items())
        if may_pass(stream, parts.site, other, main=parts.main)
    ]


def _blobs(parts: SyncParts, addresses: list[str], done: Carried) -> Iterator[bytes]:
    for address in addresses:
        offset = 0
        while (found := parts.wanted.read(address, offset, MAX_CHUNK)) is not None and found[0]:
            data, total = found
            yield encode(Chunk(address, offset, total, data))
            offset += len(data)
        done.blobs += offset > 0


def import_file(app: App, file: Path) -> Carried:
    """Take in a file. Raises BadInput when it is not one, was altered or cut off, or is for another site."""
    parts = build_parts(app)
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BadInput(
            N_("{file} cannot be read: {reason}"),
            do=N_("Check the name, and whether the stick is plugged in."),
            file=str(file),
            reason=error.strerror or str(error),
        ) from error
    with stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise _no_file(file)
        secret = parts.keys.own().sealing
        frames = open_stream(secret, stream.read, context=_CONTEXT)
        try:
            header = orjson.loads(next(frames))
            done = Carried(str(header["from"]))
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise _no_file(file) from error
        parts.keys.site(done.site)
        for raw in frames:
            _take(parts, raw, done)
    adopt_sites(app)
    parts.wanted.look_again()
    return done


def _take(parts: SyncParts, raw: bytes, done: Carried) -> None:
    try:
        message = decode(raw)
    except BadFrame:
        return
    match message:
        case Heads(heads):
            parts.heads.keep(done.site, heads)
        case Kept(heads):
            parts.heads.testify(done.site, heads)
        case Have(places):
            parts.positions.note(done.site, places)
        case Stretch(segment):
            if not may_pass(segment.stream, parts.site, done.site, main=parts.main):
                return
            try:
                parts.receiving.commit(segment)
                done.facts += len(segment.rows)
            except NotNext:
                if segment.last <= parts.receiving.place(segment.stream).seq:
                    done.known += len(segment.rows)
                elif not _overlapping(parts, segment.stream, segment.first):
                    _refuse(done, _gap(segment.stream, segment.first))
            except BadSegment as error:
                _refuse(done, error.what)
        case Chunk(address, offset, total, data):
            done.blobs += parts.wanted.add(address, offset, data, total=total)


def _overlapping(parts: SyncParts, stream: str, first: int) -> bool:
    return first <= parts.receiving.place(stream).seq


def _refuse(done: Carried, why: Message) -> None:
    if why not in done.refused:
        done.refused.append(why)


def _gap(stream: str, first: int) -> Message:
    return Message(
        N_(
            "Stream {stream}: facts before {first} are missing here; take in the earlier file first, or a whole one."
        ),
        {"stream": stream, "first": first},
    )


def _no_file(file: Path) -> Refused:
    return BadInput(
        N_("{file} is not a file of “tuxa sync export”."),
        do=N_("Make it again at the other site."),
        file=str(file),
    )
