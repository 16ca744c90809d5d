"""What can be wrong with a schedule: each finding has a code, a sentence and a proposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from delivery.broadcast.asset import Asset, Rendition, Transmitter
from delivery.clock import VIETNAM, from_micros, to_micros
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
    clause: str = ""
    """Clause of the regulation that asks for it, where there is one."""
    severity: str = "error"
    """``error``: it does not air as planned; ``warning``: it airs, and a person should look; ``note``."""

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "clause": self.clause or None,
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


def held_off(airing: Airing, until_tick: int) -> Finding:
    """Somebody has put the channel on its slate for that time."""
    what = Message(
        N_("{material} on {channel} at {at} falls into a time that was put on the slate by hand."),
        _words(airing),
    )
    proposal = Message(
        N_("Give the channel back to its schedule, or air it after {until}."),
        {"until": local_time(until_tick * TICK_US)},
    )
    return _finding("held-off", airing, what, proposal)


def wrong_format(
    airing: Airing, asset: Asset, wanted: Sequence[Rendition], *, transmitter: Transmitter | None = None
) -> Finding | None:
    """The asset does not have the channel's renditions, or is not cut as the grid demands."""
    held = {(r.name, r.kind, r.codecs) for r in asset.renditions}
    missing = [r.name for r in wanted if (r.name, r.kind, r.codecs) not in held]
    if transmitter and (
        asset.transmitter is None or asset.transmitter.packets_per_tick != transmitter.packets_per_tick
    ):
        missing.append("transmitter")
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


_CLOSED = {
    "unapproved": (
        N_("{material} on {channel} at {at} is not approved for broadcast with this content."),
        N_("Have the material appraised and approved for broadcast, then compile again."),
        "TX-4.5-1",
    ),
    "unlicensed": (
        N_("{material} on {channel} at {at} lies outside the time for which its rights are held."),
        N_("Extend the rights, or schedule it within them."),
        "TT-3.4",
    ),
    "altered": (
        N_("{material} on {channel} at {at}: its stored files are missing or were altered."),
        N_("Restore them from a backup, or add the recording again and have it approved."),
        "TX-4.5-1",
    ),
}


def closed(airing: Airing, reason: str) -> Finding:
    """The gate of design D7, at compilation; `reason` is the finding's code."""
    what, proposal, clause = _CLOSED.get(reason, _CLOSED["unapproved"])
    found = _finding(reason, airing, Message(what, _words(airing)), Message(proposal))
    return replace(found, clause=clause)


def overrun(airing: Airing, minutes: int) -> Finding:
    """The programme is longer than its slot; it airs whole."""
    excess = -(-(airing.ticks * TICK_US - minutes * 60_000_000) // 1_000_000)
    what = Message(
        N_("{material} on {channel} at {at} is {seconds} s longer than its slot of {minutes} minutes."),
        {**_words(airing), "seconds": excess, "minutes": minutes},
    )
    found = _finding("overrun", airing, what, Message(N_("Make the slot longer, or the lesson shorter.")))
    return replace(found, severity="warning")


def no_lessons(slot: Slot) -> Finding:
    """A slot for the lessons of a course that has none."""
    at_us = to_micros(slot.start)
    return Finding(
        "no-lessons",
        slot.channel,
        slot.id,
        "",
        at_us,
        Message(
            N_("The slot of course {course} on {channel} from {at} finds no broadcast lessons."),
            {"course": slot.course, "channel": slot.channel, "at": local_time(at_us)},
        ),
        Message(N_("Import the course's broadcast activities with their materials, and add the recordings.")),
    )


def over_load(airing: Airing, *, code: str, minutes: str, limit: int) -> Finding:
    """More first runs of a course in a day or week than may be taught in one (T8-6.4 by way of TX-8.1)."""
    sentence = (
        N_(
            "{material} on {channel} at {at} brings course {course} to {minutes} minutes in a day, of {limit} allowed."
        )
        if code == "load-day"
        else N_(
            "{material} on {channel} at {at} brings course {course} to {minutes} minutes in a week, of {limit} allowed."
        )
    )
    words = {**_words(airing), "course": airing.course, "minutes": minutes, "limit": limit}
    found = _finding(code, airing, Message(sentence, words), Message(N_("Move it to another day or week.")))
    return replace(found, clause="T8-6.4", severity="warning")


def out_of_order(airing: Airing, *, before: Airing) -> Finding:
    """A lesson of a course airs for the first time after a later one."""
    what = Message(
        N_("{material} (unit {unit}) of course {course} on {channel} at {at} airs after unit {later}."),
        {**_words(airing), "unit": airing.unit, "course": airing.course, "later": before.unit},
    )
    proposal = Message(N_("Exchange it with {material}."), {"material": before.material})
    return replace(_finding("out-of-order", airing, what, proposal), severity="warning")


def before_packets(airing: Airing, *, arrival_us: int, waiting: int) -> Finding:
    """Printed material of the same unit cannot have reached all learners."""
    what = Message(
        N_("{material} on {channel} at {at} airs before its packets can have arrived ({arrival})."),
        {**_words(airing), "arrival": local_time(arrival_us)[:10]},
    )
    proposal = (
        Message(N_("Post the {count} sheets that wait, or air the lesson later."), {"count": waiting})
        if waiting
        else Message(N_("Air the lesson later."))
    )
    return replace(_finding("before-packets", airing, what, proposal), clause="TX-2.4", severity="warning")


def gap(channel: str, start_us: int, minutes: int) -> Finding:
    """Nothing but the slate between two programmes of a day."""
    return Finding(
        "gap",
        channel,
        "",
        "",
        start_us,
        Message(
            N_("From {at} on, {channel} shows nothing but the slate for {minutes} minutes."),
            {"at": local_time(start_us), "channel": channel, "minutes": minutes},
        ),
        Message(N_("Schedule a rerun there, or give the channel filler material.")),
        severity="note",
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
