"""Registers: what an institution keeps beside the catalogue, and what the regulation checks rest on.

Decisions, minutes, contracts, plans, assignments and partners, each with number, date, signer and file where it has
them. References are codes of the catalogue; :mod:`delivery.catalogue.register_check` proves that they exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.register_kinds import (
    Answer,
    Appointed,
    ContractDuty,
    InstitutionKind,
    PartnerKind,
    SessionKind,
    SystemPart,
    TermKind,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Minh chứng: a dated document about a subject, with its number, signer and file."""

    code: str
    kind: EvidenceKind
    subject: str = ""
    """Code of what it is about; empty: the institution."""
    topic: str = ""
    """Which part, verdict or recipient; the kinds that need one name their words in docs/regulation.md."""
    signed: date | None = None
    number: str = ""
    signer: str = ""
    title: str = ""
    people: tuple[str, ...] = ()
    """Staff who took part: council members, reviewers."""
    items: tuple[str, ...] = ()
    """What the document covers, where the kind asks for a list."""
    value: Decimal | None = None
    at: datetime | None = None
    """Exact moment of a publication or dispatch."""
    effective: date | None = None
    until: date | None = None
    url: str = ""
    file: str = ""
    digest: str = ""
    """SHA-256 of the file, as it was handed in."""

    @property
    def day(self) -> date | None:
        """The day it counts from: its date, else that of its moment."""
        return self.signed or (self.at.date() if self.at else None)


@dataclass(frozen=True, slots=True)
class InstitutionDetails:
    """What the reports and checks ask of the institution beyond its name (TX-1.2)."""

    code: str
    kind: InstitutionKind | None = None
    province: str = ""
    distance_office: str = ""
    """Bộ phận phụ trách đào tạo từ xa (TX-5.4)."""


@dataclass(frozen=True, slots=True)
class ProgrammeDetails:
    """What the regulation asks of one distance programme, beside the regular one that it comes from (TX-3.1)."""

    programme: str
    awarding_country: str = "VN"
    """TX-1.4: programmes whose degree a foreign institution awards are outside."""
    regular_code: str = ""
    regular_credits: Decimal | None = None
    regular_months: int = 0
    regular_retired: date | None = None
    lead_unit: str = ""
    regular_lead_unit: str = ""
    licensed_practice: Answer | None = None
    """Whether the major leads to a practice licence in health (TX-5.2-2): judged by an officer."""
    distance_system: str = ""
    regular_system: str = ""
    """Systems of admission, training and degrees (TX-5.8b)."""
    first_intake: date | None = None
    first_graduation: date | None = None


@dataclass(frozen=True, slots=True)
class RegularIntake:
    """Learners of the regular form enrolled in one year (TX-5.2-1)."""

    major: str
    year: int
    enrolled: int


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """Kế hoạch học tập chuẩn toàn khóa, one pace of it (TX-3.2)."""

    programme: str
    pace: str
    months: int
    main_terms: int


@dataclass(frozen=True, slots=True)
class PlannedCourse:
    """In which year and main term of the standard plan a course stands (TX-5.8dd)."""

    programme: str
    course: str
    year: int
    term: int = 0


@dataclass(frozen=True, slots=True)
class MaterialPlan:
    """Plan to develop the material of a later course (TX-5.8dd-2)."""

    course: str
    owner: str
    kinds: tuple[str, ...] = ()
    due: date | None = None


@dataclass(frozen=True, slots=True)
class AcademicTerm:
    """A term of an academic year (T8-6.2)."""

    academic_year: str
    term: str
    kind: TermKind
    starts: date
    weeks: int
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Teaching:
    """Phân công giảng dạy: the credits of a course that one person carries (TX-5.7b, T8-8.3a)."""

    course: str
    person: str
    credits: Decimal
    hours: Decimal = Decimal(0)
    starts: date | None = None
    ends: date | None = None
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A duty that a person holds: head of a unit, lead of a programme, adviser … (TX-5.7a-2, TX-10.3, TT-7.1)."""

    person: str
    duty: Appointed
    unit: str = ""
    programme: str = ""
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """Cơ sở phối hợp đào tạo (TX-7.2)."""

    site: str
    kind: PartnerKind
    province: str = ""
    commune: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """Hợp đồng phối hợp đào tạo (TX-7.3b)."""

    number: str
    partner: str
    signed: date
    starts: date
    ends: date
    programmes: tuple[str, ...]
    duties: tuple[ContractDuty, ...] = ()
    appraisal: str = ""
    """Code of the evidence of the partner's appraisal."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Đợt tuyển sinh of one cohort (TX-3.4-1)."""

    cohort: str
    opens: datetime | None = None
    starts: date | None = None
    """First teaching day."""
    admitted: int = 0
    """Trúng tuyển: learners admitted, whether they enrolled or not."""
    second_degree: Answer | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """Chỉ tiêu tuyển sinh of a programme at a venue in a year."""

    programme: str
    site: str
    year: int
    quota: int


@dataclass(frozen=True, slots=True)
class Syllabus:
    """Đề cương chi tiết: what the distance form adjusts in it (TX-3.1-1), and how people talk to each other."""

    course: str
    method: str = ""
    duration: str = ""
    materials: str = ""
    assessment: str = ""
    unit_count: int = 0
    """Units of the regular course's outline; 0: as listed here (TT-4-2)."""
    credits: Decimal | None = None
    """Credits of the regular course (TT-4-2)."""
    learner_lecturer: tuple[str, ...] = ()
    """Channels between learner and lecturer (TX-9.7-1)."""
    learner_learner: tuple[str, ...] = ()
    not_needed: tuple[str, ...] = ()
    """Printed kinds that the course does without, by its syllabus (TX-4.3b)."""
    online_components: tuple[str, ...] = ()
    """Components assessed online (T8-9.1-3)."""
    final_online: str = ""
    """Article of the institution's regulation that allows a final examination online (TX-10.2)."""
    thesis: Answer | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """An activity at a place and time: teaching, practice, an examination (TX-7.1, TX-10.2, T8-6.4)."""

    code: str
    course: str
    kind: SessionKind
    site: str
    """Code of a site, or ``outside``."""
    starts: datetime
    minutes: int
    cohort: str = ""
    first_run: Answer | None = None
    """No: a repeat, which is not counted (T8-6.4)."""
    mode: DeliveryMode = DeliveryMode.FACE_TO_FACE
    present: int = 0
    identified: int = 0
    """Learners whose identity was checked (TX-10.2)."""


@dataclass(frozen=True, slots=True)
class ExamPaper:
    """Đề thi kết thúc học phần (TX-10.3)."""

    code: str
    course: str
    author: str
    digest: str
    """Hash of the paper as it is now."""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    confirmed_digest: str = ""
    printed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class System:
    """Software or equipment that distance training uses (TX-5.8b, Phụ lục I table V, TT-5.1)."""

    code: str
    name: str
    part: SystemPart
    producer: str = ""
    functions: str = ""
    covers: tuple[str, ...] = ()
    """Clauses of TT Điều 5 that it covers: 5.2, 5.3, 5.4, 5.5."""
    modes: tuple[DeliveryMode, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspension:
    """Quyết định đình chỉ (TX-6.1c, TX-6.2)."""

    decision: str
    starts: date
    ends: date | None = None
    reason: str = ""
    programmes: tuple[str, ...] = ()
    majors: tuple[str, ...] = ()
    """Suspension of a major reaches every distance programme of it."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Đề xuất, kiến nghị, phản ánh (TX-12.1-3)."""

    code: str
    received: date
    channel: str
    owner: str = ""
    answered: date | None = None
    outcome: str = ""
    subject: str = ""
    """Contract, course or programme that it is about."""


@dataclass(frozen=True)
class Registers:
    """Every register, by its key."""

    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    institution_details: Mapping[str, InstitutionDetails] = field(default_factory=dict)
    programme_details: Mapping[str, ProgrammeDetails] = field(default_factory=dict)
    regular_intakes: Mapping[tuple[str, int], RegularIntake] = field(default_factory=dict)
    plans: Mapping[tuple[str, str], StudyPlan] = field(default_factory=dict)
    plan_courses: Mapping[tuple[str, str], PlannedCourse] = field(default_factory=dict)
    material_plans: Mapping[str, MaterialPlan] = field(default_factory=dict)
    terms: Mapping[tuple[str, str], AcademicTerm] = field(default_factory=dict)
    teaching: Mapping[tuple[str, str], Teaching] = field(default_factory=dict)
    appointments: Mapping[tuple[str, str, str, str], Appointment] = field(default_factory=dict)
    partners: Mapping[str, Partner] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    intakes: Mapping[str, Intake] = field(default_factory=dict)
    quotas: Mapping[tuple[str, str, int], Quota] = field(default_factory=dict)
    syllabi: Mapping[str, Syllabus] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)
    exam_papers: Mapping[str, ExamPaper] = field(default_factory=dict)
    systems: Mapping[str, System] = field(default_factory=dict)
    suspensions: Mapping[str, Suspension] = field(default_factory=dict)
    tickets: Mapping[str, Ticket] = field(default_factory=dict)


ROW_OF: Mapping[str, type[Any]] = {
    "evidence": Evidence,
    "institution_details": InstitutionDetails,
    "programme_details": ProgrammeDetails,
    "regular_intakes": RegularIntake,
    "plans": StudyPlan,
    "plan_courses": PlannedCourse,
    "material_plans": MaterialPlan,
    "terms": AcademicTerm,
    "teaching": Teaching,
    "appointments": Appointment,
    "partners": Partner,
    "contracts": Contract,
    "intakes": Intake,
    "quotas": Quota,
    "syllabi": Syllabus,
    "sessions": Session,
    "exam_papers": ExamPaper,
    "systems": System,
    "suspensions": Suspension,
    "tickets": Ticket,
}
"""Name of each register -> what its rows are."""
