"""Which rows of the matrix are checked, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping

from delivery.errors import N_
from delivery.regulation.clauses import clauses
from delivery.regulation.registry import rules

_PORTAL = N_("Held and shown by the portal; there is nothing to compare it with.")
_RECORD = N_("A shape of the record itself (facts and activities); nothing to compare it with.")
_REPORT = N_("A document that is produced on demand, not a state to check.")
_SCOPE = N_(
    "Outside this product: it is no student-information system, video conference or course authoring tool."
)
_SAME = N_("Seen from the other side by the rules on contracts and sites.")
_NEVER = N_("Never applied: the circular does not refer to it (TX-9.1-1).")
_REASONS: Mapping[str, str] = {
    "TX-5.8c-1": _PORTAL,
    "TX-7.4a": _SAME,
    "TX-7.4c": _REPORT,
    "TX-9.6": _PORTAL,
    "T8-7.1": _SCOPE,
    "T8-14.5": _REPORT,
    "T8-20.1": _RECORD,
    "T8-7.3": _NEVER,
    "T8-13.1": _SCOPE,
    "T8-20.3": _SCOPE,
    "TT-2.1": _RECORD,
    "TT-2.2": _SCOPE,
    "TT-2.3": _RECORD,
    "TT-2.5": _RECORD,
    "TT-5.2a": _SCOPE,
    "TT-5.2b": _SCOPE,
    "TT-5.3a-1": _PORTAL,
    "TT-5.3b": _PORTAL,
    "TT-5.3c-1": _RECORD,
    "TT-5.3c-3": _REPORT,
    "TT-5.4": _SCOPE,
    "TT-5.5": _SCOPE,
    "TT-9": _SCOPE,
    "TT-12.4-2": _REPORT,
}


def missing() -> list[tuple[str, str]]:
    """(clause, reason as message id) of every row without a rule. Raises KeyError for one without a reason."""
    known = rules()
    return [(ident, _REASONS[ident]) for ident in clauses() if ident not in known]
