"""Keeps what was planned: ids that no other sheet has, and a fact for each packet, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.postal.outgoing.maker import Making
from delivery.postal.outgoing.packet import BatchSpec, PacketPlan, give_ids, packet_id
from delivery.postal.parts import Desk
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.among import among
from delivery.store.learners import LearnerRef
from delivery.store.tables.core import SheetTable
from delivery.units import Micros

_sheet = SheetTable.__table__  # type: ignore[attr-defined]

Wanted = tuple[LearnerRef, Making, str, int]
"""(learner, what the packet holds, packet that it supersedes or nothing, edition)"""


def tell_planned(desk: Desk, spec: BatchSpec, wanted: Sequence[Wanted], actor: str) -> None:
    """Append PacketPlanned for each, all or none. Whoever has this packet by now keeps it."""
    with desk.database.write() as connection:
        plans = _with_ids(desk, connection, spec, wanted)
        now = to_micros(desk.clock.now())
        drafts = (
            _draft(spec, plan, site=ref.site, actor=actor, now=now)
            for plan, (ref, *_) in zip(plans, wanted, strict=True)
        )
        desk.facts.append_in(connection, drafts, once=True)


def _draft(spec: BatchSpec, plan: PacketPlan, *, site: str, actor: str, now: Micros) -> Draft:
    data: dict[str, Any] = {
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
        occurred_at=now,
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
    plans = [_plan(desk, spec, one) for one in wanted]
    pages, sides = _ids_of(plans)
    used = _taken(connection, pages, sides)
    if not used and _all_differ(pages) and _all_differ(sides):
        return plans
    for index, plan in enumerate(plans):
        while not (_all_differ(ids := [*chain(*_ids_of([plan]))]) and used.isdisjoint(ids)):
            plan = _plan(desk, spec, wanted[index])
            used |= _taken(connection, *_ids_of([plan]))
        plans[index] = plan
        used.update(ids)
    return plans


def _plan(desk: Desk, spec: BatchSpec, wanted: Wanted) -> PacketPlan:
    ref, making, supersedes, edition = wanted
    packet = packet_id(spec.batch, ref.id, edition)
    sheets = give_ids(making.pages, desk.ids)
    return PacketPlan(packet, spec.batch, ref.id, sheets, making.layout, making.marks, supersedes)


def _ids_of(plans: Sequence[PacketPlan]) -> tuple[list[str], list[str]]:
    """Page ids and side ids of these plans."""
    sheets = [sheet for plan in plans for sheet in plan.sheets]
    return [sheet[0] for sheet in sheets], [sheet[1] for sheet in sheets]


def _all_differ(ids: Sequence[str]) -> bool:
    """Whether no two of these ids are the same: so it is, but once in very many batches."""
    return len(set(ids)) == len(ids)


def _taken(connection: Connection, pages: Sequence[str], sides: Sequence[str]) -> set[str]:
    """Those of these ids that some sheet has already."""
    return among(connection, _sheet.c.page_id, pages) | among(connection, _sheet.c.side_id, sides)
