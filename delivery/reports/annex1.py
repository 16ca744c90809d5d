"""Phụ lục I of Thông tư 28/2023/TT-BGDĐT: the institution's yearly report (TX-14.1a), as printed in the source."""

from __future__ import annotations

from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode, MaterialRole
from delivery.catalogue.model import Programme
from delivery.catalogue.register_kinds import SystemPart
from delivery.errors import N_, Message
from delivery.regulation.indexes import courses_of, foreign, latest, modes_of, programme_modes
from delivery.regulation.snapshot import Snapshot
from delivery.reports.annex import (
    LEGACY,
    agreement_cells,
    agreement_columns,
    contracts_of_year,
    kept,
    learner_cells,
    learner_columns,
    letterhead,
    major_name,
    numbered_rows,
    peoples_committee,
    province_of,
    written,
)
from delivery.reports.document import Behind, Cell, Column, Report, Section, Table, count, number, text
from delivery.reports.learners import Counted, learners_of_year, places_of, problems_of, quota_of
from delivery.reports.staff import LECTURERS, SUPPORT, Staff, staff_of_year
from delivery.reports.texts import Texts
from delivery.reports.words import MODES, day, modes_text, venue

_MINISTRY = "Bộ Giáo dục và Đào tạo"


def annex1(s: Snapshot, year: int, texts: Texts, *, today: date) -> Report:
    """The report of a year, from a snapshot of its 31 December; provisional until that day is over (A6)."""
    programmes = [s.programmes[code] for code in sorted(set(s.programmes) - foreign(s))]
    problems: list[Message] = []
    staff = {programme.code: staff_of_year(s, programme.code, year) for programme in programmes}
    for found in staff.values():
        problems += found.problems
    return Report(
        kind="annex1",
        year=year,
        on=s.on,
        provisional=today <= date(year, 12, 31),
        letterhead=letterhead(
            texts,
            year,
            above=s.institution.supervising_body,
            name=s.institution.name,
            abbreviation=s.institution.code,
            province=province_of(s),
        ),
        title="BÁO CÁO",
        subtitle=f"Về công tác đào tạo từ xa trình độ đại học năm {year}",
        sections=(
            Section("I", "Chương trình đào tạo từ xa", _programmes(s, programmes, problems)),
            Section("II", "Cơ sở phối hợp đào tạo", _partners(s, year, problems)),
            Section("III", "Người học", _learners(s, year, problems), landscape=True),
            Section(
                "IV",
                "Giảng viên, cán bộ hỗ trợ học tập, cán bộ quản lý",
                _staff(programmes, staff),
            ),
            Section("V", "Phần mềm quản lý và hỗ trợ đào tạo từ xa", _software(s, problems)),
            written(
                "VI",
                "Học liệu đào tạo từ xa",
                texts.materials or _material_words(s, year),
                table=_materials(s, year),
            ),
            written("VII", "Tồn tại, hạn chế (nếu có)", texts.shortcomings),
            written("VIII", "Nguyên nhân và giải pháp khắc phục", texts.causes),
            written("IX", "Kiến nghị của cơ sở đào tạo", texts.proposals),
        ),
        recipients=texts.recipients or _recipients(s, texts),
        signature=(
            texts.signer_title or "Lãnh đạo cơ sở đào tạo",
            "(Ký tên và đóng dấu)",
            texts.signer,
        ),
        problems=tuple(problems),
    )


def _recipients(s: Snapshot, texts: Texts) -> tuple[str, ...]:
    above = s.institution.supervising_body
    return (
        "Bộ GDĐT (để b/c);",
        *((f"{above} (để b/c);",) if above and above != _MINISTRY else ()),
        f"{peoples_committee(province_of(s), 'UBND cấp tỉnh')} (để b/c);",
        kept(texts),
    )


# --- I: programmes ----------------------------------------------------------------------------------------------------

_LICENCE = (
    "Văn bản cho phép của Bộ Giáo dục và Đào tạo/ Văn bản tự chủ quyết định đào tạo từ xa của cơ sở đào tạo"
)
_ISSUED = "Quyết định ban hành chương trình đào tạo từ xa mới nhất"


def _programmes(s: Snapshot, programmes: list[Programme], problems: list[Message]) -> Table:
    columns = (
        Column("TT", "(1)", weight=0.5),
        Column("Tên chương trình đào tạo từ xa", "(2)", weight=1.4),
        Column("Tên ngành đào tạo", "(3)", weight=1.2),
        Column("Số quyết định", "(4)", _LICENCE, 1.0),
        Column("Ngày ký", "(5)", _LICENCE, 1.24),
        Column("Người ký", "(6)", _LICENCE, 1.05),
        Column("Số quyết định", "(7)", _ISSUED, 1.0),
        Column("Ngày ký", "(8)", _ISSUED, 1.24),
        Column("Người ký", "(9)", _ISSUED, 1.05),
        Column("Phương thức đào tạo từ xa", "(10)", weight=1.5, note="1"),
    )
    rows = []
    for programme in programmes:
        modes = [m for m in programme_modes(s, programme.code) if m in MODES]
        rows.append(
            (
                text(programme.name, Behind("programmes", programme.code)),
                text(major_name(s, programme), Behind("programmes", programme.code)),
                *_decision(s, EvidenceKind.DISTANCE_DECISION, programme, problems),
                *_decision(s, EvidenceKind.PROGRAMME_ISSUE, programme, problems),
                text(modes_text(modes), *_mode_rows(s, programme.code)),
            )
        )
    return Table(
        columns,
        numbered_rows(rows),
        size_pt=9.5,
        footnote="¹ Liệt kê các phương thức đào tạo từ xa sử dụng để thực hiện chương trình đào tạo từ xa",
    )


def _decision(
    s: Snapshot, kind: EvidenceKind, programme: Programme, problems: list[Message]
) -> tuple[Cell, Cell, Cell]:
    """Number, day and signer of the newest decision of a kind (TX-5.3, TX-5.10-3)."""
    found = latest(s, kind, programme.code)
    if found is None:
        text_ = N_("{programme}: there is no evidence of kind “{kind}”; its columns in table I stay empty.")
        problems.append(Message(text_, {"programme": programme.code, "kind": kind.value}))
        return text(""), text(""), text("")
    behind = Behind("evidence", found.code, found.day, kind.value, found.number)
    return text(found.number, behind), text(day(found.day), behind), text(found.signer, behind)


def _mode_rows(s: Snapshot, programme: str) -> list[Behind]:
    return [
        Behind(
            "courses", course.code, None, ", ".join(sorted(mode.value for mode in modes_of(s, course.code)))
        )
        for course in courses_of(s).get(programme, ())
    ]


# --- II: partners -----------------------------------------------------------------------------------------------------


def _partners(s: Snapshot, year: int, problems: list[Message]) -> Table:
    columns = (
        Column("TT", "(1)", weight=0.45),
        Column("Tên cơ sở phối hợp đào tạo", "(2)", weight=1.5),
        Column("Địa điểm cơ sở phối hợp đào tạo", "(3)", weight=1.4),
        Column("Tỉnh/Thành phố", "(4)", weight=1.35),
        *agreement_columns(5),
    )
    rows = []
    for contract in contracts_of_year(s, year):
        site, partner = s.sites.get(contract.partner), s.partners.get(contract.partner)
        behind = Behind("sites", contract.partner)
        if partner is None or not partner.province:
            text_ = N_("{site}: the province is not entered (table partners).")
            problems.append(Message(text_, {"site": contract.partner}))
        rows.append(
            (
                text(site.name if site else contract.partner, behind),
                text(site.address if site else "", behind),
                text(partner.province if partner else "", Behind("partners", contract.partner)),
                *agreement_cells(s, contract),
            )
        )
    return Table(columns, numbered_rows(rows), size_pt=9.5)


# --- III: learners ----------------------------------------------------------------------------------------------------


def _learners(s: Snapshot, year: int, problems: list[Message]) -> Table:
    columns = (
        Column("TT", "(1)", weight=0.4),
        Column("Tên chương trình đào tạo từ xa", "(2)", weight=1.7),
        Column("Tên ngành", "(3)", weight=1.4),
        Column("Mã ngành", "(4)", weight=0.95),
        Column("Địa điểm đào tạo (Trụ sở chính, phân hiệu, cơ sở phối hợp đào tạo)", "(5)", weight=1.6),
        *learner_columns(in_year=True),
    )
    counted = learners_of_year(s, year)
    places = places_of(s, year, counted)
    rows = []
    for place in places:
        programme, site = s.programmes[place.programme], s.sites.get(place.site)
        found = counted.get(place) or Counted()
        problems += problems_of(place, found)
        quota = quota_of(s, year, place, set(places))
        rows.append(
            (
                text(programme.name + (LEGACY if place.legacy else ""), Behind("programmes", programme.code)),
                text(major_name(s, programme), Behind("programmes", programme.code)),
                text(programme.major_code, Behind("programmes", programme.code)),
                text(venue(site) if site else place.site, Behind("sites", place.site)),
                text("")
                if quota is None
                else number(quota, Behind("quotas", f"{place.programme}/{place.site}/{year}")),
                *learner_cells(found),
            )
        )
    remark = (
        "Báo cáo số lượng người học theo từng địa điểm đào tạo và số người nhập học phân theo trình độ đầu vào "
        "của người học"
    )
    return Table(columns, numbered_rows(rows), remark=("Ghi chú:", remark))


# --- IV and V: people, software ---------------------------------------------------------------------------------------


def _staff(programmes: list[Programme], staff: dict[str, Staff]) -> Table:
    lecturers, support = "Số lượng giảng viên", "Số lượng cán bộ hỗ trợ"
    columns = (
        Column("Số TT", "(1)", weight=0.5),
        Column("Tên chương trình đào tạo từ xa", "(2)", weight=2.0),
        Column("Cơ hữu", "(3)", lecturers),
        Column("Hợp đồng làm việc toàn thời gian", "(4)", lecturers),
        Column("Thỉnh giảng", "(5)", lecturers),
        Column("Cơ hữu", "(6)", support),
        Column("Hợp đồng làm việc toàn thời gian", "(7)", support),
        Column("Hợp đồng vụ việc", "(8)", support),
        Column("Số lượng cán bộ quản lý chương trình đào tạo từ xa", "(9)", weight=1.2),
    )
    rows = [
        (
            text(programme.name, Behind("programmes", programme.code)),
            *(count(staff[programme.code].lecturers[kind]) for kind in LECTURERS),
            *(count(staff[programme.code].support[kind]) for kind in SUPPORT),
            count(staff[programme.code].managers),
        )
        for programme in programmes
    ]
    return Table(columns, numbered_rows(rows))


def _software(s: Snapshot, problems: list[Message]) -> Table:
    columns = (
        Column("Số TT", weight=0.4),
        Column("Tên phần mềm quản lý đào tạo từ xa, hỗ trợ đào tạo từ xa", weight=2),
        Column("Đơn vị sản xuất", weight=1.4),
        Column("Chức năng chính của phần mềm", weight=2.6),
    )
    rows = []
    for code in sorted(s.systems):
        system = s.systems[code]
        if system.part is not SystemPart.SOFTWARE:
            continue
        if not system.producer or not system.functions:
            text_ = N_("{system}: producer or main functions are not entered (table systems).")
            problems.append(Message(text_, {"system": code}))
        behind = Behind("systems", code)
        rows.append(
            (text(system.name, behind), text(system.producer, behind), text(system.functions, behind))
        )
    return Table(columns, numbered_rows(rows), size_pt=11)


# --- VI: material -----------------------------------------------------------------------------------------------------


def _material_words(s: Snapshot, year: int) -> str:
    """What the data say while nobody wrote the summary."""
    standings = [s.material_standings.get(code) for code in _ours(s)]
    appraised = sum(1 for m in standings if m and m.appraised_on and m.appraised_on.year == year)
    approved = sum(1 for m in standings if m and m.approved_on and m.approved_on.year == year)
    return (
        f"Đến hết năm {year}, cơ sở đào tạo có {len(standings)} học liệu đào tạo từ xa; trong năm đã thẩm định "
        f"{appraised}, phê duyệt {approved} học liệu. Số liệu theo từng phương thức (một học liệu dùng cho nhiều "
        "phương thức được tính ở mỗi phương thức):"
    )


def _ours(s: Snapshot) -> list[str]:
    """Material of programmes that the report covers."""
    outside = foreign(s)
    return sorted(
        code
        for code, material in s.materials.items()
        if material.course in s.courses and s.courses[material.course].programme not in outside
    )


def _materials(s: Snapshot, year: int) -> Table:
    columns = (
        Column("Phương thức", weight=2),
        Column("Học liệu chính"),
        Column("Học liệu bổ trợ"),
        Column("Thẩm định trong năm"),
        Column("Phê duyệt trong năm"),
        Column("Đã phê duyệt đến hết năm", weight=1.2),
    )
    last = date(year, 12, 31)
    rows = []
    for mode, name in MODES.items():
        found = [s.materials[code] for code in _ours(s) if mode in s.materials[code].modes]

        def standing(code: str, of: DeliveryMode = mode) -> tuple[date | None, date | None]:
            held = s.material_standings.get(code)
            if held is None:
                return None, None
            return held.appraised_on, held.approved_on if of in held.modes else None

        rows.append(
            (
                text(name),
                count([Behind("materials", m.code) for m in found if m.role is MaterialRole.MAIN]),
                count([Behind("materials", m.code) for m in found if m.role is MaterialRole.SUPPLEMENTARY]),
                count([Behind("materials", m.code, d) for m in found if _in(d := standing(m.code)[0], year)]),
                count([Behind("materials", m.code, d) for m in found if _in(d := standing(m.code)[1], year)]),
                count(
                    [
                        Behind("materials", m.code, d)
                        for m in found
                        if (d := standing(m.code)[1]) and d <= last
                    ]
                ),
            )
        )
    return Table(columns, tuple(rows), size_pt=11)


def _in(day_: date | None, year: int) -> bool:
    return day_ is not None and day_.year == year
