"""Packets as they lie on the desk: in the order of the print jobs, each with its number, addressee and weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from delivery.postal.outgoing.address import Addressee, addressee
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.outgoing.stock import Mailpiece, load_stock
from delivery.postal.parts import Desk
from delivery.store.packets import Packets, PacketState

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One packet, ready for its envelope."""

    number: int
    """Place in the batch's stack, from 1."""
    state: PacketState
    to: Addressee | None
    """None for somebody whose personal data were erased, or may not be used."""
    piece: Mailpiece


def stack_of(desk: Desk, batch: str) -> Iterator[Dispatch]:
    """The printed packets of a batch, valid or not, in the order in which they come from the printer."""
    packets = Packets(desk.database, desk.facts)
    spec = BatchSpec.from_json(packets.require(batch).spec)
    stock = load_stock(desk.settings.home)
    states = {state.packet: state for state in packets.states(batch)}
    order = [packet for job in packets.jobs(batch) if job.sha256 for packet in job.packets]
    number = 0
    for start in range(0, len(order), _CHUNK):
        chunk = [states[packet] for packet in order[start : start + _CHUNK]]
        profiles = desk.vault.profiles(state.learner for state in chunk)
        for state in chunk:
            number += 1
            profile = profiles.get(state.learner)
            if state.printed_at:
                options = spec.options
                piece = stock.mailpiece(state.pages, duplex=options.duplex, envelope=options.envelope)
                yield Dispatch(number, state, addressee(profile) if profile else None, piece)
