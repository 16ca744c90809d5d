"""The fact log on SQLite and on PostgreSQL: append, idempotence, quarantine, proof."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from delivery.app import App
from delivery.catalogue.model import LearnerProfile
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.canonical import parse
from delivery.record.facts import BadFact, Draft
from delivery.record.kinds import FactKind
from delivery.record.ledger import genesis
from delivery.store.vault import profile_to


def took_part(
    app: App, number: int, *, learner: str = "L1", audience: str = "MAIN", minutes: int = 5
) -> Draft:
    return Draft(
        id=fact_id(FactKind.PARTICIPATION_RECORDED, number),
        kind=FactKind.PARTICIPATION_RECORDED,
        occurred_at=to_micros(app.clock.now()),
        actor="portal",
        audience=audience,
        learner=learner,
        course="C1",
        activity="C1-A1",
        data={"source": "system", "method": "xem “bài 1”\n", "minutes": minutes},
    )


def registered(app: App, learner: str = "L1", name: str = "Nguyễn Thị Ánh") -> Draft:
    return Draft(
        id=fact_id(FactKind.LEARNER_REGISTERED, learner),
        kind=FactKind.LEARNER_REGISTERED,
        occurred_at=to_micros(app.clock.now()),
        actor="import",
        audience="MAIN",
        learner=learner,
        data={"cohort": "K1", "site": "MAIN"},
        private=profile_to(LearnerProfile(code="TX1", full_name=name)),
    )


def test_facts_get_a_gapless_sequence_per_stream_and_verify(any_tuxa: App) -> None:
    app = any_tuxa
    app.facts.append(took_part(app, n, audience="MAIN" if n % 2 else "all") for n in range(1201))
    sequences = {"MAIN/MAIN": [], "MAIN/all": []}  # type: dict[str, list[int]]
    for fact in app.facts.select():
        sequences[fact.stream].append(fact.seq)
    assert sequences["MAIN/MAIN"] == list(range(1, 601))
    assert sequences["MAIN/all"] == list(range(1, 602))
    result = app.facts.verify()
    assert (result.ok, result.facts, result.streams) == (True, 1201, 2)


def test_telling_the_same_again_changes_nothing(any_tuxa: App) -> None:
    drafts = [registered(any_tuxa), *(took_part(any_tuxa, n) for n in range(700))]
    assert len(any_tuxa.facts.append(drafts).added) == 701
    again = any_tuxa.facts.append(drafts)
    assert (again.added, again.unchanged, again.quarantined) == ((), 701, ())
    mixed = any_tuxa.facts.append([*drafts[:10], took_part(any_tuxa, 9000), took_part(any_tuxa, 9000)])
    assert (len(mixed.added), mixed.unchanged) == (1, 11)
    assert any_tuxa.facts.verify().ok


def test_a_known_id_with_other_content_is_quarantined_in_the_open(any_tuxa: App) -> None:
    first = took_part(any_tuxa, 1)
    any_tuxa.facts.append([first])
    result = any_tuxa.facts.append([replace(first, data={**first.data, "minutes": 99})])
    assert result.quarantined == (str(first.id),)
    with any_tuxa.database.read() as connection:
        kept = connection.execute(text("SELECT content FROM quarantine")).scalars().all()
    assert len(kept) == 1
    assert '"minutes":99' in kept[0]
    stored = any_tuxa.facts.get(str(first.id))
    assert stored is not None
    assert stored.data["minutes"] == 5


def test_an_append_that_fails_in_the_middle_leaves_nothing(any_tuxa: App) -> None:
    drafts = [took_part(any_tuxa, n) for n in range(1000)]
    drafts[900] = replace(drafts[900], data={"source": "system"})
    with pytest.raises(BadFact, match=r"method is missing.*"):
        any_tuxa.facts.append(drafts)
    assert any_tuxa.facts.verify().facts == 0
    assert len(any_tuxa.facts.append(drafts[:900]).added) == 900
    assert any_tuxa.facts.verify().ok


def test_personal_data_lie_apart_and_destroying_the_key_erases_them_while_proofs_hold(any_tuxa: App) -> None:
    app = any_tuxa
    app.facts.append([registered(app, name="Đặng Thị Mười Một"), took_part(app, 1)])
    profile = app.vault.profile("L1")
    assert profile is not None
    assert profile.full_name == "Đặng Thị Mười Một"
    with app.database.read() as connection:
        everything = str(connection.execute(text("SELECT content FROM fact")).all())
    assert "Mười" not in everything
    with app.database.write() as connection:
        app.vault.destroy(connection, "L1")
    assert app.vault.profile("L1") is None
    assert app.facts.verify().ok
    if app.database.file:
        app.database.close()
        with sqlite3.connect(app.database.file) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert "Mười".encode() not in app.database.file.read_bytes()


def test_the_chain_can_be_recomputed_by_anyone_from_rfc_8785_and_sha_256(tuxa: App) -> None:
    import hashlib

    tuxa.facts.append(took_part(tuxa, n) for n in range(5))
    prev = genesis("MAIN/MAIN")
    with tuxa.database.read() as connection:
        for row in connection.execute(text("SELECT * FROM fact ORDER BY seq")).mappings():
            document = {
                "content": parse(row["content"].encode()),
                "hlc": f"{row['hlc']:016x}",
                "prev": prev,
                **{name: row[name] for name in ("id", "kind", "learner", "recorded_at", "seq", "stream")},
            }
            assert hashlib.sha256(rfc8785.dumps(document)).hexdigest() == row["hash"]
            prev = row["hash"]


COLUMNS = ("stream", "seq", "id", "kind", "learner", "recorded_at", "hlc", "content", "hash")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seq=st.integers(1, 20), column=st.sampled_from(COLUMNS), at=st.integers(0, 500), flip=st.integers(1, 255)
)
def test_any_single_changed_byte_of_any_stored_fact_is_found_and_located(
    sqlite_tuxa: App, seq: int, column: str, at: int, flip: int
) -> None:
    tuxa = sqlite_tuxa
    tuxa.facts.append(took_part(tuxa, n) for n in range(20))
    assert tuxa.database.file is not None
    raw = sqlite3.connect(tuxa.database.file, isolation_level=None)
    raw.text_factory = bytes
    (ident, value) = raw.execute(
        f"SELECT id, {column} FROM fact WHERE stream='MAIN/MAIN' AND seq=?", (seq,)
    ).fetchone()
    raw.execute("BEGIN")
    if isinstance(value, int):
        changed: object = value ^ (1 << (at % 40))
    else:
        damaged = bytearray(value)
        damaged[at % len(damaged)] ^= flip
        changed = bytes(damaged)
    cast = "" if isinstance(value, int) else "CAST(? AS TEXT)"
    try:
        raw.execute(f"UPDATE fact SET {column}={cast or '?'} WHERE id=CAST(? AS TEXT)", (changed, ident))
        raw.execute("COMMIT")
        result = tuxa.facts.verify()
        places = {(p.stream, p.sequence) for p in result.problems}
        named = {p.fact for p in result.problems}
        assert not result.ok
        assert ("MAIN/MAIN", seq) in places or ident.decode() in named
        if column not in ("stream", "seq"):
            assert places == {("MAIN/MAIN", seq)}
    except sqlite3.IntegrityError:
        raw.execute("ROLLBACK")  # swapped onto an occupied place: the database itself refused
    else:
        restored = "?" if isinstance(value, int) else "CAST(? AS TEXT)"
        (rowid,) = raw.execute(
            "SELECT rowid FROM fact ORDER BY rowid LIMIT 1 OFFSET ?", (seq - 1,)
        ).fetchone()
        raw.execute(f"UPDATE fact SET {column}={restored} WHERE rowid=?", (value, rowid))
    finally:
        raw.close()
    assert tuxa.facts.verify().ok


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("DELETE FROM fact WHERE seq = 7", "missing"),
        ("DELETE FROM fact WHERE seq > 15", "missing"),
        ("DELETE FROM fact", "missing"),
        ("UPDATE stream_head SET seq = 19, hash = (SELECT hash FROM fact WHERE seq = 19)", "signature"),
        ("DELETE FROM stream_head", "unsigned"),
        ("UPDATE stream_head SET signature = ''", "signature"),
    ],
)
def test_deleted_facts_and_forged_or_missing_heads_are_found(
    any_tuxa: App, change: str, problem: str
) -> None:
    any_tuxa.facts.append(took_part(any_tuxa, n) for n in range(20))
    with any_tuxa.database.write() as connection:
        connection.execute(text(change))
    assert problem in {p.problem for p in any_tuxa.facts.verify().problems}


def test_rebuilding_gives_the_same_projections(any_tuxa: App) -> None:
    app = any_tuxa
    app.facts.append(
        [
            *(registered(app, f"L{n}") for n in range(5)),
            Draft(
                id=fact_id(FactKind.PACKET_PLANNED, "p1"),
                kind=FactKind.PACKET_PLANNED,
                occurred_at=to_micros(app.clock.now()),
                actor="clerk",
                audience="MAIN",
                learner="L1",
                course="C1",
                data={"packet": "p1", "batch": "b1", "sheets": [["aa", "bb", "assignment", "C1-A1", 1, 1]]},
            ),
        ]
    )
    tables = ("learner", "enrolment", "sheet", "airing", "material_state")

    def snapshot() -> list[str]:
        with app.database.read() as connection:
            return [str(sorted(map(str, connection.execute(text(f"SELECT * FROM {t}"))))) for t in tables]

    before = snapshot()
    assert app.records.rebuild() == 6
    assert snapshot() == before


def test_an_older_state_put_back_and_a_stream_deleted_whole_are_found(any_tuxa: App) -> None:
    app = any_tuxa
    app.facts.append(took_part(app, n) for n in range(10))
    with app.database.read() as connection:
        (then,) = connection.execute(text("SELECT * FROM stream_head")).mappings().all()
    app.facts.append(took_part(app, n) for n in range(10, 20))
    with app.database.write() as connection:
        connection.execute(text("DELETE FROM fact WHERE seq > 10"))
        connection.execute(
            text("UPDATE stream_head SET seq=:seq, hash=:hash, signed_at=:signed_at, signature=:signature"),
            dict(then),
        )
    assert [(p.problem, p.sequence) for p in app.facts.verify().problems] == [("rollback", 20)]
    with app.database.write() as connection:
        connection.execute(text("DELETE FROM fact"))
        connection.execute(text("DELETE FROM stream_head"))
    assert [(p.stream, p.problem) for p in app.facts.verify().problems] == [("MAIN/MAIN", "rollback")]


def test_facts_of_a_site_that_was_never_admitted_are_neither_verified_nor_believed(any_tuxa: App) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from delivery.store.factlog import FactLog
    from delivery.store.witness import Witness
    from tests.record.builders import catalogue

    app = any_tuxa
    enrolled = Draft(
        id=fact_id(FactKind.COURSE_ENROLLED, "L1", "C1", "K1"),
        kind=FactKind.COURSE_ENROLLED,
        occurred_at=to_micros(app.clock.now()),
        actor="import",
        audience="MAIN",
        learner="L1",
        course="C1",
        data={"cohort": "K1"},
    )
    app.facts.append([registered(app), enrolled])
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    evil = FactLog(
        app.database,
        app.vault,
        site="EVIL",
        signing=key,
        witness=Witness(app.settings.home / "evil.log"),
        clock=app.clock,
    )
    forged = Draft(
        id=fact_id(FactKind.MARK_RECORDED, "forged"),
        kind=FactKind.MARK_RECORDED,
        occurred_at=to_micros(app.clock.now()),
        actor="GV01",
        audience="MAIN",
        learner="L1",
        course="C1",
        activity="C1-A1",
        data={"score": "10", "method": "keyboard"},
    )
    evil.append([forged])
    assert [(p.stream, p.problem) for p in app.facts.verify().problems] == [("EVIL/MAIN", "signature")]
    shown = app.records.show("L1", catalogue())
    statuses = {a["activity"]: a["status"] for course in shown["courses"] for a in course["activities"]}
    assert statuses["C1-A1"] == "not_recorded"
    admitted = Draft(
        id=fact_id(FactKind.SITE_ADMITTED, "EVIL"),
        kind=FactKind.SITE_ADMITTED,
        occurred_at=to_micros(app.clock.now()),
        actor="QTHT01",
        data={"site": "EVIL", "public_key": key.public_key().public_bytes_raw().hex()},
    )
    app.facts.append([admitted])
    assert app.facts.verify().ok


def test_an_actor_is_a_code_and_never_a_name(tuxa: App) -> None:
    with pytest.raises(BadFact, match="not a code"):
        tuxa.facts.append([replace(took_part(tuxa, 1), actor="Nguyễn Văn A")])


def test_what_an_append_costs_does_not_grow_with_the_facts_that_are_there(sqlite_tuxa: App) -> None:
    """Counted in steps of SQLite's machine, which no load of this computer changes."""
    tuxa = sqlite_tuxa

    def steps(number: int) -> int:
        taken = [0]

        def one() -> int:
            taken[0] += 1
            return 0

        with tuxa.database.write() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.set_progress_handler(one, 10)
            tuxa.facts.append_in(connection, [took_part(tuxa, number)])
            driver.set_progress_handler(None, 10)
        return taken[0] * 10

    tuxa.facts.append(took_part(tuxa, n) for n in range(60))
    few = steps(1_000)
    tuxa.facts.append(took_part(tuxa, n) for n in range(100, 900))
    assert steps(1_001) < few * 2
