"""Changes of slots as consoles ask for them: new ones, moved ones, other lengths, exceptions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from delivery.broadcast.schedule.schedule import make_slot
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, BadInput, NotFound, Refused
from delivery.store.air import Slot

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY: Final = re.compile(r"BYDAY=([A-Z,]+)")
_FIXED_DAYS: Final = re.compile(r"BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYSETPOS|BYDAY=[^;]*\d")


@dataclass(frozen=True, slots=True)
class Change:
    """Slots that go, and slots that come."""

    channel: str
    remove: tuple[Slot, ...]
    add: tuple[Slot, ...]

    def applied(self, slots: Sequence[Slot]) -> list[Slot]:
        """`slots` as they would be."""
        gone = {slot.id for slot in self.remove}
        known = {slot.id for slot in slots} - gone
        return [*(s for s in slots if s.id not in gone), *(s for s in self.add if s.id not in known)]


def read_change(params: Mapping[str, Any], slots: Sequence[Slot]) -> Change:
    """The change that a console asks for, among the channel's `slots`. Raises BadInput, NotFound or Refused."""
    channel = str(params.get("channel", ""))
    by_id = {slot.id: slot for slot in slots}
    if move := params.get("move"):
        return _moved(channel, _dict(move), by_id)
    if skip := params.get("skip"):
        return _skipped(channel, _dict(skip), by_id)
    remove = tuple(_known(by_id, ident) for ident in _list(params.get("remove", [])))
    add = tuple(read_slot(channel, _dict(document)) for document in _list(params.get("add", [])))
    if not remove and not add:
        raise BadInput(N_("Nothing is to be changed."), do=N_("Say which slot goes, or comes."))
    return Change(channel, remove, add)


def read_slot(channel: str, document: Mapping[str, Any]) -> Slot:
    """A slot of a console's form. Raises BadInput."""
    minutes = document.get("minutes", 0)
    unit = document.get("unit", 0)
    if (
        type(minutes) is not int
        or not 0 <= minutes <= 24 * 60
        or type(unit) is not int
        or not 0 <= unit < 1000
    ):
        raise BadInput(
            N_("“{minutes}” is not a number of minutes."),
            do=N_("Give a whole number from 1 to {most}."),
            minutes=str(minutes)[:32],
            most=24 * 60,
        )
    return make_slot(
        channel,
        _moment(document.get("start")),
        materials=tuple(str(m).strip() for m in _list(document.get("materials", []))),
        rule=str(document.get("rule", "")),
        rerun=document.get("rerun") is True,
        course=str(document.get("course", "")),
        activity=str(document.get("activity", "")),
        unit=unit,
        except_days=[str(day) for day in _list(document.get("except", []))],
        also=[_moment(moment) for moment in _list(document.get("also", []))],
        skip_holidays=document.get("skip_holidays") is True,
        minutes=minutes,
        whole_course=document.get("whole_course") is True,
        makes_good=str(document.get("makes_good", "")),
    )


def slot_document(slot: Slot) -> dict[str, Any]:
    """A slot as a console shows it and hands it back."""
    return {
        "slot": slot.id,
        "channel": slot.channel,
        "start": to_micros(slot.start),
        "rule": slot.rule,
        "materials": list(slot.materials),
        "rerun": slot.rerun,
        "course": slot.course,
        "activity": slot.activity,
        "unit": slot.unit,
        "except": list(slot.except_days),
        "also": [to_micros(moment) for moment in slot.also],
        "skip_holidays": slot.skip_holidays,
        "minutes": slot.minutes,
        "whole_course": slot.whole_course,
        "makes_good": slot.makes_good,
    }


def _moved(channel: str, move: Mapping[str, Any], by_id: Mapping[str, Slot]) -> Change:
    """One occurrence, or the whole slot, at another time or of another length."""
    slot = _known(by_id, move.get("slot"))
    planned, to = _moment(move.get("from")), _moment(move.get("to"))
    minutes = move.get("minutes", slot.minutes)
    document = {**slot_document(slot), "minutes": minutes}
    by = to - planned
    if not slot.rule and not slot.also:
        return Change(
            channel, (slot,), (read_slot(channel, {**document, "start": to_micros(slot.start + by)}),)
        )
    if move.get("whole") is not True:
        day = planned.date().isoformat()
        if minutes != slot.minutes:
            raise Refused(
                N_("One occurrence cannot have another length than the others of its slot."),
                do=N_("Change the length of the whole slot."),
            )
        document["except"] = sorted({*slot.except_days, day})
        document["also"] = sorted({*(m for m in document["also"] if m != to_micros(planned)), to_micros(to)})
        if to.date() == planned.date():
            # A day that is excepted is shut for further starts too: that occurrence becomes a slot of its own.
            alone = replace(slot, rule="", except_days=(), also=())
            single = {**slot_document(alone), "start": to_micros(to)}
            if slot.whole_course or len(slot.materials) > 1:
                raise Refused(
                    N_("In a slot whose lessons air in order, one occurrence can move only to another day."),
                    do=N_("Move the whole slot, or that occurrence to another day."),
                )
            document["also"] = [m for m in document["also"] if m != to_micros(to)]
            return Change(channel, (slot,), (read_slot(channel, document), read_slot(channel, single)))
        return Change(channel, (slot,), (read_slot(channel, document),))
    document |= {
        "start": to_micros(slot.start + by),
        "rule": _turned(slot.rule, (to.date() - planned.date()).days),
        "also": [to_micros(moment + by) for moment in slot.also],
        "except": [
            (datetime.fromisoformat(day) + timedelta(days=(to.date() - planned.date()).days))
            .date()
            .isoformat()
            for day in slot.except_days
        ],
    }
    return Change(channel, (slot,), (read_slot(channel, document),))


def _skipped(channel: str, skip: Mapping[str, Any], by_id: Mapping[str, Slot]) -> Change:
    """One occurrence that does not air."""
    slot = _known(by_id, skip.get("slot"))
    if not slot.rule and not slot.also:
        return Change(channel, (slot,), ())
    day = _moment(skip.get("from")).date().isoformat()
    document = {**slot_document(slot), "except": sorted({*slot.except_days, day})}
    return Change(channel, (slot,), (read_slot(channel, document),))


def _turned(rule: str, days: int) -> str:
    """A rule whose weekdays are all later by `days`. Raises Refused for rules of other days."""
    if not days or not rule:
        return rule
    if _FIXED_DAYS.search(rule):
        raise Refused(
            N_("A slot with the rule “{rule}” cannot move to another day as a whole."),
            do=N_("Move that occurrence alone, or change the rule."),
            rule=rule,
        )

    def later(match: re.Match[str]) -> str:
        names = [_DAYS[(_DAYS.index(name) + days) % 7] for name in match.group(1).split(",")]
        return "BYDAY=" + ",".join(sorted(names, key=_DAYS.index))

    return _BY_DAY.sub(later, rule)


def _known(by_id: Mapping[str, Slot], ident: Any) -> Slot:
    slot = by_id.get(str(ident))
    if slot is None:
        raise NotFound(
            N_("There is no slot {slot}."),
            do=N_("List the slots with “tuxa schedule list”."),
            slot=str(ident)[:32],
        )
    return slot


def _moment(value: Any) -> datetime:
    if type(value) is not int or not 0 < value < 1 << 52:
        raise BadInput(
            N_("“{text}” is not a time."),
            do=N_("Write it as in 2026-11-24T19:30, in Vietnamese time."),
            text=str(value)[:32],
        )
    return from_micros(value).astimezone(VIETNAM)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
