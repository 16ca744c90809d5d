"""Plans a batch: gates, page counts, weight, and the ids of every page, kept before any page bearing them can exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from delivery.catalogue.kinds import DeliveryMode, MaterialKind
from delivery.catalogue.model import Catalogue, LearnerProfile
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, GateClosed, Message, NotFound, Refused
from delivery.ids import fact_id
from delivery.postal.outgoing.address import doubts, why_not
from delivery.postal.outgoing.contents import check_gate, choose_parts, missing_kinds, require_kinds
from delivery.postal.outgoing.feedback import FeedbackSource, MarkNote
from delivery.postal.outgoing.job import slip_of
from delivery.postal.outgoing.make import House, Layouts, bodies_of, lay_out, local_date
from delivery.postal.outgoing.packet import (
    BatchSpec,
    Options,
    PacketPlan,
    PagePlan,
    Part,
    give_ids,
    packet_id,
    page_plan,
    require_batch_code,
)
from delivery.postal.outgoing.stock import Mailpiece, load_stock
from delivery.postal.outgoing.term import days_of, week_of
from delivery.postal.parts import Desk
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.learners import LearnerRef
from delivery.store.packets import Batch, Packets
from delivery.store.sheets import taken_ids

_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a clerk asks a new batch to be."""

    course: str = ""
    units: Collection[int] = ()
    only: Collection[str] = ()
    """Learner ids; with none, everybody who is enrolled."""
    but: Collection[str] = ()
    """Learner ids that get no packet of this batch now."""
    not_needed: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    mailing: int = 0
    send: date | None = None
    """Day on which it goes out; today when left out."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Outcome of planning."""

    spec: BatchSpec
    packets: int
    """Packets of the batch that count, those planned before included."""
    added: int
    pages: int
    """Pages of those packets."""
    unreachable: tuple[tuple[str, Message], ...]
    """(learner id, reason) of those who get no packet until that is put right."""
    doubtful: tuple[tuple[str, Message], ...]
    """(learner id, what the post may stumble over)."""
    slips: int
    """Packets among the added ones with a feedback slip."""
    mail: Mapping[Mailpiece, int]
    """How many of the added packets are of each weight and class."""

    @property
    def missing(self) -> tuple[MaterialKind, ...]:
        return tuple(MaterialKind(kind) for kind in self.spec.missing)

    @property
    def without_address(self) -> tuple[str, ...]:
        return tuple(learner for learner, _ in self.unreachable)


def plan_batch(
    desk: Desk,
    batch: str,
    *,
    course: str = "",
    units: Collection[int] = (),
    wish: Wish | None = None,
    actor: str,
    dry_run: bool = False,
) -> Planned:
    """Plan a packet for every enrolled learner with an address.

    Planning a known batch again adds the learners who have come since (the catch-up), with the contents of the first
    time; `course` may then be left out. With `dry_run` nothing is kept.
    """
    require_batch_code(batch)
    wish = wish or Wish(course=course, units=units)
    packets = Packets(desk.database, desk.facts)
    known = packets.find(batch)
    if known is not None:
        spec = BatchSpec.from_json(known.spec)
        _refuse_other(spec, wish.course)
    elif not wish.course:
        packets.require(batch)
        raise AssertionError("unreachable")
    else:
        spec = make_spec(desk, batch, wish)
    # Whoever had a packet that was voided gets a new one by a reprint, and not by the way.
    known_states = packets.states(batch) if known else []
    planned = {state.learner for state in known_states}
    states = [state for state in known_states if state.valid]
    fresh = [ref for ref in _wanted(desk, spec, wish, first=known is None) if ref.id not in planned]
    maker = _Maker(desk, spec, packets)
    sorting = _sort_out(desk, fresh)
    if not dry_run and known is None:
        packets.save(Batch(batch, spec.course, spec.to_json(), to_micros(desk.clock.now())))
    pages, slips, mail = 0, 0, Counter[Mailpiece]()
    for start in range(0, len(sorting.ready), _CHUNK):
        refs = sorting.ready[start : start + _CHUNK]
        makings = [maker.making(ref.id) for ref in refs]
        for making in makings:
            pages += len(making.pages)
            slips += bool(making.marks)
            mail[maker.mailpiece(len(making.pages))] += 1
        if not dry_run:
            tell_planned(
                desk, spec, [(ref, making, "", 0) for ref, making in zip(refs, makings, strict=True)], actor
            )
    return Planned(
        spec,
        len(states) + len(sorting.ready),
        len(sorting.ready),
        pages + sum(state.pages for state in states),
        tuple(sorting.unreachable),
        tuple(sorting.doubtful),
        slips,
        dict(mail),
    )


def _wanted(desk: Desk, spec: BatchSpec, wish: Wish, *, first: bool) -> list[LearnerRef]:
    """Who is to have a packet of this batch. Raises Refused when there is nobody, or somebody is not enrolled."""
    enrolled = desk.learners.of_course(spec.course)
    if not enrolled and first:
        raise Refused(
            N_("Nobody is enrolled in course {course}, so there is no packet to plan."),
            do=N_("Import the enrolments first."),
            course=spec.course,
        )
    strangers = set(wish.only) - {ref.id for ref in enrolled}
    if strangers:
        raise NotFound(
            N_("{count} of the learners named are not enrolled in course {course}: {learners}"),
            do=N_("Check the student codes and the course."),
            count=len(strangers),
            course=spec.course,
            learners=", ".join(sorted(strangers)),
        )
    if spec.options.closed and not wish.only and not first:
        return []
    return [ref for ref in enrolled if ref.id not in wish.but and (not wish.only or ref.id in wish.only)]


@dataclass(slots=True)
class _Sorting:
    ready: list[LearnerRef] = field(default_factory=list)
    unreachable: list[tuple[str, Message]] = field(default_factory=list)
    doubtful: list[tuple[str, Message]] = field(default_factory=list)


def _sort_out(desk: Desk, refs: Sequence[LearnerRef]) -> _Sorting:
    """Who can be written to. Addresses are read in chunks and not kept."""
    out = _Sorting()
    for start in range(0, len(refs), _CHUNK):
        chunk = refs[start : start + _CHUNK]
        profiles: Mapping[str, LearnerProfile] = desk.vault.profiles(ref.id for ref in chunk)
        for ref in chunk:
            profile = profiles.get(ref.id)
            reason = why_not(profile)
            if reason is not None or profile is None:
                out.unreachable.append((ref.id, reason or Message("")))
                continue
            out.ready.append(ref)
            out.doubtful += [(ref.id, doubt) for doubt in doubts(profile)]
    return out


@dataclass(frozen=True, slots=True)
class Making:
    """The pages of one learner's packet before they have ids."""

    pages: tuple[PagePlan, ...]
    layout: str
    """Address of its layout record."""
    marks: tuple[str, ...]


class _Maker:
    """Decides what each packet of a batch holds."""

    def __init__(self, desk: Desk, spec: BatchSpec, packets: Packets) -> None:
        self._desk = desk
        self._spec = spec
        self._stock = load_stock(desk.settings.home)
        self._house = house_of(desk, desk.catalogue(), spec, "")
        self._layouts = layouts_of(desk, spec, self._house)
        self._titles, self._people = names_in(desk.catalogue())
        self._source = FeedbackSource(desk.facts, desk.vault)
        self._fresh = self._source.fresh(spec.course, packets)
        self._makings: dict[int, Making] = {}

    def making(self, learner: str, marks: tuple[str, ...] | None = None) -> Making:
        """What the packet of `learner` is made of; with `marks`, a slip of exactly these."""
        told = self._fresh.get(learner, ()) if marks is None else marks
        slip = len(self._slip(self._notes(told))) if told else 0
        if slip not in self._makings:
            pages = page_plan(self._spec, feedback=slip)
            record = self._layouts.record(pages).to_json()
            self._makings[slip] = Making(pages, self._desk.blobs.put(record), ())
        return replace(self._makings[slip], marks=told) if told else self._makings[slip]

    def mailpiece(self, pages: int) -> Mailpiece:
        options = self._spec.options
        return self._stock.mailpiece(pages, duplex=options.duplex, envelope=options.envelope)

    def _notes(self, marks: Sequence[str]) -> list[MarkNote]:
        return self._source.notes(marks, self._titles, self._people)

    def _slip(self, notes: Sequence[MarkNote]) -> Sequence[object]:
        return slip_of(self._spec, self._house, notes, "", self._layouts)


def maker_of(desk: Desk, spec: BatchSpec, packets: Packets) -> _Maker:
    """Decides what packets of a known batch hold, for reprints."""
    return _Maker(desk, spec, packets)


def make_spec(desk: Desk, batch: str, wish: Wish) -> BatchSpec:
    """What each packet will hold, with page counts. Raises GateClosed, BadInput or Refused."""
    catalogue = desk.catalogue()
    parts = choose_parts(catalogue, wish.course, units=wish.units)
    check_gate(catalogue, wish.course, parts, desk.materials.approved)
    not_needed = require_kinds(wish.not_needed)
    parts = tuple(replace(part, approval=_decision(desk, part)) for part in parts)
    today = desk.clock.now().astimezone(VIETNAM).date()
    first, last = days_of(wish.send or today)
    airs, dues = week_of(desk.database, catalogue, first, last)
    excused = [kind for kind, _ in not_needed]
    present = {part.kind for part in parts}
    spec = BatchSpec(
        batch=batch,
        course=wish.course,
        base_url=desk.settings.base_url,
        parts=parts,
        missing=tuple(str(kind) for kind in missing_kinds(parts, not_needed=excused)),
        not_needed=tuple(entry for entry in not_needed if entry[0] not in present),
        options=replace(wish.options, closed=wish.options.closed or bool(wish.only)),
        mailing=wish.mailing,
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        airs=airs,
        dues=dues,
    )
    bodies = bodies_of(spec, sources_of(desk, spec), desk.translate)
    counted = zip(parts, bodies, strict=True)
    spec = replace(spec, parts=tuple(replace(part, pages=len(body.pages)) for part, body in counted))
    stock = load_stock(desk.settings.home)
    piece = stock.mailpiece(spec.pages, duplex=spec.options.duplex, envelope=spec.options.envelope)
    spec = replace(spec, window=stock.envelope(piece.envelope).window)
    # The cover letter must be able to list everything: known before anything is planned.
    lay_out(spec, house_of(desk, catalogue, spec, ""), bodies)
    return spec


def sources_of(desk: Desk, spec: BatchSpec) -> dict[str, bytes]:
    """The sources of all parts, read by content hash, so that altered bytes cannot pass.

    Raises GateClosed naming the material whose file is missing or altered.
    """
    out: dict[str, bytes] = {}
    for part in spec.parts:
        try:
            out[part.content] = desk.blobs.get(part.content)
        except (NotFound, GateClosed) as error:
            raise GateClosed(
                N_("The file of material {material} is missing or was altered: {reason}"),
                do=N_("Restore it from a backup, or import it and have it approved again."),
                material=part.material,
                reason=error.what,
            ) from error
    return out


def layouts_of(desk: Desk, spec: BatchSpec, house: House) -> Layouts:
    """The shared pages of a planned batch. Raises Refused when a part no longer has the pages it was planned with."""
    bodies = bodies_of(spec, sources_of(desk, spec), desk.translate)
    for part, body in zip(spec.parts, bodies, strict=True):
        if part.pages != len(body.pages):
            raise Refused(
                N_(
                    "Material {material} now takes {now} pages, but batch {batch} was planned with {planned}."
                ),
                do=N_("Plan a new batch: the page layout has changed since."),
                material=part.material,
                now=len(body.pages),
                batch=spec.batch,
                planned=part.pages,
            )
    return lay_out(spec, house, bodies)


def house_of(desk: Desk, catalogue: Catalogue, spec: BatchSpec, day: str) -> House:
    """Who sends the packets of a batch; `day` as it is printed."""
    site = catalogue.sites.get(desk.settings.site)
    course = catalogue.courses.get(spec.course)
    name = site.name if site else catalogue.institution.name
    address = site.address if site and site.address else catalogue.institution.address
    postcode = site.postcode if site else ""
    lines = tuple(line for line in (name, " ".join((address, postcode)).strip()) if line)
    return House(
        catalogue.institution.name,
        lines,
        course.name if course else spec.course,
        day,
        desk.translate.language,
    )


def batch_day(created_at: int) -> str:
    """The day on which a batch was planned, as its letters name it."""
    return local_date(from_micros(created_at).astimezone(VIETNAM).date())


def names_in(catalogue: Catalogue) -> tuple[dict[str, str], dict[str, str]]:
    """(titles of activities, names of people), by code."""
    titles = {code: activity.title for code, activity in catalogue.activities.items()}
    return titles, {code: person.name for code, person in catalogue.people.items()}


def recheck(desk: Desk, spec: BatchSpec) -> None:
    """The gate again, at the time of use: approval may have been withdrawn since planning (design D7)."""
    closed = sorted(
        {
            part.material
            for part in spec.parts
            if not desk.materials.approved(part.material, content=part.content, mode=DeliveryMode.POSTAL)
        }
    )
    if closed:
        raise GateClosed(
            N_("Batch {batch} holds material that is no longer approved for print: {materials}."),
            do=N_("Approve it again, or plan a new batch with the new edition."),
            batch=spec.batch,
            materials=", ".join(closed),
        )


def _refuse_other(spec: BatchSpec, course: str) -> None:
    if course and course != spec.course:
        raise Refused(
            N_("Batch {batch} is already planned for course {course}."),
            do=N_("Give the new packets another batch code."),
            batch=spec.batch,
            course=spec.course,
        )


def _decision(desk: Desk, part: Part) -> str:
    approval = desk.materials.approval(part.material, part.content)
    return approval.decision if approval else ""


# Telling

Wanted = tuple[LearnerRef, Making, str, int]
"""(learner, what the packet holds, packet that it supersedes or nothing, edition)"""


def tell_planned(desk: Desk, spec: BatchSpec, wanted: Sequence[Wanted], actor: str) -> None:
    """Append PacketPlanned for each, all or none. Whoever has this packet by now keeps it."""
    with desk.database.write() as connection:
        plans = _with_ids(desk, connection, spec, wanted)
        sites = {ref.id: ref.site for ref, *_ in wanted}
        drafts = (_draft(desk, spec, plan, sites[plan.learner], actor) for plan in plans)
        desk.facts.append_in(connection, drafts, once=True)


def _draft(desk: Desk, spec: BatchSpec, plan: PacketPlan, site: str, actor: str) -> Draft:
    data = {
        "packet": plan.packet,
        "batch": spec.batch,
        "sheets": list(plan.sheets),
        "layout": plan.layout,
    }
    if plan.marks:
        data["marks"] = list(plan.marks)
    if plan.supersedes:
        data["supersedes"] = plan.supersedes
    return Draft(
        id=fact_id(FactKind.PACKET_PLANNED, plan.packet),
        kind=FactKind.PACKET_PLANNED,
        occurred_at=to_micros(desk.clock.now()),
        actor=actor,
        audience=site,
        learner=plan.learner,
        course=spec.course,
        mode=str(DeliveryMode.POSTAL),
        data=data,
    )


def _with_ids(
    desk: Desk, connection: Connection, spec: BatchSpec, wanted: Sequence[Wanted]
) -> list[PacketPlan]:
    """Plans whose ids no other sheet has. Side ids have 40 bits: among a million sheets two may well be equal."""
    used: set[str] = set()
    plans: dict[int, PacketPlan] = {}
    todo = list(range(len(wanted)))
    while todo:
        for index in todo:
            plans[index] = _plan(desk, spec, wanted[index])
        taken = _taken(connection, [plans[index] for index in todo])
        again = []
        for index in todo:
            ids = _ids_of(plans[index])
            if len(set(ids)) < len(ids) or not used.isdisjoint(ids) or not taken.isdisjoint(ids):
                again.append(index)
            else:
                used.update(ids)
        todo = again
    return [plans[index] for index in range(len(wanted))]


def _plan(desk: Desk, spec: BatchSpec, wanted: Wanted) -> PacketPlan:
    ref, making, supersedes, edition = wanted
    packet = packet_id(spec.batch, ref.id, edition)
    sheets = give_ids(making.pages, desk.ids)
    return PacketPlan(packet, spec.batch, ref.id, sheets, making.layout, making.marks, supersedes)


def _ids_of(plan: PacketPlan) -> list[str]:
    return [ident for sheet in plan.sheets for ident in sheet[:2]]


def _taken(connection: Connection, plans: Sequence[PacketPlan]) -> set[str]:
    """Ids of these plans that some sheet has already."""
    pages = [sheet[0] for plan in plans for sheet in plan.sheets]
    sides = [sheet[1] for plan in plans for sheet in plan.sheets]
    return {*taken_ids(connection, "page_id", pages), *taken_ids(connection, "side_id", sides)}
