"""What the packets of a course hold, and whether it may be printed: from catalogue and approvals. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from delivery.catalogue.kinds import PRINTED_KINDS, ActivityKind, DeliveryMode, MaterialKind, MaterialRole
from delivery.catalogue.model import Activity, Catalogue, Course, Material
from delivery.errors import N_, BadInput, GateClosed, Message, NotFound
from delivery.postal.outgoing.packet import Part
from delivery.postal.roles import ASSIGNMENT, MATERIAL

Approved = Callable[..., bool]
"""``approved(material, content=…, mode=…)``: whether exactly these bytes may be used (design D7)."""


def choose_parts(catalogue: Catalogue, course: str, *, units: Collection[int] = ()) -> tuple[Part, ...]:
    """What a packet of `course` holds: printed material first, then assignments, each in the order of units.

    With `units`, only what belongs to one of them. Pages and approvals are filled in later.
    Raises NotFound for an unknown course and BadInput for an assignment that has no printed source.
    """
    _course(catalogue, course)
    wanted = [a for a in catalogue.activities_of.get(course, ()) if not units or a.unit in units]
    assignments = [a for a in wanted if a.kind is ActivityKind.ASSIGNMENT and a.mode is DeliveryMode.POSTAL]
    problems: list[Message] = []
    sheets: list[Part] = []
    for activity in assignments:
        material = catalogue.materials.get(activity.material)
        if material is None or material.kind not in PRINTED_KINDS:
            problems.append(
                Message(
                    N_("Assignment {activity} names no printed material as its source."),
                    {"activity": activity.code},
                )
            )
            continue
        sheets.append(_part(ASSIGNMENT, material, activity))
    if problems:
        raise BadInput(
            N_("The packets of course {course} cannot be planned:"),
            do=N_("Name a material of a printed kind in the activity's column “material”."),
            problems=tuple(problems),
            course=course,
        )
    return (*_materials(catalogue, course, units), *sheets)


def _materials(catalogue: Catalogue, course: str, units: Collection[int]) -> Iterator[Part]:
    answered = {
        a.material for a in catalogue.activities_of.get(course, ()) if a.kind is ActivityKind.ASSIGNMENT
    }
    studied = {
        a.material: a
        for a in reversed(catalogue.activities_of.get(course, ()))
        if a.kind is not ActivityKind.ASSIGNMENT
    }
    mine = [
        m
        for m in catalogue.materials.values()
        if m.course == course
        and m.kind in PRINTED_KINDS
        and DeliveryMode.POSTAL in m.modes
        and m.code not in answered
        and (not units or m.unit in units)
    ]
    for material in sorted(mine, key=lambda m: (PRINTED_KINDS.index(m.kind), m.unit, m.code)):
        yield _part(MATERIAL, material, studied.get(material.code))


def _part(role: str, material: Material, activity: Activity | None) -> Part:
    return Part(
        role=role,
        material=material.code,
        kind=str(material.kind),
        title=activity.title if activity and role == ASSIGNMENT else material.title,
        edition=material.edition,
        content=material.content,
        activity=activity.code if activity else "",
        due=activity.due.isoformat() if activity and activity.due else "",
        approval="",
    )


def _course(catalogue: Catalogue, code: str) -> Course:
    found = catalogue.courses.get(code)
    if found is None:
        raise NotFound(
            N_("There is no course {course}."),
            do=N_("Known courses: {known}."),
            course=code,
            known=", ".join(sorted(catalogue.courses)) or "–",
        )
    return found


def check_gate(catalogue: Catalogue, course: str, parts: Iterable[Part], approved: Approved) -> None:
    """Raise GateClosed, naming every material that may not be printed (design D7, TX-4.3b).

    The course must have an approved main item in print; each part must be approved for post in exactly these bytes.
    """
    parts = tuple(parts)
    if not parts:
        raise GateClosed(
            N_("Course {course} has nothing to send by post for these units."),
            do=N_("Add printed material or assignments by post to the catalogue, or name other units."),
            course=course,
        )
    closed = sorted(
        {
            part.material
            for part in parts
            if not part.content or not approved(part.material, content=part.content, mode=DeliveryMode.POSTAL)
        }
    )
    if closed:
        raise GateClosed(
            N_("Not approved for print in this edition, or altered since approval: {materials}."),
            do=N_("Let each be appraised and approved for the mode “postal”, then plan again."),
            materials=", ".join(closed),
        )
    main = [
        m
        for m in catalogue.materials.values()
        if m.course == course and m.kind in PRINTED_KINDS and m.role is MaterialRole.MAIN and m.content
    ]
    if not any(approved(m.code, content=m.content, mode=DeliveryMode.POSTAL) for m in main):
        raise GateClosed(
            N_("Course {course} has no approved main material in print (TX-4.3b)."),
            do=N_("Approve its textbook for the mode “postal” first."),
            course=course,
        )


def missing_kinds(parts: Iterable[Part], *, not_needed: Collection[str] = ()) -> tuple[MaterialKind, ...]:
    """The printed kinds of TX-4.3b that none of `parts` is of and the syllabus does not excuse: worth a warning."""
    present = {part.kind for part in parts} | set(not_needed)
    return tuple(kind for kind in PRINTED_KINDS if str(kind) not in present)


def require_kinds(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Printed kinds that the syllabus does without, each with its reason. Raises BadInput for any other word."""
    known = {str(kind) for kind in PRINTED_KINDS}
    for kind, reason in given.items():
        if kind not in known or not reason.strip():
            raise BadInput(
                N_("“{kind}” with the reason “{reason}” does not name a printed kind that is not needed."),
                do=N_("Write KIND=REASON with one of: {known}."),
                kind=kind,
                reason=reason,
                known=", ".join(sorted(known)),
            )
    return tuple(sorted((kind, reason.strip()) for kind, reason in given.items()))
