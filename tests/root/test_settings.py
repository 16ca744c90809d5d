"""Settings: flags before environment before file before default; and words for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import N_, BadInput, ConfigError, Message
from delivery.i18n import Translator
from delivery.settings import load_settings


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "tuxa.toml").write_text('port = 1000\nlang = "en"\nsite = "BN"\n', encoding="utf-8")
    settings = load_settings(tmp_path, environ={"TUXA_PORT": "2000", "TUXA_LANG": "vi"}, lang="en")
    assert (settings.port, settings.lang, settings.site) == (2000, "en", "BN")
    assert settings.database_url == f"sqlite:///{tmp_path.resolve() / 'tuxa.sqlite'}"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "prot"),
        ('port = "x"', "port"),
        ('lang = "fr"', "fr"),
        ("port = ", "tuxa.toml"),
    ],
)
def test_a_wrong_settings_file_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "tuxa.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=named) as caught:
        load_settings(tmp_path, environ={})
    assert caught.value.exit_code == 2


def test_an_error_speaks_both_languages_lists_every_problem_and_says_what_to_do() -> None:
    error = BadInput(
        N_("No learner has the code “{code}”."),
        do=N_("Check the student code, or import the roster that contains it."),
        problems=(Message("late"),),
        code="X1",
    )
    english, vietnamese = Translator("en").error(error), Translator("vi").error(error)
    assert english.splitlines()[0] == "No learner has the code “X1”."
    assert english.splitlines()[1:] == [
        "  - late",
        "→ Check the student code, or import the roster that contains it.",
    ]
    assert vietnamese.startswith("Không có người học nào mang mã “X1”.")
