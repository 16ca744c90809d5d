"""A viewer in front of the television: plays the channel's real playlist and reads the code off the screen."""

from __future__ import annotations

import io
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import parse_qs, urljoin, urlsplit

import av
import zxingcpp

TIMEOUT_S = 10.0
_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


class Viewer:
    """Watches one rendition of one channel, segment by segment."""

    def __init__(self, playlist_url: str) -> None:
        self._url = playlist_url
        self._seen: set[str] = set()

    def new_segments(self) -> Iterator[bytes]:
        """Segments that have come since the last call, in order."""
        for line in _fetch(self._url).decode().splitlines():
            if line and not line.startswith("#") and line not in self._seen:
                self._seen.add(line)
                yield _fetch(urljoin(self._url, line))

    def codes(self) -> Iterator[str]:
        """Attendance codes shown in the segments that have come since the last call."""
        for segment in self.new_segments():
            code = attendance_code(segment)
            if code:
                yield code


def best_rendition(master_url: str) -> str:
    """Address of the media playlist with the highest bandwidth."""
    lines = _fetch(master_url).decode().splitlines()
    found: list[tuple[int, str]] = []
    for line, following in pairwise(lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            attributes = dict(part.split("=", 1) for part in line.split(":", 1)[1].split(",") if "=" in part)
            found.append((int(attributes["BANDWIDTH"]), urljoin(master_url, following)))
    return max(found)[1]


def attendance_code(segment: bytes) -> str:
    """The code that the first picture of a segment shows as a QR, or nothing."""
    with av.open(io.BytesIO(segment), mode="r", format="mpegts") as container:
        if not container.streams.video:
            return ""
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="gray")
            for found in zxingcpp.read_barcodes(picture, formats=_QR):
                values = parse_qs(urlsplit(found.text).query).get("code", [])
                if values and urlsplit(found.text).path == "/attendance":
                    return values[0]
            return ""
    return ""


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        body: bytes = answer.read()
    return body
