"""From measures to a verdict: each limit on both sides, and the weightiest reason first."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from delivery.broadcast.media.probe import AudioInfo, Probe, VideoInfo
from delivery.broadcast.media.profiles import load_profile
from delivery.broadcast.media.sound import Loudness
from delivery.broadcast.qc.measured import Analysis, Curves, PictureFigures, SoundFigures
from delivery.broadcast.qc.spans import Span
from delivery.broadcast.qc.verdict import Finding, Severity, Verdict, judge, refuse, verdict_of
from delivery.errors import BadInput

VIDEO = VideoInfo(0, "h264", 1280, 720, Fraction(1), Fraction(25), interlaced=False)
PROBE = Probe("mov,mp4", 600.0, VIDEO, AudioInfo(1, "aac", 48_000, 2), 1)
SOUND = SoundFigures(2, 600.0, -18.0, 0.0, 0, 0.0, -25.0, -25.0, 0.8)
GOOD = Analysis(
    Loudness(-24.0, -3.0, 6.0), SOUND, PictureFigures(600.0, 0.0, 0.0), (), 0.0, Curves(1.0, (), (), ())
)


def findings(analysis: Analysis, probe: Probe = PROBE) -> tuple[Finding, ...]:
    return judge(probe, analysis, profile=load_profile("radio-aac"))


def with_spans(*spans: Span, **changes: Any) -> Analysis:
    return replace(GOOD, spans=spans, **changes)


def test_nothing_is_said_of_a_good_recording() -> None:
    assert findings(GOOD) == ()
    assert verdict_of((), fixed=False) is Verdict.PASS
    assert verdict_of((), fixed=True) is Verdict.PASS_WITH_FIXES


@pytest.mark.parametrize(
    ("analysis", "code", "severity"),
    [
        (with_spans(Span("black", 10, 12.9)), "black", "note"),
        (with_spans(Span("black", 10, 13)), "black", "warning"),
        (replace(GOOD, picture=PictureFigures(600.0, 540.0, 0.0)), "black", "refusal"),
        (with_spans(Span("freeze", 10, 300)), "freeze", "note"),
        (with_spans(Span("freeze", 0, 590)), "still", "warning"),
        (replace(GOOD, picture=PictureFigures(0.0, 0.0, 0.0)), "no_picture", "refusal"),
        (replace(GOOD, picture=PictureFigures(598.0, 0.0, 0.0)), "picture_ends", "warning"),
        (replace(GOOD, picture=PictureFigures(200.0, 0.0, 0.0)), "no_picture", "refusal"),
        (replace(GOOD, sound=replace(SOUND, length_s=590.0)), "sound_ends", "warning"),
        (with_spans(Span("silence", 10, 19)), "silence", "note"),
        (with_spans(Span("silence", 10, 20)), "silence", "warning"),
        (replace(GOOD, sound=replace(SOUND, silent_s=300.0)), "silent", "refusal"),
        (replace(GOOD, sound=replace(SOUND, length_s=290.0)), "silent", "refusal"),
        (replace(GOOD, loudness=Loudness(-70.0, -70.0, 0.0)), "silent", "refusal"),
        (
            replace(GOOD, loudness=Loudness(-70.0, -6.0, 0.0), sound=replace(SOUND, length_s=0.35)),
            "short",
            "refusal",
        ),
        (with_spans(Span("clipping", 10, 11), sound=replace(SOUND, clipped_share=9e-5)), "clipped", "note"),
        (
            with_spans(Span("clipping", 10, 11), sound=replace(SOUND, clipped_share=1e-4)),
            "clipped",
            "warning",
        ),
        (
            with_spans(Span("clipping", 10, 11), sound=replace(SOUND, clipped_share=0.05)),
            "clipped",
            "refusal",
        ),
        (with_spans(Span("phase", 10, 14)), "phase", "warning"),
        (replace(GOOD, sound=replace(SOUND, left_dbfs=-36.0)), "unbalanced", "warning"),
        (replace(GOOD, loudness=Loudness(-43.0, -20.0, 6.0)), "soft", "warning"),
        (replace(GOOD, loudness=Loudness(-24.0, -3.0, 20.0)), "range", "warning"),
        (with_spans(Span("damage", 10, 16, "words"), damaged_s=6.0), "damage", "warning"),
        (with_spans(Span("damage", 10, 17, "words"), damaged_s=7.0), "damaged", "refusal"),
    ],
)
def test_each_limit_has_its_weight(analysis: Analysis, code: str, severity: str) -> None:
    first = findings(analysis)[0]
    assert (first.code, first.severity) == (code, severity)
    assert first.do or severity == "note"


def test_a_file_that_breaks_off_while_it_is_read_is_refused() -> None:
    (found,) = findings(GOOD, replace(PROBE, broken="Input/output error"))
    assert found.severity is Severity.REFUSAL
    assert "00:10:00" in str(found.message)


def test_channels_that_are_put_right_are_not_complained_of() -> None:
    turned = with_spans(Span("phase", 0, 600), sound=replace(SOUND, correlation=-0.95))
    one_sided = replace(GOOD, sound=replace(SOUND, right_dbfs=-90.0))
    assert findings(turned) == findings(one_sided) == ()


def test_the_weightiest_comes_first_and_every_reason_is_told() -> None:
    bad = with_spans(
        Span("freeze", 0, 20),
        Span("damage", 10, 30, "words"),
        damaged_s=20.0,
        sound=replace(SOUND, silent_s=400.0),
    )
    said = findings(bad)
    order = ["refusal", "warning", "note"]
    assert [f.severity for f in said] == sorted((f.severity for f in said), key=order.index)
    assert verdict_of(said, fixed=True) is Verdict.REFUSED
    with pytest.raises(BadInput) as caught:
        refuse(said)
    assert len(caught.value.problems) == 2
    assert caught.value.do


def test_many_places_are_summed_up() -> None:
    places = tuple(Span("silence", at * 10.0, at * 10.0 + 10) for at in range(30))
    assert len(findings(with_spans(*places))) == 11
    damage = tuple(Span("damage", at * 10.0, at * 10.0 + 0.1, "words") for at in range(30))
    said = findings(with_spans(*damage, damaged_s=3.0))
    assert len(said) == 11
    assert said[-1].message.params["count"] == 20
