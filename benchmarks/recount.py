"""The reports' numbers counted again, in SQL over the raw tables: no code of the product is used."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

LEVELS = ("upper_secondary", "intermediate", "college", "university")
_PLACES = """
    WITH learner AS (SELECT code, cohort, site FROM read_csv('{learners}', all_varchar=true)),
    cohort AS (SELECT code, programme, CAST(admission_date AS DATE) AS admitted
               FROM read_csv('{cohorts}', all_varchar=true)),
    event AS (SELECT learner, event, CAST("on" AS DATE) AS day, coalesce(detail, '') AS detail
              FROM read_csv('{standings}', all_varchar=true)),
    moved AS (SELECT learner, day, detail AS site FROM event WHERE event = 'transferred'),
    person AS (SELECT l.code, l.cohort, l.site AS home, c.programme, c.admitted <= DATE '2024-02-12' AS legacy
               FROM learner l JOIN cohort c ON c.code = l.cohort)
"""
_SITE_ON = (
    "coalesce((SELECT m.site FROM moved m WHERE m.learner = {who} AND m.day <= {day} "
    "ORDER BY m.day DESC LIMIT 1), {home})"
)


def _sql(folder: Path, text: str) -> str:
    names = {name: folder / f"{name}.csv" for name in ("learners", "cohorts", "standings")}
    return _PLACES.format(**names) + text


def annex1_learners(duckdb: Any, folder: Path, year: int) -> dict[tuple[str, str, bool], dict[str, int]]:
    """(programme, site, older circular) -> count by column of table III."""
    site = _SITE_ON.format(who="p.code", day="e.day", home="p.home")
    flows = f"""
        SELECT p.programme, {site} AS site, p.legacy,
               CASE WHEN e.event = 'enrolled' THEN e.detail ELSE e.event END AS what, count(DISTINCT p.code)
        FROM person p JOIN event e ON e.learner = p.code
        WHERE year(e.day) = {year} AND e.event IN ('enrolled', 'dismissed', 'graduated')
        AND (e.event = 'enrolled' OR NOT EXISTS (
            SELECT 1 FROM event x WHERE x.learner = e.learner AND x.day < e.day
            AND x.event IN ('dismissed', 'graduated', 'withdrawn_voluntary')))
        GROUP BY ALL
    """
    last = f"DATE '{year}-12-31'"
    site = _SITE_ON.format(who="p.code", day=last, home="p.home")
    stock = f"""
        SELECT p.programme, {site} AS site, p.legacy, count(*)
        FROM person p
        WHERE EXISTS (SELECT 1 FROM event e WHERE e.learner = p.code AND e.event = 'enrolled' AND e.day <= {last})
          AND NOT EXISTS (SELECT 1 FROM event e WHERE e.learner = p.code AND e.day <= {last}
                          AND e.event IN ('dismissed', 'graduated', 'withdrawn_voluntary'))
        GROUP BY ALL
    """
    out: dict[tuple[str, str, bool], dict[str, int]] = {}
    columns = (*LEVELS, "dismissed", "graduated", "headcount")
    for programme, place, legacy, what, count in duckdb.sql(_sql(folder, flows)).fetchall():
        out.setdefault((programme, place, legacy), dict.fromkeys(columns, 0))[what] = count
    for programme, place, legacy, count in duckdb.sql(_sql(folder, stock)).fetchall():
        out.setdefault((programme, place, legacy), dict.fromkeys(columns, 0))["headcount"] = count
    return out


def annex1_staff(duckdb: Any, folder: Path, year: int) -> dict[str, list[int]]:
    """Programme -> columns (3) to (9) of table IV."""
    inside = (
        f"coalesce(try_cast({{t}}.starts AS DATE), DATE '1900-01-01') <= DATE '{year}-12-31' AND "
        f"coalesce(try_cast({{t}}.ends AS DATE), DATE '9999-01-01') >= DATE '{year}-01-01'"
    )
    query = f"""
        WITH teaching AS (SELECT * FROM read_csv('{folder / "teaching.csv"}', all_varchar=true)),
        course AS (SELECT * FROM read_csv('{folder / "courses.csv"}', all_varchar=true)),
        programme AS (SELECT * FROM read_csv('{folder / "programmes.csv"}', all_varchar=true)),
        person AS (SELECT * FROM read_csv('{folder / "people.csv"}', all_varchar=true)),
        duty AS (SELECT * FROM read_csv('{folder / "appointments.csv"}', all_varchar=true)),
        held AS (
            SELECT c.programme, 'teach' AS part, t.person FROM teaching t JOIN course c ON c.code = t.course
            WHERE {inside.format(t="t")}
            UNION SELECT c.programme, 'teach', c.lecturer FROM course c WHERE coalesce(c.lecturer, '') <> ''
            AND NOT EXISTS (SELECT 1 FROM teaching t WHERE t.course = c.code)
            UNION SELECT p.code, CASE d.duty WHEN 'distance_manager' THEN 'manage' ELSE 'help' END, d.person
            FROM duty d JOIN programme p ON coalesce(d.programme, '') IN ('', p.code)
            WHERE d.duty IN ('distance_manager', 'support_staff', 'adviser', 'academic_clerk')
            AND {inside.format(t="d")})
        SELECT h.programme, h.part, p.employment, count(DISTINCT h.person)
        FROM held h JOIN person p ON p.code = h.person GROUP BY ALL
    """
    places = {
        ("teach", "permanent"): 0,
        ("teach", "full_time_contract"): 1,
        ("teach", "visiting"): 2,
        ("help", "permanent"): 3,
        ("help", "full_time_contract"): 4,
        ("help", "case_contract"): 5,
    }
    out: dict[str, list[int]] = {}
    for programme, part, employment, count in duckdb.sql(query).fetchall():
        row = out.setdefault(programme, [0] * 7)
        if part == "manage":
            row[6] += count
        elif (part, employment) in places:
            row[places[(part, employment)]] += count
    return out


def cohort_counts(duckdb: Any, folder: Path, on: date) -> dict[str, list[int]]:
    """Cohort -> enrolled, studying, left, of these voluntary and dismissed, graduated, on a day (TX-14.5b)."""
    query = f"""
        , now AS (
            SELECT p.cohort, p.code,
                   max(e.event = 'withdrawn_voluntary') AS v, max(e.event = 'dismissed') AS d,
                   max(e.event = 'graduated') AS g
            FROM person p JOIN event e ON e.learner = p.code AND e.day <= DATE '{on.isoformat()}'
            GROUP BY ALL HAVING max(e.event = 'enrolled'))
        SELECT cohort, count(*), count_if(NOT v AND NOT d AND NOT g), count_if(v OR d), count_if(v), count_if(d),
               count_if(g) FROM now GROUP BY cohort
    """
    return {row[0]: list(row[1:]) for row in duckdb.sql(_sql(folder, query)).fetchall()}
