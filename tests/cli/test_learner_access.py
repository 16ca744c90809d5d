"""``tuxa access`` from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.app import App
from delivery.cli.main import main
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import Settings
from delivery.store.portal_sessions import Session


@pytest.fixture
def tuxa(tmp_path: Path) -> App:
    """A prepared home with one learner."""
    app = App(Settings(home=tmp_path))
    app.init()
    learner = app.keys.learner_id("SV001")
    kind = FactKind.LEARNER_REGISTERED
    data = {"cohort": "K1", "site": "MAIN"}
    now = to_micros(app.clock.now())
    app.facts.append(
        [Draft(fact_id(kind, learner), kind, now, "clerk", data, audience="MAIN", learner=learner)]
    )
    app.close()
    return app


def sign_in(tuxa: App, pin: str) -> bool:
    return isinstance(tuxa.credentials.sign_in("SV001", pin), Session)


def test_a_pin_is_printed_once_and_opens_the_portal_until_access_is_revoked(
    tuxa: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path), "access", "pin", "SV001"]) == 0
    pin = capsys.readouterr().out.splitlines()[0]
    assert sign_in(tuxa, pin)
    assert main(["--home", str(tmp_path), "access", "revoke", "SV001", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"learner": "SV001", "sessions_ended": 1}
    assert not sign_in(tuxa, pin)


def test_an_unknown_learner_is_refused_with_what_to_do(
    tuxa: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path), "--lang", "en", "access", "pin", "SV999"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "SV999" in said.err
    assert "→" in said.err
