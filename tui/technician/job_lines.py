"""How a recording looks: one line in the queue, and its report with drawings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.content import Content

from delivery.errors import N_, Message
from delivery.i18n import Translator
from tui.shared.lines import MUTED, bar, columns, countdown, decimal, line, wrapped
from tui.shared.plot import level, waveform
from tui.shared.values import dicts_of, float_of, list_of, message_of, numbers_of, say, text_of, true_of
from tui.shared.words import Sign
from tui.technician.state import Job
from tui.technician.words import APPROVALS, FINDINGS, KINDS, VERDICTS


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of quality control."""

    severity: str
    text: Message
    do: Message
    from_s: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What quality control says of a recording."""

    of: str
    profile: str
    verdict: str
    target: float
    length_s: float
    loudness: float | None
    peak: float | None
    made_lufs: float | None
    findings: tuple[Found, ...]
    fixes: tuple[Message, ...]
    peaks: tuple[float, ...]
    short_term: tuple[float, ...]
    has_pictures: bool


def read_report(of: str, document: Any) -> Report:
    made = document.get("made") if isinstance(document, dict) else None
    target = float_of(document, "target_lufs")
    return Report(
        of,
        text_of(document, "profile"),
        text_of(document, "verdict"),
        target if target is not None else -23.0,
        float_of(document, "length_s") or 0.0,
        float_of(document, "loudness_lufs"),
        float_of(document, "true_peak_dbtp"),
        float_of(made, "loudness_lufs"),
        tuple(
            Found(
                text_of(one, "severity"),
                message_of(one.get("text")),
                message_of(one.get("do")),
                float_of(one, "from_s"),
            )
            for one in dicts_of(document, "findings")
        ),
        tuple(message_of(one) for one in list_of(document, "fixes")),
        numbers_of(document, "peak_dbfs"),
        numbers_of(document, "short_term_lufs"),
        true_of(document, "has_pictures"),
    )


def sign_of(job: Job) -> Sign:
    """Verdict and approval as one sign: what a person has to do next."""
    if not job.verdict:
        return Sign("▸", "", "$primary")
    if job.verdict in ("pass", "pass_with_fixes"):
        return APPROVALS.get(job.approval, APPROVALS[""])
    return VERDICTS.get(job.verdict, Sign("·", job.verdict, MUTED))


def job_line(job: Job, width: int, words: Translator) -> Content:
    """What it is and how far it is."""
    sign = sign_of(job)
    head = Content.styled(f" {sign.glyph}", f"bold {sign.colour}")
    if not job.verdict:
        left = f"-{countdown(round(job.left_s * 1e6))}" if job.left_s is not None else ""
        right: Content = Content.assemble(
            (say(job.stage, words)[: max(width // 4, 8)] + " ", MUTED),
            bar(job.fraction, 8, "$primary"),
            (f"{job.fraction:>5.0%} ", "bold"),
            f"{left:>7}",
        )
    else:
        told = words(sign.word)
        if job.verdict in ("pass", "pass_with_fixes") and job.problems:
            told = f"! {len(job.problems)}  {told}"
        right = Content.styled(told, sign.colour)
    right = Content.assemble(right.truncate(max(width // 2, 16), ellipsis=True), " ")
    return columns(
        width,
        (head, 2),
        (Content.styled(job.material, "bold"), 14),
        (job.title or job.file, 0),
        (right, -right.cell_length),
    )


def job_lines(job: Job, width: int, words: Translator) -> list[Content]:
    """Name, place and state of one recording, with its problems where there is no report."""
    kind = words(KINDS.get(job.kind, job.kind))
    verdict = VERDICTS.get(job.verdict)
    state = (
        Content.styled(f"{verdict.glyph} {words(verdict.word)}", f"bold {verdict.colour}")
        if verdict
        else Content("")
    )
    if job.verdict in ("pass", "pass_with_fixes"):
        approval = APPROVALS.get(job.approval, APPROVALS[""])
        state = Content.assemble(
            state, "  ", (f"{approval.glyph} {words(approval.word)}", f"bold {approval.colour}")
        )
    place = f"  {job.course} {job.unit}" if job.course else ""
    return [
        line(Content.assemble((job.material, "bold"), f"  {job.title}"), state, width),
        Content.styled(f"{job.file}  {kind}{place}", MUTED).truncate(width, ellipsis=True),
    ]


def problem_lines(job: Job, width: int, words: Translator) -> list[Content]:
    colour = "$error" if job.verdict == "refused" else "$warning"
    sign = "✗" if job.verdict == "refused" else "!"
    lines: list[Content] = []
    for problem in job.problems:
        lines += wrapped(Content.styled(f"{sign} {say(problem, words)}", colour), width, 4)
    return lines


def report_lines(report: Report, width: int, words: Translator, *, height: int) -> list[Content]:
    """Figures, waveform, loudness against its target, and every finding."""
    comma = words.language == "vi"
    minutes, seconds = divmod(round(report.length_s), 60)
    figures = [f"{minutes}:{seconds:02}", report.profile]
    if report.loudness is not None:
        told = decimal(report.loudness, comma=comma)
        made = f" → {decimal(report.made_lufs, comma=comma)}" if report.made_lufs is not None else ""
        figures.append(f"{told}{made} LUFS")
    if report.peak is not None:
        figures.append(f"{decimal(report.peak, comma=comma)} dBTP")
    lines = [Content("  ").join([Content.styled(one, "bold" if n else "") for n, one in enumerate(figures)])]
    plot = 2 if height < 16 else 4
    if report.peaks:
        lines += waveform(report.peaks, width - 1, plot, "$primary")
        lines += level(
            report.short_term, width, plot, low=-50.0, high=-5.0, target=report.target, colour="$accent"
        )
        lines.append(_axis(report.length_s, width, report.target, words))
    for fix in report.fixes:
        lines += wrapped(Content.assemble(("✎ ", "$success"), say(fix, words)), width, 2)
    for one in report.findings:
        sign = FINDINGS.get(one.severity, FINDINGS["note"])
        lines += wrapped(
            Content.assemble((f"{sign.glyph} ", f"bold {sign.colour}"), say(one.text, words)), width, 3
        )
        if one.do.msgid and one.severity != "note":
            lines += wrapped(Content.assemble(("  → ", "$primary"), say(one.do, words)), width, 2)
    if not report.findings:
        lines.append(Content.styled(f"✓ {words(N_('Nothing to say against it.'))}", "$success"))
    return lines


def _axis(length_s: float, width: int, target: float, words: Translator) -> Content:
    """Start, middle and end of the drawings."""
    half = f"{int(length_s / 2) // 60}:{int(length_s / 2) % 60:02}"
    whole = f"{int(length_s) // 60}:{int(length_s) % 60:02}"
    left = Content.styled("0:00", MUTED)
    middle = " " * max(width // 2 - 4 - len(half) // 2, 1) + half
    told = words(N_("target {target} LUFS"), target=f"{target:g}")
    return line(Content.assemble(left, (middle, MUTED)), Content.styled(f"{told} ◂ {whole}", MUTED), width)
