"""Print runs: resumable and exact, whatever happens in between."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from pypdf import PdfReader, PdfWriter

from delivery.app import App
from delivery.errors import BadInput, NotFound, Refused
from delivery.postal.planning import plan_batch
from delivery.postal.posting import post_batch
from delivery.postal.printing import print_batch
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from tests.support.postal_home import COURSE, approve, enrol, make_home, open_home, print_home

_CHILD = """
import sys
from pathlib import Path
from delivery.ids import SystemIds
from delivery.postal.planning import plan_batch
from delivery.postal.printing import print_batch
from tests.support.postal_home import COURSE, open_home

def tell(done, total):
    print(done, total, flush=True)

app = open_home(Path(sys.argv[1]), ids=SystemIds())
print("ready", flush=True)
plan_batch(app, "B1", course=COURSE, actor="clerk")
print("planned", flush=True)
print_batch(app, "B1", actor="clerk", progress=tell)
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=3)
    yield app
    app.close()


def test_the_fact_names_the_bytes_of_the_file_and_printing_again_draws_nothing(tmp_path: Path) -> None:
    home = print_home(tmp_path, learners=2)
    told = {f.data["packet"]: f.data["file"] for f in home.app.facts.select(kind=FactKind.PACKET_PRINTED)}
    for file in home.result.files:
        packet = file.stem.removeprefix("B1-")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == told[packet]
    assert print_batch(home.app, "B1", actor="clerk").drawn == 0
    home.result.files[0].unlink()
    again = print_batch(home.app, "B1", actor="clerk")
    assert again.drawn == 1
    packet = home.result.files[0].stem.removeprefix("B1-")
    assert hashlib.sha256(home.result.files[0].read_bytes()).hexdigest() == told[packet]
    home.app.close()


def test_a_run_that_is_killed_at_any_moment_is_continued_with_every_packet_exactly_once(
    tmp_path: Path,
) -> None:
    make_home(tmp_path, learners=22).close()
    rng = random.Random(11)
    for line in ("ready", rng.choice(("planned", "0 22")), rng.choice(("10 22", "20 22"))):
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
    assert (planned.packets, printed.packets, printed.pages) == (22, 22, 22 * 4)
    assert app.facts.verify().ok
    states = Packets(app.database, app.facts).states("B1")
    assert len({state.learner for state in states}) == len(states) == 22
    assert all(state.printed for state in states)
    planned_ids = [row[0] for state in states for row in state.planned.data["sheets"]]
    assert len(set(planned_ids)) == len(planned_ids) == 88
    on_paper = [page_id for file in printed.files for page_id in _ids_on_paper(file)]
    assert sorted(on_paper) == sorted(planned_ids)
    assert Packets(app.database, app.facts).page_totals("B1") == {"printed": 88}
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
    for number, name in enumerate(
        ("Nguyễn " * 12, "Tra\u0302\u0300n Thi\u0323 A\u0301nh", "Anna 😀 Lê", "אבגד", "Lê\x00\x1b Văn"),
        start=10,
    ):
        enrol(app, number, name=name.strip(), address="Số 1, " + "đường rất dài " * 12)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    assert print_batch(app, "B1", actor="clerk").packets == 8


def test_pages_of_a_pdf_are_set_into_the_frame_with_their_text(app: App) -> None:
    made = print_batch_of_pdf(app)
    reader = PdfReader(made)
    assert len(reader.pages) == 1 + 4 + 2
    inset = reader.pages[1].extract_text()
    assert "Trong gói này có" in inset
    assert "Trang 1/4" in inset


def print_batch_of_pdf(app: App) -> Path:
    """Print packets whose textbook is itself a PDF of four pages."""
    plan_batch(app, "SRC", course=COURSE, actor="clerk")
    source = print_batch(app, "SRC", actor="clerk").files[0].read_bytes()
    _set_textbook(app, source)
    plan_batch(app, "PDF", course=COURSE, actor="clerk")
    return print_batch(app, "PDF", actor="clerk").files[0]


def _set_textbook(app: App, data: bytes) -> None:
    content = app.blobs.put(data)
    app.catalogue_store.set_content("NLTK-GT", content=content, file="x.pdf")
    approve(app, "NLTK-GT", content)


def test_a_broken_or_locked_pdf_is_refused_by_the_name_of_its_material(app: App, tmp_path: Path) -> None:
    _set_textbook(app, b"%PDF-1.7\nnothing of a PDF")
    with pytest.raises(BadInput, match="NLTK-GT"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.encrypt("secret", algorithm="AES-256")
    with (tmp_path / "locked.pdf").open("wb") as stream:
        writer.write(stream)
    _set_textbook(app, (tmp_path / "locked.pdf").read_bytes())
    with pytest.raises(BadInput, match=r"NLTK-GT.*password"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")


def test_an_unknown_batch_is_refused(app: App) -> None:
    with pytest.raises(NotFound, match="B9"):
        print_batch(app, "B9", actor="clerk")


def test_posting_counts_each_packet_once_and_keeps_item_numbers_apart(tmp_path: Path) -> None:
    home = print_home(tmp_path, learners=3)
    learners = [state.learner for state in Packets(home.app.database, home.app.facts).states("B1")]
    first = post_batch(home.app, "B1", items={learners[0]: "RR 47312482 9 VN"}, actor="clerk")
    assert (first.posted, first.already) == (1, 0)
    with pytest.raises(Refused, match="another packet"):
        post_batch(home.app, "B1", items={learners[1]: "RR473124829VN"}, actor="clerk")
    with pytest.raises(Refused, match="already posted"):
        post_batch(home.app, "B1", items={learners[0]: "EE473124829VN"}, actor="clerk")
    rest = post_batch(home.app, "B1", actor="clerk")
    assert (rest.posted, rest.already) == (2, 1)
    assert post_batch(home.app, "B1", actor="clerk").posted == 0
    told = [fact.data.get("item", "") for fact in home.app.facts.select(kind=FactKind.PACKET_POSTED)]
    assert sorted(told) == ["", "", "RR473124829VN"]
    assert Packets(home.app.database, home.app.facts).page_totals("B1") == {"posted": 12}
    home.app.close()


def test_what_is_not_printed_cannot_be_posted(app: App) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    posted = post_batch(app, "B1", actor="clerk")
    assert posted.posted == 0
    assert len(posted.not_printed) == 3
