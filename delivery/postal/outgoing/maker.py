"""Decides what each packet of a batch holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from delivery.postal.outgoing.feedback import FeedbackSource
from delivery.postal.outgoing.job import slip_of
from delivery.postal.outgoing.packet import BatchSpec, Fixed, fixed_of, page_plan
from delivery.postal.outgoing.slip import MarkNote
from delivery.postal.outgoing.sources import house_of, layouts_of, names_in
from delivery.postal.outgoing.stock import Mailpiece, load_stock
from delivery.postal.parts import Desk
from delivery.store.packets import Packets


@dataclass(frozen=True, slots=True)
class Making:
    """The pages of one learner's packet before they have ids."""

    pages: Fixed
    layout: str
    """Address of its layout record."""
    marks: tuple[str, ...]


class Maker:
    """Decides what each packet of a batch holds."""

    def __init__(self, desk: Desk, spec: BatchSpec, packets: Packets) -> None:
        self._desk = desk
        self._spec = spec
        self._stock = load_stock(desk.settings.home)
        self._house = house_of(desk, desk.catalogue(), spec, "")
        self._layouts = layouts_of(desk, spec, self._house)
        self._titles, self._people = names_in(desk.catalogue())
        self._source = FeedbackSource(desk.facts, desk.vault)
        self._fresh = self._source.fresh(spec.course, packets)
        self._makings: dict[int, Making] = {}
        self._pieces: dict[int, Mailpiece] = {}

    def makings(self, learners: Sequence[str]) -> list[Making]:
        """What the packets of `learners` are made of, each with a slip of the marks that no packet told of yet."""
        return self.makings_telling([(learner, self._fresh.get(learner, ())) for learner in learners])

    def makings_telling(self, wanted: Sequence[tuple[str, tuple[str, ...]]]) -> list[Making]:
        """As :meth:`makings`, each with a slip of exactly these marks."""
        told = {learner: marks for learner, marks in wanted if marks}
        notes = self._source.notes_of(told, self._titles, self._people)
        return [self._making(marks, notes.get(learner, [])) for learner, marks in wanted]

    def _making(self, told: tuple[str, ...], notes: Sequence[MarkNote]) -> Making:
        slip = len(slip_of(self._spec, self._house, notes, "", self._layouts)) if told else 0
        if slip not in self._makings:
            pages = page_plan(self._spec, feedback=slip)
            record = self._layouts.record(pages).to_json()
            self._makings[slip] = Making(fixed_of(pages), self._desk.blobs.put(record), ())
        return replace(self._makings[slip], marks=told) if told else self._makings[slip]

    def mailpiece(self, pages: int) -> Mailpiece:
        """Weight and class of a packet of so many pages."""
        if pages not in self._pieces:
            options = self._spec.options
            self._pieces[pages] = self._stock.mailpiece(
                pages, duplex=options.duplex, envelope=options.envelope
            )
        return self._pieces[pages]


def maker_of(desk: Desk, spec: BatchSpec, packets: Packets) -> Maker:
    """Decides what packets of a known batch hold, for reprints."""
    return Maker(desk, spec, packets)
