"""Prints a batch: one PDF per packet, through the executor, resumable at any moment (design D9).

Names and addresses are read only here, when a packet is drawn, and stand in its PDF alone. A packet is drawn from its
PacketPlanned fact, so drawing it again gives the same codes and the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Catalogue, LearnerProfile, Site
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, Refused
from delivery.ids import fact_id
from delivery.postal.job import BatchJob, Drawn, PacketJob, PageCode, draw_packets, local_date
from delivery.postal.markdown import clean
from delivery.postal.packet import BatchSpec
from delivery.postal.parts import Desk, Progress, silent
from delivery.postal.planning import body_of, codes_for, has_address, recheck
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token, page_url, side_token
from delivery.store.learners import LearnerRef
from delivery.store.packets import Packets, PacketState

_CHUNK = 10
"""Packets per job: enough to share the bodies, few enough that a kill costs little."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Outcome of a print run."""

    batch: str
    packets: int
    pages: int
    drawn: int
    """Packets drawn by this run; the others were whole already."""
    files: tuple[Path, ...]
    skipped: tuple[str, ...]
    """Learner ids whose address is gone since planning."""


def print_batch(
    desk: Desk, batch: str, *, out: Path | None = None, actor: str, progress: Progress = silent
) -> Printed:
    """Draw every packet of `batch` that is not there yet, and tell PacketPrinted for each.

    After a kill the same call continues. Files stand under ``<out>/<batch>/``.
    """
    found = Packets(desk.database, desk.facts)
    spec = BatchSpec.from_json(found.require(batch).spec)
    recheck(desk, spec)
    folder = (out or desk.settings.home / "print") / batch
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    states = found.states(batch)
    job = _batch_job(desk, spec, found.require(batch).created_at)
    todo = [state for state in states if not (state.printed and packet_file(folder, state).exists())]
    profiles = desk.vault.profiles(state.learner for state in todo)
    reachable = [s for s in todo if (p := profiles.get(s.learner)) is not None and has_address(p)]
    skipped = tuple(s.learner for s in todo if s not in reachable)
    done = len(states) - len(todo)
    progress(done, len(states))
    if reachable:
        by_packet = {state.packet: state for state in reachable}
        sites = {ref.id: ref for ref in desk.learners.of_course(spec.course)}
        jobs = (_packet_job(desk, spec, s, profiles[s.learner], packet_file(folder, s)) for s in reachable)
        with desk.executor() as executor:
            for drawn in _run(executor, job, jobs):
                _tell(desk, spec, drawn, by_packet, sites, actor=actor)
                done += len(drawn)
                progress(done, len(states))
    printed = [state for state in states if state.learner not in skipped]
    return Printed(
        batch,
        len(printed),
        sum(state.pages for state in printed),
        len(reachable),
        tuple(packet_file(folder, state) for state in printed),
        skipped,
    )


def packet_file(folder: Path, state: PacketState) -> Path:
    """Where a batch's folder holds the file of a packet."""
    return folder / f"{folder.name}-{state.packet}.pdf"


def _run(executor: Executor, job: BatchJob, packets: Iterable[PacketJob]) -> Iterator[list[Drawn]]:
    """Draw in chunks, a few in flight, so that memory does not grow with the batch."""
    waiting: set[Future[list[Drawn]]] = set()
    for chunk in _chunks(packets):
        waiting.add(executor.submit(draw_packets, job, chunk))
        if len(waiting) >= 8:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    for future in waiting:
        yield future.result()


def _chunks(packets: Iterable[PacketJob]) -> Iterator[tuple[PacketJob, ...]]:
    chunk: list[PacketJob] = []
    for packet in packets:
        chunk.append(packet)
        if len(chunk) == _CHUNK:
            yield tuple(chunk)
            chunk = []
    if chunk:
        yield tuple(chunk)


def _tell(
    desk: Desk,
    spec: BatchSpec,
    drawn: Sequence[Drawn],
    states: dict[str, PacketState],
    refs: dict[str, LearnerRef],
    *,
    actor: str,
) -> None:
    drafts = []
    for one in drawn:
        learner = states[one.packet].learner
        ref = refs.get(learner) or desk.learners.require(learner)
        drafts.append(
            Draft(
                id=fact_id(FactKind.PACKET_PRINTED, one.packet),
                kind=FactKind.PACKET_PRINTED,
                occurred_at=to_micros(desk.clock.now()),
                actor=actor,
                audience=ref.site,
                learner=learner,
                course=spec.course,
                mode=str(DeliveryMode.POSTAL),
                data={"packet": one.packet, "batch": spec.batch, "pages": one.pages, "file": one.sha256},
            )
        )
    desk.facts.append(drafts, once=True)


def _batch_job(desk: Desk, spec: BatchSpec, created_at: int) -> BatchJob:
    catalogue = desk.catalogue()
    codes = codes_for(spec.base_url)
    bodies = tuple(body_of(desk, part, codes) for part in spec.parts)
    for part, body in zip(spec.parts, bodies, strict=True):
        if part.pages != body.pages:
            raise Refused(
                N_(
                    "Material {material} now takes {now} pages, but batch {batch} was planned with {planned}."
                ),
                do=N_("Plan a new batch: the page layout has changed since."),
                material=part.material,
                now=body.pages,
                batch=spec.batch,
                planned=part.pages,
            )
    site = catalogue.sites.get(desk.settings.site)
    course = catalogue.courses.get(spec.course)
    day = from_micros(created_at).astimezone(VIETNAM).date()
    return BatchJob(
        spec=spec,
        codes=codes,
        bodies=bodies,
        institution=catalogue.institution.name,
        sender=_sender(catalogue, site),
        return_address=_return_address(catalogue, site),
        course=course.name if course else spec.course,
        date=local_date(day),
        lang=desk.translate.language,
    )


def _sender(catalogue: Catalogue, site: Site | None) -> str:
    return " · ".join(_return_address(catalogue, site))


def _return_address(catalogue: Catalogue, site: Site | None) -> tuple[str, ...]:
    name = site.name if site else catalogue.institution.name
    address = site.address if site and site.address else catalogue.institution.address
    postcode = site.postcode if site else ""
    return tuple(line for line in (name, " ".join((address, postcode)).strip()) if line)


def _packet_job(
    desk: Desk, spec: BatchSpec, state: PacketState, profile: LearnerProfile, file: Path
) -> PacketJob:
    keys = desk.keys.codes
    pages = tuple(
        PageCode(page_id, page_url(spec.base_url, page_token(page_id, keys)), side_token(side_id, keys))
        for page_id, side_id, *_ in state.planned.data["sheets"]
    )
    return PacketJob(
        state.packet,
        file,
        name=_one_line(profile.full_name),
        student_code=profile.code,
        address=address_lines(profile),
        pages=pages,
    )


def address_lines(profile: LearnerProfile) -> tuple[str, ...]:
    """Name, street, commune and province (two levels since July 2025), postcode; the older text where that is all."""
    place = ", ".join(part for part in (profile.commune, profile.province) if part.strip())
    lines = (profile.full_name, profile.address or profile.old_address, place, profile.postcode)
    return tuple(_one_line(line) for line in lines if line.strip())


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
