"""What becomes of packets after print: posted, delivered, returned undelivered, voided; each told as a fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.errors import N_, BadInput, NotFound, Refused
from delivery.ids import fact_id
from delivery.postal.outgoing.mailing import require_item
from delivery.postal.parts import Desk
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import PageRef, SideRef, read_code
from delivery.store.packets import Packets, PacketState

_More = Callable[[PacketState], dict[str, str]]
"""What a fact says of a packet beside its id."""


class WhyBack(StrEnum):
    """Why the post brought a packet back, as its form for undeliverable items says it (UPU CN 15)."""

    UNKNOWN = "unknown"
    ADDRESS = "insufficient_address"
    MOVED = "moved"
    REFUSED = "refused"
    UNCLAIMED = "unclaimed"
    DECEASED = "deceased"
    DAMAGED = "damaged"
    OTHER = "other"


class WhyVoid(StrEnum):
    """Why a packet does not count, as codes: a reason in words might name a person."""

    MISPRINT = "misprint"
    DAMAGED = "damaged"
    LOST = "lost"
    WRONG_CONTENTS = "wrong_contents"
    LEFT_COURSE = "left_course"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Posted:
    """Outcome of posting."""

    batch: str
    posted: int
    already: int
    not_printed: tuple[str, ...]
    """Learner ids whose packet is planned and not printed."""


def post_batch(desk: Desk, batch: str, *, items: Mapping[str, str] | None = None, actor: str) -> Posted:
    """Tell PacketPosted for every printed packet of `batch` that counts and is not posted yet.

    With `items` (learner id -> postal item number) only those packets are posted. Numbers are validated, and none may
    stand on two packets. Posting again changes nothing.
    """
    packets = Packets(desk.database, desk.facts)
    packets.require(batch)
    states = [state for state in packets.states(batch) if state.valid]
    numbers = _numbers(packets, states, items or {})
    chosen = [state for state in states if not items or state.learner in numbers]
    ready = [state for state in chosen if state.printed_at and not state.posted_at]
    _tell(
        desk,
        FactKind.PACKET_POSTED,
        ready,
        actor,
        lambda state: {"item": numbers[state.learner]} if state.learner in numbers else {},
    )
    return Posted(
        batch,
        len(ready),
        sum(state.posted_at > 0 for state in chosen),
        tuple(state.learner for state in chosen if not state.printed_at),
    )


def _numbers(packets: Packets, states: list[PacketState], items: Mapping[str, str]) -> dict[str, str]:
    by_learner = {state.learner: state for state in states}
    numbers: dict[str, str] = {}
    taken: set[str] = set()
    for learner, text in items.items():
        state = by_learner.get(learner)
        if state is None:
            raise NotFound(
                N_("Learner {learner} has no packet in this batch."),
                do=N_("Check the student code and the batch."),
                learner=learner,
            )
        item = _free_item(packets, state, text)
        if item in taken:
            raise _on_another(item)
        taken.add(item)
        numbers[learner] = item
    return numbers


def _free_item(packets: Packets, state: PacketState, text: str) -> str:
    item = require_item(text)
    holder = packets.with_item(item)
    if holder is not None and holder.packet != state.packet:
        raise _on_another(item)
    if state.posted_at and state.item != item:
        raise Refused(
            N_("This packet is already posted as item “{posted}”."),
            do=N_("If the number was wrong, correct it in the record; the packet itself went out once."),
            posted=state.item,
        )
    return item


def _on_another(item: str) -> Refused:
    return Refused(
        N_("Postal item {item} already stands on another packet."),
        do=N_("Read the number on this packet's own label."),
        item=item,
    )


# A hand scanner at the counter


@dataclass(frozen=True, slots=True)
class Scanned:
    """One packet posted with its number, or a line that could not be used."""

    packet: PacketState | None
    item: str = ""
    problem: Refused | None = None


def post_scanned(desk: Desk, lines: Iterable[str], *, actor: str) -> Iterator[Scanned]:
    """Post packets as a hand scanner reads them: first any code of the packet, then the barcode of its postal label.

    Each pair is told at once, so that nothing is lost when the work is interrupted.
    """
    packets = Packets(desk.database, desk.facts)
    current: PacketState | None = None
    for line in lines:
        text = line.strip()
        if not text:
            continue
        try:
            found = _packet_of_code(desk, packets, text)
            if found is not None:
                current = _ready_to_post(found)
                continue
            item = require_item(text)
            if current is None:
                raise BadInput(
                    N_("Postal item {item} was read before a packet."),
                    do=N_("Scan a code on the packet's letter first, then its postal label."),
                    item=item,
                )
            state, item = current, _free_item(packets, current, item)
            _tell(desk, FactKind.PACKET_POSTED, [state], actor, _with_item(item))
            current = None
            yield Scanned(state, item)
        except Refused as problem:
            yield Scanned(current, problem=problem)


def _with_item(item: str) -> _More:
    return lambda _state: {"item": item}


def _packet_of_code(desk: Desk, packets: Packets, text: str) -> PacketState | None:
    ref = read_code(text, desk.keys.codes)
    match ref:
        case PageRef(page_id):
            sheet = desk.sheets.by_page(page_id)
        case SideRef(side_id):
            sheet = desk.sheets.by_side(side_id)
        case _:
            return None
    return packets.get(sheet.packet) if sheet else None


def _ready_to_post(state: PacketState) -> PacketState:
    if not state.valid:
        raise Refused(
            N_("Packet {packet} was voided or replaced by a newer one."),
            do=N_("Do not post it; put it with the waste paper."),
            packet=state.packet,
        )
    if not state.printed_at:
        raise Refused(
            N_("Packet {packet} is not printed yet."), do=N_("Print its batch first."), packet=state.packet
        )
    return state


# What the post tells


def delivered(desk: Desk, names: Sequence[str], *, actor: str) -> list[PacketState]:
    """Tell PacketDelivered for posted packets, each named by its postal item number or packet id."""
    found = _posted(desk, names)
    _tell(desk, FactKind.PACKET_DELIVERED, found, actor, lambda _state: {})
    return found


def undelivered(desk: Desk, names: Sequence[str], *, reason: WhyBack, actor: str) -> list[PacketState]:
    """Tell PacketReturnedUndelivered for posted packets, each named by its postal item number or packet id."""
    found = _posted(desk, names)
    _tell(desk, FactKind.PACKET_RETURNED_UNDELIVERED, found, actor, lambda _state: {"reason": str(reason)})
    return found


def _posted(desk: Desk, names: Sequence[str]) -> list[PacketState]:
    packets = Packets(desk.database, desk.facts)
    out = []
    for name in names:
        text = name.strip()
        state = packets.get(text) or _packet_of_code(desk, packets, text)
        if state is None:
            item = require_item(text)
            state = packets.with_item(item)
            if state is None:
                raise NotFound(
                    N_("No packet was posted as item {item}."),
                    do=N_("Scan a code on the letter inside, or give the packet's number."),
                    item=item,
                )
        if not state.posted_at:
            raise Refused(
                N_("Packet {packet} was never posted."), do=N_("Post it first."), packet=state.packet
            )
        out.append(state)
    return out


@dataclass(frozen=True, slots=True)
class Resend:
    """A packet that came back and that nothing has replaced yet."""

    state: PacketState
    address_changed: bool
    """The learner's profile is newer than the posting: a new print goes to another address."""


def resends(desk: Desk, batch: str = "") -> list[Resend]:
    """Packets to be sent again: undelivered, valid, not replaced."""
    packets = Packets(desk.database, desk.facts)
    batches = [batch] if batch else [found.code for found in packets.all()]
    out = []
    for code in batches:
        for state in packets.states(code):
            if state.state == "undelivered" and state.valid:
                out.append(Resend(state, _moved_since(desk, state)))
    return out


def _moved_since(desk: Desk, state: PacketState) -> bool:
    changes = desk.facts.select(kind=FactKind.LEARNER_PROFILE_CHANGED, learner=state.learner)
    return any(fact.recorded_at > state.printed_at for fact in changes)


def void(
    desk: Desk, batch: str, learners: Sequence[str], *, reason: WhyVoid, actor: str
) -> list[PacketState]:
    """Tell PacketVoided for the newest packet of each learner (ids) in `batch`: its pages no longer count.

    Voiding again changes nothing. Raises NotFound for learners without a packet.
    """
    packets = Packets(desk.database, desk.facts)
    packets.require(batch)
    chosen = newest_of(packets.states(batch), learners)
    _tell(desk, FactKind.PACKET_VOIDED, chosen, actor, lambda _state: {"reason": str(reason)})
    return chosen


def newest_of(states: Sequence[PacketState], learners: Sequence[str]) -> list[PacketState]:
    """The packet of each learner that nothing replaces. Raises NotFound."""
    newest = {state.learner: state for state in states if not state.superseded}
    missing = [learner for learner in learners if learner not in newest]
    if missing:
        raise NotFound(
            N_("Learner {learner} has no packet in this batch."),
            do=N_("Check the student code and the batch."),
            learner=", ".join(missing),
        )
    return [newest[learner] for learner in dict.fromkeys(learners)]


def _tell(desk: Desk, kind: FactKind, states: Sequence[PacketState], actor: str, more: _More) -> None:
    """One fact for each packet; what is known stays as it was told first."""
    sites = {
        ref.id: ref.site
        for course in {state.course for state in states}
        for ref in desk.learners.of_course(course)
    }
    drafts = [
        Draft(
            id=fact_id(kind, state.packet),
            kind=kind,
            occurred_at=to_micros(desk.clock.now()),
            actor=actor,
            audience=sites.get(state.learner) or desk.learners.require(state.learner).site,
            learner=state.learner,
            course=state.course,
            mode=str(DeliveryMode.POSTAL),
            data={"packet": state.packet, **more(state)},
        )
        for state in states
    ]
    desk.facts.append(drafts, once=True)
