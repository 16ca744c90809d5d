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

    def making(self, learner: str, marks: tuple[str, ...] | None = None) -> Making:
        """What the packet of `learner` is made of; with `marks`, a slip of exactly these."""
        told = self._fresh.get(learner, ()) if marks is None else marks
        slip = len(self._slip(self._notes(told))) if told else 0
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

    def _notes(self, marks: Sequence[str]) -> list[MarkNote]:
        return self._source.notes(marks, self._titles, self._people)

    def _slip(self, notes: Sequence[MarkNote]) -> Sequence[object]:
        return slip_of(self._spec, self._house, notes, "", self._layouts)


def maker_of(desk: Desk, spec: BatchSpec, packets: Packets) -> Maker:
    """Decides what packets of a known batch hold, for reprints."""
    return Maker(desk, spec, packets)
