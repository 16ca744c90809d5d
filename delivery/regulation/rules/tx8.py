"""TX Điều 8: teaching plans and registration, by the articles of Thông tư 08/2021 that it names."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.regulation.findings import Finding
from delivery.regulation.indexes import covered, the_programme
from delivery.regulation.phrases import mirrors
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot


@rule("TX-8.1", Gate.SCHEDULE, over_others=True)
def plans_follow_article_6(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-6",))


@rule("TX-8.2", over_others=True)
def registration_follows_article_7(s: Snapshot) -> Iterator[Finding]:
    """Khoản 1, 2, 3 and điểm b khoản 4: the ceiling holds, the floor of điểm a does not (it is not referred to)."""
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-7",))
