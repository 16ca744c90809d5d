"""Pages of existing PDFs as form objects of the file that is being drawn, each carried over once however often it is
printed. Only contents and resources come over: no annotations, actions, scripts, forms or attachments.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from pypdf import PdfReader
from pypdf._page import PageObject
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream
from reportlab.pdfgen.canvas import Canvas

from delivery.errors import N_, BadInput
from delivery.postal.outgoing.layers import hidden_in_print, name_layer
from delivery.postal.outgoing.pagestream import PT_PER_MM, Raw
from delivery.postal.page import Inset


class _Shared(PDFDictionary):
    """A dictionary that is written once and referred to."""

    __RefOnly__ = 1


class ForeignPages:
    """The pages of one PDF within one canvas."""

    def __init__(self, canvas: Canvas, data: bytes, name: str) -> None:
        self._canvas = canvas
        self._document: Any = canvas._doc  # type: ignore[attr-defined]
        self._name = name
        self._reader = PdfReader(io.BytesIO(data))
        self._references: dict[tuple[int, int], Any] = {}
        self._hidden = hidden_in_print(self._reader)

    def draw(self, inset: Inset, page_height: float) -> None:
        """Draw a page where `inset` says; `page_height` of the printed page in millimetres."""
        name = self.carry(inset.page)
        source = self._reader.pages[inset.page]
        canvas = self._canvas
        canvas.saveState()
        clip = canvas.beginPath()
        x, y = inset.x * PT_PER_MM, (page_height - inset.y - inset.height * inset.scale) * PT_PER_MM
        width, height = inset.width * inset.scale * PT_PER_MM, inset.height * inset.scale * PT_PER_MM
        clip.rect(x, y, width, height)
        canvas.clipPath(clip, stroke=0, fill=0)
        canvas.transform(*_matrix(source, inset, x, y + height))
        canvas.doForm(name)
        canvas.restoreState()

    def carry(self, number: int) -> str:
        """Name of the form object that page `number` (from 0) is; made when first asked for. Raises BadInput."""
        name = f"{self._name}p{number}"
        if not self._document.hasForm(name):
            try:
                self._carry_over(self._reader.pages[number], name)
            except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise BadInput(
                    N_("Page {page} of a printed PDF cannot be carried over: {reason}"),
                    do=N_("Open it, save it as a new PDF and import it again."),
                    page=number + 1,
                    reason=str(error),
                ) from error
        return name

    def _carry_over(self, page: PageObject, name: str) -> None:
        contents = page.get_contents()
        box = _box(page)
        dictionary = PDFDictionary(
            {
                "Type": PDFName("XObject"),
                "Subtype": PDFName("Form"),
                "FormType": 1,
                "BBox": PDFArray([round(value, 4) for value in box]),
                "Resources": self._value(page.get("/Resources", DictionaryObject())),
            }
        )
        if "/Group" in page:
            # Whatever is transparent on the page is blended as its own group says.
            dictionary["Group"] = self._value(page.raw_get("/Group"))
        stream = PDFStream(dictionary, contents.get_data() if contents is not None else b" ")
        self._document.addForm(name, stream)

    def _value(self, value: Any) -> Any:
        if isinstance(value, IndirectObject):
            return self._reference(value)
        if isinstance(value, StreamObject):
            return self._document.Reference(self._stream(value))
        if isinstance(value, DictionaryObject):
            return PDFDictionary(
                {key[1:]: self._value(value.raw_get(key)) for key in value if key != "/Parent"}
            )
        if isinstance(value, ArrayObject):
            return PDFArray([self._value(item) for item in list.__iter__(value)])
        return Raw(_scalar(value))

    def _reference(self, value: IndirectObject) -> Any:
        key = (value.idnum, value.generation)
        if key in self._references:
            return self._references[key]
        found = value.get_object()
        if isinstance(found, StreamObject):
            # Registered before it is walked through, because resources may refer to themselves.
            stream = PDFStream(PDFDictionary(), b"")
            reference = self._references[key] = self._document.Reference(stream)
            whole = self._stream(found)
            stream.dictionary, stream.content, stream.filters = whole.dictionary, whole.content, []
            return reference
        if isinstance(found, DictionaryObject):
            if found.get("/Type") == "/Page":
                return Raw(b"null")
            holder = _Shared({})
            reference = self._references[key] = self._document.Reference(holder)
            holder.dict.update(self._value(found).dict)
            if found.get("/Type") == "/OCG":
                name_layer(self._document, reference, hidden=value.idnum in self._hidden)
            return reference
        converted = self._references[key] = self._value(found)
        return converted

    def _stream(self, value: StreamObject) -> PDFStream:
        entries = {
            name[1:]: self._value(value.raw_get(name)) for name in value if name not in ("/Length", "/Parent")
        }
        # As it lies in the source, still encoded.
        data: bytes = value._data
        return PDFStream(PDFDictionary(entries), data, [])


def require_carried(data: bytes, numbers: Iterable[int], material: str) -> None:
    """Raise BadInput naming `material` and a page of it that cannot be carried over, before anything is planned."""
    scratch = ForeignPages(Canvas(io.BytesIO()), data, "try")
    for number in numbers:
        try:
            scratch.carry(number)
        except BadInput as error:
            raise BadInput(
                N_("Page {page} of the PDF of material {material} cannot be carried over: {reason}"),
                do=N_("Open it, save it as a new PDF and import it again."),
                page=number + 1,
                material=material,
                reason=error.what.params["reason"],
            ) from error


def _scalar(value: Any) -> bytes:
    if isinstance(value, NullObject) or value is None:
        return b"null"
    if isinstance(value, BooleanObject):
        return b"true" if value.value else b"false"
    if isinstance(value, NameObject):
        out = io.BytesIO()
        value.write_to_stream(out)
        return out.getvalue()
    if isinstance(value, NumberObject | FloatObject):
        return str(value).encode() if isinstance(value, NumberObject) else f"{float(value):.6f}".encode()
    if isinstance(value, TextStringObject | ByteStringObject):
        return b"<" + value.original_bytes.hex().encode() + b">"
    raise ValueError(f"a value of kind {type(value).__name__}")


def _box(page: PageObject) -> tuple[float, float, float, float]:
    """What of the page is shown: the crop box within the media box, in points."""
    crop, media = page.cropbox, page.mediabox
    return (
        max(float(crop.left), float(media.left)),
        max(float(crop.bottom), float(media.bottom)),
        min(float(crop.right), float(media.right)),
        min(float(crop.top), float(media.top)),
    )


def _matrix(page: PageObject, inset: Inset, x: float, top: float) -> tuple[float, ...]:
    """From the source page's own space to the printed page: upright, the inset's corner at (x, top), scaled."""
    left, bottom, right, upper = _box(page)
    width, height = right - left, upper - bottom
    match page.rotation % 360:
        case 90:
            a, b, c, d, e, f = 0.0, -1.0, 1.0, 0.0, -bottom, width + left
            height = width
        case 180:
            a, b, c, d, e, f = -1.0, 0.0, 0.0, -1.0, width + left, height + bottom
        case 270:
            a, b, c, d, e, f = 0.0, 1.0, -1.0, 0.0, height + bottom, -left
            height = width
        case _:
            a, b, c, d, e, f = 1.0, 0.0, 0.0, 1.0, -left, -bottom
    s = inset.scale
    dx = x - inset.left * PT_PER_MM * s
    dy = top - (height - inset.top * PT_PER_MM) * s
    return (a * s, b * s, c * s, d * s, e * s + dx, f * s + dy)
