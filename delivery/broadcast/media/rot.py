"""Whether what is stored is still what was stored: every file of every asset read and hashed again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from delivery.broadcast.asset import Asset
from delivery.broadcast.media.library import Library
from delivery.errors import N_, GateClosed, Message, NotFound
from delivery.store.blobs import Blobs
from delivery.store.media import LessonRow

SOURCE: Final = "recording"
REPORT: Final = "report"


@dataclass(frozen=True, slots=True)
class Rot:
    """A file of an asset that is missing or no longer what it was."""

    asset: str
    lessons: tuple[LessonRow, ...]
    """Lessons that need it; none for slates and cards."""
    part: str
    """What it is, for example ``720p/00012``."""
    blob: str
    problem: Message
    do: Message


@dataclass(frozen=True, slots=True)
class Health:
    """What a verification found."""

    assets: int
    files: int
    rot: tuple[Rot, ...]


def verify_library(library: Library, progress: Callable[[int, int], None] | None = None) -> Health:
    """Hash everything again; each file once, however many assets share it."""
    lessons: dict[str, list[LessonRow]] = {}
    for row in library.media.lessons():
        lessons.setdefault(row.asset, []).append(row)
    documents = library.media.documents()
    reports = {job.asset: job.result["report"] for job in library.media.jobs() if job.result.get("report")}
    verdicts: dict[str, Message | None] = {}
    rot: list[Rot] = []
    for number, document in enumerate(documents):
        asset = Asset.from_json(document)
        known = tuple(lessons.get(asset.id, ()))
        for part, blob in _parts(asset, library.blobs, reports.get(asset.id, "")):
            if blob not in verdicts:
                verdicts[blob] = problem_of(library.blobs, blob)
            problem = verdicts[blob]
            if problem:
                do = _DO.get(part, _RENDITION)
                rot.append(Rot(asset.id, known, part, blob, problem, Message(do)))
        if progress:
            progress(number + 1, len(documents))
    return Health(len(documents), len(verdicts), tuple(rot))


def _parts(asset: Asset, blobs: Blobs, report: str) -> Iterator[tuple[str, str]]:
    yield from asset.blobs()
    if report:
        yield REPORT, report
    # Slates and cards have no recording: their source is a name.
    if blobs.exists(asset.source):
        yield SOURCE, asset.source


def problem_of(blobs: Blobs, address: str) -> Message | None:
    """What is wrong with a stored file; None when its bytes are those of its name. Costs no memory for a local one."""
    path = blobs.local_path(address)
    try:
        if path is None:
            blobs.get(address)
            return None
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except (NotFound, FileNotFoundError):
        return Message(N_("missing"))
    except GateClosed:
        return Message(N_("altered"))
    except OSError as error:
        return Message(N_("cannot be read: {reason}"), {"reason": error.strerror or str(error)})
    return None if found == address else Message(N_("altered"))


_RENDITION: Final = N_(
    "Restore this file from a backup. Until then a slate goes out in its place, and what is altered is never sent."
)
_RECORDING: Final = N_(
    "Restore the recording from a backup or from where it was made; what was converted from it still serves."
)
_REPORT: Final = N_("Restore the report from a backup; the lesson itself is whole and can be sent.")
_DO: Final = {SOURCE: _RECORDING, REPORT: _REPORT}
