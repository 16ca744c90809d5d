"""Decisions about pages and readings that wait: from the key to the command that the station confirms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from delivery.errors import N_, TuxaError
from tui.clerk.returns_lines import proposal_text, work_items
from tui.clerk.returns_state import Page, Reading
from tui.clerk.words import DISCARDS
from tui.shared.dialogs import Field, Form, Picker, push

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole
    from tui.clerk.returns import ReturnsSection


@dataclass(frozen=True, slots=True)
class _About:
    """What a decision is about, from the key to the answer of the last question."""

    item: Page | Reading
    was_seen: bool
    """Whether its picture was there when the key was pressed, and the list had not just moved to it."""


class Decisions:
    """An item leaves the list with the key, and comes back with the reason if the station refuses."""

    def __init__(self, section: ReturnsSection) -> None:
        self._section = section
        self.going: set[str] = set()
        """Items whose decision is under way."""
        self._done: list[str] = []
        """Pages that this console has decided, newest last."""

    @property
    def _clerk(self) -> ClerkConsole:
        return self._section.clerk

    def give(self, about: _About, method: str, params: dict[str, Any]) -> None:
        """Send a decision, if the picture of what it is about was seen.

        While somebody answers a question the list goes on: what is chosen by then may be another item.
        """
        section, clerk = self._section, self._clerk
        if not (about.was_seen or section.is_seen(about.item.id)):
            clerk.say(N_("Its picture is not here yet."))
            return
        if section.has_moved and not about.was_seen:
            clerk.say(N_("Somebody else has decided about the page before. Look at this one first."))
            return
        ident, is_reading = about.item.id, isinstance(about.item, Reading)

        def done(_result: Any) -> None:
            if not is_reading:
                self._done.append(ident)
            section.told("reading" if is_reading else "page", {"id": ident, "status": "decided"})
            self.going.discard(ident)

        def failed(error: TuxaError) -> None:
            self.going.discard(ident)
            clerk.tell(error)
            # Somebody else may have decided it meanwhile: what is true comes from the station.
            section.refresh_state()
            section.show()
            section.listing.choose(ident)

        self.going.add(ident)
        section.show()
        clerk.order(method, {"id": ident, **params}, done=done, failed=failed, label=N_("filing"))

    def _about(self) -> _About | None:
        """What the key is about: the item that is chosen when it is pressed."""
        chosen = self._section.chosen
        if chosen is None:
            return None
        return _About(chosen, self._section.is_seen(chosen.id) and not self._section.has_moved)

    def accept(self) -> None:
        about = self._about()
        if about is None:
            return
        chosen = about.item
        if isinstance(chosen, Reading):
            if chosen.needs_marker:
                self._fill(
                    N_("Which lecturer wrote this mark?"),
                    Field("marker", N_("Lecturer's code"), needed=True),
                    then=lambda told: self.give(
                        about, "returns.confirm", {"read": chosen.read, "marker": told["marker"]}
                    ),
                )
                return
            if chosen.is_doubtful:
                self._clerk.say(N_("This reading is in doubt: say with V what stands there."))
                return
            self.give(about, "returns.confirm", {"read": chosen.read})
        else:
            if not chosen.proposals:
                self._clerk.say(N_("Nothing is proposed. F finds the learner, S takes the sheet's number."))
                return
            self.give(about, "returns.accept", {"which": 1})

    def proposals(self) -> None:
        about, words = self._about(), self._clerk.words
        chosen = about.item if about else None
        if about and isinstance(chosen, Page) and chosen.proposals:
            items = [
                (str(number), proposal_text(one, words), f"{one.certainty} %")
                for number, one in enumerate(chosen.proposals, 1)
            ]
            self._pick(
                N_("What is this page?"),
                items,
                lambda which: self.give(about, "returns.accept", {"which": int(which)}),
            )

    def sheet(self) -> None:
        about = self._about()
        if about is None:
            return
        hint = N_("at the foot of the sheet: 1a2b-3c4d-5e6f")
        self._fill(
            N_("Which sheet is it?"),
            Field("text", N_("Number or code"), hint=hint, needed=True),
            then=lambda told: self.give(about, "returns.choose", {"text": told["text"]}),
        )

    def find(self, *, extra: bool) -> None:
        """Choose the learner, then the page; or the work to which an `extra` sheet belongs."""
        about = self._about()
        if about is None:
            return
        hint = N_("a part of it, with or without accents")
        self._fill(
            N_("Whose page is it?"),
            Field("text", N_("Code or name"), hint=hint, needed=True),
            then=lambda told: self._clerk.request(
                "returns.search", {"text": told["text"]},
                done=partial(self._choose_work, about, extra), label=N_("searching"), opens=True,
            ),
        )  # fmt: skip

    def _choose_work(self, about: _About, extra: bool, result: Any) -> None:
        def chosen(name: str) -> None:
            learner, activity, page = name.split("|")
            params: dict[str, Any] = {"learner": learner, "activity": activity}
            if extra:
                self.give(about, "returns.extra", params)
            else:
                self.give(about, "returns.choose", {**params, "page": int(page)})

        title = N_("An extra sheet of which work?") if extra else N_("Which page is it?")
        self._pick(title, work_items(result, self._clerk.words, extra=extra), chosen)

    def discard(self) -> None:
        about = self._about()
        if about is None:
            return
        if isinstance(about.item, Reading):
            self.give(about, "returns.refuse", {})
        else:
            items = [(code, self._clerk.words(text), "") for code, text in DISCARDS.items()]
            self._pick(
                N_("Why is it filed nowhere?"),
                items,
                lambda why: self.give(about, "returns.discard", {"reason": why}),
            )

    def correct(self) -> None:
        about = self._about()
        chosen = about.item if about else None
        if about is None or not isinstance(chosen, Reading):
            return
        hint = N_("0 to 10") if chosen.use == "mark" else N_("letters; - for none")
        fields = [Field("text", N_("What stands there"), hint=hint, needed=True)]
        if chosen.use == "mark":
            # Whose pen a mark was is not told by reading it; the station refuses one that nobody answers for.
            late = N_("if the sheet came with a mark")
            fields.append(Field("marker", N_("Lecturer's code"), hint=late, needed=chosen.needs_marker))

        def give(told: dict[str, str]) -> None:
            value, marker = told["text"], told.get("marker", "")
            params = {"value": "" if value == "-" else value}
            self.give(about, "returns.correct", {**params, "marker": marker} if marker else params)

        self._fill(N_("What stands there?"), *fields, then=give)

    def undo(self) -> None:
        if not self._done:
            self._clerk.say(N_("This console has decided nothing that could be taken back."))
            return
        ident = self._done[-1]

        def done(_result: Any) -> None:
            if ident in self._done:
                self._done.remove(ident)
            self._clerk.say(N_("Page {ident} waits again."), ident=ident)
            self._section.refresh_state()

        def failed(error: TuxaError) -> None:
            # What cannot be taken back now cannot be later: the one before it can.
            if ident in self._done:
                self._done.remove(ident)
            self._clerk.tell(error)

        self._clerk.order("returns.undo", {"id": ident}, done=done, failed=failed, label=N_("taking back"))

    def _pick(self, title: str, items: list[tuple[str, str, str]], then: Callable[[str], None]) -> None:
        push(self._section, Picker(partial(self._section.words, title), items), then)

    def _fill(self, title: str, *fields: Field, then: Callable[[dict[str, str]], None]) -> None:
        push(self._section, Form(partial(self._section.words, title), fields), then)
