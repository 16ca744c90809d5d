"""What both annexes share: letterhead, recipients, the columns of learners, agreements with partners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.model import Programme
from delivery.catalogue.registers import Contract
from delivery.regulation.indexes import latest
from delivery.regulation.snapshot import Snapshot
from delivery.reports.document import Behind, Cell, Column, Letterhead, Section, Table, count, text
from delivery.reports.learners import LEVELS, Counted
from delivery.reports.texts import Texts, paragraphs
from delivery.reports.words import ENTRY_LEVELS, day, long_day, lower_first

ENTERED = "Số người nhập học"
AGREEMENT = "Thỏa thuận hợp tác ĐTTX"
HEADCOUNT = "Quy mô tính tại thời điểm 31 tháng 12"
NARROW = "\u00a0" * 8
"""Room for the number, to be written by the registry."""
LEGACY = " (khóa theo Thông tư 10/2017/TT-BGDĐT)"
"""Behind a programme's name, for cohorts that the older circular applies to (TXC-2-1)."""


def province_of(s: Snapshot) -> str:
    """Province of the institution's headquarters."""
    details = s.institution_details.get(s.institution.code)
    return details.province if details else ""


def letterhead(
    texts: Texts, year: int, *, above: str, name: str, abbreviation: str, province: str
) -> Letterhead:
    """The two blocks above; the province is the place while none is written."""
    place = texts.place or _bare(province) or "…"
    when = long_day(texts.signed) if texts.signed else f"ngày … tháng … năm {year}"
    sign = (
        f"Số: {texts.number or NARROW}/BC-{texts.abbreviation or abbreviation}" if texts.number_line else ""
    )
    return Letterhead(above.upper(), name.upper(), sign, f"{place}, {when}")


def _bare(province: str) -> str:
    """«Tỉnh An Giang» → «An Giang»."""
    for kind in ("Tỉnh ", "tỉnh ", "Thành phố ", "thành phố "):
        province = province.removeprefix(kind)
    return province


def peoples_committee(place: str, otherwise: str) -> str:
    """«UBND tỉnh An Giang», or the wording of the template while the place is not known."""
    return f"UBND {lower_first(place)}" if place else otherwise


def learner_columns(*, in_year: bool) -> tuple[Column, ...]:
    """Columns (6) to (13)."""
    dismissed = "Số người học bị buộc thôi học" + (" trong năm" if in_year else "")
    return (
        Column("Chỉ tiêu tuyển sinh", "(6)", weight=0.9),
        *(
            Column(ENTRY_LEVELS[level], f"({at})", ENTERED, weight=0.85)
            for at, level in enumerate(LEVELS, start=7)
        ),
        Column(dismissed, "(11)", weight=1.0),
        Column("Số tốt nghiệp", "(12)", weight=0.85),
        Column(HEADCOUNT, "(13)", weight=1.1),
    )


def learner_cells(counted: Counted) -> tuple[Cell, ...]:
    """Cells (7) to (13)."""
    return (
        *(count(counted.entered[level]) for level in LEVELS),
        count(counted.dismissed),
        count(counted.graduated),
        count(counted.headcount),
    )


def agreement_columns(first: int) -> tuple[Column, ...]:
    """The four columns of an agreement, numbered from `first`."""
    titles = (
        ("Số hợp đồng thỏa thuận", 1.1),
        ("Ngày ký", 1.2),
        ("Thời hạn hợp đồng", 1.2),
        ("Tên chương trình đào tạo từ xa trong thỏa thuận hợp tác", 1.9),
    )
    return tuple(
        Column(title, f"({at})", AGREEMENT, weight=weight)
        for at, (title, weight) in enumerate(titles, start=first)
    )


def agreement_cells(s: Snapshot, contract: Contract) -> tuple[Cell, ...]:
    """The four cells of an agreement."""
    behind = Behind("contracts", contract.number, contract.signed, contract.partner)
    names = [s.programmes[code].name if code in s.programmes else code for code in contract.programmes]
    return (
        text(contract.number, behind),
        text(day(contract.signed), behind),
        text(f"{day(contract.starts)} - {day(contract.ends)}", behind),
        text("; ".join(names), behind),
    )


def contracts_of_year(s: Snapshot, year: int, partner: str = "") -> list[Contract]:
    """Contracts in force on some day of the year."""
    found = [
        contract
        for contract in s.contracts.values()
        if contract.starts <= date(year, 12, 31)
        and contract.ends >= date(year, 1, 1)
        and (not partner or contract.partner == partner)
    ]
    return sorted(found, key=lambda c: (c.partner, c.starts, c.number))


def major_name(s: Snapshot, programme: Programme) -> str:
    """The major, by the decision that opened it where that has a title; else the programme's own name."""
    opening = latest(s, EvidenceKind.MAJOR_OPENING, programme.major_code)
    return opening.title if opening and opening.title else programme.name


def written(number: str, title: str, body: str, *, hint: str = "", table: Table | None = None) -> Section:
    """A part in words; the heading stands whether something is written or not."""
    return Section(number, title, table, paragraphs(body), hint)


def kept(texts: Texts) -> str:
    """Last line of «Nơi nhận»."""
    return f"Lưu: VT, {texts.unit}." if texts.unit else "Lưu: VT, …"


def numbered_rows(rows: Sequence[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    """Rows with their running number before them; a table without any row keeps an empty one, as the template."""
    return tuple((text(str(at)), *row) for at, row in enumerate(rows, start=1))
