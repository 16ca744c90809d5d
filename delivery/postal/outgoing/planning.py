"""Plans a batch: gates, page counts, weight, and the ids of every page, kept before any page bearing them can exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from delivery.atrest import collector_at_rest
from delivery.catalogue.kinds import MaterialKind
from delivery.catalogue.model import LearnerProfile
from delivery.clock import to_micros
from delivery.errors import N_, Message, NotFound, Refused
from delivery.postal.fonts import lost
from delivery.postal.outgoing.address import doubts, why_not
from delivery.postal.outgoing.maker import Maker
from delivery.postal.outgoing.packet import BatchSpec, require_batch_code
from delivery.postal.outgoing.sources import make_spec
from delivery.postal.outgoing.stock import Mailpiece
from delivery.postal.outgoing.telling import tell_planned
from delivery.postal.outgoing.wish import Wish
from delivery.postal.parts import Desk
from delivery.store.learners import LearnerRef
from delivery.store.packets import Batch, Packets

_CHUNK = 12_500


@dataclass(frozen=True, slots=True)
class Planned:
    """Outcome of planning."""

    spec: BatchSpec
    packets: int
    """Packets of the batch that count, those planned before included."""
    added: int
    pages: int
    """Pages of those packets."""
    unreachable: tuple[tuple[str, Message], ...]
    """(learner id, reason) of those who get no packet until that is put right."""
    doubtful: tuple[tuple[str, Message], ...]
    """(learner id, what the post may stumble over)."""
    slips: int
    """Packets among the added ones with a feedback slip."""
    mail: Mapping[Mailpiece, int]
    """How many of the added packets are of each weight and class."""

    @property
    def missing(self) -> tuple[MaterialKind, ...]:
        return tuple(MaterialKind(kind) for kind in self.spec.missing)

    @property
    def unset(self) -> tuple[tuple[str, str], ...]:
        """(title, signs) of lessons and work in the learner's week that are printed with a box for each such sign."""
        titles = [airing.title for airing in self.spec.airs] + [due.title for due in self.spec.dues]
        return tuple((title, " ".join(signs)) for title in dict.fromkeys(titles) if (signs := lost(title)))

    @property
    def without_address(self) -> tuple[str, ...]:
        return tuple(learner for learner, _ in self.unreachable)


@collector_at_rest()
def plan_batch(
    desk: Desk,
    batch: str,
    *,
    course: str = "",
    units: Collection[int] = (),
    wish: Wish | None = None,
    actor: str,
    dry_run: bool = False,
) -> Planned:
    """Plan a packet for every enrolled learner with an address.

    Planning a known batch again adds the learners who have come since (the catch-up), with the contents of the first
    time; `course` may then be left out. With `dry_run` nothing is kept.
    """
    require_batch_code(batch)
    wish = wish or Wish(course=course, units=units)
    packets = Packets(desk.database, desk.facts)
    known = packets.find(batch)
    if known is not None:
        spec = BatchSpec.from_json(known.spec)
        _refuse_other(spec, wish.course)
    elif not wish.course:
        packets.require(batch)
        raise AssertionError("unreachable")
    else:
        spec = make_spec(desk, batch, wish)
    # Whoever had a packet that was voided gets a new one by a reprint, and not by the way.
    known_states = packets.states(batch) if known else []
    planned = {state.learner for state in known_states}
    states = [state for state in known_states if state.valid]
    fresh = [ref for ref in _wanted(desk, spec, wish, first=known is None) if ref.id not in planned]
    maker = Maker(desk, spec, packets)
    sorting = _sort_out(desk, fresh)
    if not dry_run and known is None:
        packets.save(Batch(batch, spec.course, spec.to_json(), to_micros(desk.clock.now())))
    pages, slips, mail = 0, 0, Counter[Mailpiece]()
    for start in range(0, len(sorting.ready), _CHUNK):
        refs = sorting.ready[start : start + _CHUNK]
        makings = maker.makings([ref.id for ref in refs])
        for making in makings:
            pages += len(making.pages)
            slips += bool(making.marks)
            mail[maker.mailpiece(len(making.pages))] += 1
        if not dry_run:
            tell_planned(
                desk, spec, [(ref, making, "", 0) for ref, making in zip(refs, makings, strict=True)], actor
            )
    return Planned(
        spec,
        len(states) + len(sorting.ready),
        len(sorting.ready),
        pages + sum(state.pages for state in states),
        tuple(sorting.unreachable),
        tuple(sorting.doubtful),
        slips,
        dict(mail),
    )


def _wanted(desk: Desk, spec: BatchSpec, wish: Wish, *, first: bool) -> list[LearnerRef]:
    """Who is to have a packet of this batch. Raises Refused when there is nobody, or somebody is not enrolled."""
    enrolled = desk.learners.of_course(spec.course)
    if not enrolled and first:
        raise Refused(
            N_("Nobody is enrolled in course {course}, so there is no packet to plan."),
            do=N_("Import the enrolments first."),
            course=spec.course,
        )
    strangers = set(wish.only) - {ref.id for ref in enrolled}
    if strangers:
        raise NotFound(
            N_("{count} of the learners named are not enrolled in course {course}: {learners}"),
            do=N_("Check the student codes and the course."),
            count=len(strangers),
            course=spec.course,
            learners=", ".join(sorted(strangers)),
        )
    if spec.options.closed and not wish.only and not first:
        return []
    return [ref for ref in enrolled if ref.id not in wish.but and (not wish.only or ref.id in wish.only)]


@dataclass(slots=True)
class _Sorting:
    ready: list[LearnerRef] = field(default_factory=list)
    unreachable: list[tuple[str, Message]] = field(default_factory=list)
    doubtful: list[tuple[str, Message]] = field(default_factory=list)


def _sort_out(desk: Desk, refs: Sequence[LearnerRef]) -> _Sorting:
    """Who can be written to. Addresses are read in chunks and not kept."""
    out = _Sorting()
    for start in range(0, len(refs), _CHUNK):
        chunk = refs[start : start + _CHUNK]
        profiles: Mapping[str, LearnerProfile] = desk.vault.profiles(ref.id for ref in chunk)
        for ref in chunk:
            profile = profiles.get(ref.id)
            reason = why_not(profile)
            if reason is not None or profile is None:
                out.unreachable.append((ref.id, reason or Message("")))
                continue
            out.ready.append(ref)
            out.doubtful += [(ref.id, doubt) for doubt in doubts(profile)]
    return out


def _refuse_other(spec: BatchSpec, course: str) -> None:
    if course and course != spec.course:
        raise Refused(
            N_("Batch {batch} is already planned for course {course}."),
            do=N_("Give the new packets another batch code."),
            batch=spec.batch,
            course=spec.course,
        )
