"""Every kind of fact there is, in the past tense, with the schema of its data (design D1).

A kind's version rises when its data change shape; :data:`UPCASTS` turns old data into the newest shape on reading, so
that facts are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FactKind(StrEnum):
    CATALOGUE_IMPORTED = "CatalogueImported"
    LEARNER_REGISTERED = "LearnerRegistered"
    LEARNER_PROFILE_CHANGED = "LearnerProfileChanged"
    COURSE_ENROLLED = "CourseEnrolled"
    COURSE_LEFT = "CourseLeft"
    MATERIAL_APPRAISED = "MaterialAppraised"
    MATERIAL_APPROVED = "MaterialApproved"
    MATERIAL_RETIRED = "MaterialRetired"
    MEDIA_INGESTED = "MediaIngested"
    SLOT_SCHEDULED = "SlotScheduled"
    TIMELINE_COMPILED = "TimelineCompiled"
    ITEM_AIRED = "ItemAired"
    ATTENDANCE_RECORDED = "AttendanceRecorded"
    PARTICIPATION_RECORDED = "ParticipationRecorded"
    PACKET_PLANNED = "PacketPlanned"
    PACKET_PRINTED = "PacketPrinted"
    PACKET_POSTED = "PacketPosted"
    PACKET_DELIVERED = "PacketDelivered"
    PACKET_RETURNED_UNDELIVERED = "PacketReturnedUndelivered"
    PACKET_VOIDED = "PacketVoided"
    WORK_RECEIVED = "WorkReceived"
    WORK_HELD = "WorkHeld"
    QUESTION_ASKED = "QuestionAsked"
    QUESTION_ANSWERED = "QuestionAnswered"
    MARK_RECORDED = "MarkRecorded"
    FACT_RETRACTED = "FactRetracted"
    COMMAND_GIVEN = "CommandGiven"
    SITE_ADMITTED = "SiteAdmitted"


@dataclass(frozen=True, slots=True)
class Spec:
    """Shape of one kind: schema version, required and optional data fields with their JSON type, whether it is about a
    learner, and whether personal data may travel beside it."""

    required: Mapping[str, type]
    optional: Mapping[str, type]
    about_learner: bool = False
    private: bool = False
    version: int = 1


def _spec(
    *,
    learner: bool = False,
    private: bool = False,
    optional: Mapping[str, type] | None = None,
    **required: type,
) -> Spec:
    return Spec(required=required, optional=optional or {}, about_learner=learner, private=private)


SPECS: Mapping[FactKind, Spec] = {
    FactKind.CATALOGUE_IMPORTED: _spec(digest=str, counts=dict),
    FactKind.LEARNER_REGISTERED: _spec(learner=True, private=True, cohort=str, site=str),
    FactKind.LEARNER_PROFILE_CHANGED: _spec(learner=True, private=True, cohort=str, site=str, revision=int),
    # n: which enrolment of this learner in this course, counted from 0 (then left out). Leaving bears the number of the
    # enrolment that it ends, so that who is enrolled does not depend on the order in which facts arrive.
    FactKind.COURSE_ENROLLED: _spec(learner=True, cohort=str, optional={"n": int}),
    FactKind.COURSE_LEFT: _spec(learner=True, reason=str, optional={"n": int}),
    # TX-4.5-1: appraisal minutes, approval decision and signer, bound to the content hash.
    FactKind.MATERIAL_APPRAISED: _spec(material=str, content=str, minutes=str),
    FactKind.MATERIAL_APPROVED: _spec(material=str, content=str, decision=str, signer=str, modes=list),
    FactKind.MATERIAL_RETIRED: _spec(material=str, reason=str),
    FactKind.MEDIA_INGESTED: _spec(asset=str, source=str, profile=str, ticks=int, material=str),
    FactKind.SLOT_SCHEDULED: _spec(
        slot=str, channel=str, start=int, rule=str, material=str, optional={"rerun": bool, "unit": int}
    ),
    FactKind.TIMELINE_COMPILED: _spec(channel=str, digest=str, rows=int, start=int, end=int),
    # TX-2.4: what went out, not what was planned. Times in µs since 1970 UTC, lengths in ticks of 320 ms.
    FactKind.ITEM_AIRED: _spec(
        airing=str,
        channel=str,
        asset=str,
        material=str,
        planned_start=int,
        actual_start=int,
        planned_ticks=int,
        aired_ticks=int,
        bytes=int,
        digest=str,
        status=str,
        optional={"unit": int, "rerun": bool},
    ),
    FactKind.ATTENDANCE_RECORDED: _spec(learner=True, airing=str, method=str, minutes=int),
    # TX-9.8-1: source is system or paper_log.
    FactKind.PARTICIPATION_RECORDED: _spec(learner=True, source=str, method=str, minutes=int),
    # sheets: list of [page id hex, side id hex, role, activity, page, pages]
    FactKind.PACKET_PLANNED: _spec(
        learner=True, packet=str, batch=str, sheets=list, optional={"supersedes": str}
    ),
    FactKind.PACKET_PRINTED: _spec(learner=True, packet=str, batch=str, pages=int, file=str),
    FactKind.PACKET_POSTED: _spec(learner=True, packet=str, optional={"item": str}),
    FactKind.PACKET_DELIVERED: _spec(learner=True, packet=str),
    FactKind.PACKET_RETURNED_UNDELIVERED: _spec(learner=True, packet=str, reason=str),
    FactKind.PACKET_VOIDED: _spec(learner=True, packet=str, reason=str),
    # channel: post | phone | web | partner
    FactKind.WORK_RECEIVED: _spec(
        learner=True,
        sheet=str,
        page=int,
        pages=int,
        channel=str,
        blob=str,
        media_type=str,
        identity=str,
        optional={"source": str, "superseded": bool, "packet": str},
    ),
    FactKind.WORK_HELD: _spec(
        learner=True, sheet=str, channel=str, blob=str, reason=str, optional={"source": str}
    ),
    FactKind.QUESTION_ASKED: _spec(learner=True, private=True, thread=str, channel=str),
    FactKind.QUESTION_ANSWERED: _spec(learner=True, private=True, thread=str, minutes=int),
    # T8-9.1-2: 0 to 10, decimal text, at most two places.
    FactKind.MARK_RECORDED: _spec(
        learner=True, score=str, method=str, optional={"component": str, "comment": bool}
    ),
    FactKind.FACT_RETRACTED: _spec(reason=str),
    FactKind.COMMAND_GIVEN: _spec(target=str, command=str, arguments=dict),
    # Streams of a site that this site never admitted are not believed. Raw Ed25519 key in hexadecimal.
    FactKind.SITE_ADMITTED: _spec(site=str, public_key=str),
}

UPCASTS: Mapping[tuple[FactKind, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(kind, old version) -> function that returns the data in the next version's shape."""


def problems_of(kind: str, data: Mapping[str, Any]) -> list[str]:
    """What is wrong with `data` for the newest version of `kind`; an empty list when nothing is."""
    spec = SPECS.get(kind)  # type: ignore[call-overload]
    if spec is None:
        return [f"unknown fact kind {kind!r}"]
    required, optional = spec.required, spec.optional
    found = []
    matched = 0
    for name, value in data.items():
        wanted = required.get(name)
        if wanted is not None:
            matched += 1
        else:
            wanted = optional.get(name)
        if wanted is None:
            found.append(f"{kind}.{name} is not a field of version {spec.version}")
        elif type(value) is not wanted:
            found.append(f"{kind}.{name} must be {wanted.__name__}, not {type(value).__name__}")
    if matched != len(required):
        found += [f"{kind}.{name} is missing" for name in required if name not in data]
    return found


def upcast(kind: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
    """Bring data of an older schema version to the newest shape."""
    known = FactKind(kind)
    while version < SPECS[known].version:
        data = UPCASTS[(known, version)](data)
        version += 1
    return data
