"""Assignment sheets as they are printed, many at once and without a home: one page with choices, answer areas and the
lecturer's strip, every copy with codes of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from delivery.i18n import Translator
from delivery.ids import SeededIds
from delivery.postal.bulksymbol import symbol_maker
from delivery.postal.fonts import measure
from delivery.postal.incoming.judging import Sheets
from delivery.postal.outgoing.bodies import part_body
from delivery.postal.outgoing.draw import DocumentInfo, DrawnPage, draw_pdf
from delivery.postal.outgoing.layout import Header, content_page, own_person, page_number
from delivery.postal.outgoing.make import codes_for
from delivery.postal.outgoing.packet import Options, Part
from delivery.postal.roles import ASSIGNMENT
from delivery.postal.sheetlayout import SheetLayout
from delivery.record.sheetcode import CodeKeys, PageRef, SideRef, page_token, read_code, side_token

HOST = "https://hoctuxa.edu.vn"
KEYS = CodeKeys({1: b"k" * 32}, 1)

QUIZ = """# Bài tập 1

## Câu 1 (2 điểm)

Số trung bình cộng của dãy 9, 12, 7, 15, 12 là bao nhiêu?

- ( ) 10
- ( ) 11
- ( ) 12
- ( ) 15

## Câu 2 (3 điểm)

Những số nào không đổi khi ta thêm một giá trị rất lớn vào dãy? Đánh dấu tất cả các câu đúng.

- [ ] Số trung bình cộng của cả dãy
- [ ] Trung vị, nếu dãy có nhiều giá trị
- [ ] Mốt

## Câu 3 (1 điểm)

Phương sai của dãy 5, 5, 5, 5 là số nào?

- ( ) 0
- ( ) 1
- ( ) 5
- ( ) 25

## Câu 4 (4 điểm)

Tìm trung vị của dãy số 9, 12, 7, 15, 12, 10, 5. Giải thích cách tìm.

[trả lời: 8 dòng]
"""


@dataclass(frozen=True)
class SheetSet:
    """A print file; page n of it is the sheet with `pages[n]` and `sides[n]`, and all are laid out alike."""

    file: Path
    layout: SheetLayout
    pages: tuple[str, ...]
    sides: Mapping[str, str]
    """Side id -> page id."""

    @cached_property
    def known(self) -> Sheets:
        """As the intake is told of them."""
        side_of = {page: side for side, page in self.sides.items()}
        return Sheets(self.sides.get, side_of.get, KEYS, HOST)

    def named_by(self, texts: tuple[str, ...]) -> set[str]:
        """Page ids that the verified codes among `texts` lead to; "?" for a verified side code of no sheet here."""
        out = set()
        for text in texts:
            match read_code(text, KEYS):
                case PageRef(page_id):
                    out.add(page_id)
                case SideRef(side_id):
                    out.add(self.sides.get(side_id, "?"))
        return out


def print_sheets(
    folder: Path, count: int, *, text: str = QUIZ, keys: CodeKeys = KEYS, seed: int = 1, host: str = HOST
) -> SheetSet:
    """Draw `count` copies of the first page of an assignment into one PDF."""
    words = Translator("vi")
    codes = codes_for(host)
    part = Part(ASSIGNMENT, "BT1", "workbook", "Bài tập 1", "1", "", "A1", "2026-12-31", "QĐ-1")
    body = part_body(part, text.encode(), codes, words, Options()).pages[0].body
    header = Header(
        "Trường Đại học Mở Phương Nam", "NLTK102 · Nguyên lý thống kê", "Bài tập 1. Trung vị và mốt"
    )
    shared = content_page(
        ASSIGNMENT, body, header=header, codes=codes, page=1, pages=1, words=words, measure=measure
    )
    ids, symbols = SeededIds(seed), symbol_maker(host, pages=count)
    drawn, pages, sides = [], [], {}
    for number in range(count):
        raw = ids.random_bytes(11).hex()
        page, side = raw[:12], raw[12:]
        pages.append(page)
        sides[side] = page
        own = [page_number(page, codes, measure)]
        own += own_person(f"Nguyễn Thị Ánh Tuyết · TX26{number:04d}", "31/12/2026", codes, measure=measure)
        drawn.append(
            DrawnPage(
                shared,
                tuple(own),
                symbols.main_of(page_token(page, keys)),
                symbols.side_of(side_token(side, keys)),
            )
        )
    file = folder / f"sheets-{seed}.pdf"
    file.write_bytes(draw_pdf(drawn, DocumentInfo("t", "a", "s", "vi")))
    return SheetSet(file, shared.record(), tuple(pages), sides)
