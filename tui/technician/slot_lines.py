"""What stands below the grid, and in the dialogs of the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from delivery.errors import N_
from tui.shared.lines import MUTED, day_of, decimal, local, time_of_day, wrapped
from tui.shared.values import dicts_of, int_of, say, text_of, texts_of
from tui.technician.span import Aired, Finding, Programme, on_tick, read_finding
from tui.technician.words import AIRED, FINDINGS

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole
    from tui.technician.grid import Grid

_MOST = 14


def chosen_lines(app: TechnicianConsole, grid: Grid, width: int) -> list[Content]:
    """The programme under the cursor, its exact time, and every finding in full."""
    words = app.words
    if grid.span is None:
        return []
    if grid.carried is not None:
        return _carried_lines(app, grid, width)
    one = grid.chosen
    if one is None:
        at = local(grid.cursor)
        free = words(N_("{time}: nothing but the slate. N makes a slot here."), time=f"{at:%H:%M %d/%m}")
        return [Content.styled(free, MUTED)]
    lines = [_head(app, one)]
    if one.aired is not None:
        sign = AIRED.get(one.aired.status)
        if sign is not None:
            minutes = minutes_of(one.aired, comma=words.language == "vi")
            begun = time_of_day(one.aired.start, seconds=True)
            text = f"{sign.glyph} {words(sign.word)}  {begun}  {minutes} min"
            lines.append(Content.styled(text, f"bold {sign.colour}"))
    for finding in one.findings:
        lines += finding_lines(app, finding, width)
    return lines


def minutes_of(aired: Aired, *, comma: bool) -> str:
    """Minutes that went out, and minutes that were planned."""
    return "/".join(decimal(us / 60e6, comma=comma) for us in (aired.aired_us, aired.planned_us))


def _head(app: TechnicianConsole, one: Programme) -> Content:
    exact = local(one.start)
    parts: list[tuple[str, str] | str] = [(one.title, "bold")]
    if one.course:
        parts.append((f"  {one.course} {one.unit}", MUTED))
    parts.append(f"  {exact:%H:%M:%S}.{exact.microsecond // 1000:03} → {time_of_day(one.end, seconds=True)}")
    if one.rerun:
        parts.append((f"  ↻ {app.words(N_('rerun'))}", MUTED))
    return Content.assemble(*parts)


def _carried_lines(app: TechnicianConsole, grid: Grid, width: int) -> list[Content]:
    words, carried = app.words, grid.carried
    assert carried is not None
    begins = local(on_tick(carried.start))
    at = f"{begins:%d/%m %H:%M:%S}.{begins.microsecond // 1000:03}"
    lines = [
        Content.assemble(
            ("⇕ ", "bold $warning"), (carried.programme.title, "bold"), "  → ", (at, "bold $warning"),
            (f"  {carried.minutes} min", "bold $warning") if carried.minutes is not None else "",
        )
    ]  # fmt: skip
    keys = words(
        N_("Arrows move, Shift+arrows a minute, , . a tick, [ ] the length; Enter sets down, Esc puts back")
    )
    return [*lines, *wrapped(Content.styled(keys, MUTED), width, 3)]


def finding_lines(app: TechnicianConsole, finding: Finding, width: int) -> list[Content]:
    """What is wrong, and what to do."""
    sign = FINDINGS.get(finding.severity, FINDINGS["note"])
    clause = f" [{finding.clause}]" if finding.clause else ""
    what = Content.assemble(
        (f"{sign.glyph} ", f"bold {sign.colour}"), say(finding.what, app.words), (clause, MUTED)
    )
    lines = wrapped(what, width, 3)
    if finding.do.msgid:
        lines += wrapped(Content.assemble(("→ ", "$primary"), say(finding.do, app.words)), width, 2)
    return lines


def preview_lines(app: TechnicianConsole, result: Any, width: int) -> list[Content]:
    """A change of slots: what goes, what comes, what would be found, what would be settled."""
    words = app.words
    lines = [
        Content.assemble(("− ", "bold $error"), _slot_words(app, one)) for one in dicts_of(result, "remove")
    ]
    lines += [
        Content.assemble(("+ ", "bold $success"), _slot_words(app, one)) for one in dicts_of(result, "add")
    ]
    new = [read_finding(one) for one in dicts_of(result, "new")]
    gone = [read_finding(one) for one in dicts_of(result, "gone")]
    lines.append(Content(""))
    if not new:
        lines.append(Content.styled(f"✓ {words(N_('Nothing stands against it.'))}", "bold $success"))
    for finding in new[:_MOST]:
        lines += finding_lines(app, finding, width)
    if len(new) > _MOST:
        lines.append(
            Content.styled(words(N_("… and {count} further findings"), count=len(new) - _MOST), MUTED)
        )
    if gone:
        lines.append(Content.styled(f"✓ {words(N_('settled by it'))}: {len(gone)}", "$success"))
    return lines


def compiled_lines(app: TechnicianConsole, result: Any, width: int) -> list[Content]:
    """What a compilation did."""
    lines: list[Content] = []
    for one in dicts_of(result, "channels"):
        end = int_of(one, "end")
        told = app.words(
            N_("{channel}: {placed} programmes placed, timeline until {end}."),
            channel=text_of(one, "channel"),
            placed=int_of(one, "placed"),
            end=f"{time_of_day(end)} {day_of(end)}",
        )
        lines.append(Content.styled(told, "bold"))
        findings = [read_finding(item) for item in dicts_of(one, "findings")]
        if not findings:
            lines.append(Content.styled(f"✓ {app.words(N_('Nothing stands against it.'))}", "bold $success"))
        for finding in findings:
            lines += finding_lines(app, finding, width)
    return lines


def _slot_words(app: TechnicianConsole, document: dict[str, Any]) -> str:
    start = local(int_of(document, "start"))
    what = ", ".join(texts_of(document, "materials")) or text_of(document, "course")
    rule = text_of(document, "rule")
    length = f"  {int_of(document, 'minutes')} min" if int_of(document, "minutes") else ""
    return f"{what}  {start:%d/%m/%Y %H:%M:%S}{length}  {rule}".rstrip()
