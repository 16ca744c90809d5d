"""Station pictures drawn with Pillow, 1280x720: the slate between programmes, and the card with an attendance code."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

import fontpkg_be_vietnam_pro
import qrcode
from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 1280
HEIGHT: Final = 720
MARGIN: Final = 64
"""Title-safe area: 5 % of each side (EBU R 95)."""
INK: Final = (244, 246, 250)
SOFT: Final = (176, 190, 214)
NIGHT: Final = (16, 32, 63)
ACCENT: Final = (245, 166, 35)
QR_PX: Final = 420
"""Side of the code. 130 px is the least that is still read after scaling to 360p; a room away needs more."""

Weight = Literal["Regular", "Medium", "SemiBold", "Bold"]
Colour = tuple[int, int, int]


@cache
def typeface(weight: Weight, size: int) -> ImageFont.FreeTypeFont:
    """Be Vietnam Pro at `size` pixels."""
    return ImageFont.truetype(str(fontpkg_be_vietnam_pro.ROOT / "files" / f"BeVietnamPro-{weight}.ttf"), size)


def canvas(background: Colour = NIGHT) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty picture of one colour."""
    image = Image.new("RGB", (WIDTH, HEIGHT), background)
    return image, ImageDraw.Draw(image)


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """`text` in lines no wider than `width` pixels, broken at spaces."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and face.getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def draw_block(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    at: tuple[int, int],
    width: int,
    face: ImageFont.FreeTypeFont,
    fill: Colour = INK,
    leading: float = 1.35,
) -> int:
    """Write wrapped text from its top left corner; the y below its last line."""
    x, y = at
    step = round(face.size * leading)
    for line in wrapped(text, face, width):
        draw.text((x, y), line, font=face, fill=fill)
        y += step
    return y


def draw_slate(title: str, line: str) -> Image.Image:
    """Between programmes: the channel's name, and what is to be expected."""
    image, draw = canvas()
    draw.rectangle((0, HEIGHT // 2 + 52, WIDTH, HEIGHT // 2 + 56), fill=ACCENT)
    face = fitting(title, "Bold", 84, WIDTH - 2 * MARGIN)
    draw.text((WIDTH // 2, HEIGHT // 2 - 30), title, font=face, fill=INK, anchor="mm")
    face = fitting(line, "Regular", 36, WIDTH - 2 * MARGIN)
    draw.text((WIDTH // 2, HEIGHT // 2 + 120), line, font=face, fill=SOFT, anchor="mm")
    return image


def draw_card(heading: str, code: str, line: str, *, link: str) -> Image.Image:
    """The attendance code: large, and as a QR code that carries `link`."""
    image, draw = canvas()
    draw.rectangle((0, 0, 16, HEIGHT), fill=ACCENT)
    symbol = draw_qr(link, QR_PX)
    plate = symbol.width + 32
    left, top = WIDTH - MARGIN - plate, (HEIGHT - plate) // 2
    draw.rounded_rectangle((left, top, left + plate, top + plate), radius=16, fill=(255, 255, 255))
    image.paste(symbol, (left + 16, top + 16))
    room = left - 2 * MARGIN
    y = draw_block(draw, heading, at=(MARGIN, 150), width=room, face=typeface("SemiBold", 44))
    draw.text((MARGIN, y + 30), code, font=fitting(code, "Bold", 150, room), fill=ACCENT)
    draw_block(draw, line, at=(MARGIN, 520), width=room, face=typeface("Regular", 30), fill=SOFT)
    return image


def draw_qr(text: str, side: int) -> Image.Image:
    """A QR code of about `side` pixels with its quiet zone, every module a whole number of pixels."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=1, border=4)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    modules = Image.new("1", (len(matrix), len(matrix)))
    modules.putdata([0 if dark else 1 for row in matrix for dark in row])
    scale = max(1, side // len(matrix))
    return modules.resize((len(matrix) * scale, len(matrix) * scale), Image.Resampling.NEAREST).convert("RGB")


def fitting(text: str, weight: Weight, size: int, width: int) -> ImageFont.FreeTypeFont:
    """The largest face up to `size` in which `text` fits on one line of `width` pixels."""
    while size > 16 and typeface(weight, size).getlength(text) > width:
        size -= 2
    return typeface(weight, size)
