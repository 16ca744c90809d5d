"""A hand scanner at the counter: envelopes are marked as received before they are opened, one code a second.

Each line is told before the next one is read, so that nothing is lost when the work is interrupted. A hand scanner is a
keyboard: a line is a code of ours (the return label's, or any sheet's that shows through the window), a postal item
number, or a day, which a clerk types and which is then the postmark of what follows. A day that was mistyped stops the
counter until it is right: what follows would be judged by the day before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.errors import N_, BadInput, Refused
from delivery.ids import fact_id
from delivery.postal.incoming.codes import has_our_form
from delivery.postal.incoming.postmarks import NO_POSTMARK, checked_postmark
from delivery.postal.outgoing.mailing import require_item
from delivery.postal.parts import Desk
from delivery.postal.roles import ASSIGNMENT, RETURN
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import PageRef, SideRef, read_code
from delivery.record.typed import is_like_a_day, is_like_an_item
from delivery.store.packets import Packets
from delivery.store.returned import Envelope, ReturnedPages
from delivery.store.sheets import Sheet

_COMES_BACK = (RETURN, ASSIGNMENT)


class Heard(StrEnum):
    """What a line of the hand scanner was."""

    RECEIVED = "received"
    NOTED = "noted"
    """Of this envelope only the postal item number is known."""
    DUPLICATE = "duplicate"
    POSTMARK = "postmark"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Line:
    """One line and what became of it."""

    heard: Heard
    text: str
    learner: str = ""
    envelope: str = ""
    since: int = 0
    """When a duplicate was received first, in µs since 1970 UTC."""
    problem: Refused | None = None


def receive_envelopes(
    desk: Desk, lines: Iterable[str], *, actor: str, postmark: date | None = None, pairs: bool = False
) -> Iterator[Line]:
    """Mark envelopes as received, line by line. With `pairs` each envelope gives two codes: first its postal label,
    then ours, and both belong to one envelope."""
    desk_of = _Counter(desk, actor, postmark, pairs)
    for line in lines:
        text = line.strip()
        if text:
            yield desk_of.hear(text)


class _Counter:
    """What the counter remembers from line to line."""

    def __init__(self, desk: Desk, actor: str, postmark: date | None, pairs: bool) -> None:
        self._desk = desk
        self._actor = actor
        self._postmark = postmark
        self._mistyped = ""
        """A day that could not be read, as long as no other is told."""
        self._pairs = pairs
        self._item = ""
        self._known = ReturnedPages(desk.database)
        self._packets = Packets(desk.database, desk.facts)

    def hear(self, text: str) -> Line:
        try:
            if text == NO_POSTMARK or is_like_a_day(text):
                return self._day_told(text)
            if self._mistyped:
                raise BadInput(
                    N_("The day typed before, “{day}”, could not be used; this envelope is not marked."),
                    do=N_(
                        "Type the postmark's day once more, or “-” for none, then scan the envelope again."
                    ),
                    day=self._mistyped,
                )
            sheet = self._sheet(text)
            return self._label(sheet, text) if sheet else self._postal(self._item_in(text), text)
        except Refused as problem:
            return Line(Heard.UNUSED, text, problem=problem)

    def _day_told(self, text: str) -> Line:
        self._mistyped = text
        self._postmark = None if text == NO_POSTMARK else checked_postmark(text, self._desk)
        self._mistyped = ""
        return Line(Heard.POSTMARK, self._postmark.isoformat() if self._postmark else "")

    def _sheet(self, text: str) -> Sheet | None:
        match read_code(text, self._desk.keys.codes):
            case PageRef(page_id):
                sheet = self._desk.sheets.by_page(page_id)
            case SideRef(side_id):
                sheet = self._desk.sheets.by_side(side_id)
            case _ if has_our_form(text):
                raise BadInput(
                    N_(
                        "This code looks like ours and does not verify: it was read wrongly, or is another's."
                    ),
                    do=N_("Scan it once more. If that is no help, put the envelope aside for a person."),
                )
            case _:
                return None
        if sheet is None:
            raise BadInput(
                N_("This code is genuine, but the sheet is not known at this site."),
                do=N_("Put the envelope aside; bring this site up to date with “tuxa sync run”."),
            )
        return sheet

    def _label(self, sheet: Sheet, text: str) -> Line:
        if sheet.role not in _COMES_BACK:
            raise self._own_packet(sheet.packet)
        label = self._label_of(sheet)
        known = self._known.with_label(label.page_id)
        item, self._item = self._item, ""
        if known is not None and (not item or known.item == item):
            return Line(Heard.DUPLICATE, text, sheet.learner, known.envelope, known.received_at)
        name = f"item:{item}" if item else f"label:{label.page_id}"
        self._tell_received(name, label, item)
        return Line(Heard.RECEIVED, text, sheet.learner, name)

    def _label_of(self, sheet: Sheet) -> Sheet:
        """The return sheet of the packet: whichever code of it was read, it is one envelope."""
        sheets = self._desk.sheets.of_packet(sheet.packet)
        return next((other for other in sheets if other.role == RETURN), sheet)

    def _item_in(self, text: str) -> str:
        if is_like_an_item(text):
            # The next envelope is begun, even by a label read wrongly: its code must not go with the one before.
            self._item = ""
        return require_item(text)

    def _postal(self, item: str, text: str) -> Line:
        ours = self._packets.with_item(item)
        if ours is not None:
            raise self._own_packet(ours.packet)
        known = self._known.with_item(item)
        if known is not None:
            self._item = item if self._pairs and not known.learner else ""
            return Line(Heard.DUPLICATE, text, known.learner, known.envelope, known.received_at)
        self._item = item if self._pairs else ""
        name = f"item:{item}"
        self._append(
            Draft(
                id=fact_id(FactKind.ENVELOPE_NOTED, name),
                kind=FactKind.ENVELOPE_NOTED,
                occurred_at=to_micros(self._desk.clock.now()),
                actor=self._actor,
                audience=self._desk.settings.site,
                mode=DeliveryMode.POSTAL,
                data={"envelope": name, "item": item, **self._day()},
            )
        )
        return Line(Heard.NOTED, text, envelope=name)

    def _tell_received(self, name: str, label: Sheet, item: str) -> None:
        self._append(
            Draft(
                id=fact_id(FactKind.ENVELOPE_RECEIVED, name, label.page_id),
                kind=FactKind.ENVELOPE_RECEIVED,
                occurred_at=to_micros(self._desk.clock.now()),
                actor=self._actor,
                audience=self._desk.learners.require(label.learner).site,
                learner=label.learner,
                course=label.course,
                mode=DeliveryMode.POSTAL,
                data={
                    "envelope": name,
                    "packet": label.packet,
                    "sheet": label.page_id,
                    **({"item": item} if item else {}),
                    **self._day(),
                },
            )
        )

    def _day(self) -> dict[str, str]:
        return {"postmark": self._postmark.isoformat()} if self._postmark else {}

    def _append(self, draft: Draft) -> None:
        self._desk.facts.append([draft], once=True)

    @staticmethod
    def _own_packet(packet: str) -> Refused:
        return BadInput(
            N_("This is a packet of our own that came back: {packet}."),
            do=N_("Tell why: tuxa returns undelivered {packet} --reason …"),
            packet=packet,
        )


def waiting_envelopes(desk: Desk) -> list[Envelope]:
    """Envelopes that were marked as received and of which no page was scanned yet, oldest first."""
    return ReturnedPages(desk.database).unopened()
