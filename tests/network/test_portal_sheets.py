"""The address on a sheet: what it shows, what it files, what it refuses."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from delivery.record.kinds import FactKind
from delivery.record.sheetcode import CodeKeys, page_token, side_token
from tests.network.portal_home import (
    AN,
    BINH,
    COVER,
    Phone,
    PortalHome,
    as_pdf,
    draw_photo,
    more_than_it_says,
    page_id,
    portal_home,
    served,
    side_id,
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    """An's phone, signed in."""
    with Phone(home) as made:
        made.enter(AN)
        yield made


def receipt_codes(text: str) -> list[str]:
    return re.findall(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", text)


def work(home: PortalHome, code: str = AN) -> list[tuple[int, str]]:
    """(page, channel) of the work filed for a learner."""
    received = home.facts.select(kind=FactKind.WORK_RECEIVED, learner=home.learner(code))
    return [(fact.data["page"], fact.data["channel"]) for fact in received]


def test_unknown_and_forged_codes_get_the_same_answer(home: PortalHome, phone: Phone) -> None:
    unknown = page_token("ffffffffffff", home.keys.codes)
    forged = page_token(page_id(AN, 1), CodeKeys({1: b"x" * 32}, 1))
    right = home.token(AN)
    altered = ("B" if right[-1] != "B" else "C").join([right[:-1], ""])
    with Phone(home) as stranger:
        for browser in (stranger, phone):
            answers = [browser.http.get(f"/q/{token}") for token in (unknown, forged, altered, "nonsense")]
            assert {answer.status_code for answer in answers} == {404}
            assert len({answer.content for answer in answers}) == 1
            headers = [{k: v for k, v in a.headers.items() if k != "date"} for a in answers]
            assert all(found == headers[0] for found in headers)


def test_the_address_of_a_sheet_shows_no_name_and_no_work_before_signing_in(home: PortalHome) -> None:
    with Phone(home) as stranger:
        page = stranger.get(f"/q/{home.token(AN)}").text
    assert 'name="pin"' in page
    for private in ("Nguyễn", AN, home.learner(AN), "Bài tập 1", "CNTT101"):
        assert private not in page


def test_looking_changes_nothing(home: PortalHome, phone: Phone) -> None:
    before = home.fact_count()
    for path in (
        "/",
        f"/q/{home.token(AN)}",
        f"/q/{home.token(BINH)}",
        "/me",
        "/attendance",
        "/watch/tv1",
        "/?lang=en",
    ):
        assert phone.get(path).status_code == 200
    assert home.fact_count() == before


def test_photographs_sort_themselves_by_the_codes_on_them(home: PortalHome, phone: Phone) -> None:
    answer = phone.send(home.token(AN, 1), home.photo(AN, 2), home.photo(AN, 1))
    assert answer.status_code == 303
    receipt = phone.get(answer.headers["location"])
    assert receipt.status_code == 200
    assert work(home) == [(2, "phone"), (1, "phone")]
    assert len(set(receipt_codes(receipt.text))) == 2
    assert "09:15 ngày 22/11/2026" in receipt.text
    assert "Còn thiếu" not in receipt.text


def test_the_receipt_names_the_pages_that_are_still_missing(home: PortalHome, phone: Phone) -> None:
    answer = phone.send(home.token(AN, 1), home.photo(AN, 1))
    assert "Còn thiếu: trang 2." in phone.get(answer.headers["location"]).text


def test_the_same_photo_again_gives_the_same_receipt_and_no_new_fact(home: PortalHome, phone: Phone) -> None:
    photo = home.photo(AN)
    first = phone.send(home.token(AN), photo)
    count = home.fact_count()
    home.clock.advance(3600)
    second = phone.send(home.token(AN), photo)
    assert second.headers["location"] == first.headers["location"]
    assert home.fact_count() == count
    assert "09:15 ngày 22/11/2026" in phone.get(second.headers["location"]).text


def test_another_photo_of_the_same_page_is_kept_as_further_evidence(home: PortalHome, phone: Phone) -> None:
    phone.send(home.token(AN), home.photo(AN, seed=1))
    phone.send(home.token(AN), home.photo(AN, seed=2))
    assert work(home) == [(1, "phone"), (1, "phone")]


def test_the_code_on_the_photo_decides_and_not_the_address_that_was_opened(
    home: PortalHome, phone: Phone
) -> None:
    phone.send(home.token(AN, 1), home.photo(AN, 2))
    assert work(home) == [(2, "phone")]


def test_somebody_elses_sheet_is_held_and_filed_under_nobody(home: PortalHome, phone: Phone) -> None:
    answer = phone.send(home.token(BINH), home.photo(BINH))
    receipt = phone.get(answer.headers["location"])
    assert "Tạm giữ" in receipt.text
    assert "Bài tập 1" not in receipt.text
    assert work(home, AN) == work(home, BINH) == []
    held = list(home.facts.select(kind=FactKind.WORK_HELD))
    assert [fact.data["reason"] for fact in held] == ["other_learner"]


def test_the_page_of_somebody_elses_sheet_tells_nothing_about_it(home: PortalHome, phone: Phone) -> None:
    page = phone.get(f"/q/{home.token(BINH)}").text
    assert "người học khác" in page
    for private in ("Trần", BINH, home.learner(BINH), "Bài tập 1"):
        assert private not in page


def test_a_photo_without_a_readable_code_is_asked_for_again_and_never_guessed(
    home: PortalHome, phone: Phone
) -> None:
    before = home.fact_count()
    answer = phone.send(home.token(AN), draw_photo([]))
    assert answer.status_code == 422
    assert "Không đọc được mã" in answer.text
    assert home.fact_count() == before


def test_the_readable_photos_of_a_mixed_upload_are_filed_and_the_others_named(
    home: PortalHome, phone: Phone
) -> None:
    answer = phone.send(home.token(AN), draw_photo([]), home.photo(AN, 2), b"")
    receipt = phone.get(answer.headers["location"]).text
    assert work(home) == [(2, "phone")]
    assert "Tệp 1: Không đọc được mã" in receipt
    assert "Tệp 3: Tệp rỗng" in receipt


def test_a_foreign_code_beside_ours_is_ignored(home: PortalHome, phone: Phone) -> None:
    ours = f"http://sheets.example/q/{home.token(AN)}"
    phone.send(home.token(AN), draw_photo([ours, "https://example.com/shop"]))
    assert work(home) == [(1, "phone")]


def test_a_side_code_alone_names_the_sheet(home: PortalHome, phone: Phone) -> None:
    phone.send(home.token(AN), draw_photo([side_token(side_id(AN, 2), home.keys.codes)]))
    assert work(home) == [(2, "phone")]


def test_the_cover_of_a_packet_leads_to_the_form_but_is_not_work_itself(
    home: PortalHome, phone: Phone
) -> None:
    page = phone.get(f"/q/{home.token(AN, COVER)}")
    assert "Trang này để bạn giữ lại" in page.text
    assert phone.send(home.token(AN, COVER), home.photo(AN, COVER)).status_code == 422
    assert phone.send(home.token(AN, COVER), home.photo(AN, 1)).status_code == 303
    assert work(home) == [(1, "phone")]


def test_two_sheets_in_one_photo_are_refused(home: PortalHome, phone: Phone) -> None:
    both = [f"http://sheets.example/q/{home.token(AN, page)}" for page in (1, 2)]
    answer = phone.send(home.token(AN), draw_photo(both, size=(900, 1400)))
    assert answer.status_code == 422
    assert work(home) == []


def test_each_page_of_a_pdf_is_one_page_of_work(home: PortalHome, phone: Phone) -> None:
    pdf = as_pdf([home.photo(AN, 1), home.photo(AN, 2)])
    first = phone.send(home.token(AN), pdf, name="bai.pdf", kind="application/pdf")
    assert work(home) == [(1, "phone"), (2, "phone")]
    again = phone.send(home.token(AN), pdf, name="bai.pdf", kind="application/pdf")
    assert again.headers["location"] == first.headers["location"]


def test_work_after_the_due_date_is_marked_late_and_accepted(home: PortalHome, phone: Phone) -> None:
    home.clock.advance(9 * 86_400)
    phone.enter(AN)  # the first session has expired
    assert "Đã quá hạn nộp" in phone.get(f"/q/{home.token(AN)}").text
    answer = phone.send(home.token(AN), home.photo(AN))
    assert "Nộp muộn" in phone.get(answer.headers["location"]).text
    assert work(home) == [(1, "phone")]


def huge_png() -> bytes:
    """A valid PNG of 50,000 x 50,000 white pixels in about 300 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(6251 * 500)))
        + chunk(b"IEND", b"")
    )


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
        (huge_png(), "megapixel"),
        (b"%PDF-1.7\nnothing behind it", "Không đọc được tệp PDF"),
        (more_than_it_says(), "Không đọc được tệp PDF"),
        (b"\xff\xd8\xff" + bytes(2000), "không phải ảnh hoặc PDF|Ảnh bị hỏng"),
    ],
    ids=[
        "empty",
        "text renamed",
        "gif renamed",
        "cut off",
        "bomb",
        "no pdf",
        "holds more than it says",
        "jpeg start only",
    ],
)
def test_a_file_that_is_no_usable_photo_is_refused_with_a_reason(
    home: PortalHome, phone: Phone, data: bytes, message: str
) -> None:
    before = home.fact_count()
    answer = phone.send(home.token(AN), data)
    assert answer.status_code == 422
    assert re.search(message, answer.text)
    assert home.fact_count() == before


def test_an_upload_without_a_file_says_so(home: PortalHome, phone: Phone) -> None:
    path = f"/q/{home.token(AN)}"
    empty = [("photos", ("", b"", "application/octet-stream"))]
    answer = phone.http.post(path, data={"csrf": phone.csrf(path)}, files=empty)
    assert answer.status_code == 422
    assert "Hãy chọn ít nhất một ảnh" in answer.text


def test_more_files_than_allowed_are_refused(home: PortalHome, phone: Phone) -> None:
    answer = phone.send(home.token(AN), *[b"x"] * 21)
    assert answer.status_code == 422
    far_too_many = phone.send(home.token(AN), *[b"x"] * 60)
    assert (far_too_many.status_code, "quá nhiều" in far_too_many.text) == (413, True)


def test_a_body_above_the_limit_is_refused_with_a_page(
    home: PortalHome, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.network.web.guard.MAX_BODY_BYTES", 100_000)
    answer = phone.send(home.token(AN), bytes(400_000))
    assert answer.status_code == 413
    assert "quá nhiều" in answer.text


def test_a_post_that_is_no_form_is_refused(home: PortalHome, phone: Phone) -> None:
    path = f"/q/{home.token(AN)}"
    multipart = {"content-type": "multipart/form-data; boundary=b"}
    assert phone.http.post(path, content=b"--b\r\nbroken", headers=multipart).status_code in (400, 403)
    assert (
        phone.http.post(path, content=b"{}", headers={"content-type": "application/json"}).status_code == 403
    )


def test_a_receipt_is_shown_to_its_learner_only(home: PortalHome, phone: Phone) -> None:
    receipt = phone.send(home.token(AN), home.photo(AN)).headers["location"]
    with Phone(home) as other:
        asked = urlsplit(other.http.get(receipt).headers["location"])
        assert (asked.path, unquote(asked.query)) == ("/sign-in", f"then={receipt}")
        other.enter(BINH)
        assert other.get(receipt).status_code == 404


def test_an_unsigned_upload_is_sent_to_the_sign_in_and_stores_nothing(home: PortalHome) -> None:
    before = home.fact_count()
    path = f"/q/{home.token(AN)}"
    with Phone(home) as stranger:
        answer = stranger.http.post(path, files=[("photos", ("a.jpg", home.photo(AN), "image/jpeg"))])
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert home.fact_count() == before
