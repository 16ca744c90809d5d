"""Decisions about pages and readings that wait: from the key to the command that the station confirms."""

from __future__ import annotations

from collections.abc import Callable
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

    def give(self, method: str, params: dict[str, Any]) -> None:
        """Send a decision about the chosen item, if its picture was seen."""
        section, clerk = self._section, self._clerk
        chosen = section.chosen
        if chosen is None:
            return
        if not section.is_seen(chosen.id):
            clerk.say(N_("Its picture is not here yet."))
            return
        ident, is_reading = chosen.id, isinstance(chosen, Reading)

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

    def accept(self) -> None:
        chosen = self._section.chosen
        if isinstance(chosen, Reading):
            if chosen.needs_marker:
                self._fill(
                    N_("Which lecturer wrote this mark?"),
                    Field("marker", N_("Lecturer's code"), needed=True),
                    then=lambda told: self.give(
                        "returns.confirm", {"read": chosen.read, "marker": told["marker"]}
                    ),
                )
                return
            if chosen.is_doubtful:
                self._clerk.say(N_("This reading is in doubt: say with V what stands there."))
                return
            self.give("returns.confirm", {"read": chosen.read})
        elif isinstance(chosen, Page):
            if not chosen.proposals:
                self._clerk.say(N_("Nothing is proposed. F finds the learner, S takes the sheet's number."))
                return
            self.give("returns.accept", {"which": 1})

    def proposals(self) -> None:
        chosen, words = self._section.chosen, self._clerk.words
        if isinstance(chosen, Page) and chosen.proposals:
            items = [
                (str(number), proposal_text(one, words), f"{one.certainty} %")
                for number, one in enumerate(chosen.proposals, 1)
            ]
            self._pick(
                N_("What is this page?"),
                items,
                lambda which: self.give("returns.accept", {"which": int(which)}),
            )

    def sheet(self) -> None:
        hint = N_("at the foot of the sheet: 1a2b-3c4d-5e6f")
        self._fill(
            N_("Which sheet is it?"),
            Field("text", N_("Number or code"), hint=hint, needed=True),
            then=lambda told: self.give("returns.choose", {"text": told["text"]}),
        )

    def find(self, *, extra: bool) -> None:
        """Choose the learner, then the page; or the work to which an `extra` sheet belongs."""
        hint = N_("a part of it, with or without accents")
        self._fill(
            N_("Whose page is it?"),
            Field("text", N_("Code or name"), hint=hint, needed=True),
            then=lambda told: self._clerk.request(
                "returns.search", {"text": told["text"]},
                done=partial(self._choose_work, extra), label=N_("searching"), opens=True,
            ),
        )  # fmt: skip

    def _choose_work(self, extra: bool, result: Any) -> None:
        def chosen(name: str) -> None:
            learner, activity, page = name.split("|")
            params: dict[str, Any] = {"learner": learner, "activity": activity}
            if extra:
                self.give("returns.extra", params)
            else:
                self.give("returns.choose", {**params, "page": int(page)})

        title = N_("An extra sheet of which work?") if extra else N_("Which page is it?")
        self._pick(title, work_items(result, self._clerk.words, extra=extra), chosen)

    def discard(self) -> None:
        chosen = self._section.chosen
        if isinstance(chosen, Reading):
            self.give("returns.refuse", {})
        elif chosen is not None:
            items = [(code, self._clerk.words(text), "") for code, text in DISCARDS.items()]
            self._pick(
                N_("Why is it filed nowhere?"),
                items,
                lambda why: self.give("returns.discard", {"reason": why}),
            )

    def correct(self) -> None:
        chosen = self._section.chosen
        if not isinstance(chosen, Reading):
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
            self.give("returns.correct", {**params, "marker": marker} if marker else params)

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
