"""Captions beside a recording come out on the lesson's grid; what is wrong in them is named with its line."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from delivery.broadcast.captions import moved_captions
from delivery.broadcast.media.captions import (
    Cue,
    caption_segments,
    captions_beside,
    parse_captions,
    read_captions,
    whole_track,
)
from delivery.errors import BadInput

SRT = """1
00:00:01,000 --> 00:00:02,500
Chào các bạn, <b>hôm nay</b> <font color="red">học</font> a < b & c.

2
00:00:05,500 --> 00:00:06,500 X1:1 X2:2
Câu này nằm trên
hai đoạn.
"""

VTT = """WEBVTT - bài 1

NOTE
Ghi chú --- không phải phụ đề

STYLE
::cue { color: white }

đầu
01:00.000 --> 01:02.500 align:start line:90%
<v Giảng viên>Xin chào
"""


def problems(text: str, **options: int) -> list[str]:
    with pytest.raises(BadInput) as caught:
        parse_captions(text, source="bài 1.srt", length_ms=options.get("length_ms", 60_000))
    return [str(problem) for problem in caught.value.problems]


def test_srt_becomes_webvtt_text() -> None:
    assert parse_captions(SRT, source="a.srt", length_ms=60_000) == (
        Cue(1000, 2500, "Chào các bạn, <b>hôm nay</b> học a &lt; b &amp; c."),
        Cue(5500, 6500, "Câu này nằm trên\nhai đoạn."),
    )


def test_webvtt_keeps_voices_and_settings_and_leaves_notes_out() -> None:
    (cue,) = parse_captions(VTT, source="a.vtt", length_ms=3_600_000)
    assert cue == Cue(60_000, 62_500, "<v Giảng viên>Xin chào", "align:start line:90%")


def test_captions_are_cut_at_the_segments_of_the_lesson() -> None:
    cues = parse_captions(SRT, source="a.srt", length_ms=7680)
    first, second = caption_segments(cues, 24)
    for text in (first, second):
        assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n\n")
    # What is still shown at the boundary of 5.76 s stands in both, with its own times.
    assert "00:00:01.000" in first
    assert "00:00:01.000" not in second
    assert "00:00:05.500 --> 00:00:06.500" in first
    assert "00:00:05.500 --> 00:00:06.500" in second
    assert "X-TIMESTAMP-MAP" not in whole_track(cues)


def test_a_segment_moves_with_its_pictures_over_the_wrap_of_the_stamps() -> None:
    (segment,) = caption_segments((Cue(0, 100, "X-TIMESTAMP-MAP=MPEGTS:1"),), 1)
    moved = moved_captions(segment.encode(), 2**33 - 126_000 + 5).decode()
    assert moved == segment.replace("MPEGTS:126000", "MPEGTS:5")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SRT.replace("00:00:05,500 -->", "00:00:07,500 -->"), "line 6: the caption ends before it begins"),
        (SRT.replace("00:00:05,500", "5 giây"), "line 6: a time such as"),
        (SRT.replace("c.\n\n2", "c.\n2"), "line 2: an empty line is missing"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\n", "line 2: the caption has no text"),
        ("WEBVTT\n\n", "line 1: there is no caption in it"),
        ("%PDF-1.7 nothing", "line 1: a time such as"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, told: str) -> None:
    assert f"bài 1.srt, {told}" in problems(text)[0]


def test_every_wrong_line_is_named_at_once() -> None:
    text = SRT.replace(" --> ", " -> ")
    assert [problem.partition(":")[0] for problem in problems(text)] == [
        "bài 1.srt, line 2",
        "bài 1.srt, line 6",
    ]


def test_a_caption_behind_the_end_of_the_lesson_is_refused() -> None:
    assert (
        "line 6: the caption begins after the lesson’s end at 00:00:05.000"
        in problems(SRT, length_ms=5000)[0]
    )


def test_captions_are_found_by_the_name_of_the_recording(tmp_path: Path) -> None:
    names = ["Bài 1.srt", "Bài 1.en.vtt", "Bài 1.en.srt", "Bài 10.vi.srt", "Bài 1.ghi chú.srt", "Bài 1.txt"]
    for name in names:
        (tmp_path / name).write_text(VTT if name.endswith("vtt") else SRT, encoding="utf-8")
    found = [file.name for file in captions_beside(tmp_path / "Bài 1.mp4")]
    assert found == ["Bài 1.en.vtt", "Bài 1.srt"]
    tracks = read_captions(tmp_path / "Bài 1.mp4", length_ms=90_000)
    assert [(track.language, len(track.cues)) for track in tracks] == [("en", 1), ("vi", 2)]


def test_text_in_another_encoding_is_read_or_refused_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT, encoding="utf-16")
    assert read_captions(tmp_path / "a.mp4", length_ms=90_000)[0].cues[0].start_ms == 1000
    (tmp_path / "a.srt").write_bytes(SRT.encode("utf-8").replace("Câu".encode(), b"C\xe2u"))
    with pytest.raises(BadInput) as caught:
        read_captions(tmp_path / "a.mp4", length_ms=90_000)
    assert "a.srt, line 7: it is not UTF-8" in str(caught.value.problems[0])


def test_captions_belong_to_a_name_however_it_is_encoded(tmp_path: Path) -> None:
    """Macs and archives write Vietnamese letters decomposed; Windows users write the language in capitals."""
    recording = tmp_path / "Bài 7 Tiếng Việt.mp4"
    recording.touch()
    decomposed = unicodedata.normalize("NFD", "Bài 7 Tiếng Việt")
    for name in (f"{decomposed}.srt", f"{decomposed}.EN.srt"):
        (tmp_path / name).write_text("1\n00:00:00,000 --> 00:00:01,000\nXin chào\n", encoding="utf-8")
    assert [track.language for track in read_captions(recording, length_ms=2000)] == ["en", "vi"]
