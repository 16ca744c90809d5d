"""What is derived from the facts, or stored beside them, agrees with them.

Verification proves the facts; programs also read tables that no chain covers, and whoever can write to the database can
change those. An audit compares them with the facts: it reads only, from one snapshot, and reports whatever it finds
there as a problem, because hostile content is what it is for.
"""

from __future__ import annotations

from itertools import chain

from sqlalchemy.exc import DBAPIError

from delivery.errors import Refused
from delivery.record.ledger import Problem
from delivery.store.audit_again import again_problems
from delivery.store.audit_catalogue import catalogue_problems
from delivery.store.audit_projections import projection_problems
from delivery.store.audit_reading import every_text, shown
from delivery.store.audit_sealed import sealed_problems
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.scans import Scans
from delivery.store.vault import Vault


def audit(
    database: Database, vault: Vault, blobs: Blobs, *, deep: bool = False, main: str = ""
) -> tuple[Problem, ...]:
    """Every place where projections or catalogue differ from the facts.

    `main` is the code of the main site, whose rows go first where two sites told the same; empty for a site that is in
    sync with nobody. `deep` also opens everything that is sealed: personal data and images. Facts that are told
    meanwhile raise no alarm.
    """
    problems: list[Problem] = []
    try:
        with database.read() as connection, every_text(connection):
            parts = [
                projection_problems(connection),
                again_problems(connection, main=main),
                catalogue_problems(connection, blobs),
            ]
            if deep:
                parts.append(sealed_problems(connection, vault, Scans(database, blobs, vault)))
            for problem in chain.from_iterable(parts):
                problems.append(problem)  # one by one: what was found before the database failed is kept
    except (DBAPIError, Refused) as error:
        reason = f"the database cannot be read: {shown(error)}"
        problems.append(Problem("*", 0, "unreadable", detail=reason))
    return tuple(problems)
