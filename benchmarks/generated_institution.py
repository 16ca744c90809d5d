"""A generated institution of full size: 12 programmes, 9 partners, 40,000 learners. The same for the same seed."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from delivery.catalogue.evidence import COMPONENTS, PUBLISHED_ITEMS, EvidenceKind
from delivery.catalogue.kinds import (
    ActivityKind,
    ComponentKind,
    DeliveryMode,
    EmploymentKind,
    MaterialKind,
    MaterialRole,
    MaterialState,
    Role,
    SiteKind,
)
from delivery.catalogue.learner_rows import LearnerEvent, TermResult
from delivery.catalogue.model import (
    Activity,
    Cohort,
    Component,
    Course,
    Institution,
    Material,
    Person,
    Programme,
    Site,
    Unit,
)
from delivery.catalogue.register_kinds import Answer, ContractDuty, PartnerKind, StandingEvent
from delivery.catalogue.registers import (
    Contract,
    Evidence,
    Intake,
    Partner,
    PlannedCourse,
    ProgrammeDetails,
    RegularIntake,
    StudyPlan,
    Syllabus,
    Teaching,
)
from delivery.clock import VIETNAM
from delivery.regulation.profile import load_profile
from delivery.regulation.snapshot import CourseTotals, MaterialStanding, Snapshot
from delivery.regulation.standing import fold_standing

PROGRAMMES, PARTNERS, LEARNERS = 12, 9, 40_000
COURSES, UNITS, TERMS = 40, 8, 4
TODAY = date(2026, 11, 21)
_MODES = (
    DeliveryMode.NETWORK,
    DeliveryMode.NETWORK,
    DeliveryMode.NETWORK,
    DeliveryMode.BROADCAST,
    DeliveryMode.POSTAL,
)
_K = EvidenceKind


def snapshot(
    *, learners: int = LEARNERS, programmes: int = PROGRAMMES, courses: int = COURSES, seed: int = 7
) -> Snapshot:
    """The institution on 21/11/2026, with a few things wrong in it."""
    draw = random.Random(seed)
    tables: dict[str, dict[Any, Any]] = {name: {} for name in _TABLES}
    tables["sites"]["MAIN"] = Site("MAIN", "Trụ sở chính", SiteKind.HEADQUARTERS)
    for n in range(PARTNERS):
        code = f"C{n}"
        tables["sites"][code] = Site(code, f"Trung tâm {n}", SiteKind.PARTNER)
        tables["partners"][code] = Partner(code, PartnerKind.CONTINUING_EDUCATION_CENTRE, "Tỉnh An Giang")
    for n in range(programmes):
        _programme(tables, f"P{n:02d}", courses, draw)
    for n in range(PARTNERS):
        tables["contracts"][f"HD{n}"] = Contract(
            f"HD{n}",
            f"C{n}",
            date(2024, 1, 2),
            date(2024, 1, 2),
            date(2027, 12, 31),
            tuple(tables["programmes"]),
            (ContractDuty.TEACHING, ContractDuty.EXAMS),
        )
    for name in COMPONENTS:
        _file(tables, _K.COMPONENT, "", name, people=(min(tables["people"]),))
    return Snapshot(
        on=TODAY,
        institution=Institution("U", "Trường Đại học U", "Bộ Giáo dục và Đào tạo"),
        profiles={"VN-2024": load_profile("VN-2024")},
        default_profile="VN-2024",
        standings=_learners(tables, learners, draw),
        ledger_ok=True,
        **tables,
    )


_TABLES = (
    "sites", "partners", "contracts", "programmes", "cohorts", "courses", "units", "components", "activities",
    "materials", "people", "evidence", "programme_details", "regular_intakes", "plans", "plan_courses",
    "teaching", "intakes", "syllabi", "material_standings", "totals", "last_seen",
)  # fmt: skip


def _file(
    tables: dict[str, dict[Any, Any]], kind: EvidenceKind, about: str, topic: str = "", **fields: Any
) -> None:
    code = f"MC{len(tables['evidence']):06d}"
    fields.setdefault("signed", date(2026, 3, 2))
    tables["evidence"][code] = Evidence(code, kind, about, topic, **fields)


def _programme(tables: dict[str, dict[Any, Any]], code: str, courses: int, draw: random.Random) -> None:
    major = f"748020{draw.randrange(10)}"
    tables["programmes"][code] = Programme(code, "1", f"Chương trình {code}", major, Decimal(120), 54)
    tables["programme_details"][code] = ProgrammeDetails(
        code,
        regular_code=f"{code}-CQ",
        regular_credits=Decimal(120),
        regular_months=48,
        lead_unit="Khoa",
        regular_lead_unit="Khoa",
        distance_system="S",
        regular_system="S",
    )
    tables["plans"][(code, "chuan")] = StudyPlan(code, "chuan", 54, 9)
    for year in (2021, 2022, 2023, 2024):
        tables["regular_intakes"][(major, year)] = RegularIntake(major, year, 80)
        cohort = f"{code}-K{year + 3}"
        tables["cohorts"][cohort] = Cohort(cohort, code, date(year + 3, 9, 1))
        tables["intakes"][cohort] = Intake(
            cohort, datetime(year + 3, 6, 1, 8, tzinfo=VIETNAM), date(year + 3, 9, 7), 1000
        )
    _file(tables, _K.DISTANCE_DECISION, code, signed=date(2024, 3, 4), number="1")
    for item in PUBLISHED_ITEMS:
        _file(tables, _K.PUBLICATION, code, item, signed=date(2024, 4, 1), url="https://u.edu.vn")
    for number in range(courses):
        _course(tables, code, number, draw)


def _course(tables: dict[str, dict[Any, Any]], programme: str, number: int, draw: random.Random) -> None:
    code = f"{programme}-{number:02d}"
    mode = _MODES[number % len(_MODES)]
    lecturer, guest = f"GV{draw.randrange(300):04d}", f"TG{draw.randrange(80):04d}"
    for person, kind, place in (
        (lecturer, EmploymentKind.PERMANENT, "U"),
        (guest, EmploymentKind.VISITING, f"C{draw.randrange(PARTNERS)}"),
    ):
        if person not in tables["people"]:
            tables["people"][person] = Person(person, person, (Role.LECTURER,), kind, "Tiến sĩ", place)
            _file(tables, _K.TRAINING, person, signed=date(2024, 1, 5))
    tables["courses"][code] = Course(code, programme, code, Decimal(3), mode, lecturer=lecturer)
    tables["teaching"][(code, lecturer)] = Teaching(code, lecturer, Decimal(2), Decimal(30), date(2024, 9, 7))
    tables["teaching"][(code, guest)] = Teaching(code, guest, Decimal(1), Decimal(15), date(2024, 9, 7))
    tables["syllabi"][code] = Syllabus(
        code, "m", "d", "h", "a", UNITS, Decimal(3), ("phiếu hỏi",), ("diễn đàn",)
    )
    tables["plan_courses"][(programme, code)] = PlannedCourse(programme, code, number // 9 + 1)
    for name, kind, weight in (("QT", ComponentKind.PROCESS, 40), ("CK", ComponentKind.FINAL, 60)):
        tables["components"][(code, name)] = Component(code, name, name, kind, Decimal(weight))
    printed = mode is DeliveryMode.POSTAL
    media = MaterialKind.TEXTBOOK if printed else MaterialKind.DIGITAL
    if mode is DeliveryMode.BROADCAST:
        media = MaterialKind.TV_PROGRAMME
    moment = int(datetime(2024, 6, 1, tzinfo=VIETNAM).timestamp() * 1_000_000)
    for unit in range(1, UNITS + 1):
        tables["units"][(code, unit)] = Unit(code, unit, str(unit))
        for role in (MaterialRole.MAIN, MaterialRole.SUPPLEMENTARY):
            name = f"{code}-{unit}{role.value[0]}"
            tables["materials"][name] = Material(
                name, code, unit, media, role, (mode,), name, guest, "1", "sha"
            )
            if draw.random() < 0.98:
                tables["material_standings"][name] = MaterialStanding(
                    MaterialState.APPROVED,
                    (mode,),
                    date(2024, 5, 1),
                    date(2024, 6, 1),
                    moment - 1,
                    moment,
                    decision="QD",
                    signer="HT",
                )
        kind = tuple(ActivityKind)[unit % 4]
        ident = f"{code}-A{unit}"
        used = f"{code}-{unit}m" if kind is ActivityKind.MATERIAL else ""
        tables["activities"][ident] = Activity(code, ident, unit, kind, mode, ident, 45, "", None, used)
    tables["totals"][code] = CourseTotals(learners=1000, learner_lecturer=40, recorded_minutes=200_000)


def _learners(tables: dict[str, dict[Any, Any]], count: int, draw: random.Random) -> dict[str, Any]:
    cohorts = list(tables["cohorts"].values())
    sites = list(tables["sites"])
    out = {}
    levels = ("upper_secondary", "intermediate", "college", "university")
    for n in range(count):
        ident, cohort = f"L{n:06d}", cohorts[n % len(cohorts)]
        start = cohort.admission_date
        rows: list[Any] = [
            LearnerEvent(ident, StandingEvent.ENROLLED, start, "QD", detail=levels[draw.randrange(4)])
        ]
        for index in range(1, TERMS + 1):
            closed = start + timedelta(days=150 * index)
            average = Decimal(draw.randrange(150, 400)) / 100
            rows.append(
                TermResult(
                    ident,
                    f"HK{index}",
                    Answer.YES,
                    index,
                    Decimal(15),
                    Decimal(draw.choice((0, 0, 0, 3, 9))),
                    Decimal(draw.choice((0, 3, 6))),
                    Decimal(14 * index),
                    closed,
                    average,
                    average,
                )
            )
        if draw.random() < 0.05:
            kind = draw.choice(
                (StandingEvent.WITHDRAWN_VOLUNTARY, StandingEvent.DISMISSED, StandingEvent.GRADUATED)
            )
            rows.append(LearnerEvent(ident, kind, start + timedelta(days=400), "QD"))
        out[ident] = fold_standing(ident, cohort.code, sites[n % len(sites)], rows, TODAY)
        tables["last_seen"][ident] = TODAY - timedelta(days=draw.randrange(30))
    return out
