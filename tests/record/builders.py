"""Facts and a small catalogue, made by hand for tests of the pure core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from delivery.catalogue.kinds import ActivityKind, ComponentKind, DeliveryMode, EmploymentKind, Role, SiteKind
from delivery.catalogue.model import (
    Activity,
    Catalogue,
    Cohort,
    Component,
    Course,
    Institution,
    Person,
    Programme,
    Site,
)
from delivery.ids import fact_id
from delivery.record.facts import Fact
from delivery.record.kinds import SPECS, FactKind
from delivery.units import Micros

LEARNER = "LAAAA"
MIDNIGHT_7_SEPTEMBER = 1_788_714_000_000_000
"""2026-09-07T00:00 in Viet Nam, µs since 1970 UTC."""
DAY = 86_400_000_000


def catalogue() -> Catalogue:
    """Two courses; C1 has a broadcast session, a postal assignment and a network consultation."""
    activities = [
        Activity("C1", "C1-S1", 1, ActivityKind.SESSION, DeliveryMode.BROADCAST, "Bài 1", 50),
        Activity(
            "C1",
            "C1-A1",
            1,
            ActivityKind.ASSIGNMENT,
            DeliveryMode.POSTAL,
            "Bài tập 1",
            120,
            component="QT",
            due=date(2026, 9, 20),
        ),
        Activity("C1", "C1-Q1", 1, ActivityKind.CONSULTATION, DeliveryMode.NETWORK, "Hỏi đáp", 30),
        Activity(
            "C2", "C2-A1", 1, ActivityKind.ASSIGNMENT, DeliveryMode.NETWORK, "Bài 1", 60, component="QT"
        ),
    ]
    components = [
        Component(course, code, name, kind, weight)
        for course in ("C1", "C2")
        for code, name, kind, weight in (
            ("QT", "Quá trình", ComponentKind.PROCESS, Decimal(40)),
            ("CK", "Cuối kỳ", ComponentKind.FINAL, Decimal(60)),
        )
    ]
    return Catalogue(
        Institution("U", "Trường Đại học"),
        sites={"MAIN": Site("MAIN", "Trụ sở chính", SiteKind.HEADQUARTERS)},
        programmes={"P": Programme("P", "1", "CNTT", "7480201", Decimal(120), 54)},
        cohorts={"K1": Cohort("K1", "P", date(2026, 1, 1), "VN-2024")},
        courses={
            "C1": Course("C1", "P", "Nhập môn", Decimal(3), DeliveryMode.BROADCAST),
            "C2": Course("C2", "P", "Lập trình", Decimal(3), DeliveryMode.NETWORK),
        },
        components={(c.course, c.code): c for c in components},
        activities={a.code: a for a in activities},
        people={"GV01": Person("GV01", "Lê Thị Hằng", (Role.LECTURER,), EmploymentKind.PERMANENT)},
    )


_COURSE_OF = {"C1-S1": "C1", "C1-A1": "C1", "C1-Q1": "C1", "C2-A1": "C2"}


def fact(
    kind: FactKind,
    seq: int,
    data: Mapping[str, Any],
    *,
    key: str = "",
    at: int = MIDNIGHT_7_SEPTEMBER,
    course: str = "",
    activity: str = "",
    corrects: str = "",
    stream: str = "MAIN/MAIN",
    hlc: int = 0,
) -> Fact:
    """A fact at place `seq`, about LEARNER when its kind is about one."""
    return Fact(
        stream,
        seq,
        str(fact_id(kind, key or f"{stream}{seq}")),
        kind,
        LEARNER if SPECS[kind].about_learner else "",
        Micros(at),
        hlc or seq << 16,
        Micros(at),
        "tester",
        data,
        course or _COURSE_OF.get(activity, ""),
        activity,
        "",
        corrects,
        "",
    )


def enrolled(seq: int = 1, course: str = "C1", *, n: int = 0) -> Fact:
    return fact(FactKind.COURSE_ENROLLED, seq, {"cohort": "K1", **({"n": n} if n else {})}, course=course)


def left(seq: int, course: str = "C1", *, n: int = 0) -> Fact:
    return fact(FactKind.COURSE_LEFT, seq, {"reason": "x", **({"n": n} if n else {})}, course=course)


def work(
    seq: int, page: int, *, channel: str = "post", pages: int = 2, packet: str = "p1", at: int = 0
) -> Fact:
    return fact(
        FactKind.WORK_RECEIVED,
        seq,
        {
            "sheet": f"{packet}{page}",
            "page": page,
            "pages": pages,
            "channel": channel,
            "blob": f"b{seq}",
            "media_type": "image/jpeg",
            "identity": "sheet",
            "packet": packet,
        },
        activity="C1-A1",
        at=at or MIDNIGHT_7_SEPTEMBER,
    )


def mark(seq: int, score: str, *, activity: str = "C1-A1", corrects: str = "") -> Fact:
    return fact(
        FactKind.MARK_RECORDED,
        seq,
        {"score": score, "method": "keyboard"},
        activity=activity,
        corrects=corrects,
    )


def aired(seq: int, airing: str = "a1", *, ticks: int = 9375) -> Fact:
    """An as-run fact; 9,375 ticks are 50 minutes."""
    return fact(
        FactKind.ITEM_AIRED,
        seq,
        {
            "airing": airing,
            "channel": "TV1",
            "asset": "x",
            "material": "M",
            "planned_start": 0,
            "actual_start": 0,
            "planned_ticks": ticks,
            "aired_ticks": ticks,
            "bytes": 1,
            "digest": "d",
            "status": "complete",
        },
        activity="C1-S1",
        stream="MAIN/all",
    )


def attended(seq: int, airing: str = "a1", minutes: int = 50) -> Fact:
    return fact(
        FactKind.ATTENDANCE_RECORDED,
        seq,
        {"airing": airing, "method": "code", "minutes": minutes},
        activity="C1-S1",
    )
