"""Draft of a programme's scheme (đề án đào tạo từ xa, TX-5.10-1), written from the live checks of one day."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.registers import Evidence
from delivery.errors import N_, Message, NotFound
from delivery.regulation.evaluate import Evaluation
from delivery.regulation.findings import shown
from delivery.regulation.indexes import courses_of, details_of, evidence_of, plans_of
from delivery.regulation.rules.tx4 import complete_courses
from delivery.regulation.shares import taught_by, volumes
from delivery.regulation.snapshot import Snapshot
from delivery.reports.annex import letterhead, province_of
from delivery.reports.document import Behind, Cell, Column, Report, Section, Table, text
from delivery.reports.requirements import full_table
from delivery.reports.texts import Texts, paragraphs
from delivery.reports.words import MODES, day

PARTS = ("necessity", "preparation", "solutions_and_roadmap", "risks")
"""Mandatory parts; one that nobody wrote keeps the scheme from being submitted."""
RISKS = {
    "major_suspended": "Cơ sở đào tạo bị đình chỉ hoạt động ngành đào tạo",
    "distance_suspended": "Cơ sở đào tạo bị đình chỉ hoạt động đào tạo từ xa đối với ngành đào tạo",
}
_K = EvidenceKind
_STEPS = {
    _K.RECTOR_PROPOSAL: "Đề xuất của hiệu trưởng về chủ trương",
    _K.COUNCIL_OPINION: "Ý kiến của hội đồng khoa học và đào tạo",
    _K.POLICY_DECISION: "Quyết định của hội đồng trường về chủ trương",
    _K.READINESS_APPRAISAL: "Ý kiến thẩm định mức độ đáp ứng của thực tế",
    _K.SCHEME_APPROVAL: "Quyết định phê duyệt đề án",
    _K.DISTANCE_DECISION: "Quyết định đào tạo từ xa",
}


def dossier(evaluation: Evaluation, programme: str, texts: Texts) -> Report:
    """The draft. Its numbers are those of the evaluation; `texts` may hold the part in words.

    Raises NotFound for an unknown programme.
    """
    s = evaluation.snapshot
    known = s.programmes.get(programme)
    if known is None:
        raise NotFound(
            N_("The catalogue has no programme “{programme}”."),
            do=N_("Known programmes: {known}."),
            programme=programme,
            known=", ".join(sorted(s.programmes)),
        )
    problems = [
        Message(N_("The scheme lacks the part “{part}”: it cannot be submitted."), {"part": part})
        for part in PARTS
        if not evidence_of(s, _K.SCHEME_PART, programme, part)
    ]
    problems += [
        Message(N_("There is no plan for the risk “{risk}”."), {"risk": risk})
        for risk in RISKS
        if not _risk(s, programme, risk)
    ]
    return Report(
        kind="dossier",
        year=s.on.year,
        on=s.on,
        provisional=True,
        letterhead=letterhead(
            texts,
            s.on.year,
            above=s.institution.supervising_body,
            name=s.institution.name,
            abbreviation=s.institution.code,
            province=province_of(s),
        ),
        title="ĐỀ ÁN (DỰ THẢO)",
        subtitle=f"Đào tạo từ xa trình độ đại học chương trình {known.name}",
        sections=(
            Section("I", "Thông tin chung", _overview(s, programme)),
            Section("II", "Sự cần thiết mở đào tạo từ xa", None, _words(s, programme, "necessity")),
            Section(
                "III",
                "Việc chuẩn bị các yêu cầu tối thiểu (Điều 5)",
                full_table(evaluation, programme),
                (f"Số liệu kiểm tra ngày {day(s.on)}.",),
                landscape=True,
            ),
            Section(
                "IV",
                "Giải pháp và lộ trình triển khai",
                _materials(s, programme),
                _words(s, programme, "solutions_and_roadmap"),
            ),
            Section(
                "V",
                "Phương án phòng ngừa và xử lý rủi ro",
                _risks(s, programme),
                _words(s, programme, "risks"),
            ),
            Section("VI", "Trình tự quyết định", _steps(s, programme)),
        ),
        recipients=(),
        signature=(texts.signer_title or "HIỆU TRƯỞNG", "", texts.signer),
        subject=programme,
        problems=tuple(problems),
        basis=s.profiles[s.default_profile].legal_basis,
    )


def _words(s: Snapshot, programme: str, part: str) -> tuple[str, ...]:
    """Title of the part's document; a dotted line while there is none."""
    found = evidence_of(s, _K.SCHEME_PART, programme, part)
    return tuple(
        line for e in found[-1:] for line in paragraphs(e.title) or (f"Theo văn bản {e.number or e.code}.",)
    )


def _percent(part: Fraction, whole: Fraction) -> str:
    return shown(part * 100 / whole if whole else Fraction(0)).replace(".", ",") + " %"


def _overview(s: Snapshot, programme: str) -> Table:
    known, details, held = s.programmes[programme], details_of(s, programme), volumes(s, programme)
    taught = taught_by(s, programme)
    facts: list[tuple[str, str]] = [
        ("Tên chương trình đào tạo", known.name),
        ("Mã ngành", known.major_code),
        ("Khối lượng (tín chỉ)", shown(known.credits).replace(".", ",")),
        ("Tỷ lệ khối lượng theo ba phương thức từ xa", _percent(held.distance, held.total)),
        *(
            (f"Trong đó: {name}", _percent(held.by_mode.get(mode, Fraction(0)), held.total))
            for mode, name in MODES.items()
        ),
        ("Khối lượng do giảng viên thỉnh giảng thực hiện", _percent(taught.visiting, taught.total)),
        (
            "Trong đó do giảng viên cơ hữu của cơ sở phối hợp",
            _percent(taught.partner_staff, taught.total),
        ),
        *(
            (
                f"Kế hoạch học tập chuẩn, tiến độ “{plan.pace}”",
                f"{plan.months} tháng, {plan.main_terms} học kỳ",
            )
            for plan in plans_of(s, programme)
        ),
        ("Chương trình chính quy tương ứng", details.regular_code if details else ""),
        ("Đơn vị chủ trì phụ trách chuyên môn", details.lead_unit if details else ""),
    ]
    rows = tuple((text(name), text(value, Behind("programmes", programme))) for name, value in facts)
    return Table((Column("Nội dung", weight=1.4), Column("Số liệu", weight=1)), rows, size_pt=12)


def _materials(s: Snapshot, programme: str) -> Table:
    columns = (
        Column("Học phần", weight=2),
        Column("Năm học", weight=0.6),
        Column("Học liệu", weight=1),
        Column("Người phụ trách", weight=1.1),
        Column("Hạn hoàn thành", weight=0.9),
    )
    lacking = complete_courses(s)
    rows = []
    for course in sorted(
        courses_of(s).get(programme, ()), key=lambda c: (_year(s, programme, c.code), c.code)
    ):
        plan = s.material_plans.get(course.code)
        year = _year(s, programme, course.code)
        rows.append(
            (
                text(f"{course.code} {course.name}", Behind("courses", course.code)),
                text(str(year) if year < 99 else ""),
                text("Chưa đầy đủ" if lacking.get(course.code, ("",)) else "Đầy đủ"),
                text(plan.owner if plan else ""),
                text(day(plan.due) if plan else ""),
            )
        )
    return Table(columns, tuple(rows), size_pt=11)


def _year(s: Snapshot, programme: str, course: str) -> int:
    planned = s.plan_courses.get((programme, course))
    return planned.year if planned else 99


def _risk(s: Snapshot, programme: str, risk: str) -> list[Evidence]:
    return [e for about in (programme, "") for e in evidence_of(s, _K.RISK_SCENARIO, about, risk)]


def _risks(s: Snapshot, programme: str) -> Table:
    rows = tuple((text(name), *_last(_risk(s, programme, risk))) for risk, name in RISKS.items())
    columns = (Column("Tình huống", weight=2), Column("Phương án", weight=2), Column("Ngày", weight=0.7))
    return Table(columns, rows, size_pt=11)


def _steps(s: Snapshot, programme: str) -> Table:
    rows = tuple((text(name), *_last(evidence_of(s, kind, programme))) for kind, name in _STEPS.items())
    columns = (Column("Bước", weight=2), Column("Văn bản", weight=2), Column("Ngày", weight=0.7))
    return Table(columns, rows, size_pt=11)


def _last(found: Iterable[Evidence]) -> tuple[Cell, Cell]:
    newest = list(found)[-1:]
    if not newest:
        return text(""), text("")
    e = newest[0]
    behind = Behind("evidence", e.code, e.day, e.kind.value, e.number)
    return text(" ".join(x for x in (e.number, e.title) if x) or e.code, behind), text(day(e.day), behind)
