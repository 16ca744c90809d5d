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
from textual.widgets import Input

from delivery.errors import N_, TuxaError
from tui.shared.dialogs import Field, Form, Picker, Reader, push
from tui.shared.drawn import Text, Title
from tui.shared.entry import Entry
from tui.shared.lines import MUTED, line
from tui.shared.listing import Listing
from tui.shared.picture import Picture
from tui.shared.search import matches
from tui.shared.section import Section
from tui.shared.values import dicts_of, float_of, int_of, text_of, true_of
from tui.technician.job_lines import Report, job_line, job_lines, problem_lines, read_report, report_lines
from tui.technician.state import Job
from tui.technician.words import KINDS, REASONS

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole

_REST_S = 0.06
_SHOW_S = 0.15
_LONG = 1_000
_CAN_JUDGE = ("pass", "pass_with_fixes")


class IngestSection(Section):
    """The queue, and the report on the chosen recording."""

    DEFAULT_CSS = """
    IngestSection #ingest { height: 1fr; layout: vertical; }
    IngestSection.-wide #ingest { layout: horizontal; }
    IngestSection #queue { height: 2fr; }
    IngestSection.-wide #queue { width: 1fr; height: 1fr; }
    IngestSection #report { height: 3fr; background: $surface; padding: 0 1; scrollbar-size-vertical: 1; }
    IngestSection.-wide #report { width: 1fr; height: 1fr; margin-left: 1; }
    IngestSection #report Text { height: auto; }
    IngestSection #filter { display: none; }
    IngestSection.-filtering #filter { display: block; }
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
        self.report: Report | None = None
        self.query_text = ""
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

    def on_mount(self) -> None:
        # What is not seen takes no keys.
        self.query_one("#filter", Entry).disabled = True
        self.listing.focus()

    # --- what is shown ----------------------------------------------------------------------------

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.technician.is_live, "-stale")
        state = self.technician.state
        if self._seen != state.jobs_changed and not self._is_resting():
            self._seen = state.jobs_changed
            self._show_jobs()
        super().changed()

    def _is_resting(self) -> bool:
        """A long queue is put in order once a second at most, however much happens in it."""
        second = self.technician.now_us() // 1_000_000
        if len(self.technician.state.jobs) < _LONG or second != self._shown_at:
            self._shown_at = second
            return False
        self.technician.state_changed()
        return True

    def _show_jobs(self) -> None:
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

    # --- finding ----------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.set_class(True, "-filtering")
        self.query_one("#filter", Entry).disabled = False
        self.query_one("#filter", Entry).focus()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self.query_text = event.value
        self._show_jobs()

    @on(Input.Submitted, "#filter")
    def _entered(self) -> None:
        self.listing.focus()

    def action_escape(self) -> None:
        if self.has_class("-filtering"):
            self.set_class(False, "-filtering")
            self.query_one("#filter", Entry).value = ""
            self.query_one("#filter", Entry).disabled = True
            self.query_text = ""
            self._show_jobs()
            self.listing.focus()
        else:
            self.technician.action_leave()

    # --- deciding ---------------------------------------------------------------------------------

    def _judged(self) -> Job | None:
        """The chosen recording, if there is something to decide."""
        job = self.listing.chosen
        if job is None or job.verdict not in _CAN_JUDGE:
            self.technician.say(N_("Only a recording that passed can be approved or refused."))
            return None
        return job

    def action_approve(self) -> None:
        job = self._judged()
        if job is None:
            return
        fields = [
            Field("minutes", N_("Appraisal minutes"), hint=N_("their number"), needed=True),
            Field("appraiser", N_("Signed by (code)"), needed=True),
            Field("decision", N_("Approval decision"), hint=N_("its number"), needed=True),
            Field(
                "signer", N_("Signed by (code)"), hint=N_("neither the author nor the appraiser"), needed=True
            ),
        ]

        def below(width: int) -> list[Content]:
            return [Content.styled(f"{job.title}  {job.file}", MUTED).truncate(width, ellipsis=True)]

        def given(values: dict[str, str]) -> None:
            self._decide("ingest.approve", job, values, N_("{material} is approved."))

        title = lambda: f"{self.words(N_('Approve'))} · {job.material}"  # noqa: E731
        push(self, Form(title, fields, below=below), given)

    def action_refuse(self) -> None:
        job = self._judged()
        if job is None:
            return
        items = [(code, self.words(text), "") for code, text in REASONS.items()]
        picker = Picker(lambda: f"{self.words(N_('Refuse'))} · {job.material}", items)
        push(
            self,
            picker,
            lambda code: self._decide("ingest.refuse", job, {"reason": code}, N_("{material} is refused.")),
        )

    def _decide(self, method: str, job: Job, values: dict[str, str], told: str) -> None:
        app = self.technician

        def done(_result: Any) -> None:
            app.say(told, material=job.material)
            # Approvals leave the job's own time as it is: everything of it is asked for again.
            app.state.jobs_since = 0
            app.refresh_state()

        params = {"material": job.material, "asset": job.asset, **values}
        app.order(method, params, done=done, label=N_("recording"))

    # --- adding -----------------------------------------------------------------------------------

    def action_add(self) -> None:
        app = self.technician

        def show(result: Any) -> None:
            files = dicts_of(result, "files")
            if not files:
                app.say(
                    N_("The inbox is empty: copy recordings to {folder}."), folder=text_of(result, "folder")
                )
                return
            items = [
                (text_of(one, "file"), text_of(one, "file"), _size(int_of(one, "bytes"))) for one in files
            ]
            materials = dicts_of(result, "materials")
            push(
                self,
                Picker(partial(app.words, N_("Which recording?")), items),
                lambda file: self._ask_material(file, materials),
            )

        app.request("ingest.inbox", done=show, label=N_("reading"), opens=True)

    def _ask_material(self, file: str, materials: list[dict[str, Any]]) -> None:
        app = self.technician
        known = {job.material for job in app.state.jobs.values() if job.verdict in _CAN_JUDGE}

        def place(one: dict[str, Any]) -> tuple[bool, bool]:
            # What the file's name speaks of comes first, then what has no recording yet.
            code = text_of(one, "material")
            return (code.casefold() not in file.casefold(), code in known)

        items = [
            (
                text_of(one, "material"),
                f"{text_of(one, 'material')}  {text_of(one, 'title')}",
                f"{text_of(one, 'course')} {int_of(one, 'unit')} {app.words(KINDS.get(text_of(one, 'kind'), ''))}",
            )
            for one in sorted(materials, key=place)
        ]
        title = lambda: f"{app.words(N_('Which material is it?'))} · {file}"  # noqa: E731
        push(self, Picker(title, items), lambda material: self._add(file, material))

    def _add(self, file: str, material: str) -> None:
        app = self.technician

        def done(result: Any) -> None:
            app.take("ingest.added", result)
            app.state_changed_now()
            self.listing.choose(text_of(result, "id"))
            app.say(N_("{file} waits to be converted for {material}."), file=file, material=material)

        app.order("ingest.add", {"file": file, "material": material}, done=done, label=N_("adding"))

    def action_cancel(self) -> None:
        job = self.listing.chosen
        if job is None or not job.queue:
            self.technician.say(N_("Only what waits or is being converted can be called off."))
            return

        def done(_result: Any) -> None:
            self.technician.say(N_("{file} is called off."), file=job.file)

        self.technician.order("ingest.cancel", {"queue": job.queue}, done=done, label=N_("calling off"))

    def action_profiles(self) -> None:
        app = self.technician

        def show(result: Any) -> None:
            app.push_screen(Reader(partial(app.words, N_("Profiles")), partial(_profile_lines, app, result)))

        app.request("profiles.list", done=show, label=N_("reading"), opens=True)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def _profile_lines(app: TechnicianConsole, result: Any, width: int) -> list[Content]:
    lines: list[Content] = []
    for one in dicts_of(result, "profiles"):
        usual = app.words(N_("usual")) if true_of(one, "usual") else ""
        kind = app.words(KINDS.get(text_of(one, "kind"), ""))
        head = Content.assemble(
            (text_of(one, "name"), "bold"), f"/{int_of(one, 'version')}  {kind}  ", (usual, "$success")
        )
        lines.append(line(head, Content(f"{float_of(one, 'target_lufs') or 0:g} LUFS"), width))
        for rung in dicts_of(one, "rungs"):
            size = (
                f"{int_of(rung, 'width')}×{int_of(rung, 'height')}"
                if int_of(rung, "width")
                else app.words(N_("sound"))
            )
            rate = f"≤ {int_of(rung, 'max_kbps')} + {int_of(rung, 'audio_kbps')} kbit/s"
            rate = rate if int_of(rung, "max_kbps") else f"{int_of(rung, 'audio_kbps')} kbit/s"
            lines.append(Content.styled(f"   {text_of(rung, 'name'):<8} {size:<10} {rate}", MUTED))
        if sent := int_of(one, "transmitter"):
            lines.append(Content.styled(f"   {app.words(N_('transmitter'))}  {sent / 1e6:.3f} Mbit/s", MUTED))
    return lines
