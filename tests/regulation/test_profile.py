"""Regulation profiles as data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from delivery.errors import ConfigError
from delivery.regulation.profile import load_profile, profile_names, read_profile

TEXT = (resources.files("delivery.regulation") / "profiles" / "VN-2024.toml").read_text(encoding="utf-8")


def test_vn_2024_holds_the_values_of_the_source_documents() -> None:
    profile = load_profile("VN-2024")
    assert profile.admitted_after == date(2024, 2, 12)
    assert [(b.letter, b.floor, b.points) for b in profile.grading.letters] == [
        ("A", Decimal("8.5"), Decimal(4)),
        ("B", Decimal("7.0"), Decimal(3)),
        ("C", Decimal("5.5"), Decimal(2)),
        ("D", Decimal("4.0"), Decimal(1)),
        ("F", Decimal(0), Decimal(0)),
    ]
    assert profile.grading.online_weight_max == 50


def test_a_threshold_changes_with_the_file_and_no_code() -> None:
    raised = read_profile(TEXT.replace('floor = "4.0"', 'floor = "4.5"'), source="x")
    assert raised.grading.letters[3].floor == Decimal("4.5")


def test_a_bad_profile_names_key_and_reason() -> None:
    with pytest.raises(ConfigError, match="scale_max"):
        read_profile(TEXT.replace("scale_max", "scale_top"), source="own.toml")
    with pytest.raises(ConfigError, match="highest floor"):
        read_profile(TEXT.replace('floor = "7.0"', 'floor = "9.0"'), source="own.toml")
    with pytest.raises(ConfigError, match=r"own\.toml"):
        read_profile("grading = [", source="own.toml")
    with pytest.raises(ConfigError, match="VN-1900"):
        load_profile("VN-1900")
    assert profile_names() == ["VN-2024", "VN-2026"]
