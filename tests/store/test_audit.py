"""The audit names whatever was changed beside the facts, and stays silent about everything else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text
from sqlmodel import SQLModel

from delivery.app import App
from delivery.clock import to_micros
from delivery.demo.sample import sample_term
from delivery.errors import LedgerBroken
from delivery.i18n import Translator
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.ledger import Problem
from delivery.store.audit import audit
from tests.store.test_factlog import registered, took_part
from tests.store.test_submissions import send
from tests.support.home import make_app, prepared_url

PAGE, SIDE = "0a0b0c0d0e01", "0102030401"


def told(
    app: App, kind: FactKind, key: str, data: dict[str, object], *, learner: str = "", **more: Any
) -> Draft:
    return Draft(
        id=fact_id(kind, key),
        kind=kind,
        occurred_at=to_micros(app.clock.now()),
        actor="clerk",
        learner=learner,
        data=data,
        **more,
    )


def planned(app: App, packet: str, pages: list[tuple[str, str]]) -> Draft:
    sheets = [[page, side, "assignment", "C1-A1", n + 1, len(pages)] for n, (page, side) in enumerate(pages)]
    data: dict[str, object] = {"packet": packet, "batch": "b1", "sheets": sheets}
    return told(app, FactKind.PACKET_PLANNED, packet, data, learner="L1", audience="MAIN", course="C1")


AIRED = {
    "airing": "a1",
    "channel": "TV1",
    "asset": "x",
    "material": "M1",
    "planned_start": 0,
    "actual_start": 0,
    "planned_ticks": 1,
    "aired_ticks": 1,
    "bytes": 1,
    "digest": "d",
    "status": "aired",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def term(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A term's catalogue, and something in every projection, vault and blob store."""
    url = prepared_url(request) if request.param == "postgresql" else ""
    tuxa = make_app(tmp_path_factory.mktemp("term") / "home", database=url)
    with sample_term() as folder:
        tuxa.importer.run(folder, actor="QTHT01")
    tuxa.facts.append(
        [
            registered(tuxa, "L1"),
            registered(tuxa, "L2", name="Đặng Thị Mười Một"),
            told(
                tuxa,
                FactKind.COURSE_ENROLLED,
                "e",
                {"cohort": "K1"},
                learner="L1",
                audience="MAIN",
                course="C1",
            ),
            told(tuxa, FactKind.ITEM_AIRED, "a", dict(AIRED), course="C1", activity="C1-A1"),
            planned(tuxa, "p1", [(PAGE, SIDE), ("0a0b0c0d0e02", "0102030402")]),
        ]
    )
    tuxa.materials.appraise("M1", content="aa", minutes="3/BB", actor="HD01")
    assert send(tuxa, "bài làm".encode()).status == "filed"
    assert send(tuxa, b"photo", by="L2", channel="phone").status == "held"
    yield tuxa
    tuxa.close()


@pytest.fixture
def kept(term: App) -> Iterator[App]:
    """The same for every test, whatever the one before did to it."""
    with undone(term):
        yield term


def problems(app: App, *, deep: bool = True) -> tuple[Problem, ...]:
    return audit(app.database, app.vault, app.blobs, deep=deep)


def change(app: App, statement: str, **values: object) -> None:
    """What somebody does who can write to the database, behind the program's back."""
    with app.database.write() as connection:
        assert connection.execute(text(statement), values).rowcount > 0


@contextmanager
def undone(app: App) -> Iterator[None]:
    """Afterwards every row and every stored file is as it was before: one home serves many changes."""
    tables = SQLModel.metadata.sorted_tables
    with app.database.read() as connection:
        before = [(table, connection.execute(select(table)).mappings().all()) for table in tables]
    folder = app.settings.home / "blobs"
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield
    with app.database.write() as connection:
        for table in reversed(tables):
            connection.execute(delete(table))
        for table, rows in before:
            if rows:
                connection.execute(insert(table), [dict(row) for row in rows])
    for path, whole in files.items():
        path.write_bytes(whole)


def test_what_nobody_touched_has_no_problems(kept: App) -> None:
    assert problems(kept) == ()


def test_an_empty_home_has_no_problems(tuxa: App) -> None:
    assert problems(tuxa) == ()


PROJECTIONS = [
    (
        "UPDATE learner SET site = 'X' WHERE learner = 'L1'",
        "learner",
        "L1: stored site=X but the facts give site=MAIN",
    ),
    (
        "DELETE FROM enrolment WHERE learner = 'L1'",
        "enrolment",
        "C1/L1: stored nothing but the facts give enrolled_n=0 left_n=-1",
    ),
    (
        "INSERT INTO enrolment (course, learner, enrolled_n, left_n) VALUES ('C9', 'L1', 0, -1)",
        "enrolment",
        "C9/L1: stored enrolled_n=0 left_n=-1 but the facts give nothing",
    ),
    (
        "UPDATE material_state SET state = 'approved' WHERE material = 'M1'",
        "material_state",
        "M1/aa: stored state=approved but the facts give state=appraised",
    ),
    (
        "UPDATE airing SET activity = 'C1-A2'",
        "airing",
        f"{fact_id(FactKind.ITEM_AIRED, 'a')}: stored activity=C1-A2 but the facts give activity=C1-A1",
    ),
    (
        "UPDATE packet SET learner = 'L2'",
        "packet",
        "p1: stored learner=L2 but the facts give learner=L1",
    ),
    (
        f"UPDATE sheet SET page = 2 WHERE page_id = '{PAGE}'",
        "sheet",
        f"{PAGE}: stored page=2 but the facts give page=1",
    ),
]


def test_a_changed_projection_is_named_with_what_the_facts_give(kept: App) -> None:
    for statement, table, detail in PROJECTIONS:
        with undone(kept):
            change(kept, statement)
            (found,) = problems(kept, deep=False)
            assert (found.stream, found.problem, found.detail) == (
                f"projection:{table}",
                "projection",
                detail,
            )
            if table == "airing":
                assert found.fact == str(fact_id(FactKind.ITEM_AIRED, "a"))


def test_a_rebuild_heals_the_projections(kept: App) -> None:
    change(kept, "UPDATE sheet SET position = 7, packet = 'p2'")
    assert len(problems(kept)) == 2
    kept.records.rebuild()
    assert problems(kept) == ()


def test_of_many_differing_rows_twenty_are_named_and_the_rest_is_counted(kept: App) -> None:
    change(kept, "UPDATE learner SET cohort = 'X'")
    found = problems(kept, deep=False)
    assert len(found) == 21
    assert found[-1].detail == "… and 22 more: 42 rows differ in all"


def test_keys_in_any_script_are_paired_alike_on_both_sides(kept: App) -> None:
    codes = ["a", "B", "ă", "Đ", "đ", "a-b", "ab", "a b", "Z", "_", "𝒜", "ﬁ"]
    kept.facts.append(
        told(kept, FactKind.MATERIAL_APPRAISED, code, {"material": code, "content": "c", "minutes": "m"})
        for code in codes
    )
    assert problems(kept) == ()
    change(kept, "DELETE FROM material_state WHERE material = 'ă'")
    assert [found.detail.split(":")[0] for found in problems(kept)] == ["ă/c"]


CATALOGUE = [
    (
        "UPDATE catalogue_component SET weight = '5' WHERE course = 'NLTK102' AND code = 'CK'",
        "components[NLTK102/CK].weight: stored 5, imported 60",
    ),
    (
        "DELETE FROM catalogue_component WHERE course = 'NLTK102' AND code = 'CK'",
        "components[NLTK102/CK]: imported, not stored",
    ),
    (
        "INSERT INTO catalogue_unit (course, number, title) VALUES ('NLTK102', 99, 'x')",
        "units[NLTK102/99]: stored, not imported",
    ),
    (
        "UPDATE catalogue_institution SET name = 'X'",
        "institution[{code}].name: stored X, imported {name}",
    ),
]


def test_a_changed_catalogue_is_named_with_what_was_imported(kept: App) -> None:
    for statement, detail in CATALOGUE:
        with undone(kept):
            institution = kept.catalogue_store.load().institution
            change(kept, statement)
            (found,) = problems(kept, deep=False)
            (fact,) = kept.facts.select(kind=FactKind.CATALOGUE_IMPORTED)
            assert (found.problem, found.fact) == ("catalogue", fact.id)
            assert found.detail == detail.format(code=institution.code, name=institution.name)


def test_of_many_catalogue_differences_ten_are_named(kept: App) -> None:
    change(kept, "UPDATE catalogue_component SET weight = '5', name = 'x'")
    found = problems(kept, deep=False)
    assert len(found) == 11
    assert "differences in all" in found[-1].detail


def test_binding_a_material_to_its_bytes_is_no_problem_but_an_edit_of_them_is(kept: App) -> None:
    kept.catalogue_store.set_content("TVTH-TV1", content="ab" * 32, file="bai1.mp4")
    assert problems(kept) == ()
    change(kept, "UPDATE catalogue_material SET content = :c WHERE code = 'TVTH-TV1'", c="cd" * 32)
    (found,) = problems(kept)
    assert ".revision: stored" in found.detail


def test_a_catalogue_whose_import_was_never_told_or_cannot_be_read_is_named(
    kept: App, tmp_path: Path
) -> None:
    (fact,) = kept.facts.select(kind=FactKind.CATALOGUE_IMPORTED)
    blob = kept.blobs.local_path(fact.data["digest"])
    assert blob is not None
    blob.write_bytes(b"{}")
    assert "was altered" in problems(kept)[0].detail
    blob.unlink()
    assert "is missing" in problems(kept)[0].detail
    change(kept, "DELETE FROM fact WHERE kind = 'CatalogueImported'")
    assert [found.detail for found in problems(kept)] == ["stored, but no import of it is told"]


REGISTERED = {learner: str(fact_id(FactKind.LEARNER_REGISTERED, learner)) for learner in ("L1", "L2")}


PRIVATE = [
    ("DELETE FROM private_payload WHERE fact = :one", "its personal data are missing"),
    ("UPDATE private_payload SET sealed = :junk WHERE fact = :one", "cannot be opened"),
    ("UPDATE private_payload SET sealed = :empty WHERE fact = :one", "cannot be opened"),
    (
        "UPDATE private_payload SET sealed = (SELECT sealed FROM private_payload p WHERE p.fact = :two) "
        "WHERE fact = :one",
        "cannot be opened",
    ),
    ("UPDATE private_payload SET learner = 'L2' WHERE fact = :one", "stored under learner L2"),
    (
        "UPDATE learner_key SET wrapped = :junk WHERE learner = 'L1'",
        "The key of learner L1 cannot be opened",
    ),
]


def test_personal_data_that_are_gone_or_changed_are_named(kept: App) -> None:
    for statement, detail in PRIVATE:
        with undone(kept):
            values = {"one": REGISTERED["L1"], "two": REGISTERED["L2"], "junk": b"\x00" * 80, "empty": b""}
            change(
                kept, statement, **{name: value for name, value in values.items() if f":{name}" in statement}
            )
            assert problems(kept, deep=False) == ()
            (found,) = problems(kept)
            assert (found.problem, found.fact) == ("private", REGISTERED["L1"])
            assert detail in found.detail


def test_personal_data_resealed_with_the_learners_own_key_break_the_commitment(kept: App) -> None:
    with kept.database.read() as connection:
        key = kept.vault.existing_key(connection, "L1")
    assert key is not None
    _, sealed = kept.vault.seal(key, REGISTERED["L1"], {"code": "TX1", "full_name": "Người Khác"})
    change(kept, "UPDATE private_payload SET sealed = :s WHERE fact = :f", s=sealed, f=REGISTERED["L1"])
    (found,) = problems(kept)
    assert found.detail == "its personal data are not those that the fact commits to"


def test_personal_data_that_no_fact_tells_of_are_named(kept: App) -> None:
    change(
        kept, "INSERT INTO private_payload (fact, learner, sealed) VALUES ('stray', 'L1', :s)", s=b"\x00" * 40
    )
    (found,) = problems(kept)
    assert (found.stream, found.fact) == ("private", "stray")


def lies_at(app: App, learner: str) -> Path:
    with app.database.read() as connection:
        address = connection.execute(
            text("SELECT address FROM sealed_blob WHERE learner = :l"), {"l": learner}
        ).scalar_one()
    path = app.blobs.local_path(address)
    assert path is not None
    return path


IMAGES: list[tuple[Callable[[App], object], FactKind, str]] = [
    (
        lambda app: change(app, "DELETE FROM sealed_blob WHERE learner = 'L1'"),
        FactKind.WORK_RECEIVED,
        "lies is not stored",
    ),
    (
        lambda app: change(app, "UPDATE sealed_blob SET address = '../x' WHERE learner = 'L1'"),
        FactKind.WORK_RECEIVED,
        "no address",
    ),
    (
        lambda app: change(
            app,
            "UPDATE sealed_blob SET address = (SELECT address FROM sealed_blob b WHERE b.learner = 'L1') "
            "WHERE learner = 'L2'",
        ),
        FactKind.WORK_HELD,
        "cannot be opened",
    ),
    (lambda app: lies_at(app, "L2").unlink(), FactKind.WORK_HELD, "is missing"),
    (
        lambda app: lies_at(app, "L1").write_bytes(b"x"),
        FactKind.WORK_RECEIVED,
        "was altered",
    ),
]


def test_an_image_that_is_gone_or_changed_is_named(kept: App) -> None:
    for harm, kind, detail in IMAGES:
        with undone(kept):
            harm(kept)
            assert problems(kept, deep=False) == ()
            (found,) = problems(kept)
            (fact,) = kept.facts.select(kind=kind)
            assert (found.problem, found.fact, found.sequence) == ("image", fact.id, fact.seq)
            assert detail in found.detail


def test_an_erased_learner_is_no_problem(kept: App) -> None:
    with kept.database.write() as connection:
        kept.vault.destroy(connection, "L1")
    assert problems(kept) == ()


UNREADABLE = [
    "UPDATE fact SET content = 'no json' WHERE kind = 'PacketPlanned'",
    "UPDATE fact SET content = '[]' WHERE kind = 'PacketPlanned'",
    """UPDATE fact SET content = replace(content, '"sheets":[[', '"sheets":[3,[')
           WHERE kind = 'PacketPlanned'""",
    "UPDATE fact SET kind = 'Nonsense' WHERE kind = 'PacketPlanned'",
]


def test_a_fact_that_cannot_be_read_is_named_and_the_others_are_still_compared(kept: App) -> None:
    for statement in UNREADABLE:
        with undone(kept):
            change(kept, statement)
            change(kept, "UPDATE learner SET site = 'X' WHERE learner = 'L1'")
            found = problems(kept)
            planned_fact = str(fact_id(FactKind.PACKET_PLANNED, "p1"))
            assert (found[0].problem, found[0].fact) == ("unreadable", planned_fact)
            assert {p.stream for p in found[1:]} == {
                "projection:learner",
                "projection:packet",
                "projection:sheet",
            }


HOSTILE = [
    "UPDATE learner SET site = CAST(x'ff1b5b41' AS TEXT)",
    "UPDATE learner SET learner = x'ff00' WHERE learner = 'L1'",
    "UPDATE sheet SET page = 'one', position = x'00'",
    "UPDATE catalogue_activity SET due = 'soon', minutes = x'00'",
    "UPDATE catalogue_material SET content = 1.5, file = x'00'",
    "UPDATE catalogue_institution SET revision = CAST(x'ff' AS TEXT)",
    "UPDATE private_payload SET sealed = 'text'",
    "UPDATE private_payload SET fact = CAST(x'ff' AS TEXT) WHERE learner = 'L1'",
    "UPDATE learner_key SET wrapped = 5",
    "UPDATE sealed_blob SET address = x'00'",
    "UPDATE fact SET learner = CAST(x'ff' AS TEXT), seq = -seq",
    "UPDATE fact SET hlc = 'x', recorded_at = x'00', seq = 'n' || seq",
    "UPDATE fact SET content = CAST(x'ff' AS TEXT)",
]


def test_whatever_an_edit_left_in_sqlite_is_reported_and_never_raised(sqlite_tuxa: App) -> None:
    with sample_term() as folder:
        sqlite_tuxa.importer.run(folder, actor="QTHT01")
    sqlite_tuxa.facts.append([registered(sqlite_tuxa), planned(sqlite_tuxa, "p1", [(PAGE, SIDE)])])
    send(sqlite_tuxa, b"jpeg")
    for statement in HOSTILE:
        with undone(sqlite_tuxa):
            change(sqlite_tuxa, statement)
            found = problems(sqlite_tuxa)
            assert found
            for problem in found:
                assert (problem.stream + problem.fact + problem.detail).isprintable()
                assert isinstance(problem.sequence, int)
            with sqlite_tuxa.database.read() as connection:
                driver: object = connection.connection.driver_connection
                assert getattr(driver, "text_factory") is str  # noqa: B009 - not in the protocol


def test_a_database_that_cannot_be_read_is_one_problem(sqlite_tuxa: App) -> None:
    with sqlite_tuxa.database.write() as connection:
        connection.execute(text("DROP TABLE catalogue_unit"))
    (found,) = problems(sqlite_tuxa)
    assert (found.stream, found.problem) == ("*", "unreadable")


def test_facts_that_are_told_meanwhile_raise_no_alarm(kept: App) -> None:
    stop, written = threading.Event(), threading.Semaphore(0)

    def tell() -> None:
        number = 0
        while not stop.is_set():
            learner = f"W{number}"
            page = (f"{number:012x}", f"{number:010x}")
            kept.facts.append(
                [registered(kept, learner), took_part(kept, number), planned(kept, f"w{number}", [page])]
            )
            send(kept, f"image {number}".encode(), page=page[0])
            number += 1
            written.release()

    writer = threading.Thread(target=tell)
    writer.start()
    try:
        for _ in range(4):
            assert written.acquire(timeout=60)
            assert problems(kept) == ()
    finally:
        stop.set()
        writer.join()
    assert problems(kept) == ()


def test_reading_what_was_changed_is_refused_in_words_and_not_with_a_crash(kept: App) -> None:
    change(kept, "UPDATE private_payload SET sealed = :junk WHERE learner = 'L1'", junk=b"\x00" * 80)
    for read in (lambda: kept.vault.profile("L1"), lambda: kept.vault.open(REGISTERED["L1"])):
        with pytest.raises(LedgerBroken, match=REGISTERED["L1"]) as caught:
            read()
        assert "bị tráo" in Translator("vi").error(caught.value)
    (held,) = kept.facts.select(kind=FactKind.WORK_HELD)
    change(
        kept,
        "UPDATE sealed_blob SET address = (SELECT address FROM sealed_blob b WHERE b.learner = 'L1') "
        "WHERE learner = 'L2'",
    )
    with pytest.raises(LedgerBroken, match=r"image .* cannot be opened") as caught:
        kept.scans.get("L2", held.data["blob"])
    assert "Không mở được ảnh" in Translator("vi").error(caught.value)
