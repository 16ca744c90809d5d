"""The two annual reports: what they count, and how they look beside the template of the circular."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from pypdf import PdfReader

from delivery.catalogue.kinds import EmploymentKind, SiteKind
from delivery.catalogue.learner_rows import LearnerEvent
from delivery.catalogue.model import Cohort, Institution, Programme, Site
from delivery.catalogue.register_kinds import Appointed, StandingEvent
from delivery.catalogue.registers import Appointment, Partner, Quota
from delivery.errors import NotFound
from delivery.i18n import Translator
from delivery.regulation.snapshot import Snapshot
from delivery.regulation.standing import Standing, fold_standing
from delivery.reports.annex1 import annex1
from delivery.reports.annex2 import annex2
from delivery.reports.compare import differences
from delivery.reports.document import Report, Table
from delivery.reports.files import Format, render
from delivery.reports.texts import Texts
from tests.regulation.institution import K, P, contract, details, ev, evidence, institution, keyed, person

YEAR = 2026
NEW_YEARS_EVE = date(YEAR, 12, 31)
_E = StandingEvent
LEVELS = ("upper_secondary", "intermediate", "college", "university")


def life(
    ident: str, *events: tuple[StandingEvent, date, str], cohort: str = "K1", site: str = "MAIN"
) -> Standing:
    rows = [LearnerEvent(ident, kind, on, "QD", detail=detail) for kind, on, detail in events]
    return fold_standing(ident, cohort, site, rows, NEW_YEARS_EVE)


def golden() -> dict[str, Standing]:
    """100 before the year, 40 enter (25, 5, 8, 2), 20 graduate, 5 leave by themselves, 3 are dismissed: 112 remain."""
    out = {}
    before = date(2025, 9, 1)
    ends = [_E.GRADUATED] * 20 + [_E.WITHDRAWN_VOLUNTARY] * 5 + [_E.DISMISSED] * 3
    for n in range(100):
        events = [(_E.ENROLLED, before, "university")]
        if n < len(ends):
            events.append((ends[n], date(2026, 6, 1), ""))
        out[f"A{n:03d}"] = life(f"A{n:03d}", *events)
    levels = [level for level, count in zip(LEVELS, (25, 5, 8, 2), strict=True) for _ in range(count)]
    for n, level in enumerate(levels):
        out[f"B{n:03d}"] = life(f"B{n:03d}", (_E.ENROLLED, date(2026, 9, 10), level))
    return out


def school(**tables: Any) -> Snapshot:
    """Institution U with programme P1, a partner C1 and the learners of the golden case."""
    defaults: dict[str, Any] = {
        "on": NEW_YEARS_EVE,
        "sites": keyed(
            [
                Site("MAIN", "Trụ sở", SiteKind.HEADQUARTERS, "Cần Thơ"),
                Site("C1", "Trung tâm GDTX Thất Sơn", SiteKind.PARTNER, "45 Trần Hưng Đạo, An Giang"),
            ]
        ),
        "cohorts": {"K1": Cohort("K1", P, date(2025, 8, 1))},
        "partners": {
            "C1": Partner("C1", "continuing_education_centre", "Tỉnh An Giang", "Phường Long Xuyên")
        },
        "contracts": {"HD1": contract()},
        "quotas": {(P, "MAIN", YEAR): Quota(P, "MAIN", YEAR, 60)},
        "standings": golden(),
        "evidence": evidence(
            ev(K.DISTANCE_DECISION, P, signed=date(2024, 5, 2), number="12/QĐ", signer="Lê A"),
            ev(K.PROGRAMME_ISSUE, P, signed=date(2024, 5, 2), number="1/QĐ", signer="Lê A"),
            ev(K.PROGRAMME_ISSUE, P, signed=date(2026, 4, 10), number="2/QĐ", signer="Trần B"),
        ),
        "programme_details": details(),
    }
    return institution(**{**defaults, **tables})


def made(s: Snapshot, today: date = date(2026, 12, 20), **texts: Any) -> Report:
    return annex1(s, YEAR, Texts(**texts), today=today)


def table(report: Report, number: str) -> Table:
    return dict(report.tables())[number]


def learner_row(report: Report, row: int = 0, number: str = "III") -> list[str]:
    return [cell.text for cell in table(report, number).rows[row]][5:]


def test_the_golden_case_is_counted_and_every_number_opens_to_its_rows() -> None:
    report = made(school())
    assert learner_row(report) == ["60", "25", "5", "8", "2", "3", "20", "112"]
    assert [str(problem) for problem in report.problems] == []
    dismissed = report.cell("III/1/11")
    assert len(dismissed.behind) == 3
    assert {row.what for row in dismissed.behind} == {"dismissed"}
    for _, cell in report.cells():
        if cell.amount is not None and cell.behind and cell.behind[0].table == "standings":
            assert cell.amount == len(cell.behind)
    with pytest.raises(NotFound, match="III"):
        report.cell("III/9/9")


def test_a_learner_is_counted_at_the_new_venue_from_the_day_of_the_transfer() -> None:
    moved = life("M1", (_E.ENROLLED, date(2026, 2, 1), "college"), (_E.TRANSFERRED, date(2026, 5, 1), "C1"))
    gone = life(
        "M2",
        (_E.ENROLLED, date(2025, 9, 1), "college"),
        (_E.TRANSFERRED, date(2026, 5, 1), "C1"),
        (_E.DISMISSED, date(2026, 8, 1), ""),
    )
    report = made(school(standings={"M1": moved, "M2": gone}))
    assert learner_row(report) == ["60", "0", "0", "1", "0", "0", "0", "0"]
    assert learner_row(report, 1) == ["", "0", "0", "0", "0", "1", "0", "1"]
    assert report.problems == ()


def test_a_dismissal_whose_decision_was_issued_again_counts_once() -> None:
    twice = life(
        "D",
        (_E.ENROLLED, date(2025, 9, 1), "college"),
        (_E.DISMISSED, date(2026, 8, 1), ""),
        (_E.DISMISSED, date(2026, 8, 6), ""),
    )
    back = life(
        "R",
        (_E.ENROLLED, date(2025, 9, 1), "college"),
        (_E.WITHDRAWN_VOLUNTARY, date(2025, 12, 1), ""),
        (_E.ENROLLED, date(2026, 2, 1), "college"),
        (_E.DISMISSED, date(2026, 8, 1), ""),
    )
    report = made(school(standings={"D": twice, "R": back}))
    assert learner_row(report) == ["60", "0", "0", "1", "0", "2", "0", "0"]
    assert report.problems == ()


def test_voluntary_leavers_foreign_degrees_and_old_cohorts_stand_where_they_belong() -> None:
    s = school(
        programmes=keyed(
            [
                Programme(P, "1", "Công nghệ thông tin", "7480201", details()[P].regular_credits, 54),
                Programme("P9", "1", "Foreign", "7480201", details()[P].regular_credits, 54),
            ]
        ),
        programme_details={**details(), "P9": details(programme="P9", awarding_country="FR")[P]},
        cohorts={
            "K1": Cohort("K1", P, date(2025, 8, 1)),
            "K0": Cohort("K0", P, date(2023, 8, 1)),
            "K9": Cohort("K9", "P9", date(2025, 8, 1)),
        },
        standings={
            "V": life(
                "V",
                (_E.ENROLLED, date(2025, 9, 1), "college"),
                (_E.WITHDRAWN_VOLUNTARY, date(2026, 3, 1), ""),
            ),
            "O": life("O", (_E.ENROLLED, date(2023, 9, 1), "college"), cohort="K0"),
            "F": life("F", (_E.ENROLLED, date(2026, 9, 1), "college"), cohort="K9"),
        },
    )
    report = made(s)
    assert [row[1].text for row in table(report, "I").rows] == ["Công nghệ thông tin"]
    assert learner_row(report)[5] == "0"
    assert "Thông tư 10/2017" in table(report, "III").rows[1][1].text
    assert learner_row(report, 1)[-1] == "1"


def test_a_quota_stands_with_the_cohorts_that_it_is_for() -> None:
    """Learners of an older cohort who are still there take no place of this year's quota."""
    s = school(
        cohorts={"K1": Cohort("K1", P, date(2025, 8, 1)), "K0": Cohort("K0", P, date(2023, 8, 1))},
        standings={"O": life("O", (_E.ENROLLED, date(2023, 9, 1), "college"), cohort="K0")},
    )
    rows = table(made(s), "III").rows
    assert [("10/2017" in row[1].text, row[5].text, row[12].text) for row in rows] == [
        (False, "60", "0"),
        (True, "", "1"),
    ]


def test_the_newest_decision_of_each_kind_stands_in_table_one() -> None:
    row = [cell.text for cell in table(made(school()), "I").rows[0]]
    assert row[3:9] == ["12/QĐ", "02/05/2024", "Lê A", "2/QĐ", "10/04/2026", "Trần B"]


def test_people_are_counted_once_per_programme_and_by_employment() -> None:
    people = keyed(
        [person("G1"), person("G2", EmploymentKind.VISITING), person("H1", EmploymentKind.CASE_CONTRACT)]
    )
    s = school(
        people=people,
        appointments={
            (who, duty, "", ""): Appointment(who, duty, "", "", date(2025, 1, 1), ends)
            for who, duty, ends in (
                ("H1", Appointed.SUPPORT_STAFF, None),
                ("H1", Appointed.ADVISER, None),
                ("G1", Appointed.DISTANCE_MANAGER, None),
                ("G2", Appointed.DISTANCE_MANAGER, date(2025, 12, 31)),
            )
        },
    )
    row = [cell.text for cell in table(made(s), "IV").rows[0]]
    assert row[5:] == ["0", "0", "1", "1"]


def test_the_partners_numbers_are_those_of_the_institutions_report() -> None:
    s = school(standings={"X": life("X", (_E.ENROLLED, date(2026, 2, 1), "college"), site="C1")})
    whole = made(s)
    (of_partner,) = [row for row in table(whole, "III").rows if "Thất Sơn" in row[4].text]
    own = annex2(s, YEAR, "C1", Texts(), today=date(2026, 12, 20))
    assert [c.text for c in table(own, "II").rows[0]][5:] == [c.text for c in of_partner][5:]
    assert [c.text for c in table(own, "I").rows[0]][3:6] == ["HD1", "01/01/2024", "01/01/2024 - 31/12/2026"]


def test_the_district_is_named_until_2024_and_the_commune_since() -> None:
    old = annex2(school(), 2024, "C1", Texts(), today=date(2024, 12, 20))
    assert "UBND tỉnh/huyện (để b/c);" in old.recipients
    new = annex2(school(), YEAR, "C1", Texts(), today=date(2026, 12, 20))
    assert new.recipients[1:3] == ("UBND tỉnh An Giang (để b/c);", "UBND phường Long Xuyên (để b/c);")
    assert [str(problem) for problem in new.problems] == [
        "C1: there are no districts since 01/07/2025; «Nơi nhận» names the commune instead (change it by “recipients”)."
    ]
    worded = annex2(school(), YEAR, "C1", Texts(recipients=("Bộ GDĐT;",)), today=date(2026, 12, 20))
    assert (worded.recipients, worded.problems) == (("Bộ GDĐT;",), ())


def test_without_a_supervising_body_neither_head_nor_recipients_have_its_line() -> None:
    plain = made(school(institution=Institution("U", "Trường U")))
    assert plain.letterhead.above == ""
    assert len(plain.recipients) == 3
    below = made(school(institution=Institution("U", "Trường U", "UBND tỉnh An Giang")))
    assert below.letterhead.above == "UBND TỈNH AN GIANG"
    assert "UBND tỉnh An Giang (để b/c);" in below.recipients


def test_a_report_is_provisional_until_the_year_is_over_and_differences_are_found_in_january() -> None:
    first = made(school())
    assert first.provisional
    sent = json.loads(render(first, Format.JSON, Translator("vi")))
    later = dict(golden())
    later["A050"] = life(
        "A050", (_E.ENROLLED, date(2025, 9, 1), "university"), (_E.DISMISSED, date(2026, 12, 28), "")
    )
    final = made(school(standings=later), today=date(2027, 1, 5))
    assert not final.provisional
    assert [(d.address, d.before, d.now) for d in differences(sent, final)] == [
        ("III/1/11", "3", "4"),
        ("III/1/13", "112", "111"),
    ]


# --- the files --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report() -> Report:
    return made(
        school(), place="Cần Thơ", signed=date(2026, 12, 5), signer="Lê Văn Ánh", shortcomings="Không"
    )


def test_the_docx_has_the_template_s_tables_with_merged_headings_in_times_new_roman(report: Report) -> None:
    document = Document(io.BytesIO(render(report, Format.DOCX, Translator("vi"))))
    words = [paragraph.text for paragraph in document.paragraphs]
    assert "Về công tác đào tạo từ xa trình độ đại học năm 2026" in words
    headings = [
        w for w in words if w.split(".")[0] in ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    ]
    assert headings == [
        "I. Chương trình đào tạo từ xa",
        "II. Cơ sở phối hợp đào tạo",
        "III. Người học",
        "IV. Giảng viên, cán bộ hỗ trợ học tập, cán bộ quản lý",
        "V. Phần mềm quản lý và hỗ trợ đào tạo từ xa",
        "VI. Học liệu đào tạo từ xa",
        "VII. Tồn tại, hạn chế (nếu có)",
        "VIII. Nguyên nhân và giải pháp khắc phục",
        "IX. Kiến nghị của cơ sở đào tạo",
    ]
    tables = [t for t in document.tables if t.style is not None and t.style.name == "Table Grid"]
    learners = tables[2]
    assert [cell.text for cell in learners.rows[2].cells] == [f"({n})" for n in range(1, 14)]
    assert [cell.text for cell in learners.rows[0].cells][6:10] == ["Số người nhập học"] * 4
    assert learners.rows[0].cells[0]._tc is learners.rows[1].cells[0]._tc
    staff = tables[3]
    assert [cell.text for cell in staff.rows[2].cells][-1] == "(9)"  # printed «9» in the source
    assert [cell.text for cell in learners.rows[3].cells][5:] == ["60", "25", "5", "8", "2", "3", "20", "112"]
    assert document.styles["Normal"].font.name == "Times New Roman"
    sizes = [(section.page_width > section.page_height) for section in document.sections]
    assert sizes == [False, True, False]
    everything = "\n".join(words) + "\n".join(
        c.text for t in document.tables for r in t.rows for c in r.cells
    )
    assert "để b/c" in everything
    assert "đề b/c" not in everything
    assert "OK" not in everything.split()
    assert "ngày 05 tháng 12 năm 2026" in everything


def test_the_pdf_is_a4_with_two_faces_numbers_from_page_two_and_wide_tables_lying(report: Report) -> None:
    data = render(report, Format.PDF, Translator("vi"))
    assert data == render(report, Format.PDF, Translator("vi"))
    pages = PdfReader(io.BytesIO(data)).pages
    boxes = [tuple(round(float(v)) for v in (p.mediabox.width, p.mediabox.height)) for p in pages]
    assert set(boxes) == {(595, 842), (842, 595)}
    faces = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for page in pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert all(face.startswith("LiberationSerif") for face in faces - {"Helvetica", "/Helvetica"})
    texts = [page.extract_text() for page in pages]
    assert not texts[0].startswith("1\n")
    assert [text.split("\n", 1)[0] for text in texts[1:]] == [str(n) for n in range(2, len(texts) + 1)]
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in texts[0]
    lying = next(text for text, box in zip(texts, boxes, strict=True) if box == (842, 595))
    assert "(13)" in lying


def test_all_formats_say_the_same_numbers(report: Report) -> None:
    translate = Translator("vi")
    wanted = {a: c.text if c.amount is None else str(c.amount) for a, c in report.cells()}
    document = json.loads(render(report, Format.JSON, translate))
    from_json = {
        f"{section['number']}/{r}/{c}": str(value)
        for section in document["sections"]
        if section["table"]
        for r, row in enumerate(section["table"]["rows"], start=1)
        for c, value in enumerate(row, start=1)
    }
    assert from_json == wanted
    book = load_workbook(io.BytesIO(render(report, Format.XLSX, translate)))
    for number, found in report.tables():
        sheet = book[number]
        top = 3 + 1 + found.grouped + found.numbered
        for r, row in enumerate(found.rows):
            for c in range(1, len(row) + 1):
                value = sheet.cell(top + r, c).value
                assert str(value if value is not None else "") == wanted[f"{number}/{r + 1}/{c}"]
    rows = list(csv.reader(io.StringIO(render(report, Format.CSV, translate).decode("utf-8-sig"))))
    start = next(i for i, row in enumerate(rows) if row[:1] == ["III. Người học"])
    assert rows[start + 3][5:] == ["60", "25", "5", "8", "2", "3", "20", "112"]


def test_a_name_that_begins_like_a_formula_stays_text() -> None:
    odd = Programme(P, "1", "=1+1", "7480201", details()[P].regular_credits, 54)
    report = made(school(programmes=keyed([odd])))
    cell = load_workbook(io.BytesIO(render(report, Format.XLSX, Translator("vi"))))["I"].cell(6, 2)
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert b"'=1+1" in render(report, Format.CSV, Translator("vi"))
    page = render(report, Format.HTML, Translator("vi")).decode()
    assert "<script" not in page
