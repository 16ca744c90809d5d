"""Takes in scanned files: every page ends with a learner, in the queue, or counted as blank or foreign.

Work is done in chunks of pages: read in workers, resolve, then file through the one door and remember in one
transaction. A kill between any two steps loses nothing and doubles nothing: a page is filed and remembered, or neither.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from delivery.clock import to_micros
from delivery.errors import N_, BadInput
from delivery.postal.incoming.grouping import Proposal, front_of
from delivery.postal.incoming.judging import Sheets, judge
from delivery.postal.incoming.proposals import proposals_of
from delivery.postal.incoming.reading_filed import read_filed, waiting_readings
from delivery.postal.incoming.resolve import Doubt, Resolution
from delivery.postal.incoming.scanfile import ScannedPage, count_pages, read_pages, shown_name
from delivery.postal.incoming.shape import written_on
from delivery.postal.parts import Desk, Progress, silent
from delivery.postal.roles import ASSIGNMENT
from delivery.postal.roles import BLANK as BACK
from delivery.store.returned import Envelope, ReturnedPages
from delivery.store.returns import BLANK, DUPLICATE, FILED, FOREIGN, QUEUED, PageRow, Returns, ScanFile
from delivery.store.sheets import Sheet
from delivery.store.submissions import Arrival, Outcome

_CHUNK = 8
_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True)
class Queued:
    """A page that a person must judge."""

    page: int
    reason: str
    ident: str = ""
    """How commands name the page."""
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What has arrived of one learner's assignment, by any channel."""

    learner: str
    activity: str
    pages_present: tuple[int, ...]
    pages_missing: tuple[int, ...]
    packet: str = ""


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
    superseded: tuple[int, ...] = ()
    """Pages of sheets that a reprint has replaced: filed like the others, and said."""
    readings: int = 0
    """What was read in bubbles and waits for a person to confirm it."""

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "pages": self.pages,
            "filed": self.filed,
            "queued": [
                {
                    "page": q.page,
                    "id": q.ident,
                    "reason": q.reason,
                    "proposal": proposal_json(q.proposal) if q.proposal else None,
                }
                for q in self.queued
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
            "superseded": list(self.superseded),
            "readings": self.readings,
        }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """What a page may be, as a JSON document."""
    return {
        "kind": proposal.kind,
        "sheet": proposal.sheet or None,
        "learner": proposal.learner,
        "activity": proposal.activity,
        "page": proposal.page,
        "why": str(proposal.why),
        "certainty": proposal.certainty,
    }


def take_in(
    desk: Desk,
    path: Path,
    *,
    actor: str,
    progress: Progress = silent,
    postmark: date | None = None,
    envelope: str = "",
    executor: Executor | None = None,
) -> Intake:
    """Take in one scanned file. Raises BadInput when the file as a whole cannot be read.

    The same file again changes nothing: its pages are duplicates. A file whose intake was killed is continued.
    `postmark` is the day stamped on all that lay in the pile, `envelope` the envelope that it came from. Without
    `executor` workers are started for this file, and ended.
    """
    total = count_pages(path)
    digest = _digest(path)
    returns = Returns(desk.database, desk.blobs, desk.keys.master, desk.ids)
    again = returns.begin(
        digest,
        pages=total,
        now=to_micros(desk.clock.now()),
        name=shown_name(path),
        postmark=postmark.isoformat() if postmark else "",
        envelope=envelope,
    )
    file = returns.file(digest)
    assert file is not None  # it was noted just now
    known = returns.pages_of(digest)
    todo = [number for number in range(1, total + 1) if number not in known]
    done = total - len(todo)
    progress(done, total)
    if todo or not again:
        try:
            with nullcontext(executor) if executor else desk.executor() as workers:
                for pages in _read_all(workers, path, todo):
                    rows = _Dealing(desk, returns, file, actor).deal(pages)
                    known.update((row.page, row) for row in rows)
                    done += len(rows)
                    progress(done, total)
                read_filed(desk, workers, [row.fact for row in known.values() if row.status == FILED])
        except BrokenExecutor as error:
            raise BadInput(
                N_("The file {file} could not be read to its end: the program that reads it was ended."),
                do=N_("What was read is kept. Free memory and take it in again, or scan the pile in parts."),
                file=shown_name(path),
            ) from error
    returns.finish(digest, now=to_micros(desk.clock.now()))
    rows = [known[number] for number in sorted(known)]
    return _summary(desk, returns, shown_name(path), [_again(row) for row in rows] if again else rows)


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


@dataclass(frozen=True, slots=True)
class _Dealing:
    """Pages of one file on their way to where they belong."""

    desk: Desk
    returns: Returns
    file: ScanFile
    actor: str

    def deal(self, pages: Sequence[ScannedPage]) -> list[PageRow]:
        """Resolve pages, file those that are certain, and remember what became of each, in one transaction."""
        resolved = [(page, self._resolve(page)) for page in pages]
        certain = [(page, found) for page, found in resolved if found.page_id]
        sheets = {found.page_id: self.desk.sheets.by_page(found.page_id) for _, found in certain}
        envelopes = ReturnedPages(self.desk.database).of_packets(
            sorted({sheet.packet for sheet in sheets.values() if sheet})
        )
        arrivals = [self._arrival(page, sheets[found.page_id], found, envelopes) for page, found in certain]
        rows: list[PageRow] = []

        def remember(connection: Connection, outcomes: Sequence[Outcome]) -> None:
            by_number = {page.number: outcome for (page, _), outcome in zip(certain, outcomes, strict=True)}
            made = [self._row(page, found, by_number.get(page.number)) for page, found in resolved]
            rows.extend(self.returns.keep_new_in(connection, made))

        if arrivals:
            self.desk.submissions.accept(arrivals, also=remember)
        else:
            with self.desk.database.write() as connection:
                remember(connection, [])
        return rows

    def _resolve(self, page: ScannedPage) -> Resolution:
        if page.problem:
            return Resolution(doubt=Doubt.DAMAGED)
        sheets = Sheets(
            lambda side_id: sheet.page_id if (sheet := self.desk.sheets.by_side(side_id)) else None,
            lambda page_id: sheet.side_id if (sheet := self.desk.sheets.by_page(page_id)) else None,
            self.desk.keys.codes,
            self.desk.settings.base_url,
        )
        return judge(page.image, page.reading, sheets)

    def _arrival(
        self, page: ScannedPage, sheet: Sheet | None, found: Resolution, envelopes: dict[str, Envelope]
    ) -> Arrival:
        post = post_of(self.file, envelopes.get(sheet.packet) if sheet else None)
        return Arrival(
            page_id=found.page_id,
            channel="post",
            image=page.image,
            media_type=page.media_type,
            received_at=self.desk.clock.now(),
            actor=self.actor,
            source=source_of(self.file.file, page.number),
            postmark=post.postmark,
            envelope=post.envelope,
            back_of=self._front(sheet, page),
        )

    def _front(self, sheet: Sheet | None, page: ScannedPage) -> Sheet | None:
        """The page of work whose back this is, when something was written on it."""
        if sheet is None or sheet.role != BACK:
            return None
        front = front_of(sheet, self.desk.sheets.of_packet(sheet.packet))
        return front if front is not None and written_on(page.image) else None

    def _row(self, page: ScannedPage, found: Resolution, outcome: Outcome | None) -> PageRow:
        row = PageRow(
            self.file.file, page.number, QUEUED, media_type=page.media_type, rotation=page.reading.rotation
        )
        if outcome is not None and outcome.status in ("filed", "duplicate"):
            ours = outcome.status == "filed" or self._was_ours(outcome, page)
            return replace(
                row,
                status=FILED if ours else DUPLICATE,
                page_id=found.page_id,
                fact=outcome.fact,
                media_type="",
            )
        if found.blank:
            return replace(row, status=BLANK, media_type="")
        row = replace(row, image=self.returns.put_image(page.image))
        if found.foreign:
            return replace(row, status=FOREIGN)
        doubt = found.doubt
        if outcome is not None:
            doubt = Doubt.UNKNOWN if outcome.status == "unknown" else Doubt.HELD
        return replace(row, reason=str(doubt), page_id=found.proposal or found.page_id)

    def _was_ours(self, outcome: Outcome, page: ScannedPage) -> bool:
        """Whether a “duplicate” is this very page, filed before its row was lost."""
        fact = self.desk.facts.get(outcome.fact)
        return fact is not None and fact.data.get("source") == source_of(self.file.file, page.number)


@dataclass(frozen=True, slots=True)
class Post:
    """By which post a page came, as far as a clerk said."""

    postmark: date | None
    envelope: str


def post_of(file: ScanFile, envelope: Envelope | None) -> Post:
    """What was said of the whole pile goes before what was said of the learner's envelope."""
    day = file.postmark or (envelope.postmark if envelope else "")
    name = file.envelope or (envelope.envelope if envelope else "")
    return Post(date.fromisoformat(day) if day else None, name)


def source_of(file: str, page: int) -> str:
    """How facts name a page of a scanned file."""
    return f"scan:{file[:16]}:{page}"


def _again(row: PageRow) -> PageRow:
    """A page of a file that was finished before: whatever is not blank or foreign is known already."""
    return row if row.status in (BLANK, FOREIGN) else replace(row, status=DUPLICATE)


def _summary(desk: Desk, returns: Returns, name: str, rows: Sequence[PageRow]) -> Intake:
    counts = Counter(row.status for row in rows)
    waiting = [row for row in rows if row.status == QUEUED]
    proposals = proposals_of(desk, returns, waiting)
    queued = tuple(
        Queued(row.page, row.reason, row.ident, next(iter(proposals[row.ident]), None)) for row in waiting
    )
    came = [row for row in rows if row.status in (FILED, DUPLICATE) and row.page_id]
    sheets = {page_id: desk.sheets.by_page(page_id) for page_id in {row.page_id for row in came}}
    old = {page_id for page_id, sheet in sheets.items() if sheet is not None and sheet.superseded}
    return Intake(
        name,
        len(rows),
        counts[FILED],
        queued,
        counts[DUPLICATE],
        counts[BLANK],
        counts[FOREIGN],
        tuple(returned_work(desk, [sheet for sheet in sheets.values() if sheet])),
        superseded=tuple(row.page for row in came if row.page_id in old),
        readings=waiting_readings(desk, [row.fact for row in rows if row.fact]),
    )


def returned_work(desk: Desk, sheets: Sequence[Sheet]) -> Iterator[Returned]:
    """For every assignment that one of these sheets belongs to: which of its pages have arrived, by any channel."""
    packets: dict[tuple[str, str, str], Sheet] = {}
    for sheet in sheets:
        if sheet.role == ASSIGNMENT:
            packets.setdefault((sheet.learner, sheet.activity, sheet.packet), sheet)
    present = ReturnedPages(desk.database).present((learner, activity) for learner, activity, _ in packets)
    for (learner, activity, packet), sheet in sorted(packets.items()):
        came = present[learner, activity]
        wanted = range(1, sheet.pages + 1)
        yield Returned(
            learner,
            activity,
            tuple(number for number in wanted if number in came),
            tuple(number for number in wanted if number not in came),
            packet,
        )
