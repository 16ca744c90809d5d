"""Reports of quality control for a terminal: verdict, findings, curves of the width that is asked for, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from delivery.broadcast.qc.report import Report
from delivery.broadcast.qc.shelf import Shelf
from delivery.errors import N_, BadInput
from delivery.network.bus.protocol import plain_message

if TYPE_CHECKING:
    from delivery.app.core import App

_POINTS: Final = 400
_PICTURES_BYTES: Final = 700_000
"""A message holds at most 1 MiB."""


def report_of(app: App, params: Mapping[str, Any]) -> Report:
    """The report on an asset or a material. Raises NotFound."""
    name = params.get("of")
    if not isinstance(name, str) or not name:
        raise BadInput(N_("Whose report?"), do=N_("Choose a recording in the list."))
    return Shelf(app.settings.home, app.blobs, app.library.media).of_asset(name)


def report_document(app: App, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a console shows of a report."""
    report = report_of(app, params)
    analysis = report.analysis
    points = params.get("points", _POINTS)
    width = points if type(points) is int and 0 < points <= 2 * _POINTS else _POINTS
    return {
        "file": report.file,
        "kind": report.kind,
        "profile": report.profile,
        "verdict": str(report.verdict),
        "target_lufs": report.target_lufs,
        "findings": [
            {
                "code": one.code,
                "severity": str(one.severity),
                "text": plain_message(one.message),
                "do": plain_message(one.do) if one.do else None,
                "from_s": one.from_s,
                "to_s": one.to_s,
            }
            for one in report.findings[:60]
        ],
        "fixes": [plain_message(fix) for fix in report.fixes],
        "streams": report.streams,
        "made": dict(report.made) if report.made else None,
        "length_s": analysis.sound.length_s if analysis else None,
        "loudness_lufs": analysis.loudness.integrated_lufs if analysis else None,
        "true_peak_dbtp": analysis.loudness.true_peak_dbtp if analysis else None,
        "peak_dbfs": thinned(analysis.curves.peak_dbfs, width) if analysis else [],
        "short_term_lufs": thinned(analysis.curves.short_term_lufs, width) if analysis else [],
        "has_pictures": bool(analysis and analysis.thumbnails),
    }


def pictures_of(app: App, params: Mapping[str, Any]) -> dict[str, Any]:
    """The strip of small pictures, as one JPEG in base64; empty where there is none, or it is too large to send."""
    analysis = report_of(app, params).analysis
    strip = analysis.thumbnails if analysis else None
    if strip is None or len(strip.jpeg) > _PICTURES_BYTES:
        return {"jpeg": "", "count": 0, "width": 0, "height": 0, "step_s": 0.0}
    return {
        "jpeg": strip.jpeg,
        "count": strip.count,
        "width": strip.width,
        "height": strip.height,
        "step_s": strip.step_s,
    }


def thinned(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values: the highest of those that fall together."""
    each = max(1, -(-len(values) // width))
    return [round(max(values[n : n + each]), 1) for n in range(0, len(values), each)]
