"""Assignments of the network mode: what their page shows, what is received, and what is refused."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from pypdf import PdfReader

from delivery.network.web.onefile import combine
from delivery.network.web.uploads import MAX_FILE_BYTES
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.blobs import Blobs
from delivery.store.scans import Scans
from delivery.store.vault import Vault
from tests.network.portal_home import (
    AN,
    BINH,
    FOREIGN_WORK,
    STUDY,
    WORK,
    Phone,
    PortalHome,
    as_pdf,
    draw_photo,
    more_than_it_says,
    portal_home,
    served,
)

PATH = f"/work/{WORK}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


def send(phone: Phone, *files: bytes, path: str = PATH, name: str = "bai.jpg") -> httpx.Response:
    parts = [("file", (name, data, "image/jpeg")) for data in files]
    return phone.http.post(path, data={"csrf": phone.csrf(PATH)}, files=parts)


def received(home: PortalHome) -> list[Fact]:
    return list(home.facts.select(kind=FactKind.WORK_RECEIVED))


def status(home: PortalHome) -> tuple[object, object]:
    courses = home.services.record_of(home.learner(AN))["courses"]
    found = next(a for course in courses for a in course["activities"] if a["activity"] == WORK)
    return found["status"], found["late"]


def test_the_page_of_an_assignment_shows_what_to_do_and_until_when(phone: Phone) -> None:
    page = phone.get(PATH).text
    for shown in ("Bài tập 2: Đổi cơ số", "Hạn nộp 30/11/2026", f'href="/study/{WORK}"', 'name="file"'):
        assert shown in page
    assert "Đã nhận đến nay" not in page


def test_a_file_is_received_with_a_receipt_and_the_record_shows_it(home: PortalHome, phone: Phone) -> None:
    photo = draw_photo([])
    answer = send(phone, photo)
    assert answer.status_code == 303
    receipt = phone.get(answer.headers["location"]).text
    assert "Bài tập 2: Đổi cơ số" in receipt
    assert "09:15 ngày 22/11/2026" in receipt
    assert "Trang 1/1" not in receipt
    (code,) = set(re.findall(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", receipt))
    (fact,) = received(home)
    assert (fact.data["channel"], fact.data["media_type"], fact.data["sheet"]) == ("web", "image/jpeg", "")
    assert status(home) == ("submitted", False)
    page = phone.get(PATH).text
    assert code in page
    assert "Đã nhận đến nay" in page


def test_the_same_bytes_again_give_the_same_receipt_and_no_new_fact(home: PortalHome, phone: Phone) -> None:
    first = send(phone, draw_photo([]))
    home.clock.advance(3600)
    again = send(phone, draw_photo([]), name="khac.png")
    assert again.headers["location"] == first.headers["location"]
    assert len(received(home)) == 1
    send(phone, draw_photo([], seed=50))
    assert len(received(home)) == 2


def test_a_pdf_is_kept_byte_for_byte(home: PortalHome, phone: Phone) -> None:
    pdf = as_pdf([draw_photo([], size=(300, 400)), draw_photo([], seed=9, size=(300, 400))])
    assert send(phone, pdf, name="bai.pdf").status_code == 303
    (fact,) = received(home)
    assert fact.data["media_type"] == "application/pdf"
    scans = Scans(
        home.database,
        Blobs(home.services.settings.blobs_url),
        Vault(home.database, home.keys.master, home.services.ids),
    )
    assert scans.get(home.learner(AN), fact.data["blob"]) == pdf


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("L", (40, 40)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Tệp rỗng"),
        ("Đây là bài làm của em".encode(), "không phải ảnh hoặc PDF"),
        (gif(), "không phải ảnh hoặc PDF"),
        (draw_photo([])[:5000], "Ảnh bị hỏng"),
        (b"%PDF-1.7\nnothing behind it", "Không đọc được tệp PDF"),
        (more_than_it_says(), "Không đọc được tệp PDF"),
        (bytes(MAX_FILE_BYTES + 1), "Tệp lớn hơn"),
    ],
    ids=["empty", "text renamed", "gif renamed", "cut off", "no pdf", "holds more than it says", "too large"],
)
def test_a_file_that_is_no_work_is_refused_with_a_reason(
    home: PortalHome, phone: Phone, data: bytes, message: str
) -> None:
    before = home.fact_count()
    answer = send(phone, data)
    assert answer.status_code == 422
    assert message in answer.text
    assert home.fact_count() == before


def test_a_picture_of_one_pixel_is_a_picture(home: PortalHome, phone: Phone) -> None:
    out = io.BytesIO()
    Image.new("L", (1, 1)).save(out, "JPEG")
    assert send(phone, out.getvalue()).status_code == 303


def test_nothing_at_all_is_refused_and_says_what_to_do(home: PortalHome, phone: Phone) -> None:
    empty = [("file", ("", b"", "application/octet-stream"))]
    answer = phone.http.post(PATH, data={"csrf": phone.csrf(PATH)}, files=empty)
    assert (answer.status_code, "Hãy chọn tệp, hoặc gõ bài làm" in answer.text) == (422, True)
    assert received(home) == []


def test_several_photos_become_one_pdf_in_their_order_and_again_give_the_same_receipt(
    home: PortalHome, phone: Phone
) -> None:
    photos = [draw_photo([], size=(300, height)) for height in (400, 410, 420)]
    first = send(phone, *photos)
    (fact,) = received(home)
    assert (fact.data["media_type"], fact.data["leaves"]) == ("application/pdf", 3)
    assert "Số trang" in phone.get(first.headers["location"]).text
    assert send(phone, *photos).headers["location"] == first.headers["location"]
    send(phone, *reversed(photos))
    assert len(received(home)) == 2


def test_a_typed_answer_is_received_as_text_and_beside_photos_as_a_page(
    home: PortalHome, phone: Phone
) -> None:
    form = {"csrf": phone.csrf(PATH), "text": "Số 13 = 1101.\n\nVì 8 + 4 + 1."}
    assert phone.http.post(PATH, data=form).status_code == 303
    assert received(home)[0].data["media_type"].startswith("text/plain")
    files = [("file", ("a.jpg", draw_photo([], size=(300, 400)), "image/jpeg"))]
    assert phone.http.post(PATH, data=form, files=files).status_code == 303
    assert received(home)[1].data["leaves"] == 2


def word(*, macros: bool = False, main: str = "wordprocessingml.document.main") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", f"<Types>application/vnd.openxmlformats-officedocument.{main}+xml</Types>"
        )
        archive.writestr("word/document.xml", "<w:document/>")
        if macros:
            archive.writestr("word/vbaProject.bin", b"x")
    return out.getvalue()


def test_the_same_work_is_the_same_bytes_from_a_process_that_has_just_begun() -> None:
    """What was sent is sent again after the portal was killed, and must not become a second work."""
    make = (
        "import hashlib, sys; from delivery.network.web.onefile import combine; "
        "print(hashlib.sha256(combine([bytes.fromhex(sys.argv[1])], 'Lời giải')).hexdigest())"
    )
    photo = draw_photo([], size=(60, 80))
    told = subprocess.run(
        [sys.executable, "-c", make, photo.hex()], capture_output=True, text=True, check=True
    )
    combine([photo], "Lời giải")
    assert told.stdout.strip() == hashlib.sha256(combine([photo], "Lời giải")).hexdigest()


def test_a_word_file_is_received_unless_it_has_macros_or_comes_with_photos(
    home: PortalHome, phone: Phone
) -> None:
    assert "macro" in send(phone, word(macros=True), name="bai.docx").text
    assert "gửi riêng" in send(phone, word(), draw_photo([], size=(300, 400))).text
    assert received(home) == []
    assert send(phone, word(), name="bai.docx").status_code == 303
    assert received(home)[0].data["media_type"].endswith("wordprocessingml.document")


def test_the_receipt_can_be_kept_as_a_pdf(home: PortalHome, phone: Phone) -> None:
    receipt = send(phone, draw_photo([])).headers["location"]
    pdf = phone.get(receipt.replace("/receipt", "/receipt.pdf"))
    assert pdf.headers["content-type"] == "application/pdf"
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    (code,) = set(re.findall(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", phone.get(receipt).text))
    for shown in (code, "Nguyễn Văn An", "09:15 ngày 22/11/2026", received(home)[0].data["blob"]):
        assert shown in text


def test_work_after_the_due_date_is_marked_late_and_accepted(home: PortalHome, phone: Phone) -> None:
    home.clock.advance(9 * 86_400)
    phone.enter(AN)  # the first session has expired
    assert "Đã quá hạn nộp" in phone.get(PATH).text
    answer = send(phone, draw_photo([]))
    assert "Nộp muộn" in phone.get(answer.headers["location"]).text
    assert status(home) == ("submitted", True)


def test_an_assignment_of_another_course_or_mode_looks_like_no_assignment(
    home: PortalHome, phone: Phone
) -> None:
    unknown = phone.http.get("/work/NOTHING")
    for path in (f"/work/{FOREIGN_WORK}", "/work/CNTT101-A1", f"/work/{STUDY}"):
        answer = phone.http.get(path)
        assert (answer.status_code, answer.text) == (404, unknown.text)
        assert send(phone, draw_photo([]), path=path).status_code == 404
    assert received(home) == []


def test_a_receipt_for_a_file_is_shown_to_its_learner_only(home: PortalHome, phone: Phone) -> None:
    receipt = send(phone, draw_photo([])).headers["location"]
    assert phone.get(receipt).status_code == 200
    with Phone(home) as other:
        other.enter(BINH)
        assert other.get(receipt).status_code == 404
        assert "Đã nhận đến nay" not in other.get(PATH).text


def test_without_a_session_or_the_forms_token_nothing_is_received(home: PortalHome, phone: Phone) -> None:
    parts = [("file", ("a.jpg", draw_photo([]), "image/jpeg"))]
    assert phone.http.post(PATH, files=parts).status_code == 403
    with Phone(home) as stranger:
        answer = stranger.http.post(PATH, files=parts)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?then={PATH}")
    assert received(home) == []


def test_the_own_record_leads_to_what_can_be_done_on_the_portal(phone: Phone) -> None:
    links = set(re.findall(r'href="(/(?:study|work)/[^"]*)"', phone.get("/me").text))
    assert {f"/study/{STUDY}", f"/work/{WORK}"} <= links
    assert all(phone.get(link).status_code == 200 for link in links - {"/study/CNTT101-M4"})
