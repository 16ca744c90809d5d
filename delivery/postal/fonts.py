"""Embedded typefaces with every Vietnamese letter: Be Vietnam Pro for headings and forms, Noto Serif for reading."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import fontpkg_be_vietnam_pro
import fontpkg_noto_serif
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from delivery.postal.page import Face

MM_PER_PT = 25.4 / 72
FAUX_BOLD = frozenset({Face.SERIF_BOLD})
"""Noto Serif comes as a variable font, of which only the regular weight is drawn: bold is a fine outline on top."""

_SANS = fontpkg_be_vietnam_pro.ROOT / "files"
_SERIF = fontpkg_noto_serif.ROOT / "files"
_FILES = {
    "Tuxa-Sans": _SANS / "BeVietnamPro-Regular.ttf",
    "Tuxa-SansMedium": _SANS / "BeVietnamPro-Medium.ttf",
    "Tuxa-SansBold": _SANS / "BeVietnamPro-SemiBold.ttf",
    "Tuxa-SansItalic": _SANS / "BeVietnamPro-Italic.ttf",
    "Tuxa-Serif": _SERIF / "NotoSerif[wdth,wght].ttf",
    "Tuxa-SerifItalic": _SERIF / "NotoSerif-Italic[wdth,wght].ttf",
}
_NAMES = {
    Face.SANS: "Tuxa-Sans",
    Face.SANS_MEDIUM: "Tuxa-SansMedium",
    Face.SANS_BOLD: "Tuxa-SansBold",
    Face.SANS_ITALIC: "Tuxa-SansItalic",
    Face.SERIF: "Tuxa-Serif",
    Face.SERIF_BOLD: "Tuxa-Serif",
    Face.SERIF_ITALIC: "Tuxa-SerifItalic",
}


def font_name(face: Face) -> str:
    """Name under which the drawing library knows `face`; loads the file on first use."""
    return _registered(_NAMES[face])


def font_file(face: Face) -> Path:
    """The file of `face`, for a library that draws or measures letters itself."""
    return Path(_FILES[_NAMES[face]])


@cache
def _registered(name: str) -> str:
    pdfmetrics.registerFont(TTFont(name, str(_FILES[name])))
    return name


@lru_cache(maxsize=65_536)
def measure(text: str, face: Face, size_pt: float) -> float:
    """Width of `text` in millimetres."""
    width: float = pdfmetrics.stringWidth(text, font_name(face), size_pt)
    return width * MM_PER_PT


def undrawable(text: str) -> str:
    """The characters of `text` that the sans typefaces have no shape for, spaces and line ends apart."""
    known = _characters()
    if known.issuperset(text):
        return ""
    return "".join(c for c in text if c not in known and not c.isspace())


@cache
def _characters() -> frozenset[str]:
    fonts: list[Any] = [
        pdfmetrics.getFont(font_name(face)) for face in (Face.SANS, Face.SANS_MEDIUM, Face.SANS_BOLD)
    ]
    return frozenset.intersection(*(frozenset(map(chr, font.face.charToGlyph)) for font in fonts))
