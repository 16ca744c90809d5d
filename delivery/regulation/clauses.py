"""The rows of the regulation matrix, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Clause:
    """One row: id, words of the clause (Vietnamese), kinds (D, R, G, E, P)."""

    id: str
    text: str
    kinds: frozenset[str]
    row: str

    @property
    def checked(self) -> bool:
        """The matrix asks for a rule or a gate."""
        return bool(self.kinds & {"R", "G"})

    @property
    def article(self) -> str:
        """``TX-5`` of ``TX-5.7b``."""
        return self.id.partition(".")[0]


@cache
def clauses() -> Mapping[str, Clause]:
    """Every row by id, in the order of the matrix."""
    text = (resources.files("delivery.regulation") / "clauses.toml").read_text(encoding="utf-8")
    return {
        ident: Clause(ident, item["text"], frozenset(item["kinds"]), item.get("row", ident))
        for ident, item in tomllib.loads(text).items()
    }
