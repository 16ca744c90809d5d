"""Radio and television: lessons recorded, converted, approved, scheduled, watched, and proved to have aired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, load_profile
from delivery.broadcast.media.telling import Lesson
from delivery.broadcast.schedule.schedule import make_slot
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.demo.lessons import make_lessons
from delivery.demo.phone import Phone
from delivery.demo.stage import HERO, PATIENCE, RADIO, TV, Programme, Stage
from delivery.demo.viewer import Viewer, best_rendition
from delivery.errors import N_
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US
from delivery.units import SEGMENT_TICKS

LEAD: Final = timedelta(seconds=40)
"""From scheduling to the first lesson of a new channel: time to draw the attendance cards."""
LEAD_BEHIND_FREEZE: Final = timedelta(seconds=80)
"""The same on a channel that is on the air already, whose next 60 s may not change."""
RERUN: Final = "FREQ=MINUTELY;INTERVAL=10"
_TECHNICIAN, _APPRAISER, _APPROVER = "KT01", "TD01", "QL01"


def make_and_convert_lessons(stage: Stage) -> None:
    stage.tell.step(N_("Lessons for television and radio"))
    app = stage.app
    materials = [lesson.material for kind in ("tv", "radio") for lesson in stage.lessons(kind)]
    if all(app.library.media.lesson_of(material.code) for material in materials):
        stage.tell.line(N_("All lessons are converted already."))
        return
    folder = app.settings.home / "demo" / "lessons"
    done = 0
    with stage.tell.bar(N_("Recording")) as bar:

        def made(_material: str) -> None:
            nonlocal done
            done += 1
            bar(done, len(materials))

        files = make_lessons(
            folder,
            ffmpeg=find_ffmpeg(app.settings.ffmpeg),
            texts=stage.texts,
            least_s=stage.least_s,
            progress=made,
        )
    for kind in ("tv", "radio"):
        wanted = [lesson.material for lesson in stage.lessons(kind)]
        _convert(stage, kind, [(files[m.code], Lesson(m.code, m.course, m.unit, m.title)) for m in wanted])


def _convert(stage: Stage, kind: str, files: Sequence[tuple[Any, Lesson]]) -> None:
    profile = load_profile(DEFAULT_PROFILES[kind], [stage.app.settings.home / "media_profiles"])
    fractions: dict[str, float] = {str(file): 0.0 for file, _ in files}
    with stage.app.executor() as pool, stage.tell.bar(N_("Converting")) as bar:

        def show(file: str, fraction: float, _stage: str) -> None:
            fractions[file] = fraction
            bar(int(1000 * sum(fractions.values())), 1000 * len(fractions))

        for result in stage.app.ingest.add(
            files, profile=profile, executor=pool, actor=_TECHNICIAN, progress=show
        ):
            if result.error:
                raise result.error
            show(result.file, 1.0, "")
            if result.asset:
                stage.tell.line(
                    N_("{file}: {ticks} ticks of 320 ms, {loudness} LUFS, {rungs} renditions."),
                    file=result.file.rsplit("/", 1)[-1],
                    ticks=result.asset.ticks,
                    loudness=f"{result.asset.loudness_lufs:.1f}",
                    rungs=len(result.asset.renditions),
                )


def approve(stage: Stage) -> None:
    """TX-4.5-1: appraisal minutes, then the approval decision of another person, for exactly these bytes."""
    stage.tell.step(N_("Material appraised and approved"))
    approved = 0
    for material in stage.app.catalogue().materials.values():
        lesson = stage.app.library.media.lesson_of(material.code)
        content = lesson.content if lesson else material.content
        known = stage.app.materials.approval(material.code, content) if content else None
        if not content or (known and known.decision):
            continue
        stage.app.materials.judge(
            material.code,
            content=content,
            modes=material.modes,
            minutes=f"BB-{material.code}",
            appraiser=_APPRAISER,
            decision=f"QĐ-{material.code}",
            signer=_APPROVER,
            author=material.author,
        )
        approved += 1
    stage.tell.line(N_("{count} materials approved now."), count=approved)


def schedule(stage: Stage) -> None:
    stage.tell.step(N_("Lessons scheduled on one television and one radio channel"))
    on_air = stage.app.on_air
    institution = stage.app.catalogue().institution.name
    on_air.open_channel(TV, f"Truyền hình {_short(institution)}", kind="tv")
    on_air.open_channel(RADIO, f"Phát thanh {_short(institution)}", kind="radio")
    for channel, kind in ((TV, "tv"), (RADIO, "radio")):
        lessons = stage.lessons(kind)
        first = lessons[0]
        if stage.aired(first.activity) or _coming(stage, channel, first.material.code):
            stage.tell.line(N_("{channel}: scheduled already."), channel=channel)
        else:
            _add_slots(stage, channel, lessons)
        done = on_air.scheduler.compile(channel, until=stage.now() + timedelta(hours=3), actor=_TECHNICIAN)
        stage.tell.line(
            N_("{channel}: timeline compiled, {rows} rows, {findings} findings."),
            channel=channel,
            rows=done.rows,
            findings=len(done.findings),
        )


def _add_slots(stage: Stage, channel: str, lessons: Sequence[Programme]) -> None:
    """First runs one after the other, beginning soon; then the same again every ten minutes."""
    store = stage.app.on_air.store
    scheduler = stage.app.on_air.scheduler
    lengths = [_slot_length(stage, lesson.material.code) for lesson in lessons]
    start = _free_start(stage, channel, sum(lengths, timedelta()))
    repeated = {code for slot in store.slots(channel) if slot.rerun for code in slot.materials}
    for lesson, length in zip(lessons, lengths, strict=True):
        code = lesson.material.code
        scheduler.add(make_slot(channel, start, materials=(code,)), actor=_TECHNICIAN)
        if code not in repeated:
            again = make_slot(
                channel, start + timedelta(minutes=10), materials=(code,), rule=RERUN, rerun=True
            )
            scheduler.add(again, actor=_TECHNICIAN)
        stage.tell.line(
            N_("{channel} {time}: {title}"),
            channel=channel,
            time=start.strftime("%H:%M:%S"),
            title=lesson.material.title,
        )
        start += length


def _slot_length(stage: Stage, material: str) -> timedelta:
    """Whole seconds for a lesson, the attendance card after it, and a breath."""
    held = stage.app.library.media.lesson_of(material)
    ticks = (held.ticks if held else 0) + SEGMENT_TICKS
    return timedelta(seconds=ticks * TICK_US // 1_000_000 + 2)


def _free_start(stage: Stage, channel: str, length: timedelta) -> datetime:
    """The earliest start from which the channel has nothing else to send for `length`."""
    store = stage.app.on_air.store
    lead = LEAD_BEHIND_FREEZE if store.rows(channel, since_tick=0) else LEAD
    start = (stage.now() + lead).astimezone(VIETNAM).replace(microsecond=0)
    for airing in store.airings(channel, since_tick=_tick(start)):
        begins = from_micros(airing.start_tick * TICK_US)
        if begins < start + length:
            ends = from_micros((airing.end_tick + SEGMENT_TICKS) * TICK_US)
            start = max(start, ends.astimezone(VIETNAM).replace(microsecond=0) + timedelta(seconds=2))
    return start


def _coming(stage: Stage, channel: str, material: str) -> bool:
    """Whether a first run of the material is on the air now or soon."""
    now = stage.now()
    return any(
        airing.material == material
        and not airing.rerun
        and from_micros(airing.start_tick * TICK_US) < now + PATIENCE
        for airing in stage.app.on_air.store.airings(channel, since_tick=_tick(now))
    )


def watch_and_attend(stage: Stage) -> None:
    stage.tell.step(N_("A learner watches the lesson and sends the attendance code on the screen"))
    hero = stage.app.learners.require(HERO)
    lesson = stage.lessons("tv")[0]
    if stage.has(hero.id, FactKind.ATTENDANCE_RECORDED, activity=lesson.activity):
        stage.tell.line(N_("Attendance is recorded already."))
        return
    viewer = Viewer(best_rendition(f"{stage.base}/hls/{TV}/master.m3u8"))
    label = N_("watching {channel} until the code is shown")
    phone = Phone(stage.app.ids)
    page = stage.signed_in(phone, phone.get(f"{stage.base}/attendance"))

    def watch() -> list[Fact]:
        # Other lessons' codes are sent too, as somebody who keeps watching would.
        for code in viewer.codes():
            phone.submit(page, {"code": code})
        return stage.facts(hero.id, FactKind.ATTENDANCE_RECORDED, lesson.activity)

    recorded = stage.wait_for(label, watch, channel=TV)
    if not recorded:
        return
    minutes = recorded[0].data["minutes"]
    stage.tell.line(N_("Code read off the picture; {minutes} minutes recorded."), minutes=minutes)


def wait_for_as_run(stage: Stage) -> None:
    stage.tell.step(N_("What aired, from what was sent"))
    for kind in ("tv", "radio"):
        first = stage.lessons(kind)[0]
        fact = stage.wait_for(
            N_("waiting until “{title}” has aired"),
            partial(stage.aired, first.activity),
            title=first.material.title,
        )
        if fact:
            stage.tell.line(
                N_("{channel}: “{title}” {status}, {aired} of {planned} ticks."),
                channel=fact.data["channel"],
                title=first.material.title,
                status=fact.data["status"],
                aired=fact.data["aired_ticks"],
                planned=fact.data["planned_ticks"],
            )


def _tick(moment: datetime) -> int:
    return to_micros(moment) // TICK_US


def _short(institution: str) -> str:
    """The name without its legal form."""
    return institution.removeprefix("Trường Đại học ")
