"""The web server under the portal: what it takes before it knows what is asked."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from delivery.network.web.server import MOST_HEAD_BYTES
from tests.network.portal_home import PortalHome, portal_home, served


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


def answer_to(home: PortalHome, *parts: bytes) -> bytes:
    """All that the server says to some bytes until it hangs up."""
    where = urlsplit(home.base_url)
    assert where.hostname
    assert where.port
    said = b""
    with socket.create_connection((where.hostname, where.port), timeout=20) as line:
        try:
            for part in parts:
                line.sendall(part)
            while some := line.recv(65_536):
                said += some
        except ConnectionError:
            return said
    return said


def test_headers_without_an_end_are_refused_and_do_not_fill_the_memory(home: PortalHome) -> None:
    begin = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    said = answer_to(home, begin, *[b"X-Much: " + b"a" * 8_000 + b"\r\n"] * (MOST_HEAD_BYTES // 8_000 + 2))
    assert said.startswith(b"HTTP/1.1 400 ") or said == b""
    assert b"200 OK" not in said
    # One endless header, too: what comes at once (256 KiB) is read before anything is counted.
    assert b"200 OK" not in answer_to(home, begin + b"X-Much: ", *[b"a" * 16_384] * 32)


def test_a_long_head_within_the_limit_and_a_second_request_on_the_line_are_answered(home: PortalHome) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Much: " + b"a" * (MOST_HEAD_BYTES // 2)
    said = answer_to(home, one + b"\r\n\r\n", one + b"\r\nConnection: close\r\n\r\n")
    assert said.count(b"HTTP/1.1 200 OK") == 2


def test_what_is_no_http_is_refused(home: PortalHome) -> None:
    assert answer_to(home, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").startswith(b"HTTP/1.1 400 ")
