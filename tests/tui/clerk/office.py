"""A station with a post's desk for tests of the clerk's console: a real bus, real keys, and a morning written down."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from PIL import Image, ImageDraw

from delivery.catalogue.kinds import Role
from delivery.clock import Clock, SystemClock
from delivery.errors import BadInput
from delivery.i18n import Translator
from delivery.network.bus.authorise import Method, command, question
from tests.network.bus_support import Station
from tests.tui.studio import NOON, Seat
from tui.clerk.app import ClerkConsole
from tui.shared.entry import Entry
from tui.shared.listing import Listing

MAY = (Role.CLERK, Role.ADMIN)
_CHOICES = (
    "accept",
    "choose",
    "extra",
    "discard",
    "undo",
    "confirm",
    "correct",
    "refuse",
    "envelope",
    "take_in",
)


def sheet_jpeg() -> str:
    """A page with lines of writing and a square in its corner, in base64."""
    page = Image.new("L", (510, 720), 250)
    draw = ImageDraw.Draw(page)
    draw.rectangle((420, 30, 480, 90), fill=20)
    for number in range(18):
        draw.rectangle((40, 120 + 30 * number, 160 + 17 * (number * 7 % 16), 128 + 30 * number), fill=90)
    out = BytesIO()
    page.save(out, "PNG")
    return b64encode(out.getvalue()).decode()


def proposal(kind: str, page: int, why: str, certainty: int, learner: str = "TX260001") -> dict[str, Any]:
    return {
        "kind": kind,
        "why": why,
        "learner": learner,
        "activity": "TK-A1",
        "page": page,
        "certainty": certainty,
    }


def pages() -> list[dict[str, Any]]:
    found = [
        ("framed", [proposal("sheet", 2, "between", 90), proposal("extra", 1, "behind_work", 50)]),
        ("unreadable", [proposal("extra", 0, "behind_return", 75, "TX260007")]),
        ("torn", []),
    ]
    return [
        {
            "id": f"3fa94c21-{3 + n}",
            "file": "scan-0412.pdf",
            "page": 3 + n,
            "pages": 48,
            "reason": reason,
            "proposals": p,
        }
        for n, (reason, p) in enumerate(found)
    ]


def readings() -> list[dict[str, Any]]:
    common = {"course": "TK101", "activity": "TK-A1", "page": 1, "has_crop": True}
    return [
        {**common, "id": "r1", "learner": "TX260001", "use": "choice", "question": 1, "read": "B", "confidence": 987,
         "doubt": "", "state": "proposed"},
        {**common, "id": "r2", "learner": "TX260001", "use": "choice", "question": 2, "read": "", "confidence": 0,
         "doubt": "two", "state": "doubtful"},
        {**common, "id": "r3", "learner": "TX260001", "use": "mark", "question": 0, "read": "8.5", "confidence": 941,
         "doubt": "", "state": "proposed"},
    ]  # fmt: skip


@dataclass
class Office:
    """What the daemon of a test says, and which commands it was given."""

    home: Path
    pages: list[dict[str, Any]] = field(default_factory=pages)
    readings: list[dict[str, Any]] = field(default_factory=readings)
    given: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    gates: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        asked: dict[str, Callable[[dict[str, Any]], Any]] = {
            "returns.status": lambda _p: self._status(),
            "returns.queue": lambda p: {"more": False, "pages": self.pages[p["offset"] :]},
            "returns.readings": lambda p: {"more": False, "readings": self.readings[p["offset"] :]},
            "returns.image": lambda _p: {"jpeg": sheet_jpeg()},
            "returns.crop": lambda _p: {"jpeg": sheet_jpeg()},
            "returns.search": lambda _p: {"learners": [
                {"learner": "L1", "code": "TX260001", "name": "Nguyễn Thị Ánh Tuyết",
                 "works": [{"activity": "TK-A1", "pages": 2}]}]},
            "due.list": lambda _p: {"batches": BATCHES, "folder": "/home/print", "task": None},
            "due.gates": lambda p: {"gates": self.gates if p["batch"] == "TK101-2" else []},
            "due.preview": self._preview,
            "due.trial": lambda p: {**TRIAL, "batch": p["batch"]},
            "post.status": lambda _p: {"now": NOON, "today": 41, "batches": POSTED, "back": BACK},
            "post.look": self._look,
            "learner.find": lambda _p: {"learners": [
                {"learner": "L1", "code": "TX260001", "name": "Nguyễn Thị Ánh Tuyết"},
                {"learner": "L7", "code": "TX260007", "name": "Đặng Quốc Huy"}]},
            "learner.record": lambda _p: RECORD,
        }  # fmt: skip
        commands = [f"returns.{name}" for name in _CHOICES]
        commands += ["due.plan", "due.print", "due.stop", "post.item", "post.undelivered", "learner.reprint"]
        methods: dict[str, Method] = {
            name: question(self._asking(name, answer)) for name, answer in asked.items()
        }
        methods |= {name: command(self._giving(name), MAY) for name in commands}
        self.station = Station(self.home, methods=methods)

    def commands(self) -> list[tuple[str, dict[str, Any]]]:
        return [(name, params) for name, params, _ in self.given]

    def publish(self, topic: str, data: Any) -> None:
        assert self.station.server is not None
        self.station.server.publish(topic, data)

    def _status(self) -> dict[str, Any]:
        return {
            "now": NOON, "waiting": len(self.pages), "readings": len(self.readings), "unopened": 4,
            "totals": {"filed": 1204, "queued": len(self.pages), "duplicate": 12, "blank": 31, "foreign": 2},
            "folder": {"path": "/home/tuxa/scans", "files": 2, "done": 11, "failed": 0}, "task": None,
        }  # fmt: skip

    def _preview(self, params: dict[str, Any]) -> dict[str, Any]:
        file = params.get("file") or "TK101-1-MAIN-001"
        path = "" if file == "specimen" else f"{self.home}/{file}.pdf"
        return {"batch": params["batch"], "files": ["specimen", "TK101-1-MAIN-001"], "file": file, "path": path,
                "page": params.get("page", 1), "pages": 14, "jpeg": sheet_jpeg()}  # fmt: skip

    def _look(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params["text"].startswith("TX1"):
            return {"packet": ""}
        return {"packet": "p1", "batch": "TK101-1", "code": "TX260001", "posted": ""}

    def _asking(self, name: str, answer: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
        def asked(params: Mapping[str, Any], _actor: str) -> Any:
            self.asked.append((name, dict(params)))
            return answer(dict(params))

        return asked

    def _giving(self, name: str) -> Callable[..., Any]:
        def given(params: Mapping[str, Any], actor: str) -> Any:
            if name in self.refuses:
                raise BadInput(
                    "Postal item {item} already stands on another packet.", item=params.get("text", "")
                )
            self.given.append((name, dict(params), actor))
            return self._done(name, dict(params))

        return given

    def _done(self, name: str, params: dict[str, Any]) -> Any:
        if name == "returns.undo":
            self.pages = [*[page for page in pages() if page["id"] == params["id"]], *self.pages]
        elif "id" in params:
            self.pages = [page for page in self.pages if page["id"] != params["id"]]
            self.readings = [one for one in self.readings if one["id"] != params["id"]]
        if name in ("due.print", "returns.take_in"):
            return {"name": params.get("batch", "scans"), "number": 1, "done": 0, "total": 0, "state": "running",
                    "detail": "", "result": {}}  # fmt: skip
        if name == "returns.envelope":
            text = params["text"]
            if text in MISTYPED:
                raise BadInput("“{text}” is not understood.", text=text)
            if text.startswith("2026-"):
                return {"heard": "postmark", "code": "", "postmark": text}
            is_label = text.startswith("TX")
            return {
                "heard": "received" if is_label else "noted",
                "code": "TX260001" if is_label else "",
                "postmark": params["postmark"],
            }
        return {
            "batch": "TK101-1",
            "code": "TX260001",
            "item": params.get("text", ""),
            "replaced": 1,
            "pages": 6,
        }


MISTYPED = ("RR000", "2026-13-20")
BATCHES = [
    {"batch": "TK101-1", "course": "TK101", "send": "2026-11-16", "behind": 2, "unprinted": 0, "unposted": 41,
     "posted": 57, "sites": {"CANTHO": 12, "MAIN": 31}},
    {"batch": "TK101-2", "course": "TK101", "send": "2026-11-23", "behind": 100, "unprinted": 0, "unposted": 0,
     "posted": 0, "sites": {"CANTHO": 38, "MAIN": 62}},
    {"batch": "LS204-A", "course": "LS204", "send": "2026-11-23", "behind": 0, "unprinted": 24, "unposted": 0,
     "posted": 0, "sites": {"BACLIEU": 24}},
]  # fmt: skip
TRIAL = {
    "course": "TK101", "packets": 100, "added": 100, "pages": 1400,
    "parts": [{"title": "Giáo trình, bài 3 và 4", "pages": 9}, {"title": "Bài tập 2", "pages": 3}],
    "mail": [{"count": 100, "grams": 74, "envelope": "C5", "class": "thuong"}], "missing": [],
    "unreachable": [{"code": "TX260031", "text": {"msgid": "no address", "params": {}}}], "doubtful": [],
}  # fmt: skip
POSTED = [
    {"batch": "TK101-1", "course": "TK101", "printed": 98, "posted": 57},
    {"batch": "NV110-1", "course": "NV110", "printed": 60, "posted": 60},
]
BACK = [
    {"packet": "p9", "batch": "NV110-1", "learner": "L9", "code": "TX260044", "item": "RR123456785VN",
     "reason": "moved", "moved": True},
]  # fmt: skip
RECORD = {
    "now": NOON, "learner": "L1", "code": "TX260001", "name": "Nguyễn Thị Ánh Tuyết", "site": "CANTHO", "cohort": "K12",
    "courses": [{"course": "TK101", "name": "Nguyên lý thống kê", "grade": "7.8", "activities": [
        {"activity": "TK-TV1", "title": "Bài giảng 1", "mode": "broadcast", "status": "recorded"},
        {"activity": "TK-A1", "title": "Bài tập 1", "mode": "postal", "status": "incomplete",
         "missing": [2], "late": True},
        {"activity": "TK-Q1", "title": "Trắc nghiệm 1", "mode": "network", "status": "marked", "mark": "8.5"}]}],
    "packets": [
        {"packet": "p1", "batch": "TK101-1", "pages": 14, "state": "posted", "item": "RR473124829VN", "posted": NOON},
        {"packet": "p0", "batch": "TK101-0", "pages": 6, "state": "delivered", "item": "", "posted": NOON}],
}  # fmt: skip


class ClerkSeat(Seat):
    """The clerk's console on a terminal, and the hands of its user."""

    @property
    def section(self) -> Any:
        return self.app.section

    async def scan(self, *lines: str) -> None:
        """A hand scanner: it types, and presses Enter; no key of the person's."""
        for line in lines:
            cast(Entry, self.app.screen.query_one("#scan")).insert_text_at_cursor(line)
            await self.pilot.press("enter")

    async def picture(self) -> None:
        """The picture of the chosen item is there."""
        await self.until(lambda: self.section._shown != "")

    async def given(self, office: Office, name: str) -> dict[str, Any]:
        await self.until(lambda: any(given == name for given, _ in office.commands()))
        return next(params for given, params in reversed(office.commands()) if given == name)

    def rows(self, name: str) -> list[Any]:
        return list(self.app.screen_stack[0].query_one(name, Listing).items)


def sit(
    station: Station,
    act: Callable[[ClerkSeat], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    lang: Any = "vi",
    key: str = "clerk",
    clock: Clock | None = None,
    is_still: bool = False,
) -> None:
    """Open the clerk's console of a station and let `act` use it. `is_still`: its time stands still."""

    async def session() -> None:
        client = station.client(key)
        app = ClerkConsole(
            client, clock=clock or SystemClock(), words=Translator(lang), actor=key,
            now_us=(lambda: NOON) if is_still else None,
        )  # fmt: skip
        async with app.run_test(size=size, notifications=True) as pilot:
            await act(ClerkSeat(cast(Any, app), pilot))
            await asyncio.to_thread(client.close)
            await pilot.pause()

    station.start()
    try:
        asyncio.run(session())
    finally:
        station.stop()
