"""Takes in scanned files: every page ends with a learner, in the queue, or counted as blank or foreign.

Work is done in chunks of pages: read in workers, resolve, file through the one door, remember. A kill between any two
steps loses nothing, because each step finds what the earlier ones left: a page that was filed but not remembered is
known again by its source.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from delivery.clock import to_micros
from delivery.postal.incoming.resolve import Doubt, Resolution, resolve
from delivery.postal.incoming.scanfile import ScannedPage, count_pages, read_pages
from delivery.postal.parts import Desk, Progress, silent
from delivery.postal.roles import ASSIGNMENT
from delivery.record.kinds import FactKind
from delivery.store.returns import PageRow, Returns
from delivery.store.sheets import Sheet
from delivery.store.submissions import Arrival, Outcome

_CHUNK = 8
_IN_FLIGHT = 4
FILED, DUPLICATE, QUEUED, BLANK, FOREIGN = "filed", "duplicate", "queued", "blank", "foreign"


@dataclass(frozen=True, slots=True)
class Queued:
    """A page that a person must judge."""

    page: int
    reason: str
    proposal: str = ""
    """Page id that may be the right one."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What has arrived of one learner's assignment, by any channel."""

    learner: str
    activity: str
    pages_present: tuple[int, ...]
    pages_missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Intake:
    """Outcome for one file: filed + queued + duplicates + blank + foreign = pages."""

    file: str
    pages: int
    filed: int
    queued: tuple[Queued, ...]
    duplicates: int
    blank: int
    foreign: int
    submissions: tuple[Returned, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "pages": self.pages,
            "filed": self.filed,
            "queued": [
                {"page": q.page, "reason": q.reason, "proposal": q.proposal or None} for q in self.queued
            ],
            "duplicates": self.duplicates,
            "blank": self.blank,
            "foreign": self.foreign,
            "submissions": [
                {
                    "learner": s.learner,
                    "activity": s.activity,
                    "pages_present": list(s.pages_present),
                    "pages_missing": list(s.pages_missing),
                }
                for s in self.submissions
            ],
        }


def take_in(desk: Desk, path: Path, *, actor: str, progress: Progress = silent) -> Intake:
    """Take in one scanned file. Raises BadInput when the file as a whole cannot be read.

    The same file again changes nothing: its pages are duplicates. A file whose intake was killed is continued.
    """
    total = count_pages(path)
    digest = _digest(path)
    returns = Returns(desk.database, desk.blobs, desk.keys.master)
    again = returns.begin(digest, pages=total, now=to_micros(desk.clock.now()))
    known = returns.pages_of(digest)
    todo = [number for number in range(1, total + 1) if number not in known]
    done = total - len(todo)
    progress(done, total)
    if todo:
        with desk.executor() as executor:
            for pages in _read_all(executor, path, todo):
                rows = _deal(desk, returns, digest, pages, actor=actor)
                returns.keep(rows)
                known.update((row.page, row) for row in rows)
                done += len(rows)
                progress(done, total)
    returns.finish(digest, now=to_micros(desk.clock.now()))
    rows = [known[number] for number in sorted(known)]
    return _summary(desk, path.name, [_again(row) for row in rows] if again else rows)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _read_all(executor: Executor, path: Path, numbers: Sequence[int]) -> Iterator[list[ScannedPage]]:
    """Read pages in workers, a few chunks ahead, in order."""
    chunks = [tuple(numbers[start : start + _CHUNK]) for start in range(0, len(numbers), _CHUNK)]
    ahead: list[Future[list[ScannedPage]]] = []
    for chunk in chunks:
        ahead.append(executor.submit(read_pages, path, chunk))
        if len(ahead) > _IN_FLIGHT:
            yield ahead.pop(0).result()
    for future in ahead:
        yield future.result()


def _deal(
    desk: Desk, returns: Returns, digest: str, pages: Sequence[ScannedPage], *, actor: str
) -> list[PageRow]:
    """Resolve pages and file those that are certain, in one transaction; what became of each."""
    resolved = [(page, _resolve(desk, page)) for page in pages]
    certain = [(page, found) for page, found in resolved if found.page_id]
    now = desk.clock.now()
    arrivals = [
        Arrival(
            page_id=found.page_id,
            channel="post",
            image=page.image,
            media_type=page.media_type,
            received_at=now,
            actor=actor,
            source=_source(digest, page.number),
        )
        for page, found in certain
    ]
    outcomes = desk.submissions.accept(arrivals) if arrivals else []
    by_number = {page.number: outcome for (page, _), outcome in zip(certain, outcomes, strict=True)}
    return [_row(desk, returns, digest, page, found, by_number.get(page.number)) for page, found in resolved]


def _resolve(desk: Desk, page: ScannedPage) -> Resolution:
    if page.problem:
        return Resolution(doubt=Doubt.DAMAGED)

    def page_of_side(side_id: str) -> str | None:
        sheet = desk.sheets.by_side(side_id)
        return sheet.page_id if sheet else None

    return resolve(
        page.reading.texts,
        desk.keys.codes,
        page_of_side=page_of_side,
        blank=page.reading.blank,
        hosts=frozenset({urlsplit(desk.settings.base_url).netloc}),
    )


def _row(
    desk: Desk, returns: Returns, digest: str, page: ScannedPage, found: Resolution, outcome: Outcome | None
) -> PageRow:
    if outcome is not None and outcome.status in ("filed", "duplicate"):
        status = FILED if outcome.status == "filed" or _was_ours(desk, outcome, digest, page) else DUPLICATE
        return PageRow(digest, page.number, status, page_id=found.page_id)
    if found.blank:
        return PageRow(digest, page.number, BLANK)
    image = returns.put_image(page.image)
    if found.foreign:
        return PageRow(digest, page.number, FOREIGN, image=image, media_type=page.media_type)
    doubt = found.doubt
    if outcome is not None:
        doubt = Doubt.UNKNOWN if outcome.status == "unknown" else Doubt.HELD
    proposal = found.proposal or found.page_id
    return PageRow(digest, page.number, QUEUED, str(doubt), proposal, image, page.media_type)


def _was_ours(desk: Desk, outcome: Outcome, digest: str, page: ScannedPage) -> bool:
    """Whether a "duplicate" is this very page, filed by a run that was killed before it could remember."""
    fact = desk.facts.get(outcome.fact)
    return fact is not None and fact.data.get("source") == _source(digest, page.number)


def _source(digest: str, number: int) -> str:
    return f"scan:{digest[:16]}:{number}"


def _again(row: PageRow) -> PageRow:
    """A page of a file that was finished before: whatever is not blank or foreign is known already."""
    if row.status in (BLANK, FOREIGN):
        return row
    return PageRow(row.file, row.page, DUPLICATE, row.reason, row.page_id, row.image, row.media_type)


def _summary(desk: Desk, name: str, rows: Sequence[PageRow]) -> Intake:
    counts = Counter(row.status for row in rows)
    queued = tuple(Queued(row.page, row.reason, row.page_id) for row in rows if row.status == QUEUED)
    filed = [row.page_id for row in rows if row.status in (FILED, DUPLICATE) and row.page_id]
    return Intake(
        name,
        len(rows),
        counts[FILED],
        queued,
        counts[DUPLICATE],
        counts[BLANK],
        counts[FOREIGN],
        tuple(returned_work(desk, filed)),
    )


def returned_work(desk: Desk, page_ids: Sequence[str]) -> Iterator[Returned]:
    """For every assignment that one of these sheets belongs to: which of its pages have arrived, by any channel."""
    packets: dict[tuple[str, str, str], Sheet] = {}
    for page_id in page_ids:
        sheet = desk.sheets.by_page(page_id)
        if sheet is not None and sheet.role == ASSIGNMENT:
            packets.setdefault((sheet.learner, sheet.activity, sheet.packet), sheet)
    for (learner, activity, _), sheet in sorted(packets.items()):
        present = {
            fact.data["page"]
            for fact in desk.facts.select(kind=FactKind.WORK_RECEIVED, learner=learner)
            if fact.activity == activity
        }
        wanted = range(1, sheet.pages + 1)
        yield Returned(
            learner,
            activity,
            tuple(sorted(present & set(wanted))),
            tuple(number for number in wanted if number not in present),
        )
