"""Long streams are verified in ranges; what is wrong is found at its own place wherever the ranges meet."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from delivery.app import App
from delivery.store import verification
from tests.store.test_factlog import took_part
from tests.support.home import make_app

FACTS, RANGE = 30, 7


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = make_app(Path(tmp_path_factory.mktemp("ranges")) / "home")
    app.facts.append(took_part(app, n) for n in range(FACTS))
    yield app
    app.close()


def places(app: App) -> list[tuple[int, str]]:
    return sorted({(problem.sequence, problem.problem) for problem in app.facts.verify().problems})


def test_ranges_find_what_one_reading_finds_whatever_is_deleted_or_changed(
    told: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told.database.file
    told.database.close()
    whole = told.database.file.read_bytes()
    stream = told.facts.heads()[0].stream
    for seq in range(1, FACTS + 1):
        for harm in (
            "DELETE FROM fact WHERE stream = :s AND seq = :n",
            "DELETE FROM fact WHERE stream = :s AND seq BETWEEN :n AND :n + 8",
            "UPDATE fact SET learner = 'L9' WHERE stream = :s AND seq = :n",
            "UPDATE fact SET seq = 'x' WHERE stream = :s AND seq = :n",
            "UPDATE fact SET seq = seq + 1000000 WHERE stream = :s AND seq = :n",
        ):
            told.database.close()
            with closing(sqlite3.connect(told.database.file)) as raw, raw:
                raw.execute("PRAGMA synchronous=OFF")
                raw.execute(harm, {"s": stream, "n": seq})
            found = places(told)
            with monkeypatch.context() as patch:
                patch.setattr(verification, "RANGE", RANGE)
                assert places(told) == found != []
            told.database.file.write_bytes(whole)
    assert places(told) == []


@pytest.mark.parametrize(
    "harm",
    [
        "recorded_at = recorded_at + 0.5",
        "recorded_at = CAST(recorded_at AS BLOB)",
        "id = CAST(id AS BLOB)",
        "kind = CAST(kind AS BLOB)",
        "content = CAST(content AS BLOB)",
        "hash = CAST(hash AS BLOB)",
        "hash = upper(hash)",
        "content = content || char(0)",
        "learner = CAST(x'ff' AS TEXT)",
        "hlc = -hlc",
    ],
)
@pytest.mark.parametrize("seq", [1, 8, FACTS])
def test_a_value_that_only_changed_its_type_is_found_at_its_own_place(
    told: App, monkeypatch: pytest.MonkeyPatch, seq: int, harm: str
) -> None:
    """A number with a fraction, or bytes that look like the text: no query by value finds such a fact again."""
    assert told.database.file
    monkeypatch.setattr(verification, "RANGE", RANGE)
    told.database.close()
    whole = told.database.file.read_bytes()
    with closing(sqlite3.connect(told.database.file)) as raw, raw:
        raw.execute(f"UPDATE fact SET {harm} WHERE seq = ?", (seq,))
    found = {place for place, problem in places(told) if problem not in ("head", "rollback")}
    told.database.close()
    told.database.file.write_bytes(whole)
    assert found == {seq}
