"""The keys file: what a person chose is obeyed, and what cannot be is named."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from delivery.errors import BadInput, ConfigError
from delivery.i18n import Translator
from tests.tui.studio import Seat, Studio, sit
from tui.clerk.app import ClerkConsole
from tui.shared.keys import FILE, bindings_of, is_key, read_choices, template
from tui.technician.app import TechnicianConsole

KNOWN = bindings_of(TechnicianConsole.PARTS)


def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        'theme = "rosa"\nfarbe = 1\n[keys]\n"air.skip" = "ctlr+x"\n"air.fly" = "y"\n"air.hold" = 7\n"air.undo" = "b"\n'
    )
    with pytest.raises(BadInput) as refused:
        read_choices(tmp_path, KNOWN)
    told = [str(problem) for problem in refused.value.problems]
    for expected in ("theme “rosa”", "“farbe”", "“air.skip”: “ctlr+x”", "“air.fly”", "“air.hold”"):
        assert any(expected in one for one in told), (expected, told)
    assert any("“b” is taken by" in one for one in told)
    assert FILE in str(refused.value)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[keys\n")
    with pytest.raises(ConfigError, match="console-keys"):
        read_choices(tmp_path, KNOWN)


def test_without_a_file_the_usual_keys_hold(tmp_path: Path) -> None:
    assert read_choices(tmp_path, KNOWN).keys == {}
    assert read_choices(None, KNOWN).theme == ""


def test_the_template_changes_nothing_and_names_every_command_of_both_consoles(tmp_path: Path) -> None:
    known = bindings_of((*TechnicianConsole.PARTS, *ClerkConsole.PARTS))
    assert {"air.skip", "sheet.pdf", "returns.accept", "preview.open", "envelopes.pairs"} <= set(known)
    text = template(known, Translator("vi"))
    assert tomllib.loads(text) == {"keys": {}}
    (tmp_path / FILE).write_text(text.replace('# "', '"'))
    chosen = read_choices(tmp_path, known).keys
    assert chosen == {name: binding.key for name, binding in known.items()}
    assert all(is_key(key) for keys in chosen.values() for key in keys.split(","))


def test_a_chosen_key_works_is_shown_and_the_usual_one_does_not(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "home")
    (tmp_path / FILE).write_text('theme = "tuxa-light"\nlanguage = "en"\n[keys]\n"air.skip" = "z,f5"\n')

    async def act(seat: Seat) -> None:
        await seat.sees("ON AIR")
        assert seat.app.theme == "tuxa-light"
        await seat.press("s")
        await seat.pilot.pause(0.2)
        assert "channel.preview" not in studio.names()
        await seat.press("z")
        await seat.dialog("Confirm")
        await seat.press("escape", "f1")
        await seat.until(lambda: "z f5" in seat.screen().lower())

    sit(studio, act, choices=read_choices(tmp_path, KNOWN))
