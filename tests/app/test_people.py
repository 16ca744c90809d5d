"""What persons may ask for: a copy of everything, correction, restriction, erasure, or a no with its clause."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from delivery.app import App
from delivery.app.people import export_person, log_of
from delivery.app.safecopies import back_up, read_recovery, restore
from delivery.catalogue.model import LearnerProfile
from delivery.clock import to_micros
from delivery.demo.sample import sample_term
from delivery.errors import BadInput, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.regulation.retention import RULES
from delivery.store.audit import audit
from delivery.store.people import Asked
from delivery.store.uploads import Uploads
from delivery.store.vault import profile_to
from tests.network.sync.sites import agree, make_pair, running, until

NAME, STREET, PHONE = "Đặng Thị Mười Một", "45/7 hẻm Lò Lu", "0912345678"
WORDS = "Thưa cô, em bị ốm nên nộp trễ"
IMAGE = "bài làm viết tay của Mười Một".encode() * 200
ASKED = Asked("CV01", "theo đơn", "2026-11-20")


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


def image_of(app: App) -> str:
    """SHA-256 of the image of the work that was sent."""
    (work,) = app.facts.select(kind=FactKind.WORK_RECEIVED, learner="L1")
    return str(work.data["blob"])


def draft(app: App, kind: FactKind, number: int, data: dict[str, object], **more: object) -> Draft:
    return Draft(
        id=fact_id(kind, app.settings.site, number),
        kind=kind,
        occurred_at=to_micros(app.clock.now()),
        actor="portal",
        learner="L1",
        data=data,
        **{"audience": "P1", **more},  # type: ignore[arg-type]
    )


def live(app: App, *, site: str = "P1") -> None:
    """A learner, with a work that was sent and a question that was asked."""
    profile = LearnerProfile("TX1", NAME, phone=PHONE, address=STREET, email="muoi@example.vn")
    member = {"cohort": "QTVP-2026A", "site": site}
    app.facts.append(
        [draft(app, FactKind.LEARNER_REGISTERED, 0, member, private=profile_to(profile), audience=site)]
    )
    ask(app, 1)
    with app.database.write() as connection:
        digest = app.scans.put_in(connection, "L1", IMAGE)
        work = {"sheet": "s", "page": 1, "pages": 1, "channel": "web", "blob": digest}
        told = draft(
            app, FactKind.WORK_RECEIVED, 1, {**work, "media_type": "image/png", "identity": "login"},
            activity="A1", audience=site,
        )  # fmt: skip
        app.facts.append_in(connection, [told])


def ask(app: App, number: int) -> None:
    question = {"thread": f"t{number}", "channel": "portal"}
    app.facts.append([draft(app, FactKind.QUESTION_ASKED, number, question, private={"text": WORDS})])


def mark(app: App) -> None:
    app.facts.append([draft(app, FactKind.MARK_RECORDED, 1, {"score": "8", "method": "keyboard"})])


def printed(app: App) -> Path:
    """A print job of three pages, of which the learner's packet is the second."""
    file = app.settings.home / "print" / "B1" / "B1-P1-001.pdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    canvas = Canvas(out)
    for words in ("Anna", "Muoi Mot", "Binh"):
        canvas.drawString(100, 100, words)
        canvas.showPage()
    canvas.save()
    file.write_bytes(out.getvalue())
    plan = {"packet": "p1", "batch": "B1", "sheets": [["a" * 12, "b" * 12, "assignment", "A1", 1, 1]]}
    done = {"packet": "p1", "batch": "B1", "pages": 1, "file": "f", "job": "B1-P1-001", "first": 2}
    app.facts.append(
        [draft(app, FactKind.PACKET_PLANNED, 1, plan), draft(app, FactKind.PACKET_PRINTED, 1, done)]
    )
    return file


def secrets(app: App) -> set[bytes]:
    """Whatever could bring the person back, as it lies in the database before the erasure."""
    with app.database.read() as connection:
        keys = connection.exec_driver_sql("SELECT wrapped FROM learner_key WHERE learner = 'L1'").scalars()
        sealed = connection.exec_driver_sql(
            "SELECT sealed FROM private_payload WHERE learner = 'L1'"
        ).scalars()
        found = {bytes(value) for value in (*keys, *sealed)}
    assert found
    return found


def holding(folder: Path, needles: Iterable[bytes]) -> list[str]:
    """Files under the folder in which any of the needles is found."""
    out = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        out += [file.name for needle in needles if needle in data]
    return out


def sound(app: App, *, main: str = "MAIN") -> None:
    assert app.facts.verify().ok
    assert audit(app.database, app.vault, app.blobs, deep=True, main=main) == ()


def test_after_an_erasure_nothing_of_the_person_is_left_at_any_site_and_every_proof_holds(
    main: App, partner: App, tmp_path: Path
) -> None:
    live(main)
    file = printed(main)
    uploads = Uploads(main.settings.home / "uploads", main.keys.master, main.clock, main.ids, max_bytes=1000)
    uploads.create("L1", length=10, purpose="A1")
    agree(main, partner)
    ask(partner, 7)
    agree(main, partner)
    assert partner.scans.get("L1", image_of(main)) == IMAGE
    images = [
        path for app in (main, partner) for path in (app.settings.home / "blobs").rglob("*") if path.is_file()
    ]
    before = {app.settings.site: secrets(app) for app in (main, partner)}
    addresses = []
    with main.database.read() as connection:
        addresses = list(connection.exec_driver_sql("SELECT address FROM sealed_blob").scalars())
    assert any(path.name in addresses for path in images)
    first = back_up(main, tmp_path / "before.tuxa")

    plan = main.people.erase(main.learners.require("L1"), ASKED)
    assert (plan.sealed, plan.retains, main.erasing.pending) == (3, (), 0)
    ask(partner, 8)  # told by a site that has not heard of it yet
    secret = secrets(partner) | before["P1"]
    agree(main, partner)

    needles = {NAME.encode(), STREET.encode(), PHONE.encode(), WORDS.encode(), IMAGE[:60]}
    for app, own in ((main, before["MAIN"]), (partner, secret)):
        sound(app)
        assert app.vault.profile("L1") is None
        assert not app.vault.open_many(fact.id for fact in app.facts.select(learner="L1"))
        assert not any(path.name in addresses for path in (app.settings.home / "blobs").rglob("*"))
        app.database.close()
        assert holding(app.settings.home, needles | own) == []
    assert not list((main.settings.home / "uploads").rglob("*.json"))
    pages = [page.extract_text().strip() for page in PdfReader(file).pages]
    assert pages == ["Anna", "", "Binh"]

    # A copy made afterwards stands alone, and brings nothing back.
    after = back_up(main, tmp_path / "after.tuxa")
    assert not after.header.base
    clean = App(replace(main.settings, home=tmp_path / "clean"), main.clock, main.ids)
    restored = restore(clean, tmp_path / "after.tuxa", secret=read_recovery(first.recovery_key))
    assert restored.problems == 0
    assert holding(tmp_path / "clean", needles | before["MAIN"]) == []

    # What is told of the person from now on is told, and nothing personal is kept of it.
    ask(main, 9)
    ask(partner, 10)
    with main.database.write() as connection:
        digest = main.scans.put_in(connection, "L1", b"another scan")
    with pytest.raises(NotFound):
        main.scans.get("L1", digest)
    agree(main, partner)
    for app in (main, partner):
        assert not app.vault.open_many(fact.id for fact in app.facts.select(learner="L1"))
        sound(app)


def test_results_stay_with_whose_they_are_and_the_refusal_names_the_clause(main: App, partner: App) -> None:
    live(main)
    mark(main)
    agree(main, partner)
    ref = main.learners.require("L1")
    with pytest.raises(Refused, match=r"TX-14\.3"):
        main.people.erase(ref, ASKED)
    assert main.vault.profile("L1") is not None
    assert [fact.data["clauses"] for fact in main.people.log("L1")] == [["TX-14.3"]]
    main.people.erase(ref, ASKED, keep_retained=True)
    agree(main, partner)
    for app in (main, partner):
        assert app.vault.profile("L1") == LearnerProfile("TX1", NAME)
        texts = [
            d.get("text") for d in app.vault.open_many(f.id for f in app.facts.select(learner="L1")).values()
        ]
        assert WORDS not in texts
        sound(app)
    (course_mark,) = main.facts.select(kind=FactKind.MARK_RECORDED, learner="L1")
    assert course_mark.data["score"] == "8"
    # What remained can go as well, in the same way, and the log keeps both.
    assert [row["kind"] for row in log_of(main, "L1")] == ["PersonRefused", "PersonErased"]
    assert [row["in_time"] for row in log_of(main, "L1")] == [True, True] or main.clock.now().year > 2025


def test_only_the_main_site_can_have_somebody_erased(main: App, partner: App) -> None:
    live(main)
    agree(main, partner)
    with pytest.raises(Refused, match="MAIN"):
        partner.people.erase(partner.learners.require("L1"), ASKED)
    # A partner that tells it all the same is not believed.
    data = {"scope": "all", "retained": [], "reason": "", "n": 0}
    partner.facts.append([draft(partner, FactKind.PERSON_ERASED, 1, data)])
    with running(main) as at_main, running(partner):
        until(lambda: at_main._links and next(iter(at_main._links.values())).peer.refusals)
    assert main.vault.profile("L1") is not None


def test_an_erasure_that_was_cut_off_is_carried_out_to_its_end_and_one_that_never_was_is_forgotten(
    main: App,
) -> None:
    live(main, site="MAIN")
    ref = main.learners.require("L1")
    with main.database.engine.begin() as connection:
        main.database._writing.afterwards = []
        main.erasing.carry_out_in(connection, "L1")
        connection.rollback()
    assert main.erasing.pending == 1
    main.erasing.finish()
    assert (main.erasing.pending, main.vault.profile("L1") is not None) == (0, True)
    assert main.scans.get("L1", image_of(main)) == IMAGE
    remove = main.blobs.remove
    main.blobs.remove = lambda address: (_ for _ in ()).throw(OSError("gone"))  # type: ignore[method-assign]
    main.people.erase(ref, ASKED)
    assert main.erasing.pending == 1
    main.blobs.remove = remove  # type: ignore[method-assign]
    assert main.erasing.finish() == 1
    sound(main)


def test_an_erasure_leaves_no_key_and_no_word_in_either_database(any_tuxa: App) -> None:
    live(any_tuxa, site="MAIN")
    any_tuxa.people.erase(any_tuxa.learners.require("L1"), ASKED)
    assert any_tuxa.erasing.pending == 0
    any_tuxa.people.erase(any_tuxa.learners.require("L1"), ASKED)
    assert [fact.kind for fact in any_tuxa.people.log("L1")] == [FactKind.PERSON_ERASED]
    with any_tuxa.database.read() as connection:
        for table in ("private_payload", "learner_key", "learner_key_further", "sealed_blob"):
            assert not connection.exec_driver_sql(f"SELECT learner FROM {table}").all()
    sound(any_tuxa)


def test_what_was_erased_and_is_put_back_into_the_database_is_found(main: App) -> None:
    live(main, site="MAIN")
    with main.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT fact, learner, sealed FROM private_payload").all()
    main.people.erase(main.learners.require("L1"), ASKED)
    with main.database.write() as connection:
        for row in rows:
            connection.exec_driver_sql(
                "INSERT INTO private_payload (fact, learner, sealed) VALUES (?, ?, ?)", tuple(row)
            )
    found = audit(main.database, main.vault, main.blobs, deep=True)
    assert {problem.detail for problem in found} == {"personal data of a person who was erased are stored"}


def test_a_copy_of_everything_holds_the_words_the_files_and_who_looked(main: App, tmp_path: Path) -> None:
    with sample_term() as folder:
        main.importer.run(folder, actor="cli")
    live(main, site="MAIN")
    mark(main)
    ref = main.learners.require("L1")
    seen = {"what": "work", "day": "2026-11-21"}
    main.facts.append([draft(main, FactKind.PERSONAL_DATA_SEEN, 1, seen)])
    done = export_person(main, ref, tmp_path / "out" / "l1.zip", ASKED)
    with zipfile.ZipFile(done.file) as archive:
        document = json.loads(archive.read("person.json"))
        assert archive.read(document["files"][0]["name"]) == IMAGE
        page = "".join(
            part.extract_text() for part in PdfReader(io.BytesIO(archive.read("person.pdf"))).pages
        )
    assert document["profile"]["full_name"] == NAME
    assert WORDS in [(fact["private"] or {}).get("text") for fact in document["facts"]]
    assert document["seen"] == [{"day": "2026-11-21", "actor": "portal", "what": "work"}]
    assert NAME in page
    assert "TX-14.3" in page
    assert done.file.stat().st_mode & 0o077 == 0
    (told,) = main.people.log("L1")
    assert (told.data["file"], told.data["asked"]) == (done.sha256, "2026-11-20")


def test_a_correction_is_a_new_fact_and_the_wrong_one_stays(main: App) -> None:
    live(main, site="MAIN")
    ref = main.learners.require("L1")
    assert main.people.correct(ref, {"phone": "+84 987 654 321", "full_name": NAME}, ASKED) == ("phone",)
    profile = main.vault.profile("L1")
    assert profile
    assert (profile.phone, profile.full_name) == ("0987654321", NAME)
    assert main.people.correct(ref, {"phone": "0987654321"}, ASKED) == ()
    for bad in ({"phone": "12"}, {"code": "TX2"}, {"full_name": " "}):
        with pytest.raises(BadInput):
            main.people.correct(ref, bad, ASKED)
    (told,) = main.people.log("L1")
    assert told.data["fields"] == ["phone"]
    assert len(list(main.facts.select(kind=FactKind.LEARNER_REGISTERED, learner="L1"))) == 1
    sound(main)


def test_a_roster_brings_nothing_back_of_who_was_erased(main: App) -> None:
    with sample_term() as folder:
        main.importer.run(folder, actor="cli")
        ref = main.learners.require("TX260001")
        given = {"score": "8", "method": "keyboard"}
        main.facts.append([replace(draft(main, FactKind.MARK_RECORDED, 1, given), learner=ref.id)])
        main.people.erase(ref, ASKED, keep_retained=True)
        kept = main.vault.profile(ref.id)
        assert kept
        assert (kept.phone, kept.address) == ("", "")
        result = main.importer.run(folder, actor="cli")
    assert result.profiles_changed == 0
    assert main.vault.profile(ref.id) == kept


def test_restricted_data_are_kept_and_shown_to_nobody_until_it_is_lifted(main: App) -> None:
    live(main, site="MAIN")
    ref = main.learners.require("L1")
    assert main.people.restrict(ref, ASKED)
    assert not main.people.restrict(ref, ASKED)
    assert main.vault.profile("L1") is None
    assert main.people.correct(ref, {"email": "moi@example.vn"}, ASKED) == ("email",)
    held = main.people.profile("L1")
    assert held
    assert held.email == "moi@example.vn"
    assert main.people.restrict(ref, ASKED, lift=True)
    assert main.vault.profile("L1") == held


def test_nothing_personal_is_held_without_purpose_basis_and_term() -> None:
    fields = {name for rule in RULES.values() for name in rule.fields}
    assert fields == set(LearnerProfile.__dataclass_fields__)
    assert all(rule.purpose and rule.clause and rule.name for rule in RULES.values())
