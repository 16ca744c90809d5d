"""House formats are read strictly."""

from __future__ import annotations

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
    assert "radio-aac, tv720p25" in str(caught.value.do)
