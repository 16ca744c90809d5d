"""The catalogue as frozen values, keyed by the institution's own codes.

References between entities are codes; :func:`delivery.catalogue.check.check` proves that each one exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

from delivery.catalogue.kinds import (
    ActivityKind,
    ComponentKind,
    DeliveryMode,
    EmploymentKind,
    GradingBasis,
    MaterialKind,
    MaterialRole,
    Role,
    SiteKind,
)


@dataclass(frozen=True, slots=True)
class Institution:
    """Cơ sở đào tạo (TX-1.2)."""

    code: str
    name: str
    supervising_body: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Headquarters, branch or partner: a place that serves learners and writes its own streams (design D2)."""

    code: str
    name: str
    kind: SiteKind
    address: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of a distance programme (TX-3.1)."""

    code: str
    version: str
    name: str
    major_code: str
    credits: Decimal
    standard_months: int
    """Length of the standard plan (TX-3.2)."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Khóa tuyển sinh, bound to one regulation profile (TXC-2-1)."""

    code: str
    programme: str
    admission_date: date
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """Học phần."""

    code: str
    programme: str
    name: str
    credits: Decimal
    lead_mode: DeliveryMode
    grading: GradingBasis = GradingBasis.LETTER
    lecturer: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """Numbered unit of a course's syllabus (TX-4.3-1)."""

    course: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Component:
    """Điểm thành phần: a named part of the course score with its exact weight in percent (T8-9.1)."""

    course: str
    code: str
    name: str
    kind: ComponentKind
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Activity:
    """A planned learning activity: one of the four kinds of TX-9.7, in one mode, with its designed workload."""

    course: str
    code: str
    """Unique in the institution, for example ``CNTT101-A2``."""
    unit: int
    kind: ActivityKind
    mode: DeliveryMode
    title: str
    minutes: int
    """Designed workload (TX-9.8-2)."""
    component: str = ""
    """Component that a mark of this activity counts into; empty when it is not marked."""
    due: date | None = None
    material: str = ""
    """Material that is studied, aired or printed in this activity."""


@dataclass(frozen=True, slots=True)
class Material:
    """Học liệu. Its state (draft … retired) is told by facts, bound to `content` (TX-4.1, TX-4.5)."""

    code: str
    course: str
    unit: int
    kind: MaterialKind
    role: MaterialRole
    modes: tuple[DeliveryMode, ...]
    title: str
    author: str = ""
    edition: str = "1"
    content: str = ""
    """SHA-256 of the file; empty until the file is known."""
    file: str = ""
    """Name of that file as it came, without folders; its ending tells the format."""


@dataclass(frozen=True, slots=True)
class Person:
    """Member of staff."""

    code: str
    name: str
    roles: tuple[Role, ...]
    employment: EmploymentKind
    degree: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True)
class LearnerProfile:
    """Personal data of one learner: kept apart under the learner's key, never in a fact (design D3)."""

    code: str
    full_name: str
    birth_date: date | None = None
    phone: str = ""
    email: str = ""
    address: str = ""
    """Street line."""
    commune: str = ""
    province: str = ""
    postcode: str = ""
    old_address: str = ""
    """The text before the units of July 2025, kept beside the new ones."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A learner in a course, as the roster says it."""

    learner: str
    course: str


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """A learner as imported: profile, cohort, site, courses, and the mode the learner chose for contact."""

    profile: LearnerProfile
    cohort: str
    site: str
    courses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """Everything that is taught, without the learners."""

    institution: Institution
    sites: Mapping[str, Site] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)
    cohorts: Mapping[str, Cohort] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)
    units: Mapping[tuple[str, int], Unit] = field(default_factory=dict)
    components: Mapping[tuple[str, str], Component] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    materials: Mapping[str, Material] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)

    @cached_property
    def activities_of(self) -> Mapping[str, tuple[Activity, ...]]:
        """Course code -> its activities in unit order."""
        out: dict[str, list[Activity]] = {code: [] for code in self.courses}
        for activity in sorted(self.activities.values(), key=lambda a: (a.unit, a.code)):
            out.setdefault(activity.course, []).append(activity)
        return {code: tuple(items) for code, items in out.items()}

    @cached_property
    def components_of(self) -> Mapping[str, tuple[Component, ...]]:
        """Course code -> its components, process before final."""
        out: dict[str, list[Component]] = {code: [] for code in self.courses}
        for component in sorted(
            self.components.values(), key=lambda c: (c.kind is ComponentKind.FINAL, c.code)
        ):
            out.setdefault(component.course, []).append(component)
        return {code: tuple(items) for code, items in out.items()}
