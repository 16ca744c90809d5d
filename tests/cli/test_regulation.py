"""``tuxa regulation``: registers come in with the catalogue, checks and gates answer in words and JSON."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from delivery.app import App
from delivery.catalogue.registers import ROW_OF
from delivery.cli.regulation import app as command
from delivery.clock import ManualClock
from delivery.demo.sample import sample_term
from delivery.errors import BadInput, GateClosed, Refused
from delivery.i18n import Translator
from delivery.record.kinds import FactKind
from delivery.store.audit import audit
from delivery.store.evidence import RegisterStore

REGISTERS = {
    "evidence": [
        ("code", "kind", "subject", "topic", "signed", "number", "signer", "people", "file"),
        ("QD1", "distance_decision", "QTVP-TX", "", "02/03/2026", "12/QĐ", "Hiệu trưởng", "GV01", "qd.pdf"),
        ("TP1", "component", "", "office", "02/03/2026", "", "", "GV01", ""),
        ("BD1", "training", "GV02", "", "02/03/2026", "", "", "", ""),
    ],
    "phan_cong_giang_day": [
        ("Mã học phần", "Mã nhân sự", "Số tín chỉ", "Từ ngày"),
        ("TVTH101", "GV01", "2", "07/09/2026"),
        ("TVTH101", "GV04", "1", "07/09/2026"),
    ],
    "partners": [("site", "kind"), ("THATSON", "Trung tâm GDTX")],
    "contracts": [
        ("number", "partner", "signed", "starts", "ends", "programmes", "duties"),
        ("HD-1", "THATSON", "01/01/2026", "01/01/2026", "31/12/2026", "QTVP-TX", "giảng dạy;thi"),
    ],
    "standings": [
        ("learner", "event", "on", "detail", "decision"),
        ("TX260001", "enrolled", "05/10/2026", "upper_secondary", "QD-5"),
        ("TX260002", "enrolled", "05/10/2026", "college", "QD-5"),
    ],
}


@pytest.fixture
def term(tmp_path: Path) -> Path:
    folder = tmp_path / "term"
    with sample_term() as sample:
        shutil.copytree(sample, folder)
    for name, rows in REGISTERS.items():
        write(folder, name, rows)
    (folder / "qd.pdf").write_bytes(b"%PDF-1.4 decision")
    return folder


def write(folder: Path, name: str, rows: list[tuple[str, ...]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def call(tuxa: App, *arguments: str, code: int | None = None) -> str:
    result = CliRunner().invoke(command, list(arguments), obj=tuxa, catch_exceptions=False)
    assert code is None or result.exit_code == code, result.stdout
    return result.stdout


def checked(tuxa: App, *arguments: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(call(tuxa, "check", "--json", *arguments))
    return document


def one(document: dict[str, object], clause: str, subject: str) -> dict[str, object]:
    findings = document["findings"]
    assert isinstance(findings, list)
    (found,) = [f for f in findings if f["clause"] == clause and f["subject"] == subject]
    return dict(found)


def test_registers_come_in_with_the_catalogue_and_again_change_nothing(tuxa: App, term: Path) -> None:
    first = tuxa.importer.run(term, actor="QTHT01")
    assert first.registers["evidence"].added == 3
    assert first.standings == 2
    again = tuxa.importer.run(term, actor="QTHT01")
    assert not again.changed
    held = RegisterStore(tuxa.database).load()
    assert held.evidence["QD1"].digest
    assert tuxa.blobs.get(held.evidence["QD1"].digest) == b"%PDF-1.4 decision"
    assert held.contracts["HD-1"].programmes == ("QTVP-TX",)
    assert {name for name in ROW_OF if getattr(held, name)} == {
        "evidence",
        "teaching",
        "partners",
        "contracts",
    }


def test_evidence_is_never_removed_and_a_corrected_event_is_a_new_revision(tuxa: App, term: Path) -> None:
    tuxa.importer.run(term, actor="QTHT01")
    write(term, "evidence", REGISTERS["evidence"][:2])
    rows = [*REGISTERS["standings"]]
    rows[1] = ("TX260001", "enrolled", "05/10/2026", "university", "QD-5")
    write(term, "standings", rows)
    result = tuxa.importer.run(term, actor="QTHT01")
    assert (result.registers["evidence"].removed, result.standings) == (0, 1)
    assert len(RegisterStore(tuxa.database).load().evidence) == 3
    assert len(list(tuxa.facts.select(kind=FactKind.STANDING_RECORDED))) == 3
    assert audit(tuxa.database, tuxa.vault, tuxa.blobs) == ()


def test_a_bad_reference_names_file_row_and_column_and_stores_nothing(tuxa: App, term: Path) -> None:
    write(term, "partners", [("site", "kind"), ("MAIN", "college"), ("XA", "Công ty TNHH")])
    write(term, "standings", [("learner", "event", "on"), ("LẠ01", "enrolled", "05/10/2026")])
    (term / "qd.pdf").unlink()
    with pytest.raises(BadInput) as caught:
        tuxa.importer.run(term, actor="QTHT01")
    told = "\n".join(Translator("en")(problem) for problem in caught.value.problems)
    assert "partners.csv, row 3, column “kind”" in told  # TX-7.2: no other kind can be entered
    assert "MAIN is not a partner" in told
    assert "standings.csv, row 2, column “learner”" in told
    assert "evidence.csv, row 2, column “file”" in told
    assert list(tuxa.facts.select(kind=FactKind.REGISTERS_IMPORTED)) == []


def test_check_gives_findings_with_clause_number_threshold_subject_and_since(tuxa: App, term: Path) -> None:
    tuxa.importer.run(term, actor="QTHT01")
    document = checked(tuxa)
    share = one(document, "TX-5.7b", "programme:QTVP-TX")
    assert (share["verdict"], share["value"], share["threshold"]) == ("pass", "0.79", "30")
    decision = one(document, "TX-13.1b-2", "programme:QTVP-TX")
    assert (decision["verdict"], decision["threshold"], decision["since"]) == (
        "fail",
        "2026-03-16",
        "2026-03-16",
    )
    early = checked(tuxa, "--on", "2026-03-10")
    assert one(early, "TX-13.1b-2", "programme:QTVP-TX")["verdict"] == "warn"
    assert call(tuxa, "check", code=1)


def test_an_own_value_of_the_home_changes_the_threshold(tuxa: App, term: Path) -> None:
    tuxa.importer.run(term, actor="QTHT01")
    folder = tuxa.settings.home / "regulation"
    folder.mkdir()
    own = folder / "VN-2024.toml"
    own.write_text('[values]\nvisiting_share_max = { value = "25", regulation = "QD1" }\n')
    assert one(checked(tuxa), "TX-5.7b", "programme:QTVP-TX")["threshold"] == "25"


def test_the_daily_evaluation_tells_what_changed_once_and_since_when(tuxa: App, term: Path) -> None:
    tuxa.importer.run(term, actor="QTHT01")
    first = json.loads(call(tuxa, "evaluate", "--json"))
    assert first["changes"]
    assert json.loads(call(tuxa, "evaluate", "--json"))["changes"] == []
    assert isinstance(tuxa.clock, ManualClock)
    tuxa.clock.at += timedelta(days=3)
    rows = [*REGISTERS["evidence"], ("BD2", "training", "GV04", "", "01/09/2026", "", "", "", "")]
    write(term, "evidence", rows)
    tuxa.importer.run(term, actor="QTHT01")
    changes = json.loads(call(tuxa, "evaluate", "--json"))["changes"]
    (trained,) = [c for c in changes if c["clause"] == "TX-5.7-1" and c["subject"] == "person:GV04"]
    assert (trained["before"], trained["verdict"], trained["on"]) == ("fail", "pass", "2026-09-10")
    still = one(checked(tuxa), "TX-5.7-1", "person:GV01")
    assert still["since"] == "2026-09-07"  # noticed by the first evaluation
    assert audit(tuxa.database, tuxa.vault, tuxa.blobs) == ()


def test_a_closed_gate_names_its_clauses_and_an_override_stays_visible(tuxa: App, term: Path) -> None:
    tuxa.importer.run(term, actor="QTHT01")
    closed = json.loads(call(tuxa, "gate", "approve_programme", "QTVP-TX", "--json", code=1))
    assert {"TX-5.8dd-1", "TX-5.10-1"} <= {r["clause"] for r in closed["refusals"]}
    words = ("override", "approve_programme", "TX-5.8dd-1", "programme:QTVP-TX", "--role", "rector")
    reason = ("--reason", "Học liệu năm hai xong trong tháng tới", "--actor", "QL01")
    with pytest.raises(GateClosed, match="second person"):
        call(tuxa, *words, *reason)
    with pytest.raises(Refused, match="GV01"):  # a lecturer answers for nothing
        call(tuxa, *words, *reason, "--second", "GV01")
    call(tuxa, *words, *reason, "--second", "QL02", code=0)
    again = json.loads(call(tuxa, "gate", "approve_programme", "QTVP-TX", "--json", code=1))
    (passed,) = [r for r in again["refusals"] if r["override"]]
    assert (passed["clause"], passed["override"]["second"]) == ("TX-5.8dd-1", "QL02")
    risk = one(checked(tuxa), "TX-6.1a", "override:TX-5.8dd-1@programme:QTVP-TX")
    assert risk["verdict"] == "warn"


def test_coverage_is_honest_about_what_is_not_checked(tuxa: App) -> None:
    document = json.loads(call(tuxa, "check", "--coverage", "--json"))
    assert document["rules"] == document["implemented"] + len(document["missing"])
    assert document["implemented"] >= 150
    assert document["required"] == document["required_implemented"]
    assert all(row["reason"] for row in document["missing"])


def test_duties_profile_and_evidence_answer_in_words_and_json(tuxa: App, term: Path) -> None:
    tuxa.importer.run(term, actor="QTHT01")
    found = json.loads(call(tuxa, "duties", "--json"))["duties"]
    assert "TX-14.1a" in {duty["clause"] for duty in found}
    values = json.loads(call(tuxa, "profile", "--json"))["values"]
    assert {"name": "visiting_share_max", "value": "30", "clause": "TX-5.7b"}.items() <= next(
        v for v in values if v["name"] == "visiting_share_max"
    ).items()
    rows = json.loads(call(tuxa, "evidence", "--json", "--kind", "distance_decision"))["evidence"]
    assert [(row["code"], row["number"], len(row["sha256"])) for row in rows] == [("QD1", "12/QĐ", 64)]
    assert "vi phạm" in call(tuxa, "check")
    assert "TX-14.1a" in call(tuxa, "duties", "--on", "2026-12-01")
