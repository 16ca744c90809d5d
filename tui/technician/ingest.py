"""Section 3: recordings that come in, what quality control says of them, and what people decide."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from delivery.errors import N_, TuxaError
from tui.shared.drawn import Text, Title
from tui.shared.entry import Entry
from tui.shared.filtered import FilteredSection
from tui.shared.listing import Listing
from tui.shared.picture import Picture
from tui.shared.search import matches
from tui.shared.values import text_of
from tui.technician.ingest_desk import IngestDesk
from tui.technician.job_lines import Report, job_line, job_lines, problem_lines, read_report, report_lines
from tui.technician.state import Job

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole

_REST_S = 0.06
_SHOW_S = 0.15
_LONG = 1_000


class IngestSection(FilteredSection):
    """The queue, and the report on the chosen recording."""

    DEFAULT_CSS = """
    IngestSection #ingest { height: 1fr; layout: vertical; }
    IngestSection.-wide #ingest { layout: horizontal; }
    IngestSection #queue { height: 2fr; }
    IngestSection.-wide #queue { width: 1fr; height: 1fr; }
    IngestSection #report { height: 3fr; background: $surface; padding-left: 1; scrollbar-size-vertical: 1; }
    IngestSection #report > * { margin-right: 1; }
    IngestSection.-wide #report { width: 1fr; height: 1fr; margin-left: 1; }
    IngestSection #report Text { height: auto; }
    IngestSection Picture { display: none; }
    IngestSection.-stale #ingest { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", N_("Add"), id="ingest.add"),
        Binding("y", "approve", N_("Approve"), id="ingest.approve"),
        Binding("x", "refuse", N_("Refuse"), id="ingest.refuse"),
        Binding("c", "cancel", N_("Call off"), id="ingest.cancel"),
        Binding("p", "profiles", N_("Profiles"), id="ingest.profiles"),
        Binding("slash", "filter", N_("Find"), key_display="/", id="ingest.filter"),
        Binding("escape", "escape", N_("Show all"), show=False),
    ]
    AUTO_FOCUS = "#jobs"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("Ingest")),
        ("▸", N_("being converted, with the time left")),
        ("○ ◔ ●", N_("passed: to be approved, appraised, approved")),
        ("✗", N_("refused, by quality control or by a person")),
        ("!", N_("passed, but somebody should look")),
        ("┄◂", N_("the loudness that the profile asks for")),
    )

    def __init__(self) -> None:
        super().__init__()
        self.desk = IngestDesk(self)
        self.report: Report | None = None
        self._wanted = ""
        self._seen = -1
        self._shown_at = 0
        self._resting: Timer | None = None

    def body(self) -> Iterable[Widget]:
        listing = Listing[Job](
            lambda job, width: job_line(job, width, self.console_app.words),
            key=lambda job: job.id,
            empty=self._empty,
            id="jobs",
        )
        with Container(id="ingest"):
            with Vertical(id="queue"):
                yield Title(N_("Recordings"), self._count)
                yield Entry(placeholder=self.words(N_("part of a name, code or file")), id="filter")
                yield listing
            with VerticalScroll(id="report", can_focus=False):
                yield Text(self._head_lines, id="head")
                yield Picture(id="strip")
                yield Text(self._report_lines, id="told")

    @property
    def technician(self) -> TechnicianConsole:
        return cast("TechnicianConsole", self.app)

    @property
    def listing(self) -> Listing[Job]:
        return cast("Listing[Job]", self.query_one("#jobs", Listing))

    # --- what is shown ----------------------------------------------------------------------------

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.technician.is_live, "-stale")
        state = self.technician.state
        if self._seen != state.jobs_changed and not self._is_resting():
            self._seen = state.jobs_changed
            self.narrow()
        super().changed()

    def _is_resting(self) -> bool:
        """A long queue is put in order once a second at most, however much happens in it."""
        second = self.technician.now_us() // 1_000_000
        if len(self.technician.state.jobs) < _LONG or second != self._shown_at:
            self._shown_at = second
            return False
        self.technician.state_changed()
        return True

    def narrow(self) -> None:
        jobs = self.technician.state.ordered_jobs()
        if self.query_text:
            jobs = [
                job for job in jobs if matches(self.query_text, job.material, job.title, job.file, job.course)
            ]
        before = self.listing.chosen
        self.listing.show(jobs)
        after = self.listing.chosen
        if before is None or after is None or (before.id, before.verdict) != (after.id, after.verdict):
            self._look()
        self.query_one(Title).redraw()
        self.query_one("#head", Text).redraw()

    def _count(self) -> str:
        shown = len(self.listing.items)
        total = self.technician.state.jobs_total
        words = self.console_app.words
        told = words.plural(N_("{count} recording"), N_("{count} recordings"), shown)
        return told if shown >= total or self.query_text else f"{told} / {total}"

    def _empty(self) -> str:
        if self.query_text:
            return self.words(N_("Nothing fits."))
        if not self.technician.state.jobs_since:
            return ""
        return self.words(N_("No recordings yet. Copy them into the home's folder “inbox”, then press A."))

    def _head_lines(self, width: int) -> list[Content]:
        job = self.listing.chosen
        return job_lines(job, width, self.console_app.words) if job is not None else []

    def _report_lines(self, width: int) -> list[Content]:
        job, words = self.listing.chosen, self.console_app.words
        if job is None:
            return []
        if self.report is not None and self.report.of == (job.asset or job.id):
            height = self.query_one("#report").size.height
            return report_lines(self.report, width, words, height=height)
        return problem_lines(job, width, words)

    @on(Listing.Moved)
    def _moved(self) -> None:
        # Who runs through a long list sees the cursor run, and the report once it rests.
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._look)

    def _look(self) -> None:
        """Show the chosen recording; its report is asked for once the cursor rests."""
        job = self.listing.chosen
        self.report = None
        self.query_one(Picture).show(b"")
        for name in ("#head", "#told"):
            self.query_one(name, Text).redraw()
        self.query_one("#report", VerticalScroll).scroll_home(animate=False)
        if job is not None and job.verdict and job.asset:
            self._wanted = job.asset
            self.set_timer(_SHOW_S, partial(self._ask_report, job.asset))

    def _ask_report(self, asset: str) -> None:
        chosen = self.listing.chosen
        if chosen is None or chosen.asset != asset or self._wanted != asset:
            return
        self._wanted = ""

        def show(result: Any) -> None:
            held = self.listing.chosen
            if held is None or held.asset != asset:
                return
            self.report = read_report(asset, result)
            self.query_one("#told", Text).redraw()
            if self.report.has_pictures:
                self._ask_pictures(asset)

        def failed(_error: TuxaError) -> None:
            # No report: what the job itself noted stays.
            return

        self.technician.request("ingest.report", {"of": asset}, done=show, failed=failed)

    def _ask_pictures(self, asset: str) -> None:
        def show(result: Any) -> None:
            held = self.listing.chosen
            if held is None or held.asset != asset:
                return
            try:
                data = base64.b64decode(text_of(result, "jpeg"), validate=True)
            except (binascii.Error, ValueError):
                return
            self.query_one(Picture).show(data)

        self.technician.request("ingest.pictures", {"of": asset}, done=show, failed=lambda _error: None)

    # --- what a person does -------------------------------------------------------------------------

    def action_add(self) -> None:
        self.desk.add()

    def action_approve(self) -> None:
        self.desk.approve()

    def action_refuse(self) -> None:
        self.desk.refuse()

    def action_cancel(self) -> None:
        self.desk.cancel()

    def action_profiles(self) -> None:
        self.desk.profiles()
