"""The report of quality control on one file: a document that is kept, and from which the page is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from delivery.broadcast.media.probe import Probe
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.sound import Loudness
from delivery.broadcast.qc.measured import Analysis
from delivery.broadcast.qc.verdict import Finding, Severity, Verdict, judge, verdict_of
from delivery.errors import BadInput, Message, TuxaError

FORMAT: Final = "tuxa-qc/1"

Words = Callable[[Message], str]


@dataclass(frozen=True, slots=True)
class Report:
    """What quality control says of one file, in no particular language."""

    file: str
    """Its name, without the folder."""
    source: str
    """SHA-256 of its bytes; empty when they could not be read."""
    kind: str
    profile: str
    """Name and version, as ``radio-aac/1``."""
    verdict: Verdict
    findings: tuple[Finding, ...]
    fixes: tuple[Message, ...] = ()
    streams: Mapping[str, Any] | None = None
    """What the file holds; None when it could not be read."""
    analysis: Analysis | None = None
    target_lufs: float = -23.0
    made: Mapping[str, Any] | None = None
    """Length, loudness and peak of what was made of it; None when nothing was."""

    @property
    def problems(self) -> tuple[Message, ...]:
        """Why it was refused, one message for each reason; else what somebody should look at."""
        wanted = Severity.REFUSAL if self.verdict is Verdict.REFUSED else Severity.WARNING
        return tuple(finding.message for finding in self.findings if finding.severity is wanted)

    def noted(self) -> dict[str, Any]:
        """What the job of this recording keeps of it."""
        return {
            "verdict": str(self.verdict),
            "fixes": [[fix.msgid, _plain(fix.params)] for fix in self.fixes],
            "problems": [str(problem) for problem in self.problems],
            "told": [[problem.msgid, _plain(problem.params)] for problem in self.problems],
        }

    def to_json(self, words: Words | None = None) -> dict[str, Any]:
        """The document; with `words`, every message also as a sentence in the person's language."""
        return {
            "format": FORMAT,
            "file": self.file,
            "source": self.source,
            "kind": self.kind,
            "profile": self.profile,
            "verdict": str(self.verdict),
            "findings": [_finding_out(finding, words) for finding in self.findings],
            "fixes": [_message_out(fix, words) for fix in self.fixes],
            "streams": self.streams,
            "target_lufs": self.target_lufs,
            "made": self.made,
            "analysis": self.analysis.to_json() if self.analysis else None,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Report:
        """The report again. Raises KeyError or ValueError when `document` is something else."""
        if document.get("format") != FORMAT:
            raise ValueError(document.get("format"))
        analysis = document["analysis"]
        return Report(
            file=document["file"],
            source=document["source"],
            kind=document["kind"],
            profile=document["profile"],
            verdict=Verdict(document["verdict"]),
            findings=tuple(_finding_in(finding) for finding in document["findings"]),
            fixes=tuple(_message_in(fix) for fix in document["fixes"]),
            streams=document["streams"],
            analysis=Analysis.from_json(analysis) if analysis else None,
            target_lufs=document["target_lufs"],
            made=document["made"],
        )


def report_on(
    file: str,
    source: str,
    *,
    profile: Profile,
    probe: Probe | None = None,
    analysis: Analysis | None = None,
    error: TuxaError | None = None,
    fixes: Sequence[Message] = (),
    made: Mapping[str, Any] | None = None,
) -> Report:
    """Bring together what is known of a file: its measures, why it was refused, what was changed."""
    findings: tuple[Finding, ...] = ()
    if probe and analysis:
        findings = judge(probe, analysis, profile=profile)
    if error and not any(finding.severity is Severity.REFUSAL for finding in findings):
        findings = (*reasons(error), *findings)
    return Report(
        file=file,
        source=source,
        kind=profile.kind,
        profile=f"{profile.name}/{profile.version}",
        verdict=verdict_of(findings, fixed=bool(fixes)),
        findings=findings,
        fixes=tuple(fixes),
        streams=streams_of(probe) if probe else None,
        analysis=analysis,
        target_lufs=profile.target_lufs,
        made=made,
    )


def made_of(ticks: int, loudness: Loudness) -> dict[str, Any]:
    """What is said of the lesson that was made."""
    return {
        "duration_ticks": int(ticks),
        "loudness_lufs": round(loudness.integrated_lufs, 2),
        "true_peak_dbtp": round(loudness.true_peak_dbtp, 2),
    }


def reasons(error: TuxaError) -> tuple[Finding, ...]:
    """Why a file was refused, one finding for each reason."""
    several = error.problems if isinstance(error, BadInput) else ()
    return tuple(
        Finding("refused", Severity.REFUSAL, message, error.do) for message in (several or (error.what,))
    )


def streams_of(probe: Probe) -> dict[str, Any]:
    """What a file holds, for programs and for the page."""
    video, audio = probe.video, probe.audio
    return {
        "format": probe.format,
        "duration_s": round(probe.duration_s, 3),
        "missing_s": round(probe.missing_s, 3),
        "sound_tracks": probe.audio_tracks,
        "video": {
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "pixel_aspect": str(video.aspect),
            "rate": round(float(video.rate), 3),
            "variable_rate": video.variable,
            "interlaced": video.interlaced,
            "rotation": video.rotation,
            "transfer": video.transfer,
            "pixels": video.pixels,
        }
        if video
        else None,
        "audio": {"codec": audio.codec, "rate": audio.rate, "channels": audio.channels} if audio else None,
    }


def _message_out(message: Message, words: Words | None) -> dict[str, Any]:
    out: dict[str, Any] = {"msgid": message.msgid, "params": _plain(message.params)}
    return {**out, "text": words(message)} if words else out


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float) else str(value) for name, value in params.items()
    }


def _message_in(document: Mapping[str, Any]) -> Message:
    return Message(document["msgid"], dict(document["params"]))


def _finding_out(finding: Finding, words: Words | None) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        **_message_out(finding.message, words),
        "do": _message_out(finding.do, words) if finding.do else None,
        "from_s": finding.from_s,
        "to_s": finding.to_s,
    }


def _finding_in(document: Mapping[str, Any]) -> Finding:
    return Finding(
        code=document["code"],
        severity=Severity(document["severity"]),
        message=_message_in(document),
        do=_message_in(document["do"]) if document["do"] else None,
        from_s=document["from_s"],
        to_s=document["to_s"],
    )
