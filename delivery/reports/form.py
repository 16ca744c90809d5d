"""Form of an administrative document by Phụ lục I of Nghị định 30/2020/NĐ-CP: measures in millimetres and points."""

from __future__ import annotations

from typing import Final

PAGE_MM: Final = (210.0, 297.0)
"""A4 upright; wide tables lie on landscape pages."""
TOP_MM: Final = 20.0
BOTTOM_MM: Final = 20.0
LEFT_MM: Final = 30.0
RIGHT_MM: Final = 15.0
LEFT_BLOCK: Final = 0.42
"""Share of the width that the left block of the letterhead takes."""
STATE_PT: Final = 12.0
"""Quốc hiệu, and both lines of the left block."""
MOTTO_PT: Final = 13.0
SIGN_PT: Final = 13.0
DAY_PT: Final = 13.0
TITLE_PT: Final = 14.0
BODY_PT: Final = 13.0
RECIPIENTS_PT: Final = 12.0
RECIPIENT_PT: Final = 11.0
NOTE_PT: Final = 10.0
PAGE_NUMBER_PT: Final = 13.0
INDENT_MM: Final = 10.0
BETWEEN_PT: Final = 6.0
SIGN_SPACE_MM: Final = 28.0
"""Room for the hand and the seal."""
STATE: Final = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO: Final = "Độc lập - Tự do - Hạnh phúc"
TYPEFACE: Final = "Times New Roman"
"""Named in DOCX; PDF embeds Liberation Serif, which has the same widths."""


def text_width_mm(*, landscape: bool) -> float:
    """Width between the margins: on a landscape page the long side."""
    return (PAGE_MM[1] if landscape else PAGE_MM[0]) - LEFT_MM - RIGHT_MM
