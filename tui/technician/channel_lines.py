"""How a channel looks: one line in the list, and everything about the chosen one."""

from __future__ import annotations

from textual.content import Content

from delivery.errors import N_
from delivery.i18n import Translator
from tui.shared.lines import MUTED, bar, cell, columns, countdown, decimal, line, time_of_day, wrapped
from tui.shared.plot import meter
from tui.shared.values import say
from tui.shared.words import Sign
from tui.technician.state import Channel, Health, Loudness, Playing, Upcoming
from tui.technician.words import BY_HAND, KINDS, ROWS, STATES

_LOW, _HIGH = -41.0, -5.0
"""Ends of the meter in LUFS: EBU +18 scale around -23."""
_TOLERANCE = 1.0
_LABEL, _TIME = 11, 7
"""Cells of a label, and of the time of what follows, with what parts them from the text."""
_MOST_LINES = 4
"""Of one text in a roomy panel."""


def sign_of(channel: Channel) -> Sign:
    return STATES.get(channel.state, Sign("?", channel.state, MUTED))


def title_of(playing: Playing, words: Translator) -> str:
    return playing.title or words(ROWS.get(playing.kind, playing.kind))


def channel_line(channel: Channel, width: int, now: int, words: Translator) -> Content:
    """State, what is on, what is left of it, what comes next and whether it is ready."""
    sign = sign_of(channel)
    head = Content.assemble(
        (f" {sign.glyph} ", f"bold {sign.colour}"), cell(Content.styled(channel.code, "bold"), 7)
    )
    playing = channel.now
    if playing is None:
        return line(head + Content.styled(words(N_("nothing on air")), "bold $error"), Content(""), width)
    left = Content.styled(f"-{countdown(playing.end - now)}", "bold")
    progress = bar(playing.fraction(now), 6 if width < 90 else 12, "$primary")
    following = channel.next[0] if channel.next else None
    state = _flags(channel)
    show_next = width >= 88
    parts: list[tuple[Content | str, int]] = [(head, head.cell_length)]
    parts.append((Content(title_of(playing, words)), 0))
    parts += [(progress, progress.cell_length), (left, -9)]
    if following is not None:
        ready = ("✓", "$success") if following.ready else ("✗", "bold $warning")
        text = Content.assemble((time_of_day(following.start), MUTED), " ", ready)
        parts.append((text, 7))
        if show_next:
            parts.append((Content(following.title), max(width // 4, 10)))
    else:
        parts.append((Content.styled("–", "$warning"), 7))
    parts.append((state, -2))
    # A cell at the right edge stays free, as in every panel.
    return columns(width - 1, *parts)


def _flags(channel: Channel) -> Content:
    """Signs for what somebody should look at: held by hand, outputs that are not well."""
    found = []
    if channel.by_hand:
        found.append(("‖", "bold $warning"))
    if not channel.health.is_well:
        found.append(("▲", "bold $error"))
    return Content.assemble(*found) if found else Content("")


def channel_lines(
    channel: Channel, width: int, now: int, words: Translator, *, is_roomy: bool = False
) -> list[Content]:
    """Everything about one channel: in at most 12 lines, or nothing cut where the panel `is_roomy`."""
    most = _MOST_LINES if is_roomy else 1
    sign = sign_of(channel)
    kind = words(KINDS.get(channel.kind, channel.kind))
    state = Content.styled(f"{sign.glyph} {words(sign.word)}", f"bold {sign.colour}")
    if channel.by_hand:
        held = words(BY_HAND.get(channel.by_hand, channel.by_hand))
        state = Content.assemble((f"‖ {held}  ", "bold $warning"), state)
    lines = [
        line(
            Content.assemble((f"{channel.code}  ", "bold"), channel.name, (f"  {kind}", MUTED)), state, width
        )
    ]
    lines += _now(channel.now, width, now, words)
    room = width - _LABEL
    lines += _labelled(words(N_("Loudness")), [_loudness(channel.loudness, room, now, words)])
    lines += _labelled(words(N_("Output")), wrapped(_health(channel.health, words), room, most))
    lines += _labelled(words(N_("Receivers")), _peers(channel.health, room, words, most=most))
    for item in channel.next:
        lines += _upcoming(item, width, words, is_roomy=is_roomy)
    if not channel.next:
        lines.append(Content.styled(words(N_("nothing follows")), "bold $warning"))
    return lines


def _labelled(label: str, contents: list[Content]) -> list[Content]:
    """The first line behind its label, the others below it."""
    return [
        Content.assemble(cell(Content.styled("" if number else label, MUTED), _LABEL - 1), " ", content)
        for number, content in enumerate(contents)
    ]


def _now(playing: Playing | None, width: int, now: int, words: Translator) -> list[Content]:
    if playing is None:
        return [Content.styled(words(N_("nothing on air")), "bold $error")]
    course = f"  {playing.course} {playing.unit}" if playing.course else ""
    times = f"{time_of_day(playing.start, seconds=True)} → {time_of_day(playing.end, seconds=True)}"
    left = Content.styled(f"-{countdown(playing.end - now)}", "bold $primary")
    title = Content.assemble((title_of(playing, words), "bold"), (course, MUTED))
    progress = bar(playing.fraction(now), max(width - len(times) - 2, 4), "$primary")
    return [
        line(title, left, width),
        line(progress, Content.styled(times, MUTED), width),
    ]


def _loudness(loudness: Loudness | None, width: int, now: int, words: Translator) -> Content:
    value = loudness.at(now) if loudness else None
    if loudness is None or value is None:
        return Content.styled(words(N_("not measured yet")), MUTED)
    comma = words.language == "vi"
    off = abs(loudness.programme - loudness.target) > _TOLERANCE
    told = f"{decimal(max(value, -99.9), comma=comma):>6} LUFS"
    whole = words(
        N_("programme {programme}, target {target}"),
        programme=decimal(loudness.programme, comma=comma),
        target=decimal(loudness.target, 0, comma=comma),
    )
    room = max(width - len(told) - 3, 8)
    size = min(room, 36)
    colour = "$warning" if value > loudness.target + 9 else "$success"
    shown = meter(value, size, low=_LOW, high=_HIGH, target=loudness.target, colour=colour)
    extra = (f"  {whole}", "$warning" if off else MUTED) if room - size > len(whole) + 2 else ""
    return Content.assemble(shown, (told, "bold"), extra)


def _health(health: Health, words: Translator) -> Content:
    comma = words.language == "vi"
    rate = decimal(health.bit_rate / 1e6, 2, comma=comma) + " Mbit/s" if health.bit_rate else "–"
    ready = (
        words(N_("files proved for {time}"), time=_span(health.ready_s))
        if health.ready_s is not None
        else "–"
    )
    late = words(N_("{count} late"), count=health.late)
    replaced = words(N_("{count} replaced"), count=health.replaced)
    sep = (" · ", MUTED)
    return Content.assemble(
        rate, sep, (late, "bold $error" if health.late else ""), sep,
        (replaced, "bold $error" if health.replaced else ""), sep, ready,
    )  # fmt: skip


def _span(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours >= 2 else f"{seconds / 60:.0f} min"


def _peers(health: Health, width: int, words: Translator, *, most: int) -> list[Content]:
    """Receivers on at most `most` lines, none parted from its sign. Those that are lost come first: there may not be
    room for all."""
    if not health.peers:
        return [Content.styled(words(N_("players over HLS only")), MUTED)]
    lines = [Content.styled(f"{sum(peer.up for peer in health.peers)}/{len(health.peers)}", "bold")]
    for peer in sorted(health.peers, key=lambda peer: peer.up):
        sign = ("● ", "$success") if peer.up else ("▲ ", "bold $error")
        told = Content.assemble(sign, peer.name)
        if lines[-1].cell_length + 2 + told.cell_length <= width or len(lines) == most:
            lines[-1] = Content.assemble(lines[-1], "  ", told)
        else:
            lines.append(told)
    return [one.truncate(width, ellipsis=True) for one in lines]


def _upcoming(item: Upcoming, width: int, words: Translator, *, is_roomy: bool) -> list[Content]:
    left = Content.assemble((f"{time_of_day(item.start)}  ", MUTED), item.title)
    if item.ready:
        return [line(left, Content.styled("✓ " + words(N_("ready")), "$success"), width)]
    reason = say(item.reason, words) or words(N_("not ready"))
    right = Content.styled(f"✗ {reason}", "bold $warning")
    if is_roomy and left.cell_length + 2 + right.cell_length > width:
        return [
            line(left, Content.styled("✗", "bold $warning"), width),
            *_indented(wrapped(Content.styled(reason, "bold $warning"), width - _TIME, _MOST_LINES)),
        ]
    # The reason matters more than the full title: it may take up to half of the line, and what the title leaves.
    room = max(width // 2, width - left.cell_length - 1, 12)
    return [line(left, right.truncate(room, ellipsis=True), width)]


def _indented(lines: list[Content]) -> list[Content]:
    """Below the title of what follows."""
    return [Content.assemble(" " * _TIME, one) for one in lines]
