"""TX Điều 11: recognition of results, graduation and degrees."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.regulation.findings import Finding
from delivery.regulation.indexes import covered, the_programme
from delivery.regulation.phrases import mirrors
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot


@rule("TX-11.1", over_others=True)
def recognition_follows_article_13(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-13",))


@rule("TX-11.2", Gate.GRADUATE, over_others=True)
def graduation_follows_article_14(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-14",))
