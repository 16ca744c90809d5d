"""The kinds of evidence (minh chứng), and what each is about."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EvidenceKind(StrEnum):
    """One word for each kind of document that a clause asks for."""

    # the institution
    REGULATION = "regulation"
    REGULATION_TOPIC = "regulation_topic"
    ONLINE_REGULATION = "online_regulation"
    COORDINATION_RULES = "coordination_rules"
    COMPONENT = "component"
    SELF_REVIEW = "self_review"
    INTERNAL_INSPECTION = "internal_inspection"
    IMPROVEMENT = "improvement"
    QUALITY_FILE = "quality_file"
    COMPLAINT_PROCEDURE = "complaint_procedure"
    RETENTION_RULES = "retention_rules"
    RESTORE_DRILL = "restore_drill"
    ACCESS_RULES = "access_rules"
    SECURITY_DOSSIER = "security_dossier"
    CAPACITY_NEED = "capacity_need"
    CAPACITY_DECLARED = "capacity_declared"
    DATA_EXPORT = "data_export"
    REPORT_SENT = "report_sent"
    REPORT_PROPOSED = "report_proposed"
    EFFECTIVENESS_REPORT = "effectiveness_report"
    SATISFACTION = "satisfaction"
    INTEGRITY_RULES = "integrity_rules"
    SIMILARITY_CHECK = "similarity_check"
    SURVEY_TEMPLATE = "survey_template"
    STAKEHOLDER_FORM = "stakeholder_form"
    # a programme
    MAJOR_OPENING = "major_opening"
    LICENCE_JUDGEMENT = "licence_judgement"
    PROGRAMME_APPRAISAL = "programme_appraisal"
    PROGRAMME_ISSUE = "programme_issue"
    PROGRAMME_VERSION = "programme_version"
    VERSION_IMPACT = "version_impact"
    PROGRAMME_REVIEW = "programme_review"
    UNIT_SUCCESSOR = "unit_successor"
    SCHEME_PART = "scheme_part"
    RECTOR_PROPOSAL = "rector_proposal"
    COUNCIL_OPINION = "council_opinion"
    POLICY_DECISION = "policy_decision"
    READINESS_APPRAISAL = "readiness_appraisal"
    SCHEME_APPROVAL = "scheme_approval"
    DISTANCE_DECISION = "distance_decision"
    DATABASE_UPDATE = "database_update"
    MINISTRY_DISPATCH = "ministry_dispatch"
    PUBLICATION = "publication"
    STATISTICS_PUBLISHED = "statistics_published"
    STANDARDS_EVIDENCE = "standards_evidence"
    RISK_SCENARIO = "risk_scenario"
    QUALITY_ASSESSMENT = "quality_assessment"
    ACCREDITATION_REGISTERED = "accreditation_registered"
    ACCREDITATION = "accreditation"
    GUIDANCE = "guidance"
    REMEDY = "remedy"
    RESUME_DECISION = "resume_decision"
    RESUME_REPORT = "resume_report"
    PROTECTION_MEASURES = "protection_measures"
    # a cohort
    PROGRAMME_SHOWN = "programme_shown"
    RULES_EXPLAINED = "rules_explained"
    ORIENTATION = "orientation"
    # a course
    LIBRARY_HOLDING = "library_holding"
    ONLINE_DECISION = "online_decision"
    ONLINE_OBJECTIVES = "online_objectives"
    SURVEY = "survey"
    SURVEY_SUMMARY = "survey_summary"
    WEIGHT_CHANGE = "weight_change"
    THESIS_COUNCIL = "thesis_council"
    THESIS_CONSENT = "thesis_consent"
    THESIS_RECORDING = "thesis_recording"
    OTHER_EXAM_FORM = "other_exam_form"
    # material
    MATERIAL_APPRAISAL = "material_appraisal"
    MATERIAL_REVIEW = "material_review"
    RIGHTS = "rights"
    # people
    TRAINING = "training"
    HANDOVER_TRAINING = "handover_training"
    PRODUCTION_TRAINING = "production_training"
    # a partner
    PARTNER_APPRAISAL = "partner_appraisal"
    PARTNER_FAILED = "partner_failed"


ABOUT: Mapping[EvidenceKind, str] = {
    **dict.fromkeys(
        (
            EvidenceKind.PROGRAMME_APPRAISAL,
            EvidenceKind.LICENCE_JUDGEMENT,
            EvidenceKind.PROGRAMME_ISSUE,
            EvidenceKind.PROGRAMME_VERSION,
            EvidenceKind.VERSION_IMPACT,
            EvidenceKind.PROGRAMME_REVIEW,
            EvidenceKind.UNIT_SUCCESSOR,
            EvidenceKind.SCHEME_PART,
            EvidenceKind.RECTOR_PROPOSAL,
            EvidenceKind.COUNCIL_OPINION,
            EvidenceKind.POLICY_DECISION,
            EvidenceKind.READINESS_APPRAISAL,
            EvidenceKind.SCHEME_APPROVAL,
            EvidenceKind.DISTANCE_DECISION,
            EvidenceKind.DATABASE_UPDATE,
            EvidenceKind.MINISTRY_DISPATCH,
            EvidenceKind.STATISTICS_PUBLISHED,
            EvidenceKind.STANDARDS_EVIDENCE,
            EvidenceKind.QUALITY_ASSESSMENT,
            EvidenceKind.ACCREDITATION_REGISTERED,
            EvidenceKind.ACCREDITATION,
            EvidenceKind.GUIDANCE,
            EvidenceKind.REMEDY,
            EvidenceKind.RESUME_DECISION,
            EvidenceKind.RESUME_REPORT,
        ),
        "programmes",
    ),
    **dict.fromkeys(
        (EvidenceKind.PROGRAMME_SHOWN, EvidenceKind.RULES_EXPLAINED, EvidenceKind.ORIENTATION), "cohorts"
    ),
    **dict.fromkeys(
        (
            EvidenceKind.LIBRARY_HOLDING,
            EvidenceKind.ONLINE_DECISION,
            EvidenceKind.ONLINE_OBJECTIVES,
            EvidenceKind.SURVEY,
            EvidenceKind.SURVEY_SUMMARY,
            EvidenceKind.WEIGHT_CHANGE,
            EvidenceKind.THESIS_COUNCIL,
            EvidenceKind.THESIS_CONSENT,
            EvidenceKind.THESIS_RECORDING,
            EvidenceKind.OTHER_EXAM_FORM,
        ),
        "courses",
    ),
    **dict.fromkeys(
        (EvidenceKind.MATERIAL_APPRAISAL, EvidenceKind.MATERIAL_REVIEW, EvidenceKind.RIGHTS), "materials"
    ),
    **dict.fromkeys(
        (EvidenceKind.TRAINING, EvidenceKind.HANDOVER_TRAINING, EvidenceKind.PRODUCTION_TRAINING), "people"
    ),
    **dict.fromkeys((EvidenceKind.PARTNER_APPRAISAL, EvidenceKind.PARTNER_FAILED), "sites"),
}
"""Kind -> table that its subject is a code of. The others are about the institution, a major or a report."""

COMPONENTS = (
    "office",
    "texts",
    "programme",
    "materials",
    "staff",
    "teaching_system",
    "assessment_system",
    "technical_system",
)
"""The eight components of a distance training system (TX-2.5)."""

PUBLISHED_ITEMS = ("regulation", "decision", "programme", "conditions", "intake")
"""Items a to đ of TX-14.4."""
