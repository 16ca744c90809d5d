"""Full disks, altered rows, hostile files: said in words, nothing half-done, and over as soon as the cause is."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from delivery.app import App
from delivery.app import sync as wiring
from delivery.app.carry import export_file, import_file
from delivery.cli.sync import status_document
from delivery.clock import to_micros
from delivery.errors import BadInput, Unavailable
from delivery.network.sync.codec import encode
from delivery.network.sync.lines import Channel
from delivery.network.sync.mending import MAX_MEND, Mendings
from delivery.network.sync.messages import Chunk, Common, Have, Stretch
from delivery.record.ledger import Head
from delivery.record.segment import Place, Row, Segment
from delivery.store.receiving import want
from tests.network.sync.sites import agree, ids, joined, make_pair, running, streams, took_part, until


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[App, App]]:
    sites = make_pair(tmp_path)
    yield sites
    for app in sites:
        app.close()


def test_a_full_disk_in_the_middle_of_a_stretch_is_told_and_the_rest_comes_when_there_is_room(
    pair: tuple[App, App],
) -> None:
    main, partner = pair
    main.facts.append(took_part(main, n) for n in range(6000))
    most = {"pages": 0}

    @event.listens_for(partner.database.engine, "begin")
    def _limit(connection: object) -> None:
        # SQLite itself then says that database or disk is full, in the middle of whatever it writes.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most['pages'] or 1 << 30}")  # type: ignore[attr-defined]

    with partner.database.read() as connection:
        most["pages"] = 600 + (connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
    with running(main), running(partner) as at_partner:
        until(lambda: any("disk is full" in (s["error"] or "") for s in status_document(partner)["sites"]))
        held = streams(partner).get("MAIN/P1", 0)
        assert 0 < held < 6000
        assert partner.facts.verify().ok
        most["pages"] = 0
        until(lambda: streams(partner).get("MAIN/P1") == 6000)
        until(at_partner.settled)
    assert partner.facts.verify().ok


def altered(app: App, statement: str) -> None:
    assert app.database.file
    with sqlite3.connect(app.database.file) as raw:
        assert raw.execute(statement).rowcount == 1


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE fact SET id = 'no id at all' WHERE stream = 'P1/P1' AND seq = 3",
        "UPDATE fact SET recorded_at = 'yesterday' WHERE stream = 'P1/P1' AND seq = 3",
        "UPDATE fact SET content = x'ff00' WHERE stream = 'P1/P1' AND seq = 3",
        "UPDATE fact SET content = 'two' || char(10) || 'lines' WHERE stream = 'P1/P1' AND seq = 3",
        "DELETE FROM fact WHERE stream = 'P1/P1' AND seq = 3",
    ],
)
def test_rows_that_somebody_altered_stop_their_stream_only(pair: tuple[App, App], harm: str) -> None:
    main, partner = pair
    partner.facts.append(took_part(partner, n) for n in range(10))
    altered(partner, harm)
    partner.facts.append(took_part(partner, n, audience="all") for n in range(10))
    main.facts.append(took_part(main, n) for n in range(10))
    with running(main), running(partner):
        until(lambda: streams(main).get("P1/all") == streams(partner)["P1/all"])
        until(lambda: streams(partner).get("MAIN/P1") == 10)
        assert "P1/P1" not in streams(main)
    assert not partner.facts.verify().ok
    assert main.facts.verify().ok


def test_a_file_from_another_site_does_not_take_the_room_that_facts_need(
    pair: tuple[App, App], monkeypatch: pytest.MonkeyPatch
) -> None:
    main, partner = pair
    address = partner.blobs.put(b"a lesson" * 50_000)
    with main.database.write() as connection:
        want(connection, address, "image", now=to_micros(main.clock.now()), exists=main.blobs.exists)
    usage = namedtuple("usage", "total used free")
    full = {"is": True}
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 1) if full["is"] else real(path))
    with running(main), running(partner):
        until(lambda: any("No room" in (s["error"] or "") for s in status_document(main)["sites"]))
        partner.facts.append([took_part(partner, 1)])
        until(lambda: streams(main).get("P1/P1") == 1)
        full["is"] = False
        monkeypatch.setattr("delivery.network.sync.ferry.PATIENCE_S", 0.5)
        until(lambda: main.blobs.exists(address))


def test_pieces_that_nobody_asked_for_or_that_lie_about_the_size_are_not_kept(pair: tuple[App, App]) -> None:
    main, _ = pair
    wanted, address = wiring.build_parts(main).wanted, "ab" * 32
    assert not wanted.add(address, 0, b"x" * 100, total=200), "not wanted"
    with main.database.write() as connection:
        want(connection, address, "image", now=0, exists=main.blobs.exists)
    assert not wanted.add(address, 0, b"x" * 100, total=50)
    assert wanted.have(address) == 0
    with pytest.raises(Unavailable):
        wanted.add(address, 0, b"x" * 100, total=1 << 60)
    assert not wanted.add(address, 0, b"x" * 100, total=100), "it is not what its address says"
    assert wanted.have(address) == 0


def test_hostile_messages_of_a_site_that_was_let_in_are_dropped_and_its_honest_ones_still_pass(
    pair: tuple[App, App],
) -> None:
    main, partner = pair
    head = Head("MAIN/MAIN", 2, "ab" * 32, 5, bytes(64))
    row = Row("6d1d2a53-6a3f-5d0e-9d0b-2f6c5f2f7a01", "MarkRecorded", "L1", 1, 1, "{}")
    hostile = [
        b"",
        b"TX",
        b"\0" * 70_000,
        encode(Have(tuple(Place(f"P1/{n}", 9, "ab" * 32) for n in range(5000)))),
        encode(Stretch(Segment("MAIN/MAIN", 2, (row,), head))),
        encode(Common(Place("MAIN/all", 0, "ab" * 32), 1 << 60)),
        encode(Chunk("ab" * 32, 0, 9, b"123456789")),
    ]
    with running(main) as at_main, running(partner) as at_partner:
        until(lambda: at_main.settled() and at_partner.settled())
        for raw in hostile * 5:
            for channel in Channel:
                at_partner.line.send(channel, b"", raw)
        partner.facts.append(took_part(partner, n) for n in range(700))
        until(lambda: streams(main).get("P1/P1") == 700)
        until(lambda: at_main.settled() and at_partner.settled(), seconds=90)
    assert main.facts.verify().ok
    assert at_main.broken["P1"] >= 10
    assert ids(main) >= ids(partner)


def test_chains_that_come_to_mend_are_held_up_to_a_bound_for_all_streams_together() -> None:
    mendings, content = Mendings(), "x" * (1 << 20)
    taken = 0
    for number in range(MAX_MEND // len(content) + 8):
        stream = f"P1/{number}"
        mendings.begin(Place(stream, 0, "ab" * 32), 9)
        mending = mendings.of(stream)
        assert mending
        rows = (Row("i", "k", "l", 1, 1, content),)
        taken += mendings.add(mending, Segment(stream, 1, rows, Head(stream, 1, "ab" * 32, 1, bytes(64))))
    assert taken == MAX_MEND // len(content)


def test_a_stick_that_was_pulled_out_too_early_brings_what_it_holds_whole_and_nothing_else(
    pair: tuple[App, App], tmp_path: Path
) -> None:
    main, partner = pair
    agree(main, partner)
    main.facts.append(took_part(main, n) for n in range(3000))
    stick = tmp_path / "stick 😀 nghệ.tuxa"
    export_file(main, stick, site="P1", whole=True, blobs=True)
    whole = stick.read_bytes()
    for size in (0, 5, 12, 60, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        stick.write_bytes(whole[:size])
        with pytest.raises(BadInput):
            import_file(partner, stick)
        assert partner.facts.verify().ok
    stick.write_bytes(whole)
    import_file(partner, stick)
    assert streams(partner)["MAIN/P1"] == 3000
    with pytest.raises(BadInput):
        import_file(main, stick)  # it is for another site
    assert partner.facts.verify().ok


def test_stretches_that_another_site_signed_go_together_only_as_far_as_a_message_holds(
    pair: tuple[App, App], tmp_path: Path
) -> None:
    main, partner = pair
    agree(main, partner)
    long = "đ" * 100_000
    for number in range(40):
        # Each told and passed on by itself, so that the main site holds a signed head for each.
        said = took_part(partner, number, audience="all")
        partner.facts.append([replace(said, data={"source": "system", "method": long, "minutes": number})])
        parts = wiring.build_parts(partner)
        at = wiring.build_parts(main).receiving.place("P1/all")
        segment = parts.sending.read(at, seal_for=bytes(32))
        assert segment
        wiring.build_parts(main).receiving.commit(segment)
    with running(main):
        other = joined(main, tmp_path / "p2", "P2")
        with running(other):
            until(lambda: streams(other).get("P1/all") == streams(main)["P1/all"])
    assert other.facts.verify().ok
    other.close()
