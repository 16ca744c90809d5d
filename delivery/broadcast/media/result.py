"""What became of one file that was handed in, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from delivery.broadcast.asset import Asset
from delivery.broadcast.media.view import describe
from delivery.broadcast.qc.verdict import Finding, Severity, Verdict
from delivery.errors import Message, TuxaError


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file. `new` is False when the asset existed already."""

    file: str
    verdict: Verdict
    asset: Asset | None = None
    new: bool = False
    fixes: tuple[Message, ...] = ()
    error: TuxaError | None = None
    findings: tuple[Finding, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Message, ...]:
        """Why it was refused, one message for each reason; else what somebody should look at."""
        wanted = Severity.REFUSAL if self.verdict is Verdict.REFUSED else Severity.WARNING
        return tuple(finding.message for finding in self.findings if finding.severity is wanted)

    def to_json(self, words: Callable[[Message], str] = str) -> dict[str, Any]:
        """One document for ``--json``; `words` puts messages into the person's language."""
        document: dict[str, Any] = {"file": self.file, "verdict": self.verdict, "new": self.new}
        if self.asset:
            document |= describe(self.asset, self.paths)
        else:
            document |= {"asset": None, "duration_ticks": 0, "loudness_lufs": None, "true_peak_dbtp": None}
            document["renditions"] = []
        document["fixes"] = [words(fix) for fix in self.fixes]
        document["problems"] = [words(problem) for problem in self.problems]
        document["findings"] = [finding.to_json(words) for finding in self.findings]
        document["do"] = words(self.error.do) if self.error and self.error.do else ""
        return document
