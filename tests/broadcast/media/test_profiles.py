"""House formats are read strictly."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from delivery.broadcast.media.profiles import DEFAULT_PROFILES, load_profile, load_profiles, parse_profile
from delivery.errors import ConfigError
from tests.broadcast.media.media_samples import SMALL_TV


def test_the_shipped_profiles_are_the_default_of_each_kind() -> None:
    profiles = load_profiles()
    assert {kind: profiles[name].kind for kind, name in DEFAULT_PROFILES.items()} == {
        "tv": "tv",
        "radio": "radio",
    }


def test_the_television_ladder_has_three_sizes_and_sound_alone() -> None:
    rungs = load_profile("tv720p25").rungs
    assert [(rung.name, rung.picture.height if rung.picture else 0) for rung in rungs] == [
        ("720p", 720),
        ("480p", 480),
        ("240p", 240),
        ("audio", 0),
    ]


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('kind = "tv"', 'kind = "cinema"', "kind", "one of tv, radio"),
        ("version = 1", "version = 0", "version", "whole number from 1"),
        ("version = 1\n", "", "version", "missing"),
        ("target_lufs = -23.0", 'target_lufs = "loud"', "loudness.target_lufs", "number from -40.0"),
        ("width = 256", "width = 257", "rung[1].width", "even"),
        ("crf = 28", "crf = 28\ncrv = 2", "rung[2].crv", "not known"),
        ('name = "low"', 'name = "top"', "rung.name", "same name"),
        ('kind = "tv"', 'kind = "radio"', "rung[1].width", "not known"),
        ('level = "2.1"', 'level = "9"', "rung[1].level", "one of 1.1"),
        ("crf = 26", 'crf = 26\npixel_aspect = "wide"', "rung[1].pixel_aspect", "a ratio such as"),
        ("width = 128", "width = 96", "rung", "same shape"),
        ('kind = "tv"', 'kind = "tv"\ncodec = "mp3"', "codec", "share no tick"),
        ('rung = "top"', 'rung = "audio"', "transmitter.rung", "no rung of this name"),
        ("audio_kbps = 64, packets", "audio_kbps = 192, packets", "transmitter.audio_kbps", "at most 1"),
        ("packets_per_tick = 240", "packets_per_tick = 160", "transmitter.packets_per_tick", "too few"),
        ("buffer_kbit = 130", "buffer_kbit = 400", "transmitter.packets_per_tick", "its buffer_kbit 1"),
        ("bframes = 2", "bframes = 4", "video.bframes", "from 0 to 3"),
    ],
)
def test_a_bad_profile_names_key_and_reason(old: str, new: str, key: str, reason: str) -> None:
    text = SMALL_TV.replace(old, new, 1)
    with pytest.raises(ConfigError) as caught:
        parse_profile(text, source="small.toml")
    message = str(caught.value)
    assert "small.toml" in message
    assert f"“{key}”" in message
    assert reason in message


def test_a_profile_that_is_not_toml_is_refused_with_the_line() -> None:
    with pytest.raises(ConfigError, match=r"small\.toml.*line 1"):
        parse_profile("name = \n", source="small.toml")


def test_an_institutions_own_profile_wins_over_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "tv720p25.toml").write_text(SMALL_TV.replace('"small"', '"tv720p25"'), encoding="utf-8")
    assert load_profile("tv720p25", [tmp_path]).rungs[0].name == "top"


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile("imax")
    assert "radio-aac, radio-mp3, tv576p25, tv720p25" in str(caught.value.do)


@pytest.mark.parametrize("name", ["tv720p25", "tv576p25"])
def test_a_television_profile_has_a_transmitter_rendition_and_a_radio_twin(name: str) -> None:
    profile = load_profile(name)
    assert profile.transmitter is not None
    assert profile.rung(profile.transmitter.rung).picture == profile.pictures[0].picture
    assert profile.transmitter.bit_rate == profile.transmitter.packets_per_tick * 4700
    assert profile.twin is not None
    assert profile.twin.kind == "radio"


def test_standard_definition_is_sixteen_to_nine_in_dvbs_own_pixels() -> None:
    top = load_profile("tv576p25").pictures[0].picture
    assert top is not None
    assert (top.width, top.height, top.aspect) == (720, 576, Fraction(16, 9))


def test_a_twin_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = SMALL_TV.replace('kind = "tv"', 'kind = "tv"\ntwin = "radio-fm"')
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"twin.*radio-fm.*is not a radio profile"):
        load_profile("small", [tmp_path])


def test_an_mp3_bit_rate_must_be_one_that_mp3_has() -> None:
    text = """
name = "fm"
version = 1
kind = "radio"
codec = "mp3"
loudness = { target_lufs = -23.0, max_true_peak_dbtp = -1.0 }
[[rung]]
name = "audio"
audio_kbps = 100
"""
    with pytest.raises(ConfigError, match=r"rung\[1\]\.audio_kbps.*32, 40, 48"):
        parse_profile(text, source="fm.toml")


def test_every_key_is_explained_in_the_page_of_profiles() -> None:
    page = (Path(__file__).parents[3] / "docs" / "media-profiles.md").read_text(encoding="utf-8")
    shipped = [file.read_text(encoding="utf-8") for file in Path("media_profiles").glob("*.toml")]
    keys = {line.partition("=")[0].strip() for text in shipped for line in text.splitlines() if " = " in line}
    keys = {key for key in keys if not key.startswith("#")}
    assert len(keys) > 15
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
