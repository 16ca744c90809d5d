"""Layers of existing PDFs (optional content, ISO 32000-1, 8.11), shown in the printed file as they print by themselves.

A layer that the source hides on paper is off in the printed file, whose readers are told of no way to switch it on.
"""

from __future__ import annotations

from typing import Any

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject
from reportlab.pdfbase.pdfdoc import PDFArray, PDFCatalog, PDFDictionary, PDFName

_ENTRY = "OCProperties"


class LayeredCatalog(PDFCatalog):
    """A file's catalogue that can name layers."""

    __NoDefault__ = (*PDFCatalog.__NoDefault__, _ENTRY)  # type: ignore[assignment]


def hidden_in_print(reader: PdfReader) -> frozenset[int]:
    """Object numbers of the layers that are not printed: by the default configuration (8.11.4.3), and by what it says
    to do when printing (usage dictionaries, 8.11.4.5)."""
    properties = _dictionary(_dictionary(reader.trailer.get("/Root")).get("/OCProperties"))
    default = _dictionary(properties.get("/D"))
    off = set(_numbers(properties.get("/OCGs"))) if default.get("/BaseState") == "/OFF" else set()
    off -= set(_numbers(default.get("/ON")))
    off |= set(_numbers(default.get("/OFF")))
    for rule in _list(default.get("/AS")):
        rule = _dictionary(rule)
        if rule.get("/Event") != "/Print":
            continue
        for layer in _list(rule.get("/OCGs")):
            usage = _dictionary(_dictionary(layer).get("/Usage"))
            state = _dictionary(usage.get("/Print")).get("/PrintState")
            if isinstance(layer, IndirectObject) and state in ("/ON", "/OFF"):
                (off.add if state == "/OFF" else off.discard)(layer.idnum)
    return frozenset(off)


def name_layer(document: Any, reference: Any, *, hidden: bool) -> None:
    """Name a layer that was carried over in the catalogue of the file that is drawn."""
    catalogue = document.Catalog
    if getattr(catalogue, _ENTRY, None) is None:
        catalogue.__class__ = LayeredCatalog
        default = PDFDictionary({"BaseState": PDFName("ON"), "OFF": PDFArray([]), "Order": PDFArray([])})
        setattr(catalogue, _ENTRY, PDFDictionary({"OCGs": PDFArray([]), "D": default}))
    properties = getattr(catalogue, _ENTRY).dict
    properties["OCGs"].sequence.append(reference)
    if hidden:
        properties["D"].dict["OFF"].sequence.append(reference)


def _dictionary(value: Any) -> DictionaryObject:
    found = value.get_object() if value is not None else None
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _list(value: Any) -> list[Any]:
    """Items as they stand, references among them."""
    found = value.get_object() if value is not None else None
    return list(list.__iter__(found)) if isinstance(found, list) else []


def _numbers(value: Any) -> list[int]:
    return [item.idnum for item in _list(value) if isinstance(item, IndirectObject)]
