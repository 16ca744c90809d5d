"""A fact that an address names, if it is the reader's own."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from delivery.network.web.services import PortalServices
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind


def own_fact(
    text: str, *, learner: str, kinds: Collection[FactKind], services: PortalServices
) -> Fact | None:
    """The fact with the id `text`; None alike for no id, an unknown one, another kind and another learner."""
    try:
        fact = services.facts.get(str(UUID(text))) if text else None
    except ValueError:
        return None
    return fact if fact and fact.learner == learner and fact.kind in kinds else None
