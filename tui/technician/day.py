"""Texts of the schedule to read: the day sheet, and as-run against plan."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from delivery.errors import N_
from tui.shared.dialogs import Reader
from tui.shared.lines import MUTED, bar, columns, decimal, local, time_of_day
from tui.shared.values import text_of
from tui.technician.slot_lines import finding_lines, minutes_of
from tui.technician.span import DAY_US, Span
from tui.technician.words import AIRED, DAYS

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole


class SheetReader(Reader):
    """The day sheet; P writes it as PDF."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "pdf", "PDF", id="sheet.pdf")]

    def __init__(self, app: TechnicianConsole, span: Span, day: int) -> None:
        self._technician, self._span, self._at = app, span, span.since + day * DAY_US
        moment = local(self._at)
        super().__init__(
            lambda: (
                f"{app.words(N_('Day sheet'))} · {span.channel} · "
                f"{app.words(DAYS[moment.weekday()])} {moment:%d/%m/%Y} · P PDF"
            ),
            partial(_sheet_lines, app, span, day),
        )

    def action_pdf(self) -> None:
        app = self._technician

        def done(result: Any) -> None:
            app.say(N_("Written: {file}"), file=text_of(result, "file"))

        params = {"channel": self._span.channel, "since": self._at}
        app.order("schedule.daysheet", params, done=done, within_s=30.0, label=N_("writing"))


def sheet_reader(app: TechnicianConsole, span: Span, day: int) -> SheetReader:
    return SheetReader(app, span, day)


def _sheet_lines(app: TechnicianConsole, span: Span, day: int, width: int) -> list[Content]:
    lines = []
    for one in span.on_day(day):
        if one.airing:
            length = (one.end - one.start) // 1_000_000
            course = f"{one.course} {one.unit}" if one.course else ""
            lines.append(
                columns(
                    width,
                    (Content.styled(time_of_day(one.start, seconds=True), "bold"), 8),
                    (Content.styled(f"{length // 60}:{length % 60:02}", MUTED), -6),
                    (one.title, 0),
                    (Content.styled(course, MUTED), 12),
                    ("↻" if one.rerun else "▣" if one.card else "", 1),
                )
            )
        for finding in one.findings:
            lines += finding_lines(app, finding, width)
    return lines or [Content.styled(app.words(N_("Nothing is scheduled on this day.")), MUTED)]


def aired_reader(app: TechnicianConsole, span: Span) -> Reader:
    """As-run of the span beside its plan."""
    return Reader(
        lambda: f"{app.words(N_('As-run against plan'))} · {span.channel}", partial(_aired_lines, app, span)
    )


def _aired_lines(app: TechnicianConsole, span: Span, width: int) -> list[Content]:
    lines, comma = [], app.words.language == "vi"
    for one in span.aired:
        sign = AIRED.get(one.status, AIRED["partial"])
        share = one.aired_us / one.planned_us if one.planned_us else 0.0
        late = (one.start - one.planned) / 1e6
        lines.append(
            columns(
                width,
                (Content.styled(sign.glyph, f"bold {sign.colour}"), 1),
                (f"{local(one.planned):%d/%m} {time_of_day(one.planned, seconds=True)}", 14),
                (Content.styled(f"{'+' if late >= 0 else ''}{decimal(late, 2, comma=comma)} s", MUTED), -9),
                (one.material, 0),
                (bar(share, 8, sign.colour), 8),
                (minutes_of(one, comma=comma), -11),
                (Content.styled(app.words(sign.word), sign.colour), 14),
            )
        )
    if not lines:
        return [Content.styled(app.words(N_("Nothing of this span has aired yet.")), MUTED)]
    missed = [one for one in span.aired if one.status != "complete"]
    if missed:
        told = app.words(N_("G proposes make-goods for what did not air whole."))
        lines += [Content(""), Content.styled(told, "bold $warning")]
    return lines
