"""What people do with recordings: add one from the inbox, approve, refuse, call off; and the profiles to read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.content import Content

from delivery.errors import N_, TuxaError
from delivery.record.words import RECORDING_REFUSED
from tui.shared.dialogs import Field, Form, Picker, Reader, push
from tui.shared.lines import MUTED, line
from tui.shared.requests import Failed
from tui.shared.values import dicts_of, float_of, int_of, text_of, true_of
from tui.technician.state import Job
from tui.technician.words import KINDS

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole
    from tui.technician.ingest import IngestSection

_CAN_JUDGE = ("pass", "pass_with_fixes")


class IngestDesk:
    """From the key to the confirmed command."""

    def __init__(self, section: IngestSection) -> None:
        self._section = section

    @property
    def _app(self) -> TechnicianConsole:
        return self._section.technician

    def _judged(self) -> Job | None:
        """The chosen recording, if there is something to decide."""
        job = self._section.listing.chosen
        if job is None or job.verdict not in _CAN_JUDGE:
            self._app.say(N_("Only a recording that passed can be approved or refused."))
            return None
        return job

    def approve(self) -> None:
        job = self._judged()
        if job is not None:
            self._ask_approval(job, {})

    def _ask_approval(self, job: Job, typed: dict[str, str]) -> None:
        """Both documents and both people; `typed` is what stood there when it was refused."""
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
            def failed(error: TuxaError) -> None:
                # One wrong code is no reason to write everything again.
                self._app.tell(error)
                if len(self._app.screen_stack) == 1 and self._app.section is self._section:
                    self._ask_approval(job, values)

            self._decide("ingest.approve", job, values, N_("{material} is approved."), failed=failed)

        kept = [replace(field, value=typed.get(field.name, "")) for field in fields]
        push(self._section, Form(partial(self._titled, N_("Approve"), job), kept, below=below), given)

    def _titled(self, title: str, job: Job) -> str:
        return f"{self._app.words(title)} · {job.material}"

    def refuse(self) -> None:
        job = self._judged()
        if job is None:
            return
        items = [(code, self._app.words(text), "") for code, text in RECORDING_REFUSED.items()]
        picker = Picker(partial(self._titled, N_("Refuse"), job), items)
        push(
            self._section,
            picker,
            lambda code: self._decide("ingest.refuse", job, {"reason": code}, N_("{material} is refused.")),
        )

    def _decide(
        self, method: str, job: Job, values: dict[str, str], told: str, *, failed: Failed | None = None
    ) -> None:
        app = self._app

        def done(_result: Any) -> None:
            app.say(told, material=job.material)
            # Approvals leave the job's own time as it is: everything of it is asked for again.
            app.state.jobs_since = 0
            app.refresh_state()

        params = {"material": job.material, "asset": job.asset, **values}
        app.order(method, params, done=done, failed=failed, label=N_("recording"))

    # --- adding -----------------------------------------------------------------------------------

    def add(self) -> None:
        app = self._app

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
                self._section,
                Picker(partial(app.words, N_("Which recording?")), items),
                lambda file: self._ask_material(file, materials),
            )

        app.request("ingest.inbox", done=show, label=N_("reading"), opens=True)

    def _ask_material(self, file: str, materials: list[dict[str, Any]]) -> None:
        app = self._app
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

        def title() -> str:
            return f"{app.words(N_('Which material is it?'))} · {file}"

        push(self._section, Picker(title, items), lambda material: self._add(file, material))

    def _add(self, file: str, material: str) -> None:
        app = self._app

        def done(result: Any) -> None:
            app.take("ingest.added", result)
            app.state_changed_now()
            self._section.listing.choose(text_of(result, "id"))
            app.say(N_("{file} waits to be converted for {material}."), file=file, material=material)

        app.order("ingest.add", {"file": file, "material": material}, done=done, label=N_("adding"))

    def cancel(self) -> None:
        job = self._section.listing.chosen
        if job is None or not job.queue:
            self._app.say(N_("Only what waits or is being converted can be called off."))
            return

        def done(_result: Any) -> None:
            self._app.say(N_("{file} is called off."), file=job.file)

        self._app.order("ingest.cancel", {"queue": job.queue}, done=done, label=N_("calling off"))

    def profiles(self) -> None:
        app = self._app

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
