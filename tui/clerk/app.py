"""The clerk's console: what is due, the post's counter, what comes back, one learner."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from delivery.errors import N_
from delivery.network.bus.client import Link
from tui.clerk.due import DueSection
from tui.clerk.envelopes import Envelopes
from tui.clerk.learner import LearnerSection
from tui.clerk.post import PostSection
from tui.clerk.preview import Preview
from tui.clerk.returns import ReturnsSection
from tui.clerk.returns_state import read_task
from tui.clerk.state import State, newer
from tui.shared.app import ConsoleApp
from tui.shared.listing import Listing
from tui.shared.values import int_of


class ClerkConsole(ConsoleApp):
    """``tuxa console clerk``."""

    TITLE = "tuxa"
    SECTIONS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("due", N_("To send")),
        ("post", N_("Post")),
        ("returns", N_("Returns")),
        ("learner", N_("Learner")),
    )
    MODES: ClassVar[dict[str, Any]] = {
        "due": DueSection,
        "post": PostSection,
        "returns": ReturnsSection,
        "learner": LearnerSection,
    }
    DEFAULT_MODE = "due"
    PARTS: ClassVar[tuple[type[Any], ...]] = (
        ConsoleApp,
        DueSection,
        PostSection,
        ReturnsSection,
        LearnerSection,
        Listing,
        Envelopes,
        Preview,
    )
    # The function keys work where digits are typed as well.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1,f2", "section('due')", N_("To send"), show=False, id="app.section1"),
        Binding("2,f3", "section('post')", N_("Post"), show=False, id="app.section2"),
        Binding("3,f4", "section('returns')", N_("Returns"), show=False, id="app.section3"),
        Binding("4,f5", "section('learner')", N_("Learner"), show=False, id="app.section4"),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = State()

    def refresh_state(self) -> None:
        if not self.requests.is_open("returns.status"):
            asked = self.local_us()
            self.request("returns.status", done=lambda result: self._take_status(result, asked))
        if self.section is not None:
            self.section.refresh_state()

    def _take_status(self, result: Any, asked_us: int) -> None:
        if now := int_of(result, "now"):
            self.note_time(now, asked_us, self.local_us())
        self.state.take_returns(result)
        self.state_changed_now()

    def take(self, topic: str, data: Any) -> bool:
        if topic == "returns.scanning":
            self.take_scanning(data)
            return self.state.scanning is not None and self.state.scanning.is_running
        if topic == "due.printing":
            self.take_printing(data)
            return self.state.printing is not None and self.state.printing.is_running
        group, _, name = topic.partition(".")
        if group in ("returns", "due", "post"):
            section = self.section
            if section is not None and group == self.current_mode:
                section.told(name, data)
            # The counts have changed.
            return group != "returns"
        return True

    def take_scanning(self, document: Any) -> None:
        """How the scan folder's taking in stands."""
        self.state.scanning = newer(self.state.scanning, read_task(document))
        self.state_changed()

    def take_printing(self, document: Any) -> None:
        """How printing stands."""
        self.state.printing = newer(self.state.printing, read_task(document))
        self.state_changed()

    @property
    def is_live(self) -> bool:
        """Whether what is shown is of this moment."""
        return self.link in (Link.UP, Link.ALONE)

    def order(self, method: str, params: dict[str, Any], **options: Any) -> None:
        """Give a command; what it answers is shown by who gave it."""
        self.request(method, params, command=True, **options)
