"""From measures to a verdict: a pure function of what was found and of the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from delivery.broadcast.media.probe import Probe
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.sound import Channels
from delivery.broadcast.qc import spans as kinds
from delivery.broadcast.qc.limits import LIMITS, Limits
from delivery.broadcast.qc.measured import Analysis
from delivery.broadcast.qc.spans import Span, total
from delivery.errors import N_, BadInput, Message
from delivery.units import hours_minutes


class Verdict(StrEnum):
    """What becomes of a recording."""

    PASS = "pass"
    PASS_WITH_FIXES = "pass_with_fixes"
    REFUSED = "refused"


class Severity(StrEnum):
    """How much a finding weighs."""

    NOTE = "note"
    """Stands in the report."""
    WARNING = "warning"
    """Is told: somebody should look or listen there."""
    REFUSAL = "refusal"
    """Keeps the recording off the air."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that quality control has to say."""

    code: str
    """A stable word for programs."""
    severity: Severity
    message: Message
    do: Message | None = None
    from_s: float | None = None
    to_s: float | None = None

    def to_json(self, words: Callable[[Message], str] = str) -> dict[str, Any]:
        """For programs; `words` puts messages into the person's language."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "text": words(self.message),
            "do": words(self.do) if self.do else "",
            "from_s": self.from_s,
            "to_s": self.to_s,
        }


_RECORD_AGAIN: Final = Message(N_("Check the microphone or the export, and add the new file."))
_COPY_AGAIN: Final = Message(
    N_(
        "Copy the file again from where it was recorded; if that copy is damaged too, record these places again."
    )
)
_COMPARE: Final = Message(N_("Compare its length with the original, and copy it again if it was cut off."))
_EXPORT_AGAIN: Final = Message(N_("Export it again with picture and sound of the same length."))
_LISTEN: Final = Message(N_("Listen there, and record it again where it disturbs."))
_LOOK_THERE: Final = Message(N_("Look there, and cut it out or record it again where it disturbs."))
_TOLD_EACH: Final = 10
_LOUDNESS_WINDOW_S: Final = 0.4
"""ITU-R BS.1770-4: loudness is measured over blocks of 400 ms; less has none, whatever is heard."""
"""Spans of one kind that are told one by one."""


def judge(
    probe: Probe, analysis: Analysis, *, profile: Profile, limits: Limits = LIMITS
) -> tuple[Finding, ...]:
    """Everything there is to say of a recording, the weightiest first."""
    findings = [
        *_damage(probe, analysis, limits),
        *_silence(probe, analysis, limits),
        *_picture(probe, analysis, limits),
        *_length(probe),
        *_clipping(analysis, limits),
        *_balance(analysis, limits),
        *_loudness(analysis, profile, limits),
    ]
    order = list(reversed(Severity))
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def refuse(findings: Sequence[Finding]) -> None:
    """Raise BadInput with every reason among `findings`; nothing happens when there is none."""
    reasons = [finding for finding in findings if finding.severity is Severity.REFUSAL]
    if not reasons:
        return
    do = reasons[0].do or _RECORD_AGAIN
    if len(reasons) == 1:
        what = reasons[0].message
        raise BadInput(what.msgid, do=do.msgid, **{**what.params, **do.params})
    raise BadInput(
        N_("This recording cannot become a lesson."),
        do=do.msgid,
        problems=tuple(reason.message for reason in reasons),
        **do.params,
    )


def channels_for(analysis: Analysis, limits: Limits = LIMITS) -> Channels:
    """Which channels of a stereo recording to use, so that it is heard on a receiver with one loudspeaker too."""
    sound = analysis.sound
    if sound.channels != 2:
        return "both"
    if sound.left_dbfs - sound.right_dbfs >= limits.one_sided_db:
        return "left"
    if sound.right_dbfs - sound.left_dbfs >= limits.one_sided_db:
        return "right"
    if sound.correlation is not None and sound.correlation <= limits.phase_turned:
        return "turned"
    return "both"


def _damage(probe: Probe, analysis: Analysis, limits: Limits) -> Iterator[Finding]:
    spans = analysis.of(kinds.DAMAGE)
    if probe.broken:
        yield Finding(
            "unreadable",
            Severity.REFUSAL,
            Message(
                N_("It can be read only up to {at} ({reason})."),
                {"at": hours_minutes(probe.duration_s), "reason": probe.broken},
            ),
            _COPY_AGAIN,
            probe.duration_s,
        )
    refused = analysis.damaged_s > max(
        limits.damage_refused_s, limits.damage_refused_share * probe.duration_s
    )
    if refused:
        yield Finding(
            "damaged",
            Severity.REFUSAL,
            Message(
                N_("It is damaged for {seconds} s in all, first at {at}."),
                {"seconds": f"{analysis.damaged_s:.0f}", "at": hours_minutes(spans[0].from_s)},
            ),
            _COPY_AGAIN,
            spans[0].from_s,
            spans[0].to_s,
        )
    severity = Severity.NOTE if refused else Severity.WARNING
    do = _COPY_AGAIN if refused else _LOOK_THERE
    texts = {
        kinds.PICTURE_MISSING: N_("Pictures are missing from {from} to {to}."),
        kinds.SOUND_MISSING: N_("Sound is missing from {from} to {to}."),
        kinds.PICTURE_DAMAGED: N_("The picture is damaged from {from} to {to}."),
        kinds.SOUND_DAMAGED: N_("The sound is damaged from {from} to {to}."),
    }
    for words in sorted({span.words for span in spans}):
        text = texts.get(words, N_("Damaged from {from} to {to} ({words})."))
        yield from _each([span for span in spans if span.words == words], severity, text, do=do)


def _silence(probe: Probe, analysis: Analysis, limits: Limits) -> Iterator[Finding]:
    spans = analysis.of(kinds.SILENCE)
    if analysis.loudness.silent and analysis.sound.length_s < _LOUDNESS_WINDOW_S:
        message = Message(N_("It is shorter than 0.4 s: too short for its loudness to be measured."))
        yield Finding("short", Severity.REFUSAL, message, _RECORD_AGAIN)
        return
    if analysis.loudness.silent:
        message = Message(N_("The sound of this recording is silent from beginning to end."))
        yield Finding("silent", Severity.REFUSAL, message, _RECORD_AGAIN)
        return
    missing_s = analysis.sound.silent_s + max(0.0, probe.duration_s - analysis.sound.length_s)
    if missing_s >= limits.silence_refused_share * probe.duration_s:
        yield Finding(
            "silent",
            Severity.REFUSAL,
            Message(
                N_("It has no sound for {silent} of its {whole}."),
                {"silent": hours_minutes(missing_s), "whole": hours_minutes(probe.duration_s)},
            ),
            _RECORD_AGAIN,
        )
    elif probe.duration_s - analysis.sound.length_s >= limits.end_noted_s:
        end_s = analysis.sound.length_s
        params = {"end": hours_minutes(end_s), "whole": hours_minutes(probe.duration_s)}
        message = Message(N_("Its sound ends at {end} of {whole}."), params)
        yield Finding("sound_ends", Severity.WARNING, message, _LISTEN, end_s, probe.duration_s)
    yield from _by_length(spans, limits.silence_warned_s, N_("No sound from {from} to {to}."), do=_LISTEN)


def _picture(probe: Probe, analysis: Analysis, limits: Limits) -> Iterator[Finding]:
    picture = analysis.picture
    if picture is None:
        return
    if not picture.length_s:
        message = Message(N_("None of its pictures can be decoded."))
        yield Finding("no_picture", Severity.REFUSAL, message, _COPY_AGAIN)
        return
    yield from _ends_early(probe, picture.length_s, limits)
    black = analysis.of(kinds.BLACK)
    if picture.black_s >= limits.black_refused_share * picture.length_s:
        yield Finding(
            "black",
            Severity.REFUSAL,
            Message(N_("The picture is black from beginning to end; for the radio, use --kind radio.")),
            Message(N_("Check the camera or the export, and add the new file.")),
        )
    yield from _by_length(black, limits.black_warned_s, N_("Black from {from} to {to}."), do=_LOOK_THERE)
    still = analysis.of(kinds.FREEZE)
    if total(still) >= limits.still_share * picture.length_s:
        yield Finding(
            "still",
            Severity.WARNING,
            Message(N_("The picture stands still from beginning to end.")),
            Message(N_("Look whether that is meant; as radio it would reach more listeners.")),
        )
    yield from _each(still, Severity.NOTE, N_("The picture stands still from {from} to {to}."))


def _length(probe: Probe) -> Iterator[Finding]:
    """A header that says another length: cut off, or wrongly written; both happen."""
    found = hours_minutes(probe.duration_s)
    if probe.claims_s:
        params = {"claimed": hours_minutes(probe.claims_s), "found": found}
        message = Message(N_("Its header says {claimed}, but {found} were found in it."), params)
        yield Finding("length", Severity.WARNING, message, _COMPARE)
    if probe.unread_s:
        params = {"found": found, "more": hours_minutes(probe.unread_s)}
        message = Message(
            N_("Its header ends it at {found}; {more} of sound lie behind that, unread."), params
        )
        yield Finding("length", Severity.WARNING, message, _COMPARE)


def _ends_early(probe: Probe, length_s: float, limits: Limits) -> Iterator[Finding]:
    """Pictures that come to an end while the sound goes on."""
    missing_s = probe.duration_s - length_s
    if missing_s < limits.end_noted_s:
        return
    params = {"end": hours_minutes(length_s), "whole": hours_minutes(probe.duration_s)}
    if missing_s >= limits.picture_missing_refused_share * probe.duration_s:
        message = Message(N_("Its picture ends at {end} of {whole}: most of it is missing."), params)
        yield Finding("no_picture", Severity.REFUSAL, message, _EXPORT_AGAIN, length_s, probe.duration_s)
        return
    message = Message(
        N_("Its picture ends at {end} of {whole}; the last picture stands until the end."), params
    )
    yield Finding("picture_ends", Severity.WARNING, message, _LOOK_THERE, length_s, probe.duration_s)


def _clipping(analysis: Analysis, limits: Limits) -> Iterator[Finding]:
    spans, share = analysis.of(kinds.CLIPPING), analysis.sound.clipped_share
    if not spans:
        return
    params = {"share": f"{share:.2%}", "count": len(spans), "at": hours_minutes(spans[0].from_s)}
    place = spans[0].from_s, spans[0].to_s
    if share >= limits.clip_refused_share:
        message = Message(N_("The sound is distorted: {share} of it is clipped, first at {at}."), params)
        do = Message(N_("Record it again with the input level turned down."))
        yield Finding("clipped", Severity.REFUSAL, message, do, *place)
        return
    severity = Severity.WARNING if share >= limits.clip_warned_share else Severity.NOTE
    message = Message(N_("The sound is clipped in {count} places, first at {at}."), params)
    yield Finding("clipped", severity, message, _LISTEN, *place)


def _balance(analysis: Analysis, limits: Limits) -> Iterator[Finding]:
    if channels_for(analysis, limits) != "both":
        return  # put right, and told among the fixes
    yield from _each(
        analysis.of(kinds.PHASE),
        Severity.WARNING,
        N_("Left and right cancel each other from {from} to {to}."),
        do=Message(N_("Listen there in mono: on a receiver with one loudspeaker it may be gone.")),
    )
    apart = analysis.sound.left_dbfs - analysis.sound.right_dbfs
    if abs(apart) >= limits.unbalanced_db and analysis.sound.correlation is not None:
        text = N_("The left channel is {db} dB louder than the right one.")
        if apart < 0:
            text = N_("The right channel is {db} dB louder than the left one.")
        yield Finding("unbalanced", Severity.WARNING, Message(text, {"db": f"{abs(apart):.0f}"}), _LISTEN)


def _loudness(analysis: Analysis, profile: Profile, limits: Limits) -> Iterator[Finding]:
    measured = analysis.loudness
    lift = profile.target_lufs - measured.integrated_lufs
    if lift >= limits.lift_warned_db and not measured.silent:
        yield Finding(
            "soft",
            Severity.WARNING,
            Message(
                N_("It was recorded {db} dB too softly; its noise is raised with it."), {"db": f"{lift:.0f}"}
            ),
            Message(N_("Listen whether the noise disturbs, and record it again nearer to the microphone.")),
        )
    if measured.range_lu >= limits.range_warned_lu and analysis.sound.length_s >= limits.range_least_s:
        yield Finding(
            "range",
            Severity.WARNING,
            Message(
                N_("Its loud and soft passages are {lu} LU apart; the soft ones may be lost."),
                {"lu": f"{measured.range_lu:.0f}"},
            ),
            _LISTEN,
        )


def _by_length(spans: Sequence[Span], warned_s: float, text: str, *, do: Message) -> Iterator[Finding]:
    """Warnings of the long ones, notes of the others."""
    yield from _each([s for s in spans if s.length_s >= warned_s], Severity.WARNING, text, do=do)
    yield from _each([s for s in spans if s.length_s < warned_s], Severity.NOTE, text, do=do)


def _each(
    spans: Sequence[Span], severity: Severity, text: str, *, do: Message | None = None
) -> Iterator[Finding]:
    """One finding for each span; of many, the first ones, and how many more there are."""
    for span in spans[:_TOLD_EACH]:
        params = {"from": hours_minutes(span.from_s), "to": hours_minutes(span.to_s), "words": span.words}
        yield Finding(span.kind, severity, Message(text, params), do, span.from_s, span.to_s)
    if len(spans) > _TOLD_EACH:
        rest, end = spans[_TOLD_EACH:], spans[-1].to_s
        message = Message(
            N_("… and {count} more until {to}."), {"count": len(rest), "to": hours_minutes(end)}
        )
        yield Finding(rest[0].kind, severity, message, do, rest[0].from_s, end)


def verdict_of(findings: Sequence[Finding], *, fixed: bool) -> Verdict:
    """The verdict on a recording."""
    if any(finding.severity is Severity.REFUSAL for finding in findings):
        return Verdict.REFUSED
    return Verdict.PASS_WITH_FIXES if fixed else Verdict.PASS
