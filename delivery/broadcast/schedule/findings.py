"""What can be wrong with a schedule: each finding has a code, a sentence and a proposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from delivery.broadcast.asset import Asset, Rendition
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, Message
from delivery.store.air import TICK_US, Airing, Row, Slot
from delivery.units import SEGMENT_TICKS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps an airing from its place. `proposal` says how to put it right."""

    code: str
    channel: str
    slot: str
    airing: str
    at_us: int
    """Planned start of the airing, µs since 1970 UTC."""
    what: Message
    proposal: Message

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "channel": self.channel,
            "slot": self.slot,
            "airing": self.airing or None,
            "at": local_time(self.at_us),
            "what": str(self.what),
            "proposal": str(self.proposal),
        }


def local_time(micros: int) -> str:
    """``2026-11-22 19:30:00`` in Viet Nam."""
    return from_micros(micros).astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")


def overlap(airing: Airing, occupant: Row, free_tick: int) -> Finding:
    """Another programme is still on the air."""
    return _finding(
        "overlap",
        airing,
        Message(
            N_("{material} on {channel} at {at} begins while another programme ({occupant}) is on the air."),
            {**_words(airing), "occupant": occupant.airing or str(occupant.kind)},
        ),
        # The first whole second from which nothing is on the air.
        Message(
            N_("Move it to {free} or later."),
            {"free": local_time(-(-free_tick * TICK_US // 1_000_000) * 1_000_000)},
        ),
    )


def too_late(airing: Airing) -> Finding:
    """Its start lies in the past or inside the frozen horizon."""
    return _finding(
        "frozen",
        airing,
        Message(
            N_("{material} on {channel} at {at} comes too late: that time is already fixed."), _words(airing)
        ),
        Message(N_("Schedule a rerun at a later time.")),
    )


def no_room_for_card(airing: Airing) -> Finding:
    """The next programme begins before the attendance card would end."""
    return _finding(
        "no-room-for-card",
        airing,
        Message(
            N_("{material} on {channel} at {at} leaves no room for its attendance code."), _words(airing)
        ),
        Message(N_("Begin the next programme at least 6 seconds after this one ends.")),
    )


def wrong_format(airing: Airing, asset: Asset, wanted: Sequence[Rendition]) -> Finding | None:
    """The asset does not have the channel's renditions, or is not cut as the grid demands."""
    held = {(r.name, r.kind, r.codecs) for r in asset.renditions}
    missing = [r.name for r in wanted if (r.name, r.kind, r.codecs) not in held]
    if missing:
        what = Message(
            N_("{material} on {channel} at {at} is not in the channel's format: {missing} differ."),
            {**_words(airing), "missing": ", ".join(missing)},
        )
    elif not all(_is_regular(r, asset.ticks) for r in asset.renditions):
        what = Message(
            N_("{material} on {channel} at {at} is not cut into whole segments of 5.76 seconds."),
            _words(airing),
        )
    else:
        return None
    proposal = Message(N_("Ingest the material again under the channel's profile."))
    return _finding("wrong-format", airing, what, proposal)


def unapproved(airing: Airing) -> Finding:
    """The gate of design D7, at compilation."""
    return _finding(
        "unapproved",
        airing,
        Message(
            N_("{material} on {channel} at {at} is not approved for broadcast with this content."),
            _words(airing),
        ),
        Message(N_("Have the material appraised and approved for broadcast, then compile again.")),
    )


def missing_material(slot: Slot, material: str, airing: str, at_us: int) -> Finding:
    """Nothing has been ingested under that material's code."""
    return Finding(
        "missing-material",
        slot.channel,
        slot.id,
        airing,
        at_us,
        Message(
            N_("{material} on {channel} at {at} has no ingested media."),
            {"material": material, "channel": slot.channel, "at": local_time(at_us)},
        ),
        Message(N_("Add its file with “tuxa media add”, then compile again.")),
    )


def _finding(code: str, airing: Airing, what: Message, proposal: Message) -> Finding:
    return Finding(code, airing.channel, airing.slot, airing.id, airing.planned_us, what, proposal)


def _words(airing: Airing) -> dict[str, Any]:
    return {"material": airing.material, "channel": airing.channel, "at": local_time(airing.planned_us)}


def _is_regular(rendition: Rendition, ticks: int) -> bool:
    whole, rest = divmod(ticks, SEGMENT_TICKS)
    return [s.ticks for s in rendition.segments] == [SEGMENT_TICKS] * whole + [rest] * bool(rest)
