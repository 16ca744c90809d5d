"""The transcript proves itself: by its file alone, and by the ledger of the home that made it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas
from typer.testing import CliRunner

from delivery.app import App
from delivery.app.transcripts import against_ledger, make_transcript
from delivery.cli.record import app as record_command
from delivery.demo.sample import sample_term
from delivery.ids import SeededIds
from delivery.record.canonical import canonical
from delivery.reports.transcript import ATTACHMENT, Transcript, transcript_pdf, verify_transcript
from delivery.store.keys import ensure_keys
from tests.support.home import make_app

LEARNER = "TX260001"
OLD = date(2024, 2, 12)
"""The last day under Thông tư 10/2017/TT-BGDĐT."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = make_app(tmp_path_factory.mktemp("home"))
    with sample_term() as folder:
        app.importer.run(folder, actor="QL01")
    catalogue = app.catalogue()
    for what, score in (("NLTK102-A1", "8.25"), ("NLTK102-A2", "7.5"), ("NLTK102/CK", "7")):
        app.marks.set(LEARNER, what, score=score, marker="GV02", catalogue=catalogue)
    yield app
    app.close()


@pytest.fixture(scope="module")
def made(home: App) -> Transcript:
    return make_transcript(home, home.learners.require(LEARNER).id)


@pytest.fixture(scope="module")
def file(made: Transcript) -> bytes:
    return transcript_pdf(made)


def says(data: bytes, trusted: set[str]) -> str:
    return " ".join(str(problem) for problem in verify_transcript(data, trusted).problems)


def test_a_transcript_shows_the_record_and_verifies_without_its_home(made: Transcript, file: bytes) -> None:
    key = made.statement["key"]
    found = verify_transcript(file, {key})
    assert found.ok
    assert found.transcript == made
    (course,) = made.statement["courses"]
    assert (course["course"], course["score"], course["letter"]) == ("NLTK102", "7.4", "B")
    page = PdfReader(io.BytesIO(file)).pages[0].extract_text()
    assert "Nguyễn Thị Ánh Tuyết" in page
    assert "7,4" in page
    assert "not known here" in says(file, set())


def test_a_page_that_shows_something_else_is_found(made: Transcript, file: bytes) -> None:
    drawn = io.BytesIO()
    paper = canvas.Canvas(drawn)
    paper.drawString(400, 500, "10")
    paper.save()
    writer = PdfWriter(clone_from=io.BytesIO(file))
    writer.pages[0].merge_page(PdfReader(io.BytesIO(drawn.getvalue())).pages[0])
    out = io.BytesIO()
    writer.write(out)
    assert "shows something else" in says(out.getvalue(), {made.statement["key"]})


def test_a_statement_that_was_altered_or_signed_by_somebody_else_is_found(
    made: Transcript, tmp_path_factory: pytest.TempPathFactory
) -> None:
    better = {**made.statement, "courses": [{**made.statement["courses"][0], "score": "10"}]}
    assert "signature is wrong" in says(
        transcript_pdf(Transcript(better, made.signature)), {made.statement["key"]}
    )
    from delivery.reports.transcript import sign_transcript

    other = ensure_keys(tmp_path_factory.mktemp("other"), SeededIds(9))
    forged = sign_transcript({**better}, other.signing)
    assert "not known here" in says(transcript_pdf(forged), {made.statement["key"]})


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"x" * 300, b"%PDF-1.4\n%%EOF"])
def test_what_is_no_transcript_is_said_to_be_none(data: bytes) -> None:
    assert "no statement" in says(data, set())


@pytest.mark.parametrize(
    "statement", [[], {"v": 1}, {"v": 1, "courses": 5}, {"statement": {"courses": [1]}, "signature": "zz"}]
)
def test_a_hostile_attachment_is_said_to_be_none(file: bytes, statement: object) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment(ATTACHMENT, canonical({"statement": statement, "signature": "00"}))
    out = io.BytesIO()
    writer.write(out)
    assert "no statement" in says(out.getvalue(), set())


def test_the_ledger_of_the_home_still_stands_where_the_heads_were_signed(home: App, made: Transcript) -> None:
    assert against_ledger(home, made) == []
    moved = {**made.statement, "heads": [{**made.statement["heads"][0], "hash": "0" * 64}]}
    assert len(against_ledger(home, Transcript(moved, made.signature))) == 1


def test_the_shell_writes_and_verifies_a_transcript(
    home: App, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("out") / "bang-diem.pdf"
    run = CliRunner().invoke
    done = run(record_command, ["export", LEARNER, "--format", "pdf", "--out", str(out)], obj=home)
    assert done.exit_code == 0
    assert out.stat().st_mode & 0o077 == 0  # personal data
    done = run(record_command, ["verify", "--transcript", str(out)], obj=home)
    assert (done.exit_code, "✓" in done.stdout) == (0, True)
    out.write_bytes(out.read_bytes()[:5000])
    assert run(record_command, ["verify", "--transcript", str(out)], obj=home).exit_code == 1


def test_the_legal_basis_is_that_of_the_learners_cohort(home: App, made: Transcript) -> None:
    """Two cohorts, two different “Căn cứ” lines (TXC-2-2)."""
    assert any("28/2023/TT-BGDĐT" in line for line in made.statement["basis"])
    catalogue = home.catalogue()
    cohort = catalogue.cohorts[made.statement["cohort"]]
    older = replace(
        catalogue, cohorts={**catalogue.cohorts, cohort.code: replace(cohort, admission_date=OLD)}
    )
    with home.database.write() as connection:
        home.catalogue_store.save_in(connection, older)
    try:
        again = make_transcript(home, home.learners.require(LEARNER).id)
    finally:
        with home.database.write() as connection:
            home.catalogue_store.save_in(connection, catalogue)
    data = transcript_pdf(again)
    page = " ".join(PdfReader(io.BytesIO(data)).pages[0].extract_text().split())
    assert "Căn cứ Thông tư số 10/2017/TT-BGDĐT" in page
    assert "28/2023" not in page
    assert verify_transcript(data, {again.statement["key"]}).ok
