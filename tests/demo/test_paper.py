"""Paper made by hand: what is drawn, scanned and photographed is read again, and repeats for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from delivery.demo.paper import SheetOnPaper, fill_in, phone_photo, render, returned_mail
from delivery.postal.incoming.scan import read_page_image
from delivery.postal.incoming.scanfile import count_pages, read_pages
from delivery.record.sheetcode import PageRef, read_code
from tests.support.postal_home import PrintedHome, print_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintedHome]:
    home = print_home(tmp_path_factory.mktemp("paper"), learners=2)
    yield home
    home.app.close()


def _pages(home: PrintedHome, texts: tuple[str, ...]) -> set[str]:
    found = [read_code(text, home.app.keys.codes) for text in texts]
    return {ref.page_id for ref in found if isinstance(ref, PageRef)}


def test_answers_are_written_on_the_lines_and_nowhere_else(home: PrintedHome) -> None:
    file, index, _ = home.sheets()[0]
    clean = render(SheetOnPaper(file, index), dpi=150)
    filled = fill_in(clean, seed=3)
    changed = np.any(np.asarray(clean) != np.asarray(filled), axis=2)
    assert changed.mean() > 0.005
    height = changed.shape[0]
    assert not changed[: int(height * 0.16)].any(), "the header with its code stays clean"
    assert not changed[int(height * 0.87) :].any(), "the side codes and the footer stay clean"
    assert np.array_equal(np.asarray(filled), np.asarray(fill_in(clean, seed=3)))


def test_a_photograph_of_a_filled_in_sheet_tells_which_page_it_is(home: PrintedHome) -> None:
    for number, (file, index, page_id) in enumerate(home.sheets()[:2]):
        photo = phone_photo(SheetOnPaper(file, index), seed=number)
        assert photo.startswith(b"\xff\xd8")
        assert _pages(home, read_page_image(photo, "image/jpeg").texts) == {page_id}


def test_the_mailbag_holds_every_sheet_one_upside_down_and_a_blank_back(
    home: PrintedHome, tmp_path: Path
) -> None:
    sheets = home.sheets()
    path = returned_mail(
        [SheetOnPaper(file, index) for file, index, _ in sheets], tmp_path / "mail.pdf", seed=2
    )
    assert count_pages(path) == 5
    pages = read_pages(path, (1, 2, 3, 4, 5))
    found = [_pages(home, page.reading.texts) for page in pages]
    assert sorted(p for pages in found for p in pages) == sorted(page_id for _, _, page_id in sheets)
    assert [page.reading.rotation for page in pages].count(180) == 1
    assert sum(page.reading.blank for page in pages) == 1
    assert not list(tmp_path.glob(".*"))
