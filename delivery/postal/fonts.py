"""Embedded typefaces with every Vietnamese letter: Be Vietnam Pro for headings and forms, Noto Serif for reading.

What a typeface lacks is drawn with the next one that has it: letters of other languages of the country (ƀ, ŭ), Greek,
and with Liberation Serif, in which reports are set, the signs of mathematics.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from itertools import groupby
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

UNSET = "□"
"""Stands in print where a sign cannot."""

_SANS = fontpkg_be_vietnam_pro.ROOT / "files"
_SERIF = fontpkg_noto_serif.ROOT / "files"
_MORE = "Tuxa-More"
_FILES = {
    "Tuxa-Sans": _SANS / "BeVietnamPro-Regular.ttf",
    "Tuxa-SansMedium": _SANS / "BeVietnamPro-Medium.ttf",
    "Tuxa-SansBold": _SANS / "BeVietnamPro-SemiBold.ttf",
    "Tuxa-SansItalic": _SANS / "BeVietnamPro-Italic.ttf",
    "Tuxa-Serif": _SERIF / "NotoSerif[wdth,wght].ttf",
    "Tuxa-SerifItalic": _SERIF / "NotoSerif-Italic[wdth,wght].ttf",
    _MORE: Path(str(resources.files("delivery") / "reports" / "fonts" / "LiberationSerif-Regular.ttf")),
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
    width: float = sum(pdfmetrics.stringWidth(part, font, size_pt) for font, part in fonts_of(text, face))
    return width * MM_PER_PT


def fonts_of(text: str, face: Face) -> tuple[tuple[str, str], ...]:
    """(font, run) one after the other: in the face's own font, and what it lacks in the next that has it."""
    own = font_name(face)
    if _letters(own).issuperset(text):
        return ((own, text),)
    return _mixed(text, face)


@lru_cache(maxsize=4096)
def _mixed(text: str, face: Face) -> tuple[tuple[str, str], ...]:
    runs = groupby(_clusters(text), key=lambda cluster: _font_for(cluster, face))
    return tuple((font, "".join(clusters)) for font, clusters in runs)


def _clusters(text: str) -> Iterator[str]:
    """Letters with the marks that stand on them: both are of one font."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not unicodedata.combining(text[at]):
            yield text[start:at]
            start = at


def _font_for(cluster: str, face: Face) -> str:
    own = font_name(face)
    chain = (own, _NAMES[Face.SERIF], _MORE)
    return next((font for font in chain if _letters(_registered(font)).issuperset(cluster)), own)


def undrawable(text: str) -> tuple[str, ...]:
    """The signs of `text` that cannot be set right, spaces and line ends apart.

    Those that no typeface has a shape for; text from right to left, for nothing here orders and joins its letters; and
    letters with a mark that there is no composed letter for (x̄, q̃), for nothing here moves a mark to its place.
    """
    own = _single(font_name(Face.SANS))
    if own.issuperset(text):
        return ()
    known = own | _single(_registered(_NAMES[Face.SERIF])) | _single(_registered(_MORE))
    signs = _clusters(unicodedata.normalize("NFC", text))
    return tuple(sign for sign in signs if sign not in known and not sign.isspace())


def drawable(text: str) -> str:
    """`text` as it can be set right: :data:`UNSET` for each sign that cannot, and without emoji and unseen marks."""
    missing = frozenset(undrawable(text))
    if not missing:
        return text
    signs = _clusters(unicodedata.normalize("NFC", text))
    return "".join(sign if sign not in missing else "" if _ornament(sign) else UNSET for sign in signs)


def lost(text: str) -> tuple[str, ...]:
    """The signs of `text` that :data:`UNSET` stands for in print, each once."""
    return tuple(dict.fromkeys(sign for sign in undrawable(text) if not _ornament(sign)))


def _ornament(sign: str) -> bool:
    """Whether a text says the same without `sign`: an emoji, or what shapes or joins one."""
    return all(unicodedata.category(c) in ("So", "Sk", "Cf", "Mn", "Me") for c in sign)


@cache
def _single(font: str) -> frozenset[str]:
    """What is drawn by its own shape alone."""
    return frozenset(c for c in _letters(font) if not unicodedata.combining(c))


@cache
def _letters(font: str) -> frozenset[str]:
    loaded: Any = pdfmetrics.getFont(font)
    found = map(chr, loaded.face.charToGlyph)
    return frozenset(c for c in found if unicodedata.bidirectional(c) not in _RIGHT_TO_LEFT)


_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
