"""The tables of registers, as institutions hand them over beside the catalogue; of learners: ``learner_columns``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from delivery.catalogue import cells, words
from delivery.catalogue.cells import BadCell, Cell, choice, choices
from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.register_kinds import (
    SystemPart,
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


def amount(cell: Cell) -> Decimal:
    value = cells.number(cell)
    if value < 0:
        raise BadCell(N_("“{value}” is below 0. Write a number from 0."), value=str(value))
    return value


def one(kinds: Any) -> cells.Parser:
    return choice(kinds, {})


_WORDS = choices(cells.text)
_CODES = choices(cells.code)
_YEAR = cells.whole(1990, 2100)
_COUNT = cells.whole(0, 10_000_000)


def col(name: str, parse: cells.Parser, *also: str) -> Column:
    return Column(name, parse, also)


def opt(name: str, parse: cells.Parser, *also: str, default: Any = "") -> Column:
    return Column(name, parse, also, needed=False, default=default)


def table(
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


_PROGRAMME = col("programme", cells.code, "Mã chương trình", "Chương trình")
COURSE = col("course", cells.code, "Mã học phần", "Học phần")
_PERSON = col("person", cells.code, "Mã nhân sự", "Nhân sự")
_STARTS = opt("starts", cells.day, "Từ ngày", default=None)
_ENDS = opt("ends", cells.day, "Đến ngày", default=None)

REGISTER_SPECS: tuple[TableSpec, ...] = (
    table(
        "evidence",
        "minh_chung",
        ("code",),
        col("code", cells.code, "Mã"),
        col("kind", one(EvidenceKind), "Loại"),
        opt("subject", cells.code, "Đối tượng"),
        opt("topic", cells.text, "Nội dung"),
        opt("signed", cells.day, "Ngày ký", default=None),
        opt("number", cells.text, "Số", "Số văn bản"),
        opt("signer", cells.text, "Người ký"),
        opt("title", cells.text, "Trích yếu"),
        opt("people", _CODES, "Thành viên", default=()),
        opt("items", _WORDS, "Danh mục", default=()),
        opt("value", amount, "Giá trị", default=None),
        opt("at", moment, "Thời điểm", default=None),
        opt("effective", cells.day, "Ngày hiệu lực", default=None),
        opt("until", cells.day, "Có giá trị đến", default=None),
        opt("url", cells.text, "Đường dẫn"),
        opt("file", cells.file_name, "Tệp"),
    ),
    table(
        "institution_details",
        "thong_tin_co_so",
        ("code",),
        col("code", cells.code, "Mã"),
        opt("kind", INSTITUTION_KIND, "Loại hình", default=None),
        opt("province", cells.text, "Tỉnh, thành phố"),
        opt("distance_office", cells.text, "Bộ phận phụ trách đào tạo từ xa"),
    ),
    table(
        "programme_details",
        "thong_tin_chuong_trinh",
        ("programme",),
        _PROGRAMME,
        opt("awarding_country", cells.code, "Nước cấp bằng", default="VN"),
        opt("regular_code", cells.code, "Mã chương trình chính quy"),
        opt("regular_credits", cells.credits, "Số tín chỉ chính quy", default=None),
        opt("regular_months", cells.whole(0, 240), "Số tháng chính quy", default=0),
        opt("regular_retired", cells.day, "Ngày dừng chương trình chính quy", default=None),
        opt("lead_unit", cells.text, "Đơn vị chủ trì"),
        opt("regular_lead_unit", cells.text, "Đơn vị chủ trì chính quy"),
        opt("licensed_practice", ANSWER, "Cấp chứng chỉ hành nghề", default=None),
        opt("distance_system", cells.text, "Hệ thống quản lý đào tạo từ xa"),
        opt("regular_system", cells.text, "Hệ thống quản lý chính quy"),
        opt("first_intake", cells.day, "Khóa đầu tiên", default=None),
        opt("first_graduation", cells.day, "Khóa tốt nghiệp đầu tiên", default=None),
    ),
    table(
        "regular_intakes",
        "tuyen_sinh_chinh_quy",
        ("major", "year"),
        col("major", cells.major_code, "Mã ngành"),
        col("year", _YEAR, "Năm"),
        col("enrolled", _COUNT, "Số nhập học"),
    ),
    table(
        "plans",
        "ke_hoach_hoc_tap",
        ("programme", "pace"),
        _PROGRAMME,
        col("pace", cells.code, "Tiến độ"),
        col("months", cells.whole(1, 240), "Số tháng"),
        col("main_terms", cells.whole(1, 60), "Số học kỳ chính"),
    ),
    table(
        "plan_courses",
        "hoc_phan_theo_nam",
        ("programme", "course"),
        _PROGRAMME,
        COURSE,
        col("year", cells.whole(1, 20), "Năm thứ"),
        opt("term", cells.whole(0, 60), "Học kỳ", default=0),
    ),
    table(
        "material_plans",
        "ke_hoach_hoc_lieu",
        ("course",),
        COURSE,
        opt("owner", cells.code, "Người phụ trách"),
        opt("kinds", choices(words.MATERIAL_KIND), "Loại học liệu", default=()),
        opt("due", cells.day, "Hạn hoàn thành", default=None),
    ),
    table(
        "terms",
        "hoc_ky",
        ("academic_year", "term"),
        col("academic_year", cells.code, "Năm học"),
        col("term", cells.code, "Học kỳ"),
        col("kind", TERM_KIND, "Loại"),
        col("starts", cells.day, "Ngày bắt đầu"),
        col("weeks", cells.whole(1, 60), "Số tuần"),
        opt("published", cells.day, "Ngày công bố", default=None),
    ),
    table(
        "teaching",
        "phan_cong_giang_day",
        ("course", "person"),
        COURSE,
        _PERSON,
        col("credits", amount, "Số tín chỉ"),
        opt("hours", amount, "Số giờ", default=Decimal(0)),
        _STARTS,
        _ENDS,
        opt("decision", cells.text, "Quyết định"),
    ),
    table(
        "appointments",
        "nhiem_vu_nhan_su",
        ("person", "duty", "unit", "programme"),
        _PERSON,
        col("duty", APPOINTED, "Nhiệm vụ"),
        opt("unit", cells.text, "Đơn vị"),
        opt("programme", cells.code, "Mã chương trình", "Chương trình"),
        _STARTS,
        _ENDS,
    ),
    table(
        "partners",
        "co_so_phoi_hop",
        ("site",),
        col("site", cells.code, "Mã địa điểm"),
        col("kind", PARTNER_KIND, "Loại cơ sở"),
        opt("province", cells.text, "Tỉnh, thành phố"),
        opt("commune", cells.text, "Xã, phường"),
    ),
    table(
        "contracts",
        "hop_dong",
        ("number",),
        col("number", cells.text, "Số hợp đồng"),
        col("partner", cells.code, "Mã địa điểm", "Cơ sở phối hợp"),
        col("signed", cells.day, "Ngày ký"),
        col("starts", cells.day, "Từ ngày"),
        col("ends", cells.day, "Đến ngày"),
        col("programmes", _CODES, "Chương trình"),
        opt("duties", choices(DUTY), "Công việc giao", default=()),
        opt("appraisal", cells.code, "Mã minh chứng thẩm định"),
    ),
    table(
        "intakes",
        "dot_tuyen_sinh",
        ("cohort",),
        col("cohort", cells.code, "Mã khóa", "Khóa tuyển sinh"),
        opt("opens", moment, "Mở nhận hồ sơ", default=None),
        opt("starts", cells.day, "Ngày khai giảng", default=None),
        opt("admitted", _COUNT, "Số trúng tuyển", default=0),
        opt("second_degree", ANSWER, "Văn bằng hai", default=None),
    ),
    table(
        "quotas",
        "chi_tieu",
        ("programme", "site", "year"),
        _PROGRAMME,
        col("site", cells.code, "Mã địa điểm"),
        col("year", _YEAR, "Năm"),
        col("quota", _COUNT, "Chỉ tiêu"),
    ),
    table(
        "syllabi",
        "de_cuong",
        ("course",),
        COURSE,
        opt("method", cells.text, "Phương pháp dạy - học"),
        opt("duration", cells.text, "Thời lượng dạy - học"),
        opt("materials", cells.text, "Học liệu"),
        opt("assessment", cells.text, "Đánh giá"),
        opt("unit_count", cells.whole(0, 999), "Số bài", default=0),
        opt("credits", cells.credits, "Số tín chỉ chính quy", default=None),
        opt("learner_lecturer", _WORDS, "Kênh với giảng viên", default=()),
        opt("learner_learner", _WORDS, "Kênh giữa người học", default=()),
        opt("not_needed", choices(words.MATERIAL_KIND), "Không áp dụng", default=()),
        opt("online_components", _CODES, "Thành phần đánh giá trực tuyến", default=()),
        opt("final_online", cells.text, "Quy định thi trực tuyến"),
        opt("thesis", ANSWER, "Khóa luận, đồ án", default=None),
    ),
    table(
        "sessions",
        "lich_hoc_thi",
        ("code",),
        col("code", cells.code, "Mã"),
        COURSE,
        col("kind", SESSION_KIND, "Loại"),
        col("site", cells.code, "Mã địa điểm"),
        col("starts", moment, "Bắt đầu"),
        col("minutes", cells.whole(1, 100_000), "Số phút"),
        opt("cohort", cells.code, "Mã khóa"),
        opt("first_run", ANSWER, "Lần đầu", default=None),
        opt("mode", words.MODE, "Phương thức", default=DeliveryMode.FACE_TO_FACE),
        opt("present", _COUNT, "Số dự", default=0),
        opt("identified", _COUNT, "Số đã kiểm tra giấy tờ", default=0),
    ),
    table(
        "exam_papers",
        "de_thi",
        ("code",),
        col("code", cells.code, "Mã"),
        COURSE,
        col("author", cells.code, "Người ra đề"),
        col("digest", cells.text, "Mã băm"),
        opt("confirmed_by", cells.code, "Người xác nhận"),
        opt("confirmed_at", moment, "Thời điểm xác nhận", default=None),
        opt("confirmed_digest", cells.text, "Mã băm khi xác nhận"),
        opt("printed_at", moment, "Thời điểm in", default=None),
    ),
    table(
        "systems",
        "phan_mem",
        ("code",),
        col("code", cells.code, "Mã"),
        col("name", cells.text, "Tên"),
        col("part", one(SystemPart), "Phần"),
        opt("producer", cells.text, "Đơn vị sản xuất"),
        opt("functions", cells.text, "Chức năng chính"),
        opt("covers", _WORDS, "Khoản đáp ứng", default=()),
        opt("modes", choices(words.MODE), "Phương thức", default=()),
    ),
    table(
        "suspensions",
        "dinh_chi",
        ("decision",),
        col("decision", cells.text, "Số quyết định"),
        col("starts", cells.day, "Từ ngày"),
        opt("ends", cells.day, "Đến ngày", default=None),
        opt("reason", cells.text, "Lý do"),
        opt("programmes", _CODES, "Chương trình", default=()),
        opt("majors", choices(cells.major_code), "Mã ngành", default=()),
    ),
    table(
        "tickets",
        "y_kien",
        ("code",),
        col("code", cells.code, "Mã"),
        col("received", cells.day, "Ngày nhận"),
        col("channel", cells.text, "Kênh"),
        opt("owner", cells.code, "Người phụ trách"),
        opt("answered", cells.day, "Ngày trả lời", default=None),
        opt("outcome", cells.text, "Kết quả"),
        opt("subject", cells.text, "Đối tượng"),
    ),
)
