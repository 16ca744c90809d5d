"""Plans a batch: gates, page counts, and the ids of every page, kept before any page bearing them can exist."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, or_, select

from delivery.catalogue.kinds import DeliveryMode, MaterialKind
from delivery.catalogue.model import LearnerProfile
from delivery.clock import to_micros
from delivery.errors import N_, GateClosed, Refused
from delivery.ids import fact_id
from delivery.postal.bodies import PartBody, part_body
from delivery.postal.job import check_cover
from delivery.postal.layout import Codes
from delivery.postal.packet import (
    BatchSpec,
    PacketPlan,
    Part,
    check_gate,
    choose_parts,
    missing_kinds,
    packet_id,
    plan_packet,
    require_batch_code,
)
from delivery.postal.parts import Desk
from delivery.postal.symbol import main_size, side_size
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.learners import LearnerRef
from delivery.store.packets import Batch, Packets
from delivery.store.tables.core import SheetTable

_sheet = SheetTable.__table__  # type: ignore[attr-defined]
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Planned:
    """Outcome of planning."""

    spec: BatchSpec
    packets: int
    """Packets of the batch, those planned before included."""
    added: int
    without_address: tuple[str, ...]
    """Learner ids that get no packet until their address is known."""

    @property
    def missing(self) -> tuple[MaterialKind, ...]:
        return tuple(MaterialKind(kind) for kind in self.spec.missing)

    @property
    def pages(self) -> int:
        return self.packets * self.spec.pages


def plan_batch(
    desk: Desk,
    batch: str,
    *,
    course: str = "",
    units: Collection[int] = (),
    actor: str,
    dry_run: bool = False,
) -> Planned:
    """Plan a packet for every enrolled learner with an address.

    Planning a known batch again adds the learners who have come since, with the contents of the first time; `course`
    may then be left out. With `dry_run` nothing is kept.
    """
    require_batch_code(batch)
    packets = Packets(desk.database, desk.facts)
    known = packets.find(batch)
    if known is not None:
        spec = BatchSpec.from_json(known.spec)
        _refuse_other(spec, course)
    elif not course:
        packets.require(batch)
        raise AssertionError("unreachable")
    else:
        spec = make_spec(desk, batch, course=course, units=units)
    learners = desk.learners.of_course(spec.course)
    profiles = desk.vault.profiles(ref.id for ref in learners)
    with_address = [ref for ref in learners if (p := profiles.get(ref.id)) is not None and has_address(p)]
    reachable = {ref.id for ref in with_address}
    without = tuple(ref.id for ref in learners if ref.id not in reachable)
    planned = {state.learner for state in packets.states(batch)} if known else set()
    fresh = [ref for ref in with_address if ref.id not in planned]
    if not dry_run and known is None:
        packets.save(Batch(batch, spec.course, spec.to_json(), to_micros(desk.clock.now())))
    if not dry_run:
        for start in range(0, len(fresh), _CHUNK):
            _tell(desk, spec, fresh[start : start + _CHUNK], actor=actor)
    return Planned(spec, len(planned) + len(fresh), len(fresh), without)


def make_spec(desk: Desk, batch: str, *, course: str, units: Collection[int] = ()) -> BatchSpec:
    """What each packet will hold, with page counts. Raises GateClosed or BadInput."""
    catalogue = desk.catalogue()
    parts = choose_parts(catalogue, course, units=units)
    check_gate(catalogue, course, parts, desk.materials.approved)
    base_url = desk.settings.base_url
    codes = codes_for(base_url)
    counted = tuple(
        replace(part, pages=body_of(desk, part, codes).pages, approval=_decision(desk, part))
        for part in parts
    )
    spec = BatchSpec(batch, course, base_url, counted, tuple(str(kind) for kind in missing_kinds(parts)))
    check_cover(spec, codes, desk.translate)
    return spec


def codes_for(base_url: str) -> Codes:
    """Sizes of the codes that carry `base_url`."""
    return Codes(main_size(base_url), side_size())


def body_of(desk: Desk, part: Part, codes: Codes) -> PartBody:
    """The set pages of a part; its source is read by content hash, so that altered bytes cannot pass."""
    return part_body(part, desk.blobs.get(part.content), codes, desk.translate)


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


def has_address(profile: LearnerProfile) -> bool:
    """Whether the post can find the learner: a street line or the older text, and a place."""
    return bool((profile.address or profile.old_address).strip()) and bool(
        (profile.commune or profile.province or profile.old_address).strip()
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


def _tell(desk: Desk, spec: BatchSpec, learners: Sequence[LearnerRef], *, actor: str) -> None:
    """Append PacketPlanned for `learners`. Whoever has a packet of this batch by now keeps it."""
    with desk.database.write() as connection:
        drafts = [
            Draft(
                id=fact_id(FactKind.PACKET_PLANNED, packet_id(spec.batch, ref.id)),
                kind=FactKind.PACKET_PLANNED,
                occurred_at=to_micros(desk.clock.now()),
                actor=actor,
                audience=ref.site,
                learner=ref.id,
                course=spec.course,
                mode=str(DeliveryMode.POSTAL),
                data={
                    "packet": plan.packet,
                    "batch": spec.batch,
                    "sheets": [sheet.row() for sheet in plan.sheets],
                },
            )
            for ref, plan in zip(learners, _fresh_plans(desk, connection, spec, learners), strict=True)
        ]
        desk.facts.append_in(connection, drafts, once=True)


def _fresh_plans(
    desk: Desk, connection: Connection, spec: BatchSpec, learners: Sequence[LearnerRef]
) -> list[PacketPlan]:
    """Plans whose ids no other sheet has. Side ids have 40 bits: among a million sheets two may well be equal."""
    plans: list[PacketPlan] = []
    used: set[str] = set()
    for ref in learners:
        plan = plan_packet(spec, ref.id, desk.ids)
        while used & (new := _ids_of(plan)) or len(new) < 2 * len(plan.sheets) or _taken(connection, plan):
            plan = plan_packet(spec, ref.id, desk.ids)
        used |= new
        plans.append(plan)
    return plans


def _ids_of(plan: PacketPlan) -> set[str]:
    return {sheet.page_id for sheet in plan.sheets} | {sheet.side_id for sheet in plan.sheets}


def _taken(connection: Connection, plan: PacketPlan) -> bool:
    query = select(_sheet.c.page_id).where(
        or_(
            _sheet.c.page_id.in_([sheet.page_id for sheet in plan.sheets]),
            _sheet.c.side_id.in_([sheet.side_id for sheet in plan.sheets]),
        )
    )
    return connection.execute(query.limit(1)).first() is not None
