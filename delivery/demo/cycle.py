"""The whole cycle of a sample term, on real input: import, lessons, air, packets, returns, attendance, marks, record.

Every step finds what an earlier run left and continues there, so a second run repeats nothing. The services of the site
(portal, playout) run beside it and are used over HTTP, as learners use them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Any, Final, Protocol

from delivery.app import App
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.ingest import Lesson
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, load_profile
from delivery.broadcast.schedule.schedule import make_slot
from delivery.catalogue.kinds import DeliveryMode, MaterialKind
from delivery.catalogue.model import Catalogue, Material
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.demo.lesson_texts import LESSONS, LessonText
from delivery.demo.lessons import LEAST_S, make_lessons
from delivery.demo.paper import SheetOnPaper, phone_photo, returned_mail
from delivery.demo.phone import File, Phone
from delivery.demo.sample import sample_term
from delivery.demo.viewer import Viewer, best_rendition
from delivery.errors import N_, Refused
from delivery.postal.intake import take_in
from delivery.postal.packet import ASSIGNMENT
from delivery.postal.planning import plan_batch
from delivery.postal.posting import post_batch
from delivery.postal.printing import packet_file, print_batch
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token, page_url
from delivery.store.air import TICK_US
from delivery.store.packets import Packets
from delivery.store.sheets import Sheet
from delivery.units import SEGMENT_TICKS

TV, RADIO = "TV1", "PT1"
POSTAL_COURSE, NETWORK_COURSE = "NLTK102", "THVP103"
BY_POST, BY_PHONE, BY_WEB = "NLTK102-A1", "NLTK102-A2", "THVP103-A1"
BATCH = "NLTK102-DOT1"
HERO = "TX260001"
"""The learner whose record is printed at the end."""
RETURNERS = ("TX260001", "TX260002", "TX260003", "TX260004", "TX260021", "TX260022")
"""Learners whose sheets come back by post; some of them at the partner's site."""
LEAD: Final = timedelta(seconds=40)
"""From scheduling to the first lesson of a new channel: time to draw the attendance cards."""
LEAD_BEHIND_FREEZE: Final = timedelta(seconds=80)
"""The same on a channel that is on the air already, whose next 60 s may not change."""
PATIENCE: Final = timedelta(minutes=12)
"""How long to wait for something that the services are about to do: longer than one round of reruns."""
RERUN: Final = "FREQ=MINUTELY;INTERVAL=10"
_TECHNICIAN, _CLERK, _APPRAISER, _APPROVER = "KT01", "VT01", "TD01", "QL01"

Bar = Callable[[int, int], None]


class Teller(Protocol):
    """How the cycle speaks to the person in front of it."""

    def step(self, title: str, /) -> None: ...

    def line(self, text: str, /, **params: Any) -> None: ...

    def bar(self, label: str, /) -> AbstractContextManager[Bar]: ...

    def record(self, learner: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Cycle:
    """One run of the cycle."""

    app: App
    tell: Teller
    stop: Event
    texts: Sequence[LessonText] = LESSONS
    least_s: float = LEAST_S
    """Shortest length of a lesson, seconds."""

    def run(self) -> None:
        """Carry out every step; returns early when told to stop."""
        steps = (
            self.import_term,
            self.make_and_convert_lessons,
            self.approve,
            self.schedule,
            self.print_packets,
            self.receive_post,
            self.send_by_phone,
            self.study_on_the_portal,
            self.watch_and_attend,
            self.wait_for_as_run,
            self.mark,
            self.show_record,
        )
        for step in steps:
            if self.stop.is_set():
                return
            step()

    # 1

    def import_term(self) -> None:
        self.tell.step(N_("The sample term: programme, courses, learners"))
        with sample_term() as folder, self.tell.bar(N_("Importing")) as bar:
            result = self.app.importer.run(folder, actor=_APPROVER, progress=bar)
        if result.changed:
            self.tell.line(
                N_("{learners} learners and {enrolled} enrolments imported."),
                learners=result.registered,
                enrolled=result.enrolled,
            )
        else:
            self.tell.line(N_("Nothing has changed since the last import."))

    # 2

    def make_and_convert_lessons(self) -> None:
        self.tell.step(N_("Lessons for television and radio"))
        app = self.app
        materials = [lesson.material for kind in ("tv", "radio") for lesson in self._lessons(kind)]
        if all(app.library.media.lesson_of(material.code) for material in materials):
            self.tell.line(N_("All lessons are converted already."))
            return
        folder = app.settings.home / "demo" / "lessons"
        done = 0
        with self.tell.bar(N_("Recording")) as bar:

            def made(_material: str) -> None:
                nonlocal done
                done += 1
                bar(done, len(materials))

            files = make_lessons(
                folder,
                ffmpeg=find_ffmpeg(app.settings.ffmpeg),
                texts=self.texts,
                least_s=self.least_s,
                progress=made,
            )
        for kind in ("tv", "radio"):
            wanted = [lesson.material for lesson in self._lessons(kind)]
            self._convert(kind, [(files[m.code], Lesson(m.code, m.course, m.unit, m.title)) for m in wanted])

    def _convert(self, kind: str, files: Sequence[tuple[Any, Lesson]]) -> None:
        profile = load_profile(DEFAULT_PROFILES[kind], [self.app.settings.home / "media_profiles"])
        fractions: dict[str, float] = {str(file): 0.0 for file, _ in files}
        with self.app.executor() as pool, self.tell.bar(N_("Converting")) as bar:

            def show(file: str, fraction: float, _stage: str) -> None:
                fractions[file] = fraction
                bar(int(1000 * sum(fractions.values())), 1000 * len(fractions))

            for result in self.app.ingest.add(
                files, profile=profile, executor=pool, actor=_TECHNICIAN, progress=show
            ):
                if result.error:
                    raise result.error
                show(result.file, 1.0, "")
                if result.asset:
                    self.tell.line(
                        N_("{file}: {ticks} ticks of 320 ms, {loudness} LUFS, {rungs} renditions."),
                        file=result.file.rsplit("/", 1)[-1],
                        ticks=result.asset.ticks,
                        loudness=f"{result.asset.loudness_lufs:.1f}",
                        rungs=len(result.asset.renditions),
                    )

    # 3

    def approve(self) -> None:
        """TX-4.5-1: appraisal minutes, then the approval decision of another person, for exactly these bytes."""
        self.tell.step(N_("Material appraised and approved"))
        approved = 0
        for material in self.app.catalogue().materials.values():
            lesson = self.app.library.media.lesson_of(material.code)
            content = lesson.source if lesson else material.content
            known = self.app.materials.approval(material.code, content) if content else None
            if not content or (known and known.decision):
                continue
            self.app.materials.appraise(
                material.code, content=content, minutes=f"BB-{material.code}", actor=_APPRAISER
            )
            self.app.materials.approve(
                material.code,
                content=content,
                modes=material.modes,
                decision=f"QĐ-{material.code}",
                signer=_APPROVER,
                author=material.author,
            )
            approved += 1
        self.tell.line(N_("{count} materials approved now."), count=approved)

    # 4

    def schedule(self) -> None:
        self.tell.step(N_("Lessons scheduled on one television and one radio channel"))
        on_air = self.app.on_air
        institution = self.app.catalogue().institution.name
        on_air.open_channel(TV, f"Truyền hình {_short(institution)}", kind="tv")
        on_air.open_channel(RADIO, f"Phát thanh {_short(institution)}", kind="radio")
        for channel, kind in ((TV, "tv"), (RADIO, "radio")):
            lessons = self._lessons(kind)
            first = lessons[0]
            if self._aired(first.activity) or self._coming(channel, first.material.code):
                self.tell.line(N_("{channel}: scheduled already."), channel=channel)
            else:
                self._add_slots(channel, lessons)
            done = on_air.scheduler.compile(
                channel, until=self._now() + timedelta(hours=3), actor=_TECHNICIAN
            )
            self.tell.line(
                N_("{channel}: timeline compiled, {rows} rows, {findings} findings."),
                channel=channel,
                rows=done.rows,
                findings=len(done.findings),
            )

    def _add_slots(self, channel: str, lessons: Sequence[Programme]) -> None:
        """First runs one after the other, beginning soon; then the same again every ten minutes."""
        store = self.app.on_air.store
        scheduler = self.app.on_air.scheduler
        lengths = [self._slot_length(lesson.material.code) for lesson in lessons]
        start = self._free_start(channel, sum(lengths, timedelta()))
        repeated = {code for slot in store.slots(channel) if slot.rerun for code in slot.materials}
        for lesson, length in zip(lessons, lengths, strict=True):
            code = lesson.material.code
            scheduler.add(make_slot(channel, start, materials=(code,)), actor=_TECHNICIAN)
            if code not in repeated:
                again = make_slot(
                    channel, start + timedelta(minutes=10), materials=(code,), rule=RERUN, rerun=True
                )
                scheduler.add(again, actor=_TECHNICIAN)
            self.tell.line(
                N_("{channel} {time}: {title}"),
                channel=channel,
                time=start.strftime("%H:%M:%S"),
                title=lesson.material.title,
            )
            start += length

    def _slot_length(self, material: str) -> timedelta:
        """Whole seconds for a lesson, the attendance card after it, and a breath."""
        held = self.app.library.media.lesson_of(material)
        ticks = (held.ticks if held else 0) + SEGMENT_TICKS
        return timedelta(seconds=ticks * TICK_US // 1_000_000 + 2)

    def _free_start(self, channel: str, length: timedelta) -> datetime:
        """The earliest start from which the channel has nothing else to send for `length`."""
        store = self.app.on_air.store
        lead = LEAD_BEHIND_FREEZE if store.rows(channel, since_tick=0) else LEAD
        start = (self._now() + lead).astimezone(VIETNAM).replace(microsecond=0)
        for airing in store.airings(channel, since_tick=_tick(start)):
            begins = from_micros(airing.start_tick * TICK_US)
            if begins < start + length:
                ends = from_micros((airing.end_tick + SEGMENT_TICKS) * TICK_US)
                start = max(start, ends.astimezone(VIETNAM).replace(microsecond=0) + timedelta(seconds=2))
        return start

    # 5

    def print_packets(self) -> None:
        self.tell.step(N_("One packet for each postal learner"))
        app = self.app
        planned = plan_batch(app, BATCH, course=POSTAL_COURSE, actor=_CLERK)
        with self.tell.bar(N_("Printing")) as bar:
            printed = print_batch(app, BATCH, actor=_CLERK, progress=bar)
        posted = post_batch(app, BATCH, actor=_CLERK)
        self.tell.line(
            N_("{packets} packets, {pages} pages ({drawn} drawn now), {posted} posted now: {folder}"),
            packets=printed.packets,
            pages=planned.pages,
            drawn=printed.drawn,
            posted=posted.posted,
            folder=str(printed.files[0].parent) if printed.files else "",
        )

    # 6

    def receive_post(self) -> None:
        self.tell.step(N_("Sheets that come back by post: scanned and read"))
        mailbag = self.app.settings.home / "demo" / "mailbag.pdf"
        if not mailbag.exists():
            sheets = [paper for code in RETURNERS for _, paper in self._answer_sheets(code, BY_POST)]
            returned_mail(sheets, mailbag, seed=28)
        with self.tell.bar(N_("Reading")) as bar:
            intake = take_in(self.app, mailbag, actor=_CLERK, progress=bar)
        self.tell.line(
            N_("{pages} pages: {filed} filed, {queued} in the queue, {known} known already, {blank} blank."),
            pages=intake.pages,
            filed=intake.filed,
            queued=len(intake.queued),
            known=intake.duplicates,
            blank=intake.blank,
        )

    def send_by_phone(self) -> None:
        self.tell.step(N_("Sheets photographed and sent to the address in their code"))
        hero = self.app.learners.require(HERO)
        sheets = self._answer_sheets(HERO, BY_PHONE)
        if self._has(hero.id, FactKind.WORK_RECEIVED, activity=BY_PHONE):
            self.tell.line(N_("Sent already."))
            return
        phone = Phone(self.app.ids)
        token = page_token(sheets[0][0].page_id, self.app.keys.codes)
        page = phone.get(page_url(self._base, token))
        page = self._signed_in(phone, page)
        photos = [
            File("photos", f"IMG_{number:04}.jpg", "image/jpeg", phone_photo(paper, seed=number))
            for number, (_, paper) in enumerate(sheets, start=1)
        ]
        receipt = phone.submit(page, {}, photos)
        received = self._works(hero.id, BY_PHONE)
        if not received:
            raise Refused(
                N_("The portal gave no receipt (status {status})."),
                do=N_("Look into the log of the portal."),
                status=receipt.status,
            )
        self.tell.line(
            N_("{count} photographs sent by {learner}; receipt given."), count=len(received), learner=HERO
        )

    # 7

    def study_on_the_portal(self) -> None:
        self.tell.step(N_("Material studied and an answer sent on the portal"))
        hero = self.app.learners.require(HERO)
        if self._has(hero.id, FactKind.WORK_RECEIVED, activity=BY_WEB):
            self.tell.line(N_("Sent already."))
            return
        phone = Phone(self.app.ids)
        page = self._signed_in(phone, phone.get(f"{self._base}/sign-in"))
        study = self._study_activity()
        page = phone.get(f"{self._base}/study/{study}")
        phone.submit(page, {"done": "1"})
        page = phone.get(f"{self._base}/work/{BY_WEB}")
        answer = self._answer_sheets(HERO, BY_PHONE)[0][1]
        phone.submit(page, {}, [File("file", "bai-lam.jpg", "image/jpeg", phone_photo(answer, seed=7))])
        if not self._works(hero.id, BY_WEB):
            raise Refused(
                N_("The portal gave no receipt (status {status})."),
                do=N_("Look into the log of the portal."),
                status=page.status,
            )
        self.tell.line(
            N_("{learner} studied {study} and sent {work}."), learner=HERO, study=study, work=BY_WEB
        )

    def _study_activity(self) -> str:
        return next(
            activity.code
            for activity in self._catalogue().activities_of[NETWORK_COURSE]
            if activity.material and activity.mode is DeliveryMode.NETWORK and not activity.component
        )

    # 8

    def watch_and_attend(self) -> None:
        self.tell.step(N_("A learner watches the lesson and sends the attendance code on the screen"))
        hero = self.app.learners.require(HERO)
        lesson = self._lessons("tv")[0]
        if self._has(hero.id, FactKind.ATTENDANCE_RECORDED, activity=lesson.activity):
            self.tell.line(N_("Attendance is recorded already."))
            return
        viewer = Viewer(best_rendition(f"{self._base}/hls/{TV}/master.m3u8"))
        label = N_("watching {channel} until the code is shown")
        phone = Phone(self.app.ids)
        page = self._signed_in(phone, phone.get(f"{self._base}/attendance"))

        def watch() -> list[Fact]:
            # Other lessons' codes are sent too, as somebody who keeps watching would.
            for code in viewer.codes():
                phone.submit(page, {"code": code})
            return self._facts(hero.id, FactKind.ATTENDANCE_RECORDED, lesson.activity)

        recorded = self._await(label, watch, channel=TV)
        if not recorded:
            return
        minutes = recorded[0].data["minutes"]
        self.tell.line(N_("Code read off the picture; {minutes} minutes recorded."), minutes=minutes)

    def wait_for_as_run(self) -> None:
        self.tell.step(N_("What aired, from what was sent"))
        for kind in ("tv", "radio"):
            first = self._lessons(kind)[0]
            fact = self._await(
                N_("waiting until “{title}” has aired"),
                partial(self._aired, first.activity),
                title=first.material.title,
            )
            if fact:
                self.tell.line(
                    N_("{channel}: “{title}” {status}, {aired} of {planned} ticks."),
                    channel=fact.data["channel"],
                    title=first.material.title,
                    status=fact.data["status"],
                    aired=fact.data["aired_ticks"],
                    planned=fact.data["planned_ticks"],
                )

    # 9

    def mark(self) -> None:
        self.tell.step(N_("The lecturer's marks"))
        catalogue = self._catalogue()
        given = (
            (BY_POST, "8.25", "GV02"),
            (BY_PHONE, "7.5", "GV02"),
            (f"{POSTAL_COURSE}/CK", "7", "GV02"),
            (BY_WEB, "9", "GV03"),
        )
        for activity, score, marker in given:
            self.app.marks.set(HERO, activity, score=score, marker=marker, catalogue=catalogue)
        self.tell.line(N_("{count} marks stand."), count=len(self.app.marks.all()))

    def show_record(self) -> None:
        self.tell.step(N_("The one record, and its proof"))
        self.tell.record(HERO)
        result = self.app.facts.verify()
        if not result.ok:
            raise Refused(N_("The ledger does not verify."), do=N_("Run “tuxa record verify” to see where."))
        self.tell.line(
            N_("✓ {facts} facts in {streams} streams verify."), facts=result.facts, streams=result.streams
        )

    # Looking things up

    @property
    def _base(self) -> str:
        settings = self.app.settings
        return f"http://{settings.host}:{settings.port}"

    def _now(self) -> datetime:
        return self.app.clock.now()

    def _catalogue(self) -> Catalogue:
        return self.app.catalogue()

    def _lessons(self, kind: str) -> list[Programme]:
        """Programmes for air of one kind, in order of their activities' units."""
        catalogue = self._catalogue()
        wanted = MaterialKind.TV_PROGRAMME if kind == "tv" else MaterialKind.RADIO_PROGRAMME
        found = [
            Programme(catalogue.materials[activity.material], activity.code)
            for activity in sorted(catalogue.activities.values(), key=lambda a: (a.unit, a.code))
            if activity.mode is DeliveryMode.BROADCAST
            and activity.material in catalogue.materials
            and catalogue.materials[activity.material].kind is wanted
        ]
        return found

    def _answer_sheets(self, code: str, activity: str) -> list[tuple[Sheet, SheetOnPaper]]:
        """A learner's sheets for an assignment, each with the printed page that bears its code."""
        learner = self.app.learners.require(code).id
        packets = Packets(self.app.database, self.app.facts)
        state = next(state for state in packets.states(BATCH) if state.learner == learner)
        if state.printed is None:
            raise Refused(
                N_("The packet of {learner} is not printed."), do=N_("Run the cycle again."), learner=code
            )
        file = packet_file(self.app.settings.home / "print" / BATCH, state)
        sheets = state.planned.data["sheets"]
        wanted = {s.page_id: s for s in self.app.sheets.of_packet(state.packet)}
        return [
            (wanted[page_id], SheetOnPaper(file, index))
            for index, (page_id, _side, role, of, _page, _pages) in enumerate(sheets)
            if role == ASSIGNMENT and of == activity
        ]

    def _signed_in(self, phone: Phone, page: Any) -> Any:
        pin = self.app.credentials.issue_pin(HERO)
        return phone.sign_in(page, code=HERO, pin=pin)

    def _facts(self, learner: str, kind: FactKind, activity: str) -> list[Fact]:
        return [f for f in self.app.facts.select(kind=kind, learner=learner) if f.activity == activity]

    def _works(self, learner: str, activity: str) -> list[Fact]:
        return self._facts(learner, FactKind.WORK_RECEIVED, activity)

    def _has(self, learner: str, kind: FactKind, *, activity: str) -> bool:
        return bool(self._facts(learner, kind, activity))

    def _aired(self, activity: str) -> Fact | None:
        """The as-run fact of a lesson that went out whole."""
        aired = self.app.facts.select(kind=FactKind.ITEM_AIRED)
        found = [f for f in aired if f.activity == activity and f.data["status"] == "complete"]
        return found[0] if found else None

    def _coming(self, channel: str, material: str) -> bool:
        """Whether a first run of the material is on the air now or soon."""
        now = self._now()
        return any(
            airing.material == material
            and not airing.rerun
            and from_micros(airing.start_tick * TICK_US) < now + PATIENCE
            for airing in self.app.on_air.store.airings(channel, since_tick=_tick(now))
        )

    def _await(self, label: str, look: Callable[[], Any], **params: Any) -> Any:
        """Look every half second until there is something; None when told to stop. Raises Refused after PATIENCE."""
        self.tell.line(label, **params)
        deadline = self.app.clock.monotonic() + PATIENCE.total_seconds()
        while not (found := look()):
            if self.stop.wait(0.5):
                return None
            if self.app.clock.monotonic() > deadline:
                raise Refused(
                    N_("The services did not do it in {minutes} minutes."),
                    do=N_("Look into {log}."),
                    minutes=int(PATIENCE.total_seconds() // 60),
                    log=str(self.app.settings.home / "log"),
                )
        return found


@dataclass(frozen=True, slots=True)
class Programme:
    """A lesson for air, and the activity that it belongs to."""

    material: Material
    activity: str


def _tick(moment: datetime) -> int:
    return to_micros(moment) // TICK_US


def _short(institution: str) -> str:
    """The name without its legal form."""
    return institution.removeprefix("Trường Đại học ")
