"""The report as one HTML page that needs nothing else: it can be mailed, archived, or opened without a network."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from delivery.broadcast.qc import spans as kinds
from delivery.broadcast.qc.plots import timeline
from delivery.broadcast.qc.report import Report
from delivery.broadcast.qc.verdict import Severity, Verdict
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.units import TICK_MS, hours_minutes

VERDICTS: Final = {
    Verdict.PASS: N_("Passed"),
    Verdict.PASS_WITH_FIXES: N_("Passed, with changes"),
    Verdict.REFUSED: N_("Refused"),
}
SEVERITIES: Final = {
    Severity.REFUSAL: N_("reason"),
    Severity.WARNING: N_("look here"),
    Severity.NOTE: N_("note"),
}
_NAMES: Final = {
    "title": N_("Waveform, loudness and events over time"),
    "wave": N_("Sound"),
    "loudness": "LUFS",
    "events": N_("Events"),
    "none": N_("none"),
    kinds.BLACK: N_("Black"),
    kinds.FREEZE: N_("Still"),
    kinds.SILENCE: N_("Silence"),
    kinds.CLIPPING: N_("Clipping"),
    kinds.PHASE: N_("Phase"),
    kinds.DAMAGE: N_("Damage"),
}


def html(report: Report, words: Translator) -> str:
    """The page in the translator's language."""
    analysis = report.analysis
    duration_s = float(
        (report.streams or {}).get("duration_s") or (analysis.sound.length_s if analysis else 0)
    )
    names = {key: words(name) for key, name in _NAMES.items()}
    made: dict[str, Any] = {
        "report": report,
        "_": words,
        "language": words.language,
        "verdict": words(VERDICTS[report.verdict]),
        "severities": {severity: words(text) for severity, text in SEVERITIES.items()},
        "duration_s": duration_s,
        "clock": hours_minutes,
        "timeline": timeline(analysis, duration_s, target_lufs=report.target_lufs, names=names)
        if analysis
        else "",
        "tick_s": TICK_MS / 1000,
    }
    return _environment().get_template("report.html").render(made)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("delivery.broadcast.qc"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
