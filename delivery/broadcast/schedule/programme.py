"""A programme as people see it: what exports, guides and day sheets show of an airing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from delivery.catalogue.model import Catalogue
from delivery.store.air import TICK_US, Airing, Channel


@dataclass(frozen=True, slots=True)
class Programme:
    """One airing with its names."""

    airing: str
    channel: str
    channel_name: str
    start_us: int
    """As it goes out, on the grid."""
    planned_us: int
    end_us: int
    title: str
    course: str
    course_name: str
    unit: int
    material: str
    rerun: bool
    card: bool


def programmes(
    airings: Iterable[Airing], *, channel_of: Callable[[str], Channel], catalogue: Catalogue
) -> list[Programme]:
    """Airings in order of time, under the names of the catalogue."""
    out = []
    for airing in sorted(airings, key=lambda a: (a.start_tick, a.channel)):
        material = catalogue.materials.get(airing.material)
        course = catalogue.courses.get(airing.course)
        out.append(
            Programme(
                airing.id,
                airing.channel,
                channel_of(airing.channel).name,
                airing.start_tick * TICK_US,
                airing.planned_us,
                airing.end_tick * TICK_US,
                material.title if material and material.title else airing.material,
                airing.course,
                course.name if course else "",
                airing.unit,
                airing.material,
                airing.rerun,
                airing.card,
            )
        )
    return out
