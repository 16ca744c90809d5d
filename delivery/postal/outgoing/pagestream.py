"""Pages of a PDF as bytes that are made once, within a document that ReportLab keeps.

ReportLab makes each page of a dozen objects and formats them one by one when the file is saved. Where ten thousand
pages differ by three codes and a line, that costs more than drawing them. Fonts, forms and the file's structure stay
the library's.
"""

from __future__ import annotations

import zlib
from typing import Any

from reportlab.pdfbase.pdfdoc import BasicFonts, PDFObject, xObjectName

PT_PER_MM = 72 / 25.4
_LEVEL = 4
"""Of compression, 1 to 9: codes are noise to it, so that a higher one takes longer and saves next to nothing."""


class Raw(PDFObject):
    """A value that is written as it stands."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def format(self, _document: Any) -> bytes:
        return self.text


class _Shared(Raw):
    """An object of the file, referred to by its number."""

    __RefOnly__ = 1


class PageStream:
    """Adds pages to a document of ReportLab's."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._parent = self._reference(document.Pages)
        self._resources: dict[str, bytes] = {}

    def add(self, content: str, *, form: str, width_pt: float, height_pt: float) -> None:
        """A page that shows the form object `form` and on top of it `content`, operators in ASCII."""
        data = zlib.compress(f"/{xObjectName(form)} Do\n{content}".encode("ascii"), _LEVEL)
        stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream\n" % (len(data), data)
        page = b"<< /Type /Page /Parent %b /MediaBox [ 0 0 %.4f %.4f ] /Resources %b /Contents %b >>" % (
            self._parent,
            width_pt,
            height_pt,
            self._resources.get(form) or self._resources_of(form),
            self._reference(_Shared(stream)),
        )
        self._document.addPage(_Shared(page))

    def _resources_of(self, form: str) -> bytes:
        """Pages that show the same form share one dictionary."""
        name = xObjectName(form)
        dictionary = (
            b"<< /Font %b /ProcSet [ /PDF /Text /ImageB /ImageC /ImageI ] /XObject << /%b %b >> >>"
            % (
                self._named(BasicFonts),
                name.encode("ascii"),
                self._named(name),
            )
        )
        self._resources[form] = self._reference(_Shared(dictionary))
        return self._resources[form]

    def _reference(self, thing: PDFObject) -> bytes:
        reference: bytes = self._document.Reference(thing).format(self._document)
        return reference

    def _named(self, name: str) -> bytes:
        return b"%d %d R" % self._document.idToObjectNumberAndVersion[name]
