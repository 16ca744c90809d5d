"""The drawings of a report, as SVG: waveform, loudness and events over one time axis. Pure text, no library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from delivery.broadcast.qc.measured import Analysis, Thumbnails
from delivery.broadcast.qc.spans import KINDS, Span
from delivery.units import hours_minutes

WIDTH: Final = 1000
"""Units across; one axis for all drawings, so that one lies exactly below the other."""
_LEFT: Final = 84
"""Units kept free at the left for names."""
_WAVE: Final = 110
_LOUD: Final = 130
_LANE: Final = 20
_AXIS: Final = 22
_APART: Final = 12
_STRIP_MOST: Final = 72
"""Height of the thumbnails at most; portrait ones would otherwise tower."""
_LOUD_TOP: Final = 0.0
_LOUD_BOTTOM: Final = -60.0
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TICKS: Final = 9
_LEAST_MARK: Final = 2.0
"""The shortest span that can still be seen."""


def timeline(analysis: Analysis, duration_s: float, *, target_lufs: float, names: dict[str, str]) -> Markup:
    """Waveform, loudness, lanes of events and the axis, as one SVG. `names` are the headings, already translated."""
    duration_s = max(duration_s, 0.001)
    kinds = [kind for kind in KINDS if analysis.of(kind)]
    strip, wave_at = _strip(analysis.thumbnails, duration_s)
    loud_at = wave_at + _WAVE + _APART
    lanes_at = loud_at + _LOUD + _APART
    bottom = lanes_at + max(len(kinds), 1) * _LANE
    parts = [
        _open(bottom + _AXIS, names["title"]),
        strip,
        _grid(duration_s, wave_at, bottom),
        _group(wave_at, _waveform(analysis, duration_s, names["wave"])),
        _group(loud_at, _loudness(analysis, duration_s, target_lufs, names["loudness"])),
        _group(lanes_at, _lanes(analysis, kinds, duration_s, names)),
        "</svg>",
    ]
    return Markup("".join(parts))


def _strip(thumbnails: Thumbnails | None, duration_s: float) -> tuple[str, float]:
    """The thumbnails, each where its moment lies on the axis; and the height they take."""
    if thumbnails is None:
        return "", 0.0
    shape = thumbnails.height / thumbnails.width
    room = at(thumbnails.step_s, duration_s) - _LEFT - 1
    width = min(room, _STRIP_MOST / shape)
    height = round(width * shape, 2)
    whole = thumbnails.width * thumbnails.count
    parts = [
        f'<defs><image id="strip" width="{whole}" height="{thumbnails.height}" '
        f'href="data:image/jpeg;base64,{thumbnails.jpeg}"/></defs>'
    ]
    for number in range(thumbnails.count):
        x = at(number * thumbnails.step_s, duration_s)
        inside = f"{number * thumbnails.width} 0 {thumbnails.width} {thumbnails.height}"
        parts.append(
            f'<svg x="{x}" y="0" width="{width:.2f}" height="{height}" viewBox="{inside}"><use href="#strip"/></svg>'
        )
    return "".join(parts), height + _APART


def _open(height: float, title: str) -> str:
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" '
        'xmlns="http://www.w3.org/2000/svg">'
    )


def _group(top: float, inner: str) -> str:
    return f'<g transform="translate(0 {top})">{inner}</g>'


def at(seconds: float, duration_s: float) -> float:
    """Where a moment lies on the axis."""
    share = min(max(seconds / duration_s, 0.0), 1.0)
    return round(_LEFT + share * (WIDTH - _LEFT - 4), 2)


def tick_step(duration_s: float) -> int:
    """Seconds between the marks of the axis: a round number, and not too many of them."""
    return next((step for step in _STEPS_S if duration_s / step <= _TICKS), _STEPS_S[-1])


def _grid(duration_s: float, top: float, bottom: float) -> str:
    step = tick_step(duration_s)
    parts = []
    for second in range(0, int(duration_s) + 1, step):
        x = at(second, duration_s)
        anchor = "start" if second == 0 else "end" if x > WIDTH - 40 else "middle"
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>')
        parts.append(
            f'<text class="tick" x="{x}" y="{bottom + 15}" text-anchor="{anchor}">{hours_minutes(second)}</text>'
        )
    return "".join(parts)


def _name(text: str, y: float) -> str:
    return f'<text class="name" x="{_LEFT - 10}" y="{y}" text-anchor="end">{escape(text)}</text>'


def _waveform(analysis: Analysis, duration_s: float, name: str) -> str:
    """Peaks and, darker, mean level, mirrored at the middle; roots, so that soft passages are seen."""
    middle = _WAVE / 2
    curves = analysis.curves

    def shape(values: Sequence[float], style: str) -> str:
        points = [
            (at(n * curves.step_s, duration_s), 10 ** (value / 40) * (middle - 3))
            for n, value in enumerate(values)
        ]
        if not points:
            return ""
        upper = " ".join(f"{x},{middle - y:.1f}" for x, y in points)
        lower = " ".join(f"{x},{middle + y:.1f}" for x, y in reversed(points))
        return f'<polygon class="{style}" points="{upper} {lower}"/>'

    return (
        _name(name, middle + 4)
        + shape(curves.peak_dbfs, "peak")
        + shape(curves.level_dbfs, "level")
        + f'<line class="zero" x1="{_LEFT}" x2="{WIDTH - 4}" y1="{middle}" y2="{middle}"/>'
    )


def _loudness(analysis: Analysis, duration_s: float, target: float, name: str) -> str:
    """Short-term loudness in LUFS, with the target."""

    def y(value: float) -> float:
        inside = min(max(value, _LOUD_BOTTOM), _LOUD_TOP)
        return round((_LOUD_TOP - inside) / (_LOUD_TOP - _LOUD_BOTTOM) * _LOUD, 1)

    parts = [_name(name, 12)]
    for value in (0, -20, -40, -60):
        parts.append(
            f'<line class="level-line" x1="{_LEFT}" x2="{WIDTH - 4}" y1="{y(value)}" y2="{y(value)}"/>'
        )
        if value:
            parts.append(
                f'<text class="scale" x="{_LEFT - 10}" y="{y(value) + 4}" text-anchor="end">{value}</text>'
            )
    curves = analysis.curves
    points = [
        (at((n + 1) * curves.step_s, duration_s), value) for n, value in enumerate(curves.short_term_lufs)
    ]
    # For the first three seconds there is nothing to be said.
    begun = next((n for n, (_, value) in enumerate(points) if value > _LOUD_BOTTOM), len(points))
    line = " ".join(f"{x},{y(value)}" for x, value in points[begun:])
    parts.append(f'<polyline class="loudness" points="{line}"/>')
    parts.append(f'<line class="target" x1="{_LEFT}" x2="{WIDTH - 4}" y1="{y(target)}" y2="{y(target)}"/>')
    parts.append(
        f'<text class="target-name" x="{WIDTH - 8}" y="{y(target) - 4}" text-anchor="end">{target:g} LUFS</text>'
    )
    return "".join(parts)


def _lanes(analysis: Analysis, kinds: Sequence[str], duration_s: float, names: dict[str, str]) -> str:
    """One line for each kind of event that there is; a line that says so when there is none."""
    if not kinds:
        return _name(names["events"], 13) + (
            f'<text class="scale" x="{_LEFT}" y="13">{escape(names["none"])}</text>'
        )
    parts = []
    for number, kind in enumerate(kinds):
        top = number * _LANE
        parts.append(_name(names[kind], top + 13))
        parts.append(f'<line class="lane" x1="{_LEFT}" x2="{WIDTH - 4}" y1="{top + 9}" y2="{top + 9}"/>')
        parts += [_mark(span, duration_s, top) for span in analysis.of(kind)]
    return "".join(parts)


def _mark(span: Span, duration_s: float, top: float) -> str:
    x = at(span.from_s, duration_s)
    width = max(at(span.to_s, duration_s) - x, _LEAST_MARK)
    title = f"{hours_minutes(span.from_s)} – {hours_minutes(span.to_s)} {span.words}".strip()
    return (
        f'<rect class="event {span.kind}" x="{x}" y="{top + 3}" width="{width:.2f}" height="12" rx="1.5">'
        f"<title>{escape(title)}</title></rect>"
    )
