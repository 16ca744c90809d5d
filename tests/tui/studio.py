"""A station with television and radio for tests of the consoles: a real bus, real keys, and a day that is written down.

What it is asked and told is kept. Its time stands still where pictures must repeat themselves.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from math import sin
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual.pilot import Pilot

from delivery.catalogue.kinds import Role
from delivery.clock import VIETNAM, SystemClock, to_micros
from delivery.i18n import Translator
from delivery.ids import SystemIds
from delivery.network.bus.authorise import command, question
from delivery.network.bus.keys import authorize, new_key_pair
from tests.network.bus_support import Station
from tui.shared.drawn import Drawn
from tui.shared.keys import Choices
from tui.shared.listing import Listing
from tui.technician.app import TechnicianConsole
from tui.technician.grid import Grid

CLOCK = SystemClock()
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = to_micros(datetime(2026, 11, 23, 12, tzinfo=VIETNAM))
"""Monday 23 November 2026, 12:00 in Viet Nam."""
MONDAY = NOON - 12 * HOUR
MAY = (Role.TECHNICIAN, Role.ADMIN)


def peer(name: str, *, up: bool = True) -> dict[str, Any]:
    return {"name": name, "up": up, "dropped": 0}


def channel(code: str = "TV1", *, at: int = 0, **fields: Any) -> dict[str, Any]:
    """A channel a minute into its programme, at that moment or now."""
    at = at or to_micros(CLOCK.now())
    return {
        "channel": code,
        "name": f"Kênh {code}",
        "kind": "tv",
        "state": "on_air",
        "by_hand": "",
        "now": {
            "title": f"Bài 1 của {code}",
            "start": at - 60 * SECOND,
            "end": at + 90 * SECOND,
            "kind": "lesson",
            "course": "TOAN101",
            "unit": 1,
        },
        "next": [
            {
                "title": f"Bài {n} của {code}",
                "start": at + n * 90 * SECOND,
                "end": at + (n + 1) * 90 * SECOND,
                "ready": n != 3,
                "reason": reason,
            }
            for n, reason in ((2, ""), (3, {"msgid": "not approved for broadcast", "params": {}}), (4, ""))
        ],
        "health": {
            "bit_rate": 3_008_000,
            "ready_s": 48 * 3600,
            "late": 0,
            "worst_ms": 4.2,
            "replaced": 0,
            "peers": [peer("udp://239.1.1.1:5000"), peer("srt://phat.example:9000")],
        },
        "loudness": {
            "start": at - 2 * SECOND,
            "step_us": 100_000,
            "momentary": [-23.4 + 3 * sin(n / 4) for n in range(58)],
            "programme": -23.1,
            "target": -23.0,
        },
        "alerts": [],
        **fields,
    }


def job(ident: str = "j1", **fields: Any) -> dict[str, Any]:
    known = {
        "id": ident,
        "queue": "",
        "asset": f"asset-{ident}",
        "file": f"{ident}.mp4",
        "material": ident.upper(),
        "title": f"Bài {ident}",
        "course": "TOAN101",
        "unit": 1,
        "kind": "tv",
        "fraction": 1.0,
        "stage": "",
        "left_s": None,
        "verdict": "pass",
        "problems": [],
        "approval": "",
        "changed": NOON,
    }
    return {**known, **fields}


def programme(ident: str, start: int, minutes: float, title: str, **fields: Any) -> dict[str, Any]:
    known = {
        "airing": ident,
        "slot": f"slot-{ident.partition('.')[0]}",
        "start_us": start,
        "end_us": start + round(minutes * MINUTE),
        "planned_us": start,
        "title": title,
        "material": ident.upper(),
        "course": "TOAN101",
        "unit": 2,
        "rerun": False,
        "card": True,
    }
    return {**known, **fields}


def finding(code: str, at: int, what: str, do: str, **fields: Any) -> dict[str, Any]:
    known = {"code": code, "severity": "error", "clause": "", "slot": "", "airing": "", "at": at}
    return {**known, "what": {"msgid": what, "params": {}}, "do": {"msgid": do, "params": {}}, **fields}


def slot(ident: str, start: int, rule: str = "", **fields: Any) -> dict[str, Any]:
    known = {
        "slot": f"slot-{ident}",
        "channel": "TV1",
        "start": start,
        "rule": rule,
        "materials": [ident.upper()],
        "rerun": False,
        "course": "TOAN101",
        "activity": "",
        "unit": 2,
        "except": [],
        "also": [],
        "skip_holidays": True,
        "minutes": 0,
        "whole_course": False,
        "makes_good": "",
    }
    return {**known, **fields}


def strip_jpeg() -> str:
    """Ten small pictures side by side, in base64."""
    image = Image.new("RGB", (640, 36))
    for x in range(640):
        for y in range(36):
            image.putpixel((x, y), (x * 255 // 640, y * 7, 255 - x // 64 * 25))
    out = BytesIO()
    image.save(out, "PNG")
    return b64encode(out.getvalue()).decode()


@dataclass
class Studio:
    """What the daemon of a test says, what it was asked, and which commands it was given."""

    home: Path
    channels: list[dict[str, Any]] = field(
        default_factory=lambda: [channel("TV1"), channel("R1", kind="radio")]
    )
    jobs: list[dict[str, Any]] = field(default_factory=lambda: [job()])
    alerts: list[dict[str, Any]] = field(default_factory=list)
    programmes: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    aired: list[dict[str, Any]] = field(default_factory=list)
    slots: list[dict[str, Any]] = field(default_factory=list)
    makegoods: list[dict[str, Any]] = field(default_factory=list)
    effect: dict[str, Any] = field(default_factory=dict)
    trial: dict[str, Any] = field(default_factory=lambda: {"new": [], "gone": []})
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    given: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    ahead_s: float = 0.0
    now_us: int | None = None
    """Where the station's time stands still; it goes on as usual where this is None."""

    def last_asked(self, word: str) -> dict[str, Any]:
        """The newest question that had this parameter: screens also ask by themselves, again and again."""
        return next(params for _, params in reversed(self.asked) if word in params)

    def __post_init__(self) -> None:
        asked = {
            "channels.status": lambda _p: {"now": self.now(), "playout": True, "channels": self.channels},
            "ingest.status": self._jobs,
            "ingest.inbox": lambda _p: {
                "folder": "/home/inbox",
                "files": [{"file": "toan101-u2.mp4", "bytes": 812_000_000, "changed": NOON}],
                "materials": [
                    {"material": "TV-U1", "title": "Giới hạn", "course": "TOAN101", "unit": 1, "kind": "tv"},
                    {
                        "material": "TOAN101-U2",
                        "title": "Đạo hàm",
                        "course": "TOAN101",
                        "unit": 2,
                        "kind": "tv",
                    },
                ],
            },
            "ingest.report": self._report,
            "ingest.pictures": lambda _p: {
                "jpeg": strip_jpeg(),
                "count": 10,
                "width": 64,
                "height": 36,
                "step_s": 60.0,
            },
            "profiles.list": lambda _p: {"profiles": PROFILES},
            "schedule.span": self._span,
            "schedule.slots": lambda _p: {"slots": self.slots},
            "schedule.materials": lambda _p: {"materials": MATERIALS},
            "schedule.occurrences": lambda p: {
                "rule": p["slot"]["rule"],
                "starts": [p["slot"]["start"] + n * 7 * DAY for n in range(4)],
            },
            "schedule.preview": lambda p: {
                "remove": [s for s in self.slots if s["slot"] in p.get("remove", [])],
                "add": [{**slot("new", MONDAY), **one} for one in p.get("add", [])],
                **self.trial,
            },
            "schedule.makegoods": lambda _p: {"makegoods": self.makegoods},
            "channel.preview": lambda p: {
                "command": p["command"],
                "done": False,
                "at_us": self.now() + 4 * SECOND,
                "moved": [],
                "lost": [],
                "slate": [],
                "joined": [],
                "cut": None,
                **self.effect,
            },
            "alerts.list": lambda _p: {"alerts": self.alerts},
            "log.deeds": lambda _p: {"deeds": DEEDS},
            "log.lines": lambda _p: {"lines": LINES},
        }
        commands = ("channel.hold", "channel.skip", "channel.extend", "channel.insert", "channel.slate")
        commands += ("channel.back", "ingest.add", "ingest.cancel", "ingest.approve", "ingest.refuse")
        commands += ("schedule.change", "schedule.compile", "schedule.daysheet", "alert.acknowledge")
        methods = {name: question(self._asking(name, answer)) for name, answer in asked.items()}
        methods |= {name: command(self._giving(name), MAY) for name in commands}
        self.station = Station(self.home, methods=methods)

    def now(self) -> int:
        if self.now_us is not None:
            return self.now_us
        return to_micros(CLOCK.now()) + int(self.ahead_s * SECOND)

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    def commands(self) -> list[tuple[str, dict[str, Any]]]:
        return [(name, params) for name, params, _ in self.given]

    def publish(self, topic: str, data: Any) -> None:
        assert self.station.server is not None
        self.station.server.publish(topic, data)

    def _asking(self, name: str, answer: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
        def asked(params: Mapping[str, Any], _actor: str) -> Any:
            self.asked.append((name, dict(params)))
            return answer(dict(params))

        return asked

    def _giving(self, name: str) -> Callable[..., Any]:
        def given(params: Mapping[str, Any], actor: str) -> Any:
            self.given.append((name, dict(params), actor))
            return self._done(name, dict(params), actor)

        return given

    def _done(self, name: str, params: dict[str, Any], actor: str) -> Any:
        if name == "schedule.change":
            removed = [s for s in self.slots if s["slot"] in params.get("remove", [])]
            added = [{**slot("new", MONDAY), **one, "slot": "slot-new"} for one in params.get("add", [])]
            if move := params.get("move"):
                removed = [s for s in self.slots if s["slot"] == move["slot"]]
                added = [{**s, "slot": "slot-moved", "start": move["to"]} for s in removed]
            return {"channel": params["channel"], "removed": removed, "added": added}
        if name == "schedule.compile":
            one = {
                "channel": params["channel"],
                "placed": 12,
                "end": NOON + 2 * DAY,
                "rows": 40,
                "new_rows": 3,
            }
            return {"channels": [{**one, "findings": self.findings}]}
        if name == "schedule.daysheet":
            return {"file": "/home/print/daysheets/TV1-2026-11-23.pdf", "programmes": 3}
        if name == "ingest.add":
            return job("q1", queue="q1", asset="", verdict="", fraction=0.0, file=params["file"])
        if name == "alert.acknowledge":
            self.alerts = [
                {**one, "acknowledged_by": actor} if one["id"] == params["id"] else one for one in self.alerts
            ]
        return {"at_us": self.now() + 4 * SECOND, "done": True, **params}

    def _jobs(self, params: dict[str, Any]) -> dict[str, Any]:
        offset = params["offset"]
        fresh = [one for one in self.jobs if one["changed"] >= params["since"]]
        page = fresh[offset : offset + 500]
        told = {
            "now": self.now(),
            "total": len(self.jobs),
            "more": len(page) == 500,
            "next": offset + len(page),
        }
        return {**told, "jobs": page}

    def _span(self, params: dict[str, Any]) -> dict[str, Any]:
        since, before = params["since"], params["since"] + params["days"] * DAY
        return {
            "now": self.now(),
            "frozen": self.now() + MINUTE,
            "channel": params["channel"],
            "since": since,
            "before": before,
            "programmes": [p for p in self.programmes if since <= p["start_us"] < before],
            "findings": [f for f in self.findings if since <= f["at"] < before],
            "aired": self.aired,
        }

    def _report(self, params: dict[str, Any]) -> dict[str, Any]:
        verdict = next((one["verdict"] for one in self.jobs if one["asset"] == params["of"]), "pass")
        return {
            "file": "x.mp4", "kind": "tv", "profile": "tv720p25/3", "verdict": verdict, "target_lufs": -23.0,
            "length_s": 1630.0, "loudness_lufs": -18.4, "true_peak_dbtp": -0.6, "has_pictures": True,
            "made": {"duration_ticks": 5094, "loudness_lufs": -23.0, "true_peak_dbtp": -1.4},
            "peak_dbfs": [-6 + 5 * sin(n / 9) - 14 * (40 < n < 55) for n in range(200)],
            "short_term_lufs": [-70.0] * 4 + [-22 + 4 * sin(n / 11) - 18 * (40 < n < 55) for n in range(196)],
            "fixes": [{"msgid": "Loudness corrected by {gain} dB.", "params": {"gain": "-4.6"}}],
            "findings": [
                {
                    "code": "silence", "severity": "warning", "from_s": 320.0, "to_s": 410.0,
                    "text": {
                        "msgid": "No sound from {from} to {to}.",
                        "params": {"from": "00:05:20", "to": "00:06:50"},
                    },
                    "do": {"msgid": "Listen there, and record it again where it disturbs.", "params": {}},
                }
            ],
        }  # fmt: skip


MATERIALS = [
    {"material": "TOAN101-U2", "title": "Đạo hàm", "course": "TOAN101", "unit": 2, "length": 1630 * SECOND, "gate": ""},
    {"material": "TOAN101-U3", "title": "Tích phân", "course": "TOAN101", "unit": 3, "length": 1500 * SECOND,
     "gate": "unapproved"},
]  # fmt: skip
PROFILES = [
    {"name": "tv720p25", "version": 3, "kind": "tv", "usual": True, "target_lufs": -23.0, "transmitter": 3_008_000,
     "rungs": [{"name": "720p", "audio_kbps": 128, "width": 1280, "height": 720, "max_kbps": 2200}]},
]  # fmt: skip
DEEDS = [
    {"id": "d1", "kind": "AirControlled", "at": NOON - 5 * MINUTE, "actor": "technician", "course": "",
     "text": {"msgid": "{channel}: {command} by hand", "params": {"channel": "TV1", "command": "skip"}}},
    {"id": "d2", "kind": "MaterialApproved", "at": NOON - HOUR, "actor": "QL01", "course": "TOAN101",
     "text": {"msgid": "{material} approved, decision {decision}", "params": {"material": "J1", "decision": "QĐ-7"}}},
]  # fmt: skip
LINES = [
    {"log": "playout", "at": "2026-11-23T04:58:01.2Z", "level": "warning", "event": "compile-findings",
     "rest": "count=2"},
    {"log": "portal", "at": "2026-11-23T04:57:59.0Z", "level": "info", "event": "started", "rest": "service=portal"},
]  # fmt: skip


@dataclass
class Seat:
    """A console on a terminal, and the hands of its user."""

    app: TechnicianConsole
    pilot: Pilot[None]
    pressed: int = 0

    async def press(self, *keys: str) -> None:
        self.pressed += len(keys)
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.press(*text)

    def screen(self) -> str:
        """All text that is drawn now, of the section and of any dialog."""
        out = []
        for screen in self.app.screen_stack:
            for widget in screen.query("*"):
                if not widget.is_on_screen or not widget.display:
                    continue
                if isinstance(widget, Listing | Grid):
                    lines = [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]
                    out.append("\n".join(lines))
                elif isinstance(widget, Drawn):
                    out.append(widget.render().plain)
        return "\n".join(out)

    async def until(self, condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while loop.time() < end:
            if condition():
                return
            await asyncio.sleep(0.1)
        pytest.fail(
            f"never came; the screen says:\n{self.screen()}\n{[n.message for n in self.app._notifications]}"
        )

    async def sees(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.screen() for text in texts))

    async def sees_no(self, text: str) -> None:
        await self.until(lambda: text not in self.screen())

    async def is_told(self, text: str) -> None:
        await self.until(lambda: any(text in note.message for note in self.app._notifications))

    async def dialog(self, name: str) -> None:
        await self.until(lambda: type(self.app.screen).__name__ == name)

    async def no_dialog(self) -> None:
        await self.until(lambda: len(self.app.screen_stack) == 1)

    async def gave(self, studio: Studio, name: str) -> dict[str, Any]:
        """Wait for a command, and return what it said."""
        await self.until(lambda: any(given == name for given, _ in studio.commands()))
        return next(params for given, params in reversed(studio.commands()) if given == name)


def sit(
    studio: Studio,
    act: Callable[[Seat], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    lang: Any = "vi",
    key: str = "technician",
    started: bool = True,
    choices: Choices | None = None,
) -> None:
    """Open a console of `studio` and let `act` use it. `key`: whose key it has; ``stranger`` is in no book."""

    async def session() -> None:
        client = studio.station.client(key) if key in ("technician", "clerk") else None
        if client is None:
            keys = new_key_pair(SystemIds())
            if key == "manager":
                authorize(studio.station.keys_dir, key, public=keys.public, actor=key, roles=[Role.MANAGER])
            client = studio.station.client(keys=keys)
        fixed = (lambda: studio.now()) if studio.now_us is not None else None
        app = TechnicianConsole(
            client,
            clock=CLOCK,
            words=Translator(lang),
            actor=key if key != "stranger" else "technician",
            choices=choices,
            now_us=fixed,
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            await act(Seat(app, pilot))
            # The harness takes the screen down beside the app's own loop: let what is under way arrive first.
            await asyncio.to_thread(client.close)
            await pilot.pause()

    if started:
        studio.station.start()
    try:
        asyncio.run(session())
    finally:
        studio.station.stop()
