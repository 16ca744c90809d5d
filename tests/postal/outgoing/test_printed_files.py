"""What stands in the printed files, told by judges that are not ours: qpdf, poppler, pdfium, zxing, zbar."""

from __future__ import annotations

import json
import subprocess
import unicodedata

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from delivery.postal.outgoing.printing import packet_pages
from delivery.record.sheetcode import PageRef, SideRef, read_code
from delivery.store.packets import Packets
from tests.support.postal_home import NAMES, PrintedHome
from tests.support.tools import tool


def _run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_code_is_read_back_from_the_rendered_page_it_belongs_to(printed: PrintedHome) -> None:
    keys = printed.app.keys.codes
    sheets = printed.sheets("")
    assert len(sheets) == printed.result.pages == 24
    for file, index, page_id in sheets:
        with pypdfium2.PdfDocument(file, autoclose=True) as document:
            picture: Image.Image = document[index].render(scale=150 / 72, grayscale=True).to_pil()
        texts = [code.text for code in zxingcpp.read_barcodes(picture)]
        found = [read_code(text, keys) for text in texts]
        sheet = printed.app.sheets.by_page(page_id)
        assert sheet is not None
        assert found.count(PageRef(page_id)) == 1
        assert found.count(SideRef(sheet.side_id)) == 2
        assert len(found) == 3
        assert all(text.startswith("https://hoctuxa.edu.vn/q/") for text in texts if len(text) > 16)


@pytest.mark.needs("zbarimg", "pdftoppm")
def test_zbar_and_poppler_read_the_same_codes(
    printed: PrintedHome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("zbar")
    file, index, page_id = printed.sheets()[0]
    _run("pdftoppm", "-r", 200, "-gray", "-f", index + 1, "-l", index + 1, file, folder / "page")
    (picture,) = folder.glob("page*")
    texts = _run(tool("zbarimg"), "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture).split()
    assert PageRef(page_id) in [read_code(text, printed.app.keys.codes) for text in texts]
    assert len(texts) == 3


@pytest.mark.needs("qpdf", "pdffonts", "pdftotext", "pdfinfo")
def test_files_are_sound_and_hold_their_vietnamese_text_in_embedded_fonts(printed: PrintedHome) -> None:
    assert len(printed.result.files) == 1
    for file in printed.result.files:
        _run("qpdf", "--check", file)
        fonts = _run("pdffonts", file).splitlines()[2:]
        assert fonts
        for line in fonts:
            assert "Helvetica" not in line
            assert line.split()[-5:-2] == ["yes", "yes", "yes"], line
        document = json.loads(_run("qpdf", "--json", file))
        assert "Helvetica" not in json.dumps(document)
        info = _run("pdfinfo", file)
        assert "B1" in info
        assert "Trường Đại học Mở Phương Nam" in info
        assert '"/Lang": "u:vi"' in json.dumps(document)
        assert not any(name in info for name in NAMES)


@pytest.mark.needs("pdftotext")
def test_text_can_be_copied_out_in_composed_vietnamese(printed: PrintedHome) -> None:
    profiles = printed.app.vault.profiles(
        s.learner for s in Packets(printed.app.database, printed.app.facts).states("B1")
    )
    states = Packets(printed.app.database, printed.app.facts).states("B1")
    spans = [(*packet_pages(printed.folder / "print", state), state.pages) for state in states]
    texts = [
        " ".join(_run("pdftotext", "-layout", "-f", first + 1, "-l", first + pages, file, "-").split())
        for file, first, pages in spans
    ]
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)
    for profile in profiles.values():
        (mine,) = [text for text in texts if profile.full_name in text]
        assert profile.address in mine
        assert f"{profile.full_name} · {profile.code}" in mine
        for other in profiles.values():
            assert other is profile or other.full_name not in mine
    for text in texts:
        assert "Quét mã bằng điện thoại để nộp bài, hoặc gửi lại phiếu này qua bưu điện." in text
        assert "Trang 1/2" in text
        assert "Trang 2/2" in text
        assert (
            "Khi có một dãy số liệu, câu hỏi đầu tiên thường là: dãy số ấy tập trung quanh giá trị nào?"
            in text
        )
        assert "QĐ-12/2026" in text


@pytest.mark.needs("pdftoppm")
def test_poppler_and_pdfium_draw_the_same_page(
    printed: PrintedHome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("poppler")
    file = printed.result.files[0]
    _run("pdftoppm", "-r", 72, "-gray", "-f", 4, "-l", 4, file, folder / "page")
    (name,) = folder.glob("page*")
    with pypdfium2.PdfDocument(file, autoclose=True) as document, Image.open(name) as poppler:
        pdfium: Image.Image = document[3].render(scale=1, grayscale=True).to_pil()
        size = (100, 141)
        first, second = pdfium.resize(size).tobytes(), poppler.convert("L").resize(size).tobytes()
    difference = sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)
    assert difference < 3


def test_files_are_named_without_personal_data_and_readable_by_their_owner_only(printed: PrintedHome) -> None:
    for file in printed.result.files:
        assert file.stat().st_mode & 0o077 == 0
        assert file.name == "B1-MAIN-001.pdf"
        assert "TX26" not in file.name


def test_nothing_personal_stands_in_the_facts(printed: PrintedHome) -> None:
    told = "".join(json.dumps(fact.as_json(), ensure_ascii=False) for fact in printed.app.facts.select())
    assert "PacketPrinted" in told
    assert not any(name in told for name in NAMES)
    assert "Nguyễn Trãi" not in told
