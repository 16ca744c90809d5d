"""What the portal needs from the rest, as the wiring passes it in: small protocols and frozen values."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from fastapi import APIRouter

from delivery.catalogue.model import Catalogue, LearnerProfile
from delivery.clock import Clock
from delivery.errors import N_, NotFound
from delivery.i18n import Translator
from delivery.ids import IdSource
from delivery.network.web.lines import Lines
from delivery.network.web.station import Station
from delivery.network.web.uploads import ReadPageImage
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import CodeKeys
from delivery.settings import Settings
from delivery.store.api_tokens import ApiTokens
from delivery.store.course_facts import CourseFacts
from delivery.store.credentials import Credentials
from delivery.store.marks import Marks
from delivery.store.opinions import Opinions
from delivery.store.scans import Scans
from delivery.store.seen import Seen
from delivery.store.sheets import Sheet
from delivery.store.submissions import Arrival, Outcome, Upload
from delivery.store.teaching import Teaching
from delivery.store.threads import Threads
from delivery.store.uploads import Uploads


class RegulationSource(Protocol):
    """State of the regulation, reports and the rows behind their numbers; documents of the application."""

    def overview(self, translate: Translator, /) -> Mapping[str, Any]: ...

    def report(self, kind: str, year: int, partner: str, /) -> Any: ...

    def rows(self, kind: str, year: int, cell: str, partner: str, /) -> Any: ...


class Readings:
    """Judgements of pictures by the SHA-256 of their bytes, so that a picture that was read when it arrived is not read
    again when it is handed in. Codes only, no pictures."""

    MOST = 4_000

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, tuple[str, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> tuple[str, tuple[str, ...]] | None:
        """(media type, codes) of a good picture."""
        with self._lock:
            return self._known.get(digest)

    def note(self, digest: str, media_type: str, codes: tuple[str, ...]) -> None:
        with self._lock:
            self._known[digest] = (media_type, codes)
            while len(self._known) > self.MOST:
                self._known.popitem(last=False)


class SheetsPort(Protocol):
    """The projection of planned packets."""

    def by_page(self, page_id: str) -> Sheet | None: ...

    def by_side(self, side_id: str) -> Sheet | None: ...

    def of_activity(self, learner: str, activity: str) -> list[Sheet]: ...


class SubmissionsPort(Protocol):
    """The one door for returned work (design D4)."""

    def accept(self, arrivals: Sequence[Arrival]) -> list[Outcome]: ...

    def accept_upload(self, upload: Upload) -> Outcome: ...


class FactsPort(Protocol):
    """Reading facts of the log."""

    def get(self, fact_id: str) -> Fact | None: ...

    def select(self, *, kind: FactKind, learner: str) -> Iterator[Fact]: ...


@dataclass(frozen=True, slots=True)
class Programme:
    """One item of a channel's day."""

    title: str
    course: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class OnAir:
    """What a channel sends now and next, and where to play it."""

    channel: str
    """Code, as in the address of the player."""
    name: str
    kind: Literal["tv", "radio"]
    playlist: str
    """Path of the multivariant HLS playlist, on this host."""
    now: Programme | None = None
    next: Programme | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A recording that is played on demand."""

    kind: Literal["tv", "radio"]
    playlist: str
    """Name of the multivariant HLS playlist below the lesson's address."""
    audio: str
    """Name of the playlist of the sound alone; empty when there is none."""
    minutes: int
    captions: tuple[str, ...] = ()
    """Languages in which there are captions: ``captions-<language>.vtt``."""


def no_file(_material: str, _name: str) -> bytes:
    """A portal without recordings."""
    raise NotFound(N_("This lesson has no such file."), do=N_("Load the page again."))


@dataclass(frozen=True, slots=True)
class PortalServices:
    """Everything behind the pages."""

    settings: Settings
    clock: Clock
    ids: IdSource
    credentials: Credentials
    tokens: ApiTokens
    uploads: Uploads
    teaching: Teaching
    threads: Threads
    opinions: Opinions
    course_facts: CourseFacts
    marks: Marks
    scans: Scans
    seen: Seen
    code_keys: Callable[[], CodeKeys]
    """As they are now: they rotate while the portal runs."""
    sheets: SheetsPort
    submissions: SubmissionsPort
    facts: FactsPort
    catalogue: Callable[[], Catalogue]
    executor: Executor
    """Where uploads are judged and read: processes, or one single thread, because PDFium is not thread-safe. A person
    waits for each job, so it is not to be shared with ingest."""
    read_page_image: ReadPageImage
    on_air: Callable[[], Sequence[OnAir]]
    claim_attendance: Callable[[str, str], str]
    """(learner id, code as typed) -> id of the AttendanceRecorded fact; raises Refused with the reason."""
    record_of: Callable[[str], Mapping[str, Any]]
    """Learner id -> the JSON document of ``tuxa record show``."""
    courses_of: Callable[[str], Collection[str]]
    """Learner id -> codes of the courses in which the learner is enrolled."""
    read_blob: Callable[[str], bytes]
    """SHA-256 of a material's file -> its bytes; raises TuxaError when they are missing or altered."""
    is_approved: Callable[[str, str], bool]
    """(material, SHA-256 of its file) -> whether exactly these bytes are approved for the portal (design D7)."""
    record_participation: Callable[[str, str, int, int], str]
    """(learner id, activity, minutes, when it was opened in µs since 1970 UTC) -> id of the ParticipationRecorded fact;
    one opening is told once."""
    record_watched: Callable[[str, str, int, int, bool], int]
    """(learner id, activity, minutes watched since it was opened, when that was in µs since 1970 UTC, whether watching
    has ended) -> designed minutes that count; told as evidence in blocks, and each minute once."""
    learners_of: Callable[[str], Sequence[str]]
    """Course -> ids of the learners who are enrolled in it."""
    profiles: Callable[[Sequence[str]], Mapping[str, LearnerProfile]]
    """Learner ids -> profiles, of those that can still be read."""
    export_of: Callable[[str], Mapping[str, Any]]
    """Learner id -> everything that is recorded of the learner, personal data opened."""
    is_ready: Callable[[], bool] = field(default=lambda: True)
    """Whether the home can be read and written."""
    lesson: Callable[[str], Lesson | None] = field(default=lambda _material: None)
    """Material -> the recording of it that may be played on demand now."""
    lesson_file: Callable[[str, str], bytes] = field(default=no_file)
    """(material, name) -> bytes of a playlist, segment or captions file; raises NotFound."""
    station: Station = field(default_factory=Station)
    """Channels' guide, sites, alerts, jobs, and what lecturers see of materials and packets."""
    lines: Lines = field(default_factory=Lines)
    """Where requests wait for a thread."""
    readings: Readings = field(default_factory=Readings)
    """What was read on pictures a moment ago."""
    routers: Sequence[APIRouter] = field(default=())
    """More routes to mount, such as the channels' playlists and segments."""
    regulation: RegulationSource | None = None
    """State of the regulation for its pages; None where it is not checked."""
    hls_js: Path | None = None
    """hls.min.js to serve instead of the one that the package brings."""
