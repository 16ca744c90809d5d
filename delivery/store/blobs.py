"""Content-addressed blobs on any fsspec file system: a local folder, or an S3-compatible store by URL (design D8).

A blob's name is the SHA-256 of its bytes, so writing is idempotent and reading can prove what it read.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from delivery.errors import N_, ConfigError, GateClosed, NotFound, Refused, ToolMissing
from delivery.ids import content_address
from delivery.store.files import PARTIAL_SUFFIX, sync_folder

_BLOCK = 1 << 20


class Blobs:
    """Blobs under `url`: a folder path, or any fsspec URL such as ``s3://bucket/prefix``."""

    def __init__(self, url: str) -> None:
        self._local: Path | None = None
        self._remote: Any = None
        if "://" not in url or url.startswith("file://"):
            self._local = Path(url.removeprefix("file://"))
            self._root = str(self._local)
        else:
            self._remote, self._root = _remote(url)

    def _name(self, address: str) -> str:
        return f"{self._root}/{address[:2]}/{address[2:4]}/{address}"

    def put(self, data: bytes) -> str:
        """Store `data` durably; its address. Storing the same bytes again does nothing."""
        address = content_address(data)
        if self.exists(address):
            return address
        if self._local is not None:
            self._publish_local(address, data)
        else:
            # Object stores show an object only when it is whole.
            self._remote.pipe_file(self._name(address), data)
        return address

    def put_file(self, path: Path) -> str:
        """Store a file without holding it in memory; its address."""
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
        address = digest.hexdigest()
        if self.exists(address):
            return address
        if self._local is None:
            self._remote.put_file(str(path), self._name(address))
            return address
        target = Path(self._name(address))
        handle, temporary = self._temporary(target)
        try:
            with os.fdopen(handle, "wb") as out, path.open("rb") as stream:
                again = hashlib.sha256()
                while block := stream.read(_BLOCK):
                    again.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if again.hexdigest() != address:
                raise Refused(
                    N_("The file {file} changed while it was being stored."),
                    do=N_("Wait until it is written completely, then run the command again."),
                    file=str(path),
                )
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        return address

    def _temporary(self, target: Path) -> tuple[int, str]:
        target.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=target.parent, suffix=PARTIAL_SUFFIX)

    def _publish_local(self, address: str, data: bytes) -> None:
        target = Path(self._name(address))
        handle, temporary = self._temporary(target)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)

    def get(self, address: str) -> bytes:
        """The bytes, proved against their address. Raises NotFound when missing, GateClosed when altered."""
        try:
            data: bytes
            if self._local is not None:
                data = Path(self._name(address)).read_bytes()
            else:
                data = self._remote.cat_file(self._name(address))
        except FileNotFoundError as error:
            raise NotFound(
                N_("Stored file {address} is missing."),
                do=N_("Restore it from a backup, or add the original again."),
                address=address,
            ) from error
        if content_address(data) != address:
            raise GateClosed(
                N_("Stored file {address} was altered: its bytes do not match its name."),
                do=N_("Restore it from a backup, or add the original again."),
                address=address,
            )
        return data

    def exists(self, address: str) -> bool:
        """Whether a blob of this address is stored (its bytes are not read)."""
        if self._local is not None:
            return Path(self._name(address)).exists()
        return bool(self._remote.exists(self._name(address)))

    def remove(self, address: str) -> None:
        """Remove a blob, if it is there: only for what nobody may read any more."""
        if self._local is not None:
            Path(self._name(address)).unlink(missing_ok=True)
        elif self.exists(address):
            self._remote.rm_file(self._name(address))

    def addresses(self) -> list[str]:
        """Address of every blob that is stored, in order."""
        if self._local is not None:
            files = (path.name for path in self._local.glob("??/??/*") if path.is_file())
        else:
            files = (str(name).rsplit("/", 1)[-1] for name in self._remote.find(self._root))
        return sorted(name for name in files if re.fullmatch(r"[0-9a-f]{64}", name))

    def local_path(self, address: str) -> Path | None:
        """Path of the blob when the store is a local folder and it is there."""
        if self._local is None:
            return None
        path = Path(self._name(address))
        return path if path.exists() else None

    def sweep(self, *, before: datetime) -> int:
        """Remove what writers that were killed before that moment left behind (local store only); how many files."""
        if self._local is None or not self._local.exists():
            return 0
        parts = self._local.rglob(f"*{PARTIAL_SUFFIX}")
        stale = [file for file in parts if file.stat().st_mtime < before.timestamp()]
        for file in stale:
            file.unlink(missing_ok=True)
        return len(stale)


def _remote(url: str) -> tuple[Any, str]:
    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ToolMissing(
            N_("The blob store {url} needs a package that is not installed: {reason}"),
            do=N_("Install it, for S3 with: pip install s3fs"),
            url=url,
            reason=str(error),
        ) from error
    except ValueError as error:
        raise ConfigError(
            N_("“{url}” is not an address of a blob store: {reason}"),
            do=N_("Use a folder, or an address such as s3://bucket/tuxa"),
            url=url,
            reason=str(error),
        ) from error
    return system, root.rstrip("/")
