"""``tuxa media``: recordings in, material ready for air out."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from delivery.app import App
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.ingest import Ingest, Lesson, Result
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, Profile, load_profile
from delivery.catalogue.kinds import MaterialKind
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.progress import bar
from delivery.errors import N_, ExitCode, NotFound, Refused, TuxaError
from delivery.store.media import MediaStore
from delivery.units import TICK_MS

app = typer.Typer(no_args_is_help=True, help="Recordings: convert to the house format, list, verify.")
_Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
_STEPS = 1000


class Kind(StrEnum):
    TV = "tv"
    RADIO = "radio"


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
    results = ingest_with_bar(tuxa, [(file, lesson) for file in files], profile=house, actor=actor)
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
    signer: Annotated[str, typer.Option(help="Code of the person who approves; not the author.")],
    as_json: _Json = False,
) -> None:
    """Record appraisal and approval of exactly the bytes that are stored now (TX-4.5-1)."""
    tuxa = app_of(context)
    known = tuxa.catalogue().materials.get(material)
    if known is None:
        raise NotFound(
            N_("There is no material “{code}”."),
            do=N_("“tuxa catalogue show” lists the materials."),
            code=material,
        )
    lesson = tuxa.library.media.lesson_of(material)
    content = lesson.source if lesson else known.content
    if not content:
        raise Refused(
            N_("Material {material} has no content yet."),
            do=N_("Add its recording with “tuxa media add”, or its file in materials.csv."),
            material=material,
        )
    tuxa.materials.appraise(material, content=content, minutes=minutes, actor=appraiser)
    tuxa.materials.approve(
        material, content=content, modes=known.modes, decision=decision, signer=signer, author=known.author
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


@app.command()
def status(context: typer.Context, as_json: _Json = False) -> None:
    """What is being converted, what is stored, what was refused."""
    tuxa = app_of(context)
    ingest = ingest_of(tuxa)
    media = MediaStore(tuxa.database)
    lessons = {(row.asset, row.material): row for row in media.lessons()}
    documents = []
    for job in media.jobs():
        lesson = lessons.get((job.asset, job.material))
        fraction, step = ingest.fraction(job.asset) if job.state == "running" else (1.0, "")
        documents.append(
            {
                "file": job.file,
                "asset": job.asset,
                "material": job.material,
                "state": job.state,
                "fraction": fraction,
                "step": tuxa.translate(step),
                "course": lesson.course if lesson else "",
                "unit": lesson.unit if lesson else 0,
                "duration_ticks": lesson.ticks if lesson else 0,
                "problems": job.result.get("problems", []),
            }
        )
    if as_json:
        print_json({"jobs": documents})
        return
    words = {"running": N_("converting"), "done": N_("ready"), "refused": N_("refused")}
    for document in documents:
        minutes, seconds = divmod(document["duration_ticks"] * TICK_MS // 1000, 60)
        share = f"{document['fraction']:.0%}" if document["state"] == "running" else f"{minutes}:{seconds:02}"
        say(
            f"{document['material']:12} {tuxa.translate(words[document['state']]):14} {share:>7}  {document['file']}"
        )


@app.command()
def verify(context: typer.Context, as_json: _Json = False) -> None:
    """Read every stored recording and segment, and compare it with its hash."""
    tuxa = app_of(context)
    checked, problems = 0, []
    library = library_of(tuxa)
    documents = library.media.documents()
    seen: set[str] = set()
    with bar(tuxa.translate(N_("Verifying"))) as show:
        for number, document in enumerate(documents):
            asset = library.get(document["id"])
            addresses = [s.blob for r in asset.renditions for s in r.segments]
            addresses += [asset.poster] if asset.poster else []
            addresses += [asset.source] if tuxa.blobs.exists(asset.source) else []
            for address in addresses:
                if address in seen:
                    continue
                seen.add(address)
                checked += 1
                try:
                    tuxa.blobs.get(address)
                except TuxaError as error:
                    problems.append(
                        {"asset": asset.id, "blob": address, "problem": tuxa.translate(error.what)}
                    )
            show(number + 1, len(documents))
    if as_json:
        print_json({"ok": not problems, "assets": len(documents), "files": checked, "problems": problems})
    else:
        for problem in problems:
            say(f"{problem['asset'][:12]}: {problem['problem']}")
        say(
            tuxa.translate(
                N_("{assets} recordings, {files} files, {problems} problems."),
                assets=len(documents),
                files=checked,
                problems=len(problems),
            )
        )
    if problems:
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


def ingest_with_bar(
    tuxa: App, files: list[tuple[Path, Lesson]], *, profile: Profile, actor: str
) -> list[Result]:
    """Ingest with one bar over all files; the results in the order of `files`."""
    fractions = {str(file): 0.0 for file, _ in files}
    results: dict[str, Result] = {}
    with tuxa.executor() as executor, bar(tuxa.translate(N_("Converting"))) as show:

        def progress(file: str, fraction: float, _step: str) -> None:
            fractions[file] = fraction
            show(round(sum(fractions.values()) / len(fractions) * _STEPS), _STEPS)

        # Closed at once when interrupted: that is what calls off the work that is still running.
        with closing(
            ingest_of(tuxa).add(files, profile=profile, executor=executor, actor=actor, progress=progress)
        ) as done:
            for result in done:
                results[result.file] = result
                progress(result.file, 1.0, "")
    for result in results.values():
        if result.error:
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
    words = {"pass": N_("ready"), "pass-with-fixes": N_("ready, with changes"), "refused": N_("refused")}
    verdict = tuxa.translate(words[result.verdict])
    changes = "; ".join(tuxa.translate(message) for message in (*result.fixes, *result.problems))
    ident = result.asset.id[:12] if result.asset else "-"
    return f"{Path(result.file).name}: {verdict} [{ident}] {changes}".rstrip()
