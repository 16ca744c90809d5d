"""The tables of registers and of learners' standing, as institutions hand them over beside the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from delivery.catalogue import cells, words
from delivery.catalogue.cells import BadCell, Cell, choice, choices
from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.learner_rows import Absence, AttemptKind, CourseResult, LearnerEvent, TermResult
from delivery.catalogue.register_kinds import (
    Answer,
    Appointed,
    ContractDuty,
    InstitutionKind,
    PartnerKind,
    SessionKind,
    StandingEvent,
    SystemPart,
    TermKind,
)
from delivery.catalogue.register_words import (
    ANSWER,
    APPOINTED,
    DUTY,
    INSTITUTION_KIND,
    PARTNER_KIND,
    SESSION_KIND,
    TERM_KIND,
)
from delivery.catalogue.registers import ROW_OF
from delivery.catalogue.tablespec import Column, TableSpec
from delivery.clock import VIETNAM
from delivery.errors import N_


def moment(cell: Cell) -> datetime:
    """A day and a time of the clock in Viet Nam, ``01/03/2026 08:00`` or ``2026-03-01 08:00``; a day alone is 00:00."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=VIETNAM)
    raw = cells.text(cell) if isinstance(cell, str) else cell
    if isinstance(raw, str):
        head, _, tail = raw.replace("T", " ").partition(" ")
        day = cells.day(head)
        parts = tail.strip().split(":") if tail.strip() else ["0", "0"]
        try:
            hour, minute, *rest = (int(part) for part in parts)
            return datetime(
                day.year, day.month, day.day, hour, minute, rest[0] if rest else 0, tzinfo=VIETNAM
            )
        except ValueError as error:
            raise BadCell(
                N_("“{value}” is not a time of the clock. Write for example 01/03/2026 08:00."), value=raw
            ) from error
    day = cells.day(raw)
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)


def _amount(cell: Cell) -> Decimal:
    value = cells.number(cell)
    if value < 0:
        raise BadCell(N_("“{value}” is below 0. Write a number from 0."), value=str(value))
    return value


def _one(kinds: Any) -> cells.Parser:
    return choice(kinds, {})


_WORDS = choices(cells.text)
_CODES = choices(cells.code)
_YEAR = cells.whole(1990, 2100)
_COUNT = cells.whole(0, 10_000_000)


def _col(name: str, parse: cells.Parser, *also: str) -> Column:
    return Column(name, parse, also)


def _opt(name: str, parse: cells.Parser, *also: str, default: Any = "") -> Column:
    return Column(name, parse, also, needed=False, default=default)


def _table(
    name: str,
    also: str,
    key: tuple[str, ...],
    *columns: Column,
    build: Callable[..., Any] | None = None,
) -> TableSpec:
    row = build or ROW_OF[name]
    return TableSpec(
        name,
        (also,),
        columns,
        lambda values: row(**values),
        lambda value: tuple(getattr(value, part) for part in key),
        key,
        needed=False,
    )


_PROGRAMME = _col("programme", cells.code, "Mã chương trình", "Chương trình")
_COURSE = _col("course", cells.code, "Mã học phần", "Học phần")
_PERSON = _col("person", cells.code, "Mã nhân sự", "Nhân sự")
_LEARNER = _col("learner", cells.learner_code, "Mã người học", "Mã sinh viên")
_STARTS = _opt("starts", cells.day, "Từ ngày", default=None)
_ENDS = _opt("ends", cells.day, "Đến ngày", default=None)

REGISTER_SPECS: tuple[TableSpec, ...] = (
    _table(
        "evidence",
        "minh_chung",
        ("code",),
        _col("code", cells.code, "Mã"),
        _col("kind", _one(EvidenceKind), "Loại"),
        _opt("subject", cells.code, "Đối tượng"),
        _opt("topic", cells.text, "Nội dung"),
        _opt("signed", cells.day, "Ngày ký", default=None),
        _opt("number", cells.text, "Số", "Số văn bản"),
        _opt("signer", cells.text, "Người ký"),
        _opt("title", cells.text, "Trích yếu"),
        _opt("people", _CODES, "Thành viên", default=()),
        _opt("items", _WORDS, "Danh mục", default=()),
        _opt("value", _amount, "Giá trị", default=None),
        _opt("at", moment, "Thời điểm", default=None),
        _opt("effective", cells.day, "Ngày hiệu lực", default=None),
        _opt("until", cells.day, "Có giá trị đến", default=None),
        _opt("url", cells.text, "Đường dẫn"),
        _opt("file", cells.file_name, "Tệp"),
    ),
    _table(
        "institution_details",
        "thong_tin_co_so",
        ("code",),
        _col("code", cells.code, "Mã"),
        _opt("kind", INSTITUTION_KIND, "Loại hình", default=None),
        _opt("province", cells.text, "Tỉnh, thành phố"),
        _opt("distance_office", cells.text, "Bộ phận phụ trách đào tạo từ xa"),
    ),
    _table(
        "programme_details",
        "thong_tin_chuong_trinh",
        ("programme",),
        _PROGRAMME,
        _opt("awarding_country", cells.code, "Nước cấp bằng", default="VN"),
        _opt("regular_code", cells.code, "Mã chương trình chính quy"),
        _opt("regular_credits", cells.credits, "Số tín chỉ chính quy", default=None),
        _opt("regular_months", cells.whole(0, 240), "Số tháng chính quy", default=0),
        _opt("regular_retired", cells.day, "Ngày dừng chương trình chính quy", default=None),
        _opt("lead_unit", cells.text, "Đơn vị chủ trì"),
        _opt("regular_lead_unit", cells.text, "Đơn vị chủ trì chính quy"),
        _opt("licensed_practice", ANSWER, "Cấp chứng chỉ hành nghề", default=None),
        _opt("distance_system", cells.text, "Hệ thống quản lý đào tạo từ xa"),
        _opt("regular_system", cells.text, "Hệ thống quản lý chính quy"),
        _opt("first_intake", cells.day, "Khóa đầu tiên", default=None),
        _opt("first_graduation", cells.day, "Khóa tốt nghiệp đầu tiên", default=None),
    ),
    _table(
        "regular_intakes",
        "tuyen_sinh_chinh_quy",
        ("major", "year"),
        _col("major", cells.major_code, "Mã ngành"),
        _col("year", _YEAR, "Năm"),
        _col("enrolled", _COUNT, "Số nhập học"),
    ),
    _table(
        "plans",
        "ke_hoach_hoc_tap",
        ("programme", "pace"),
        _PROGRAMME,
        _col("pace", cells.code, "Tiến độ"),
        _col("months", cells.whole(1, 240), "Số tháng"),
        _col("main_terms", cells.whole(1, 60), "Số học kỳ chính"),
    ),
    _table(
        "plan_courses",
        "hoc_phan_theo_nam",
        ("programme", "course"),
        _PROGRAMME,
        _COURSE,
        _col("year", cells.whole(1, 20), "Năm thứ"),
        _opt("term", cells.whole(0, 60), "Học kỳ", default=0),
    ),
    _table(
        "material_plans",
        "ke_hoach_hoc_lieu",
        ("course",),
        _COURSE,
        _opt("owner", cells.code, "Người phụ trách"),
        _opt("kinds", choices(words.MATERIAL_KIND), "Loại học liệu", default=()),
        _opt("due", cells.day, "Hạn hoàn thành", default=None),
    ),
    _table(
        "terms",
        "hoc_ky",
        ("academic_year", "term"),
        _col("academic_year", cells.code, "Năm học"),
        _col("term", cells.code, "Học kỳ"),
        _col("kind", TERM_KIND, "Loại"),
        _col("starts", cells.day, "Ngày bắt đầu"),
        _col("weeks", cells.whole(1, 60), "Số tuần"),
        _opt("published", cells.day, "Ngày công bố", default=None),
    ),
    _table(
        "teaching",
        "phan_cong_giang_day",
        ("course", "person"),
        _COURSE,
        _PERSON,
        _col("credits", _amount, "Số tín chỉ"),
        _opt("hours", _amount, "Số giờ", default=Decimal(0)),
        _STARTS,
        _ENDS,
        _opt("decision", cells.text, "Quyết định"),
    ),
    _table(
        "appointments",
        "nhiem_vu_nhan_su",
        ("person", "duty", "unit", "programme"),
        _PERSON,
        _col("duty", APPOINTED, "Nhiệm vụ"),
        _opt("unit", cells.text, "Đơn vị"),
        _opt("programme", cells.code, "Mã chương trình", "Chương trình"),
        _STARTS,
        _ENDS,
    ),
    _table(
        "partners",
        "co_so_phoi_hop",
        ("site",),
        _col("site", cells.code, "Mã địa điểm"),
        _col("kind", PARTNER_KIND, "Loại cơ sở"),
        _opt("province", cells.text, "Tỉnh, thành phố"),
        _opt("commune", cells.text, "Xã, phường"),
    ),
    _table(
        "contracts",
        "hop_dong",
        ("number",),
        _col("number", cells.text, "Số hợp đồng"),
        _col("partner", cells.code, "Mã địa điểm", "Cơ sở phối hợp"),
        _col("signed", cells.day, "Ngày ký"),
        _col("starts", cells.day, "Từ ngày"),
        _col("ends", cells.day, "Đến ngày"),
        _col("programmes", _CODES, "Chương trình"),
        _opt("duties", choices(DUTY), "Công việc giao", default=()),
        _opt("appraisal", cells.code, "Mã minh chứng thẩm định"),
    ),
    _table(
        "intakes",
        "dot_tuyen_sinh",
        ("cohort",),
        _col("cohort", cells.code, "Mã khóa", "Khóa tuyển sinh"),
        _opt("opens", moment, "Mở nhận hồ sơ", default=None),
        _opt("starts", cells.day, "Ngày khai giảng", default=None),
        _opt("admitted", _COUNT, "Số trúng tuyển", default=0),
        _opt("second_degree", ANSWER, "Văn bằng hai", default=None),
    ),
    _table(
        "quotas",
        "chi_tieu",
        ("programme", "site", "year"),
        _PROGRAMME,
        _col("site", cells.code, "Mã địa điểm"),
        _col("year", _YEAR, "Năm"),
        _col("quota", _COUNT, "Chỉ tiêu"),
    ),
    _table(
        "syllabi",
        "de_cuong",
        ("course",),
        _COURSE,
        _opt("method", cells.text, "Phương pháp dạy - học"),
        _opt("duration", cells.text, "Thời lượng dạy - học"),
        _opt("materials", cells.text, "Học liệu"),
        _opt("assessment", cells.text, "Đánh giá"),
        _opt("unit_count", cells.whole(0, 999), "Số bài", default=0),
        _opt("credits", cells.credits, "Số tín chỉ chính quy", default=None),
        _opt("learner_lecturer", _WORDS, "Kênh với giảng viên", default=()),
        _opt("learner_learner", _WORDS, "Kênh giữa người học", default=()),
        _opt("not_needed", choices(words.MATERIAL_KIND), "Không áp dụng", default=()),
        _opt("online_components", _CODES, "Thành phần đánh giá trực tuyến", default=()),
        _opt("final_online", cells.text, "Quy định thi trực tuyến"),
        _opt("thesis", ANSWER, "Khóa luận, đồ án", default=None),
    ),
    _table(
        "sessions",
        "lich_hoc_thi",
        ("code",),
        _col("code", cells.code, "Mã"),
        _COURSE,
        _col("kind", SESSION_KIND, "Loại"),
        _col("site", cells.code, "Mã địa điểm"),
        _col("starts", moment, "Bắt đầu"),
        _col("minutes", cells.whole(1, 100_000), "Số phút"),
        _opt("cohort", cells.code, "Mã khóa"),
        _opt("first_run", ANSWER, "Lần đầu", default=None),
        _opt("mode", words.MODE, "Phương thức", default=DeliveryMode.FACE_TO_FACE),
        _opt("present", _COUNT, "Số dự", default=0),
        _opt("identified", _COUNT, "Số đã kiểm tra giấy tờ", default=0),
    ),
    _table(
        "exam_papers",
        "de_thi",
        ("code",),
        _col("code", cells.code, "Mã"),
        _COURSE,
        _col("author", cells.code, "Người ra đề"),
        _col("digest", cells.text, "Mã băm"),
        _opt("confirmed_by", cells.code, "Người xác nhận"),
        _opt("confirmed_at", moment, "Thời điểm xác nhận", default=None),
        _opt("confirmed_digest", cells.text, "Mã băm khi xác nhận"),
        _opt("printed_at", moment, "Thời điểm in", default=None),
    ),
    _table(
        "systems",
        "phan_mem",
        ("code",),
        _col("code", cells.code, "Mã"),
        _col("name", cells.text, "Tên"),
        _col("part", _one(SystemPart), "Phần"),
        _opt("producer", cells.text, "Đơn vị sản xuất"),
        _opt("functions", cells.text, "Chức năng chính"),
        _opt("covers", _WORDS, "Khoản đáp ứng", default=()),
        _opt("modes", choices(words.MODE), "Phương thức", default=()),
    ),
    _table(
        "suspensions",
        "dinh_chi",
        ("decision",),
        _col("decision", cells.text, "Số quyết định"),
        _col("starts", cells.day, "Từ ngày"),
        _opt("ends", cells.day, "Đến ngày", default=None),
        _opt("reason", cells.text, "Lý do"),
        _opt("programmes", _CODES, "Chương trình", default=()),
        _opt("majors", choices(cells.major_code), "Mã ngành", default=()),
    ),
    _table(
        "tickets",
        "y_kien",
        ("code",),
        _col("code", cells.code, "Mã"),
        _col("received", cells.day, "Ngày nhận"),
        _col("channel", cells.text, "Kênh"),
        _opt("owner", cells.code, "Người phụ trách"),
        _opt("answered", cells.day, "Ngày trả lời", default=None),
        _opt("outcome", cells.text, "Kết quả"),
        _opt("subject", cells.text, "Đối tượng"),
    ),
)

STANDINGS = _table(
    "standings",
    "hoc_vu",
    ("learner", "event", "on"),
    _LEARNER,
    _col("event", _one(StandingEvent), "Sự việc"),
    _col("on", cells.day, "Ngày"),
    _opt("decision", cells.code, "Quyết định"),
    _opt("value", _amount, "Giá trị", default=None),
    _opt("detail", cells.code, "Chi tiết"),
    _opt("until", cells.day, "Đến ngày", default=None),
    build=LearnerEvent,
)
TERM_RESULTS = _table(
    "term_results",
    "ket_qua_hoc_ky",
    ("learner", "term"),
    _LEARNER,
    _col("term", cells.code, "Học kỳ"),
    _col("main", ANSWER, "Học kỳ chính"),
    _col("index", cells.whole(1, 60), "Học kỳ thứ"),
    _col("registered", _amount, "Tín chỉ đăng ký"),
    _col("failed", _amount, "Tín chỉ không đạt"),
    _col("owed", _amount, "Tín chỉ nợ"),
    _col("earned", _amount, "Tín chỉ tích lũy"),
    _col("closed", cells.day, "Ngày chốt"),
    _opt("average", _amount, "Điểm trung bình học kỳ", default=None),
    _opt("cumulative", _amount, "Điểm trung bình tích lũy", default=None),
    build=TermResult,
)
RESULTS = _table(
    "results",
    "ket_qua_hoc_phan",
    ("learner", "course", "attempt"),
    _LEARNER,
    _COURSE,
    _col("term", cells.code, "Học kỳ"),
    _col("attempt", cells.whole(1, 50), "Lần học"),
    _col("on", cells.day, "Ngày"),
    _opt("kind", _one(AttemptKind), "Loại", default=AttemptKind.FIRST),
    _opt("score", _amount, "Điểm", default=None),
    _opt("letter", cells.code, "Điểm chữ"),
    _opt("absence", _one(Absence), "Vắng thi", default=None),
    _opt("official", ANSWER, "Chính thức", default=Answer.YES),
    build=CourseResult,
)
LEARNER_SPECS: tuple[TableSpec, ...] = (STANDINGS, TERM_RESULTS, RESULTS)
# The closed vocabularies that the tables name, for the page that explains them.
VOCABULARIES = (
    EvidenceKind,
    InstitutionKind,
    PartnerKind,
    ContractDuty,
    SessionKind,
    TermKind,
    Appointed,
    SystemPart,
    StandingEvent,
    AttemptKind,
    Absence,
)
