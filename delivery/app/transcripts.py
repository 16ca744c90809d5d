"""Gives the transcript what it needs of a home, and holds a transcript against the home's ledger."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import select

from delivery.app.core import App
from delivery.app.reports import today_of
from delivery.catalogue.learner_rows import CourseResult
from delivery.catalogue.model import Catalogue, Cohort
from delivery.catalogue.register_kinds import Answer
from delivery.errors import N_, Message
from delivery.regulation.academic import points_of
from delivery.regulation.profile import Profile, load_profile
from delivery.reports.transcript import FAILED, Transcript, born, heads_of, sign_transcript, statement_of
from delivery.store.evidence import RegisterStore
from delivery.store.standings import rows_of
from delivery.store.tables.core import FactTable

_fact = FactTable.__table__  # type: ignore[attr-defined]


def make_transcript(app: App, learner: str) -> Transcript:
    """The signed transcript of a learner (learner id), as of today. Raises what reading the record raises."""
    catalogue = app.catalogue()
    record = app.records.show(learner, catalogue)
    profile = app.vault.profile(learner)
    cohort = catalogue.cohorts.get(record["cohort"])
    programme = catalogue.programmes.get(cohort.programme) if cohort else None
    details = RegisterStore(app.database).load().institution_details.get(catalogue.institution.code)
    province = details.province if details else ""
    for kind in ("Tỉnh ", "Thành phố "):
        province = province.removeprefix(kind)
    statement = statement_of(
        record,
        issued=today_of(app),
        site=app.settings.site,
        place=province or "…",
        institution=catalogue.institution.name,
        above=catalogue.institution.supervising_body,
        programme=programme.name if programme else "",
        basis=_profile(app, cohort).basis_of(cohort.admission_date) if cohort else (),
        person={
            "name": profile.full_name if profile else "",
            "code": profile.code if profile else "",
            "birth": born(profile.birth_date) if profile else "",
        },
        official=_official(app, learner, catalogue, _profile(app, cohort)),
    )
    return sign_transcript(statement, app.keys.signing)


def _profile(app: App, cohort: Cohort | None) -> Profile:
    return load_profile((cohort.profile if cohort else "") or app.settings.profile)


def _official(app: App, learner: str, catalogue: Catalogue, profile: Profile) -> Iterator[dict[str, str]]:
    """Official results that the study office entered."""
    rules = profile.grading
    with app.database.read() as connection:
        rows = [r for r in rows_of(connection, learner) if isinstance(r, CourseResult)]
    for row in rows:
        course = catalogue.courses.get(row.course)
        if row.official is not Answer.YES or course is None or not row.letter:
            continue
        points = points_of(row.letter, rules)
        yield {
            "course": row.course,
            "name": course.name,
            "credits": str(course.credits),
            "score": str(row.score) if row.score is not None else "",
            "letter": row.letter,
            "points": str(points) if points is not None else "",
            "note": FAILED if points == Decimal(0) else "",
        }


def against_ledger(app: App, transcript: Transcript) -> list[Message]:
    """What this home's ledger says of a transcript: each head still stands where it was signed."""
    problems = []
    with app.database.read() as connection:
        for head in heads_of(transcript):
            query = select(_fact.c.hash).where(_fact.c.stream == head.stream, _fact.c.seq == head.seq)
            held = connection.execute(query).scalar()
            if held is None:
                text = N_("Stream {stream} has no fact {sequence} in this home.")
            elif held != head.hash:
                text = N_("Stream {stream} is another one since fact {sequence}: the ledger was changed.")
            else:
                continue
            problems.append(Message(text, {"stream": head.stream, "sequence": head.seq}))
    return problems
