"""Finding Vietnamese text however it was typed: composed or decomposed, with marks or without."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """NFC: one character for each letter with its marks."""
    return unicodedata.normalize("NFC", text)


def plain(text: str) -> str:
    """Without marks and case: ``Đạo hàm`` is ``dao ham``."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def matches(query: str, *texts: str) -> bool:
    """Whether every word of `query` stands in one of `texts`. Words with marks must match with their marks."""
    kept = [composed(text).casefold() for text in texts]
    bare: list[str] | None = None
    for word in composed(query).casefold().split():
        if any(word in text for text in kept):
            continue
        if plain(word) != word:
            return False
        bare = bare if bare is not None else [plain(text) for text in texts]
        if not any(word in text for text in bare):
            return False
    return True
