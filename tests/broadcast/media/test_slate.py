"""The station's own material: slates of every length, and cards that can be read and heard."""

from __future__ import annotations

import io
import subprocess

import pytest
import zxingcpp
from PIL import Image

from delivery.app import App
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import load_profile
from delivery.broadcast.media.slate import Station
from delivery.broadcast.playout.restamp import packet_counts, restamp
from delivery.i18n import Translator
from delivery.units import TICK_PTS
from tests.broadcast.media.media_samples import complaints, embedded, small_tv


@pytest.fixture
def station(tuxa: App) -> Station:
    library = Library(tuxa.database, tuxa.blobs, clock=tuxa.clock)
    return Station(library, home=tuxa.settings.home, ffmpeg=embedded(), words=Translator("vi"))


def test_there_is_a_slate_of_every_length_and_all_of_them_join(tuxa: App, station: Station) -> None:
    slates = station.slates(small_tv(), title="Truyền hình Từ xa")
    assert [(ticks, asset.ticks) for ticks, asset in slates.items()] == [(n, n) for n in range(1, 19)]
    assert len({tuple((r.name, r.codecs) for r in asset.renditions) for asset in slates.values()}) == 1
    for rung in ("top", "audio"):
        segment = slates[2].rendition(rung).segments[0]
        assert {
            str(pid): n for pid, n in packet_counts(tuxa.blobs.get(segment.blob)).items()
        } == segment.packets
    data, tick, counters = b"", 0, dict.fromkeys((0, 256, 257, 4096), 0)
    for ticks in (3, 18, 1, 11):
        blob = tuxa.blobs.get(slates[ticks].rendition("top").segments[0].blob)
        part = restamp(blob, tick * TICK_PTS, counters=counters)
        counters = {pid: (counters[pid] + count) % 16 for pid, count in packet_counts(part).items()}
        data += part
        tick += ticks
    assert complaints(embedded(), data) == ""


def test_slates_and_cards_are_made_once(station: Station) -> None:
    radio = load_profile("radio-aac")
    assert station.slates(radio, title="Đài") == station.slates(radio, title="Đài")
    assert station.card(radio, "A7K2M9", link="x").id == station.card(radio, "A7K2M9", link="x").id


def test_a_card_can_be_read_from_a_decoded_frame_of_the_best_rung_and_is_spoken(
    tuxa: App, station: Station
) -> None:
    link = "http://127.0.0.1:8642/d/A7K2M9"
    card = station.card(load_profile("tv720p25"), "A7K2M9", link=link)
    assert card.ticks == 18
    assert card.loudness_lufs == pytest.approx(-23, abs=1)
    for rung in ("720p", "480p"):
        data = tuxa.blobs.get(card.rendition(rung).segments[0].blob)
        frame = subprocess.run(
            [
                embedded().path,
                "-v",
                "error",
                "-i",
                "-",
                "-frames:v",
                "1",
                "-f",
                "image2pipe",
                "-c:v",
                "png",
                "-",
            ],
            input=data,
            capture_output=True,
            check=True,
        ).stdout
        assert [code.text for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(frame)))] == [link]
