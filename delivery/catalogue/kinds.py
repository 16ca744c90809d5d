"""Closed vocabularies of the catalogue, named by the glossary (regulation/requirements.md section 10)."""

from __future__ import annotations

from enum import StrEnum


class DeliveryMode(StrEnum):
    """The three modes of Điều 2 (TX-2.2 to TX-2.4), and face-to-face sessions beside them."""

    NETWORK = "network"
    POSTAL = "postal"
    BROADCAST = "broadcast"
    FACE_TO_FACE = "face_to_face"


DISTANCE_MODES = (DeliveryMode.BROADCAST, DeliveryMode.POSTAL, DeliveryMode.NETWORK)


class ActivityKind(StrEnum):
    """The four kinds of main learning activity of TX-9.7-2."""

    SESSION = "session"
    """Tham dự buổi học, gồm buổi phát sóng."""
    MATERIAL = "material"
    """Học từ học liệu."""
    ASSIGNMENT = "assignment"
    """Thực hiện hoạt động và làm bài tập đánh giá."""
    CONSULTATION = "consultation"
    """Tham vấn và đặt câu hỏi."""


class SiteKind(StrEnum):
    HEADQUARTERS = "headquarters"
    BRANCH = "branch"
    PARTNER = "partner"


class MaterialRole(StrEnum):
    """TX-4.2."""

    MAIN = "main"
    SUPPLEMENTARY = "supplementary"


class MaterialKind(StrEnum):
    """The five printed kinds of TX-4.3b, digital material (TX-4.3a) and programmes for air (TX-4.3c)."""

    TEXTBOOK = "textbook"
    REFERENCE_BOOK = "reference_book"
    STUDY_GUIDE = "study_guide"
    WORKBOOK = "workbook"
    EXAM_GUIDE = "exam_guide"
    DIGITAL = "digital"
    TV_PROGRAMME = "tv_programme"
    RADIO_PROGRAMME = "radio_programme"


PRINTED_KINDS = (
    MaterialKind.TEXTBOOK,
    MaterialKind.REFERENCE_BOOK,
    MaterialKind.STUDY_GUIDE,
    MaterialKind.WORKBOOK,
    MaterialKind.EXAM_GUIDE,
)


class MaterialState(StrEnum):
    """Lifecycle of TX-4.1; thẩm định (appraised) is not phê duyệt (approved)."""

    DRAFT = "draft"
    APPRAISED = "appraised"
    APPROVED = "approved"
    IN_USE = "in_use"
    RETIRED = "retired"


class Role(StrEnum):
    LEARNER = "learner"
    LECTURER = "lecturer"
    CLERK = "clerk"
    TECHNICIAN = "technician"
    MANAGER = "manager"
    ADMIN = "admin"


class EmploymentKind(StrEnum):
    """TX-5.7: permanent, full-time contract and visiting are three things; support staff by case contract."""

    PERMANENT = "permanent"
    FULL_TIME_CONTRACT = "full_time_contract"
    VISITING = "visiting"
    CASE_CONTRACT = "case_contract"


class ComponentKind(StrEnum):
    """Process components and the final one (TX-5.5, T8-9.1)."""

    PROCESS = "process"
    FINAL = "final"


class GradingBasis(StrEnum):
    """Letter grade, or pass-only (T8-9.3a, T8-9.3b)."""

    LETTER = "letter"
    PASS_ONLY = "pass_only"
