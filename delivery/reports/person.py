"""What is held of one person, on paper for that person: in Vietnamese, as the annexes are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from delivery.record.kinds import FactKind
from delivery.regulation.retention import Holding, Keep
from delivery.reports.document import Column, Letterhead, Report, Section, Table, number, text
from delivery.reports.words import day, long_day

_K = FactKind
FIELDS: Final[Mapping[str, str]] = {
    "full_name": "Họ và tên",
    "code": "Mã người học",
    "birth_date": "Ngày sinh",
    "phone": "Điện thoại",
    "email": "Thư điện tử",
    "address": "Địa chỉ",
    "commune": "Xã, phường",
    "province": "Tỉnh, thành phố",
    "postcode": "Mã bưu chính",
    "old_address": "Địa chỉ cũ",
}
_HOLDINGS: Final[Mapping[Holding, tuple[str, str]]] = {
    Holding.IDENTITY: ("Họ tên, ngày sinh, mã người học", "Xác định kết quả học tập là của ai"),
    Holding.CONTACT: ("Điện thoại, thư điện tử, địa chỉ", "Gửi học liệu và liên hệ"),
    Holding.WORDS: ("Câu hỏi, trả lời, nhận xét bài làm", "Trao đổi giữa người học và giảng viên"),
    Holding.WORK: ("Hình ảnh, tệp bài làm; gói tài liệu đã in", "Chấm bài và chứng minh việc nộp bài"),
    Holding.ACCESS: ("Mã PIN hoặc mật khẩu, phiên đăng nhập", "Đăng nhập cổng học tập"),
    Holding.FACTS: ("Diễn biến học tập, ghi theo mã số", "Ghi nhận trung thực quá trình học tập"),
}
_KEEPS: Final[Mapping[Keep, str]] = {
    Keep.FOR_GOOD: "Vĩnh viễn",
    Keep.WITH_RESULTS: "Vĩnh viễn khi đã có kết quả",
    Keep.ON_WISH: "Đến khi người học yêu cầu xóa",
}
KINDS: Final[Mapping[FactKind, str]] = {
    _K.LEARNER_REGISTERED: "Ghi danh",
    _K.LEARNER_PROFILE_CHANGED: "Thay đổi hồ sơ",
    _K.COURSE_ENROLLED: "Đăng ký học phần",
    _K.COURSE_LEFT: "Rời học phần",
    _K.ATTENDANCE_RECORDED: "Điểm danh",
    _K.PARTICIPATION_RECORDED: "Tham gia học tập",
    _K.PACKET_PLANNED: "Lập gói tài liệu",
    _K.PACKET_PRINTED: "In gói tài liệu",
    _K.PACKET_POSTED: "Gửi gói tài liệu",
    _K.PACKET_DELIVERED: "Phát gói tài liệu",
    _K.PACKET_RETURNED_UNDELIVERED: "Gói tài liệu bị hoàn",
    _K.PACKET_VOIDED: "Hủy gói tài liệu",
    _K.WORK_RECEIVED: "Nhận bài nộp",
    _K.WORK_HELD: "Bài nộp tạm giữ",
    _K.EXTRA_RECEIVED: "Nhận tờ bổ sung",
    _K.SHEET_RECEIVED: "Nhận lại tờ in",
    _K.ENVELOPE_RECEIVED: "Nhận phong bì",
    _K.POSTMARK_ENTERED: "Ghi dấu bưu điện",
    _K.READING_DECIDED: "Xác nhận kết quả đọc máy",
    _K.QUESTION_ASKED: "Đặt câu hỏi",
    _K.QUESTION_ANSWERED: "Được trả lời",
    _K.PEER_ANSWERED: "Trả lời bạn học",
    _K.PEER_ANSWER_RECEIVED: "Được bạn học trả lời",
    _K.MARK_RECORDED: "Ghi điểm",
    _K.MARK_PROPOSED: "Đề xuất điểm",
    _K.WORK_ANNOTATED: "Nhận xét trên bài",
    _K.PERSONAL_DATA_SEEN: "Có người xem dữ liệu",
    _K.STANDING_RECORDED: "Ghi nhận học vụ",
    _K.PERSON_EXPORTED: "Cấp bản sao dữ liệu",
    _K.PERSON_CORRECTED: "Sửa dữ liệu",
    _K.PERSON_RESTRICTED: "Hạn chế xử lý",
    _K.PERSON_ERASED: "Xóa dữ liệu",
    _K.PERSON_REFUSED: "Từ chối yêu cầu",
}


def person_report(
    document: Mapping[str, Any], *, institution: str, above: str, place: str, on: date
) -> Report:
    """The summary of an export (:func:`delivery.app.people.document_of`) as a page."""
    return Report(
        kind="person",
        year=on.year,
        on=on,
        provisional=False,
        letterhead=Letterhead(above.upper(), institution.upper(), "", f"{place}, {long_day(on)}"),
        title="BẢN SAO DỮ LIỆU CÁ NHÂN",
        subtitle="Cấp theo yêu cầu của người học",
        sections=(
            Section("1", "Thông tin cá nhân", _profile(document)),
            Section("2", "Dữ liệu được lưu, mục đích và thời hạn", _holdings(document["holdings"])),
            _section("3", "Kết quả học tập", _results(document["record"]["courses"])),
            _section("4", "Những gì đã ghi nhận", _counts(document["facts"])),
            _section("5", "Ai đã xem dữ liệu", _seen(document["seen"])),
            _section("6", "Yêu cầu của người học và việc giải quyết", _requests(document["requests"])),
            Section("", "Kèm theo", None, (_beside(document),)),
        ),
        recipients=(),
        signature=("NGƯỜI LẬP", "(Ký, ghi rõ họ tên)", ""),
        subject=document["learner"],
    )


def _section(number_: str, title: str, table: Table) -> Section:
    return Section(number_, title, table) if table.rows else Section(number_, title, None, ("Không có.",))


def _profile(document: Mapping[str, Any]) -> Table:
    profile = document["profile"] or {}
    rows = [(text(words), text(_shown(profile[name]))) for name, words in FIELDS.items() if profile.get(name)]
    rows.append((text("Mã số trong hệ thống"), text(document["learner"])))
    if document["restricted"]:
        rows.append((text("Trạng thái"), text("Đang hạn chế xử lý theo yêu cầu")))
    return Table((Column("Thông tin"), Column("Nội dung", weight=2.2)), tuple(rows), 11)


def _shown(value: str) -> str:
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value


def _holdings(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Loại dữ liệu", weight=2.4),
        Column("Mục đích", weight=2.4),
        Column("Căn cứ", weight=1),
        Column("Thời hạn lưu", weight=1.7),
    )
    cells = []
    for row in rows:
        what, why = _HOLDINGS[Holding(row["holding"])]
        cells.append((text(what), text(why), text(row["clause"]), text(_KEEPS[Keep(row["keep"])])))
    return Table(columns, tuple(cells), 10)


def _results(courses: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Mã", weight=0.9),
        Column("Học phần", weight=3),
        Column("Số tín chỉ", weight=0.8),
        Column("Điểm", weight=0.8),
    )
    rows = []
    for course in courses:
        grade = course["grade"] or {}
        score = f"{grade.get('score') or '—'} {grade.get('letter') or ''}".strip()
        rows.append((text(course["course"]), text(course["name"]), text(course["credits"]), text(score)))
    return Table(columns, tuple(rows), 10)


def _counts(facts: Sequence[Mapping[str, Any]]) -> Table:
    counts: dict[str, list[str]] = {}
    for fact in facts:
        counts.setdefault(fact["kind"], []).append(fact["at"][:10])
    rows = [
        (
            text(KINDS.get(FactKind(kind), kind)),
            number(len(days)),
            text(_shown(min(days))),
            text(_shown(max(days))),
        )
        for kind, days in sorted(counts.items(), key=lambda item: min(item[1]))
    ]
    columns = (
        Column("Nội dung", weight=2.4),
        Column("Số lần", weight=0.8),
        Column("Từ ngày"),
        Column("Đến ngày"),
    )
    return Table(columns, tuple(rows), 10)


def _seen(rows: Sequence[Mapping[str, Any]]) -> Table:
    cells = [(text(_shown(row["day"])), text(row["actor"]), text(row["what"])) for row in rows]
    return Table((Column("Ngày"), Column("Mã người xem"), Column("Nội dung")), tuple(cells), 10)


def _requests(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Ngày yêu cầu"),
        Column("Giải quyết", weight=1.6),
        Column("Ngày giải quyết"),
        Column("Căn cứ, lý do", weight=1.8),
    )
    cells = [
        (
            text(_shown(row["asked"] or "")),
            text(KINDS[FactKind(row["kind"])]),
            text(_shown(row["at"][:10])),
            text(", ".join(row["clauses"]) or row["reason"]),
        )
        for row in rows
    ]
    return Table(columns, tuple(cells), 10)


def _beside(document: Mapping[str, Any]) -> str:
    return (
        f"Tệp person.json chứa toàn bộ {len(document['facts'])} sự kiện cùng nội dung riêng tư; "
        f"thư mục files chứa {len(document['files'])} tệp bài làm. Dữ liệu còn được giữ tại: "
        f"{', '.join(document['sites'])}."
    )
