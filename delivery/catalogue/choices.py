"""Choices in the Markdown source of an assignment, and the key among them. Pure.

A list item that begins with ``( )`` or ``[ ]`` is a choice; ``(x)`` or ``[x]`` is one that is right. So the key stands
in the one text that is appraised and approved, and whoever shows that text to learners takes the key out first.
"""

from __future__ import annotations

import re

CHOICE = re.compile(r"(?:\((?P<one>[\sxX]?)\)|\[(?P<many>[\sxX]?)\](?!\())\s*")
"""What a choice begins with, in the text of a list item: round where one is right, square where several may be."""
_ITEM = r"^(?P<item>[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+)"
_EMPTY = re.compile(_ITEM + r"(?:\(\s?\)|\[\s?\](?!\())", re.MULTILINE)
_RIGHT = re.compile(_ITEM + r"(?:(?P<round>\()[xX]\)|\[[xX]\](?!\())", re.MULTILINE)


def has_choices(text: str) -> bool:
    """Whether a Markdown text offers choices. Where every item is ticked there is none: that is an ordinary list."""
    return _EMPTY.search(text) is not None


def without_key(text: str) -> str:
    """A Markdown text as learners may see it: what is right looks like every other choice."""
    if not has_choices(text):
        return text
    return _RIGHT.sub(lambda found: found["item"] + ("( )" if found["round"] else "[ ]"), text)
