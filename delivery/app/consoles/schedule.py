"""What consoles may ask of the schedule, and do: days and weeks with their findings in place, changes of slots shown
before they are made, compilation, day sheets, as-run against plan, make-goods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from delivery.app.air import institution_name
from delivery.app.consoles.changes import Change, read_change, read_slot, slot_document
from delivery.broadcast.schedule.daysheet import day_sheet
from delivery.broadcast.schedule.findings import Finding
from delivery.broadcast.schedule.schedule import occurrences
from delivery.broadcast.schedule.scheduler import FROZEN_TICKS
from delivery.catalogue.kinds import Role
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, BadInput
from delivery.network.bus.authorise import Method, command, question
from delivery.network.bus.protocol import plain_message
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US
from delivery.store.deeds import Deeds
from delivery.store.files import write_whole

if TYPE_CHECKING:
    from delivery.app.core import App

_MAY: Final = (Role.TECHNICIAN, Role.ADMIN)
_MOST_DAYS: Final = 14
_MOST_HOURS: Final = 24 * 7 * 26
_AHEAD_H: Final = 49
_DAY: Final = timedelta(days=1)


def schedule_methods(app: App, publish: Callable[[str, Any], None]) -> Mapping[str, Method]:
    desk = ScheduleDesk(app, publish)
    return {
        "schedule.span": question(lambda params, _a: desk.span(params)),
        "schedule.slots": question(lambda params, _a: desk.slots(params)),
        "schedule.materials": question(lambda params, _a: desk.materials(params)),
        "schedule.occurrences": question(lambda params, _a: desk.occurrences(params)),
        "schedule.preview": question(lambda params, _a: desk.preview(params)),
        "schedule.change": command(desk.change, _MAY),
        "schedule.compile": command(desk.compile, _MAY),
        "schedule.makegoods": question(lambda _p, _a: desk.make_goods()),
        "schedule.daysheet": command(desk.day_sheet, _MAY),
    }


class ScheduleDesk:
    """The schedule as consoles see it. Compiling obeys the same code as ``tuxa schedule compile``."""

    def __init__(self, app: App, publish: Callable[[str, Any], None]) -> None:
        self._app, self._publish = app, publish

    def span(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Programmes, findings and what became of past ones, of one channel between two moments."""
        channel, since, before = self._asked(params)
        now = self._app.clock.now()
        on_air = self._app.on_air
        programmes = on_air.programmes(channel, since=since, before=before)
        slot_of = {
            a.id: a for a in on_air.store.airings(channel, since_tick=_tick(since), before_tick=_tick(before))
        }
        findings = on_air.review(channel, since=since, before=before) if before > now else []
        return {
            "now": to_micros(now),
            "frozen": to_micros(now) + FROZEN_TICKS * TICK_US,
            "channel": channel,
            "since": to_micros(since),
            "before": to_micros(before),
            "programmes": [
                {
                    **asdict(one),
                    "slot": slot_of[one.airing].slot,
                    "makes_good": slot_of[one.airing].makes_good,
                }
                for one in programmes
                if one.airing in slot_of
            ],
            "findings": [finding_document(one) for one in findings[:300]],
            "aired": self._aired(channel, since, before),
        }

    def slots(self, params: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(params.get("channel", "")) or None
        return {"slots": [slot_document(slot) for slot in self._app.on_air.store.slots(channel)][:1_000]}

    def materials(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What can air on a channel: converted materials of its kind, with whether their gate is open now."""
        channel = self._app.on_air.store.channel(str(params.get("channel", "")))
        wanted = self._app.on_air.scheduler.wanted(channel.code)
        now = self._app.clock.now()
        rows = {row.material: row for row in self._app.library.media.lessons() if row.kind == channel.kind}
        out = []
        for row in sorted(rows.values(), key=lambda one: (one.course, one.unit, one.material)):
            lesson = wanted.lesson_of(row.material)
            out.append(
                {
                    "material": row.material,
                    "title": row.title,
                    "course": row.course,
                    "unit": row.unit,
                    "length": row.ticks * TICK_US,
                    "gate": wanted.gate(row.material, lesson.content, now) if lesson else "unapproved",
                }
            )
        return {"materials": out[:2_000]}

    def occurrences(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The next starts of a slot that is being written. Raises BadInput for a rule that cannot be used."""
        document = params.get("slot")
        slot = read_slot(str(params.get("channel", "")), document if isinstance(document, dict) else {})
        now = self._app.clock.now()
        until = max(now, slot.start) + timedelta(days=3 * 366)
        days_off = self._app.on_air.scheduler.wanted(slot.channel).days_off
        coming = (start for _, start in occurrences(slot, until, days_off=days_off) if start >= now - _DAY)
        return {"rule": slot.rule, "starts": [to_micros(start) for start in islice(coming, 8)]}

    def preview(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What a change would find, beside what is found without it."""
        channel, _, before = self._asked(params)
        change = self._change(params)
        before = max(before, self._app.clock.now() + _DAY)
        scheduler = self._app.on_air.scheduler
        slots = self._app.on_air.store.slots(channel)
        held = scheduler.review(channel, until=before)
        would = scheduler.review(channel, until=before, slots=change.applied(slots))
        seen = {_named(one) for one in held}
        left = {_named(one) for one in would}
        return {
            "remove": [slot_document(slot) for slot in change.remove],
            "add": [slot_document(slot) for slot in change.add],
            "new": [finding_document(one) for one in would if _named(one) not in seen][:100],
            "gone": [finding_document(one) for one in held if _named(one) not in left][:100],
        }

    def change(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Change slots. What comes is stored before what goes is taken away, so that a kill loses nothing."""
        change = self._change(params)
        scheduler = self._app.on_air.scheduler
        kept = {slot.id for slot in change.add}
        for slot in change.add:
            scheduler.add(slot, actor=actor)
        for slot in change.remove:
            if slot.id not in kept:
                scheduler.withdraw(slot.id, actor=actor)
        done = {
            "channel": change.channel,
            "removed": [slot_document(slot) for slot in change.remove],
            "added": [slot_document(slot) for slot in change.add],
        }
        self._publish("schedule", {"channel": change.channel})
        return done

    def compile(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Extend the timeline of a channel, and say what finds no place."""
        hours = params.get("hours", _AHEAD_H)
        if type(hours) is not int or not 1 <= hours <= _MOST_HOURS:
            raise BadInput(
                N_("“{hours}” is not a number of hours."),
                do=N_("Give a whole number from 1 to {most}."),
                hours=str(hours)[:16],
                most=_MOST_HOURS,
            )
        done = self._app.on_air.compile(hours, actor=actor, channel=str(params.get("channel", "")))
        for one in done:
            self._publish("schedule", {"channel": one.channel})
        return {
            "channels": [
                {
                    "channel": one.channel,
                    "rows": one.rows,
                    "new_rows": one.new_rows,
                    "end": one.end_us,
                    "placed": len(one.placed),
                    "findings": [finding_document(finding) for finding in one.findings[:200]],
                }
                for one in done
            ]
        }

    def make_goods(self) -> dict[str, Any]:
        """What did not air whole, and when it could."""
        return {
            "makegoods": [
                {**one.as_json(), "planned_us": one.missed.planned_us, "start_us": one.start_us}
                for one in self._app.on_air.make_goods()
            ]
        }

    def day_sheet(self, params: Mapping[str, Any], _actor: str) -> dict[str, Any]:
        """Write the day sheet (PDF) of a channel's day into ``<home>/print/daysheets``."""
        channel, since, _ = self._asked({**params, "days": 1})
        before = since + _DAY
        on_air = self._app.on_air
        shown = [
            one
            for one in on_air.programmes(channel, since=since, before=before)
            if one.start_us >= to_micros(since)
        ]
        pdf = day_sheet(
            on_air.store.channel(channel),
            since.date(),
            shown,
            on_air.review(channel, since=since, before=before),
            institution=institution_name(self._app),
            words=self._app.translate,
        )
        file = self._app.settings.home / "print" / "daysheets" / f"{channel}-{since:%Y-%m-%d}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(file, pdf)
        return {"file": str(file), "programmes": len(shown)}

    def _change(self, params: Mapping[str, Any]) -> Change:
        channel = self._app.on_air.store.channel(str(params.get("channel", ""))).code
        return read_change({**params, "channel": channel}, self._app.on_air.store.slots(channel))

    def _asked(self, params: Mapping[str, Any]) -> tuple[str, datetime, datetime]:
        """Channel and whole local days. Raises NotFound and BadInput."""
        channel = self._app.on_air.store.channel(str(params.get("channel", ""))).code
        since, days = params.get("since", 0), params.get("days", 7)
        if type(since) is not int or type(days) is not int or not 0 < days <= _MOST_DAYS or since < 0:
            raise BadInput(N_("The page that was asked for does not exist."), do=N_("Refresh the list."))
        start = (from_micros(since) if since else self._app.clock.now()).astimezone(VIETNAM)
        start = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return channel, start, start + days * _DAY

    def _aired(self, channel: str, since: datetime, before: datetime) -> list[dict[str, Any]]:
        """As-run of what was planned in the span."""
        first, stop = to_micros(since), to_micros(before)
        facts = Deeds(self._app.database).newest([FactKind.ITEM_AIRED], limit=1_000)
        return [
            {
                "airing": fact.data["airing"],
                "material": fact.data["material"],
                "planned": fact.data["planned_start"],
                "start": fact.data["actual_start"],
                "end": fact.data.get("actual_end", 0),
                "planned_us": fact.data["planned_ticks"] * TICK_US,
                "aired_us": fact.data["aired_ticks"] * TICK_US,
                "status": fact.data["status"],
            }
            for fact in facts
            if fact.data["channel"] == channel and first <= fact.data["planned_start"] < stop
        ]


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding, its sentences to be translated by the console."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "clause": finding.clause,
        "slot": finding.slot,
        "airing": finding.airing,
        "at": finding.at_us,
        "what": plain_message(finding.what),
        "do": plain_message(finding.proposal),
    }


def _named(finding: Finding) -> tuple[str, int, str]:
    """What makes two findings the same although a slot has another id."""
    return finding.code, finding.at_us, str(finding.what)


def _tick(moment: datetime) -> int:
    return to_micros(moment) // TICK_US
