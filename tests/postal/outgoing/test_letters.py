"""Letters and signs: whatever a typeface here has is drawn, and what none has is told before anything is printed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from delivery.app import App
from delivery.catalogue.kinds import DeliveryMode
from delivery.errors import BadInput
from delivery.postal.fonts import fonts_of, measure, undrawable
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import print_batch
from delivery.postal.page import Face
from tests.support.postal_home import COURSE, approve, enrol, make_home

MATHS = "σ² = ∑(x − μ)²/n ≤ √n, n → ∞"
MINORITY = "Y Kbuôr Mlô Dŭ H’Nĭ ƀăn"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=1)
    yield app
    app.close()


def _change(app: App, material: str, text: str) -> None:
    content = app.blobs.put(text.encode())
    app.catalogue_store.set_content(material, content=content, file="x.md")
    approve(app, material, content)


def _text(file: Path) -> str:
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def test_mathematics_and_names_in_other_languages_of_the_country_are_printed(app: App) -> None:
    _change(app, "NLTK-BT1", f"# Bài\n\n## Câu 1 (3 điểm)\n\nBiết {MATHS}, tính.\n")
    _change(app, "NLTK-GT", f"# Giáo trình\n\n## Bài 1\n\nTa có {MATHS}.\n")
    enrol(app, 5, name=MINORITY, address="Buôn Ƀuôr")
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").unreachable == ()
    text = _text(print_batch(app, "B1", actor="clerk").files[0])
    assert text.count(f"Biết {MATHS}, tính.") == 2
    assert text.count(f"Ta có {MATHS}.") == 2
    assert f"{MINORITY} · TX260006" in text
    assert "Buôn Ƀuôr" in text


def test_a_letter_and_the_marks_on_it_are_of_one_font_and_no_width_is_lost() -> None:
    text = unicodedata.normalize("NFC", "Mlô H’Nĭ x\u0304 σ\u0302 √2")
    parts = fonts_of(text, Face.SANS)
    assert "".join(part for _, part in parts) == text
    assert not any(unicodedata.combining(part[0]) for _, part in parts)
    assert measure(text, Face.SANS, 10) == pytest.approx(
        sum(measure(part, Face.SANS, 10) for _, part in parts)
    )


@pytest.mark.parametrize("signs", ["😀", "論語", "שלום", "x\u0304", "q\u0303"])
def test_material_with_signs_that_no_typeface_has_is_named_with_them(app: App, signs: str) -> None:
    _change(app, "NLTK-BT1", f"# Bài\n\n## Câu 1\n\nDịch: {signs}\n")
    with pytest.raises(BadInput, match="NLTK-BT1") as caught:
        plan_batch(app, "B1", course=COURSE, actor="clerk")
    assert undrawable(signs)[0] in str(caught.value)


def test_a_title_with_signs_that_no_typeface_has_is_named(app: App) -> None:
    catalogue = app.catalogue()
    titled = replace(catalogue.materials["NLTK-GT"], title="Luận ngữ 論語")
    with app.database.write() as connection:
        app.catalogue_store.save_in(
            connection, replace(catalogue, materials={**catalogue.materials, "NLTK-GT": titled})
        )
    with pytest.raises(BadInput, match="Luận ngữ 論語"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")


@pytest.mark.parametrize("name", ["Y Q\u0303uang", "Đinh M\u0304ai", "A\u0323\u0331n Nguyễn"])
def test_a_name_with_a_mark_that_cannot_be_set_in_its_place_is_told_and_not_printed_without_it(
    app: App, name: str
) -> None:
    learner = enrol(app, 5, name=name)
    ((who, why),) = plan_batch(app, "B1", course=COURSE, actor="clerk").unreachable
    assert who == learner
    assert any(unicodedata.combining(c) for c in str(why.params["letters"]))


def test_decomposed_vietnamese_is_no_such_name(app: App) -> None:
    enrol(app, 5, name=unicodedata.normalize("NFD", "Nguyễn Thị Ánh Tuyết Ữ Ặ"))
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").unreachable == ()


def test_a_title_of_the_learners_week_shows_where_a_sign_is_not_set_and_the_plan_names_it(app: App) -> None:
    catalogue = app.catalogue()
    assert plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True).unset == ()
    title = "Tính x\u0304 và 平均 👍"
    first = catalogue.activities["NLTK102-A1"]
    other = replace(first, code="NLTK102-A2", title=title, mode=DeliveryMode.NETWORK, material="")
    with app.database.write() as connection:
        app.catalogue_store.save_in(
            connection, replace(catalogue, activities={**catalogue.activities, other.code: other})
        )
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").unset == ((title, "x\u0304 平 均"),)
    assert "Tính □ và □□" in _text(print_batch(app, "B1", actor="clerk").files[0])
