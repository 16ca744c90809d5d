"""The layout record: what is drawn is where the record says, and the record comes back from the store as it was."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest

from delivery.postal.sheetlayout import AnswerArea, BubbleUse, PacketLayout, Ruling, SheetLayout
from tests.support.postal_home import PrintedHome

_DPI = 200


def _layouts(printed: PrintedHome) -> list[tuple[SheetLayout, np.ndarray]]:
    """The record and the picture of every page of one packet."""
    out = []
    file, first, _ = printed.sheets("cover")[0]
    sheet = printed.app.sheets.by_page(printed.sheets("cover")[0][2])
    assert sheet is not None
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        for found in printed.app.sheets.of_packet(sheet.packet):
            record = PacketLayout.from_json(printed.app.blobs.get(found.layout))
            page = record.pages[found.position - 1]
            assert page.role == found.role
            picture = document[first + found.position - 1].render(scale=_DPI / 72, grayscale=True).to_numpy()
            out.append((page, picture.reshape(picture.shape[0], picture.shape[1])))
    return out


def _dark(picture: np.ndarray, x: float, y: float, half: float) -> float:
    """Share of dark pixels in a square about (x, y), in millimetres."""
    left, right, top, foot = (round(v * _DPI / 25.4) for v in (x - half, x + half, y - half, y + half))
    return float(np.mean(picture[top:foot, left:right] < 140))


def test_corners_codes_and_bubbles_stand_where_the_record_says(printed: PrintedHome) -> None:
    pages = _layouts(printed)
    assert [page.role for page, _ in pages] == [
        "cover",
        "week",
        "material",
        "assignment",
        "assignment",
        "return",
    ]
    for page, picture in pages:
        assert len(page.corners) == 4
        for corner in page.corners:
            assert _dark(picture, corner.x, corner.y, 0.3) > 0.6
        for code in page.codes:
            middle = code.x + code.size / 2, code.y + code.size / 2
            assert 0.3 < _dark(picture, *middle, code.size / 2) < 0.7
            assert _dark(picture, code.x - code.quiet / 2, middle[1], code.quiet / 2 - 0.2) == 0
    strip = pages[3][0]
    uses = [bubble.use for bubble in strip.bubbles]
    assert uses.count(BubbleUse.MARK_WHOLE) == 11
    assert uses.count(BubbleUse.MARK_QUARTER) == 4
    assert uses.count(BubbleUse.CONFIRM) == 1
    for bubble in strip.bubbles:
        if bubble.use is not BubbleUse.CONFIRM:
            rim = [(bubble.radius, 0), (-bubble.radius, 0), (0, bubble.radius), (0, -bubble.radius)]
            assert all(_dark(pages[3][1], bubble.x + dx, bubble.y + dy, 0.3) > 0.1 for dx, dy in rim)
    assert [box.question for box in strip.marks] == [0, 1, 2]
    assert [area.question for area in pages[4][0].answers] == [2, 3]


def test_a_record_survives_json_and_equal_records_have_equal_bytes() -> None:
    area = AnswerArea(1, 20, 60.12345, 170, 45, Ruling.SQUARED)
    page = SheetLayout("assignment", 210, 297, (), (), (area,))
    record = PacketLayout((page, page))
    again = PacketLayout.from_json(record.to_json())
    assert again.to_json() == record.to_json()
    assert again.pages[0].answers[0].ruling is Ruling.SQUARED
    assert again.pages[0].answers[0].y == pytest.approx(60.12345, abs=0.001)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"format": 99}', b'{"format": 1, "layouts": [], "pages": [0]}']
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        PacketLayout.from_json(data)
