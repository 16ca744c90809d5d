"""What the institution makes public (TX-14.4, TX-14.5): a page that can be read without script, by anybody.

It names members of staff with degree and experience (TX-14.4d) and nothing else about them; of learners it holds
counts only (PD-6).
"""

from __future__ import annotations

from datetime import date

from delivery.catalogue.evidence import PUBLISHED_ITEMS, EvidenceKind
from delivery.catalogue.kinds import EmploymentKind, Role
from delivery.errors import N_, Message
from delivery.regulation.evaluate import evaluate
from delivery.regulation.indexes import covered, evidence_of, foreign, is_legacy
from delivery.regulation.snapshot import Snapshot, grouped
from delivery.regulation.standing import Standing, Status
from delivery.reports.annex import LEGACY, letterhead, province_of
from delivery.reports.document import Behind, Cell, Column, Report, Section, Table, count, number, text
from delivery.reports.requirements import public_table
from delivery.reports.texts import Texts
from delivery.reports.words import day

_ITEMS = {
    "regulation": "a) Quy chế đào tạo từ xa và các quy định có liên quan",
    "decision": "b) Quyết định đào tạo từ xa",
    "programme": "c) Chương trình đào tạo từ xa",
    "conditions": "d) Các điều kiện bảo đảm chất lượng",
    "intake": "đ) Thông báo tuyển sinh",
}
_EMPLOYMENT = {
    EmploymentKind.PERMANENT: "Cơ hữu",
    EmploymentKind.FULL_TIME_CONTRACT: "Hợp đồng làm việc toàn thời gian",
    EmploymentKind.VISITING: "Thỉnh giảng",
    EmploymentKind.CASE_CONTRACT: "Hợp đồng vụ việc",
}
NONE_YET = "chưa có minh chứng"


def disclosure(s: Snapshot, texts: Texts, *, today: date) -> Report:
    """The public page on the day of the snapshot."""
    programmes = [programme.code for programme in covered(s)]
    problems: list[Message] = []
    evaluation = evaluate(s)
    return Report(
        kind="disclosure",
        year=s.on.year,
        on=s.on,
        provisional=s.on >= today,
        letterhead=letterhead(
            texts,
            s.on.year,
            above=s.institution.supervising_body,
            name=s.institution.name,
            abbreviation=s.institution.code,
            province=province_of(s),
        ),
        title="Công khai",
        subtitle="thông tin đào tạo từ xa trình độ đại học",
        sections=(
            Section("1", "Văn bản và chương trình", _published(s, programmes, problems)),
            Section("2", "Giảng viên, cán bộ hỗ trợ", _people(s)),
            Section("3", "Số lượng theo từng khóa, từng chương trình", _cohorts(s)),
            Section("4", "Đáp ứng chuẩn chương trình đào tạo", _standards(s, programmes, problems)),
            Section(
                "5",
                "Đáp ứng các yêu cầu tối thiểu để thực hiện đào tạo từ xa (Điều 5)",
                public_table(evaluation, programmes),
                landscape=True,
            ),
        ),
        recipients=(),
        signature=("", "", ""),
        problems=tuple(problems),
    )


def _published(s: Snapshot, programmes: list[str], problems: list[Message]) -> Table:
    columns = (
        Column("Chương trình", weight=1.3),
        Column("Nội dung công khai", weight=1.8),
        Column("Ngày", weight=0.8),
        Column("Địa chỉ", weight=2),
    )
    rows = []
    for code in programmes:
        for item in PUBLISHED_ITEMS:
            found = [
                e
                for about in (code, "")
                for e in evidence_of(s, EvidenceKind.PUBLICATION, about, item)
                if e.until is None or e.until >= s.on
            ]
            if not found:
                text_ = N_("{programme}: nothing is published for “{item}”.")
                problems.append(Message(text_, {"programme": code, "item": item}))
            newest = max(found, key=lambda e: e.day or date.min, default=None)
            behind = [Behind("evidence", newest.code, newest.day, newest.kind.value)] if newest else []
            rows.append(
                (
                    text(s.programmes[code].name),
                    text(_ITEMS[item]),
                    text(day(newest.day) if newest else "", *behind),
                    text((newest.url or newest.title or newest.file) if newest else NONE_YET, *behind),
                )
            )
    return Table(columns, tuple(rows))


def _people(s: Snapshot) -> Table:
    """Everybody who teaches or supports; experience is the year of the first assignment here, and training."""
    columns = (
        Column("Họ và tên", weight=1.6),
        Column("Công việc", weight=1.2),
        Column("Hình thức làm việc", weight=1.3),
        Column("Trình độ", weight=1),
        Column("Tham gia đào tạo từ xa từ năm", weight=1),
        Column("Bồi dưỡng về đào tạo từ xa", weight=1),
    )
    first: dict[str, date] = {}
    for row in s.teaching.values():
        if row.starts:
            first[row.person] = min(row.starts, first.get(row.person, row.starts))
    teaches = {row.person for row in s.teaching.values()} | {c.lecturer for c in s.courses.values()}
    helps = {a.person for a in s.appointments.values()}
    rows = []
    for code in sorted(s.people, key=lambda c: (s.people[c].name, c)):
        person = s.people[code]
        if code not in teaches | helps and Role.LECTURER not in person.roles:
            continue
        trained = [e.day for e in evidence_of(s, EvidenceKind.TRAINING, code) if e.day]
        lecturer = code in teaches or Role.LECTURER in person.roles
        behind = Behind("people", code)
        rows.append(
            (
                text(person.name, behind),
                text("Giảng viên" if lecturer else "Cán bộ hỗ trợ"),
                text(_EMPLOYMENT[person.employment], behind),
                text(person.degree, behind),
                text(str(first[code].year) if code in first else ""),
                text(str(max(trained).year) if trained else NONE_YET),
            )
        )
    return Table(columns, tuple(rows))


def _cohorts(s: Snapshot) -> Table:
    left = "Số thôi học"
    columns = (
        Column("Chương trình", weight=1.6),
        Column("Khóa", weight=1),
        Column("Ngày tuyển sinh", weight=1),
        Column("Trúng tuyển"),
        Column("Nhập học"),
        Column("Đang học"),
        Column("Cộng", group=left),
        Column("Tự nguyện", group=left),
        Column("Buộc thôi học", group=left),
        Column("Tốt nghiệp"),
    )
    learners = grouped(
        (x for x in s.standings.values() if x.enrolled_on is not None), lambda standing: standing.cohort
    )
    rows = []
    for cohort in sorted(s.cohorts.values(), key=lambda c: (c.programme, c.admission_date, c.code)):
        if cohort.programme in foreign(s) or cohort.admission_date > s.on:
            continue
        intake = s.intakes.get(cohort.code)
        own = learners.get(cohort.code, [])
        gone = _with(own, Status.WITHDRAWN_VOLUNTARY), _with(own, Status.DISMISSED)
        rows.append(
            (
                text(s.programmes[cohort.programme].name + (LEGACY if is_legacy(s, cohort) else "")),
                text(cohort.code, Behind("cohorts", cohort.code)),
                text(day(cohort.admission_date)),
                number(intake.admitted, Behind("intakes", cohort.code))
                if intake and intake.admitted
                else text(""),
                count([_learner(x) for x in own]),
                count([_learner(x) for x in own if x.studying]),
                count([*gone[0], *gone[1]]),
                count(gone[0]),
                count(gone[1]),
                count(_with(own, Status.GRADUATED)),
            )
        )
    remark = "Số đang học gồm cả người học nghỉ học tạm thời. Nhập học = đang học + thôi học + tốt nghiệp."
    return Table(columns, tuple(rows), remark=("Ghi chú:", remark))


def _learner(standing: Standing) -> Behind:
    return Behind("standings", standing.learner, standing.since, standing.status.value)


def _with(learners: list[Standing], status: Status) -> list[Behind]:
    return [_learner(x) for x in learners if x.status is status]


def _standards(s: Snapshot, programmes: list[str], problems: list[Message]) -> Table:
    columns = (Column("Chương trình", weight=1.3), Column("Minh chứng", weight=3), Column("Ngày", weight=0.8))
    rows: list[tuple[Cell, ...]] = []
    for code in programmes:
        found = evidence_of(s, EvidenceKind.STANDARDS_EVIDENCE, code)
        name = text(s.programmes[code].name)
        if not found:
            text_ = N_("{programme}: there is no evidence that the programme standard is met (TX-14.5c).")
            problems.append(Message(text_, {"programme": code}))
            rows.append((name, text(NONE_YET), text("")))
        for e in found:
            behind = Behind("evidence", e.code, e.day, e.kind.value, e.number)
            rows.append(
                (name, text(e.title or e.number or e.url or e.code, behind), text(day(e.day), behind))
            )
    return Table(columns, tuple(rows))
