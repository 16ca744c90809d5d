"""CURVE keys in a home, and the book of keys that a daemon lets in."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from delivery.clock import ManualClock, SystemClock
from delivery.errors import ConfigError
from delivery.ids import SeededIds
from delivery.network.bus.keys import (
    DAEMON,
    RECHECK_S,
    AuthorizedKeys,
    authorize,
    bus_dir,
    ensure_bus_keys,
    new_key_pair,
    read_daemon_key,
    read_key_pair,
)


def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_new_home_gets_keys_that_only_its_owner_can_read(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    folder = bus_dir(tmp_path)
    assert read_daemon_key(tmp_path) == read_key_pair(tmp_path, DAEMON).public
    assert folder.stat().st_mode & 0o777 == 0o700
    for secret in folder.glob("*.secret"):
        assert secret.stat().st_mode & 0o777 == 0o600
    assert not list(folder.rglob("*.part"))
    assert "secret" not in repr(read_key_pair(tmp_path, DAEMON))


def test_making_keys_again_changes_nothing(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    before = everything(tmp_path)
    ensure_bus_keys(tmp_path, SeededIds(2))
    assert everything(tmp_path) == before


def test_a_console_that_was_shut_out_stays_out(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    (bus_dir(tmp_path) / "authorized" / "clerk.key").unlink()
    ensure_bus_keys(tmp_path, SeededIds(2))
    assert AuthorizedKeys(tmp_path).holder(read_key_pair(tmp_path, "clerk").public) is None


def test_a_kill_between_entry_and_secret_is_repaired_by_the_next_run(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    (bus_dir(tmp_path) / "clerk.secret").unlink()
    ensure_bus_keys(tmp_path, SeededIds(2))
    holder = AuthorizedKeys(tmp_path).holder(read_key_pair(tmp_path, "clerk").public)
    assert holder is not None
    assert holder.actor == "clerk"


def test_each_console_of_a_new_home_has_its_own_role(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    book = AuthorizedKeys(tmp_path)
    for name in ("technician", "clerk"):
        holder = book.holder(read_key_pair(tmp_path, name).public)
        assert holder is not None
        assert holder.roles == {name}


def test_an_entry_is_noticed_without_a_restart_and_forgotten_when_removed(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    time = clock()
    book = AuthorizedKeys(tmp_path, time)
    pair = new_key_pair(SeededIds(9))
    assert book.holder(pair.public) is None
    entry = authorize(
        tmp_path, "studio-2", public=pair.public, actor="KTV07", roles=["technician", "manager"]
    )
    time.advance(RECHECK_S)
    holder = book.holder(pair.public)
    assert holder is not None
    assert (holder.actor, holder.roles) == ("KTV07", {"technician", "manager"})
    entry.unlink()
    time.advance(RECHECK_S)
    assert book.holder(pair.public) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        orjson.dumps({"public": "short", "actor": "x", "roles": ["clerk"]}),
        orjson.dumps({"public": "é" * 40, "actor": "x", "roles": ["clerk"]}),
        orjson.dumps({"public": "#" * 40, "actor": "x", "roles": ["clerk"]}),
        orjson.dumps({"public": "0" * 40, "actor": "", "roles": ["clerk"]}),
        orjson.dumps({"public": "0" * 40, "actor": "x", "roles": ["king"]}),
        orjson.dumps({"public": "0" * 40, "actor": "x", "roles": [["clerk"]]}),
    ],
)
def test_a_broken_entry_lets_nobody_in_and_shuts_nobody_else_out(tmp_path: Path, content: bytes) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    (bus_dir(tmp_path) / "authorized" / "broken.key").write_bytes(content)
    book = AuthorizedKeys(tmp_path)
    assert book.holder("0" * 40) is None
    assert book.holder(read_key_pair(tmp_path, "clerk").public) is not None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"public": "x", "secret": "y"}'])
def test_a_broken_secret_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    file = bus_dir(tmp_path) / "technician.secret"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"technician\.secret") as refusal:
        read_key_pair(tmp_path, "technician")
    assert "tuxa init" in str(refusal.value.do)


def test_halves_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    ensure_bus_keys(tmp_path, SeededIds(1))
    one, other = new_key_pair(SeededIds(3)), new_key_pair(SeededIds(4))
    file = bus_dir(tmp_path) / "technician.secret"
    file.write_bytes(orjson.dumps({"public": one.public, "secret": other.secret}))
    with pytest.raises(ConfigError, match="secret"):
        read_key_pair(tmp_path, "technician")


def test_a_home_without_keys_says_to_prepare_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"daemon\.public"):
        read_daemon_key(tmp_path)


@pytest.mark.parametrize("name", ["../escape", "", "UPPER", "a/b"])
def test_a_name_that_is_not_a_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        authorize(tmp_path, name, public=new_key_pair(SeededIds(1)).public, actor="x", roles=["clerk"])
