"""A process that tells facts and stores blobs for ever, and says on standard output what was acknowledged.

It is killed at a random moment by the tests beside it: ``python -m tests.store.writer HOME DATABASE WRITER``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from delivery.app import App
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import load_settings

BATCH = 40


def draft(app: App, writer: str, number: int) -> Draft:
    """The `number`-th fact of this writer; the same whenever it is told again."""
    return Draft(
        id=fact_id(FactKind.PARTICIPATION_RECORDED, writer, number),
        kind=FactKind.PARTICIPATION_RECORDED,
        occurred_at=to_micros(app.clock.now()),
        actor=writer,
        audience="MAIN",
        learner="L1",
        course="C1",
        activity="C1-S1",
        data={"source": "system", "method": "viewing", "minutes": 1},
    )


def blob(writer: str, number: int) -> bytes:
    """Some hundred kilobytes that differ from one another."""
    return (f"{writer} {number} " * 20_000).encode()


def main() -> None:
    home, database, writer = sys.argv[1:]
    app = App(load_settings(Path(home), environ={}, database=database))
    number = 0
    while True:
        address = app.blobs.put(blob(writer, number))
        app.facts.append((draft(app, writer, number * BATCH + n) for n in range(BATCH)), once=True)
        sys.stdout.write(f"{number} {address}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main()
