"""One cell becomes one value, or a reason that says what to write instead."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.catalogue import cells, words
from delivery.catalogue.columns import SPECS
from delivery.catalogue.kinds import DeliveryMode, MaterialKind, Role
from delivery.errors import Message


def reason(parse: cells.Parser, cell: object) -> Message:
    with pytest.raises(cells.BadCell) as caught:
        parse(cell)
    return caught.value.reason


def test_text_is_trimmed_and_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "  Nguyễn Thị Ánh \t")
    assert cells.text(decomposed) == "Nguyễn Thị Ánh"


def test_line_breaks_within_a_cell_become_spaces() -> None:
    assert cells.text("12 Nguyễn Trãi,\r\nCần Thơ\u00a0") == "12 Nguyễn Trãi, Cần Thơ"


@pytest.mark.parametrize("cell", ["a\x00b", "Nguy\ufffdn", "#REF!", "x" * 2001, True, date(2026, 3, 4)])
def test_text_that_was_damaged_on_its_way_is_refused(cell: object) -> None:
    assert "{" not in str(reason(cells.text, cell))


@pytest.mark.parametrize(
    ("cell", "value"), [(7480201, "7480201"), (7480201.0, "7480201"), (" GV-01 ", "GV-01")]
)
def test_a_code_may_come_as_a_number_cell(cell: object, value: str) -> None:
    assert cells.code(cell) == value


@pytest.mark.parametrize("cell", ["Mã 1", "học", "a/b", "-x", "x" * 41, 'a"b'])
def test_a_code_stays_within_plain_letters(cell: str) -> None:
    reason(cells.code, cell)


@pytest.mark.parametrize(
    ("cell", "value"), [("33,3", "33.3"), ("33.3", "33.3"), (33.3, "33.3"), (40, "40"), (" 40 % ", "40")]
)
def test_weights_are_exact_whether_written_with_comma_or_point(cell: object, value: str) -> None:
    assert cells.percent(cell) == Decimal(value)


@pytest.mark.parametrize("cell", ["1,234.5", "ba", "NaN", "1e3", "--1", "0", "-5", "100,01"])
def test_what_is_not_a_weight_is_refused(cell: str) -> None:
    reason(cells.percent, cell)


@pytest.mark.parametrize(
    "cell",
    ["31/12/2026", "2026-12-31", "31-12-2026", "31.12.2026", date(2026, 12, 31), datetime(2026, 12, 31)],  # noqa: DTZ001 - cells have no zone
)
def test_a_day_is_read_in_every_usual_form(cell: object) -> None:
    assert cells.day(cell) == date(2026, 12, 31)


@pytest.mark.parametrize("cell", ["30/02/2026", "12/31/2026", "31/12/26", "soon", 46022])
def test_a_day_that_is_not_in_the_calendar_is_refused(cell: object) -> None:
    reason(cells.day, cell)


@pytest.mark.parametrize("cell", ["0912345678", "+84 912.345.678", "0084 912 345 678", "(091) 234-5678"])
def test_telephone_numbers_become_plain_digits(cell: str) -> None:
    assert cells.phone(cell) == "0912345678"


@pytest.mark.parametrize("cell", [912345678, "0112345678", "09123", "mười"])
def test_a_telephone_number_that_lost_a_digit_is_refused(cell: object) -> None:
    reason(cells.phone, cell)


@pytest.mark.parametrize("cell", [1000, "1000", "940100", "9410O"])
def test_a_postcode_has_five_digits(cell: object) -> None:
    assert cells.postcode("01000") == "01000"
    reason(cells.postcode, cell)


@pytest.mark.parametrize("cell", ["a@b", "a b@example.vn", "@example.vn", "a@example..vn"])
def test_an_address_without_a_domain_is_refused(cell: str) -> None:
    assert cells.email("tx260001@example.edu.vn") == "tx260001@example.edu.vn"
    reason(cells.email, cell)


@pytest.mark.parametrize("cell", ["../secret", "/etc/passwd", "C:\\x", "a//b", "."])
def test_a_file_lies_in_the_folder(cell: str) -> None:
    assert cells.file_name("tep/bai-tap.md") == "tep/bai-tap.md"
    reason(cells.file_name, cell)


def test_words_are_known_in_both_languages_whatever_their_case_and_marks() -> None:
    assert words.MODE("Phát thanh - Truyền hình") is DeliveryMode.BROADCAST
    assert words.MODE("POSTAL") is DeliveryMode.POSTAL
    assert words.MATERIAL_KIND("giao trinh") is MaterialKind.TEXTBOOK
    assert cells.choices(words.ROLE)("Giảng viên; manager, giảng viên") == (Role.LECTURER, Role.MANAGER)
    assert "network" in str(reason(words.MODE, "bồ câu"))


def test_headers_compare_without_marks() -> None:
    assert cells.plain_key("  Mã HỌC phần ") == cells.plain_key("ma_hoc_phan") == "ma_hoc_phan"
    assert cells.plain_key("Địa chỉ") == "dia_chi"


PARSERS = [
    cells.text,
    cells.code,
    cells.learner_code,
    cells.number,
    cells.percent,
    cells.credits,
    cells.whole(0, 999),
    cells.day,
    cells.birth_day,
    cells.phone,
    cells.postcode,
    cells.email,
    cells.major_code,
    cells.file_name,
    words.MODE,
    cells.choices(words.ROLE),
]
CELLS = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.none()
)


@given(cell=CELLS)
def test_no_cell_breaks_a_parser(cell: object) -> None:
    for parse in PARSERS:
        try:
            parse(cell)
        except cells.BadCell as bad:
            assert str(bad.reason)


def test_a_formula_without_result_is_refused_in_every_column() -> None:
    for spec in SPECS:
        for column in spec.columns:
            assert reason(column.parse, cells.NO_RESULT).msgid == cells.FORMULA_WITHOUT_RESULT
