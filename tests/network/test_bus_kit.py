"""A console on another machine: one file lets it in, and it can be shut out again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.app import App
from delivery.app.consoles import build_bus
from delivery.cli.main import main
from delivery.errors import BadInput, ConfigError, NotFound
from delivery.network.bus.address import find_address, publish_address
from delivery.network.bus.client import BusClient, Link
from delivery.network.bus.kit import endpoints, make_kit, read_kit, revoke, write_kit
from tests.network.bus_support import IDS
from tests.network.sync.sites import free_address, make_site


def test_a_console_elsewhere_is_let_in_by_its_file_under_its_own_name_until_it_is_shut_out(
    tmp_path: Path,
) -> None:
    home = make_site(tmp_path / "home", "MAIN")
    listen = free_address()
    app = App(replace(home.settings, bus_listen=listen), home.clock, home.ids)
    kit = make_kit(
        app.settings.keys_dir,
        IDS,
        name="studio-2",
        console="technician",
        roles=["technician"],
        address=listen,
    )
    write_kit(kit, tmp_path / "stick" / "studio-2.json")
    brought = read_kit(tmp_path / "stick" / "studio-2.json")
    assert brought == kit
    assert kit.keys.secret not in repr(kit)
    with build_bus(app) as bus:
        assert bus.address == endpoints(listen)
        client = BusClient(
            brought.keys,
            daemon_key=brought.daemon,
            find=lambda: brought.address,
            clock=app.clock,
            ids=app.ids,
        )
        with client:
            assert client.wait_for(Link.UP, within_s=10)
            assert client.ask("ping")["actor"] == "studio-2"
    app.close()
    home.close()


def test_a_name_is_given_once_and_shutting_out_forgets_it(tmp_path: Path) -> None:
    app = make_site(tmp_path / "home", "MAIN")
    keys = app.settings.keys_dir
    first = make_kit(keys, IDS, name="a", console="clerk", roles=["clerk"], address="tcp://10.0.0.1:8645")
    with pytest.raises(BadInput):
        make_kit(keys, IDS, name="a", console="clerk", roles=["clerk"], address="tcp://10.0.0.1:8645")
    revoke(keys, "a")
    for name in ("a", "../daemon", ""):
        with pytest.raises(NotFound):
            revoke(keys, name)
    again = make_kit(keys, IDS, name="a", console="clerk", roles=["clerk"], address="tcp://10.0.0.1:8645")
    assert again.keys != first.keys
    app.close()


def test_a_station_that_listens_everywhere_is_found_on_its_own_machine(tmp_path: Path) -> None:
    publish_address(tmp_path, endpoints("tcp://0.0.0.0:8645"))
    assert find_address(tmp_path) == endpoints("tcp://127.0.0.1:8645")


@pytest.mark.parametrize("listen", ["", "8645", "tcp://:8645", "tcp://h:x", "udp://h:1", "tcp://h:65535"])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    with pytest.raises(ConfigError):
        endpoints(listen)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff", b'{"format":1,"console":3}']
)
def test_a_file_that_is_no_invitation_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "kit.json"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=r"kit\.json"):
        read_kit(file)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="others on this machine"):
        read_kit(file)


def test_the_shell_says_what_is_missing_and_writes_for_the_owner_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = tmp_path / "home", tmp_path / "kit.json"
    make_site(home, "MAIN").close()
    words = ["--home", str(home), "--lang", "en", "console"]
    assert main([*words, "invite", "studio-2", "--out", str(out)]) == 1
    assert "bus_listen" in capsys.readouterr().err
    (home / "tuxa.toml").write_text('bus_listen = "tcp://0.0.0.0:8645"\n', encoding="utf-8")
    assert main([*words, "invite", "studio-2", "--out", str(out)]) == 1
    assert main([*words, "invite", "studio-2", "--out", str(out), "--address", "tcp://10.1.2.3:8645"]) == 0
    assert out.stat().st_mode & 0o077 == 0
    assert read_kit(out).address == endpoints("tcp://10.1.2.3:8645")
    assert main([*words, "revoke", "studio-2"]) == 0
    assert main([*words, "revoke", "studio-2"]) == 1
