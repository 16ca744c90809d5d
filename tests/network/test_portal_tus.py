"""Resumable uploads, judged by an independent tus client (tuspy) and by the words of the protocol."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient

from benchmarks.portal_tus import by_tus_js, cut_line
from delivery.network.web import tus
from delivery.record.kinds import FactKind
from delivery.store.uploads import KEEP, MOST_OPEN
from tests.network.portal_home import AN, BINH, WORK, Phone, PortalHome, draw_photo, portal_home, served

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


def begin(phone: Phone, length: int) -> str:
    answer = phone.http.post("/uploads", headers={**TUS, "Upload-Length": str(length)})
    assert answer.status_code == 201
    return answer.headers["location"]


def send(phone: Phone, path: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    return phone.http.patch(path, content=data, headers={**BYTES, "Upload-Offset": str(offset), **headers})


def offset(phone: Phone, path: str) -> int:
    return int(phone.http.head(path, headers=TUS).headers["upload-offset"])


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stored(home: PortalHome, path: str, code: str = AN) -> bytes:
    upload = home.services.uploads.get(home.learner(code), path.rsplit("/", 1)[1])
    assert upload is not None
    return home.services.uploads.read(upload)


def test_an_independent_client_uploads_a_file_with_interruptions_and_it_is_byte_identical(
    home: PortalHome, phone: Phone
) -> None:
    data = random.Random(7).randbytes(3_000_000)
    cookies = "; ".join(f"{name}={value}" for name, value in phone.http.cookies.items())
    url = ""
    for stop in (*range(400_000, 3_000_000, 400_000), None):
        # A new client each time, as after a page was closed: it asks where to go on.
        client = TusClient(f"{home.base_url}/uploads", headers={"Cookie": cookies})
        uploader = client.uploader(file_stream=io.BytesIO(data), url=url or None, chunk_size=150_000)
        uploader.upload(stop_at=stop)
        url = uploader.url
    assert stored(home, url) == data


@pytest.mark.needs("node", "tus-js-client")
def test_a_second_independent_client_goes_on_over_a_line_that_is_cut(
    home: PortalHome, phone: Phone, tmp_path: Path
) -> None:
    """tus-js-client, as browsers use it; with 200 MB and 20 cuts in ``benchmarks/portal_tus.py``."""
    file = tmp_path / "large.bin"
    file.write_bytes(random.Random(9).randbytes(4_000_000))
    cookies = "; ".join(f"{name}={value}" for name, value in phone.http.cookies.items())
    port = int(home.base_url.rsplit(":", 1)[1])
    with cut_line(port, 4_000_000, 3) as relay:
        url = by_tus_js(f"http://127.0.0.1:{relay.port}/uploads", cookies, file)
        assert relay.done == 3
    assert stored(home, url) == file.read_bytes()


@contextmanager
def half_sent(home: PortalHome, phone: Phone, path: str, count: int) -> Iterator[None]:
    """A line on which `count` bytes of 100,000 were sent, in handfuls; it is cut at the end."""
    cookies = "; ".join(f"{name}={value}" for name, value in phone.http.cookies.items())
    head = {**BYTES, "Host": "localhost", "Cookie": cookies, "Upload-Offset": "0", "Content-Length": "100000"}
    head["Expect"] = "100-continue"
    said = f"PATCH {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with socket.create_connection(("127.0.0.1", int(home.base_url.rsplit(":", 1)[1]))) as line:
        line.sendall(said.encode() + b"\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")  # from now on it is being read
        for _ in range(count // 2_000):
            line.sendall(bytes(2_000))
        yield


def test_what_had_come_when_the_line_was_cut_counts_however_little_it_is(
    home: PortalHome, phone: Phone
) -> None:
    path = begin(phone, 100_000)
    with half_sent(home, phone, path, 10_000):
        pass
    wait_until(lambda: offset(phone, path) == 10_000)


def test_a_connection_that_is_cut_in_the_middle_goes_on_where_the_last_byte_came(
    home: PortalHome, phone: Phone
) -> None:
    data = random.Random(8).randbytes(900_000)
    path = begin(phone, len(data))

    def cut() -> Iterator[bytes]:
        yield data[:500_000]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        phone.http.patch(path, content=cut(), headers={**BYTES, "Upload-Offset": "0"})
    for _ in range(200):
        at = offset(phone, path)
        answer = send(phone, path, at, data[at:])
        if answer.status_code == 204:
            break
        assert answer.status_code in (409, 423)
    assert stored(home, path) == data


def test_what_lies_on_the_disk_is_sealed_and_nobody_elses(home: PortalHome, phone: Phone) -> None:
    path = begin(phone, 40)
    send(phone, path, 0, b"Nguyen Van An, 12 Le Loi, quan 1, 0901234")
    files = list((home.services.settings.home / "uploads").rglob("*.bytes"))
    assert files
    assert all(b"Le Loi" not in file.read_bytes() for file in files)
    with Phone(home) as other:
        other.enter(BINH)
        assert other.http.head(path, headers=TUS).status_code == 404
        assert other.http.delete(path, headers=TUS).status_code == 404


def test_the_protocol_is_kept_to_the_letter(home: PortalHome, phone: Phone) -> None:
    abilities = phone.http.options("/uploads")
    assert abilities.headers["tus-version"] == "1.0.0"
    assert set(abilities.headers["tus-extension"].split(",")) >= {"creation", "termination", "checksum"}
    assert phone.http.post("/uploads", headers={"Upload-Length": "5"}).status_code == 412
    most = int(abilities.headers["tus-max-size"])
    too_long = phone.http.post("/uploads", headers={**TUS, "Upload-Length": str(most + 1)})
    assert too_long.status_code == 413
    path = begin(phone, 10)
    assert send(phone, path, 3, b"x").status_code == 409
    assert send(phone, path, 0, b"12345").headers["upload-offset"] == "5"
    assert send(phone, path, 5, b"123456").status_code == 413
    assert offset(phone, path) == 5
    wrong = phone.http.patch(path, content=b"x", headers={**TUS, "Upload-Offset": "5"})
    assert wrong.status_code == 415
    overridden = phone.http.post(
        path, content=b"67890", headers={**BYTES, "Upload-Offset": "5", "X-HTTP-Method-Override": "PATCH"}
    )
    assert overridden.status_code == 204
    assert stored(home, path) == b"1234567890"
    assert phone.http.delete(path, headers=TUS).status_code == 204
    assert phone.http.head(path, headers=TUS).status_code == 404


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_bytes_that_do_not_match_their_checksum_are_forgotten(
    home: PortalHome, phone: Phone, name: str
) -> None:
    path, data = begin(phone, 4), b"abcd"
    wrong = base64.b64encode(hashlib.new(name, b"abcx").digest()).decode()
    assert send(phone, path, 0, data, **{"Upload-Checksum": f"{name} {wrong}"}).status_code == 460
    assert offset(phone, path) == 0
    right = base64.b64encode(hashlib.new(name, data).digest()).decode()
    assert send(phone, path, 0, data, **{"Upload-Checksum": f"{name} {right}"}).status_code == 204


def test_another_site_cannot_upload_for_a_learner(home: PortalHome, phone: Phone) -> None:
    headers = {**TUS, "Upload-Length": "5", "sec-fetch-site": "cross-site"}
    assert phone.http.post("/uploads", headers=headers).status_code == 403


def test_photos_are_read_when_they_arrive_and_a_wrong_sheet_is_noticed_at_once(
    home: PortalHome, phone: Phone
) -> None:
    def reading(data: bytes) -> str:
        path = begin(phone, len(data))
        send(phone, path, 0, data)
        return phone.http.get(f"{path}/reading", headers={"accept": "application/json"}).text

    assert "trang 2/2" in reading(home.photo(AN, 2))
    assert "người học khác" in reading(home.photo(BINH, 1))
    assert "Không đọc được mã" in reading(draw_photo([]))
    assert home.fact_count() == sum(1 for _ in home.facts.select(kind=FactKind.WORK_RECEIVED)) + sum(
        1 for fact in home.facts.select() if fact.kind is not FactKind.WORK_RECEIVED
    )
    assert list(home.facts.select(kind=FactKind.WORK_RECEIVED)) == []


def test_uploads_are_handed_in_once_however_often_the_form_is_sent(home: PortalHome, phone: Phone) -> None:
    idents = []
    for page in (2, 1):
        photo = home.photo(AN, page)
        path = begin(phone, len(photo))
        send(phone, path, 0, photo)
        idents.append(path.rsplit("/", 1)[1])
    sheet = f"/q/{home.token(AN)}"
    form = {"csrf": phone.csrf(sheet), "upload": idents}
    first = phone.http.post(sheet, data=form, headers={"accept": "application/json"})
    again = phone.http.post(sheet, data=form, headers={"accept": "application/json"})
    assert first.json()["receipt"] == again.json()["receipt"]
    assert len(list(home.facts.select(kind=FactKind.WORK_RECEIVED))) == 2
    assert list((home.services.settings.home / "uploads").rglob("*.bytes")) == []
    assert phone.get(first.json()["receipt"]).status_code == 200


@pytest.mark.parametrize("steps", range(8))
def test_work_of_several_photos_stays_one_work_whenever_its_handing_in_is_cut_short(
    home: PortalHome, phone: Phone, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The disk fails after `steps` files of the four uploads were renamed or removed; then the phone asks again."""
    idents = []
    for seed in range(4):
        photo = draw_photo([], seed=seed + 1, size=(300, 400))
        path = begin(phone, len(photo))
        send(phone, path, 0, photo)
        idents.append(path.rsplit("/", 1)[1])
    form = {"csrf": phone.csrf(f"/work/{WORK}"), "upload": idents}
    left = iter([True] * steps)

    def failing(act: Callable[..., None]) -> Callable[..., None]:
        def tried(*names: Any, **more: Any) -> None:
            own = any(ident in str(name) for name in names for ident in idents)
            if own and not next(left, False):
                raise OSError(errno.EIO, "the disk is gone")
            act(*names, **more)

        return tried

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", failing(os.replace))
        broken.setattr(os, "unlink", failing(os.unlink))
        first = phone.http.post(f"/work/{WORK}", data=form, headers={"accept": "application/json"})
    assert first.status_code == 500
    again = phone.http.post(f"/work/{WORK}", data=form, headers={"accept": "application/json"})
    (fact,) = home.facts.select(kind=FactKind.WORK_RECEIVED)
    assert fact.data["leaves"] == 4
    assert again.json()["receipt"] == f"/receipt?f={fact.id}"


def test_an_upload_that_was_handed_in_can_be_asked_for_again(home: PortalHome, phone: Phone) -> None:
    """The answer to the form was lost, and the page is opened anew: it asks what its photographs show."""
    photo = home.photo(AN, 1)
    path = begin(phone, len(photo))
    send(phone, path, 0, photo)
    sheet = f"/q/{home.token(AN)}"
    form = {"csrf": phone.csrf(sheet), "upload": path.rsplit("/", 1)[1]}
    phone.http.post(sheet, data=form)
    again = phone.http.get(f"{path}/reading", headers={"accept": "application/json"})
    assert (again.status_code, again.json()) == (200, {"pages": []})
    assert offset(phone, path) == len(photo)


def test_a_line_that_fell_silent_gives_its_upload_free(
    home: PortalHome, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that went to another network tells nobody that its old line is dead."""
    monkeypatch.setattr(tus, "SILENCE_S", 0.3)
    path = begin(phone, 100_000)
    with half_sent(home, phone, path, 60_000):
        wait_until(lambda: offset(phone, path) > 0)
        come = offset(phone, path)
        answer = send(phone, path, come, b"b" * (100_000 - come))
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, "100000")
    assert stored(home, path) == bytes(come) + b"b" * (100_000 - come)


def test_what_a_killed_process_left_is_swept(home: PortalHome, phone: Phone) -> None:
    kept = begin(phone, 10)
    place = next((home.services.settings.home / "uploads").rglob("*.json")).parent
    left = [place / f"{'0' * 32}.bytes", place / "tmp0.part"]
    for number, file in enumerate([*left, place / f"{'1' * 32}.bytes"]):
        file.write_bytes(b"x")
        old = home.clock.now().timestamp() - (KEEP.total_seconds() + 60 if number < 2 else 0)
        os.utime(file, (old, old))
    home.services.uploads.sweep()
    assert not any(file.exists() for file in left)
    assert (place / f"{'1' * 32}.bytes").exists(), "it may have been begun this moment"
    assert offset(phone, kept) == 0


def test_an_upload_that_is_not_whole_is_not_handed_in(home: PortalHome, phone: Phone) -> None:
    path = begin(phone, 1000)
    send(phone, path, 0, b"x" * 500)
    form = {"csrf": phone.csrf(f"/work/{WORK}"), "upload": path.rsplit("/", 1)[1]}
    answer = phone.http.post(f"/work/{WORK}", data=form)
    assert (answer.status_code, "chưa đủ" in answer.text) == (409, True)
    assert offset(phone, path) == 500


def test_uploads_expire_and_one_learner_cannot_fill_the_disk(home: PortalHome, phone: Phone) -> None:
    path = begin(phone, 5)
    for _ in range(MOST_OPEN - 1):
        begin(phone, 5)
    assert phone.http.post("/uploads", headers={**TUS, "Upload-Length": "5"}).status_code == 429
    home.clock.advance(KEEP.total_seconds() + 1)
    phone.enter(AN)
    assert phone.http.head(path, headers=TUS).status_code == 404
    begin(phone, 5)
    assert len(list((home.services.settings.home / "uploads").rglob("*.bytes"))) == 1
