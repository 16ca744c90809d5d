"""Reprints: a new packet with new codes that supersedes the old one, whose sheets are still known when they return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from delivery.errors import N_, Message, Refused
from delivery.postal.outgoing.address import why_not
from delivery.postal.outgoing.maker import maker_of
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.outgoing.posting import newest_of
from delivery.postal.outgoing.sources import recheck
from delivery.postal.outgoing.telling import Wanted, tell_planned
from delivery.postal.parts import Desk
from delivery.store.packets import Packets, PacketState


@dataclass(frozen=True, slots=True)
class Reprinted:
    """Outcome of a reprint: the new packets are planned, and printed with the next print run of the batch."""

    batch: str
    replaced: tuple[PacketState, ...]
    waiting: tuple[str, ...]
    """Learner ids whose packet is planned and not printed yet: there is nothing to replace."""
    unreachable: tuple[tuple[str, Message], ...]
    pages: int


def reprint(desk: Desk, batch: str, learners: Sequence[str], *, actor: str) -> Reprinted:
    """Plan new packets for these learner ids, all or none, each superseding the learner's newest one of `batch`.

    The same call again, before anything is printed, changes nothing. A feedback slip tells what the old one told.
    Raises NotFound for a learner without packet, Refused for nobody, GateClosed for withdrawn material.
    """
    packets = Packets(desk.database, desk.facts)
    spec = BatchSpec.from_json(packets.require(batch).spec)
    recheck(desk, spec)
    if not learners:
        raise Refused(
            N_("Nothing of batch {batch} is to be printed again."),
            do=N_("Name learners with --learner, or record first which packets came back."),
            batch=batch,
        )
    states = packets.states(batch)
    chosen = newest_of(states, learners)
    waiting = [state for state in chosen if not state.printed_at and not state.voided_at]
    todo = [state for state in chosen if state not in waiting]
    profiles = desk.vault.profiles(state.learner for state in todo)
    reasons = {state.learner: why_not(profiles.get(state.learner)) for state in todo}
    ready = [state for state in todo if reasons[state.learner] is None]
    planned = packets.planned([state.packet for state in ready])
    maker = maker_of(desk, spec, packets)
    makings = maker.makings_telling(
        [(state.learner, tuple(planned[state.packet].data.get("marks", ()))) for state in ready]
    )
    editions = Counter(state.learner for state in states)
    wanted: list[Wanted] = [
        (desk.learners.require(state.learner), making, state.packet, editions[state.learner])
        for state, making in zip(ready, makings, strict=True)
    ]
    if wanted:
        tell_planned(desk, spec, wanted, actor)
    return Reprinted(
        batch,
        tuple(ready),
        tuple(state.learner for state in waiting),
        tuple((learner, reason) for learner, reason in reasons.items() if reason is not None),
        sum(len(making.pages) for _, making, _, _ in wanted),
    )
