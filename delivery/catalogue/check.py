"""Checks across tables: every reference exists, and every course can be graded by its regulation profile.

Only what would make the catalogue contradict itself is a problem; what an institution may still be working on is a
note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from delivery.catalogue.grading import GradingRules
from delivery.catalogue.kinds import DISTANCE_MODES, ActivityKind, ComponentKind, Role, SiteKind
from delivery.catalogue.model import Activity, Catalogue, Course, Material
from delivery.catalogue.parse import Problems, Where
from delivery.errors import N_, Message

Places = Mapping[tuple[str, object], Where]
"""(table, key) -> where the row stands; rows kept from an earlier import are not in it."""


@dataclass(frozen=True, slots=True)
class Regulations:
    """The grading rules of every known profile, and the profile of cohorts that name none."""

    rules: Mapping[str, GradingRules]
    default: str

    def of_programme(self, catalogue: Catalogue, programme: str) -> tuple[GradingRules, ...]:
        """The rules that courses of `programme` must satisfy: those of every cohort's profile."""
        names = {c.profile or self.default for c in catalogue.cohorts.values() if c.programme == programme}
        return tuple(self.rules[name] for name in sorted(names or {self.default}) if name in self.rules)


@dataclass(slots=True)
class _Check:
    catalogue: Catalogue
    places: Places
    problems: Problems

    def bad(self, table: str, key: object, column: str, reason: Message) -> None:
        where = self.places.get((table, key))
        if where is not None:
            self.problems.in_cell(where, column, reason)
        else:
            shown = " / ".join(map(str, key)) if isinstance(key, tuple) else str(key)
            text = N_("{table} “{key}”, kept from an earlier import, column “{column}”: {reason}")
            params = {"table": table, "key": shown, "column": column, "reason": reason}
            self.problems.found.append(Message(text, params))

    def refers(
        self, table: str, key: object, column: str, *, to: str, known: Iterable[object], value: object
    ) -> None:
        """`value` must be one of `known`, the keys of table `to`."""
        if value not in known and not self.problems.excuses(to, value):
            reason = Message(
                N_("“{value}” is not in {table}. Correct the code, or add the row there."),
                {"value": value, "table": to},
            )
            self.bad(table, key, column, reason)


def check(catalogue: Catalogue, places: Places, regulations: Regulations, problems: Problems) -> None:
    """Add to `problems` whatever does not fit together."""
    run = _Check(catalogue, places, problems)
    _check_sites(run)
    _check_programmes(run, regulations)
    _check_courses(run)
    _check_activities(run)
    _check_materials(run)
    for course in catalogue.courses.values():
        for rules in regulations.of_programme(catalogue, course.programme):
            _check_components(run, course, rules)
        _note_missing_kinds(run, course)


def _check_sites(run: _Check) -> None:
    sites = run.catalogue.sites.values()
    if sites and not any(site.kind is SiteKind.HEADQUARTERS for site in sites):
        reason = Message(
            N_("No site is the headquarters. Write “headquarters” in the column “kind” of one row.")
        )
        run.problems.in_file("sites", reason)
    for site in sites:
        if site.kind is SiteKind.HEADQUARTERS or site.code.casefold() != "all":
            continue
        run.bad("sites", site.code, "code", Message(N_("“all” means every site. Choose another code.")))


def _check_programmes(run: _Check, regulations: Regulations) -> None:
    catalogue = run.catalogue
    for cohort in catalogue.cohorts.values():
        run.refers(
            "cohorts",
            cohort.code,
            "programme",
            to="programmes",
            known=catalogue.programmes,
            value=cohort.programme,
        )
        if cohort.profile and cohort.profile not in regulations.rules:
            known = ", ".join(sorted(regulations.rules))
            reason = Message(
                N_("There is no regulation profile “{name}”. Known profiles: {known}."),
                {"name": cohort.profile, "known": known},
            )
            run.bad("cohorts", cohort.code, "profile", reason)


def _check_courses(run: _Check) -> None:
    catalogue = run.catalogue
    for course in catalogue.courses.values():
        key = course.code
        run.refers(
            "courses", key, "programme", to="programmes", known=catalogue.programmes, value=course.programme
        )
        if course.lecturer:
            run.refers("courses", key, "lecturer", to="people", known=catalogue.people, value=course.lecturer)
            person = catalogue.people.get(course.lecturer)
            if person is not None and Role.LECTURER not in person.roles:
                reason = Message(
                    N_(
                        "{code} does not have the role “lecturer”. Add the role in people, or name another person."
                    ),
                    {"code": course.lecturer},
                )
                run.bad("courses", key, "lecturer", reason)
    for unit_key, unit in catalogue.units.items():
        run.refers("units", unit_key, "course", to="courses", known=catalogue.courses, value=unit.course)
    for component_key, component in catalogue.components.items():
        run.refers(
            "components",
            component_key,
            "course",
            to="courses",
            known=catalogue.courses,
            value=component.course,
        )


def _check_unit(run: _Check, table: str, row: Activity | Material) -> None:
    """A row belongs to a course, and to one of its units or (unit 0) to the whole course."""
    catalogue = run.catalogue
    run.refers(table, row.code, "course", to="courses", known=catalogue.courses, value=row.course)
    key = (row.course, row.unit)
    missing = row.unit and row.course in catalogue.courses and key not in catalogue.units
    if missing and not run.problems.excuses("units", key):
        reason = Message(
            N_(
                "Course {course} has no unit {unit}. "
                "Correct the number, add the unit, or leave it empty for the whole course."
            ),
            {"course": row.course, "unit": row.unit},
        )
        run.bad(table, row.code, "unit", reason)


def _check_activities(run: _Check) -> None:
    catalogue = run.catalogue
    for activity in catalogue.activities.values():
        key = activity.code
        _check_unit(run, "activities", activity)
        component = (activity.course, activity.component)
        missing = activity.component and component not in catalogue.components
        if missing and not run.problems.excuses("components", component):
            reason = Message(
                N_(
                    "Course {course} has no component “{component}”. Correct the code, or add it to components."
                ),
                {"course": activity.course, "component": activity.component},
            )
            run.bad("activities", key, "component", reason)
        if activity.material:
            run.refers(
                "activities",
                key,
                "material",
                to="materials",
                known=catalogue.materials,
                value=activity.material,
            )
            if (material := catalogue.materials.get(activity.material)) is not None:
                _check_use(run, activity, material)


def _check_use(run: _Check, activity: Activity, material: Material) -> None:
    if material.course != activity.course:
        reason = Message(
            N_("Material {material} belongs to course {course}. Use material of the same course."),
            {"material": material.code, "course": material.course},
        )
        run.bad("activities", activity.code, "material", reason)
    if activity.mode in DISTANCE_MODES and activity.mode not in material.modes:
        # TX-4.1: material suits the mode that it is used in.
        reason = Message(
            N_(
                "Material {material} is not meant for the mode “{mode}”. "
                "Add the mode in materials, or use other material."
            ),
            {"material": material.code, "mode": activity.mode.value},
        )
        run.bad("activities", activity.code, "material", reason)


def _check_materials(run: _Check) -> None:
    for material in run.catalogue.materials.values():
        _check_unit(run, "materials", material)
        if material.author:
            people = run.catalogue.people
            run.refers("materials", material.code, "author", to="people", known=people, value=material.author)


def _check_components(run: _Check, course: Course, rules: GradingRules) -> None:
    """T8-9.1-1 (number of components, weights) and TX-5.5 (process and final)."""
    damaged = run.problems.broken.get("components", ())
    if "components" in run.problems.unread or any(key[0] == course.code for key in damaged):
        return
    components = run.catalogue.components_of[course.code]
    small = course.credits < rules.small_course_credits
    least = rules.min_components_small if small else rules.min_components
    if len(components) < least:
        reason = Message(
            N_(
                "Course {course} has {found} component scores; its credits need at least {least} ({profile}, T8-9.1-1)."
            ),
            {"course": course.code, "found": len(components), "least": least, "profile": rules.profile},
        )
        run.bad("courses", course.code, "code", reason)
    total = sum((component.weight for component in components), Decimal(0))
    if components and total != rules.weights_total:
        reason = Message(
            N_(
                "The weights of course {course} sum to {total}, not to {wanted}. "
                "Correct them in components ({profile}, T8-9.1-1)."
            ),
            {
                "course": course.code,
                "total": f"{total:f}",
                "wanted": f"{rules.weights_total:f}",
                "profile": rules.profile,
            },
        )
        run.bad("components", (course.code, components[0].code), "weight", reason)
    kinds = {component.kind for component in components}
    if len(components) >= rules.min_components and len(kinds) < len(ComponentKind):
        reason = Message(
            N_(
                "Course {course} needs a process component and a final one (TX-5.5). Correct the kinds in components."
            ),
            {"course": course.code},
        )
        run.bad("components", (course.code, components[0].code), "kind", reason)


def _note_missing_kinds(run: _Check, course: Course) -> None:
    """TX-9.7-2: each of the four kinds of activity, for each mode that the course uses."""
    for mode in DISTANCE_MODES:
        if "activities" in run.problems.unread:
            return
        used = {a.kind for a in run.catalogue.activities_of[course.code] if a.mode is mode}
        missing = [kind.value for kind in ActivityKind if kind not in used]
        if used and missing:
            note = Message(
                N_(
                    "Course {course}: no activity of kind {kinds} in the mode “{mode}” (TX-9.7-2). "
                    "Add it before teaching."
                ),
                {"course": course.code, "kinds": ", ".join(missing), "mode": mode.value},
            )
            run.problems.notes.append(note)
