"""Print runs: resumable and exact, whatever happens in between."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from filelock import FileLock
from pypdf import PdfReader

from delivery.app import App
from delivery.errors import NotFound, Refused
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import print_batch
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from tests.support.postal_home import COURSE, enrol, make_home, open_home, print_home

_CHILD = """
import sys
from pathlib import Path
from delivery.ids import SystemIds
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import print_batch
from tests.support.postal_home import COURSE, open_home

def tell(done, total):
    print(done, total, flush=True)

app = open_home(Path(sys.argv[1]), ids=SystemIds())
print("ready", flush=True)
plan_batch(app, "B1", course=COURSE, actor="clerk")
print("planned", flush=True)
print_batch(app, "B1", actor="clerk", progress=tell, job_pages=20)
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=3)
    yield app
    app.close()


def test_the_facts_name_the_bytes_of_the_file_and_printing_again_draws_nothing(tmp_path: Path) -> None:
    home = print_home(tmp_path, learners=2)
    (file,) = home.result.files
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told = [f.data for f in home.app.facts.select(kind=FactKind.PACKET_PRINTED)]
    assert {data["file"] for data in told} == {digest}
    assert sorted(data["first"] for data in told) == [1, 7]
    assert print_batch(home.app, "B1", actor="clerk").drawn == 0
    home.app.close()


def test_a_file_that_is_gone_is_named_and_drawn_again_only_when_asked(tmp_path: Path) -> None:
    home = print_home(tmp_path, learners=2)
    (file,) = home.result.files
    before = file.read_bytes()
    file.unlink()
    result = print_batch(home.app, "B1", actor="clerk")
    assert (result.drawn, result.files, result.gone) == (0, (), (file,))
    result = print_batch(home.app, "B1", actor="clerk", again=True)
    assert (result.drawn, result.files, result.gone) == (2, (file,), ())
    assert file.read_bytes() == before
    home.app.close()


def test_print_jobs_go_by_site_and_postcode_and_hold_whole_packets(app: App) -> None:
    for number, (postcode, site) in enumerate((("90000", "SITE2"), ("10000", "MAIN"), ("", "MAIN")), start=5):
        enrol(app, number, postcode=postcode, site=site)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    printed = print_batch(app, "B1", actor="clerk", job_pages=13)
    names = [file.name for file in printed.files]
    assert names == ["B1-MAIN-001.pdf", "B1-MAIN-002.pdf", "B1-MAIN-003.pdf", "B1-SITE2-001.pdf"]
    packets = Packets(app.database, app.facts)
    states = {state.packet: state for state in packets.states("B1")}
    order = [states[packet].learner for job in packets.jobs("B1") for packet in job.packets]
    profiles = app.vault.profiles(order)
    assert [profiles[who].postcode for who in order] == ["10000", "94108", "94108", "94108", "", "90000"]
    assert [len(_ids_on_paper(file)) for file in printed.files] == [12, 12, 6, 6]
    enrol(app, 9)
    plan_batch(app, "B1", actor="clerk")
    again = print_batch(app, "B1", actor="clerk", job_pages=13)
    assert (again.drawn, again.files[3].name) == (1, "B1-MAIN-004.pdf")


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_told(app: App, tmp_path: Path) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Refused, match="cannot be made"):
        print_batch(app, "B1", out=tmp_path / "file", actor="clerk")
    assert list(app.facts.select(kind=FactKind.PACKET_PRINTED)) == []


def test_a_full_disk_leaves_no_half_file_and_printing_goes_on_afterwards(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Refused, match=r"B1-MAIN-001\.pdf cannot be written: No space left"):
            print_batch(app, "B1", actor="clerk")
    assert list((tmp_path / "print").rglob("*.*")) == []
    assert print_batch(app, "B1", actor="clerk").drawn == 3


def test_a_batch_is_printed_by_one_command_at_a_time(app: App, tmp_path: Path) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    (tmp_path / "run").mkdir(exist_ok=True)
    with FileLock(tmp_path / "run" / "print-B1.lock"), pytest.raises(Refused, match="another command"):
        print_batch(app, "B1", out=tmp_path / "stick", actor="clerk")
    assert list(tmp_path.rglob("*.pdf")) == []
    assert print_batch(app, "B1", actor="clerk").drawn == 3


def test_what_a_killed_run_left_half_written_is_gone_after_the_next(tmp_path: Path) -> None:
    home = print_home(tmp_path, learners=1)
    left = home.folder / "print" / "B1" / "tmpabc.part"
    left.write_bytes(b"%PDF-1.4 half")
    print_batch(home.app, "B1", actor="clerk")
    home.app.close()
    assert not left.exists()


def test_a_run_that_is_killed_at_any_moment_is_continued_with_every_packet_exactly_once(
    tmp_path: Path,
) -> None:
    make_home(tmp_path, learners=9).close()
    rng = random.Random(11)
    for line in ("ready", rng.choice(("planned", "0 9")), rng.choice(("3 9", "6 9"))):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        assert child.stdout is not None
        for told in child.stdout:
            if told.strip() == line:
                break
        child.kill()
        child.wait()
        child.stdout.close()
    app = open_home(tmp_path)
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk")
    printed = print_batch(app, "B1", actor="clerk")
    assert (planned.packets, printed.packets, printed.pages) == (9, 9, 9 * 6)
    assert app.facts.verify().ok
    states = Packets(app.database, app.facts).states("B1")
    assert len({state.learner for state in states}) == len(states) == 9
    assert all(state.printed_at for state in states)
    planned_ids = [sheet.page_id for sheet in app.sheets.of_batch("B1")]
    assert len(set(planned_ids)) == len(planned_ids) == 54
    on_paper = [page_id for file in printed.files for page_id in _ids_on_paper(file)]
    assert sorted(on_paper) == sorted(planned_ids)
    assert Packets(app.database, app.facts).page_totals("B1") == {"printed": 54}
    assert sorted((tmp_path / "print" / "B1").glob("*.pdf")) == sorted(printed.files)
    app.close()


def _ids_on_paper(file: Path) -> list[str]:
    """The page ids in small print beneath the codes."""
    out = []
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        for page in document:
            text = page.get_textpage().get_text_range()
            (line,) = [s for s in text.split() if len(s) == 14 and s.count("-") == 2 and s[4] == s[9] == "-"]
            out.append(line.replace("-", "").lower())
    return out


def test_a_learner_whose_name_is_hard_to_set_gets_a_packet_like_the_others(app: App) -> None:
    names = ("Nguyễn " * 12, "Tra\u0302\u0300n Thi\u0323 A\u0301nh", "Anna 😀 Lê", "אבגד", "Lê\x00\x1b Văn")
    for number, name in enumerate(names, start=10):
        enrol(app, number, name=name.strip(), address="Số 1, " + "đường rất dài " * 12)
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").packets == 7
    printed = print_batch(app, "B1", actor="clerk")
    assert printed.packets == 7
    text = "".join(page.extract_text() for page in PdfReader(printed.files[0]).pages)
    assert "Trần Thị Ánh" in text
    assert "Anna Lê" in text
    # On every sheet that comes back, whatever the name: who it is.
    for code in ("TX260011", "TX260012"):
        assert text.count(f"· {code}") == 3


def test_an_address_erased_after_planning_stops_one_packet_and_not_the_others(app: App) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    gone = app.learners.require("TX260002").id
    with app.database.write() as connection:
        app.vault.destroy(connection, gone)
    printed = print_batch(app, "B1", actor="clerk")
    assert (printed.packets, [who for who, _ in printed.unreachable]) == (2, [gone])


def test_an_unknown_batch_is_refused(app: App) -> None:
    with pytest.raises(NotFound, match="B9"):
        print_batch(app, "B9", actor="clerk")
