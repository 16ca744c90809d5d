"""A PDF with layers (optional content): some on, some off, some for the screen or the paper only."""

from __future__ import annotations

import io

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject, TextStringObject

LAYERS = {
    "shown": {},
    "off": {"/OFF": True},
    "screen only": {"/PrintState": "/OFF"},
    "paper only": {"/OFF": True, "/PrintState": "/ON"},
}


def layered_page() -> bytes:
    """A page with a black square on each layer, one above the other."""
    writer = PdfWriter()
    page = writer.add_blank_page(595, 842)
    names, content = DictionaryObject(), ""
    every, off, printing = ArrayObject(), ArrayObject(), ArrayObject()
    for number, (name, how) in enumerate(LAYERS.items()):
        layer = DictionaryObject(
            {NameObject("/Type"): NameObject("/OCG"), NameObject("/Name"): TextStringObject(name)}
        )
        reference = writer._add_object(layer)
        if "/PrintState" in how:
            state = DictionaryObject({NameObject("/PrintState"): NameObject(str(how["/PrintState"]))})
            layer[NameObject("/Usage")] = DictionaryObject({NameObject("/Print"): state})
            printing.append(reference)
        every.append(reference)
        if "/OFF" in how:
            off.append(reference)
        names[NameObject(f"/L{number}")] = reference
        content += f"/OC /L{number} BDC 200 {600 - 150 * number} 100 100 re f EMC "
    stream = StreamObject()
    stream.set_data(b"100 100 10 700 re f " + content.encode())
    page[NameObject("/Contents")] = writer._add_object(stream)
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Properties"): names})
    rule = {
        "/Event": NameObject("/Print"),
        "/Category": ArrayObject([NameObject("/Print")]),
        "/OCGs": printing,
    }
    default = DictionaryObject({NameObject("/OFF"): off})
    default[NameObject("/AS")] = ArrayObject([DictionaryObject({NameObject(k): v for k, v in rule.items()})])
    writer._root_object[NameObject("/OCProperties")] = DictionaryObject(
        {NameObject("/OCGs"): every, NameObject("/D"): default}
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
