"""The technician's console: channels on air and files being ingested."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Footer

from delivery.clock import Clock
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.network.bus.client import BusClient, Link
from tui.console import ConsoleApp
from tui.messages import AlertRaised, ChannelChanged, JobChanged, JobsArrived, LinkMoved, OnAirArrived
from tui.views import Alert, Channel, Job, say
from tui.widgets import Alarms, ChannelRow, Header, JobRow, Nothing, Rows, Title


class TechnicianConsole(ConsoleApp):
    """``tuxa console technician``."""

    TITLE = "tuxa"
    CSS_PATH = "technician.tcss"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("On air")),
        ("● ◐ ◌", N_("a programme, filler, or the station picture is on air")),
        ("▲ ■", N_("the channel has a fault, or is stopped")),
        ("-12:34", N_("time left of what is on air, by the station's clock")),
        ("✓ ✗", N_("what follows is ready, or is not and why")),
        ("", N_("Ingest")),
        ("✓ ✗", N_("the file passed, or was refused and why")),
        ("", N_("Top line")),
        ("±0.0 s", N_("how far this machine's clock is off; times shown are the station's")),
        ("", N_("Keys")),
        ("↑ ↓ Tab", N_("choose a channel and see the next three items")),
        ("r", N_("ask the station for everything again")),
        ("Ctrl+L", N_("Vietnamese or English")),
        ("Ctrl+P", N_("all commands")),
        ("Ctrl+Q", N_("close this console; the station goes on")),
    )

    def __init__(self, client: BusClient, *, clock: Clock, words: Translator) -> None:
        super().__init__(client, clock=clock, words=words)
        self._station_alerts: tuple[Alert, ...] = ()

    def compose(self) -> ComposeResult:
        yield Header()
        yield Alarms()
        with Container(id="body"):
            with Vertical(id="on-air", classes="panel"):
                yield Title(N_("On air"), N_("{count} channel"), N_("{count} channels"))
                with Rows(id="channels"):
                    yield Nothing(N_("No channels yet. Open one with “tuxa channel open”."))
            with Vertical(id="ingest", classes="panel"):
                yield Title(N_("Ingest"), N_("{count} file"), N_("{count} files"))
                with Rows(id="jobs"):
                    yield Nothing(N_("No file is being ingested."))
        yield Footer(show_command_palette=False)

    def each_second(self) -> None:
        self.query_one(Header).refresh()
        for row in self.query(ChannelRow):
            row.refresh()

    # --- what the bus tells ---------------------------------------------------------------------

    def on_link_moved(self, message: LinkMoved) -> None:
        up = message.link is Link.UP
        self.query_one(Header).link = message.link
        self.query_one(Alarms).link = message.link
        # What was true when contact was lost stays on the screen, dimmed: it may no longer be so.
        self.query_one("#body").set_class(not up, "-stale")
        if up:
            self.action_ask()

    async def on_on_air_arrived(self, message: OnAirArrived) -> None:
        self.ahead_us = message.ahead_us
        self.told_at_us = message.on_air.now
        self._station_alerts = message.on_air.alerts
        await self._show_channels(message.on_air.channels)
        self.query_one(Header).refresh()

    async def on_jobs_arrived(self, message: JobsArrived) -> None:
        await self._show_jobs(message.jobs)

    def on_channel_changed(self, message: ChannelChanged) -> None:
        for row in self.query(ChannelRow):
            if row.channel.code == message.channel.code:
                row.show(message.channel)
                self._gather_alerts()
                return
        self.action_ask()

    async def on_job_changed(self, message: JobChanged) -> None:
        jobs = {row.job.id: row.job for row in self.query(JobRow)}
        jobs[message.job.id] = message.job
        await self._show_jobs(tuple(jobs.values()))

    def on_alert_raised(self, message: AlertRaised) -> None:
        alert = message.alert
        self.notify(
            say(alert.text, self.words),
            title=alert.channel,
            severity="error" if alert.severity == "error" else "warning",
            markup=False,
        )
        self.action_ask()

    # --- rows -----------------------------------------------------------------------------------

    async def _show_channels(self, channels: tuple[Channel, ...]) -> None:
        rows = {row.channel.code: row for row in self.query(ChannelRow)}
        if rows and list(rows) == [channel.code for channel in channels]:
            for channel in channels:
                rows[channel.code].show(channel)
        else:
            chosen = next((row.channel.code for row in rows.values() if row.has_focus), "")
            await self._fill("#channels", [ChannelRow(channel) for channel in channels])
            for row in self.query(ChannelRow):
                if row.channel.code == chosen or (not chosen and row is self.query(ChannelRow).first()):
                    row.focus()
        self.query_one("#on-air Title", Title).count = len(channels)
        self._gather_alerts()

    async def _show_jobs(self, jobs: tuple[Job, ...]) -> None:
        rows = {row.job.id: row for row in self.query(JobRow)}
        if rows and list(rows) == [job.id for job in jobs]:
            for job in jobs:
                rows[job.id].show(job)
        else:
            await self._fill("#jobs", [JobRow(job) for job in jobs])
        self.query_one("#ingest Title", Title).count = len(jobs)

    async def _fill(self, where: str, rows: list[ChannelRow] | list[JobRow]) -> None:
        box = self.query_one(where, Rows)
        with self.batch_update():
            await box.remove_children(f"{ChannelRow.__name__}, {JobRow.__name__}")
            box.query_one(Nothing).display = not rows
            await box.mount_all(rows)

    def _gather_alerts(self) -> None:
        of_channels = [alert for row in self.query(ChannelRow) for alert in row.channel.alerts]
        self.query_one(Alarms).alerts = (*self._station_alerts, *of_channels)
