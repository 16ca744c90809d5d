"""What every step of the sample term stands on: its people and courses, and what lies in the home already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Final, Protocol

from delivery.app import App
from delivery.catalogue.kinds import DeliveryMode, MaterialKind
from delivery.catalogue.model import Catalogue, Material
from delivery.demo.lesson_texts import LESSONS, LessonText
from delivery.demo.lessons import LEAST_S
from delivery.demo.paper import SheetOnPaper
from delivery.demo.phone import Phone
from delivery.errors import N_, Refused
from delivery.postal.outgoing.printing import packet_pages
from delivery.postal.roles import ASSIGNMENT
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from delivery.store.sheets import Sheet

TV, RADIO = "TV1", "PT1"
POSTAL_COURSE, NETWORK_COURSE = "NLTK102", "THVP103"
BY_POST, BY_PHONE, BY_WEB = "NLTK102-A1", "NLTK102-A2", "THVP103-A1"
BATCH = "NLTK102-DOT1"
HERO = "TX260001"
"""The learner whose record is printed at the end."""
PATIENCE: Final = timedelta(minutes=12)
"""How long to wait for something that the services are about to do: longer than one round of reruns."""


Bar = Callable[[int, int], None]


class Teller(Protocol):
    """How the cycle speaks to the person in front of it."""

    def step(self, title: str, /) -> None: ...

    def line(self, text: str, /, **params: Any) -> None: ...

    def bar(self, label: str, /) -> AbstractContextManager[Bar]: ...

    def record(self, learner: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """A home whose services run, the person who is told, and what the steps look up."""

    app: App
    tell: Teller
    stop: Event
    texts: Sequence[LessonText] = LESSONS
    least_s: float = LEAST_S
    """Shortest length of a lesson, seconds."""

    @property
    def base(self) -> str:
        return self.app.settings.address

    def now(self) -> datetime:
        return self.app.clock.now()

    def catalogue(self) -> Catalogue:
        return self.app.catalogue()

    def lessons(self, kind: str) -> list[Programme]:
        """Programmes for air of one kind, in order of their activities' units."""
        catalogue = self.catalogue()
        wanted = MaterialKind.TV_PROGRAMME if kind == "tv" else MaterialKind.RADIO_PROGRAMME
        found = [
            Programme(catalogue.materials[activity.material], activity.code)
            for activity in sorted(catalogue.activities.values(), key=lambda a: (a.unit, a.code))
            if activity.mode is DeliveryMode.BROADCAST
            and activity.material in catalogue.materials
            and catalogue.materials[activity.material].kind is wanted
        ]
        return found

    def answer_sheets(self, code: str, activity: str) -> list[tuple[Sheet, SheetOnPaper]]:
        """A learner's sheets for an assignment, each with the printed page that bears its code."""
        learner = self.app.learners.require(code).id
        packets = Packets(self.app.database, self.app.facts)
        state = next(s for s in packets.states(BATCH) if s.learner == learner and s.valid)
        if not state.printed_at:
            raise Refused(
                N_("The packet of {learner} is not printed."), do=N_("Run the cycle again."), learner=code
            )
        file, first = packet_pages(self.app.settings.home / "print", state)
        return [
            (sheet, SheetOnPaper(file, first + sheet.position - 1))
            for sheet in self.app.sheets.of_packet(state.packet)
            if sheet.role == ASSIGNMENT and sheet.activity == activity
        ]

    def signed_in(self, phone: Phone, page: Any) -> Any:
        pin = self.app.credentials.issue_pin(HERO)
        return phone.sign_in(page, code=HERO, pin=pin)

    def facts(self, learner: str, kind: FactKind, activity: str) -> list[Fact]:
        return [f for f in self.app.facts.select(kind=kind, learner=learner) if f.activity == activity]

    def works(self, learner: str, activity: str) -> list[Fact]:
        return self.facts(learner, FactKind.WORK_RECEIVED, activity)

    def has(self, learner: str, kind: FactKind, *, activity: str) -> bool:
        return bool(self.facts(learner, kind, activity))

    def aired(self, activity: str) -> Fact | None:
        """The as-run fact of a lesson that went out whole."""
        aired = self.app.facts.select(kind=FactKind.ITEM_AIRED)
        found = [f for f in aired if f.activity == activity and f.data["status"] == "complete"]
        return found[0] if found else None

    def wait_for(self, label: str, look: Callable[[], Any], **params: Any) -> Any:
        """Look every half second until there is something; None when told to stop. Raises Refused after PATIENCE."""
        self.tell.line(label, **params)
        deadline = self.app.clock.monotonic() + PATIENCE.total_seconds()
        while not (found := look()):
            if self.stop.wait(0.5):
                return None
            if self.app.clock.monotonic() > deadline:
                raise Refused(
                    N_("The services did not do it in {minutes} minutes."),
                    do=N_("Look into {log}."),
                    minutes=int(PATIENCE.total_seconds() // 60),
                    log=str(self.app.settings.home / "log"),
                )
        return found


@dataclass(frozen=True, slots=True)
class Programme:
    """A lesson for air, and the activity that it belongs to."""

    material: Material
    activity: str
