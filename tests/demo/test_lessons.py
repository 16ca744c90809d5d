"""The sample term's recordings are made on the spot, and ingest takes them like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.probe import probe
from delivery.demo import lessons
from delivery.demo.lesson_texts import LESSONS, LessonText
from delivery.demo.lessons import make_lessons


def short(text: LessonText) -> LessonText:
    return replace(text, slides=text.slides[:1])


def test_there_are_three_television_and_two_radio_lessons() -> None:
    assert [text.kind for text in LESSONS] == ["tv", "tv", "tv", "radio", "radio"]


def test_a_lesson_is_at_least_as_long_as_asked_for() -> None:
    assert sum(lessons._lengths([3.0, 4.0], least_s=62)) >= 62
    assert lessons._lengths([50.03, 40.0], least_s=62) == [50.8, 40.7]


def test_lessons_are_ordinary_recordings_and_the_same_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "LEAST_S", 0.0)
    texts = [short(LESSONS[0]), short(LESSONS[3])]
    made = [make_lessons(tmp_path / name, ffmpeg=find_ffmpeg(), texts=texts) for name in ("a", "b")]
    assert [file.name for file in made[0].values()] == ["TVTH-TV1.mp4", "TVTH-PT1.m4a"]
    for first, second in zip(made[0].values(), made[1].values(), strict=True):
        assert first.read_bytes() == second.read_bytes()
    video = probe(made[0]["TVTH-TV1"], "tv").video
    assert video is not None
    assert (video.width, video.height) == (1280, 720)
    assert probe(made[0]["TVTH-PT1"], "radio").duration_s > 8
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == ["TVTH-PT1.m4a", "TVTH-TV1.mp4"]
