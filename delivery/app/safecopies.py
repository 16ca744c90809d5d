"""Making and restoring safe copies of a home, and the drill that shows that they can be restored."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import orjson
from filelock import FileLock, Timeout

from delivery.app.core import App
from delivery.app.sync import main_site
from delivery.clock import to_iso
from delivery.errors import N_, BadInput, ConfigError, NotFound, Refused
from delivery.settings import CONFIG_FILE
from delivery.store import migrate
from delivery.store.archive import CONTEXT, Held, Manifest, frames, read_held
from delivery.store.audit import audit
from delivery.store.database import Database
from delivery.store.files import PARTIAL_SUFFIX, publish, write_whole
from delivery.store.restore import Restoring
from delivery.store.sealing import open_stream, public_of, seal_stream
from delivery.store.workfolder import work_folder

MAGIC = b"TUXABACKUP1\n"
_PREFIX = "TUXA-R1-"
_MAX_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Header:
    """What stands open at the beginning of a copy."""

    id: str
    base: str
    base_file: str
    """Name of the file of the copy that this one continues."""
    made_at: str
    site: str


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made."""

    header: Header
    size: int
    """Bytes."""
    recovery_key: str
    """Only when it was made now: it is shown once and kept nowhere."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A home that was restored."""

    manifest: Manifest
    facts: int
    problems: int
    """What verification and audit found in it."""


# --- the recovery key -----------------------------------------------------------------------------


def recovery_text(secret: bytes) -> str:
    """A recovery key for paper: groups of four, with a check."""
    check = hashlib.sha256(b"tuxa recovery" + secret).digest()[:3]
    text = base64.b32encode(secret + check).decode().rstrip("=")
    return _PREFIX + "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def read_recovery(text: str) -> bytes:
    """The recovery key in what somebody typed. Raises BadInput when it is none, or has a slip in it."""
    plain = "".join(text.split()).upper().replace("-", "").removeprefix(_PREFIX.replace("-", ""))
    # Digits that base32 does not have are letters that somebody read so.
    plain = plain.translate(str.maketrans("018", "OIB"))
    try:
        raw = base64.b32decode(plain + "=" * (-len(plain) % 8))
        if len(raw) != 35 or hashlib.sha256(b"tuxa recovery" + raw[:32]).digest()[:3] != raw[32:]:
            raise ValueError
    except ValueError as error:
        raise BadInput(
            N_("This is not a recovery key, or a character of it is wrong."),
            do=N_("Type it as it was shown when the first copy was made; it begins with TUXA-R1."),
        ) from error
    return raw[:32]


def _public(app: App) -> tuple[bytes, str]:
    """(public half of the recovery key, its text when it was made now)."""
    file = app.settings.keys_dir / "backup.public"
    if file.exists():
        return bytes.fromhex(file.read_text(encoding="ascii").strip()), ""
    secret = app.ids.random_bytes(32)
    write_whole(file, public_of(secret).hex().encode() + b"\n", mode=0o600)
    return public_of(secret), recovery_text(secret)


# --- making a copy --------------------------------------------------------------------------------


def back_up(app: App, file: Path, *, full: bool = False, with_blobs: bool = True) -> Copied:
    """Write a copy to `file`: what came since the last copy where that still lies beside it, else everything."""
    folder = app.settings.home / "backup"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            return _back_up(app, file, full=full, with_blobs=with_blobs)
    except Timeout as error:
        raise Refused(
            N_("A copy of this home is being made already."), do=N_("Wait until it is done.")
        ) from error


def _back_up(app: App, file: Path, *, full: bool, with_blobs: bool) -> Copied:
    if file.exists():
        raise Refused(
            N_("{file} exists already."),
            do=N_("Give each copy a name of its own: a later one continues an earlier one."),
            file=str(file),
        )
    remembered = app.settings.home / "backup" / "last.json"
    held = Held() if full or not remembered.exists() else read_held(remembered.read_bytes())
    if not held.file or Path(held.file).parent != file.resolve().parent or not Path(held.file).exists():
        held = Held()
    public, text = _public(app)
    made_at = to_iso(app.clock.now())
    header = Header(
        app.ids.random_bytes(8).hex(),
        held.id,
        Path(held.file).name if held.id else "",
        made_at,
        app.settings.site,
    )
    revision = migrate.current(app.database) or ""
    manifest = Manifest(header.id, header.base, made_at, header.site, main_site(app), revision)
    with _beside(file, tag=public[:4].hex()) as stream:
        stream.write(MAGIC + orjson.dumps({n: getattr(header, n) for n in Header.__slots__}) + b"\n")
        config = app.settings.home / CONFIG_FILE
        parts = frames(
            app.database,
            app.blobs,
            keys_dir=app.settings.keys_dir,
            settings=config.read_text(encoding="utf-8") if config.exists() else "",
            manifest=manifest,
            held=held,
            with_blobs=with_blobs,
        )
        for part in seal_stream(public, parts, context=CONTEXT + header.id, ids=app.ids):
            stream.write(part)
    held.id, held.file = header.id, str(file.resolve())
    write_whole(remembered, held.as_bytes(), mode=0o600)
    return Copied(header, file.stat().st_size, text)


@contextmanager
def _beside(file: Path, *, tag: str) -> Iterator[IO[bytes]]:
    """A file that gets its name only when it is whole. What a killed run of this home (`tag`) left there goes first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".tuxa-{tag}-"
    for left in file.parent.iterdir():
        if left.name.startswith(prefix) and left.name.endswith(PARTIAL_SUFFIX):
            left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=prefix, suffix=PARTIAL_SUFFIX)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        publish(Path(name), file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# --- restoring ------------------------------------------------------------------------------------


def chain_of(file: Path) -> list[Path]:
    """The copies that `file` continues, the oldest first, and itself. Raises NotFound when one is missing."""
    out = [file]
    header = read_header(file)
    while header.base:
        earlier = out[0].parent / header.base_file
        if not earlier.exists() or read_header(earlier).id != header.base:
            raise NotFound(
                N_("{file} continues the copy {earlier}, which is not beside it."),
                do=N_("Put both into one folder."),
                file=str(out[0]),
                earlier=header.base_file,
            )
        header = read_header(earlier)
        out.insert(0, earlier)
    return out


def read_header(file: Path) -> Header:
    """What stands open in a copy. Raises BadInput for another file."""
    try:
        with file.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise ValueError("no copy")
            return Header(**orjson.loads(stream.readline(_MAX_HEADER)))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            N_("{file} is not a copy that “tuxa backup” made."), do=N_("Check the name."), file=str(file)
        ) from error


def restore(app: App, file: Path, *, secret: bytes) -> Restored:
    """Make `app`'s home what it was when the copy was made. The home must be new; nothing is half-restored."""
    home = app.settings.home
    if home.exists() and any(home.iterdir()):
        raise Refused(
            N_("{home} is not empty; a copy is restored into a new home only."),
            do=N_("Name another folder with --home, or move this one away first."),
            home=str(home),
        )
    if app.settings.database and migrate.current(app.database) is not None:
        raise Refused(
            N_("The database is not empty; a copy is restored into a new one only."),
            do=N_("Give the address of an empty database with --database."),
        )
    files = chain_of(file)
    home.parent.mkdir(parents=True, exist_ok=True)
    with work_folder(home.parent, f".{home.name}-restoring-") as work:
        inside = App(replace(app.settings, home=work), app.clock, app.ids)
        done = _restore_into(inside, files, secret)
        inside.close()
        if home.exists():
            home.rmdir()
        work.rename(home)
    return done


def drill(app: App, file: Path, *, secret: bytes) -> Restored:
    """Restore into a folder that is thrown away afterwards, and look whether all of it verifies."""
    with work_folder(Path(tempfile.gettempdir()), f"tuxa-drill-{os.getuid()}-") as work:
        settings = replace(app.settings, home=work / "home", database="", blobs="")
        settings.home.mkdir(mode=0o700)
        inside = App(settings, app.clock, app.ids)
        try:
            return _restore_into(inside, chain_of(file), secret)
        finally:
            inside.close()


def _restore_into(app: App, files: Sequence[Path], secret: bytes) -> Restored:
    manifest, restoring = _take_all(app, files, secret)
    for name, content in restoring.keys.items():
        target = (app.settings.keys_dir / name).resolve()
        if not target.is_relative_to(app.settings.keys_dir.resolve()):
            raise BadInput(N_("This copy is not whole."), do=N_("Use another copy."))
        write_whole(target, content, mode=0o600)
    os.chmod(app.settings.keys_dir, 0o700)
    write_whole(app.settings.home / CONFIG_FILE, _settings(restoring.settings, manifest.site).encode())
    restored = App(replace(app.settings, site=manifest.site), app.clock, app.ids)
    try:
        migrate.upgrade(restored.database)
        restored.records.rebuild()
        found = restored.facts.verify()
        ends = {head.stream: (head.seq, head.hash) for head in restored.facts.heads()}
        if ends != {stream: tuple(end) for stream, end in manifest.ends.items()}:
            raise BadInput(N_("This copy is not whole."), do=N_("Use another copy."))
        beside = audit(restored.database, restored.vault, restored.blobs, main=manifest.main)
        return Restored(manifest, found.facts, len(found.problems) + len(beside))
    finally:
        restored.close()


def _settings(text: str, site: str) -> str:
    """The settings of the copy, without the places of database and files: those were the old machine's."""
    moved = ("site=", "database=", "blobs=")
    kept = [line for line in text.splitlines() if not line.replace(" ", "").startswith(moved)]
    return "\n".join([f'site = "{site}"', *kept, ""])


def _take_all(app: App, files: Sequence[Path], secret: bytes) -> tuple[Manifest, Restoring]:
    """Every frame of every copy, the oldest first, in one transaction."""
    headers = [read_header(file) for file in files]
    revision = _manifest_of(files[-1], secret).revision
    if revision not in migrate.known():
        raise ConfigError(
            N_("This copy was made by a newer tuxa (revision {revision})."),
            do=N_("Update this program first."),
            revision=revision,
        )
    database: Database = app.database
    migrate.upgrade(database, revision)
    with database.write() as connection:
        restoring = Restoring(connection, app.blobs, app.settings.home / "restoring")
        for file, header in zip(files, headers, strict=True):
            restoring.begin()
            for frame in _opened(file, header, secret):
                restoring.take(frame)
        manifest = restoring.finish()
    shutil.rmtree(app.settings.home / "restoring", ignore_errors=True)
    return manifest, restoring


def _manifest_of(file: Path, secret: bytes) -> Manifest:
    """The manifest of a copy, after proving every frame of it."""
    last = b""
    for frame in _opened(file, read_header(file), secret):
        last = frame
    if last[:1] != b"M":
        raise BadInput(N_("This copy is not whole."), do=N_("Use another copy."))
    import zstandard

    return Manifest(**orjson.loads(zstandard.ZstdDecompressor().decompress(last[1:])))


def _opened(file: Path, header: Header, secret: bytes) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.read(len(MAGIC))
        stream.readline(_MAX_HEADER)
        yield from open_stream(secret, stream.read, context=CONTEXT + header.id)
