"""The technician's console: on the air, the schedule, ingest, log and alerts."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from delivery.errors import N_
from delivery.network.bus.client import Link
from tui.shared.app import ConsoleApp
from tui.shared.listing import Listing
from tui.shared.values import SEVERITIES, Alert, int_of, read_alert, say, text_of, true_of
from tui.technician.day import SheetReader
from tui.technician.grid import Grid
from tui.technician.ingest import IngestSection
from tui.technician.log import LogSection
from tui.technician.onair import OnAirSection
from tui.technician.schedule import ScheduleSection
from tui.technician.state import State, read_channel, read_job, read_on_air


class TechnicianConsole(ConsoleApp):
    """``tuxa console technician``."""

    TITLE = "tuxa"
    SECTIONS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("air", N_("On air")),
        ("schedule", N_("Schedule")),
        ("ingest", N_("Ingest")),
        ("log", N_("Log")),
    )
    MODES: ClassVar[dict[str, Any]] = {
        "air": OnAirSection,
        "schedule": ScheduleSection,
        "ingest": IngestSection,
        "log": LogSection,
    }
    DEFAULT_MODE = "air"
    PARTS: ClassVar[tuple[type[Any], ...]] = (
        ConsoleApp,
        OnAirSection,
        ScheduleSection,
        Grid,
        IngestSection,
        LogSection,
        Listing,
        SheetReader,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "section('air')", N_("On air"), show=False, id="app.section1"),
        Binding("2", "section('schedule')", N_("Schedule"), show=False, id="app.section2"),
        Binding("3", "section('ingest')", N_("Ingest"), show=False, id="app.section3"),
        Binding("4", "section('log')", N_("Log"), show=False, id="app.section4"),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = State()

    # --- asking -----------------------------------------------------------------------------------

    def refresh_state(self) -> None:
        if not self.requests.is_open("channels.status"):
            asked = self.local_us()
            self.request("channels.status", done=lambda result: self._take_on_air(result, asked))
        if not self.requests.is_open("ingest.status"):
            # A second is asked for twice, so that nothing falls between two answers.
            since = max(self.state.jobs_since - 1_000_000, 0)
            self._ask_jobs(since, 0)
        section = self.section
        if section is not None:
            section.refresh_state()

    def _take_on_air(self, result: Any, asked_us: int) -> None:
        on_air = read_on_air(result)
        self.note_time(on_air.now, asked_us, self.local_us())
        self.state.take_on_air(on_air)
        self.state_changed_now()

    def _ask_jobs(self, since: int, offset: int) -> None:
        self.request(
            "ingest.status",
            {"since": since, "offset": offset},
            done=lambda result: self._take_jobs(result, since, offset),
        )

    def _take_jobs(self, result: Any, since: int, offset: int) -> None:
        self.state.take_jobs(result, whole=not since and not offset)
        following = int_of(result, "next")
        if true_of(result, "more") and following > offset:
            self._ask_jobs(since, following)
        else:
            self.state.jobs_since = int_of(result, "now")
        self.state_changed()

    # --- being told -------------------------------------------------------------------------------

    def take(self, topic: str, data: Any) -> bool:
        group = topic.partition(".")[0]
        if group == "channel":
            channel = read_channel(data)
            return channel is not None and self.state.take_channel(channel)
        if group == "ingest":
            if gone := text_of(data, "gone"):
                self.state.drop_job(gone)
                return True
            job = read_job(data)
            if job is not None:
                self.state.take_job(job)
            return job is not None
        if group == "alert":
            self._raise_alert(read_alert(data))
            return False
        if group in ("schedule", "asrun", "acknowledged"):
            section = self.section
            if section is not None:
                section.told(group, data)
            return group != "acknowledged"
        return True

    def _raise_alert(self, alert: Alert | None) -> None:
        if alert is None:
            return
        severity: Any = "error" if alert.severity == "error" else "warning"
        self.notify(say(alert.text, self.words), title=alert.channel, severity=severity, markup=False)

    def alerts(self) -> tuple[Alert, ...]:
        on_air = self.state.on_air
        if on_air is None:
            return ()
        found = [*on_air.alerts, *(alert for channel in on_air.channels for alert in channel.alerts)]
        unique = {(alert.id or str(alert.text), alert.channel): alert for alert in found}
        return tuple(sorted(unique.values(), key=lambda alert: SEVERITIES.index(alert.severity)))

    @property
    def is_live(self) -> bool:
        """Whether what is shown is of this moment."""
        return self.link in (Link.UP, Link.ALONE)

    def order(self, method: str, params: dict[str, Any], **options: Any) -> None:
        """Give a command; what it answers is shown by who gave it."""
        self.request(method, params, command=True, **options)
