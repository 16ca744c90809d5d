"""Gates asked by the actions themselves: what is still to come is refused, what has happened is recorded."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from delivery.app import App
from delivery.app.daily import alert_of, evaluate_today
from delivery.app.gates import require_no_violation
from delivery.app.services import services_of
from delivery.cli.media import app as media
from delivery.cli.packets import app as packets
from delivery.cli.regulation import app as command
from delivery.clock import ManualClock
from delivery.demo.sample import sample_institution
from delivery.errors import GateClosed, Refused
from delivery.record.kinds import FactKind
from delivery.regulation.registry import Gate
from delivery.store.evidence import RegisterStore
from tests.support.home import make_app


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample institution as files and as a home that has taken them in: made once, copied for each test."""
    root = tmp_path_factory.mktemp("sample")
    with sample_institution() as made:
        shutil.copytree(made, root / "term")
    app = opened(root / "home")
    app.importer.run(root / "term", actor="QL01")
    app.close()
    return root


def opened(home: Path) -> App:
    app = make_app(home)
    assert isinstance(app.clock, ManualClock)
    app.clock.at = datetime(2026, 11, 22, 1, tzinfo=UTC)
    return app


@pytest.fixture
def folder(tmp_path: Path, imported: Path) -> Path:
    return Path(shutil.copytree(imported / "term", tmp_path / "term"))


@pytest.fixture
def tuxa(tmp_path: Path, imported: Path) -> Iterator[App]:
    app = opened(Path(shutil.copytree(imported / "home", tmp_path / "home")))
    yield app
    app.close()


def run(group: typer.Typer, tuxa: App, *words: str) -> str:
    """A command's output; what it refuses is raised."""
    result = CliRunner().invoke(group, list(words), obj=tuxa, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def add(folder: Path, name: str, **values: str) -> None:
    """One more row in a table."""
    path = folder / f"{name}.csv"
    with path.open(encoding="utf-8") as stream:
        head = next(csv.reader(stream))
    with path.open("a", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerow([values.get(column, "") for column in head])


def test_the_sample_institution_comes_in_whole_on_any_day_before_its_term(
    tmp_path: Path, folder: Path
) -> None:
    early = make_app(tmp_path / "early")  # 7 September: its assignments and its term are still to come
    assert early.importer.run(folder, actor="QL01").changed
    early.close()


def test_an_assignment_that_is_still_to_come_is_refused_for_an_untrained_lecturer(
    tuxa: App, folder: Path
) -> None:
    add(folder, "teaching", course="THVP103", person="TD01", credits="1", starts="01/12/2026")
    with pytest.raises(GateClosed, match=r"TX-5.7-1 refuses it for TD01"):
        tuxa.importer.run(folder, actor="QL01")
    assert ("THVP103", "TD01") not in RegisterStore(tuxa.database).load().teaching
    add(
        folder,
        "evidence",
        code="BD-TD01",
        kind="training",
        subject="TD01",
        signed="10/11/2026",
        number="1/CN",
    )
    assert tuxa.importer.run(folder, actor="QL01").changed


def test_an_untrained_lecturer_is_assigned_by_an_override_that_stays_on_the_risk_page(
    tuxa: App, folder: Path
) -> None:
    add(folder, "teaching", course="THVP103", person="TD01", credits="1", starts="01/12/2026")
    reason = ("--reason", "Bồi dưỡng xong trước buổi dạy đầu tiên", "--actor", "QL01")
    word = ("override", "assign_lecturer")
    trained = (*word, "TX-5.7-1", "person:TD01", *reason)
    with pytest.raises(GateClosed, match="distance_manager"):
        run(command, tuxa, *trained, "--role", "lecturer")
    run(command, tuxa, *trained, "--role", "distance_manager")
    limits = (*word, "TX-9.3", "programme:QTVP-TX", *reason, "--role", "rector")
    with pytest.raises(GateClosed, match="second person"):
        run(command, tuxa, *limits)
    with pytest.raises(GateClosed, match=r"TX-9\.3"):  # the other clause still refuses
        tuxa.importer.run(folder, actor="QL01")
    run(command, tuxa, *limits, "--second", "QL02")
    assert tuxa.importer.run(folder, actor="QL01").changed
    risks = [
        (f["verdict"], f["subject"])
        for f in json.loads(
            CliRunner().invoke(command, ["check", "--json", "--clause", "TX-6.1a"], obj=tuxa).stdout
        )["findings"]
    ]
    assert ("warn", "override:TX-5.7-1@person:TD01") in risks
    assert ("warn", "override:TX-9.3@programme:QTVP-TX") in risks
    failing = CliRunner().invoke(command, ["check", "--json", "--clause", "TX-5.7-1"], obj=tuxa).stdout
    assert "person:TD01" in {f["subject"] for f in json.loads(failing)["findings"] if f["verdict"] == "fail"}


def test_an_assignment_of_the_past_is_recorded_and_found_by_the_checks(tuxa: App, folder: Path) -> None:
    add(folder, "teaching", course="THVP103", person="TD01", credits="1", starts="02/11/2026")
    assert tuxa.importer.run(folder, actor="QL01").changed
    done = evaluate_today(tuxa)
    assert ("TX-5.7-1", "person:TD01", "fail") in {(c.clause, c.subject, c.verdict) for c in done.changes}


def test_a_final_examination_elsewhere_is_refused_before_it_is_held(tuxa: App, folder: Path) -> None:
    name = "sessions"
    (folder / f"{name}.csv").write_text(
        "code,course,kind,site,starts,minutes,cohort\nT1,NLTK102,exam,outside,20/12/2026 08:00,90,QTVP-2026A\n"
    )
    with pytest.raises(GateClosed, match=r"T1"):
        tuxa.importer.run(folder, actor="QL01")


def test_lessons_above_the_hours_of_a_day_are_refused_until_somebody_answers_for_them(
    tuxa: App, folder: Path
) -> None:
    head = "code,course,kind,site,starts,minutes,cohort\n"
    rows = [f"B{n},TVTH101,lecture,MAIN,05/12/2026 {7 + n:02d}:00,50,QTVP-2026A\n" for n in range(5)]
    (folder / "sessions.csv").write_text(head + "".join(rows), encoding="utf-8")
    with pytest.raises(GateClosed, match=r"T8-6.4 refuses it for TVTH101/QTVP-2026A: 250 minutes"):
        tuxa.importer.run(folder, actor="QL01")
    assert not RegisterStore(tuxa.database).load().sessions
    words = ("override", "schedule", "T8-6.4", "course:TVTH101/QTVP-2026A", "--role", "distance_manager")
    run(command, tuxa, *words, "--reason", "Dạy bù sau bão, lớp đã đồng ý", "--actor", "QL01")
    assert tuxa.importer.run(folder, actor="QL01").changed
    (folder / "sessions.csv").write_text(head + "".join(rows[:4]), encoding="utf-8")
    assert tuxa.importer.run(folder, actor="QL01").changed


def approve(tuxa: App, material: str) -> None:
    run(
        media,
        tuxa,
        *(
            "approve",
            material,
            "--minutes",
            "3/BB",
            "--decision",
            "9/QĐ",
            "--appraiser",
            "TD01",
            "--signer",
            "QL01",
        ),
    )


def test_printing_stops_when_the_course_has_no_approved_printed_material_left(
    tuxa: App, folder: Path
) -> None:
    for material in ("NLTK-GT", "NLTK-HD", "NLTK-BT1", "NLTK-BT2"):
        approve(tuxa, material)
    run(packets, tuxa, "plan", "B1", "--course", "NLTK102")
    for name in ("nltk-giao-trinh", "nltk-bai-tap-1", "nltk-bai-tap-2"):
        file = folder / f"{name}.md"
        file.write_text(file.read_text(encoding="utf-8") + "\nSửa sau khi duyệt.\n", encoding="utf-8")
    tuxa.importer.run(folder, actor="QL01")
    with pytest.raises(GateClosed, match=r"TX-4.3b refuses it for NLTK102"):
        run(packets, tuxa, "print", "B1")
    assert not list((tuxa.settings.home / "print").rglob("*.pdf"))


def test_material_goes_to_the_portal_only_when_its_course_may_be_published(tuxa: App, folder: Path) -> None:
    file = folder / "syllabi.csv"
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["course"] == "THVP103":
            row["learner_learner"] = ""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    tuxa.importer.run(folder, actor="QL01")
    with pytest.raises(GateClosed, match=r"TX-9.7-1 refuses it for THVP103"):
        approve(tuxa, "THVP-HL")
    approve(tuxa, "NLTK-GT")  # goes to nobody's screen
    with sample_institution() as made:
        shutil.copy(made / "syllabi.csv", file)
    tuxa.importer.run(folder, actor="QL01")
    approve(tuxa, "THVP-HL")


def test_an_intake_that_is_still_to_open_asks_its_gate(tuxa: App, folder: Path) -> None:
    add(folder, "cohorts", code="QTVP-2027A", programme="QTVP-TX", admission_date="05/10/2027")
    add(folder, "intakes", cohort="QTVP-2027A", opens="01/06/2027 08:00", starts="05/10/2027")
    with pytest.raises(GateClosed):
        tuxa.importer.run(folder, actor="QL01")
    assert "QTVP-2027A" not in tuxa.catalogue().cohorts  # nothing is half-imported


def test_a_decision_stands_with_the_findings_that_it_rests_on(tuxa: App) -> None:
    invoke = CliRunner().invoke
    words = ["decide", "approve_programme", "QTVP-TX", "--document", "200/QĐ", "--actor", "HT01"]
    with pytest.raises(GateClosed):
        invoke(command, words, obj=tuxa, catch_exceptions=False)
    refusals = json.loads(
        invoke(command, ["gate", "approve_programme", "QTVP-TX", "--json"], obj=tuxa).stdout
    )["refusals"]
    for refusal in refusals:
        passing = ["override", "approve_programme", refusal["clause"], refusal["subject"], "--role", "rector"]
        passing += ["--reason", "Hoàn thiện trong học kỳ này", "--actor", "QL01", "--second", "QL02"]
        try:
            invoke(command, passing, obj=tuxa, catch_exceptions=False)
        except GateClosed as error:  # a clause that nobody may override
            assert refusal["clause"] in ("TX-2.1", "TX-5.2-2"), str(error)
    document = json.loads(
        invoke(command, ["gate", "approve_programme", "QTVP-TX", "--json"], obj=tuxa).stdout
    )
    shut = {r["clause"] for r in document["refusals"] if not r["override"]}
    assert shut == {"TX-2.1"}  # 9 of 126 credits are entered: no reason makes that a distance programme
    with pytest.raises(Refused):
        invoke(
            command,
            ["decide", "publish", "NOPE", "--document", "1", "--actor", "HT01"],
            obj=tuxa,
            catch_exceptions=False,
        )
    done = invoke(
        command,
        ["decide", "use_partner", "THATSON", "--document", "201/QĐ", "--actor", "HT01", "--json"],
        obj=tuxa,
    )
    assert done.exit_code == 0, done.exception
    (fact,) = tuxa.facts.select(kind=FactKind.GATE_PASSED)
    assert json.loads(tuxa.blobs.get(fact.data["findings"]))["gate"] == "use_partner"


def test_daily_work_is_refused_for_what_is_violated_only(tuxa: App) -> None:
    with pytest.raises(GateClosed, match=r"TX-4.3b"):  # its textbook is not approved
        require_no_violation(tuxa, Gate.PRINT, about={"NLTK102"})
    require_no_violation(tuxa, Gate.SCHEDULE, about={"TVTH101"})
    require_no_violation(tuxa, Gate.PRINT, about=set())


def test_the_daily_evaluation_is_told_once_and_alerts_of_what_got_worse(tuxa: App) -> None:
    first = evaluate_today(tuxa)
    alert = alert_of(first)
    assert alert is not None
    assert alert.code == "regulation"
    assert "TX-" in str(alert.what)
    again = evaluate_today(tuxa)
    assert (again.changes, again.worse) == ([], [])
    summary = json.loads((tuxa.settings.home / "run" / "regulation.json").read_bytes())
    assert summary["on"] == "2026-11-22"
    assert summary["counts"]["fail"] > 0
    assert "regulation" in services_of(tuxa)
