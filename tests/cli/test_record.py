"""``tuxa record verify`` from the shell: what was changed is named, and what to do about it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from delivery.app import App
from delivery.cli.main import main
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import Settings


@pytest.fixture
def learner(tmp_path: Path) -> str:
    """A learner of a prepared home; the id of the fact that registered them."""
    app = App(Settings(home=tmp_path))
    app.init()
    learner = app.keys.learner_id("SV001")
    kind = FactKind.LEARNER_REGISTERED
    data = {"cohort": "K1", "site": "MAIN"}
    fact = str(fact_id(kind, learner))
    app.facts.append(
        [
            Draft(
                fact_id(kind, learner),
                kind,
                to_micros(app.clock.now()),
                "clerk",
                data,
                audience="MAIN",
                learner=learner,
            )
        ]
    )
    app.close()
    return fact


def verify(home: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["--home", str(home), "--lang", "en", "record", "verify", *options])
    return code, capsys.readouterr().out


def change(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "tuxa.sqlite")) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def test_one_changed_byte_of_a_fact_is_named_with_exit_1(
    learner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = verify(tmp_path, capsys, "--json")
    assert (code, json.loads(printed)["ok"], json.loads(printed)["problems"]) == (0, True, [])
    change(tmp_path, f"UPDATE fact SET content = replace(content, 'K1', 'K2') WHERE id = '{learner}'")
    code, printed = verify(tmp_path, capsys, "--json")
    problems = json.loads(printed)["problems"]
    assert code == 1
    assert ("altered", learner) in {(problem["problem"], problem["fact"]) for problem in problems}
    code, printed = verify(tmp_path, capsys)
    assert code == 1
    assert learner in printed
    assert "restore the last backup" in printed


def test_a_changed_table_for_fast_reading_is_found_and_rebuilding_mends_it(
    learner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(tmp_path, "UPDATE learner SET cohort = 'K9'")
    code, printed = verify(tmp_path, capsys)
    assert code == 1
    assert "tuxa record rebuild" in printed
    assert "restore" not in printed
    assert main(["--home", str(tmp_path), "record", "rebuild"]) == 0
    assert verify(tmp_path, capsys)[0] == 0
