"""An institution that tests bend: programme P1 (120 credits), institution U, partner C1, as in the matrix's fixture.

Nothing is asserted here. :func:`institution` gives a snapshot, :func:`found` the findings of one clause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from delivery.catalogue.evidence import EvidenceKind
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
from delivery.catalogue.learner_rows import CourseResult, LearnerEvent, TermResult
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
from delivery.catalogue.registers import Contract, Evidence, Partner, ProgrammeDetails
from delivery.clock import VIETNAM
from delivery.regulation.evaluate import evaluate, run
from delivery.regulation.findings import Finding, Verdict
from delivery.regulation.profile import load_profile
from delivery.regulation.registry import rules
from delivery.regulation.snapshot import MaterialStanding, Snapshot
from delivery.regulation.standing import Standing, fold_standing

TODAY = date(2026, 11, 21)
P = "P1"
NETWORK, POSTAL, BROADCAST = DeliveryMode.NETWORK, DeliveryMode.POSTAL, DeliveryMode.BROADCAST
FACE = DeliveryMode.FACE_TO_FACE
PASS, WARN, FAIL, UNKNOWN, NOT_APPLICABLE = (
    Verdict.PASS,
    Verdict.WARN,
    Verdict.FAIL,
    Verdict.UNKNOWN,
    Verdict.NOT_APPLICABLE,
)
K = EvidenceKind
DISTANCE_MODES = (BROADCAST, POSTAL, NETWORK)


def at(day: date, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


def course(
    code: str, credits: str, mode: DeliveryMode = NETWORK, *, programme: str = P, lecturer: str = ""
) -> Course:
    return Course(code, programme, code, Decimal(credits), mode, lecturer=lecturer)


def keyed(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.code: row for row in rows}


def activity(
    code: str,
    of: str,
    *,
    kind: ActivityKind = ActivityKind.SESSION,
    mode: DeliveryMode = NETWORK,
    minutes: int = 60,
    material: str = "",
    due: date | None = None,
) -> Activity:
    return Activity(of, code, 0, kind, mode, code, minutes, "", due, material)


def material(
    code: str,
    of: str,
    *,
    kind: MaterialKind = MaterialKind.DIGITAL,
    role: MaterialRole = MaterialRole.MAIN,
    modes: tuple[DeliveryMode, ...] = (NETWORK,),
    unit: int = 0,
    author: str = "A",
    content: str = "c",
) -> Material:
    return Material(code, of, unit, kind, role, modes, code, author, "1", content)


def approved(*modes: DeliveryMode, on: date = date(2026, 1, 10), used: int = 0) -> MaterialStanding:
    day = int(at(on).timestamp() * 1_000_000)
    return MaterialStanding(
        MaterialState.APPROVED,
        modes or (NETWORK,),
        on,
        on,
        day - 1,
        day,
        used,
        decision="QD",
        appraiser="B",
        signer="R",
    )


def evidence(*rows: Evidence) -> dict[str, Evidence]:
    return {row.code: row for row in rows}


def ev(kind: EvidenceKind, subject: str = "", topic: str = "", **fields: Any) -> Evidence:
    """Evidence with a code of its own; dated 01/03/2026 unless told."""
    code = fields.pop("code", f"{kind.value}/{subject}/{topic}/{fields.get('signed', '')}")
    fields.setdefault("signed", date(2026, 3, 1))
    return Evidence(code, kind, subject, topic, **fields)


def person(
    code: str, employment: EmploymentKind = EmploymentKind.PERMANENT, degree: str = "Tiến sĩ", **fields: Any
) -> Person:
    return Person(code, code, (Role.LECTURER,), employment, degree, fields.get("institution", "U"))


def contract(**fields: Any) -> Contract:
    defaults: dict[str, Any] = {
        "number": "HD1",
        "partner": "C1",
        "signed": date(2024, 1, 1),
        "starts": date(2024, 1, 1),
        "ends": date(2026, 12, 31),
        "programmes": (P,),
        "duties": (ContractDuty.TEACHING, ContractDuty.EXAMS),
    }
    return Contract(**{**defaults, **fields})


def details(**fields: Any) -> dict[str, ProgrammeDetails]:
    defaults: dict[str, Any] = {
        "programme": P,
        "regular_code": "P1-CQ",
        "regular_credits": Decimal(120),
        "regular_months": 48,
        "lead_unit": "Khoa CNTT",
        "regular_lead_unit": "Khoa CNTT",
        "distance_system": "S",
        "regular_system": "S",
    }
    return {P: ProgrammeDetails(**{**defaults, **fields})}


def learner(code: str, *rows: Any, cohort: str = "K1", site: str = "MAIN", on: date = TODAY) -> Standing:
    return fold_standing(code, cohort, site, rows, on)


def event(kind: StandingEvent, on: date, **fields: Any) -> LearnerEvent:
    return LearnerEvent("L", kind, on, **fields)


def enrolled(on: date = date(2024, 9, 1), level: str = "upper_secondary") -> LearnerEvent:
    return event(StandingEvent.ENROLLED, on, detail=level)


def term(index: int, **fields: Any) -> TermResult:
    numbers = {
        name: Decimal(str(fields.pop(name, default)))
        for name, default in (("registered", 16), ("failed", 0), ("owed", 0), ("earned", 16 * index))
    }
    averages = {
        name: Decimal(str(fields.pop(name))) if name in fields else Decimal("2.5")
        for name in ("average", "cumulative")
    }
    return TermResult(
        "L",
        fields.pop("name", f"T{index}"),
        fields.pop("main", Answer.YES),
        index,
        closed=fields.pop("closed", date(2024, 12, 31) if index == 1 else date(2025, index, 1)),
        **numbers,
        **averages,
    )


def result(of: str, score: str | None, letter: str, **fields: Any) -> CourseResult:
    return CourseResult(
        "L",
        of,
        fields.pop("term", "T1"),
        fields.pop("attempt", 1),
        fields.pop("on", date(2026, 6, 1)),
        score=Decimal(score) if score is not None else None,
        letter=letter,
        **fields,
    )


def people_of(*standings: Standing) -> dict[str, Standing]:
    return {standing.learner: standing for standing in standings}


def institution(**tables: Any) -> Snapshot:
    """The institution; keyword arguments replace whole tables (and ``on``)."""
    base: dict[str, Any] = {
        "on": TODAY,
        "institution": Institution("U", "Trường Đại học U"),
        "profiles": {"VN-2024": load_profile("VN-2024")},
        "default_profile": "VN-2024",
        "sites": keyed(
            [
                Site("MAIN", "Trụ sở", SiteKind.HEADQUARTERS),
                Site("B1", "Phân hiệu", SiteKind.BRANCH),
                Site("C1", "Trung tâm GDTX", SiteKind.PARTNER),
                Site("C2", "Trường cao đẳng", SiteKind.PARTNER),
            ]
        ),
        "programmes": {P: Programme(P, "1", "Công nghệ thông tin", "7480201", Decimal(120), 54)},
        "cohorts": {"K1": Cohort("K1", P, date(2024, 9, 1))},
        "courses": keyed([course("C", "120")]),
        "components": {
            ("C", "QT"): Component("C", "QT", "Quá trình", ComponentKind.PROCESS, Decimal(40)),
            ("C", "CK"): Component("C", "CK", "Cuối kỳ", ComponentKind.FINAL, Decimal(60)),
        },
        "units": {("C", 1): Unit("C", 1, "Bài một")},
        "people": keyed([person("A"), person("B"), person("R")]),
        "partners": {
            "C1": Partner("C1", PartnerKind.CONTINUING_EDUCATION_CENTRE),
            "C2": Partner("C2", PartnerKind.COLLEGE),
        },
        "programme_details": details(),
    }
    return Snapshot(**{**base, **tables})


def found(s: Snapshot, clause: str, subject: str = "") -> list[Finding]:
    """Findings of a clause; with `subject` (``kind:code``) those of it only."""
    rule = rules()[clause]
    rows: Iterable[Finding]
    if rule.over_others:
        rows = evaluate(s).by_clause[clause]
    else:
        rows, _ = run(rule, s)
    return [finding for finding in rows if not subject or str(finding.subject) == subject]


def verdict(s: Snapshot, clause: str, subject: str = "") -> Verdict:
    """The worst verdict of a clause."""
    rows = found(s, clause, subject)
    return max((row.verdict for row in rows), key=lambda v: v.rank, default=Verdict.NOT_APPLICABLE)


def values_changed(name: str, value: str) -> Mapping[str, Any]:
    """The profile with one value changed, as by an edit of its file."""
    from importlib import resources

    from delivery.regulation.profile import read_profile

    text = (resources.files("delivery.regulation") / "profiles" / "VN-2024.toml").read_text(encoding="utf-8")
    lines = [
        line.replace(line.split('value = "')[1].split('"')[0], value, 1)
        if line.startswith(name + " ")
        else line
        for line in text.splitlines()
    ]
    return {"VN-2024": read_profile("\n".join(lines), source="x")}
