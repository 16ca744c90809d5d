"""Who gets which pages: from catalogue, approvals and enrolments to a frozen plan. Pure.

A batch is one course's packets of one mailing. Its specification names every material by the hash of its content, so
that a batch that is printed again, or after a kill, has the same pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from delivery.catalogue.kinds import PRINTED_KINDS, ActivityKind, DeliveryMode, MaterialKind, MaterialRole
from delivery.catalogue.model import Activity, Catalogue, Course, Material
from delivery.errors import N_, BadInput, GateClosed, Message, NotFound
from delivery.ids import IdSource, digest_of
from delivery.record.sheetcode import PAGE_ID_BYTES, SIDE_ID_BYTES

COVER, MATERIAL, ASSIGNMENT = "cover", "material", "assignment"
"""Roles of a page."""

_BATCH_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

Approved = Callable[..., bool]
"""``approved(material, content=…, mode=…)``: whether exactly these bytes may be used (design D7)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing in every packet of a batch: a material to keep, or an assignment to send back."""

    role: str
    material: str
    kind: str
    title: str
    edition: str
    content: str
    """SHA-256 of the source."""
    activity: str
    due: str
    """ISO date, or empty."""
    approval: str
    """Number of the approval decision."""
    pages: int = 0


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """What every packet of a batch consists of."""

    batch: str
    course: str
    base_url: str
    """Address in the codes: fixed when planned, for it decides how large a code is and so how pages break."""
    parts: tuple[Part, ...]
    missing: tuple[str, ...] = ()
    """Printed kinds (TX-4.3b) that the batch has none of."""

    @property
    def pages(self) -> int:
        """Pages per packet, the cover included."""
        return 1 + sum(part.pages for part in self.parts)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> BatchSpec:
        document: dict[str, Any] = json.loads(text)
        parts = tuple(Part(**part) for part in document.pop("parts"))
        return BatchSpec(parts=parts, missing=tuple(document.pop("missing")), **document)


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """One page of one packet and the ids in its codes."""

    page_id: str
    side_id: str
    role: str
    activity: str
    page: int
    """Within its part, from 1."""
    pages: int

    def row(self) -> list[str | int]:
        """As a PacketPlanned fact tells it."""
        return [self.page_id, self.side_id, self.role, self.activity, self.page, self.pages]


@dataclass(frozen=True, slots=True)
class PacketPlan:
    """One learner's packet."""

    packet: str
    batch: str
    learner: str
    sheets: tuple[SheetPlan, ...]


def require_batch_code(code: str) -> str:
    """`code`, which becomes part of file names. Raises BadInput when it cannot."""
    if not _BATCH_CODE.fullmatch(code):
        raise BadInput(
            N_("“{code}” cannot be a batch code."),
            do=N_("Use 1 to 40 letters without diacritics, digits, dots, dashes and underscores."),
            code=code,
        )
    return code


def packet_id(batch: str, learner: str) -> str:
    """Derived, so that planning again finds the packet that exists: ``P`` and 20 hexadecimal digits."""
    return "P" + digest_of(["packet", batch, learner])[:20]


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


def missing_kinds(parts: Iterable[Part]) -> tuple[MaterialKind, ...]:
    """The printed kinds of TX-4.3b that none of `parts` is of: worth a warning, no refusal."""
    present = {part.kind for part in parts}
    return tuple(kind for kind in PRINTED_KINDS if str(kind) not in present)


def plan_packet(spec: BatchSpec, learner: str, ids: IdSource) -> PacketPlan:
    """The packet of one learner, with fresh random ids for every page."""
    sheets = [_sheet(ids, COVER, "", 1, 1)]
    for part in spec.parts:
        sheets += [_sheet(ids, part.role, part.activity, n, part.pages) for n in range(1, part.pages + 1)]
    return PacketPlan(packet_id(spec.batch, learner), spec.batch, learner, tuple(sheets))


def _sheet(ids: IdSource, role: str, activity: str, page: int, pages: int) -> SheetPlan:
    page_id = ids.random_bytes(PAGE_ID_BYTES).hex()
    return SheetPlan(page_id, ids.random_bytes(SIDE_ID_BYTES).hex(), role, activity, page, pages)
