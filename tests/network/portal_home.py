"""A small real home behind a real portal: two learners, one course, packets of two sheets, served on loopback."""

from __future__ import annotations

import atexit
import io
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import qrcode
from fastapi import FastAPI
from PIL import Image
from sqlmodel import SQLModel

from delivery.catalogue.kinds import (
    ActivityKind,
    ComponentKind,
    DeliveryMode,
    EmploymentKind,
    MaterialKind,
    MaterialRole,
    Role,
)
from delivery.catalogue.model import (
    Activity,
    Catalogue,
    Component,
    Course,
    Institution,
    Material,
    Person,
    Unit,
)
from delivery.clock import ManualClock, to_micros
from delivery.errors import N_, Refused
from delivery.ids import SeededIds, SystemIds, content_address, fact_id
from delivery.network.web.app import create_portal
from delivery.network.web.server import make_server
from delivery.network.web.services import OnAir, PortalServices, Programme
from delivery.network.web.uploads import MAX_FILE_BYTES
from delivery.postal.incoming.scan import read_codes
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token
from delivery.settings import Settings
from delivery.store.api_tokens import ApiTokens
from delivery.store.blobs import Blobs
from delivery.store.course_facts import CourseFacts
from delivery.store.credentials import Credentials
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.keys import SiteKeys, ensure_keys, load_keys
from delivery.store.learners import Learners
from delivery.store.marks import Marks
from delivery.store.materials import Materials
from delivery.store.opinions import Opinions
from delivery.store.participation import Participation
from delivery.store.records import Records
from delivery.store.scans import Scans
from delivery.store.seen import Seen
from delivery.store.sheets import Sheets
from delivery.store.submissions import Submissions
from delivery.store.tables import core as _core  # noqa: F401 - registers the tables
from delivery.store.teaching import Teaching
from delivery.store.threads import Threads
from delivery.store.uploads import Uploads
from delivery.store.vault import Vault

NOW = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)  # 09:15 in Viet Nam
DUE = date(2026, 11, 30)
AN, BINH = "SV001", "SV002"
AIR_CODE = "ABC123"
COVER = 9
"""Stands for the cover of a packet where a page number is asked for."""

LECTURER, SECOND = "GV01", "GV02"
STAFF = (
    (LECTURER, "Lê Thị Hằng", Role.LECTURER),
    (SECOND, "Trần Quốc Khải", Role.LECTURER),
    ("VT01", "Bùi Mỹ Lệ", Role.CLERK),
    ("KT01", "Dương Nhật Trường", Role.TECHNICIAN),
    ("QL01", "Huỳnh Ngọc Ẩn", Role.MANAGER),
    ("QT01", "Hồ Đắc Thắng", Role.ADMIN),
)
STUDY, WORK = "CNTT101-M1", "CNTT101-A2"
UNAPPROVED, POST_ONLY, LOST, PICTURE = "CNTT101-M2", "CNTT101-M3", "CNTT101-M4", "CNTT101-M5"
FOREIGN_STUDY, FOREIGN_WORK = "CNTT102-M1", "CNTT102-A1"
TEXT = """# Hệ đếm nhị phân

## 1. Bit và byte

Máy tính dùng *hai* chữ số: **0** và **1**. <script>alert("x")</script>
[Xem thêm](javascript:alert(1)) ![Bảng mã](https://example.com/theo-doi.png)

| Thập phân | Nhị phân |
|---|---|
| 5 | 101 |
"""
TASK_TEXT = "Đổi số 13 sang hệ nhị phân. Trình bày từng bước.\n"


def _material(code: str, text: str, title: str, file: str) -> Material:
    content = content_address(text.encode())
    modes = (DeliveryMode.NETWORK,)
    kind, role = MaterialKind.DIGITAL, MaterialRole.MAIN
    return Material(code, "CNTT101", 1, kind, role, modes, title, "GV01", content=content, file=file)


def _reading(code: str, material: str, *, course: str = "CNTT101") -> Activity:
    kind, mode = ActivityKind.MATERIAL, DeliveryMode.NETWORK
    return Activity(course, code, 1, kind, mode, f"Học {material}", 90, material=material)


CATALOGUE = Catalogue(
    Institution("DHM", "Đại học Mẫu"),
    people={code: Person(code, name, (role,), EmploymentKind.PERMANENT) for code, name, role in STAFF},
    units={("CNTT101", n): Unit("CNTT101", n, title) for n, title in ((1, "Hệ đếm"), (2, "Đổi cơ số"))},
    courses={
        "CNTT101": Course(
            "CNTT101", "P1", "Nhập môn Tin học", Decimal(3), DeliveryMode.POSTAL, lecturer=LECTURER
        ),
        "CNTT102": Course("CNTT102", "P1", "Mạng máy tính", Decimal(3), DeliveryMode.NETWORK),
    },
    materials={
        item.code: item
        for item in (
            _material("HL1", TEXT, "Hệ đếm nhị phân", "hl1.md"),
            _material("HL2", "Bản thảo", "Bản thảo", "hl2.md"),
            _material("HL3", "Chỉ gửi thư", "Chỉ gửi thư", "hl3.md"),
            _material("HL4", "Tệp đã mất", "Tệp đã mất", "hl4.md"),
            _material("HL5", "PDF", "Tờ tranh", "hl5.pdf"),
            _material("BT2", TASK_TEXT, "Đề bài tập 2", "bt2.txt"),
        )
    },
    components={
        ("CNTT101", "QT"): Component("CNTT101", "QT", "Quá trình", ComponentKind.PROCESS, Decimal(40)),
        ("CNTT101", "CK"): Component("CNTT101", "CK", "Cuối kỳ", ComponentKind.FINAL, Decimal(60)),
    },
    activities={
        item.code: item
        for item in (
            Activity(
                "CNTT101",
                "CNTT101-S1",
                1,
                ActivityKind.SESSION,
                DeliveryMode.BROADCAST,
                "Bài giảng 1: Máy tính",
                45,
            ),
            Activity(
                "CNTT101",
                "CNTT101-A1",
                1,
                ActivityKind.ASSIGNMENT,
                DeliveryMode.POSTAL,
                "Bài tập 1: Hệ đếm nhị phân",
                120,
                "QT",
                DUE,
            ),
            Activity(
                "CNTT101",
                "CNTT101-C1",
                1,
                ActivityKind.CONSULTATION,
                DeliveryMode.NETWORK,
                "Hỏi đáp tuần 1",
                30,
            ),
            _reading(STUDY, "HL1"),
            _reading(UNAPPROVED, "HL2"),
            _reading(POST_ONLY, "HL3"),
            _reading(LOST, "HL4"),
            _reading(PICTURE, "HL5"),
            _reading(FOREIGN_STUDY, "HL1", course="CNTT102"),
            *(
                Activity(
                    course,
                    code,
                    2,
                    ActivityKind.ASSIGNMENT,
                    DeliveryMode.NETWORK,
                    "Bài tập 2: Đổi cơ số",
                    60,
                    "QT",
                    DUE,
                    "BT2",
                )
                for course, code in (("CNTT101", WORK), ("CNTT102", FOREIGN_WORK))
            ),
        )
    },
)


@dataclass
class PortalHome:
    """Everything behind one portal, and what a person would have in hand."""

    services: PortalServices
    facts: FactLog
    database: Database
    clock: ManualClock
    keys: SiteKeys
    base_url: str = ""

    def learner(self, code: str) -> str:
        return self.keys.learner_id(code)

    def token(self, code: str, page: int = 1) -> str:
        return page_token(page_id(code, page), self.keys.codes)

    def url(self, code: str, page: int = 1) -> str:
        return f"{self.base_url}/q/{self.token(code, page)}"

    def photo(self, code: str, page: int = 1, *, seed: int = 0) -> bytes:
        """A photograph of a sheet, as JPEG."""
        return draw_photo([f"http://sheets.example/q/{self.token(code, page)}"], seed=seed)

    def fact_count(self) -> int:
        return sum(1 for _ in self.facts.select())


def page_id(code: str, page: int) -> str:
    """Page id of a learner's sheet."""
    return f"{(AN, BINH).index(code):04x}{page:08x}"


def side_id(code: str, page: int) -> str:
    """Side id of a learner's sheet."""
    return f"{(AN, BINH).index(code):02x}{page:08x}"


def draw_photo(codes: list[str], *, seed: int = 0, size: tuple[int, int] = (900, 1200)) -> bytes:
    """A grey picture with the given codes on it; another `seed` makes another picture of the same sheet."""
    return _drawn(tuple(codes), seed, size)


@cache
def _drawn(codes: tuple[str, ...], seed: int, size: tuple[int, int]) -> bytes:
    picture = Image.new("RGB", size, (236, 234, 228))
    picture.paste((200, 190, 180 - seed % 100), (40, 700, 400, 760))
    for number, text in enumerate(codes):
        code = qrcode.QRCode(border=4, box_size=6)
        code.add_data(text)
        image = code.make_image().get_image().convert("RGB")
        picture.paste(image, (size[0] - image.width - 40, 40 + number * 500))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def as_pdf(photos: list[bytes]) -> bytes:
    """The pictures as pages of one PDF."""
    pages = [Image.open(io.BytesIO(photo)) for photo in photos]
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=110)
    return out.getvalue()


def more_than_it_says() -> bytes:
    """A PDF of two pages that claims to have one."""
    return as_pdf([draw_photo([], size=(300, 400))] * 2).replace(b"/Count 2", b"/Count 1")


@contextmanager
def portal_home(
    folder: Path, *, max_bytes: int = MAX_FILE_BYTES, database_url: str = "", **changes: Any
) -> Iterator[PortalHome]:
    """A home in `folder`, not yet served. `changes` replace fields of its services."""
    clock, ids = ManualClock(NOW), SeededIds(7)
    settings = Settings(home=folder, lang="vi", database=database_url)
    if database_url:
        _prepare(settings)
    else:
        shutil.copytree(_template(), folder, dirs_exist_ok=True)
    database = Database(settings.database_url)
    keys = load_keys(settings.keys_dir)
    vault = Vault(database, keys.master, ids)
    facts = FactLog(database, vault, site="MAIN", signing=keys.signing, clock=clock)
    learners, sheets = Learners(database, keys), Sheets(database)
    blobs = Blobs(settings.blobs_url)
    scans = Scans(database, blobs, vault)
    records = Records(database, default_profile=settings.profile, site="MAIN")
    materials = Materials(database, facts, clock)
    participation = Participation(facts, learners, clock)
    course_facts = CourseFacts(database)

    def account_of(code: str) -> str | None:
        return learners.find(code) or (f"staff:{code}" if code in CATALOGUE.people else None)

    with ThreadPoolExecutor(1) as executor:
        services = PortalServices(
            settings=settings,
            clock=clock,
            ids=ids,
            credentials=Credentials(database, clock, ids, find=account_of),
            tokens=ApiTokens(database, clock, ids),
            uploads=Uploads(folder / "uploads", keys.master, clock, SystemIds(), max_bytes=max_bytes),
            teaching=Teaching(facts, course_facts, learners, vault, clock, ids),
            threads=Threads(facts, course_facts, learners, vault, clock),
            opinions=Opinions(facts, course_facts, learners, vault, clock),
            course_facts=course_facts,
            marks=Marks(facts, learners, clock, default_profile=settings.profile),
            scans=scans,
            seen=Seen(facts, learners, clock),
            code_keys=lambda: keys.codes,
            sheets=sheets,
            submissions=Submissions(database, facts, sheets, learners, scans),
            facts=facts,
            catalogue=lambda: CATALOGUE,
            executor=executor,
            read_page_image=read_codes,
            on_air=_on_air,
            claim_attendance=lambda learner, code: _claim(facts, learner, code),
            record_of=lambda learner: records.show(learner, home.services.catalogue()),
            courses_of=learners.courses_of,
            read_blob=blobs.get,
            is_approved=lambda material, content: materials.approved(
                material, content=content, mode=DeliveryMode.NETWORK
            ),
            record_participation=lambda learner, activity, minutes, opened_us: participation.record(
                learner,
                activity,
                minutes=minutes,
                opened_us=opened_us,
                catalogue=home.services.catalogue(),
            ),
            record_watched=lambda learner, activity, minutes, opened_us, ended: participation.record_watched(
                learner,
                activity,
                minutes=minutes,
                opened_us=opened_us,
                ended=ended,
                catalogue=home.services.catalogue(),
            ),
            learners_of=lambda course: [ref.id for ref in learners.of_course(course)],
            profiles=lambda wanted: vault.profiles(list(wanted)),
            export_of=lambda learner: {"facts": [fact.as_json() for fact in facts.select(learner=learner)]},
        )
        home = PortalHome(replace(services, **changes), facts, database, clock, keys)
        yield home
    database.close()


@contextmanager
def served(home: PortalHome, *, proxies: str = "", alone: bool = False) -> Iterator[PortalHome]:
    """The home's portal on a free loopback port.

    Building the application takes longer than most tests, so that one of them serves, one after the other, all homes of
    a test process; `alone` gives the home an application of its own, with counts and limits that nobody else has used.
    """
    if not alone and not proxies and not home.services.routers:
        home.base_url = _stage().show(home)
        yield home
        return
    with _running(create_portal(home.services), proxies=proxies) as home.base_url:
        yield home


@contextmanager
def _running(app: FastAPI, *, proxies: str = "") -> Iterator[str]:
    """The address of an application that is served on a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = make_server(app, host="127.0.0.1", port=port, proxies=proxies)
        listening = threading.Event()
        startup = server.startup

        async def startup_and_tell(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            listening.set()

        server.startup = startup_and_tell  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        assert listening.wait(20)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


class _Stage:
    """One portal, behind which homes take turns: it asks for each service when it needs it."""

    def __init__(self) -> None:
        self.home: PortalHome | None = None
        self._base_url = ""

    def _build(self) -> str:
        names = {field.name for field in fields(PortalServices)} - {
            "slow",
            "secrets",
            "routers",
            "hls_js",
            "regulation",
        }
        parts: dict[str, Any] = {name: _Part(self, name) for name in names}
        running = _running(create_portal(PortalServices(**parts)))
        atexit.register(running.__exit__, None, None, None)
        return running.__enter__()

    def show(self, home: PortalHome) -> str:
        """The address at which `home` is served from now on."""
        # What the portal limits or keeps for a while is past.
        before = self.home.clock.elapsed if self.home else 0.0
        home.clock.elapsed = before + 100_000
        self.home = home
        self._base_url = self._base_url or self._build()
        return self._base_url


class _Part:
    """A service of whichever home is on the stage."""

    def __init__(self, stage: _Stage, name: str) -> None:
        self._stage = stage
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now(), name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._now()(*args, **named)

    def _now(self) -> Any:
        assert self._stage.home is not None
        return getattr(self._stage.home.services, self._name)


_stage = cache(_Stage)


@cache
def _template() -> Path:
    """A home with the term told and a PIN for each learner, made once per process and copied for each test."""
    made = tempfile.TemporaryDirectory(prefix="tuxa-portal-")
    atexit.register(made.cleanup)
    folder = Path(made.name)
    _prepare(Settings(home=folder))
    return folder


def _prepare(settings: Settings) -> None:
    """Make the tables, and tell the term."""
    ids = SeededIds(1)
    database = Database(settings.database_url)
    SQLModel.metadata.create_all(database.engine)
    keys = ensure_keys(settings.keys_dir, ids)
    clock = ManualClock(NOW)
    facts = FactLog(
        database, Vault(database, keys.master, ids), site="MAIN", signing=keys.signing, clock=clock
    )
    facts.append(told_term(keys))
    _publish(Materials(database, facts, clock), Blobs(settings.blobs_url))
    database.close()


def told_term(keys: SiteKeys) -> Iterator[Draft]:
    for code, name in ((AN, "Nguyễn Văn An"), (BINH, "Trần Thị Bình")):
        learner = keys.learner_id(code)
        cover = [page_id(code, COVER), side_id(code, COVER), "cover", "", 1, 1]
        sheets = [cover] + [
            [page_id(code, page), side_id(code, page), "assignment", "CNTT101-A1", page, 2] for page in (1, 2)
        ]
        told: list[tuple[FactKind, str, dict[str, Any], dict[str, Any] | None]] = [
            (
                FactKind.LEARNER_REGISTERED,
                "",
                {"cohort": "K1", "site": "MAIN"},
                {"code": code, "full_name": name},
            ),
            (FactKind.COURSE_ENROLLED, "CNTT101", {"cohort": "K1"}, None),
            (
                FactKind.PACKET_PLANNED,
                "CNTT101",
                {"packet": f"PK{code}", "batch": "B1", "sheets": sheets},
                None,
            ),
        ]
        for kind, course, data, private in told:
            yield Draft(
                fact_id(kind, data.get("packet", learner)),
                kind,
                to_micros(NOW),
                "clerk",
                data,
                audience="MAIN",
                learner=learner,
                course=course,
                private=private,
            )


def _publish(materials: Materials, blobs: Blobs) -> None:
    """Approve the materials: HL2 not at all, HL3 for post only; of HL4 the file is lost."""
    for text in (TEXT, "Bản thảo", "Chỉ gửi thư", "PDF", TASK_TEXT):
        blobs.put(text.encode())
    for material in CATALOGUE.materials.values():
        if material.code == "HL2":
            continue
        mode = DeliveryMode.POSTAL if material.code == "HL3" else DeliveryMode.NETWORK
        code, content = material.code, material.content
        materials.appraise(code, content=content, minutes="BB1", actor="TD01")
        materials.approve(
            code, content=content, modes=(mode,), decision="QĐ1", signer="QL01", author=material.author
        )


def _on_air() -> list[OnAir]:
    start = NOW - timedelta(minutes=15)
    end = start + timedelta(minutes=45)
    lesson = Programme("Bài giảng 1: Máy tính", "CNTT101", start, end)
    later = Programme("Bài giảng 2: Mạng máy tính", "CNTT101", end, end + timedelta(minutes=30))
    return [
        OnAir("tv1", "Truyền hình Mẫu 1", "tv", "/hls/tv1/master.m3u8", lesson, later),
        OnAir("radio1", "Phát thanh Mẫu", "radio", "/hls/radio1/master.m3u8", None, later),
    ]


def _claim(facts: FactLog, learner: str, code: str) -> str:
    if code.upper() != AIR_CODE:
        raise Refused(N_("This code is not right or no longer valid."), do=N_("Check the code."))
    kind = FactKind.ATTENDANCE_RECORDED
    draft = Draft(
        fact_id(kind, learner, "airing-1"),
        kind,
        to_micros(NOW),
        f"learner:{learner}",
        {"airing": "airing-1", "method": "code", "minutes": 45},
        audience="MAIN",
        learner=learner,
        course="CNTT101",
        activity="CNTT101-S1",
        mode="broadcast",
    )
    facts.append([draft], once=True)
    return str(draft.id)


class Phone:
    """A browser without JavaScript, as far as the portal can tell: cookies, and forms sent back with what they hold."""

    def __init__(self, home: PortalHome) -> None:
        self.home = home
        headers = {"sec-fetch-site": "same-origin"}
        # Nothing here is https or behind a proxy, and loading certificates takes longer than most tests.
        self.http = httpx.Client(
            base_url=home.base_url, headers=headers, timeout=30, verify=False, trust_env=False
        )

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, follow_redirects=True)

    def csrf(self, path: str) -> str:
        return self.hidden(path, "csrf")

    def hidden(self, path: str, name: str) -> str:
        """Value of a hidden field of a page."""
        match = re.search(rf'name="{name}" value="([^"]*)"', self.get(path).text)
        assert match
        return match[1]

    def sign_in(self, code: str, pin: str, then: str = "/me") -> httpx.Response:
        form = {"csrf": self.csrf("/sign-in"), "code": code, "pin": pin, "then": then}
        return self.http.post("/sign-in", data=form)

    def enter(self, code: str) -> None:
        """Be signed in, where signing in is not what is tested."""
        account = self.home.services.credentials.account_named(code)
        assert account is not None
        session = self.home.services.credentials.sessions.start(account)
        self.http.cookies.set("tuxa_session", session.token, domain="127.0.0.1", path="/")

    def send(
        self, token: str, *files: bytes, name: str = "IMG_1.jpg", kind: str = "image/jpeg"
    ) -> httpx.Response:
        """Post photographs; the answer itself, so that its status can be seen."""
        path = f"/q/{token}"
        parts = [("photos", (name, data, kind)) for data in files]
        return self.http.post(path, data={"csrf": self.csrf(path)}, files=parts)
