"""Assets and airings without bytes, for what is decided by arithmetic alone. Costs nothing to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from delivery.broadcast.asset import Asset, Rendition, Segment
from delivery.broadcast.schedule.timeline import Compiled, Plan, compile_timeline
from delivery.ids import content_address
from delivery.store.air import TICK_US, Airing, Channel, Row
from delivery.units import SEGMENT_TICKS, Ticks

SLATES = {length: f"slate-{length}" for length in range(1, SEGMENT_TICKS + 1)}
CHANNEL = Channel("TV1", "Kênh một", "tv", SLATES)
NOON = 1_764_000_000 * 1_000_000 // TICK_US
SOUND = "audio"


@cache
def paper_asset(asset_id: str, ticks: int, *, renditions: tuple[str, ...] = ("v360", SOUND)) -> Asset:
    """An asset whose packet counts differ from segment to segment."""
    lengths = [min(SEGMENT_TICKS, ticks - start) for start in range(0, ticks, SEGMENT_TICKS)]
    rungs = []
    for number, name in enumerate(renditions):
        segments = tuple(
            Segment(
                content_address(f"{asset_id} {name} {index}".encode()),
                Ticks(length),
                length * 100 * 188,
                {"0": length, "256": length * 100 + 7 * index + len(asset_id) + number, "257": length * 15},
            )
            for index, length in enumerate(lengths)
        )
        kind = "audio" if name == SOUND else "video"
        codecs = "mp4a.40.2" if kind == "audio" else "avc1.42c00a,mp4a.40.2"
        rungs.append(Rendition(name, kind, codecs, 500_000, 400_000, 160, 96, segments))
    return Asset(
        asset_id, content_address(asset_id.encode()), "test", 1, "tv", Ticks(ticks), -23.0, -1.0, tuple(rungs)
    )


def assets(asset_id: str) -> Asset:
    """``lesson-40`` has 40 ticks; so have slates and cards the length that they are named for."""
    return paper_asset(asset_id, int(asset_id.rsplit("-", 1)[1]))


def airing(number: int, start: int, ticks: int, *, course: str = "CNTT101") -> Airing:
    """The `number`-th airing, of asset ``lesson-<ticks>``, from tick `start` on."""
    return Airing(
        id=f"airing{number}",
        channel="TV1",
        slot=f"slot{number:04}",
        material=f"M{number}",
        content="c" * 64,
        asset=f"lesson-{ticks}",
        ticks=Ticks(ticks),
        planned_us=start * TICK_US,
        start_tick=start,
        course=course,
    )


def compiled(
    airings: Sequence[Airing],
    *,
    hours: float = 0.5,
    previous: Sequence[Row] = (),
    frozen: int = 0,
    cards: Mapping[str, str] | None = None,
) -> Compiled:
    """TV1 from noon on."""
    end = NOON + int(hours * 11_250)
    return compile_timeline(Plan(CHANNEL, airings, assets, cards or {}, NOON, end, previous, frozen))
