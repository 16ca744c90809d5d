"""A lesson with all that belongs to it: captions, radio version, thumbnails; gone on with after a kill; rot found."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from delivery.app import App
from delivery.broadcast.asset import Asset
from delivery.broadcast.media import conform as conforming
from delivery.broadcast.media.ffmpeg import Stopped
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import Profile, load_profile, parse_profile
from delivery.broadcast.media.result import Result
from delivery.broadcast.media.rot import verify_library
from delivery.broadcast.media.thumbnails import lay_sheets, thumbnail_track
from delivery.catalogue.kinds import DeliveryMode
from delivery.store.media import MediaStore
from tests.broadcast.media.media_samples import SMALL_TV, SPEECHLIKE, moving, record, small_tv
from tests.broadcast.media.test_ingest import LESSON, ingest_into, ingested, leftovers

SRT = "1\n00:00:00,500 --> 00:00:01,500\nXin chào\n"


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(
        tmp_path_factory.mktemp("clips") / "Bài 1.mkv", video=moving("25"), audio=SPEECHLIKE, seconds=1.6
    )


def with_twin(codec: str = "radio-aac") -> Profile:
    return replace(small_tv(), twin_name=codec, twin=load_profile(codec))


def add(tuxa: App, executor: Executor, file: Path, profile: Profile | None = None) -> Result:
    pairs = [(file, LESSON)]
    house = profile or small_tv()
    (result,) = ingest_into(tuxa).add(pairs, profile=house, executor=executor, actor="KT01")
    return result


def asset_of(result: Result) -> Asset:
    assert result.asset is not None, [str(problem) for problem in result.problems]
    return result.asset


def test_captions_beside_the_recording_become_part_of_the_lesson(
    tuxa: App, executor: Executor, clip: Path, tmp_path: Path
) -> None:
    file = tmp_path / "Bài 1.mkv"
    file.write_bytes(clip.read_bytes())
    plain = asset_of(add(tuxa, executor, file))
    tuxa.clock.advance(60)  # type: ignore[attr-defined]
    (tmp_path / "Bài 1.en.srt").write_text(SRT, encoding="utf-8")
    told = add(tuxa, executor, file)
    captioned = asset_of(told)
    # Another content, that needs another approval, but not one picture was encoded for it.
    assert captioned.id != plain.id
    assert captioned.content != plain.content
    assert captioned.renditions == plain.renditions
    assert [(c.language, len(c.segments), c.cues) for c in captioned.captions] == [("en", 1, 1)]
    assert b"Xin ch\xc3\xa0o" in tuxa.blobs.get(captioned.captions[0].segments[0])
    assert told.to_json()["captions"] == [{"language": "en", "cues": 1}]
    lesson = MediaStore(tuxa.database).lesson_of(LESSON.material)
    assert lesson is not None
    assert (lesson.asset, lesson.content) == (captioned.id, captioned.content)
    assert ingested(tuxa) == [plain.id, captioned.id]
    assert asset_of(add(tuxa, executor, file)).id == captioned.id


def test_wrong_captions_are_refused_with_their_line(
    tuxa: App, executor: Executor, clip: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.mkv"
    file.write_bytes(clip.read_bytes())
    (tmp_path / "a.srt").write_text(SRT.replace("01,500", "xx"), encoding="utf-8")
    result = add(tuxa, executor, file)
    assert result.verdict == "refused"
    assert "a.srt, line 2" in str(result.problems[0])
    assert ingested(tuxa) == []


@pytest.mark.parametrize(("codec", "ticks"), [("radio-aac", 5), ("radio-mp3", 6)])
def test_the_radio_version_of_a_television_lesson_comes_with_it(
    codec: str, ticks: int, tuxa: App, executor: Executor, clip: Path
) -> None:
    lesson = asset_of(add(tuxa, executor, clip, with_twin(codec)))
    twin = Library(tuxa.database, tuxa.blobs, clock=tuxa.clock).get(lesson.twin)
    assert (twin.kind, twin.profile, twin.ticks, twin.source) == ("radio", codec, ticks, lesson.source)
    assert twin.loudness_lufs == pytest.approx(-23, abs=0.5)
    # The same recording, added for the radio later, is known.
    known = asset_of(add(tuxa, executor, clip, load_profile(codec)))
    assert known.id == twin.id


def test_poster_and_thumbnails_show_the_lesson(tuxa: App, executor: Executor, tmp_path: Path) -> None:
    """Black for the first segment, white for the second."""
    picture = "color=0x303030:s=320x180:r=25,drawbox=c=white:t=fill:enable='gte(t,5.76)'"
    file = record(tmp_path / "a.mkv", video=picture, audio=SPEECHLIKE, seconds=7)
    asset = asset_of(add(tuxa, executor, file))
    poster = Image.open(io.BytesIO(tuxa.blobs.get(asset.poster)))
    assert poster.size == (640, 360)
    assert asset.thumbnails is not None
    (sheet,) = asset.thumbnails.sheets
    strip = Image.open(io.BytesIO(tuxa.blobs.get(sheet))).convert("L")
    track = tuxa.blobs.get(asset.thumbnails.track).decode()
    boxes = [tuple(map(int, found)) for found in re.findall(r"#xywh=(\d+),(\d+),(\d+),(\d+)", track)]
    assert len(boxes) == 2
    light = [strip.getpixel((x + w // 2, y + h // 2)) for x, y, w, h in boxes]
    assert light[0] < 80 < 200 < light[1]  # type: ignore[operator]


def test_thumbnails_are_laid_row_by_row_and_go_on_on_the_next_sheet(tmp_path: Path) -> None:
    files = [tmp_path / f"{number:03}.jpg" for number in range(102)]
    for number, file in enumerate(files):
        Image.new("L", (160, 90), 50 + 2 * number).save(file, quality=95)
    first, second = lay_sheets(files, tmp_path / "sheet-%d.jpg")
    with Image.open(first) as full, Image.open(second) as begun:
        assert full.size == begun.size == (1600, 900)
        lights = [
            full.convert("L").getpixel((80 + 160 * x, 45 + 90 * y)) for y in range(10) for x in range(10)
        ]
        assert lights == pytest.approx([50 + 2 * number for number in range(100)], abs=1)
        assert begun.convert("L").getpixel((240, 45)) == pytest.approx(252, abs=1)
        assert begun.convert("L").getpixel((400, 45)) == 0


def test_the_track_of_thumbnails_goes_on_from_sheet_to_sheet() -> None:
    lines = thumbnail_track(18 * 101 + 5, ["a.jpg", "b.jpg"]).splitlines()
    assert lines[3] == "a.jpg#xywh=0,0,160,90"
    assert lines[lines.index("00:01:03.360 --> 00:01:09.120") + 1] == "a.jpg#xywh=160,90,160,90"
    assert lines[-2:] == ["00:09:41.760 --> 00:09:43.360", "b.jpg#xywh=160,0,160,90"]
    assert lines.count("") == 102


def test_what_was_encoded_before_a_kill_is_not_encoded_again(
    tuxa: App, executor: Executor, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job ends between encoding and cutting; the same command goes on from there."""
    encoded: list[int] = []
    real_run, real_cut = conforming.Runner.run, conforming.cut_ladder

    def counting(self: conforming.Runner, outputs: list[object], *rest: object, **options: object) -> str:
        encoded.append(len(outputs))
        return real_run(self, outputs, *rest, **options)  # type: ignore[arg-type]

    def killed(*_: object, **__: object) -> None:
        raise Stopped("killed")

    monkeypatch.setattr(conforming.Runner, "run", counting)
    monkeypatch.setattr(conforming, "cut_ladder", killed)
    assert add(tuxa, executor, clip).verdict == "refused"
    passes = len(encoded)
    assert passes >= 1
    monkeypatch.setattr(conforming, "cut_ladder", real_cut)
    asset_of(add(tuxa, executor, clip))
    assert len(encoded) == passes
    assert leftovers(tuxa) == []


def test_what_a_kill_left_half_written_is_made_again(
    tuxa: App, executor: Executor, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Stopped("killed")

    real_cut = conforming.cut_ladder
    monkeypatch.setattr(conforming, "cut_ladder", killed)
    add(tuxa, executor, clip)
    (picture,) = (tuxa.settings.home / "work" / "ingest").rglob("picture-top.ts")
    data = picture.read_bytes()
    # Of the right size, but with a hole where the power went.
    picture.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    monkeypatch.setattr(conforming, "cut_ladder", real_cut)
    asset_of(add(tuxa, executor, clip))


def test_rot_is_found_and_names_the_lesson(tuxa: App, executor: Executor, clip: Path) -> None:
    asset = asset_of(add(tuxa, executor, clip))
    library = Library(tuxa.database, tuxa.blobs, clock=tuxa.clock)
    assert verify_library(library).rot == ()
    assert asset.transmitter is not None
    altered = tuxa.blobs.local_path(asset.transmitter.segments[0].blob)
    missing = tuxa.blobs.local_path(asset.renditions[1].segments[0].blob)
    assert altered is not None
    assert missing is not None
    data = bytearray(altered.read_bytes())
    data[1000] ^= 1
    altered.write_bytes(data)
    missing.unlink()
    found = verify_library(library).rot
    assert [(rot.part, str(rot.problem)) for rot in found] == [
        ("low/00000", "missing"),
        ("transmitter/00000", "altered"),
    ]
    assert {row.material for rot in found for row in rot.lessons} == {LESSON.material}
    report = MediaStore(tuxa.database).jobs()[0].result["report"]
    kept = tuxa.blobs.local_path(report)
    assert kept is not None
    kept.write_bytes(b"{}")
    assert ("report", "altered") in [(rot.part, str(rot.problem)) for rot in verify_library(library).rot]


def test_another_encoding_of_the_same_recording_needs_another_approval(
    tuxa: App, executor: Executor, clip: Path
) -> None:
    """TX-4.3c: encoding again changes the content, and voids the approval until it is confirmed."""
    first = asset_of(add(tuxa, executor, clip))
    tuxa.materials.appraise(LESSON.material, content=first.content, minutes="BB-1", actor="HD01")
    tuxa.materials.approve(
        LESSON.material,
        content=first.content,
        modes=(DeliveryMode.BROADCAST,),
        decision="QĐ-1",
        signer="QL01",
        author="GV01",
    )
    tuxa.clock.advance(60)  # type: ignore[attr-defined]
    coarser = SMALL_TV.replace("crf = 26", "crf = 34").replace("version = 1", "version = 2")
    second = asset_of(add(tuxa, executor, clip, parse_profile(coarser, source="small.toml")))
    lesson = MediaStore(tuxa.database).lesson_of(LESSON.material)
    assert lesson is not None
    assert lesson.content == second.content != first.content
    approved = tuxa.materials.approved
    assert approved(LESSON.material, content=first.content, mode=DeliveryMode.BROADCAST)
    assert not approved(LESSON.material, content=lesson.content, mode=DeliveryMode.BROADCAST)
