"""Where a recording is damaged: ffmpeg's complaints, each with the place it had reached when it made them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from delivery.broadcast.media.walk import Gap
from delivery.broadcast.qc.spans import DAMAGE, PICTURE_MISSING, SOUND_MISSING, Span, joined

_COMPLAINT: Final = re.compile(
    r"^\[(?P<who>[^@\]]+?)(?: @ [^\]]+)?\] (?:\[[^\]]+\] )*\[(?:error|fatal)\] (?P<words>.+)$"
)
_TOLD: Final = re.compile(r"\[(?:error|fatal)\] ")
_JOIN_S: Final = 1.0
_MISSING: Final = {"picture": PICTURE_MISSING, "sound": SOUND_MISSING}
_LEAST_S: Final = 0.2
"""A complaint stands for a moment at least."""
_WORDS: Final = 120
_HARMLESS: Final = ("Header missing", "timescale not set", "Last message repeated")
"""What readers say of tags at the end of sound files and of tracks that are not used."""


@dataclass(slots=True)
class DamageEar:
    """Hears ffmpeg's standard error (log level flags ``level+repeat``) while it decodes.

    Decoders work ahead of what comes out, so places are right to a few seconds; :mod:`locate` finds the exact ones.
    """

    picture_codec: str
    sound_codec: str
    picture_at: Callable[[], float]
    """Seconds of pictures that have come out so far."""
    sound_at: Callable[[], float]
    heard: list[Span] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take one line."""
        if not _TOLD.search(line) or any(words in line for words in _HARMLESS):
            return
        complaint = _COMPLAINT.match(line)
        who, words = (complaint["who"], complaint["words"]) if complaint else ("", line)
        at = self._place(who)
        latest = self.heard[-1] if self.heard else None
        if latest and 0 <= at - latest.to_s <= _JOIN_S:
            self.heard[-1] = Span(DAMAGE, latest.from_s, max(latest.to_s, at), latest.words)
        else:
            self.heard.append(Span(DAMAGE, at, round(at + _LEAST_S, 3), words.strip(" .")[:_WORDS]))

    def _place(self, who: str) -> float:
        if self.picture_codec and who.startswith(self.picture_codec):
            return round(self.picture_at(), 3)
        if who.startswith(self.sound_codec):
            return round(self.sound_at(), 3)
        return round(max(self.picture_at() if self.picture_codec else 0.0, self.sound_at()), 3)


def all_damage(found: Sequence[Span], gaps: Sequence[Gap]) -> list[Span]:
    """Damage of both sorts: what cannot be decoded, and the holes that the packets showed."""
    holes = [Span(DAMAGE, gap.from_s, gap.to_s, _MISSING[gap.stream]) for gap in gaps]
    return joined([*holes, *found], _JOIN_S)
