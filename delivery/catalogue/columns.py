"""The tables that an institution hands over: their columns, the Vietnamese names of these, and how a row is built.

What the columns mean for the person who fills them in is told in docs/catalogue-files.md; a test holds that page
against this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from delivery.catalogue import cells, words
from delivery.catalogue.learner_columns import LEARNER_SPECS
from delivery.catalogue.model import (
    Activity,
    Cohort,
    Component,
    Course,
    Enrolment,
    Institution,
    LearnerProfile,
    Material,
    Person,
    Programme,
    RosterEntry,
    Site,
    Unit,
)
from delivery.catalogue.register_columns import REGISTER_SPECS
from delivery.catalogue.tablespec import Column, TableSpec


class MaterialRow(NamedTuple):
    """A material as listed, and the file that holds it (empty when it is made or handed in elsewhere)."""

    material: Material
    file: str


def _opt(name: str, parse: cells.Parser, *also: str, default: Any = "") -> Column:
    return Column(name, parse, also, needed=False, default=default)


def _col(name: str, parse: cells.Parser, *also: str) -> Column:
    return Column(name, parse, also)


def _made(cls: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda values: cls(**values)


def _material(values: dict[str, Any]) -> MaterialRow:
    file = values.pop("file")
    return MaterialRow(Material(**values, file=file.rpartition("/")[2]), file)


def _roster_entry(values: dict[str, Any]) -> RosterEntry:
    cohort, site = values.pop("cohort"), values.pop("site")
    return RosterEntry(LearnerProfile(**values), cohort, site)


_CODE = _col("code", cells.code, "Mã")
_COURSE = _col("course", cells.code, "Mã học phần", "Học phần")
_UNIT = _opt("unit", cells.whole(0, 999), "Bài", "Bài số", default=0)

INSTITUTION = TableSpec(
    "institution",
    ("co_so_dao_tao",),
    (
        _CODE,
        _col("name", cells.text, "Tên"),
        _opt("supervising_body", cells.text, "Cơ quan quản lý trực tiếp"),
        _opt("address", cells.text, "Địa chỉ"),
    ),
    _made(Institution),
    lambda row: (row.code,),
    ("code",),
)
SITES = TableSpec(
    "sites",
    ("dia_diem",),
    (
        _CODE,
        _col("name", cells.text, "Tên"),
        _col("kind", words.SITE_KIND, "Loại"),
        _opt("address", cells.text, "Địa chỉ"),
        _opt("postcode", cells.postcode, "Mã bưu chính"),
    ),
    _made(Site),
    lambda row: (row.code,),
    ("code",),
)
PROGRAMMES = TableSpec(
    "programmes",
    ("chuong_trinh",),
    (
        _CODE,
        _col("version", cells.text, "Phiên bản"),
        _col("name", cells.text, "Tên"),
        _col("major_code", cells.major_code, "Mã ngành"),
        _col("credits", cells.credits, "Số tín chỉ"),
        _col("standard_months", cells.whole(1, 240), "Số tháng học chuẩn"),
    ),
    _made(Programme),
    lambda row: (row.code,),
    ("code",),
)
COHORTS = TableSpec(
    "cohorts",
    ("khoa_tuyen_sinh",),
    (
        _CODE,
        _col("programme", cells.code, "Mã chương trình", "Chương trình"),
        _col("admission_date", cells.day, "Ngày tuyển sinh"),
        _opt("profile", cells.code, "Bộ quy định"),
    ),
    _made(Cohort),
    lambda row: (row.code,),
    ("code",),
)
COURSES = TableSpec(
    "courses",
    ("hoc_phan",),
    (
        _CODE,
        _col("programme", cells.code, "Mã chương trình", "Chương trình"),
        _col("name", cells.text, "Tên"),
        _col("credits", cells.credits, "Số tín chỉ"),
        _col("lead_mode", words.MODE, "Phương thức chính"),
        _opt("grading", words.GRADING, "Cách xếp loại", default=words.LETTER),
        _opt("lecturer", cells.code, "Mã giảng viên", "Giảng viên"),
    ),
    _made(Course),
    lambda row: (row.code,),
    ("code",),
)
UNITS = TableSpec(
    "units",
    ("bai_hoc",),
    (
        _COURSE,
        _col("number", cells.whole(1, 999), "Bài số", "Số thứ tự"),
        _col("title", cells.text, "Tên bài"),
    ),
    _made(Unit),
    lambda row: (row.course, row.number),
    ("course", "number"),
)
COMPONENTS = TableSpec(
    "components",
    ("diem_thanh_phan",),
    (
        _COURSE,
        _CODE,
        _col("name", cells.text, "Tên"),
        _col("kind", words.COMPONENT_KIND, "Loại"),
        _col("weight", cells.percent, "Trọng số"),
    ),
    _made(Component),
    lambda row: (row.course, row.code),
    ("course", "code"),
)
ACTIVITIES = TableSpec(
    "activities",
    ("hoat_dong",),
    (
        _COURSE,
        _CODE,
        _UNIT,
        _col("kind", words.ACTIVITY_KIND, "Loại"),
        _col("mode", words.MODE, "Phương thức"),
        _col("title", cells.text, "Tên", "Tên hoạt động"),
        _col("minutes", cells.whole(1, 100_000), "Số phút"),
        _opt("component", cells.code, "Mã điểm thành phần", "Điểm thành phần"),
        _opt("due", cells.day, "Hạn nộp", default=None),
        _opt("material", cells.code, "Mã học liệu", "Học liệu"),
    ),
    _made(Activity),
    lambda row: (row.code,),
    ("code",),
)
MATERIALS = TableSpec(
    "materials",
    ("hoc_lieu",),
    (
        _CODE,
        _COURSE,
        _UNIT,
        _col("kind", words.MATERIAL_KIND, "Loại"),
        _col("role", words.MATERIAL_ROLE, "Vai trò"),
        _col("modes", cells.choices(words.MODE), "Phương thức"),
        _col("title", cells.text, "Tên", "Tên học liệu"),
        _opt("author", cells.code, "Mã tác giả", "Tác giả"),
        _opt("edition", cells.text, "Lần xuất bản", default="1"),
        _opt("file", cells.file_name, "Tệp"),
    ),
    _material,
    lambda row: (row.material.code,),
    ("code",),
)
PEOPLE = TableSpec(
    "people",
    ("nhan_su",),
    (
        _CODE,
        _col("name", cells.text, "Họ và tên", "Tên"),
        _opt("roles", cells.choices(words.ROLE), "Vai trò", default=()),
        _col("employment", words.EMPLOYMENT, "Loại hợp đồng"),
        _opt("degree", cells.text, "Trình độ"),
        _opt("institution", cells.text, "Đơn vị"),
    ),
    _made(Person),
    lambda row: (row.code,),
    ("code",),
)
LEARNERS = TableSpec(
    "learners",
    ("nguoi_hoc",),
    (
        _col("code", cells.learner_code, "Mã người học", "Mã sinh viên", "Mã"),
        _col("full_name", cells.text, "Họ và tên"),
        _opt("birth_date", cells.birth_day, "Ngày sinh", default=None),
        _opt("phone", cells.phone, "Điện thoại", "Số điện thoại"),
        _opt("email", cells.email, "Thư điện tử", "Email"),
        _opt("address", cells.text, "Địa chỉ"),
        _opt("commune", cells.text, "Xã, phường", "Xã/phường", "Phường/xã"),
        _opt("province", cells.text, "Tỉnh, thành phố", "Tỉnh/thành phố"),
        _opt("postcode", cells.postcode, "Mã bưu chính"),
        _opt("old_address", cells.text, "Địa chỉ cũ"),
        _col("cohort", cells.code, "Mã khóa", "Khóa tuyển sinh"),
        _col("site", cells.code, "Mã địa điểm", "Địa điểm"),
    ),
    _roster_entry,
    lambda row: (row.profile.code,),
    ("code",),
    needed=False,
)
ENROLMENTS = TableSpec(
    "enrolments",
    ("dang_ky_hoc",),
    (_col("learner", cells.learner_code, "Mã người học", "Mã sinh viên"), _COURSE),
    _made(Enrolment),
    lambda row: (row.learner, row.course),
    ("learner", "course"),
    needed=False,
)

SPECS: tuple[TableSpec, ...] = (
    INSTITUTION,
    SITES,
    PROGRAMMES,
    COHORTS,
    COURSES,
    UNITS,
    COMPONENTS,
    ACTIVITIES,
    MATERIALS,
    PEOPLE,
    LEARNERS,
    ENROLMENTS,
    *REGISTER_SPECS,
    *LEARNER_SPECS,
)
SPEC_OF = {spec.name: spec for spec in SPECS}
