"""Closed vocabularies of the registers, named by the glossary (regulation/requirements.md section 10)."""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """Yes or no, where nothing said is a third thing."""

    YES = "yes"
    NO = "no"


class InstitutionKind(StrEnum):
    """TX-1.2."""

    HIGHER_EDUCATION = "higher_education"
    STATE_AGENCY_SCHOOL = "state_agency_school"
    POLITICAL_SCHOOL = "political_school"
    SOCIO_POLITICAL_SCHOOL = "socio_political_school"
    ARMED_FORCES_SCHOOL = "armed_forces_school"


class PartnerKind(StrEnum):
    """TX-7.2: a closed list; nobody else can be a partner."""

    HIGHER_EDUCATION = "higher_education"
    COLLEGE = "college"
    INTERMEDIATE_SCHOOL = "intermediate_school"
    CONTINUING_EDUCATION_CENTRE = "continuing_education_centre"
    VOCATIONAL_CONTINUING_CENTRE = "vocational_continuing_centre"
    STATE_AGENCY_SCHOOL = "state_agency_school"
    POLITICAL_SCHOOL = "political_school"
    SOCIO_POLITICAL_SCHOOL = "socio_political_school"
    ARMED_FORCES_SCHOOL = "armed_forces_school"


class ContractDuty(StrEnum):
    """What a contract gives the partner to do (TX-7.4b)."""

    MANAGEMENT = "management"
    TEACHING = "teaching"
    EXAMS = "exams"
    FACILITIES = "facilities"


class SessionKind(StrEnum):
    """What happens at a place; TX-7.1 lists those that may happen outside."""

    TUTORIAL = "tutorial"
    LECTURE = "lecture"
    EXAM = "exam"
    PRACTICE = "practice"
    INTERNSHIP = "internship"
    FIELD_EXPERIENCE = "field_experience"
    SELF_STUDY = "self_study"
    ONLINE = "online"


OUTSIDE = "outside"
"""Venue that is neither the institution's nor a partner's (TX-7.1)."""


class TermKind(StrEnum):
    """T8-6.2."""

    MAIN = "main"
    EXTRA = "extra"


class SystemPart(StrEnum):
    """The three parts of an online training system (TT-2.4)."""

    SOFTWARE = "software"
    MATERIALS = "materials"
    INFRASTRUCTURE = "infrastructure"


class Appointed(StrEnum):
    """Duties of people beside teaching (TX-5.7a-2, TX-10.3, TT-7.1)."""

    RECTOR = "rector"
    LEAD_UNIT_HEAD = "lead_unit_head"
    DISTANCE_MANAGER = "distance_manager"
    PROGRAMME_LEAD = "programme_lead"
    """Tiến sĩ chủ trì xây dựng và thực hiện chương trình."""
    SUPPORT_STAFF = "support_staff"
    OPERATOR = "operator"
    MEDIA_PRODUCER = "media_producer"
    ADVISER = "adviser"
    ACADEMIC_CLERK = "academic_clerk"


class EntryLevel(StrEnum):
    """Trình độ đầu vào (Phụ lục I table III)."""

    UPPER_SECONDARY = "upper_secondary"
    INTERMEDIATE = "intermediate"
    COLLEGE = "college"
    UNIVERSITY = "university"


class StandingEvent(StrEnum):
    """What happens to a learner's standing; each is a fact of its own (design D1)."""

    ENROLLED = "enrolled"
    """Nhập học; `detail` is the entry level."""
    LEAVE_SERVICE = "leave_service"
    LEAVE_NATIONAL = "leave_national"
    LEAVE_MEDICAL = "leave_medical"
    LEAVE_PERSONAL = "leave_personal"
    WITHDRAWN_VOLUNTARY = "withdrawn_voluntary"
    DISMISSED = "dismissed"
    GRADUATED = "graduated"
    TRANSFERRED = "transferred"
    """To another venue; `detail` is the site's code."""
    TRANSFERRED_IN = "transferred_in"
    """From the regular form or another institution; `value` is the months used up (T8-16.3)."""
    EXEMPTED = "exempted"
    """Credits recognised from earlier study (T8-13.3); `value` is their sum."""
    EXCHANGED = "exchanged"
    """Credits earned elsewhere under an exchange or recognised from a cooperating institution (T8-17)."""
    WARNED = "warned"
    NOTIFIED = "notified"
    """Proof that a decision reached the learner (T8-11.3b)."""
    IMPERSONATION = "impersonation"
    STUDY_SUSPENDED = "study_suspended"
    DISCIPLINED = "disciplined"
    """`detail`: reprimand, warning or more."""
    ELIGIBLE = "eligible"
    """Meets every condition of graduation and has no open duty (T8-14.2)."""
    COMPLETED_LATE = "completed_late"
    """Completes what was missing after leaving (T8-14.4)."""
    SECOND_PROGRAMME = "second_programme"
    RETURNED = "returned"


LEAVES = (
    StandingEvent.LEAVE_SERVICE,
    StandingEvent.LEAVE_NATIONAL,
    StandingEvent.LEAVE_MEDICAL,
    StandingEvent.LEAVE_PERSONAL,
)
