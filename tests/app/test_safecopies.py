"""Safe copies: made while work goes on, encrypted, small the second time, and restored on a clean machine."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from delivery.app import App
from delivery.app.safecopies import back_up, chain_of, drill, read_recovery, recovery_text, restore
from delivery.cli.main import main as tuxa_command
from delivery.errors import BadInput, NotFound, Refused
from delivery.store.audit import audit
from tests.store.test_factlog import registered, took_part

NAME = "Đặng Thị Mười Một"


def fresh(app: App, home: Path) -> App:
    return App(replace(app.settings, home=home, database=""), app.clock, app.ids)


def dump(app: App) -> list[str]:
    """Everything that is told, and what is read beside it."""
    out = [str(fact) for fact in app.facts.select()]
    return [*out, *(str(app.vault.profile(ref.id)) for ref in app.learners.all())]


def test_a_home_lives_again_on_a_clean_machine_from_a_copy_and_its_continuation(
    any_tuxa: App, tmp_path: Path
) -> None:
    app = any_tuxa
    app.facts.append([registered(app, name=NAME), *(took_part(app, n) for n in range(2500))])
    image = app.blobs.put(b"scan" * 400_000)
    first = back_up(app, tmp_path / "1.tuxa")
    app.facts.append(took_part(app, n) for n in range(2500, 2600))
    later = app.blobs.put(b"later")
    second = back_up(app, tmp_path / "2.tuxa")
    assert not second.recovery_key
    assert second.size < first.size / 5
    for file in ("1.tuxa", "2.tuxa"):
        raw = (tmp_path / file).read_bytes()
        assert NAME.encode() not in raw
        assert b"scan" * 10 not in raw
    secret = read_recovery(first.recovery_key)
    assert drill(app, tmp_path / "2.tuxa", secret=secret).problems == 0
    clean = fresh(app, tmp_path / "clean")
    done = restore(clean, tmp_path / "2.tuxa", secret=secret)
    assert (done.facts, done.problems) == (2601, 0)
    again = fresh(app, tmp_path / "clean")
    assert dump(again) == dump(app)
    assert again.blobs.get(image) == b"scan" * 400_000
    assert again.blobs.get(later) == b"later"
    assert again.keys.public == app.keys.public
    assert audit(again.database, again.vault, again.blobs, deep=True) == ()
    again.facts.append([took_part(again, 9000)])
    assert again.facts.verify().ok
    again.close()


def test_a_copy_made_while_facts_are_told_is_of_one_moment(sqlite_tuxa: App, tmp_path: Path) -> None:
    stop = threading.Event()

    def tell() -> None:
        number = 0
        while not stop.is_set():
            sqlite_tuxa.facts.append(took_part(sqlite_tuxa, number + n) for n in range(5))
            number += 5

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        made = back_up(sqlite_tuxa, tmp_path / "1.tuxa")
    finally:
        stop.set()
        teller.join()
    done = drill(sqlite_tuxa, tmp_path / "1.tuxa", secret=read_recovery(made.recovery_key))
    assert done.problems == 0
    assert done.facts % 5 == 0


def test_nothing_is_restored_from_a_copy_that_is_cut_off_altered_alone_or_for_another_key(
    sqlite_tuxa: App, tmp_path: Path
) -> None:
    app = sqlite_tuxa
    app.facts.append(took_part(app, n) for n in range(50))
    made = back_up(app, tmp_path / "1.tuxa")
    secret = read_recovery(made.recovery_key)
    raw = (tmp_path / "1.tuxa").read_bytes()
    home = tmp_path / "new"
    for number, bad in enumerate((raw[:-1], raw[: len(raw) // 2], raw[:-40] + b"x" + raw[-39:], raw + b"x")):
        (tmp_path / f"bad{number}").write_bytes(bad)
        with pytest.raises(BadInput):
            restore(fresh(app, home), tmp_path / f"bad{number}", secret=secret)
    with pytest.raises(BadInput):
        restore(fresh(app, home), tmp_path / "1.tuxa", secret=bytes(32))
    back_up(app, tmp_path / "2.tuxa")
    (tmp_path / "1.tuxa").rename(tmp_path / "elsewhere")
    with pytest.raises(NotFound, match=r"continues the copy 1\.tuxa"):
        chain_of(tmp_path / "2.tuxa")
    with pytest.raises(Refused, match="not empty"):
        restore(app, tmp_path / "elsewhere", secret=secret)
    assert not home.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_a_recovery_key_survives_paper_and_a_slip_is_noticed() -> None:
    secret = bytes(range(32))
    text = recovery_text(secret)
    assert read_recovery(text.lower().replace("-", " ")) == secret
    with pytest.raises(BadInput):
        read_recovery(text[:-1] + ("A" if text[-1] != "A" else "B"))


def test_the_commands_tell_the_key_once_and_drill_a_copy(
    sqlite_tuxa: App, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(sqlite_tuxa.settings.home), "--lang", "en"]
    assert tuxa_command([*home, "backup", str(tmp_path / "1.tuxa")]) == 0
    shown = capsys.readouterr().out
    key = next(line.strip() for line in shown.splitlines() if "TUXA-R1" in line)
    assert tuxa_command([*home, "backup", str(tmp_path / "1.tuxa")]) == 1
    assert tuxa_command([*home, "backup", str(tmp_path / "2.tuxa")]) == 0
    assert "TUXA-R1" not in capsys.readouterr().out
    monkeypatch.setenv("TUXA_RECOVERY_KEY", key)
    assert tuxa_command([*home, "restore", str(tmp_path / "2.tuxa"), "--drill"]) == 0
    assert "0 problems" in capsys.readouterr().out
    elsewhere = ["--home", str(tmp_path / "new"), "--lang", "en"]
    assert tuxa_command([*elsewhere, "restore", str(tmp_path / "2.tuxa"), "--json"]) == 0
    assert tuxa_command([*elsewhere, "record", "verify"]) == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from delivery.app import App
from delivery.app import safecopies
from delivery.settings import load_settings

home, file, what, secret = sys.argv[1:]
app = App(load_settings(Path(home), environ={}))
seal, verify = safecopies.seal_stream, safecopies.migrate.upgrade

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

if what == "backup":
    def cut(*args, **more):
        yield next(iter(seal(*args, **more)))
        die()
    safecopies.seal_stream = cut
    safecopies.back_up(app, Path(file))
else:
    # The keys lie there open by now.
    safecopies.audit = die
    work = getattr(safecopies, what)
    work(app, Path(file), secret=bytes.fromhex(secret))
"""


@pytest.mark.parametrize("what", ["backup", "restore", "drill"])
def test_what_a_killed_run_left_is_gone_with_the_next_one(
    sqlite_tuxa: App, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, copies, scratch = sqlite_tuxa, tmp_path / "copies", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    app.facts.append(took_part(app, n) for n in range(50))
    secret = read_recovery(back_up(app, copies / "1.tuxa").recovery_key)
    places = [copies, scratch, tmp_path]
    home = app.settings.home if what != "restore" else tmp_path / "new"
    before = {path for place in places for path in place.iterdir()}
    target = copies / ("2.tuxa" if what == "backup" else "1.tuxa")
    command = [sys.executable, "-c", KILLED, str(home), str(target), what, secret.hex()]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    left = {path for place in places for path in place.iterdir()} - before
    assert len(left) == 1, "something was left, or the test proves nothing"
    if what == "backup":
        back_up(app, target)
        assert drill(app, target, secret=secret).problems == 0
    elif what == "restore":
        assert restore(fresh(app, home), target, secret=secret).problems == 0
    else:
        assert drill(app, target, secret=secret).problems == 0
    assert not any(path.exists() for path in left)


def test_two_copies_at_once_are_refused(sqlite_tuxa: App, tmp_path: Path) -> None:
    folder = sqlite_tuxa.settings.home / "backup"
    folder.mkdir()
    with FileLock(folder / ".lock"), pytest.raises(Refused, match="being made already"):
        back_up(sqlite_tuxa, tmp_path / "1.tuxa")
    back_up(sqlite_tuxa, tmp_path / "1.tuxa")
