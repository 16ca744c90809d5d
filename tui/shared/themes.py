"""Colours. Blue and orange instead of red and green, after Okabe and Ito: told apart with any common colour blindness.

Every pair of text and ground that is used has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3); tests compute it.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="tuxa-dark",
    primary="#56B4E9",
    secondary="#8FC7EF",
    accent="#D6A8D3",
    success="#4DC9A0",
    warning="#F0B429",
    error="#FF8A5C",
    foreground="#E4E8EE",
    background="#10151C",
    surface="#171E28",
    panel="#212B38",
    dark=True,
)
LIGHT: Final = Theme(
    name="tuxa-light",
    primary="#00558C",
    secondary="#005F99",
    accent="#8A3F86",
    success="#00686B",
    warning="#7A4E00",
    error="#A83400",
    foreground="#16202B",
    background="#FBFAF7",
    surface="#F1EFE9",
    panel="#E3E0D8",
    dark=False,
)
CONTRAST: Final = Theme(
    name="tuxa-contrast",
    primary="#7CC8FF",
    secondary="#7CC8FF",
    accent="#FFB3F6",
    success="#66F0C0",
    warning="#FFD24A",
    error="#FFA27A",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#1C1C1C",
    dark=True,
)
THEMES: Final = (DARK, LIGHT, CONTRAST)
