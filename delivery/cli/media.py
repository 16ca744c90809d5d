"""``tuxa media``: recordings in, material ready for air out."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.app.gates import require_publishable
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.ingest import Ingest
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, Profile, load_profile
from delivery.broadcast.media.result import Result
from delivery.broadcast.media.rot import verify_library
from delivery.broadcast.media.telling import Lesson
from delivery.broadcast.qc.page import VERDICTS
from delivery.broadcast.qc.shelf import problems_of, verdict_of
from delivery.catalogue.kinds import MaterialKind
from delivery.catalogue.model import Material
from delivery.cli.batch import Form, batch_of
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.media_report import report
from delivery.cli.progress import bar
from delivery.clock import VIETNAM
from delivery.errors import N_, ExitCode, NotFound, Refused
from delivery.store.materials import Rights
from delivery.store.media import MediaStore
from delivery.units import TICK_MS

app = typer.Typer(no_args_is_help=True, help="Recordings: convert to the house format, list, verify.")
_Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
_DATES = ["%Y-%m-%d", "%d/%m/%Y"]


class Kind(StrEnum):
    TV = "tv"
    RADIO = "radio"


app.command()(report)

_MATERIAL_KINDS = {Kind.TV: MaterialKind.TV_PROGRAMME, Kind.RADIO: MaterialKind.RADIO_PROGRAMME}


@app.command()
def add(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings of any format.")],
    course: Annotated[str, typer.Option(help="Code of the course.")],
    unit: Annotated[int, typer.Option(help="Unit of the course.")],
    kind: Annotated[Kind, typer.Option(help="tv or radio.")],
    material: Annotated[str, typer.Option(help="Material, when the unit has several of this kind.")] = "",
    profile: Annotated[str, typer.Option(help="House format; default: the kind's own.")] = "",
    actor: Annotated[str, typer.Option(help="Code of the person who adds it.")] = "technician",
    progress: Annotated[Form, typer.Option(help="Progress on standard error.")] = Form.AUTO,
    as_json: _Json = False,
) -> None:
    """Check recordings, convert them to the house format and store them. Doing it again changes nothing."""
    tuxa = app_of(context)
    lesson = lesson_in_catalogue(tuxa, course, unit, kind=kind, material=material)
    house = load_profile(profile or DEFAULT_PROFILES[kind], [profiles_folder(tuxa)])
    if house.kind != kind:
        raise Refused(
            N_("Profile {profile} is for {kind}."),
            do=N_("Name a profile of the right kind, or none."),
            profile=house.name,
            kind=house.kind,
        )
    results = ingest_with_progress(
        tuxa, [(file, lesson) for file in files], profile=house, actor=actor, form=progress
    )
    if as_json:
        print_json({"files": [result.to_json(tuxa.translate) for result in results]})
    else:
        for result in results:
            say(_line(tuxa, result))
    if any(result.verdict == "refused" for result in results):
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def approve(
    context: typer.Context,
    material: Annotated[str, typer.Argument(help="Code of the material, recorded or printed.")],
    minutes: Annotated[str, typer.Option(help="Number of the appraisal council's minutes.")],
    decision: Annotated[str, typer.Option(help="Number of the approval decision.")],
    appraiser: Annotated[str, typer.Option(help="Code of the person who signed the minutes.")],
    signer: Annotated[
        str, typer.Option(help="Code of the person who approves; neither the author nor the appraiser.")
    ],
    appraised_on: Annotated[
        datetime | None, typer.Option(formats=_DATES, help="Date of the minutes; default: now.")
    ] = None,
    decided_on: Annotated[
        datetime | None, typer.Option(formats=_DATES, help="Date of the decision; default: now.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Record appraisal and approval of exactly the bytes that are stored now (TX-4.5-1)."""
    tuxa = app_of(context)
    known = _known_material(tuxa, material)
    lesson = tuxa.library.media.lesson_of(material)
    content = lesson.content if lesson else known.content
    if not content:
        raise Refused(
            N_("Material {material} has no content yet."),
            do=N_("Add its recording with “tuxa media add”, or its file in materials.csv."),
            material=material,
        )
    for person in (appraiser, signer):
        _require_person(tuxa, person)
    require_publishable(tuxa, known)
    tuxa.materials.judge(
        material,
        content=content,
        modes=known.modes,
        minutes=minutes,
        appraiser=appraiser,
        decision=decision,
        signer=signer,
        author=known.author,
        appraised_on=_local(appraised_on),
        decided_on=_local(decided_on),
    )
    modes = [str(mode) for mode in known.modes]
    if as_json:
        print_json({"material": material, "content": content, "modes": modes, "decision": decision})
        return
    say(
        tuxa.translate(
            N_("Material {material} is approved for {modes}: decision {decision}."),
            material=material,
            modes=", ".join(modes),
            decision=decision,
        )
    )


def _require_person(tuxa: App, code: str) -> None:
    if code not in tuxa.catalogue().people:
        raise NotFound(
            N_("There is no person “{code}” in the catalogue."),
            do=N_("Give the code as it stands in people.csv; capitals count."),
            code=code,
        )


def _known_material(tuxa: App, material: str) -> Material:
    known = tuxa.catalogue().materials.get(material)
    if known is None:
        raise NotFound(
            N_("There is no material “{code}”."),
            do=N_("“tuxa catalogue show” lists the materials."),
            code=material,
        )
    return known


@app.command()
def rights(
    context: typer.Context,
    material: Annotated[str, typer.Argument(help="Code of the material.")],
    owner: Annotated[
        str, typer.Option(help="Who holds the rights; without it, what is recorded is shown.")
    ] = "",
    licence: Annotated[str, typer.Option(help="Number of the agreement.")] = "",
    territory: Annotated[str, typer.Option(help="Where it may be used.")] = "VN",
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_DATES, help="First day; default: now.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_DATES, help="Last day; default: without end.")
    ] = None,
    actor: Annotated[str, typer.Option(help="Code of the person who records it.")] = "technician",
    as_json: _Json = False,
) -> None:
    """Record or show from when until when a material may be used (TT-3.4). Outside, it is neither aired, printed nor
    shown."""
    tuxa = app_of(context)
    _known_material(tuxa, material)
    if owner:
        tuxa.materials.license(
            Rights(
                material,
                owner,
                licence,
                territory,
                _local(since) or tuxa.clock.now(),
                _local(until, days=1),
            ),
            actor=actor,
        )
    held = tuxa.materials.rights(material)
    if as_json:
        print_json(_rights_document(material, held, tuxa.clock.now()))
    elif held is None:
        say(
            tuxa.translate(
                N_("Nothing is recorded of rights in {material}: it is our own."), material=material
            )
        )
    else:
        say(
            tuxa.translate(
                N_("{material}: {owner}, {licence}, {territory}, from {since} until {until}."),
                material=material,
                owner=held.owner,
                licence=held.licence or "-",
                territory=held.territory,
                since=_day(held.since),
                until=_day(held.until, last=True) if held.until else "-",
            )
        )
    if held is not None and not held.cover(tuxa.clock.now()):
        raise typer.Exit(ExitCode.REFUSED)


def _rights_document(material: str, held: Rights | None, now: datetime) -> dict[str, Any]:
    return {
        "material": material,
        "owner": held.owner if held else None,
        "licence": held.licence if held else None,
        "territory": held.territory if held else None,
        "since": held.since.isoformat() if held else None,
        "until": held.until.isoformat() if held and held.until else None,
        "valid": held is None or held.cover(now),
    }


def _local(day: datetime | None, *, days: int = 0) -> datetime | None:
    """Midnight with which a day of the local calendar begins, `days` later."""
    return day.replace(tzinfo=VIETNAM) + timedelta(days=days) if day else None


def _day(moment: datetime, *, last: bool = False) -> str:
    """A day as people write it; the one that ends at `moment` when it is the last."""
    return f"{(moment - timedelta(days=1) if last else moment).astimezone(VIETNAM):%d/%m/%Y}"


@app.command()
def status(context: typer.Context, as_json: _Json = False) -> None:
    """What is being converted, what is stored, what was refused."""
    tuxa = app_of(context)
    ingest = ingest_of(tuxa)
    media = MediaStore(tuxa.database)
    lessons = {(row.asset, row.material): row for row in media.lessons()}
    documents: list[dict[str, Any]] = []
    for job in media.jobs():
        lesson = lessons.get((job.asset, job.material))
        fraction, step = ingest.fraction(job.asset) if job.state == "running" else (1.0, "")
        documents.append(
            {
                "file": job.file,
                "asset": job.asset,
                "material": job.material,
                "state": job.state,
                "verdict": verdict_of(job),
                "fraction": fraction,
                "step": tuxa.translate(step),
                "course": lesson.course if lesson else "",
                "unit": lesson.unit if lesson else 0,
                "duration_ticks": lesson.ticks if lesson else 0,
                "problems": [tuxa.translate(problem) for problem in problems_of(job)],
            }
        )
    if as_json:
        print_json({"jobs": documents})
        return
    words = {"": N_("converting"), **{str(verdict): text for verdict, text in VERDICTS.items()}}
    for document in documents:
        minutes, seconds = divmod(document["duration_ticks"] * TICK_MS // 1000, 60)
        share = f"{document['fraction']:.0%}" if document["state"] == "running" else f"{minutes}:{seconds:02}"
        say(
            f"{document['material']:12} {tuxa.translate(words[document['verdict']]):22} {share:>7}  {document['file']}"
        )
        for problem in document["problems"]:
            say(f"{'':12} ! {problem}")


@app.command()
def verify(context: typer.Context, as_json: _Json = False) -> None:
    """Read every stored recording and segment, and compare it with its hash."""
    tuxa = app_of(context)
    with bar(tuxa.translate(N_("Verifying"))) as show:
        health = verify_library(library_of(tuxa), show)
    if as_json:
        problems = [
            {
                "asset": rot.asset,
                "lessons": [row.material for row in rot.lessons],
                "part": rot.part,
                "blob": rot.blob,
                "problem": tuxa.translate(rot.problem),
                "do": tuxa.translate(rot.do),
            }
            for rot in health.rot
        ]
        print_json({"ok": not problems, "assets": health.assets, "files": health.files, "problems": problems})
    else:
        for rot in health.rot:
            names = ", ".join(f"{row.material} “{row.title}”" for row in rot.lessons) or rot.asset[:12]
            say(f"{names}, {rot.part}: {tuxa.translate(rot.problem)} ({rot.blob})")
            say(f"  {tuxa.translate(rot.do)}")
        say(
            tuxa.translate(
                N_("{assets} recordings, {files} files, {problems} problems."),
                assets=health.assets,
                files=health.files,
                problems=len(health.rot),
            )
        )
    if health.rot:
        raise typer.Exit(ExitCode.REFUSED)


def library_of(tuxa: App) -> Library:
    """The library of this home."""
    return Library(tuxa.database, tuxa.blobs, clock=tuxa.clock)


def ingest_of(tuxa: App) -> Ingest:
    """Ingest into this home."""
    ffmpeg = find_ffmpeg(tuxa.settings.ffmpeg)
    return Ingest(library_of(tuxa), tuxa.facts, home=tuxa.settings.home, ffmpeg=ffmpeg)


def profiles_folder(tuxa: App) -> Path:
    """Where an institution puts its own media profiles."""
    return tuxa.settings.home / "media_profiles"


def ingest_with_progress(
    tuxa: App, files: list[tuple[Path, Lesson]], *, profile: Profile, actor: str, form: Form
) -> list[Result]:
    """Ingest, showing how far each file and all of them are; the results in the order of `files`."""
    results: dict[str, Result] = {}
    with (
        tuxa.executor() as executor,
        batch_of([file for file, _ in files], form, words=tuxa.translate, clock=tuxa.clock) as batch,
        # Closed at once when interrupted: that is what calls off the work that is still running.
        closing(
            ingest_of(tuxa).add(files, profile=profile, executor=executor, actor=actor, progress=batch.tell)
        ) as done,
    ):
        for result in done:
            results[result.file] = result
            batch.tell(result.file, 1.0, VERDICTS[result.verdict])
    for result in results.values():
        if result.error and form is not Form.JSON:
            note(tuxa.translate.error(result.error))
    return [results[str(file)] for file, _ in files]


def lesson_in_catalogue(tuxa: App, course: str, unit: int, *, kind: Kind, material: str) -> Lesson:
    """The material that a recording of this course and unit is. Raises NotFound or Refused."""
    catalogue = tuxa.catalogue()
    if course not in catalogue.courses:
        raise NotFound(
            N_("There is no course {course}."),
            do=N_("Known courses: {known}."),
            course=course,
            known=", ".join(sorted(catalogue.courses)) or "-",
        )
    fitting = [
        m
        for m in catalogue.materials.values()
        if m.course == course
        and m.unit == unit
        and m.kind is _MATERIAL_KINDS[kind]
        and material in ("", m.code)
    ]
    if len(fitting) != 1:
        raise Refused(
            N_("Unit {unit} of {course} has {count} materials of this kind{named}."),
            do=N_("Name one with --material ({known}), or add it to the catalogue."),
            unit=unit,
            course=course,
            count=len(fitting),
            named=f" ({material})" if material else "",
            known=", ".join(sorted(m.code for m in fitting)) or "-",
        )
    found = fitting[0]
    return Lesson(found.code, course, unit, found.title)


def _line(tuxa: App, result: Result) -> str:
    verdict = tuxa.translate(VERDICTS[result.verdict])
    changes = "; ".join(tuxa.translate(message) for message in (*result.fixes, *result.problems))
    ident = result.asset.id[:12] if result.asset else "-"
    return f"{Path(result.file).name}: {verdict} [{ident}] {changes}".rstrip()
