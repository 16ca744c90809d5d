"""Two real homes over real sockets: what passes, what does not, and what is found out."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from delivery.app import App
from delivery.app import sync as wiring
from delivery.catalogue.model import LearnerProfile
from delivery.clock import SystemClock, to_micros
from delivery.demo.sample import sample_term
from delivery.errors import BadInput, Refused
from delivery.ids import SystemIds, fact_id
from delivery.network.bus.keys import new_key_pair
from delivery.network.sync.invitation import read_invitation
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.audit import audit
from delivery.store.vault import profile_to
from tests.network.sync.sites import (
    agree,
    ids,
    joined,
    make_pair,
    make_site,
    running,
    streams,
    took_part,
    until,
)

NAME = "Đặng Thị Mười Một"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[App, App]]:
    sites = make_pair(tmp_path)
    yield sites
    for app in sites:
        app.close()


@pytest.fixture
def main(pair: tuple[App, App]) -> App:
    return pair[0]


@pytest.fixture
def partner(pair: tuple[App, App]) -> App:
    return pair[1]


def registered(app: App, learner: str, site: str, name: str = NAME) -> Draft:
    return Draft(
        id=fact_id(FactKind.LEARNER_REGISTERED, learner),
        kind=FactKind.LEARNER_REGISTERED,
        occurred_at=to_micros(app.clock.now()),
        actor="import",
        audience=site,
        learner=learner,
        data={"cohort": "K1", "site": site},
        private=profile_to(LearnerProfile(code="TX1", full_name=name)),
    )


def test_a_partner_gets_its_own_learners_and_nothing_else_and_both_hold_the_same(
    main: App, partner: App
) -> None:
    main.facts.append([registered(main, "L1", "P1"), registered(main, "L2", "MAIN")])
    main.facts.append(took_part(main, n, audience="MAIN", learner="L2") for n in range(30))
    main.facts.append(took_part(main, n) for n in range(1200))
    partner.facts.append(took_part(partner, n) for n in range(700))
    agree(main, partner)
    assert set(streams(partner)) == {"MAIN/P1", "MAIN/all", "P1/P1", "P1/all"}
    assert streams(partner) == {name: n for name, n in streams(main).items() if name != "MAIN/MAIN"}
    assert not list(partner.facts.select(learner="L2"))
    for app in (main, partner):
        assert app.facts.verify().ok
        assert audit(app.database, app.vault, app.blobs, deep=True, main="MAIN") == ()
    profile = partner.vault.profile("L1")
    assert profile is not None
    assert profile.full_name == NAME
    # Nothing that identifies the learner lies open in the partner's file.
    partner.database.close()
    assert NAME.encode() not in (partner.settings.home / "tuxa.sqlite").read_bytes()


def test_two_sites_that_registered_one_learner_apart_keep_one_fact_and_both_read_the_name(
    main: App, partner: App
) -> None:
    main.facts.append([registered(main, "L1", "P1", "Tên ở trụ sở")])
    partner.facts.append([registered(partner, "L1", "P1", "Tên ở trạm"), took_part(partner, 1)])
    agree(main, partner)
    for app in (main, partner):
        assert app.facts.verify().ok
        told = list(app.facts.select(kind=FactKind.LEARNER_REGISTERED, learner="L1"))
        assert [fact.stream for fact in told] == ["MAIN/P1"]
        with app.database.read() as connection:
            kept = connection.exec_driver_sql("SELECT content FROM quarantine").all()
        assert kept, "what contradicts stays in the open"
        assert audit(app.database, app.vault, app.blobs, deep=True, main="MAIN") == ()
    # Hiding a fact among those told again breaks no chain; the audit finds it.
    assert main.database.file
    with sqlite3.connect(main.database.file) as raw:
        columns = "stream, seq, id, kind, learner, recorded_at, hlc, content, hash"
        chosen = "FROM fact WHERE stream = 'P1/P1' AND seq = 2"
        raw.execute(f"INSERT INTO fact_again ({columns}) SELECT {columns} {chosen}")
        raw.execute(f"DELETE {chosen}")
    assert main.facts.verify().ok
    (problem,) = audit(main.database, main.vault, main.blobs, main="MAIN")
    assert (problem.stream, problem.sequence) == ("P1/P1", 2)


def test_a_site_that_puts_an_old_copy_back_loses_nothing_that_others_hold(
    main: App, partner: App, tmp_path: Path
) -> None:
    partner.facts.append(took_part(partner, n) for n in range(20))
    agree(main, partner)
    home = partner.settings.home
    partner.database.close()
    shutil.copytree(home, tmp_path / "yesterday")
    partner.facts.append(took_part(partner, n) for n in range(20, 50))
    agree(main, partner)
    before = ids(main)
    partner.database.close()
    for file in home.glob("tuxa.sqlite*"):
        file.unlink()
    for file in (tmp_path / "yesterday").glob("tuxa.sqlite*"):
        shutil.copy(file, home / file.name)
    # Work went on before anybody noticed.
    partner.facts.append(took_part(partner, n) for n in range(100, 110))
    found = [problem.problem for problem in partner.facts.verify().problems]
    assert found == ["rollback"]
    agree(main, partner)
    assert before <= ids(partner)
    assert ids(main) == ids(partner)
    assert streams(main) == streams(partner)
    mended = list(main.facts.select(kind=FactKind.STREAM_MENDED))
    assert [fact.data["moved"] for fact in mended] == [10]
    for app in (main, partner):
        assert app.facts.verify().ok
        assert audit(app.database, app.vault, app.blobs, main="MAIN") == ()


def test_verification_finds_a_rollback_of_the_whole_home_through_the_head_that_another_site_keeps(
    main: App, partner: App, tmp_path: Path
) -> None:
    main.facts.append(took_part(main, n, audience="MAIN", learner="L2") for n in range(5))
    agree(main, partner)
    main.database.close()
    shutil.copytree(main.settings.home, tmp_path / "yesterday")
    main.facts.append(took_part(main, n, audience="MAIN", learner="L2") for n in range(5, 9))
    agree(main, partner)
    main.database.close()
    shutil.rmtree(main.settings.home)
    shutil.copytree(tmp_path / "yesterday", main.settings.home)
    assert main.facts.verify().ok, "everything at this site was put back together"
    agree(main, partner)
    problems = main.facts.verify().problems
    assert [(problem.problem, problem.stream) for problem in problems] == [("rollback", "MAIN/MAIN")]


def test_a_forged_stretch_is_not_taken_and_the_status_says_why(main: App, partner: App) -> None:
    partner.facts.append(took_part(partner, n) for n in range(10))
    assert partner.database.file
    with sqlite3.connect(partner.database.file) as raw:
        raw.execute(
            "UPDATE fact SET content = replace(content, '\"minutes\":3', '\"minutes\":9') WHERE stream='P1/P1'"
        )
    with running(main) as at_main, running(partner):
        until(lambda: any(link.peer.refusals for link in at_main._links.values()))
    assert "P1/P1" not in streams(main)
    from delivery.cli.sync import status_document

    (site,) = status_document(main)["sites"]
    assert "chain does not end in its head" in site["error"]


def test_a_stranger_is_turned_away_and_so_is_a_revoked_site_at_once(main: App, partner: App) -> None:
    server = wiring.sync_keys(main).own().curve.public
    with running(main):
        assert handshake(main, server) == zmq.EVENT_HANDSHAKE_FAILED_AUTH
        with running(partner):
            until(lambda: "P1/all" in streams(main))
            wiring.build_admission(main).revoke("P1", reason="hợp đồng đã hết")
            had = streams(main)["P1/all"]
            partner.facts.append([took_part(partner, 1, audience="all", learner="L1")])
            own = wiring.sync_keys(partner).own().curve
            until(lambda: handshake(main, server, own.public, own.secret) == zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    assert streams(main)["P1/all"] == had


def handshake(main: App, server: str, public: str = "", secret: str = "") -> int:
    """How the main site greets a key: the event of the handshake."""
    if not public:
        stranger = new_key_pair(SystemIds())
        public, secret = stranger.public, stranger.secret
    with zmq.Context() as context, context.socket(zmq.DEALER) as probe:
        probe.linger = 0
        probe.curve_publickey, probe.curve_secretkey = public.encode(), secret.encode()
        probe.curve_serverkey = server.encode()
        monitor = probe.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        probe.connect(main.settings.sync_listen)
        assert monitor.poll(20_000)
        event: int = recv_monitor_message(monitor)["event"]
        probe.disable_monitor()
        monitor.close(0)
        return event


def test_an_invitation_is_redeemed_once(main: App, tmp_path: Path) -> None:
    line = wiring.invite(main, "P1", address=main.settings.sync_listen)
    with running(main):
        first, second = make_site(tmp_path / "a", "P1"), make_site(tmp_path / "b", "P1")
        wiring.join(first, line)
        wiring.join(first, line)  # the answer might have been lost: the same site may ask again
        seconds, wiring.JOIN_S = wiring.JOIN_S, 1.0
        try:
            with pytest.raises(Refused, match="did not answer"):
                wiring.join(second, line)
        finally:
            wiring.JOIN_S = seconds
    with pytest.raises(BadInput, match="not copied whole"):
        read_invitation(line.text()[:-9])
    first.close()
    second.close()


def test_keys_are_rotated_while_work_goes_on(main: App, partner: App) -> None:
    keys = wiring.sync_keys(partner)
    old = keys.own().curve.public
    keys.begin_rotation()
    with running(main), running(partner):
        until(lambda: keys.rotating() is None)
        partner.facts.append([took_part(partner, 1)])
        until(lambda: "P1/P1" in streams(main))
        until(lambda: not wiring.sync_keys(main).site("P1").curve_before)
    assert keys.own().curve.public != old
    assert wiring.sync_keys(main).site("P1").curve == keys.own().curve.public


def test_catalogue_material_and_work_follow_to_the_site_that_needs_them_and_no_other_file_does(
    main: App, tmp_path: Path
) -> None:
    with sample_term() as folder:
        main.importer.run(folder, actor="QTHT01")
    site = next(code for code in main.catalogue().sites if code != "MAIN")
    with running(main):
        partner = joined(main, tmp_path / "p", site)
        with running(partner) as runner:
            until(lambda: len(partner.learners.all()) > 0 and runner.settled())
            learner = partner.learners.all()[0]
            with partner.database.write() as connection:
                digest = partner.scans.put_in(connection, learner.id, "bài làm".encode() * 100_000)
                partner.facts.append_in(connection, [work(partner, learner.id, site, digest)])
            until(lambda: main.learners.find(learner.id) and has_image(main, learner.id, digest))
    assert partner.catalogue().courses == main.catalogue().courses
    needed = wiring.build_parts(main).wanted.needed_by(site)
    assert needed
    assert all(partner.blobs.exists(address) for address in needed)
    secret = main.blobs.put(b"of another site")
    assert secret not in wiring.build_parts(main).wanted.allowed_to(site)
    assert audit(partner.database, partner.vault, partner.blobs, deep=True, main="MAIN") == ()
    partner.close()


def has_image(app: App, learner: str, digest: str) -> bool:
    try:
        return app.scans.get(learner, digest).startswith("bài làm".encode())
    except Refused:
        return False


def work(app: App, learner: str, site: str, digest: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.WORK_RECEIVED, learner, digest),
        kind=FactKind.WORK_RECEIVED,
        occurred_at=to_micros(app.clock.now()),
        actor="clerk",
        audience=site,
        learner=learner,
        course="C1",
        activity="C1-A1",
        data={
            "sheet": "",
            "page": 1,
            "pages": 1,
            "channel": "partner",
            "blob": digest,
            "media_type": "image/jpeg",
            "identity": "signed_in",
        },
    )


def test_a_stick_carries_the_same_only_its_site_opens_it_and_twice_is_as_good_as_once(
    main: App, partner: App, tmp_path: Path
) -> None:
    from delivery.app.carry import export_file, import_file

    main.facts.append([registered(main, "L1", "P1")])
    main.facts.append(took_part(main, n) for n in range(1100))
    stick = tmp_path / "stick.tuxa"
    export_file(main, stick, site="P1", whole=False, blobs=True)
    assert NAME.encode() not in stick.read_bytes()
    done = import_file(partner, stick)
    assert done.facts >= 1101
    assert import_file(partner, stick).facts == 0
    profile = partner.vault.profile("L1")
    assert profile is not None
    assert profile.full_name == NAME
    partner.facts.append(took_part(partner, n) for n in range(10))
    back = tmp_path / "back.tuxa"
    export_file(partner, back, site="", whole=False, blobs=True)
    assert import_file(main, back).facts >= 10
    # What came back by hand tells the main site what the partner has: the next stick is lighter.
    main.facts.append([took_part(main, 5000)])
    assert export_file(main, stick, site="P1", whole=False, blobs=True).facts < 10
    for damaged in (stick.read_bytes()[:-5], stick.read_bytes()[:200] + b"x" + stick.read_bytes()[201:]):
        (tmp_path / "bad").write_bytes(damaged)
        with pytest.raises(BadInput):
            import_file(partner, tmp_path / "bad")
    other = make_site(tmp_path / "p2", "P2")
    with pytest.raises(BadInput):
        import_file(other, stick)
    other.close()
    assert partner.facts.verify().ok


def test_a_home_with_learners_of_its_own_cannot_join(main: App, tmp_path: Path) -> None:
    app = make_site(tmp_path / "own", "P1")
    app.facts.append([registered(app, "L9", "P1")])
    line = wiring.invite(main, "P1", address=main.settings.sync_listen)
    with pytest.raises(Refused, match="learners of its own"):
        wiring.join(app, line)
    app.close()


def test_a_fresh_home_takes_the_code_of_its_invitation(main: App, tmp_path: Path) -> None:
    app = make_site(tmp_path / "fresh", "MAIN")
    line = wiring.invite(main, "P7", address=main.settings.sync_listen)
    became = wiring.become(app, line)
    assert became.settings.site == "P7"
    assert 'site = "P7"' in (tmp_path / "fresh" / "tuxa.toml").read_text()
    assert replace(became.settings, site="MAIN") == app.settings
    assert isinstance(became.clock, SystemClock)
    became.close()
