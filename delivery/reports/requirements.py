"""The minimum requirements of Điều 5 as a table: for the public page, the yearly review and the scheme dossier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from delivery.i18n import Translator
from delivery.regulation.clauses import clauses
from delivery.regulation.evaluate import Evaluation
from delivery.regulation.findings import Finding, Verdict
from delivery.regulation.labels import EVIDENCE_LABELS
from delivery.reports.document import Behind, Cell, Column, Table, text

RESULTS = {
    Verdict.PASS: "Đáp ứng",
    Verdict.WARN: "Đáp ứng, cần lưu ý",
    Verdict.FAIL: "Chưa đáp ứng",
    Verdict.UNKNOWN: "Chưa có minh chứng",
    Verdict.NOT_APPLICABLE: "Không áp dụng",
}
_ARTICLE = "TX-5"


class Held(NamedTuple):
    """One clause for one programme: the worst of what was found."""

    clause: str
    finding: Finding
    """The finding that decides."""
    evidence: tuple[str, ...]
    """Codes of evidence that any finding of it rests on."""


def minimum_requirements(evaluation: Evaluation, programme: str) -> Iterator[Held]:
    """Every clause of Điều 5, in order."""
    for clause in clauses().values():
        if clause.article != _ARTICLE or clause.id not in evaluation.by_clause:
            continue
        found = [f for f in evaluation.by_clause[clause.id] if f.subject.programme in ("", programme)]
        if not found:
            continue
        deciding = max(found, key=lambda finding: finding.verdict.rank)
        rests = dict.fromkeys(
            code for finding in found for code in finding.rests_on if code in evaluation.snapshot.evidence
        )
        yield Held(clause.id, deciding, tuple(rests))


def clause_name(clause: str) -> str:
    """«khoản 7 điểm b» of ``TX-5.7b`` stays an id for the reader to look up: «5.7b»."""
    return clause.removeprefix("TX-").replace("dd", "đ")


def evidence_titles(evaluation: Evaluation, codes: tuple[str, ...], *, most: int = 4) -> Cell:
    """Titles of evidence, with number and day; the rest is counted."""
    translate = Translator("vi")
    rows = [evaluation.snapshot.evidence[code] for code in codes]
    told = []
    for row in rows[:most]:
        title = row.title or translate(EVIDENCE_LABELS[row.kind])
        number = f" số {row.number}" if row.number else ""
        when = f" ngày {row.day:%d/%m/%Y}" if row.day else ""
        told.append(f"{title}{number}{when}")
    if len(rows) > most:
        told.append(f"và {len(rows) - most} minh chứng khác")
    return text("; ".join(told), *(Behind("evidence", r.code, r.day, r.kind.value, r.number) for r in rows))


def public_table(evaluation: Evaluation, programmes: list[str]) -> Table:
    """What the public may see: verdict and titles of evidence, no persons and no single cases (PD-6)."""
    columns = (
        Column("Chương trình", weight=1.2),
        Column("Điều khoản", weight=0.7),
        Column("Yêu cầu", weight=3),
        Column("Kết quả", weight=1),
        Column("Minh chứng", weight=2),
    )
    rows = []
    for programme in programmes:
        name = evaluation.snapshot.programmes[programme].name
        for held in minimum_requirements(evaluation, programme):
            rows.append(
                (
                    text(name),
                    text(clause_name(held.clause)),
                    text(clauses()[held.clause].text),
                    text(RESULTS[held.finding.verdict], Behind("findings", held.clause, None, programme)),
                    evidence_titles(evaluation, held.evidence),
                )
            )
    return Table(columns, tuple(rows))


def full_table(evaluation: Evaluation, programme: str) -> Table:
    """With number, threshold and what was found: for the dossier and the review."""
    translate = Translator("vi")
    columns = (
        Column("Điều khoản", weight=0.7),
        Column("Yêu cầu", weight=2.6),
        Column("Số liệu", weight=0.8),
        Column("Ngưỡng", weight=0.8),
        Column("Kết quả", weight=1.1),
        Column("Nhận xét, minh chứng", weight=2.4),
    )
    rows = []
    for held in minimum_requirements(evaluation, programme):
        finding = held.finding
        titles = evidence_titles(evaluation, held.evidence)
        said = "" if finding.verdict is Verdict.PASS else translate(finding.what)
        rows.append(
            (
                text(clause_name(held.clause)),
                text(clauses()[held.clause].text),
                text(_decimal(finding.value)),
                text(_decimal(finding.threshold)),
                text(RESULTS[finding.verdict], Behind("findings", held.clause, None, str(finding.subject))),
                text(" ".join(part for part in (said, titles.text) if part), *titles.behind),
            )
        )
    return Table(columns, tuple(rows))


def _decimal(value: str) -> str:
    """28.5 as written in Viet Nam: 28,5; what is no number stays."""
    head, mark, tail = value.partition(".")
    return f"{head},{tail}" if mark and head.lstrip("-").isdigit() and tail.isdigit() else value
