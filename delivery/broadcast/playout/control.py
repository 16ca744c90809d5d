"""Commands of a technician: previewed, recorded with their actor, then obeyed from the next border between segments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from delivery.broadcast.playout.onair import OnAir
from delivery.broadcast.schedule.byhand import (
    BY_HAND,
    Command,
    Preview,
    Situation,
    back,
    extend,
    hold,
    insert,
    skip,
    slate,
)
from delivery.broadcast.schedule.findings import local_time
from delivery.broadcast.schedule.schedule import tick_at
from delivery.broadcast.schedule.timeline import Timeline, takes_format
from delivery.clock import Clock, to_micros
from delivery.errors import N_, BadInput, GateClosed, NotFound
from delivery.ids import digest_of
from delivery.store.air import TICK_US, Airing, Control
from delivery.units import SEGMENT_TICKS

_BACK = timedelta(hours=12)
_MAX_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Order:
    """What a technician asks for."""

    channel: str
    command: Command
    minutes: int = 5
    """Of hold and extend."""
    material: str = ""
    """Of insert."""
    now: bool = False
    """Insert at the next border, and not when the present programme has ended."""

    @staticmethod
    def of(channel: str, command: str, **options: Any) -> Order:
        """The order of words from outside. Raises BadInput."""
        if command not in set(Command):
            raise BadInput(
                N_("There is no command “{command}” for a channel."),
                do=N_("Use one of: {known}."),
                command=command,
                known=", ".join(Command),
            )
        minutes = options.get("minutes", 5)
        if type(minutes) is not int or not 1 <= minutes <= _MAX_MINUTES:
            raise BadInput(
                N_("“{minutes}” is not a number of minutes."),
                do=N_("Give a whole number from 1 to {most}."),
                minutes=minutes,
                most=_MAX_MINUTES,
            )
        material, now = options.get("material", ""), options.get("now", False)
        return Order(str(channel), Command(command), minutes, str(material), bool(now))


class ControlRoom:
    """Previews and carries out orders."""

    def __init__(self, on_air: OnAir, *, clock: Clock) -> None:
        self._on_air = on_air
        self._clock = clock

    def preview(self, order: Order) -> dict[str, Any]:
        """What the order would do to the day, without doing it. Raises NotFound or Refused."""
        situation = self._situation(order.channel)
        return _described(self._preview(order, situation), situation, done=False)

    def carry_out(self, order: Order, *, actor: str, ident: str = "") -> dict[str, Any]:
        """Do it, under `ident` (the same order twice is one). Raises NotFound or Refused."""
        situation = self._situation(order.channel)
        preview = self._preview(order, situation)
        key = ident or digest_of((order.channel, order.command, str(preview.at_tick), actor))[:20]
        control = Control(key, order.channel, preview.at_tick, str(order.command), actor, preview.effect)
        self._on_air.scheduler.compile(order.channel, until=self._clock.now(), actor=actor, control=control)
        return _described(preview, situation, done=True)

    def _situation(self, channel: str) -> Situation:
        store, now = self._on_air.store, self._clock.now()
        store.channel(channel)
        now_tick = tick_at(now)
        rows = store.rows(channel, since_tick=now_tick - SEGMENT_TICKS)
        airings = store.airings(channel, since_tick=now_tick - SEGMENT_TICKS)
        planned = self._on_air.scheduler.planned(channel, since=now - _BACK)
        return Situation(
            Timeline(channel, rows), {a.id: a for a in airings}, now_tick, {a.id: a for a in planned}
        )

    def _preview(self, order: Order, situation: Situation) -> Preview:
        grain = self._on_air.store.channel(order.channel).grain
        ticks = -(-order.minutes * 60_000_000 // (TICK_US * grain)) * grain
        match order.command:
            case Command.HOLD:
                return hold(situation, ticks=ticks)
            case Command.EXTEND:
                return extend(situation, ticks=ticks)
            case Command.SKIP:
                return skip(situation)
            case Command.SLATE:
                return slate(situation)
            case Command.BACK:
                return back(situation)
        return insert(situation, self._airing(order, situation), now=order.now)

    def _airing(self, order: Order, situation: Situation) -> Airing:
        """The programme to insert: it must be ingested, fit the channel and be approved now (design D7)."""
        now = self._clock.now()
        wanted = self._on_air.scheduler.wanted(order.channel)
        lesson = wanted.lesson_of(order.material)
        if lesson is None:
            raise NotFound(
                N_("{material} has no ingested media."),
                do=N_("Add its file with “tuxa media add”."),
                material=order.material or "-",
            )
        if wanted.gate(order.material, lesson.content, now):
            raise GateClosed(
                N_("{material} may not air: it is not approved for broadcast, or its rights have ended."),
                do=N_("Have the material appraised and approved for broadcast first."),
                material=order.material,
            )
        asset = self._on_air.assets(lesson.asset)
        takes_format(self._on_air.store.channel(order.channel), asset, self._on_air.assets)
        planned = to_micros(now)
        return Airing(
            id=digest_of((order.channel, "by hand", order.material, str(situation.border)))[:20],
            channel=order.channel,
            slot=BY_HAND,
            material=order.material,
            content=lesson.content,
            asset=lesson.asset,
            ticks=lesson.ticks,
            planned_us=planned,
            start_tick=situation.border,
            course=lesson.course,
            activity=lesson.activity,
            unit=lesson.unit,
            rerun=True,
        )


def _described(preview: Preview, situation: Situation, *, done: bool) -> dict[str, Any]:
    """The document that consoles and ``--json`` show."""
    known = {**situation.planned, **situation.airings}

    def name(ident: str) -> str:
        return known[ident].material if ident in known else ident

    return {
        "command": str(preview.command),
        "done": done,
        "at": local_time(preview.at_tick * TICK_US),
        "at_us": preview.at_tick * TICK_US,
        "cut": name(preview.cut) if preview.cut else None,
        "lost": [{"airing": ident, "material": name(ident)} for ident in preview.lost],
        "moved": [
            {
                "airing": airing.id,
                "material": airing.material,
                "from": local_time(airing.start_tick * TICK_US),
                "to": local_time((airing.start_tick + by) * TICK_US),
                "late_s": round(by * TICK_US / 1_000_000, 2),
            }
            for airing, by in preview.moves(situation)
        ],
        "joined": [
            {"material": name(base), "at": local_time(start * TICK_US)}
            for base, start, _ in preview.effect.joined.values()
        ],
        "slate": [
            {"from": local_time(first * TICK_US), "to": local_time(stop * TICK_US)}
            for first, stop in preview.effect.blocked
        ],
    }
