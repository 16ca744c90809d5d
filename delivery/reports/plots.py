"""Plots of the manager's page as inline SVG: no script, no style attribute (strict CSP); colours are classes.

Each plot comes with its numbers as a table, for those who cannot see it and those who want to know exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from xml.sax.saxutils import escape, quoteattr

from delivery.catalogue.kinds import ActivityKind, DeliveryMode
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.regulation.findings import share, shown
from delivery.regulation.indexes import covered, values_of
from delivery.regulation.shares import taught_by, volumes
from delivery.regulation.snapshot import Snapshot
from delivery.reports.vietnam import ISLANDS, OUTLINE, place_of

MODE_NAMES = {
    DeliveryMode.NETWORK: N_("Computer network and telecommunications"),
    DeliveryMode.POSTAL: N_("Post"),
    DeliveryMode.BROADCAST: N_("Radio - Television"),
    DeliveryMode.FACE_TO_FACE: N_("Face to face"),
}
KIND_NAMES = {
    ActivityKind.SESSION: N_("Session"),
    ActivityKind.MATERIAL: N_("Study of material"),
    ActivityKind.ASSIGNMENT: N_("Assignment"),
    ActivityKind.CONSULTATION: N_("Questions and advice"),
}
_LEFT, _WIDTH, _ROW = 190, 560, 30


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot. `svg` is complete markup; every text in it is escaped."""

    name: str
    title: str
    svg: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def plots_of(s: Snapshot, translate: Translator) -> list[Plot]:
    """Every plot that there are data for."""
    made = (
        share_by_mode(s, translate),
        visiting_share(s, translate),
        material_readiness(s, translate),
        participation(s, translate),
        submissions_in_time(s, translate),
        map_of_sites(s, translate),
    )
    return [plot for plot in made if plot.rows]


# --- parts ------------------------------------------------------------------------------------------------------------


def _svg(title: str, height: float, *parts: str, width: int = _LEFT + _WIDTH + 30) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height:g}" role="img" aria-label={quoteattr(title)}>'
        + "".join(parts)
        + "</svg>"
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def _rect(x: float, y: float, width: float, height: float, kind: str, hint: str = "") -> str:
    told = f"<title>{escape(hint)}</title>" if hint else ""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:g}">{told}</rect>'


def _axis(y: float, marks: Sequence[tuple[float, str]], top: float = 4) -> str:
    """Grid lines at shares of the width, each with its words below."""
    return "".join(
        f'<line class="grid" x1="{_LEFT + _WIDTH * at:.1f}" y1="{top:g}" x2="{_LEFT + _WIDTH * at:.1f}" y2="{y:g}"/>'
        + _text(_LEFT + _WIDTH * at, y + 15, words, anchor="middle", kind="tick")
        for at, words in marks
    )


_PERCENTS = tuple((at / 100, f"{at} %") for at in (0, 25, 50, 75, 100))


def _legend(y: float, entries: Sequence[tuple[str, str]]) -> str:
    out, x = [], float(_LEFT)
    for kind, words in entries:
        out += [_rect(x, y - 10, 12, 12, kind), _text(x + 17, y, words, kind="tick")]
        x += 34 + 7.1 * len(words)
    return "".join(out)


def _short(words: str, most: int = 22) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def _percent(value: Fraction, translate: Translator) -> str:
    told = shown(Fraction(round(value * 10), 10))
    return (told.replace(".", ",") if translate.language == "vi" else told) + " %"


# --- plots ------------------------------------------------------------------------------------------------------------

_MODE_KINDS = {
    DeliveryMode.NETWORK: "m1",
    DeliveryMode.POSTAL: "m2",
    DeliveryMode.BROADCAST: "m3",
    DeliveryMode.FACE_TO_FACE: "m4",
}


def share_by_mode(s: Snapshot, translate: Translator) -> Plot:
    """Credits of each programme by mode; the line is the half that distance training needs (TX-2.1)."""
    title = translate(N_("Share of each mode in the credits entered"))
    parts: list[str] = []
    rows = []
    programmes = covered(s)
    bottom = 10 + _ROW * len(programmes)
    parts.append(_axis(bottom, _PERCENTS))
    for at, programme in enumerate(programmes):
        held, x, y = volumes(s, programme.code), float(_LEFT), 12 + _ROW * at
        parts.append(_text(_LEFT - 8, y + 14, _short(programme.code), anchor="end"))
        row = [programme.name]
        for mode, kind in _MODE_KINDS.items():
            part = share(held.by_mode.get(mode, Fraction(0)), held.listed)
            told = _percent(part, translate)
            width = float(part) / 100 * _WIDTH
            parts.append(_rect(x, y, width, 20, kind, f"{translate(MODE_NAMES[mode])}: {told}"))
            x += width
            row.append(told)
        rows.append(tuple(row))
    half = _LEFT + _WIDTH / 2
    parts.append(f'<line class="limit" x1="{half:g}" y1="4" x2="{half:g}" y2="{bottom:g}"/>')
    parts.append(_legend(bottom + 36, [(kind, translate(MODE_NAMES[m])) for m, kind in _MODE_KINDS.items()]))
    head = (translate(N_("Programme")), *(translate(MODE_NAMES[mode]) for mode in _MODE_KINDS))
    return Plot(
        "modes", title, _svg(title, bottom + 46, *parts, width=_LEFT + _WIDTH + 60), head, tuple(rows)
    )


def visiting_share(s: Snapshot, translate: Translator) -> Plot:
    """Credits that visiting lecturers carry, beside the limit (TX-5.7b)."""
    title = translate(N_("Share taught by visiting lecturers"))
    programmes = covered(s)
    bottom = 10 + _ROW * len(programmes)
    parts = [_axis(bottom, _PERCENTS)]
    rows = []
    for at, programme in enumerate(programmes):
        held, y = taught_by(s, programme.code), 12 + _ROW * at
        limit = values_of(s, programme.code).number("visiting_share_max")
        part, own = share(held.visiting, held.total), share(held.partner_staff, held.total)
        told = _percent(part, translate)
        kind = "bad" if part > limit else "good"
        x = _LEFT + _WIDTH * float(limit) / 100
        parts += [
            _text(_LEFT - 8, y + 14, _short(programme.code), anchor="end"),
            _rect(_LEFT, y, float(part) / 100 * _WIDTH, 20, kind, f"{programme.name}: {told}"),
            _text(_LEFT + float(part) / 100 * _WIDTH + 6, y + 14, told, kind="tick"),
            f'<line class="limit" x1="{x:.1f}" y1="{y - 3:g}" x2="{x:.1f}" y2="{y + 23:g}"/>',
        ]
        rows.append((programme.name, told, _percent(own, translate), _percent(limit, translate)))
    head = tuple(
        translate(words)
        for words in (
            N_("Programme"),
            N_("Visiting lecturers"),
            N_("Of these, staff of partners"),
            N_("Limit"),
        )
    )
    return Plot("visiting", title, _svg(title, bottom + 22, *parts), head, tuple(rows))


def material_readiness(s: Snapshot, translate: Translator) -> Plot:
    """Approved material by month, of all that the catalogue lists (TX-5.8dd)."""
    title = translate(N_("Material ready, by month"))
    days = [
        m.approved_on for code, m in s.material_standings.items() if m.approved_on and code in s.materials
    ]
    total = len(s.materials)
    if not total:
        return Plot("material", title, "", (), ())
    months = _months(s.on)
    counts = [sum(day < _after(month) and day <= s.on for day in days) for month in months]
    bottom, step = 140.0, _WIDTH / len(months)
    marks = [
        ((at + 0.5) / len(months), f"{month.month}/{month.year % 100:02d}") for at, month in enumerate(months)
    ]
    parts = [
        "".join(
            _text(_LEFT + _WIDTH * at, bottom + 15, words, anchor="middle", kind="tick")
            for at, words in marks
        )
    ]
    rows = []
    for at, (month, ready) in enumerate(zip(months, counts, strict=True)):
        part = share(ready, total)
        height, x = float(part) / 100 * (bottom - 24), _LEFT + step * at
        told = f"{ready} / {total}"
        parts.append(_rect(x + 5, 20, step - 10, bottom - 24, "track"))
        parts.append(
            _rect(x + 5, bottom - 4 - height, step - 10, round(height, 1), "m1", f"{month:%m/%Y}: {told}")
        )
        parts.append(_text(x + step / 2, 14, str(ready), anchor="middle", kind="tick"))
        rows.append((f"{month:%m/%Y}", str(ready), str(total), _percent(part, translate)))
    parts.append(_text(_LEFT - 8, 30, translate(N_("{total} listed"), total=total), anchor="end"))
    head = tuple(translate(words) for words in (N_("Month"), N_("Approved"), N_("Listed"), N_("Share")))
    return Plot("material", title, _svg(title, bottom + 24, *parts), head, tuple(rows))


def _months(on: date, count: int = 12) -> list[date]:
    """First days of the last months, oldest first."""
    return [
        date((at := on.year * 12 + on.month - 1 - back) // 12, at % 12 + 1, 1)
        for back in range(count - 1, -1, -1)
    ]


def _after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def participation(s: Snapshot, translate: Translator) -> Plot:
    """Recorded minutes as a share of the designed ones, by mode and kind of activity (TX-9.8-2)."""
    title = translate(N_("Taking part, by mode and kind of activity"))
    designed: dict[tuple[DeliveryMode, ActivityKind], int] = {}
    done: dict[tuple[DeliveryMode, ActivityKind], int] = {}
    for activity in s.activities.values():
        totals, key = s.totals.get(activity.course), (activity.mode, activity.kind)
        if totals is None or not totals.learners:
            continue
        designed[key] = designed.get(key, 0) + activity.minutes * totals.learners
        done[key] = done.get(key, 0) + s.activity_minutes.get(activity.code, 0)
    modes = [mode for mode in _MODE_KINDS if any(key[0] is mode for key in designed)]
    parts, rows = [], []
    cell = _WIDTH / max(len(KIND_NAMES), 1)
    for column, words in enumerate(KIND_NAMES.values()):
        parts.append(_text(_LEFT + cell * (column + 0.5), 16, translate(words), anchor="middle", kind="tick"))
    for at, mode in enumerate(modes):
        y = 26 + 44 * at
        parts.append(
            _text(_LEFT - 8, y + 24, _short(translate(MODE_NAMES[mode]), 30), anchor="end", kind="tick")
        )
        for column, kind in enumerate(KIND_NAMES):
            planned, x = designed.get((mode, kind), 0), _LEFT + cell * column
            if not planned:
                continue
            part = share(done[(mode, kind)], planned)
            told = _percent(part, translate)
            parts += [
                _rect(x + 4, y, cell - 8, 34, "track"),
                _rect(x + 4, y, (cell - 8) * min(float(part), 100) / 100, 34, _MODE_KINDS[mode], told),
                _text(x + cell / 2, y + 22, told, anchor="middle", kind="over"),
            ]
            rows.append(
                (
                    translate(MODE_NAMES[mode]),
                    translate(KIND_NAMES[kind]),
                    str(planned),
                    str(done[(mode, kind)]),
                    told,
                )
            )
    head = tuple(
        translate(words)
        for words in (N_("Mode"), N_("Activity"), N_("Minutes designed"), N_("Minutes recorded"), N_("Share"))
    )
    return Plot("participation", title, _svg(title, 34 + 44 * len(modes), *parts), head, tuple(rows))


def submissions_in_time(s: Snapshot, translate: Translator) -> Plot:
    """First arrivals of work beside the day it was due; of many activities those with the most late work."""
    title = translate(N_("Work handed in, in time and late"))
    known = {code: pair for code, pair in s.arrivals.items() if code in s.activities and any(pair)}
    most = max((sum(pair) for pair in known.values()), default=0)
    parts, rows = [], []
    shown_first = sorted(known, key=lambda code: (-known[code][1], code))[:20]
    for at, code in enumerate(sorted(shown_first)):
        (in_time, late), y = known[code], 8 + _ROW * at
        first = in_time / most * _WIDTH * 0.9
        parts += [
            _text(_LEFT - 8, y + 14, _short(code), anchor="end"),
            _rect(_LEFT, y, first, 20, "good", f"{code}: {in_time}"),
            _rect(_LEFT + first, y, late / most * _WIDTH * 0.9, 20, "late", f"{code}: {late}"),
            _text(
                _LEFT + (in_time + late) / most * _WIDTH * 0.9 + 6, y + 14, f"{in_time} + {late}", kind="tick"
            ),
        ]
        rows.append((f"{code} {s.activities[code].title}", str(in_time), str(late)))
    bottom = 8 + _ROW * len(rows)
    parts.append(_legend(bottom + 18, [("good", translate(N_("in time"))), ("late", translate(N_("late")))]))
    head = (translate(N_("Activity")), translate(N_("in time")), translate(N_("late")))
    return Plot("arrivals", title, _svg(title, bottom + 28, *parts), head, tuple(rows))


def map_of_sites(s: Snapshot, translate: Translator) -> Plot:
    """Headquarters, branches and partners on an outline of the country, with the learners who study there."""
    title = translate(N_("Sites and learners"))
    studying: dict[str, int] = {}
    for learner in s.standings.values():
        if learner.studying:
            studying[learner.site] = studying.get(learner.site, 0) + 1
    details = s.institution_details.get(s.institution.code)
    parts = [
        f'<path class="land" d="M{" L".join(f"{_x(lon):.1f} {_y(lat):.1f}" for lat, lon in OUTLINE)} Z"/>',
        *(part for name, dots in ISLANDS for part in _islands(name, dots)),
    ]
    rows, most = [], max(studying.values(), default=1)
    taken: list[float] = []
    for code in sorted(s.sites):
        partner = s.partners.get(code)
        province = partner.province if partner else (details.province if details else "")
        count = studying.get(code, 0)
        rows.append((s.sites[code].name, province, str(count)))
        place = place_of(province, s.sites[code].address)
        if place is None:
            continue
        x, y = _x(place[1]), _y(place[0])
        radius = 4 + 8 * (count / most) ** 0.5
        label = y + 4
        while any(abs(label - other) < 14 for other in taken):
            label += 14
        taken.append(label)
        parts += [
            f'<line class="lead" x1="{x:.1f}" y1="{y:.1f}" x2="{_LABELS - 5}" y2="{label - 4:.1f}"/>',
            f'<circle class="site" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>',
            _text(_LABELS, label, f"{_short(s.sites[code].name, 36)} · {count}", kind="tick"),
        ]
    head = tuple(translate(words) for words in (N_("Site"), N_("Province"), N_("Learners")))
    return Plot("sites", title, _svg(title, 455, *parts), head, tuple(rows))


_LABELS = 490
"""Where the names of sites stand: beyond the easternmost island."""


def _islands(name: str, dots: Sequence[tuple[float, float]]) -> list[str]:
    out = [f'<circle class="land" cx="{_x(lon):.1f}" cy="{_y(lat):.1f}" r="1.4"/>' for lat, lon in dots]
    if name:
        middle = sum(lon for _, lon in dots) / len(dots)
        out.append(
            _text(_x(middle), _y(min(lat for lat, _ in dots)) + 16, name, anchor="middle", kind="tick")
        )
    return out


def _x(longitude: float) -> float:
    return 30 + (longitude - 102.0) * 32


def _y(latitude: float) -> float:
    return 15 + (23.5 - latitude) * 26.5
