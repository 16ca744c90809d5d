"""Pages of a batch for the clerk's console: a specimen first, then what was drawn."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from delivery.app import App
from delivery.app.consoles.preview import MOST_BYTES, SPECIMEN, Preview, small_jpeg
from delivery.errors import NotFound, Refused
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import print_batch
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import read_code
from tests.support.postal_home import COURSE, make_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path / "home", learners=2)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    yield app
    app.close()


def picture(told: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(b64decode(told["jpeg"])))


def codes(told: dict[str, Any]) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture(told))]


def test_a_specimen_is_shown_before_anything_is_drawn_and_its_codes_name_no_sheet(home: App) -> None:
    before = list(home.facts.select())
    preview = Preview(home)
    told = preview.page({"batch": "B1"})
    assert (told["file"], told["files"], told["path"], told["page"]) == (SPECIMEN, [SPECIMEN], "", 1)
    assert told["pages"] >= 4
    found = [
        code
        for page in range(1, told["pages"] + 1)
        for code in codes(preview.page({"batch": "B1", "page": page}))
    ]
    assert found, "every page bears its codes, as it will"
    assert all(read_code(code, home.keys.codes) is None for code in found)
    assert list(home.facts.select()) == before
    assert not (home.settings.home / "print").exists()


def test_what_was_drawn_is_shown_page_by_page_with_its_real_codes(home: App) -> None:
    printed = print_batch(home, "B1", actor="clerk")
    preview = Preview(home)
    told = preview.page({"batch": "B1"})
    assert told["files"] == [SPECIMEN, printed.files[0].stem]
    assert (told["path"], told["pages"]) == (str(printed.files[0]), printed.pages)
    last = preview.page({"batch": "B1", "file": told["file"], "page": 10_000})
    assert last["page"] == printed.pages
    assert any(read_code(code, home.keys.codes) for code in codes(told))


def test_what_is_not_there_or_no_pdf_any_more_is_named(home: App) -> None:
    preview = Preview(home)
    for params in ({"batch": "B9"}, {"batch": ""}, {"batch": "../B1"}, {"batch": "B1", "file": "../../tuxa"}):
        with pytest.raises(NotFound):
            preview.page(params)
    (file,) = print_batch(home, "B1", actor="clerk").files
    file.write_bytes(b"no PDF")
    with pytest.raises(Refused, match="B1"):
        preview.page({"batch": "B1"})
    file.unlink()
    assert preview.page({"batch": "B1"})["file"] == SPECIMEN
    assert len(list(home.facts.select(kind=FactKind.PACKET_PRINTED))) == 2


def test_any_picture_fits_into_a_message_of_the_bus() -> None:
    noise = Image.effect_noise((2000, 2600), 255)
    assert len(small_jpeg(noise)) <= MOST_BYTES
