"""Posting: which packets went to the post, with the item numbers that the post gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.postal.mailing import require_item
from delivery.postal.parts import Desk
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets, PacketState


@dataclass(frozen=True, slots=True)
class Posted:
    """Outcome of posting."""

    batch: str
    posted: int
    already: int
    not_printed: tuple[str, ...]
    """Learner ids whose packet is planned and not printed."""


def post_batch(desk: Desk, batch: str, *, items: Mapping[str, str] | None = None, actor: str) -> Posted:
    """Tell PacketPosted for every printed packet of `batch` that is not posted yet.

    With `items` (learner id -> postal item number) only those packets are posted. Numbers are validated, and none may
    stand on two packets. Posting again changes nothing.
    """
    packets = Packets(desk.database, desk.facts)
    packets.require(batch)
    states = packets.states(batch)
    numbers = _numbers(packets, states, items or {})
    chosen = [state for state in states if not items or state.learner in numbers]
    ready = [state for state in chosen if state.printed and not state.posted]
    sites = {ref.id: ref.site for ref in desk.learners.of_course(packets.require(batch).course)}
    drafts = []
    for state in ready:
        site = sites.get(state.learner) or desk.learners.require(state.learner).site
        data = {"packet": state.packet}
        if state.learner in numbers:
            data["item"] = numbers[state.learner]
        drafts.append(
            Draft(
                id=fact_id(FactKind.PACKET_POSTED, state.packet),
                kind=FactKind.PACKET_POSTED,
                occurred_at=to_micros(desk.clock.now()),
                actor=actor,
                audience=site,
                learner=state.learner,
                course=state.planned.course,
                mode=str(DeliveryMode.POSTAL),
                data=data,
            )
        )
    desk.facts.append(drafts, once=True)
    return Posted(
        batch,
        len(ready),
        sum(state.posted is not None for state in chosen),
        tuple(state.learner for state in chosen if not state.printed),
    )


def _numbers(packets: Packets, states: list[PacketState], items: Mapping[str, str]) -> dict[str, str]:
    by_learner = {state.learner: state for state in states}
    numbers: dict[str, str] = {}
    for learner, text in items.items():
        item = require_item(text)
        state = by_learner.get(learner)
        if state is None:
            raise NotFound(
                N_("Learner {learner} has no packet in this batch."),
                do=N_("Check the student code and the batch."),
                learner=learner,
            )
        holder = packets.packet_of_item(item)
        if item in numbers.values() or holder not in ("", state.packet):
            raise Refused(
                N_("Postal item {item} already stands on another packet."),
                do=N_("Read the number on this packet's own label."),
                item=item,
            )
        posted_as = state.posted.data.get("item", "") if state.posted else item
        if posted_as != item:
            raise Refused(
                N_("This packet is already posted as item “{posted}”."),
                do=N_("If the number was wrong, correct it in the record; the packet itself went out once."),
                posted=posted_as,
            )
        numbers[learner] = item
    return numbers
