"""XMLTV: the programme guide that receivers, aggregators and newspapers read (xmltv.dtd). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from delivery.broadcast.schedule.programme import Programme
from delivery.clock import VIETNAM, from_micros
from delivery.store.air import Channel

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def to_xmltv(channels: Iterable[Channel], programmes: Iterable[Programme], *, institution: str) -> str:
    """A whole document; times are Vietnamese, with their offset."""
    root = ET.Element(
        "tv", {"generator-info-name": "tuxa", "source-info-name": _plain(institution) or "tuxa"}
    )
    for channel in channels:
        element = ET.SubElement(root, "channel", {"id": ident(channel.code)})
        _text(element, "display-name", channel.name)
    for one in programmes:
        element = ET.SubElement(
            root,
            "programme",
            {"start": _time(one.start_us), "stop": _time(one.end_us), "channel": ident(one.channel)},
        )
        _text(element, "title", one.title)
        if one.course_name:
            _text(element, "sub-title", one.course_name)
        _text(element, "category", "Giáo dục")
        if one.unit:
            # xmltv_ns counts from 0: series.episode.part
            number = ET.SubElement(element, "episode-num", {"system": "xmltv_ns"})
            number.text = f".{one.unit - 1}."
        if one.rerun:
            ET.SubElement(element, "previously-shown")
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n{body}\n'


def ident(code: str) -> str:
    """A channel's id, which the format wants to look like a domain name."""
    return re.sub(r"[^A-Za-z0-9-]", "-", code).strip("-").lower() + ".tuxa"


def _text(parent: ET.Element, name: str, value: str) -> None:
    child = ET.SubElement(parent, name, {"lang": "vi"})
    child.text = _plain(value) or "-"


def _plain(text: str) -> str:
    return _NOT_XML.sub("", text).strip()


def _time(micros: int) -> str:
    return from_micros(micros).astimezone(VIETNAM).strftime("%Y%m%d%H%M%S %z")
