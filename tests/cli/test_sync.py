"""``tuxa sync`` from the shell: two homes that become one record."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.cli.main import main as tuxa_command
from tests.network.sync.sites import free_address, until


def tuxa(home: Path, *words: str) -> list[str]:
    return ["--home", str(home), "--lang", "en", *words]


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, str]:
    code = tuxa_command(tuxa(home, *words))
    return code, capsys.readouterr().out


def test_two_homes_are_joined_and_brought_in_sync_from_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main, partner = tmp_path / "main", tmp_path / "partner"
    assert run(capsys, main, "init")[0] == 0
    assert run(capsys, partner, "init")[0] == 0
    assert run(capsys, main, "sync", "invite", "P1")[0] == 1, "it does not say where it listens"
    (main / "tuxa.toml").write_text(f'sync_listen = "{free_address()}"\n')
    code, out = run(capsys, main, "sync", "invite", "P1", "--json")
    assert code == 0
    line = json.loads(out)["invitation"]
    process = subprocess.Popen(
        [sys.executable, "-m", "delivery.cli.main", *tuxa(main, "sync", "run")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert run(capsys, partner, "sync", "join", line)[0] == 0
        assert run(capsys, partner, "sync", "run", "--once", "--seconds", "60")[0] == 0
        code, out = run(capsys, partner, "sync", "status", "--json")
        (site,) = json.loads(out)["sites"]
        assert (code, site["site"], site["facts_behind"], site["error"]) == (0, "MAIN", 0, None)
        assert site["last_contact"]
        until(lambda: "P1/all" in run(capsys, main, "sync", "status", "--json")[1])
        assert run(capsys, main, "sync", "revoke", "P1", "--reason", "contract ended")[0] == 0
        assert "revoked" in run(capsys, main, "sync", "status")[1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    for home in (main, partner):
        assert run(capsys, home, "record", "verify")[0] == 0
    assert run(capsys, partner, "sync", "invite", "P2")[0] == 1


def test_a_bad_invitation_and_a_bad_file_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, tmp_path / "home", "init")[0] == 0
    for words in (
        ("sync", "join", "rubbish"),
        ("sync", "import", str(tmp_path / "none")),
        ("sync", "run"),
        ("sync", "rotate"),
        ("restore", str(tmp_path / "none")),
    ):
        assert tuxa_command(tuxa(tmp_path / "home", *words)) == 1
        assert "Traceback" not in capsys.readouterr().err
