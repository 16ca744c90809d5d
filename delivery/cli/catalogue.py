"""``tuxa catalogue``: import programmes, courses, people and learners; show what is stored."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from delivery.app import App
from delivery.catalogue.model import Catalogue
from delivery.cli.context import app_of, note, print_json, say
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.store.catalogue import document_of
from delivery.store.import_result import ImportResult
from delivery.store.roster import Progress

app = typer.Typer(no_args_is_help=True, help="Programmes, courses, people and learners.")


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Folder of CSV or XLSX files, or one .xlsx workbook.")],
    actor: Annotated[str, typer.Option(help="Code of the person who imports.")] = "cli",
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Accept that more than half of a table is gone.")
    ] = False,
    enrol_again: Annotated[
        bool, typer.Option("--enrol-again", help="Also enrol learners in courses that they left.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Import a catalogue and a roster. All or nothing; importing again changes nothing."""
    tuxa = app_of(context)
    with _bar(tuxa.translate) as progress:
        result = tuxa.importer.run(
            path, actor=actor, allow_shrink=allow_shrink, enrol_again=enrol_again, progress=progress
        )
    if as_json:
        print_json(
            {
                **asdict(result),
                "changed": result.changed,
                "notes": [tuxa.translate(message) for message in result.notes],
            }
        )
        return
    for message in result.notes:
        note(tuxa.translate(message))
    for line in _lines(result, tuxa.translate):
        say(line)


@contextmanager
def _bar(translate: Translator) -> Iterator[Progress]:
    """A bar on standard error when that is a terminal; otherwise a line per tenth."""
    if sys.stderr.isatty():
        with typer.progressbar(length=1, label=translate(N_("Learners")), file=sys.stderr) as bar:

            def draw(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            yield draw
        return
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if total >= 5000 and done * 10 // total > told:
            told = done * 10 // total
            note(translate(N_("Learners: {done} of {total}"), done=done, total=total))

    yield tell


def _lines(result: ImportResult, translate: Translator) -> Iterator[str]:
    if not result.changed:
        yield translate(N_("Nothing changed: everything in the files is already stored."))
        return
    for table, change in result.tables.items():
        if not change.empty:
            yield translate(
                N_("{table}: {added} added, {changed} changed, {removed} removed."),
                table=translate(_TABLES[table]),
                added=change.added,
                changed=change.changed,
                removed=change.removed,
            )
    for name, change in result.registers.items():
        if not change.empty:
            yield translate(
                N_("Register {table}: {added} added, {changed} changed, {removed} removed."),
                table=name,
                added=change.added,
                changed=change.changed,
                removed=change.removed,
            )
    if result.standings:
        yield translate(
            N_("Learners' standing: {count} events, terms and results recorded."), count=result.standings
        )
    yield translate(
        N_("Learners: {registered} registered, {changed} profiles changed, {enrolled} enrolments added."),
        registered=result.registered,
        changed=result.profiles_changed,
        enrolled=result.enrolled,
    )


@app.command("leave")
def leave(
    context: typer.Context,
    learner: Annotated[str, typer.Argument(help="Student code.")],
    course: Annotated[str, typer.Argument(help="Code of the course.")],
    reason: Annotated[str, typer.Option(help="Why; kept for good, so without personal data.")],
    actor: Annotated[str, typer.Option(help="Code of the person who records it.")] = "cli",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Record that a learner left a course. What was recorded of it stays; again, it changes nothing."""
    tuxa = app_of(context)
    left = tuxa.enrolments.leave(learner, course, reason=reason, actor=actor)
    if as_json:
        print_json(asdict(left))
        return
    text = N_("{learner} left course {course}.") if left.new else N_("{learner} left course {course} before.")
    say(tuxa.translate(text, learner=learner, course=course))


@app.command("show")
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show the catalogue that is stored."""
    tuxa = app_of(context)
    catalogue = tuxa.catalogue()
    learners = tuxa.learners.all()
    if as_json:
        sites = {site: sum(1 for ref in learners if ref.site == site) for site in sorted(catalogue.sites)}
        print_json({**document_of(catalogue), "learners": {"count": len(learners), "by_site": sites}})
        return
    for line in _catalogue_lines(tuxa, catalogue):
        say(line)
    say(tuxa.translate(N_("{count} learners."), count=len(learners)))


def _catalogue_lines(tuxa: App, catalogue: Catalogue) -> Iterator[str]:
    translate = tuxa.translate
    yield f"{catalogue.institution.code}  {catalogue.institution.name}"
    for site in catalogue.sites.values():
        yield f"  {site.code:<10} {site.name}"
    for programme in catalogue.programmes.values():
        yield f"{programme.code} ({programme.version})  {programme.name}"
        for course in catalogue.courses.values():
            if course.programme != programme.code:
                continue
            yield "  " + translate(
                N_("{code} {name}: {credits} credits, {mode}, {activities} activities, {learners} learners"),
                code=course.code,
                name=course.name,
                credits=f"{course.credits:f}",
                mode=translate(_MODES[course.lead_mode.value]),
                activities=len(catalogue.activities_of[course.code]),
                learners=len(tuxa.learners.of_course(course.code)),
            )


_TABLES = {
    "institution": N_("Institution"),
    "sites": N_("Venues"),
    "programmes": N_("Programmes"),
    "cohorts": N_("Cohorts"),
    "courses": N_("Courses"),
    "units": N_("Units"),
    "components": N_("Component scores"),
    "activities": N_("Activities"),
    "materials": N_("Materials"),
    "people": N_("Staff"),
}
_MODES = {
    "network": N_("computer and telecommunications network"),
    "postal": N_("post"),
    "broadcast": N_("radio and television"),
    "face_to_face": N_("face to face"),
}
