"""Prints a batch: PDF files of whole packets, through the executor, resumable at any moment (design D9).

Names and addresses are read only here, when packets are drawn, and stand in the files alone. Which packets a file holds
is decided and kept before it is drawn; a packet's codes come from its PacketPlanned fact. So a file that is drawn again
after a kill bears the same codes, and no packet ever stands in two files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import LearnerProfile
from delivery.clock import to_micros
from delivery.errors import N_, Message, Refused
from delivery.ids import fact_id
from delivery.postal.bulksymbol import symbol_maker
from delivery.postal.outgoing.address import addressee, why_not
from delivery.postal.outgoing.feedback import FeedbackSource
from delivery.postal.outgoing.job import BatchJob, DrawnJob, PacketJob, PageCode, draw_job, get_ready
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.outgoing.slip import MarkNote
from delivery.postal.outgoing.sources import batch_day, house_of, layouts_of, names_in, recheck, sources_of
from delivery.postal.parts import Desk, Progress, silent
from delivery.postal.roles import FEEDBACK
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token, side_token
from delivery.store.files import PARTIAL_SUFFIX
from delivery.store.packets import Packets, PacketState, PrintJob

JOB_PAGES = 1000
"""Pages of one file: two reams, what a printer takes at a time. Memory grows with this and not with the batch."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Printed:
    """Outcome of a print run."""

    batch: str
    packets: int
    """Packets that are on paper now, or in files for it."""
    pages: int
    drawn: int
    """Packets drawn by this run; the others were whole already."""
    files: tuple[Path, ...]
    unreachable: tuple[tuple[str, Message], ...]
    """(learner id, reason) of those whose packet cannot be addressed."""
    gone: tuple[Path, ...] = ()
    """Files that were drawn earlier and are not there."""

    @property
    def skipped(self) -> tuple[str, ...]:
        return tuple(learner for learner, _ in self.unreachable)


def print_batch(
    desk: Desk,
    batch: str,
    *,
    out: Path | None = None,
    actor: str,
    progress: Progress = silent,
    job_pages: int = JOB_PAGES,
    again: bool = False,
) -> Printed:
    """Draw every packet of `batch` that is in no file yet, and tell PacketPrinted for each.

    After a kill the same call continues. Files stand under ``<out>/<batch>/``, one per print job: by site, in order
    of postcodes. A file that was whole and is gone is drawn again only with `again`, for it bears the same codes.
    """
    run = _Run(desk, batch, (out or desk.settings.home / "print") / batch, actor)
    recheck(desk, run.spec)
    try:
        run.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Refused(
            N_("The folder {folder} cannot be made: {reason}"),
            do=N_("Check its name, or give another one with --out."),
            folder=str(run.folder),
            reason=error.strerror or str(error),
        ) from error
    with _alone(batch, run.folder, desk.settings.home / "run" / f"print-{batch}.lock"):
        run.plan_jobs(job_pages)
        return run.draw(progress, again=again)


@contextmanager
def _alone(batch: str, folder: Path, lock_file: Path) -> Iterator[None]:
    """One run of a batch at a time, or its codes might come to stand in two folders; what a killed run left half
    written is removed. Raises Refused while another run goes on."""
    lock = FileLock(lock_file, timeout=0)
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise Refused(
            N_("Batch {batch} is being printed by another command."),
            do=N_("Wait until it is done. What it leaves undone, the same command draws afterwards."),
            batch=batch,
        ) from error
    except OSError as error:
        raise Refused(
            N_("The file {file} cannot be written: {reason}"),
            do=N_("Check the folder, its space and the right to write there."),
            file=str(lock_file),
            reason=error.strerror or str(error),
        ) from error
    try:
        for left in folder.glob(f"*{PARTIAL_SUFFIX}"):
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


@dataclass(slots=True)
class _Run:
    desk: Desk
    batch: str
    folder: Path
    actor: str
    packets: Packets = field(init=False)
    spec: BatchSpec = field(init=False)
    states: dict[str, PacketState] = field(init=False)
    sites: dict[str, str] = field(init=False)
    unreachable: dict[str, Message] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.packets = Packets(self.desk.database, self.desk.facts)
        self.spec = BatchSpec.from_json(self.packets.require(self.batch).spec)
        self.states = {state.packet: state for state in self.packets.states(self.batch)}
        self.sites = {ref.id: ref.site for ref in self.desk.learners.of_course(self.spec.course)}

    # Which packets go into which file

    def plan_jobs(self, job_pages: int) -> None:
        """Give every packet that is in no file its place in one, and forget jobs that cannot be drawn as they are."""
        todo = [state for state in self.states.values() if state.valid and not state.printed_at]
        keys = self._sort_keys(todo)
        with self.desk.database.write() as connection:
            # Read where it is decided, so that no packet gets two places whoever else prints this batch.
            known = list(self.packets.jobs_in(connection, self.batch))
            placed = set(self.packets.printed_in(connection, self.batch))
            for job in known:
                if job.sha256:
                    continue
                if all(packet in keys for packet in job.packets):
                    placed.update(job.packets)
                else:
                    # Its file may be there, drawn just before a kill and never told of; its packets go elsewhere.
                    (self.folder / f"{job.job}.pdf").unlink(missing_ok=True)
                    self.packets.drop_job(connection, job.job)
            fresh = sorted(key for packet, key in keys.items() if packet not in placed)
            jobs = list(self._jobs(fresh, known, job_pages))
            self.packets.add_jobs(connection, jobs, now=to_micros(self.desk.clock.now()))

    def _sort_keys(self, states: Sequence[PacketState]) -> dict[str, tuple[str, str, str, str]]:
        """packet -> (site, postcode, place, packet), for packets that can be addressed."""
        keys = {}
        for start in range(0, len(states), _CHUNK):
            chunk = states[start : start + _CHUNK]
            profiles: Mapping[str, LearnerProfile] = self.desk.vault.profiles(s.learner for s in chunk)
            for state in chunk:
                profile = profiles.get(state.learner)
                reason = why_not(profile)
                if reason is not None or profile is None:
                    self.unreachable[state.learner] = reason or Message("")
                    continue
                site = self._site(state.learner)
                place = f"{profile.province}/{profile.commune}"
                # Without a postcode last: those envelopes are looked at by hand.
                keys[state.packet] = (site, profile.postcode or "~", place, state.packet)
        return keys

    def _site(self, learner: str) -> str:
        """Site of a learner; of one who has left the course since, from the roster."""
        if learner not in self.sites:
            ref = self.desk.learners.get(learner)
            self.sites[learner] = ref.site if ref else self.desk.settings.site
        return self.sites[learner]

    def _jobs(
        self, keys: Sequence[tuple[str, str, str, str]], known: Sequence[PrintJob], job_pages: int
    ) -> Iterator[PrintJob]:
        numbers: dict[str, int] = {}
        for job in known:
            numbers[job.site] = max(numbers.get(job.site, 0), job.number)
        members: list[str] = []
        pages, site = 0, ""

        def close() -> PrintJob:
            numbers[site] = numbers.get(site, 0) + 1
            name = f"{self.batch}-{site}-{numbers[site]:03d}"
            return PrintJob(name, self.batch, site, numbers[site], tuple(members), pages)

        for of_site, _postcode, _place, packet in keys:
            more = self.states[packet].pages
            if members and (of_site != site or pages + more > job_pages):
                yield close()
                members, pages = [], 0
            site = of_site
            members.append(packet)
            pages += more
        if members:
            yield close()

    # Drawing

    def draw(self, progress: Progress, *, again: bool) -> Printed:
        jobs = self.packets.jobs(self.batch)
        gone = [job for job in jobs if job.sha256 and not self._file(job).exists()]
        todo = [job for job in jobs if not job.sha256] + (gone if again else [])
        total = sum(len(job.packets) for job in jobs)
        done = total - sum(len(job.packets) for job in todo)
        progress(done, total)
        drawn = 0
        if todo:
            workers = self.desk.settings.workers or os.cpu_count() or 1
            with self.desk.executor() as executor:
                # Worker processes start while the shared pages are laid out here.
                for _ in range(min(len(todo), workers)):
                    executor.submit(get_ready)
                batch_job = self._batch_job(sum(job.pages for job in todo))
                jobs_to_draw = self._jobs_with_packets(todo)
                for job, made in _run(executor, batch_job, jobs_to_draw, in_flight=2 * workers):
                    self._tell(job, made)
                    drawn += len(made.first_pages)
                    done += len(job.packets)
                    progress(done, total)
        printed = {packet for job in jobs for packet in job.packets}
        return Printed(
            self.batch,
            len(printed),
            sum(self.states[packet].pages for packet in printed),
            drawn,
            tuple(self._file(job) for job in jobs if again or job not in gone),
            tuple(self.unreachable.items()),
            () if again else tuple(self._file(job) for job in gone),
        )

    def _file(self, job: PrintJob) -> Path:
        return self.folder / f"{job.job}.pdf"

    def _batch_job(self, pages: int) -> BatchJob:
        day = batch_day(self.packets.require(self.batch).created_at)
        return batch_job(self.desk, self.spec, day=day, pages=pages)

    def _jobs_with_packets(
        self, jobs: Iterable[PrintJob]
    ) -> Iterator[tuple[PrintJob, list[PacketJob], Path]]:
        titles, people = names_in(self.desk.catalogue())
        source = FeedbackSource(self.desk.facts, self.desk.vault)
        for job in jobs:
            # A packet that was voided or replaced since its file was lost is not drawn again.
            members = [self.states[packet] for packet in job.packets if self.states[packet].valid]
            profiles = self.desk.vault.profiles(state.learner for state in members)
            planned = self.packets.planned([state.packet for state in members])
            courses = self.desk.learners.courses_of_all([state.learner for state in members])
            notes = source.notes_of(
                {packet: fact.data.get("marks", ()) for packet, fact in planned.items()}, titles, people
            )
            yield (
                job,
                [
                    self._packet_job(
                        planned[state.packet].data,
                        profiles[state.learner],
                        frozenset(courses.get(state.learner, ())),
                        notes[state.packet],
                    )
                    for state in members
                    if state.learner in profiles
                ],
                self._file(job),
            )

    def _packet_job(
        self,
        planned: Mapping[str, object],
        profile: LearnerProfile,
        courses: frozenset[str],
        notes: Sequence[MarkNote],
    ) -> PacketJob:
        keys = self.desk.keys.codes
        sheets: Sequence[Sequence[str]] = planned["sheets"]  # type: ignore[assignment]
        return PacketJob(
            packet=str(planned["packet"]),
            to=addressee(profile),
            courses=courses,
            notes=tuple(notes),
            slip=sum(sheet[2] == FEEDBACK for sheet in sheets),
            pages=tuple(
                PageCode(sheet[0], page_token(sheet[0], keys), side_token(sheet[1], keys)) for sheet in sheets
            ),
        )

    def _tell(self, job: PrintJob, made: DrawnJob) -> None:
        """The packets of a file that is whole now: their facts, and that the job is done, all together."""
        now = to_micros(self.desk.clock.now())
        drafts = []
        for packet, first in made.first_pages.items():
            state = self.states[packet]
            drafts.append(
                Draft(
                    id=fact_id(FactKind.PACKET_PRINTED, packet),
                    kind=FactKind.PACKET_PRINTED,
                    occurred_at=now,
                    actor=self.actor,
                    audience=self._site(state.learner),
                    learner=state.learner,
                    course=self.spec.course,
                    mode=str(DeliveryMode.POSTAL),
                    data={
                        "packet": packet,
                        "batch": self.batch,
                        "pages": state.pages,
                        "file": made.sha256,
                        "job": job.job,
                        "first": first,
                    },
                )
            )
        with self.desk.database.write() as connection:
            self.desk.facts.append_in(connection, drafts, once=True)
            self.packets.finish_job(connection, job.job, sha256=made.sha256)
        self.states.update(
            (packet, replace(self.states[packet], printed_at=now, job=job.job, first_page=first))
            for packet, first in made.first_pages.items()
        )


def _run(
    executor: Executor,
    batch: BatchJob,
    jobs: Iterable[tuple[PrintJob, list[PacketJob], Path]],
    *,
    in_flight: int,
) -> Iterator[tuple[PrintJob, DrawnJob]]:
    """Draw jobs, a few in flight, so that memory does not grow with the batch."""
    waiting: dict[Future[DrawnJob], PrintJob] = {}
    for job, packets, file in jobs:
        waiting[executor.submit(draw_job, batch, packets, file)] = job
        if len(waiting) >= in_flight:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            yield waiting.pop(future), future.result()


def batch_job(desk: Desk, spec: BatchSpec, *, day: str, pages: int) -> BatchJob:
    """What the packets of `spec` share; `pages` are to be drawn in all. Raises Refused as :func:`layouts_of` does."""
    house = house_of(desk, desk.catalogue(), spec, day)
    layouts = layouts_of(desk, spec, house)
    used = {page.source for part in layouts.parts for page in part if page.source}
    sources = {address: data for address, data in sources_of(desk, spec).items() if address in used}
    return BatchJob(spec, house, layouts, sources, symbol_maker(spec.base_url, pages=pages))


def packet_pages(folder: Path, state: PacketState) -> tuple[Path, int]:
    """(file, index of its first page, from 0) of a printed packet, with files under ``<folder>/<batch>``."""
    return folder / state.batch / f"{state.job}.pdf", state.first_page - 1
