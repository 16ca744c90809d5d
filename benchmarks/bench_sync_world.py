"""Ten sites, seeded lives of kills, cut lines, damaged messages, skewed clocks and old backups put back.

Target: 0 lost, 0 doubled, projections equal to the byte, in every one of 1,000 lives. TUXA_SEEDS says how many: 30 by
default.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.network.sync.test_world import judge
from tests.network.sync.world import live

SEEDS = 30


def one(seed: int) -> tuple[int, str, Counter[str]]:
    """One life: what went wrong (nothing), and how troubled it was."""
    world = live(seed, partners=9, steps=40)
    trouble = Counter(
        facts=world.facts,
        kills=world.kills,
        restores=world.restores,
        messages=world.count,
        lost=len(world.lost()),
    )
    trouble["doubled"] = len(world.doubled())
    try:
        judge(world)
    except AssertionError as error:
        return seed, str(error)[:300] or "not equal", trouble
    return seed, "", trouble


def main() -> None:
    """All lives, on all cores."""
    count = int(os.environ.get("TUXA_SEEDS", SEEDS))
    total: Counter[str] = Counter()
    failed = []
    with ProcessPoolExecutor() as pool:
        for seed, problem, trouble in pool.map(one, range(count), chunksize=4):
            total += trouble
            if problem:
                failed.append((seed, problem))
    print(
        f"{count:,} lives of ten sites: {total['facts']:,} facts, {total['messages']:,} messages, "
        f"{total['kills']:,} kills, {total['restores']:,} old backups put back: "
        f"{total['lost']} lost, {total['doubled']} doubled, {len(failed)} that did not agree in the end"
    )
    for seed, problem in failed[:5]:
        print(f"  seed {seed}: {problem}")
    if failed:
        raise SystemExit(1)
