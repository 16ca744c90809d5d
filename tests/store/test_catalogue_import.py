"""Import of a catalogue and a roster: all or nothing, and nothing twice."""

from __future__ import annotations

import csv
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import func, select, text

from delivery.app import App
from delivery.demo.sample import sample_term
from delivery.errors import BadInput, NotFound, Refused
from delivery.i18n import Translator
from delivery.ids import content_address
from delivery.record.kinds import FactKind
from delivery.store.import_result import ImportResult
from delivery.store.tables.catalogue import ActivityTable, CourseTable, InstitutionTable
from delivery.store.tables.core import EnrolmentTable, FactTable, LearnerTable, PrivateTable
from tests.support.home import make_app

TABLES = (InstitutionTable, CourseTable, ActivityTable, FactTable, LearnerTable, EnrolmentTable, PrivateTable)


@pytest.fixture
def term(tmp_path: Path) -> Path:
    """A copy of the sample term to bend."""
    folder = tmp_path / "term"
    with sample_term() as sample:
        shutil.copytree(sample, folder)
    return folder


def run(app: App, path: Path, *, allow_shrink: bool = False) -> ImportResult:
    return app.importer.run(path, actor="QTHT01", allow_shrink=allow_shrink)


def counts(app: App) -> list[int]:
    with app.database.read() as connection:
        return [connection.execute(select(func.count()).select_from(model)).scalar_one() for model in TABLES]


def edit(file: Path, change: Callable[[list[list[str]]], None]) -> None:
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    change(rows)
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def complaints(app: App, path: Path) -> list[str]:
    """Every problem in English; nothing was stored."""
    before = counts(app)
    with pytest.raises(BadInput) as caught:
        run(app, path)
    assert counts(app) == before
    return [Translator("en")(problem) for problem in caught.value.problems]


def test_the_sample_term_is_imported_and_importing_it_again_changes_nothing(
    any_tuxa: App, term: Path
) -> None:
    first = run(any_tuxa, term)
    assert (first.registered, first.enrolled, first.changed) == (40, 120, True)
    stored = counts(any_tuxa)
    assert stored == [1, 3, 17, 161, 40, 120, 40]
    again = run(any_tuxa, term)
    assert not again.changed
    assert counts(any_tuxa) == stored
    assert any_tuxa.facts.verify().ok


def test_what_was_stored_is_what_the_files_said(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    catalogue = tuxa.catalogue()
    course = catalogue.courses["NLTK102"]
    assert (course.name, course.lecturer) == ("Nguyên lý thống kê", "GV02")
    assert [str(c.weight) for c in catalogue.components_of["NLTK102"]] == ["20", "20", "60"]
    assert catalogue.activities["NLTK102-A1"].due == date(2028, 12, 31)
    assert catalogue.people["QTHT01"].roles == ("admin", "technician")
    learner = tuxa.learners.require("TX260001")
    profile = tuxa.vault.profile(learner.id)
    assert profile is not None
    assert (profile.full_name, profile.birth_date) == ("Nguyễn Thị Ánh Tuyết", date(2001, 3, 14))
    assert len(tuxa.learners.of_course("TVTH101")) == 40


def test_facts_of_a_learner_lie_in_the_stream_of_the_site(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    learner = tuxa.learners.require("TX260025")
    assert learner.site == "THATSON"
    facts = list(tuxa.facts.select(learner=learner.id))
    assert {fact.stream for fact in facts} == {"MAIN/THATSON"}
    assert sorted(fact.course for fact in facts) == ["", "NLTK102", "THVP103", "TVTH101"]


def test_no_personal_datum_stands_in_a_fact(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    with tuxa.database.read() as connection:
        content = " ".join(connection.execute(text("SELECT content FROM fact")).scalars())
    for datum in ("Nguyễn", "TX260001", "0900000001", "Ninh Kiều"):
        assert datum not in content


def test_the_import_fact_is_the_address_of_the_catalogues_document(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    (fact,) = tuxa.facts.select(kind=FactKind.CATALOGUE_IMPORTED)
    document = tuxa.blobs.get(fact.data["digest"])
    assert "Tiếng Việt thực hành".encode() in document
    assert fact.data["counts"]["learners_registered"] == 40


def test_material_is_bound_to_the_bytes_of_its_file(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    material = tuxa.catalogue().materials["NLTK-BT1"]
    data = (term / "nltk-bai-tap-1.md").read_bytes()
    assert (material.content, material.file) == (content_address(data), "nltk-bai-tap-1.md")
    assert tuxa.blobs.get(material.content) == data
    (term / "nltk-bai-tap-1.md").write_bytes(data + b"\n")
    assert run(tuxa, term).tables["materials"].changed == 1
    assert tuxa.catalogue().materials["NLTK-BT1"].content != material.content


def test_content_that_ingest_bound_survives_the_next_import(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    tuxa.catalogue_store.set_content("TVTH-TV1", content="ab" * 32, file="bai1.mp4")
    assert tuxa.catalogue().materials["TVTH-TV1"].content == "ab" * 32
    assert not run(tuxa, term).changed
    assert tuxa.catalogue().materials["TVTH-TV1"].file == "bai1.mp4"
    with pytest.raises(NotFound):
        tuxa.catalogue_store.set_content("NONE", content="", file="")


def test_a_changed_profile_is_a_new_fact_and_the_old_one_stays(any_tuxa: App, term: Path) -> None:
    run(any_tuxa, term)

    def move(rows: list[list[str]]) -> None:
        rows[1][5] = "99 đường Hòa Bình"
        rows[2][11] = "THATSON"

    edit(term / "learners.csv", move)
    result = run(any_tuxa, term)
    assert (result.registered, result.profiles_changed, result.enrolled) == (0, 2, 0)
    learner = any_tuxa.learners.require("TX260001").id
    profile = any_tuxa.vault.profile(learner)
    assert profile is not None
    assert profile.address == "99 đường Hòa Bình"
    kinds = [fact.kind for fact in any_tuxa.facts.select(learner=learner)]
    assert kinds.count(FactKind.LEARNER_REGISTERED) == kinds.count(FactKind.LEARNER_PROFILE_CHANGED) == 1
    assert any_tuxa.learners.require("TX260002").site == "THATSON"
    edit(term / "learners.csv", lambda rows: rows[1].__setitem__(5, "12 đường Nguyễn Trãi"))
    assert run(any_tuxa, term).profiles_changed == 1
    assert not run(any_tuxa, term).changed


def test_changing_the_catalogue_back_and_forth_is_told_each_time(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    for name in ("Thống kê", "Nguyên lý thống kê", "Thống kê"):
        edit(term / "courses.csv", lambda rows, name=name: rows[2].__setitem__(2, name))  # type: ignore[misc]
        assert run(tuxa, term).tables["courses"].changed == 1
        assert tuxa.catalogue().courses["NLTK102"].name == name
    assert len(list(tuxa.facts.select(kind=FactKind.CATALOGUE_IMPORTED))) == 4
    assert tuxa.facts.verify().ok


def test_a_learner_who_left_the_roster_stays_and_is_noted(tuxa: App, term: Path) -> None:
    run(tuxa, term)

    def drop(rows: list[list[str]]) -> None:
        del rows[1:6]

    edit(term / "learners.csv", drop)
    edit(term / "enrolments.csv", lambda rows: rows.__delitem__(slice(1, 16)))
    result = run(tuxa, term)
    assert not result.changed
    assert result.vanished == 5
    assert "5 learners" in Translator("en")(result.notes[-1])
    assert tuxa.learners.find("TX260001")


def test_a_roster_that_suddenly_emptied_is_refused_unless_meant(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    for name in ("learners.csv", "enrolments.csv"):
        edit(term / name, lambda rows: rows.__delitem__(slice(10, None)))
    before = counts(tuxa)
    with pytest.raises(Refused, match="31 of 40 rows of learners"):
        run(tuxa, term)
    assert counts(tuxa) == before
    assert run(tuxa, term, allow_shrink=True).vanished == 31


def test_without_a_roster_the_catalogue_alone_is_imported(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    (term / "learners.csv").unlink()
    (term / "enrolments.csv").unlink()
    result = run(tuxa, term)
    assert (result.changed, result.vanished) == (False, 0)


def test_an_activity_that_the_record_speaks_of_outlives_its_row(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    learner = tuxa.learners.require("TX260001").id
    tuxa.marks.set(learner, "NLTK102-A1", score="8", marker="GV02", catalogue=tuxa.catalogue())

    def drop(rows: list[list[str]]) -> None:
        rows[:] = [row for row in rows if row[1] not in ("NLTK102-A1", "NLTK102-S1")]

    edit(term / "activities.csv", drop)
    result = run(tuxa, term)
    assert result.tables["activities"].kept == ("NLTK102-A1",)
    assert result.tables["activities"].removed == 1
    assert "NLTK102-A1" in tuxa.catalogue().activities
    assert not run(tuxa, term).changed


def test_an_erased_learner_is_not_registered_again(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    learner = tuxa.learners.require("TX260003").id
    with tuxa.database.write() as connection:
        tuxa.vault.destroy(connection, learner)
    result = run(tuxa, term)
    assert not result.changed
    assert tuxa.vault.profile(learner) is None


# --- files -------------------------------------------------------------------------------------


def workbook(folder: Path, target: Path) -> None:
    """The tables of `folder` as one workbook, with real dates and numbers as a spreadsheet program stores them."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for file in sorted(folder.glob("*.csv")):
        sheet = book.create_sheet(file.stem)
        with file.open(newline="", encoding="utf-8") as stream:
            for number, row in enumerate(csv.reader(stream)):
                sheet.append([_typed(cell) if number else cell for cell in row])
    book.create_sheet("Ghi chú").append(["không phải bảng"])
    book.save(target)


def _typed(cell: str) -> object:
    parts = cell.split("/")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        return date(int(parts[2]), int(parts[1]), int(parts[0]))
    if cell.isdigit() and not cell.startswith("0"):
        return float(cell) if len(cell) < 4 else int(cell)
    return cell or None


def test_a_workbook_says_the_same_as_the_folder(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    workbook(term, term / "hoc-ky.xlsx")
    result = run(tuxa, term / "hoc-ky.xlsx")
    assert not result.changed
    assert "Ghi chú" in Translator("en")(result.notes[0])


def test_semicolons_a_byte_order_mark_and_vietnamese_file_names_are_understood(tuxa: App, term: Path) -> None:
    run(tuxa, term)
    with (term / "learners.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    rows[0][0:2] = ["Mã sinh viên", "Họ và tên"]
    with (term / "Người học.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    (term / "learners.csv").unlink()
    assert not run(tuxa, term).changed


def test_files_that_cannot_be_read_are_named_with_what_to_do(tuxa: App, term: Path) -> None:
    courses = (term / "courses.csv").read_bytes()
    (term / "courses.csv").write_bytes(courses.replace("ế".encode(), b"\xea"))
    (term / "units.csv").write_bytes(b"")
    (term / "people.csv").write_bytes("code,name".encode("utf-16"))
    (term / "sites.csv").rename(term / "sites.xlsx")
    (term / "cohorts.csv").unlink()
    (term / "components.csv").write_bytes(b'course,code,name,kind,weight\nTVTH101,"QT,a,process,40\n')
    shutil.copy(term / "materials.csv", term / "hoc_lieu.csv")
    found = [text.split(". ")[0] for text in complaints(tuxa, term)]
    assert found == [
        "courses.csv: Line 2 is not in UTF-8, so letters would be lost",
        "hoc_lieu.csv: There is also materials.csv",
        "people.csv: The file is in UTF-16",
        "sites.xlsx: This is not a workbook that can be opened (BadZipFile)",
        "units.csv: The file is empty",
        "cohorts: This table is missing",
        "components.csv, row 2: The row cannot be taken apart (unexpected end of data)",
    ]


def test_a_file_that_is_no_table_is_noted(tuxa: App, term: Path) -> None:
    (term / "copy of courses.csv").write_text("x", encoding="utf-8")
    assert "copy of courses.csv was not read" in Translator("en")(run(tuxa, term).notes[0])


def test_a_file_of_material_that_is_missing_or_empty_is_named(tuxa: App, term: Path) -> None:
    (term / "nltk-bai-tap-1.md").unlink()
    (term / "nltk-bai-tap-2.md").write_bytes(b"")
    assert [text.split(". ")[0] for text in complaints(tuxa, term)] == [
        "materials.csv, row 10, column “file”: There is no file “nltk-bai-tap-1.md” beside the tables",
        "materials.csv, row 11, column “file”: The file “nltk-bai-tap-2.md” is empty",
    ]


@pytest.mark.parametrize("name", ["nowhere", "file.txt"])
def test_a_path_that_is_neither_folder_nor_workbook_is_refused(tuxa: App, tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    with pytest.raises(BadInput):
        run(tuxa, tmp_path / name)


def calculated(book: Path, result: str) -> None:
    """Store a text as the result of the only formula of `book`, as a spreadsheet program does."""
    before = book.with_suffix(".before")
    book.rename(before)
    stored = rf'<c \1 t="str">\2<v>{result}</v></c>'.encode()
    with zipfile.ZipFile(before) as old, zipfile.ZipFile(book, "w") as new:
        for name in old.namelist():
            data = re.sub(rb"<c ([^>]*)>(<f>[^<]*</f>)(?:<v ?/>|<v></v>)</c>", stored, old.read(name))
            new.writestr(name, data)


def people_with_formula(term: Path, cell: str, formula: str) -> Path:
    """The table of people as a workbook with one formula."""
    book = Workbook()
    with (term / "people.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.reader(stream):
            book.worksheets[0].append([value or None for value in row])
    book.worksheets[0][cell] = formula
    (term / "people.csv").unlink()
    book.save(term / "people.xlsx")
    return term / "people.xlsx"


@pytest.mark.parametrize("cell", ["B2", "E3"])
def test_a_formula_whose_result_was_not_stored_is_named_rather_than_read_as_empty(
    tuxa: App, term: Path, cell: str
) -> None:
    people_with_formula(term, cell, '="Nguyễn Văn "&"A"')
    assert complaints(tuxa, term) == [
        f"people.xlsx, row {cell[1]}, column “{'name' if cell[0] == 'B' else 'degree'}”: "
        "The cell holds a formula without a stored result. "
        "Open and save the workbook in a spreadsheet program, or paste the values."
    ]


def test_a_header_that_is_a_formula_without_result_is_named(tuxa: App, term: Path) -> None:
    people_with_formula(term, "B1", '="na"&"me"')
    assert complaints(tuxa, term)[0].startswith("people.xlsx, row 1, column “2”: The cell holds a formula")


@pytest.mark.parametrize("result", ["Tiến sĩ", ""])
def test_the_stored_result_of_a_formula_is_read_even_when_it_is_an_empty_text(
    tuxa: App, term: Path, result: str
) -> None:
    calculated(people_with_formula(term, "E2", '=IF(1=1,"a","b")'), result)
    run(tuxa, term)
    assert next(iter(tuxa.catalogue().people.values())).degree == result


# --- enrolments that end ------------------------------------------------------------------------


def test_an_enrolment_whose_line_is_gone_stays_and_is_noted(any_tuxa: App, term: Path) -> None:
    run(any_tuxa, term)
    edit(term / "enrolments.csv", lambda rows: rows.__delitem__(slice(1, 8)))
    result = run(any_tuxa, term)
    assert (result.changed, result.unlisted) == (False, 7)
    note = Translator("en")(result.notes[-1])
    assert note.startswith("7 enrolments are no longer in the files: TX260001 NLTK102; TX260001 THVP103;")
    assert "; …. Nothing was removed." in note
    (term / "enrolments.csv").unlink()
    assert run(any_tuxa, term).unlisted == 0


def test_who_left_a_course_is_enrolled_again_only_when_that_is_meant(any_tuxa: App, term: Path) -> None:
    app = any_tuxa
    run(app, term)
    for n in range(3):
        assert app.enrolments.leave("TX260001", "TVTH101", reason="Bảo lưu", actor="QTHT01").new
        assert not app.enrolments.leave("TX260001", "TVTH101", reason="Bảo lưu", actor="QTHT01").new
        assert len(app.learners.of_course("TVTH101")) == 39
        kept_out = run(app, term)
        assert (kept_out.changed, kept_out.left) == (False, 1)
        assert "TX260001 TVTH101" in Translator("en")(kept_out.notes[-1])
        again = app.importer.run(term, actor="QTHT01", enrol_again=True)
        assert (again.enrolled, again.left) == (1, 0)
        assert len(app.learners.of_course("TVTH101")) == 40
        assert len(list(app.facts.select(kind=FactKind.COURSE_LEFT))) == n + 1
    assert not run(app, term).changed
    learner = app.learners.require("TX260001").id
    assert "TVTH101" in [
        course.course.code for course in app.records.record(learner, app.catalogue()).courses
    ]
    app.records.rebuild()
    assert len(app.learners.of_course("TVTH101")) == 40
    assert app.facts.verify().ok


@pytest.mark.parametrize(
    ("learner", "course", "reason", "error"),
    [
        ("TX999999", "TVTH101", "x", NotFound),
        ("TX260001", "NONE", "x", NotFound),
        ("TX260001", "TVTH101", "  ", BadInput),
        ("TX260001", "TVTH101", "x" * 201, BadInput),
        ("TX260001", "TVTH101", "a\nb", BadInput),
    ],
)
def test_a_leaving_that_cannot_be_is_refused(
    tuxa: App, term: Path, learner: str, course: str, reason: str, error: type[Refused]
) -> None:
    run(tuxa, term)
    with pytest.raises(error):
        tuxa.enrolments.leave(learner, course, reason=reason, actor="QTHT01")
    assert len(tuxa.learners.of_course("TVTH101")) == 40


# --- damage and interruption -------------------------------------------------------------------


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Path]]:
    root = tmp_path_factory.mktemp("damage")
    app = make_app(root / "home")
    yield app, root
    app.close()


FILES = [
    "institution.csv",
    "sites.csv",
    "courses.csv",
    "components.csv",
    "activities.csv",
    "materials.csv",
    "learners.csv",
    "enrolments.csv",
]
JUNK = st.one_of(
    st.text(max_size=12), st.sampled_from(["", "0", "-1", "99999999999", "31/02/2026", '"', ";", "#REF!"])
)


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, Callable[[bytes], bytes]]:
    """A file name, and what happens to its bytes."""
    name = draw(st.sampled_from(FILES))
    how = draw(st.sampled_from(["cell", "drop row", "double row", "cut", "bytes"]))
    where, column, junk = draw(st.integers(0, 200)), draw(st.integers(0, 12)), draw(JUNK)
    raw = draw(st.binary(min_size=1, max_size=6))

    def harm(data: bytes) -> bytes:
        lines = data.decode().splitlines(keepends=True)
        row = where % len(lines)
        if how == "cell":
            cells = lines[row].rstrip("\n").split(",")
            cells[column % len(cells)] = junk
            lines[row] = ",".join(cells) + "\n"
        elif how == "drop row":
            del lines[row]
        elif how == "double row":
            lines.insert(row, lines[row])
        elif how == "cut":
            return data[: where * 7 % len(data)]
        else:
            at = where * 11 % len(data)
            return data[:at] + raw + data[at:]
        return "".join(lines).encode("utf-8", errors="surrogatepass")

    return name, harm


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=damages())
def test_damage_anywhere_is_explained_and_leaves_no_row(
    scratch: tuple[App, Path], damage: tuple[str, Callable[[bytes], bytes]]
) -> None:
    app, root = scratch
    folder = root / "term"
    shutil.rmtree(folder, ignore_errors=True)
    with sample_term() as sample:
        shutil.copytree(sample, folder)
    name, harm = damage
    file = folder / name
    file.write_bytes(harm(file.read_bytes()))
    before = counts(app)
    try:
        run(app, folder, allow_shrink=True)
    except BadInput as error:
        assert error.problems
        assert all(Translator("vi")(problem) for problem in error.problems)
        assert counts(app) == before
    assert app.facts.verify().ok


def test_an_interruption_in_the_middle_leaves_nothing(tuxa: App, term: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = counts(tuxa)
    with pytest.raises(KeyboardInterrupt):
        tuxa.importer.run(term, actor="x", progress=interrupt)
    assert counts(tuxa) == before
    assert run(tuxa, term).registered == 40


_VICTIM = """
import sys
from pathlib import Path
from tests.support.home import make_app

def tell(done, total):
    print(done, flush=True)
    if done >= 1000:
        sys.stdin.read()

make_app(Path(sys.argv[1])).importer.run(Path(sys.argv[2]), actor="x", progress=tell)
"""


def test_a_kill_in_the_middle_loses_and_doubles_nothing(tmp_path: Path, term: Path) -> None:
    def more(rows: list[list[str]]) -> None:
        rows += [[f"TX27{n:05d}", *rows[1][1:]] for n in range(1500)]

    edit(term / "learners.csv", more)
    home = tmp_path / "home"
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(home), str(term)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as victim:
        assert victim.stdout is not None
        for line in victim.stdout:
            if int(line) >= 1000:
                break
        victim.send_signal(signal.SIGKILL)
    app = make_app(home)
    assert counts(app) == [0] * len(TABLES)
    assert run(app, term).registered == 1540
    assert app.facts.verify().ok
    app.close()
