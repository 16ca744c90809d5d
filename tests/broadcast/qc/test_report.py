"""The report: a document that comes back unchanged, and a page that stands alone."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from delivery.broadcast.media.profiles import load_profile
from delivery.broadcast.qc.measured import Curves, Thumbnails
from delivery.broadcast.qc.page import html
from delivery.broadcast.qc.plots import at, tick_step
from delivery.broadcast.qc.report import Report, report_on
from delivery.broadcast.qc.spans import Span
from delivery.errors import BadInput, Message
from delivery.i18n import Translator
from tests.broadcast.qc.test_verdict import PROBE, with_spans

CURVES = Curves(1.0, (-6.0,) * 600, (-20.0,) * 600, (-120.7,) * 3 + (-24.0,) * 597)
PIXEL = base64.b64encode(b"not a picture").decode()


def report(file: str = "Bài 1 – thanh điệu.mp4") -> Report:
    measured = with_spans(
        Span("black", 120, 126),
        Span("damage", 300, 320, "<b>Invalid</b> data"),
        damaged_s=20.0,
        curves=CURVES,
        thumbnails=Thumbnails(60.0, 10, 192, 108, PIXEL),
    )
    return report_on(
        file,
        "ab" * 32,
        profile=load_profile("radio-aac"),
        probe=PROBE,
        analysis=measured,
        fixes=[Message("x")],
    )


def test_it_passes_through_json_unchanged() -> None:
    document = json.loads(json.dumps(report().to_json()))
    again = Report.from_json(document).to_json()
    assert json.loads(json.dumps(again)) == document
    assert document["verdict"] == "refused"


def test_a_refusal_without_measures_is_a_report_too() -> None:
    error = BadInput("{file} is empty.", do="Copy it again.", file="a.mp4")
    made = report_on("a.mp4", "", profile=load_profile("radio-aac"), error=error)
    assert made.verdict == "refused"
    assert [str(problem) for problem in made.problems] == ["a.mp4 is empty."]
    assert "a.mp4" in html(Report.from_json(made.to_json()), Translator("vi"))


class _Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize(("language", "verdict"), [("vi", "Bị từ chối"), ("en", "Refused")])
def test_the_page_needs_nothing_else_and_speaks_the_persons_language(language: str, verdict: str) -> None:
    page = html(report(), Translator("en" if language == "en" else "vi"))
    tags = _Tags()
    tags.feed(page)
    assert ("html", {"lang": language}) in tags.seen
    assert not {"script", "link", "iframe"} & {tag for tag, _ in tags.seen}
    loaded = [v for _, attrs in tags.seen for k, v in attrs.items() if k in ("src", "href") and v]
    assert all(value.startswith(("data:", "#")) for value in loaded)
    assert "url(" not in page
    assert verdict in page
    assert "00:05:00 – 00:05:20" in page


def test_hostile_names_and_words_stay_text() -> None:
    page = html(report("<script>alert(1)</script>.mp4"), Translator("en"))
    assert "<script" not in page
    assert "<b>Invalid" not in page


def test_everything_lies_on_one_axis() -> None:
    page = html(report(), Translator("en"))
    found = re.search(r"<svg class=\"timeline\".*</svg>", page, re.DOTALL)
    assert found
    drawing = ElementTree.fromstring(found[0])
    name = "{http://www.w3.org/2000/svg}"
    black = next(r for r in drawing.iter(f"{name}rect") if "black" in r.attrib["class"])
    grid = next(t for t in drawing.iter(f"{name}text") if t.text == "00:02:00")
    assert float(black.attrib["x"]) == float(grid.attrib["x"]) == at(120, 600)
    assert len(list(drawing.iter(f"{name}use"))) == 10


@pytest.mark.parametrize("seconds", [0.5, 3, 59, 600, 2700, 6 * 3600])
def test_the_axis_has_a_few_round_marks(seconds: float) -> None:
    assert seconds / tick_step(seconds) <= 9


def test_curves_without_values_draw_nothing() -> None:
    bare = report()
    assert bare.analysis is not None
    empty = replace(
        bare, analysis=replace(bare.analysis, curves=Curves(1.0, (), (), ()), thumbnails=None, spans=())
    )
    assert "<svg" in html(empty, Translator("en"))
