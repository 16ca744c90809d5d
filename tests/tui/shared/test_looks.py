"""Colours that everybody can tell apart, curves and pictures in characters, and finding Vietnamese text."""

from __future__ import annotations

import unicodedata
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from textual.color import Color
from textual.theme import Theme

from tui.shared.picture import half_blocks, read_image
from tui.shared.plot import level, meter, stretched, waveform
from tui.shared.search import composed, matches, plain
from tui.shared.themes import THEMES

# Machado, Oliveira, Fernandes (2009): what people without red, green or blue cones see, on linear RGB.
BLIND = {
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def linear(colour: Color) -> tuple[float, float, float]:
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour.normalized)
    return r, g, b


def luminance(colour: Color) -> float:
    r, g, b = linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.2, relative luminance."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_colour_of_text_stands_out_from_every_ground(theme: Theme) -> None:
    for text in (theme.primary, theme.success, theme.warning, theme.error, theme.accent, theme.foreground):
        for ground in (theme.background, theme.surface, theme.panel):
            assert text
            assert ground
            assert contrast(Color.parse(text), Color.parse(ground)) >= 4.5, (text, ground)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("blindness", BLIND)
def test_well_and_alarm_are_told_apart_without_one_kind_of_cone(theme: Theme, blindness: str) -> None:
    def seen(colour: str) -> list[float]:
        rgb = linear(Color.parse(colour))
        return [sum(k * v for k, v in zip(row, rgb, strict=True)) for row in BLIND[blindness]]

    assert theme.success
    assert theme.error
    for one, other in combinations((theme.success, theme.error), 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert distance > 0.1, (one, other, distance)


@given(st.lists(st.floats(-120, 0), min_size=1, max_size=300), st.integers(1, 120), st.integers(1, 8))
def test_curves_fill_their_box_exactly(values: list[float], width: int, height: int) -> None:
    for rows in (
        waveform(values, width, height, "red"),
        level(values, width, height, low=-50, high=0, target=-23, colour="red"),
    ):
        assert len(rows) == height
        assert all(row.cell_length <= max(width, 2) for row in rows)
    assert len(stretched(values, width)) == width
    assert meter(values[0], width, low=-41, high=-5, target=-23, colour="red").cell_length == width


def test_a_louder_passage_is_drawn_higher() -> None:
    quiet, loud = ([value] * 40 for value in (-40.0, -1.0))
    drawn = ["".join(row.plain for row in waveform(part, 10, 4, "red")) for part in (quiet, loud)]
    dots = [sum((ord(c) - 0x2800).bit_count() for c in text if ord(c) >= 0x2800) for text in drawn]
    assert dots[1] > 3 * dots[0]


def test_a_picture_keeps_its_shape_and_its_colours() -> None:
    image = Image.new("RGB", (64, 32), (255, 0, 0))
    strips = half_blocks(image, 40, 20)
    assert (strips[0].cell_length, len(strips)) == (40, 10)
    segment = next(iter(strips[0]))
    assert segment.style is not None
    assert segment.style.color is not None
    assert segment.style.color.triplet == (255, 0, 0)
    assert read_image(b"no picture") is None


@given(st.text("đĐạảêếơưừũịaeEd ", max_size=12))
def test_both_forms_of_a_text_are_the_same_and_marks_may_be_left_out(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    assert composed(apart) == composed(text)
    assert matches(apart, text)
    assert matches(plain(text), text)


def test_a_mark_that_was_typed_must_fit() -> None:
    assert matches("dao ham", "Đạo hàm")
    assert not matches("đảo", "Đạo hàm")
