"""Files on their way in: resumable, sealed, and kept apart until they are handed in at the one door (design D4).

Each upload is two files in the home: what is known of it, and its bytes in sealed records (design D3). A record that
was cut off by a kill is not counted, so that the offset told to the sender is always what is durably there. The disk is
waited for before the first byte and when an offset is told: an upload that was begun only is begun again.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from delivery.clock import Clock, from_micros, to_micros
from delivery.errors import N_, Refused
from delivery.ids import IdSource
from delivery.store.files import PARTIAL_SUFFIX, sync_folder, write_whole

KEEP = timedelta(days=7)
"""A phone that was offline for a week goes on where it stopped; after that it begins again."""
MOST_OPEN = 60
"""Uploads that one account may have open: three times what one piece of work may consist of."""
RECORD_BYTES = 1 << 18
_HEADER = struct.Struct(">I")
_NONCE = 12
_TAG = 16
_IDENT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """What is known of one upload. `result` is empty until it was handed in."""

    ident: str
    account: str
    length: int
    purpose: str
    made_at: datetime
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def expires_at(self) -> datetime:
        return self.made_at + KEEP


class Busy(Exception):
    """Somebody else is sending to this upload now."""


class NotHere(Refused):
    """An upload is unknown, or not whole."""


class Uploads:
    """The uploads of a home, in `folder`."""

    def __init__(self, folder: Path, master: bytes, clock: Clock, ids: IdSource, *, max_bytes: int) -> None:
        self._folder = folder
        self._master = master
        self._clock = clock
        self._ids = ids
        self._swept: datetime | None = None
        self.max_bytes = max_bytes

    def create(self, account: str, *, length: int, purpose: str) -> Upload:
        """Begin an upload of `length` bytes. Raises Refused when the account has too many open."""
        now = self._clock.now()
        if self._swept is None or now - self._swept > timedelta(hours=1):
            self._swept = now
            self.sweep()
        if len(self.of(account)) >= MOST_OPEN:
            raise Refused(
                N_("You have {count} uploads that were begun and not handed in."),
                do=N_("Hand them in or remove them first."),
                count=MOST_OPEN,
            )
        upload = Upload(self._ids.random_bytes(16).hex(), account, length, purpose, now)
        self._place(account).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._bytes_of(upload).touch(mode=0o600)
        self._write(upload)
        return upload

    def get(self, account: str, ident: str) -> Upload | None:
        """The upload; None alike for an unknown, an expired and another account's one."""
        found = _read(self._place(account) / f"{ident}.json") if _IDENT.fullmatch(ident) else None
        if found is None or found.account != account or found.expires_at <= self._clock.now():
            return None
        return found

    def of(self, account: str) -> list[Upload]:
        """Uploads of an account that were not handed in, oldest first."""
        found = [_read(file) for file in self._place(account).glob("*.json")]
        mine = [item for item in found if item and item.account == account and not item.result]
        return sorted(mine, key=lambda item: (item.made_at, item.ident))

    def offset(self, upload: Upload) -> int:
        """How many bytes are durably here."""
        try:
            with self._bytes_of(upload).open("rb") as stream:
                return _scan(stream)[0]
        except FileNotFoundError:
            return upload.length if upload.result else 0

    def appending(self, upload: Upload) -> Appender:
        """Take the turn to append, until the appender is closed. Raises Busy when another request has it, and
        FileNotFoundError when the upload was handed in or removed."""
        stream = self._bytes_of(upload).open("r+b")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return Appender(
                stream, self._cipher(upload.ident), self._ids, upload.length, told_of=self._told_of(upload)
            )
        except BlockingIOError as error:
            stream.close()
            raise Busy from error
        except BaseException:
            stream.close()
            raise

    def read(self, upload: Upload) -> bytes:
        """The whole file. Raises NotHere when it is not whole, or was altered."""
        out = bytearray()
        cipher = self._cipher(upload.ident)
        try:
            with self._bytes_of(upload).open("rb") as stream:
                while len(head := stream.read(_HEADER.size)) == _HEADER.size:
                    sealed = stream.read(_HEADER.unpack(head)[0])
                    out += cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], len(out).to_bytes(8, "big"))
        except (InvalidTag, FileNotFoundError):
            out.clear()
        if len(out) != upload.length or not upload.length:
            raise NotHere(N_("This upload is not whole."), do=N_("Send the file again."))
        return bytes(out)

    def is_kept(self, upload: Upload) -> bool:
        """Whether its bytes are still here: until all of what was handed in together is noted, they are."""
        return self._bytes_of(upload).exists()

    def hand_in(self, uploads: Sequence[Upload], result: dict[str, Any]) -> None:
        """Note what came of uploads that were handed in together, then forget their bytes. Asked again, each still
        tells the same result.

        Whenever this is cut short, either everything is still here or every upload has its note: no part of a piece of
        work can be taken for another one. The work itself is durable already: should a power cut take notes away, the
        same photographs sent again get the same receipt.
        """
        for upload in uploads:
            self._write(replace(upload, result=result))
        for upload in uploads:
            self._bytes_of(upload).unlink(missing_ok=True)

    def remove(self, upload: Upload) -> None:
        """Forget the upload."""
        self._bytes_of(upload).unlink(missing_ok=True)
        self._told_of(upload).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove what expired; how many uploads."""
        now, gone = self._clock.now(), 0
        for file in list(self._folder.glob("*/*.json")):
            upload = _read(file)
            if upload is None or upload.expires_at <= now:
                gone += 1
                file.unlink(missing_ok=True)
                file.with_suffix(".bytes").unlink(missing_ok=True)
        # What a killed process left behind has no note that could expire.
        left = [file for file in self._folder.glob("*/*.bytes") if not file.with_suffix(".json").exists()]
        for file in (*left, *self._folder.glob(f"*/*{PARTIAL_SUFFIX}")):
            with suppress(FileNotFoundError):
                if now.timestamp() - file.stat().st_mtime > KEEP.total_seconds():
                    file.unlink()
        return gone

    def _place(self, account: str) -> Path:
        return folder_of(self._folder, account)

    def _told_of(self, upload: Upload) -> Path:
        return self._place(upload.account) / f"{upload.ident}.json"

    def _bytes_of(self, upload: Upload) -> Path:
        return self._told_of(upload).with_suffix(".bytes")

    def _cipher(self, ident: str) -> AESGCM:
        return AESGCM(hmac.new(self._master, b"upload\x00" + ident.encode(), hashlib.sha256).digest())

    def _write(self, upload: Upload) -> None:
        document = {
            "account": upload.account,
            "length": upload.length,
            "purpose": upload.purpose,
            "made_at": to_micros(upload.made_at),
            "result": upload.result,
        }
        write_whole(self._told_of(upload), json.dumps(document).encode(), mode=0o600, sync=False)


def folder_of(folder: Path, account: str) -> Path:
    """Where the uploads of an account lie in the `folder` of all."""
    return folder / hashlib.sha256(account.encode()).hexdigest()[:20]


def _read(file: Path) -> Upload | None:
    try:
        told = json.loads(file.read_bytes())
        made_at = from_micros(told["made_at"])
        return Upload(file.stem, told["account"], told["length"], told["purpose"], made_at, told["result"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


class Appender:
    """Appends to one upload while its turn lasts."""

    def __init__(
        self, stream: BinaryIO, cipher: AESGCM, ids: IdSource, length: int, *, told_of: Path
    ) -> None:
        self._stream = stream
        self._told_of = told_of
        self._cipher = cipher
        self._ids = ids
        self._length = length
        self._pending = bytearray()
        self.offset, end = _scan(stream)
        self._stored = self.offset
        self._start = end
        if not end:
            self._sync_names()
        stream.seek(end)
        stream.truncate()

    def only_gathers(self, count: int) -> bool:
        """Whether taking `count` more bytes touches no file: then it is done in microseconds."""
        return len(self._pending) + count <= RECORD_BYTES

    def write(self, data: bytes) -> None:
        """Take more bytes. Raises ValueError when they are more than were announced."""
        if self.offset + len(data) > self._length:
            raise ValueError("more bytes than announced")
        self._pending += data
        self.offset += len(data)
        while len(self._pending) > RECORD_BYTES:
            self._seal(RECORD_BYTES)

    def finish(self) -> int:
        """Make everything durable and end the turn; the offset."""
        if self._pending:
            self._seal(len(self._pending))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.close()
        return self.offset

    def undo(self) -> None:
        """Forget what this turn brought, and end it."""
        self._pending.clear()
        self._stream.seek(self._start)
        self._stream.truncate()
        os.fsync(self._stream.fileno())
        self.close()

    def close(self) -> None:
        """End the turn. What was not made durable may be lost."""
        self._stream.close()

    def _sync_names(self) -> None:
        """Before the first byte that counts: with it the upload itself must be there, too. Done now, because nobody is
        waiting yet; at the end the sender waits for the bytes alone."""
        with self._told_of.open("rb") as told:
            os.fsync(told.fileno())
        sync_folder(self._told_of.parent)

    def _seal(self, count: int) -> None:
        data, self._pending = bytes(self._pending[:count]), self._pending[count:]
        nonce = self._ids.random_bytes(_NONCE)
        # Bound to its place, so that records cannot be exchanged.
        sealed = nonce + self._cipher.encrypt(nonce, data, self._stored.to_bytes(8, "big"))
        self._stored += count
        self._stream.write(_HEADER.pack(len(sealed)) + sealed)


def _scan(stream: BinaryIO) -> tuple[int, int]:
    """(bytes of the upload, end of the last whole record)."""
    size = os.fstat(stream.fileno()).st_size
    offset = end = 0
    while end + _HEADER.size <= size:
        stream.seek(end)
        (length,) = _HEADER.unpack(stream.read(_HEADER.size))
        if length <= _NONCE + _TAG or end + _HEADER.size + length > size:
            break
        end += _HEADER.size + length
        offset += length - _NONCE - _TAG
    return offset, end
