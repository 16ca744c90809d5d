"""Daemon and console over real sockets on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
import zmq

from delivery.catalogue.kinds import Role
from delivery.errors import NotFound, Refused
from delivery.network.bus.address import BusAddress, find_address, publish_address, withdraw_address
from delivery.network.bus.authorise import command, question
from delivery.network.bus.client import BusClient, KeyRefused, Link, LinkChanged, LinkLost, Missed, NoAnswer
from delivery.network.bus.gatekeeper import DoorOpen, doorman_at_work, guard, prove_refusal
from delivery.network.bus.keys import DAEMON, authorize, new_key_pair, read_daemon_key, read_key_pair
from delivery.network.bus.protocol import Command, Event, Request, decode, encode
from delivery.network.bus.server import BusNotStarted
from tests.network.bus_support import IDS, Everybody, Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with Station(tmp_path) as running:
        yield running


@pytest.fixture
def console(station: Station) -> Iterator[BusClient]:
    with station.client() as client:
        assert client.wait_for(Link.UP, within_s=10)
        yield client


def next_event(items: Iterator[Any], topic: str) -> Event:
    return next(item for item in items if isinstance(item, Event) and item.topic == topic)


# --- who gets in -------------------------------------------------------------------------------


def test_a_console_with_an_authorized_key_gets_answers_under_its_own_name(console: BusClient) -> None:
    assert console.ask("echo", {"text": "Chào trạm phát"}) == {"text": "Chào trạm phát"}
    assert console.ask("ping")["actor"] == "technician"


def test_an_unknown_key_is_refused_and_the_daemon_counts_it(station: Station) -> None:
    assert station.server is not None
    assert station.server.tally.refused_keys == 0, "the daemon's own proof is not counted"
    with station.stranger() as client:
        assert client.wait_for(Link.REFUSED, within_s=10)
        with pytest.raises(KeyRefused):
            client.ask("ping")
    assert station.server.tally.refused_keys >= 1
    assert station.server.tally.answered == 0


def test_a_console_that_expects_another_daemon_does_not_talk_to_this_one(station: Station) -> None:
    client = station.client(daemon_key=new_key_pair(IDS).public)
    with client, pytest.raises((LinkLost, NoAnswer)):
        client.ask("ping", within_s=0.5)


def test_a_plain_connection_without_curve_gets_nothing(station: Station) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        with dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            dealer.connect(station.address.requests)
            dealer.send(encode(Request("a", "ping")))
            assert monitor.poll(10_000), "the daemon hangs up"
            dealer.disable_monitor()
        assert not dealer.poll(0)


def test_a_key_entered_while_the_daemon_runs_is_let_in_and_a_removed_one_is_not(station: Station) -> None:
    pair = new_key_pair(IDS)
    entry = authorize(station.keys_dir, "studio-2", public=pair.public, actor="KTV07", roles=["technician"])
    with station.client(keys=pair) as client:
        assert client.wait_for(Link.UP, within_s=10)
        assert client.ask("ping")["actor"] == "KTV07"
        entry.unlink()

        def refused() -> bool:
            try:
                client.ask("ping")
            except Refused as error:
                return "no longer" in str(error)
            return False

        assert until(refused), "an open connection of a removed key is not answered any more"


def test_the_daemon_does_not_start_when_a_stranger_would_get_in(tmp_path: Path) -> None:
    with pytest.raises(DoorOpen, match="let in a key that nobody knows"):
        Station(tmp_path).start(book=Everybody())


@pytest.mark.parametrize(("kind", "peer"), [(zmq.ROUTER, zmq.DEALER), (zmq.XPUB, zmq.SUB)])
def test_the_proof_fails_when_no_authenticator_runs(kind: int, peer: int) -> None:
    """The CURVE trap: such a server takes any key."""
    keys = new_key_pair(IDS)
    with zmq.Context() as context, context.socket(kind) as server:
        server.linger = 0
        server.curve_server = True
        server.curve_secretkey = keys.secret.encode()
        server.bind("tcp://127.0.0.1:*")
        endpoint = server.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
        with pytest.raises(DoorOpen, match="let in a key"):
            prove_refusal(context, endpoint, kind=peer, server_key=keys.public, ids=IDS)


def test_a_guarded_socket_lets_nobody_in_when_its_authenticator_is_gone() -> None:
    keys = new_key_pair(IDS)
    with zmq.Context() as context, context.socket(zmq.ROUTER) as server:
        server.linger = 0
        guard(server, keys)
        server.bind("tcp://127.0.0.1:*")
        endpoint = server.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
        with pytest.raises(DoorOpen, match="did not refuse"):
            prove_refusal(context, endpoint, kind=zmq.DEALER, server_key=keys.public, ids=IDS, within_s=0.3)


def test_an_endpoint_that_is_taken_is_named(station: Station, tmp_path: Path) -> None:
    other = Station(tmp_path / "other", address=station.address)
    with pytest.raises(BusNotStarted, match=r"cannot listen at tcp://127\.0\.0\.1"):
        other.start()


def test_the_bus_works_over_a_unix_socket_in_the_home(tmp_path: Path) -> None:
    address = BusAddress(f"ipc://{tmp_path}/r", f"ipc://{tmp_path}/e")
    with Station(tmp_path, address=address) as station, station.client() as client:
        assert client.wait_for(Link.UP, within_s=10)
        assert client.ask("ping")["actor"] == "technician"


# --- who may do what ---------------------------------------------------------------------------


def test_a_command_is_recorded_with_its_actor_and_carried_out(station: Station, console: BusClient) -> None:
    assert console.command("ingest.add", {"file": "b1.mp4"}, actor="technician") == {
        "job": "b1.mp4",
        "by": "technician",
    }
    (told,) = station.recorded
    assert (told.actor, told.target, told.command) == ("technician", "ingest", "add")
    assert told.arguments == {"file": "b1.mp4"}


def test_a_console_cannot_act_as_somebody_else(station: Station, console: BusClient) -> None:
    with pytest.raises(Refused, match="belongs to technician; it cannot act as admin"):
        console.command("ingest.add", {"file": "b1.mp4"}, actor="admin")
    assert station.recorded == []


def test_a_role_that_does_not_fit_is_refused_by_the_daemon(station: Station) -> None:
    with station.client("clerk") as clerk:
        with pytest.raises(Refused, match="takes one of the roles technician") as refusal:
            clerk.command("ingest.add", {"file": "b1.mp4"}, actor="clerk")
        assert refusal.value.do is not None
    assert station.recorded == []


def test_a_command_given_as_a_question_is_refused(station: Station, console: BusClient) -> None:
    with pytest.raises(Refused, match="must be given as a command"):
        console.ask("ingest.add", {"file": "b1.mp4"})
    assert station.recorded == []


def test_a_command_that_cannot_be_recorded_is_not_carried_out(tmp_path: Path) -> None:
    done: list[str] = []
    station = Station(tmp_path, methods={"mark.it": command(lambda *_: done.append("x"), [Role.TECHNICIAN])})

    class Full(list[Any]):
        def append(self, _item: object) -> None:
            raise Refused("The disk is full.")

    station.recorded = Full()
    with station, station.client() as client, pytest.raises(Refused, match="disk is full"):
        client.command("mark.it", actor="technician")
    assert done == []


def test_a_repeated_command_is_answered_again_but_carried_out_once(station: Station) -> None:
    keys = read_key_pair(station.keys_dir, "technician")
    raw = encode(Command("same", "ingest.add", {"file": "b1.mp4"}, "technician"))
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.curve_publickey, dealer.curve_secretkey = keys.public.encode(), keys.secret.encode()
        dealer.curve_serverkey = read_daemon_key(station.keys_dir).encode()
        dealer.connect(station.address.requests)
        answers = []
        for _ in range(2):
            dealer.send(raw)
            assert dealer.poll(10_000)
            answers.append(decode(dealer.recv()))
        dealer.send_multipart([b"three", b"frames", b"x"])
        dealer.send(b"\xff not a message")
        dealer.send(encode(Request("after", "ping")))
        assert dealer.poll(10_000), "broken messages do not disturb the daemon"
        assert b'"after"' in dealer.recv()
    assert answers[0] == answers[1]
    assert len(station.recorded) == 1
    assert station.server is not None
    assert station.server.tally.broken == 2


# --- answers -----------------------------------------------------------------------------------


def test_an_unknown_method_and_a_failing_handler_are_answered_and_named(tmp_path: Path) -> None:
    def breaks(_params: Mapping[str, Any], _actor: str) -> None:
        raise ZeroDivisionError

    def refuses(_params: Mapping[str, Any], _actor: str) -> None:
        raise NotFound("No channel {code}.", do="Choose one of {known}.", code="X9", known=("TV1", "R1"))

    methods = {
        "breaks": question(breaks),
        "refuses": question(refuses),
        "unsendable": question(lambda *_: object()),
    }
    with Station(tmp_path, methods=methods) as station, station.client() as client:
        with pytest.raises(Refused, match=r"knows no “nothing\.here”"):
            client.ask("nothing.here")
        with pytest.raises(Refused, match="failed to carry out “breaks”"):
            client.ask("breaks")
        with pytest.raises(Refused, match="No channel X9") as refusal:
            client.ask("refuses")
        assert "TV1" in str(refusal.value.do)
        with pytest.raises(Refused, match="cannot be sent"):
            client.ask("unsendable")
        assert client.ask("echo", {"still": "here"}) == {"still": "here"}


def test_two_hundred_questions_at_once_each_get_their_own_answer(console: BusClient) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: console.ask("echo", {"n": n}, within_s=20), range(200)))
    assert [answer["n"] for answer in answers] == list(range(200))


def test_a_slow_handler_delays_nobody_else_and_times_out_alone(tmp_path: Path) -> None:
    release = Flag()
    methods = {"slow": question(lambda *_: release.wait(20))}
    with Station(tmp_path, methods=methods) as station, station.client() as client:
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(client.ask, "slow", within_s=0.2)
            assert client.ask("echo", {"n": 1}) == {"n": 1}
            with pytest.raises(NoAnswer, match=r"did not answer “slow” within 0\.2 s"):
                slow.result()
        release.set()


def test_stopping_takes_at_most_a_second_even_while_a_handler_hangs(tmp_path: Path) -> None:
    release, begun = Flag(), Flag()

    def hang(*_: object) -> None:
        begun.set()
        release.wait(20)

    station = Station(tmp_path, methods={"hang": question(hang)})
    with station.client() as client, ThreadPoolExecutor(1) as pool:
        server = station.start()
        hanging = pool.submit(client.ask, "hang", within_s=20)
        assert begun.wait(10)
        before = time.monotonic()
        station.stop()
        assert time.monotonic() - before < 1.0
        server.publish("alert", {"too": "late"})
        with pytest.raises(LinkLost):
            hanging.result()
        release.set()


# --- events ------------------------------------------------------------------------------------


def test_events_arrive_in_order_from_any_thread(station: Station, console: BusClient) -> None:
    assert station.server is not None
    server = station.server
    with console.events() as items:
        assert next(items) == LinkChanged(Link.UP)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: server.publish("ingest.j1", {"n": n}), range(100)))
        got = [next_event(items, "ingest.j1") for _ in range(100)]
    assert sorted(event.data["n"] for event in got) == list(range(100))
    first = got[0].sequence
    assert [event.sequence for event in got] == list(range(first, first + 100))


def test_the_daemon_beats_with_its_time(console: BusClient) -> None:
    with console.events() as items:
        one, two = next_event(items, "heartbeat"), next_event(items, "heartbeat")
    assert two.data["now"] > one.data["now"]
    assert two.data["started"] == one.data["started"]


def test_an_event_that_cannot_be_sent_disturbs_nobody_and_leaves_a_gap_that_is_told(
    station: Station, console: BusClient
) -> None:
    assert station.server is not None
    with console.events() as items:
        for data in ({"n": 1}, {"bad": object()}, {"n": 2}):
            station.server.publish("alert", data)
        got = []
        while len(got) < 3:
            item = next(items)
            if item == Missed("alert") or (isinstance(item, Event) and item.topic == "alert"):
                got.append(item)
    assert got[1] == Missed("alert")
    assert isinstance(got[2], Event)
    assert got[2].data == {"n": 2}


def test_closing_the_console_ends_its_stream_of_events(station: Station) -> None:
    client = station.client()
    client.open()
    with client.events() as items:
        client.close()
        rest = list(items)
    assert rest[0] == LinkChanged(Link.CONNECTING)
    with pytest.raises(LinkLost):
        client.ask("ping")


# --- loss and recovery -------------------------------------------------------------------------


def until(condition: Any, *, within_s: float = 15.0) -> bool:
    """Wait for a condition that nothing announces."""
    deadline = time.monotonic() + within_s
    tick = Flag()
    while time.monotonic() < deadline:
        if condition():
            return True
        tick.wait(0.05)
    return False


DAEMON_PROGRAM = """
import sys
from pathlib import Path
from delivery.network.bus.address import publish_address
from tests.network.bus_support import Station
home = Path(sys.argv[1])
station = Station(home)
station.start()
publish_address(home / "run", station.address)
print("ready", flush=True)
sys.stdin.read()
"""


def daemon(home: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON_PROGRAM, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert any(line == b"ready\n" for line in process.stdout)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def test_a_killed_daemon_is_noticed_within_three_seconds_and_found_again_on_another_port(
    tmp_path: Path,
) -> None:
    first = daemon(tmp_path)
    client = Station(tmp_path).client(find=lambda: find_address(tmp_path / "run"))
    with client, client.events() as items:
        try:
            assert client.wait_for(Link.UP, within_s=20)
            assert client.ask("echo", {"n": 1}) == {"n": 1}
            before = find_address(tmp_path / "run")
        finally:
            os.kill(first.pid, signal.SIGKILL)
            end(first)
        assert client.wait_for(Link.LOST, within_s=3.0)
        with pytest.raises(LinkLost):
            client.command("ingest.add", {"file": "b1.mp4"}, actor="technician")
        second = daemon(tmp_path)
        try:
            assert client.wait_for(Link.UP, within_s=20)
            assert client.ask("echo", {"n": 2}) == {"n": 2}
            assert find_address(tmp_path / "run") != before
            links = []
            while links.count(Link.UP) < 2:
                item = next(items)
                if isinstance(item, LinkChanged):
                    links.append(item.link)
            assert links == [Link.CONNECTING, Link.UP, Link.LOST, Link.UP]
        finally:
            end(second)


def test_a_command_given_while_the_daemon_is_away_is_not_carried_out_later(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.start()
    with station.client() as client:
        assert client.wait_for(Link.UP, within_s=10)
        station.stop()
        with pytest.raises(Refused):
            client.command("ingest.add", {"file": "late.mp4"}, actor="technician", within_s=1.0)
        station.start()
        assert client.wait_for(Link.LOST, within_s=4) or client.link is Link.UP
        assert client.wait_for(Link.UP, within_s=10)
        client.command("ingest.add", {"file": "now.mp4"}, actor="technician")
    station.stop()
    assert [told.arguments["file"] for told in station.recorded] == ["now.mp4"]


def test_a_console_that_is_started_first_finds_the_daemon_when_it_comes(tmp_path: Path) -> None:
    station = Station(tmp_path)
    run = tmp_path / "run"
    client = station.client(find=lambda: find_address(run))
    with client:
        with pytest.raises(NotFound, match="No station is running"):
            find_address(run)
        station.start()
        publish_address(run, station.address)
        assert client.wait_for(Link.UP, within_s=10)
    station.stop()
    withdraw_address(run)
    with pytest.raises(NotFound):
        find_address(run)


def test_an_address_file_that_is_broken_or_useless_is_refused_by_name(tmp_path: Path) -> None:
    run = publish_address(tmp_path / "run", BusAddress("nonsense", "tcp://")).parent
    station = Station(tmp_path)
    with station.client(find=lambda: find_address(run)) as client:
        assert client.wait_for(Link.LOST, within_s=6)
    (run / "bus.json").write_bytes(b"[1")
    with pytest.raises(NotFound):
        find_address(run)


def test_the_daemon_key_of_a_home_is_found_by_its_console(station: Station) -> None:
    assert read_daemon_key(station.keys_dir) == read_key_pair(station.keys_dir, DAEMON).public


def test_the_authenticator_sees_each_new_connection() -> None:
    """Proves that ZAP is what refuses: without a doorman in the same context there is no refusal to see."""
    from delivery.network.bus.gatekeeper import Doorman

    class Nobody:
        def holder(self, public: str) -> None:
            return None

    keys = new_key_pair(IDS)
    doorman = Doorman(Nobody())
    with zmq.Context() as context, doorman_at_work(context, doorman), context.socket(zmq.ROUTER) as server:
        server.linger = 0
        guard(server, keys)
        server.bind("tcp://127.0.0.1:*")
        endpoint = server.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
        prove_refusal(context, endpoint, kind=zmq.DEALER, server_key=keys.public, ids=IDS)
        assert doorman.refused == 1
