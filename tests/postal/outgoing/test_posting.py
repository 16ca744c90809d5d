"""What becomes of packets after print: each told once, every page in exactly one state."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from delivery.app import App
from delivery.demo.paper import SheetOnPaper, render, scan, write_scan
from delivery.errors import BadInput, NotFound, Refused, ToolFailed
from delivery.postal.incoming.intake import take_in
from delivery.postal.outgoing.labels import write_labels
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.posting import (
    WhyBack,
    WhyVoid,
    delivered,
    post_batch,
    post_scanned,
    resends,
    undelivered,
    void,
)
from delivery.postal.outgoing.postinglist import write_posting_list
from delivery.postal.outgoing.printing import packet_pages, print_batch
from delivery.postal.outgoing.reprint import reprint
from delivery.postal.outgoing.spool import spool_batch
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token, page_url, side_token
from delivery.store import projections
from delivery.store.packets import Packets, PacketState
from tests.support.postal_home import COURSE, PrintedHome, print_home

ITEMS = ("RR473124829VN", "RR000000014VN", "RR123456785VN")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PrintedHome]:
    home = print_home(tmp_path, learners=3)
    yield home
    home.app.close()


def _states(app: App) -> list[PacketState]:
    return Packets(app.database, app.facts).states("B1")


def _totals(app: App) -> dict[str, int]:
    packets = Packets(app.database, app.facts)
    on_paper = packets.page_totals("B1", on_paper=True)
    told = [fact.data["pages"] for fact in app.facts.select(kind=FactKind.PACKET_PRINTED)]
    assert sum(on_paper.values()) == sum(told)
    assert sum(packets.page_totals("B1").values()) == len(app.sheets.of_batch("B1"))
    return on_paper


def test_posting_counts_each_packet_once_and_keeps_item_numbers_apart(home: PrintedHome) -> None:
    app = home.app
    learners = [state.learner for state in _states(app)]
    first = post_batch(app, "B1", items={learners[0]: "RR 47312482 9 VN"}, actor="clerk")
    assert (first.posted, first.already) == (1, 0)
    with pytest.raises(Refused, match="another packet"):
        post_batch(app, "B1", items={learners[1]: "RR473124829VN"}, actor="clerk")
    with pytest.raises(Refused, match="already posted"):
        post_batch(app, "B1", items={learners[0]: "EE473124829VN"}, actor="clerk")
    rest = post_batch(app, "B1", actor="clerk")
    assert (rest.posted, rest.already) == (2, 1)
    assert post_batch(app, "B1", actor="clerk").posted == 0
    told = [fact.data.get("item", "") for fact in app.facts.select(kind=FactKind.PACKET_POSTED)]
    assert sorted(told) == ["", "", "RR473124829VN"]
    assert _totals(app) == {"posted": 18}


def test_what_is_not_printed_cannot_be_posted(home: PrintedHome) -> None:
    plan_batch(home.app, "B2", course=COURSE, actor="clerk")
    posted = post_batch(home.app, "B2", actor="clerk")
    assert posted.posted == 0
    assert len(posted.not_printed) == 3


def test_a_hand_scanner_posts_a_packet_by_any_of_its_codes_and_its_postal_label(home: PrintedHome) -> None:
    app = home.app
    keys = app.keys.codes
    one, two, _ = (app.sheets.of_packet(state.packet) for state in _states(app))
    lines = [
        ITEMS[0],
        page_url("https://hoctuxa.edu.vn", page_token(one[0].page_id, keys)),
        ITEMS[0],
        side_token(two[3].side_id, keys),
        "RR473124828VN",
        ITEMS[0],
        ITEMS[1],
        "",
    ]
    done = list(post_scanned(app, lines, actor="clerk"))
    posted = [
        (scanned.packet.packet, scanned.item) for scanned in done if scanned.packet and not scanned.problem
    ]
    assert posted == [(one[0].packet, ITEMS[0]), (two[0].packet, ITEMS[1])]
    problems = [str(scanned.problem) for scanned in done if scanned.problem]
    assert len(problems) == 3
    assert "before a packet" in problems[0]
    assert "check digit" in problems[1]
    assert "another packet" in problems[2]


def test_an_undelivered_packet_is_proposed_reprinted_with_new_codes_and_still_adds_up(
    home: PrintedHome,
) -> None:
    app = home.app
    learners = [state.learner for state in _states(app)]
    items = dict(zip(learners, ITEMS, strict=True))
    post_batch(app, "B1", items=items, actor="clerk")
    delivered(app, [ITEMS[0]], actor="clerk")
    undelivered(app, [ITEMS[1]], reason=WhyBack.MOVED, actor="clerk")
    assert _totals(app) == {"delivered": 6, "posted": 6, "undelivered": 6}
    (proposal,) = resends(app)
    assert (proposal.state.learner, proposal.state.reason) == (learners[1], "moved")
    made = reprint(app, "B1", [learners[1]], actor="clerk")
    assert (len(made.replaced), made.pages) == (1, 6)
    assert reprint(app, "B1", [learners[1]], actor="clerk").waiting == (learners[1],)
    assert resends(app) == []
    old, new = [state for state in _states(app) if state.learner == learners[1]]
    assert (old.superseded, new.supersedes, new.state) == (True, old.packet, "planned")
    ids = [{s.page_id for s in app.sheets.of_packet(state.packet)} for state in (old, new)]
    assert not ids[0] & ids[1]
    printed = print_batch(app, "B1", actor="clerk")
    assert printed.drawn == 1
    assert _totals(app) == {"delivered": 6, "posted": 6, "printed": 6, "superseded": 6}
    assert post_batch(app, "B1", actor="clerk").posted == 1


def test_a_superseded_sheet_that_comes_back_is_filed_and_says_so(home: PrintedHome, tmp_path: Path) -> None:
    app = home.app
    post_batch(app, "B1", actor="clerk")
    old = _states(app)[0]
    reprint(app, "B1", [old.learner], actor="clerk")
    file, first = packet_pages(home.folder / "print", old)
    sheet = next(s for s in app.sheets.of_packet(old.packet) if s.role == "assignment")
    page = scan(render(SheetOnPaper(file, first + sheet.position - 1), dpi=150), seed=3)
    assert take_in(app, write_scan([page], tmp_path / "late.pdf", dpi=150), actor="clerk").filed == 1
    (work,) = app.facts.select(kind=FactKind.WORK_RECEIVED)
    assert (work.learner, work.data["superseded"]) == (old.learner, True)
    assert _totals(app) == {"posted": 12, "returned": 1, "superseded": 5}


def test_a_voided_packet_counts_no_longer_and_may_be_printed_anew(home: PrintedHome) -> None:
    app = home.app
    who = _states(app)[0].learner
    with pytest.raises(NotFound):
        void(app, "B1", ["L0"], reason=WhyVoid.LOST, actor="clerk")
    void(app, "B1", [who], reason=WhyVoid.MISPRINT, actor="clerk")
    void(app, "B1", [who], reason=WhyVoid.LOST, actor="clerk")
    assert _totals(app) == {"printed": 12, "voided": 6}
    assert [f.data["reason"] for f in app.facts.select(kind=FactKind.PACKET_VOIDED)] == ["misprint"]
    assert post_batch(app, "B1", actor="clerk").posted == 2
    # Whoever voids decides whether there is a new one: planning again does not.
    assert plan_batch(app, "B1", actor="clerk").added == 0
    assert len(reprint(app, "B1", [who], actor="clerk").replaced) == 1
    assert print_batch(app, "B1", actor="clerk").drawn == 1
    assert _totals(app) == {"posted": 12, "printed": 6, "voided": 6}


def test_only_posted_packets_can_come_back_and_numbers_nobody_used_are_told(home: PrintedHome) -> None:
    state = _states(home.app)[0]
    with pytest.raises(Refused, match="never posted"):
        undelivered(home.app, [state.packet], reason=WhyBack.REFUSED, actor="clerk")
    with pytest.raises(NotFound, match=ITEMS[2]):
        delivered(home.app, [ITEMS[2]], actor="clerk")
    with pytest.raises(BadInput):
        delivered(home.app, ["what?"], actor="clerk")


def test_totals_survive_a_rebuild_and_the_audit(home: PrintedHome) -> None:
    app = home.app
    states = _states(app)
    post_batch(app, "B1", actor="clerk")
    undelivered(app, [states[0].packet], reason=WhyBack.UNKNOWN, actor="clerk")
    reprint(app, "B1", [states[0].learner], actor="clerk")
    void(app, "B1", [states[1].learner], reason=WhyVoid.LOST, actor="clerk")
    before, rows = _totals(app), _states(app)
    with app.database.write() as connection:
        projections.rebuild(connection, list(app.facts.select()))
    assert (_totals(app), _states(app)) == (before, rows)


def test_what_is_told_in_any_order_gives_the_same_packets(home: PrintedHome) -> None:
    app = home.app
    post_batch(app, "B1", actor="clerk")
    reprint(app, "B1", [_states(app)[0].learner], actor="clerk")
    before, rows = _totals(app), _states(app)
    backwards = list(app.facts.select())[::-1]
    with app.database.write() as connection:
        projections.rebuild(connection, backwards)
    assert (_totals(app), _states(app)) == (before, rows)


def test_labels_stand_in_their_places_and_only_for_what_is_to_be_posted(
    home: PrintedHome, tmp_path: Path
) -> None:
    made = write_labels(home.app, "B1", tmp_path / "labels.pdf", stock="2x7", skip=12)
    assert (made.labels, made.sheets) == (3, 2)
    assert made.file.stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput):
        write_labels(home.app, "B1", tmp_path / "x.pdf", stock="2x7", skip=14)
    with pytest.raises(NotFound, match="9x9"):
        write_labels(home.app, "B1", tmp_path / "x.pdf", stock="9x9")
    post_batch(home.app, "B1", actor="clerk")
    with pytest.raises(Refused, match="printed and not posted"):
        write_labels(home.app, "B1", tmp_path / "x.pdf")


def test_the_posting_list_names_every_posted_packet_once(home: PrintedHome, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="posted yet"):
        write_posting_list(home.app, "B1", tmp_path)
    learners = [state.learner for state in _states(home.app)]
    post_batch(home.app, "B1", items=dict(zip(learners[:2], ITEMS, strict=False)), actor="clerk")
    made = write_posting_list(home.app, "B1", tmp_path)
    assert made.packets == 2
    with made.files[1].open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.reader(stream))[1:]
    assert {row[1] for row in rows} == set(ITEMS[:2])
    assert {row[4] for row in rows} == {"94108"}
    profiles = home.app.vault.profiles(learners[:2])
    assert {row[2] for row in rows} == {profile.full_name for profile in profiles.values()}
    with pypdfium2.PdfDocument(made.files[0], autoclose=True) as document:
        assert "Ngày gửi 22/11/2026" in document[0].get_textpage().get_text_range()
    void(home.app, "B1", learners[:1], reason=WhyVoid.LOST, actor="clerk")
    assert write_posting_list(home.app, "B1", tmp_path).packets == 2
    # The counter took the item, whatever became of the learner's data since.
    with home.app.database.write() as connection:
        home.app.vault.destroy(connection, learners[0])
    with write_posting_list(home.app, "B1", tmp_path).files[1].open(encoding="utf-8-sig") as stream:
        (row,) = [row for row in csv.reader(stream) if row[1] == ITEMS[0]]
    assert row[2:5] == ["(dữ liệu cá nhân không còn ở đây)", "", ""]


def test_a_printer_gets_each_file_once_and_one_that_is_away_is_told(
    home: PrintedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "lp"
    fake.write_text('#!/bin/sh\n[ "$2" = away ] && { echo "lp: no such printer" >&2; exit 1; }\nexit 0\n')
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _name: str(fake))
    files = home.result.files
    with pytest.raises(ToolFailed, match="no such printer"):
        spool_batch(home.app, "B1", files, printer="away")
    assert spool_batch(home.app, "B1", files, printer="office") == ("B1-MAIN-001",)
    assert spool_batch(home.app, "B1", files, printer="office") == ()
