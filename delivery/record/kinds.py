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
    MATERIAL_LICENSED = "MaterialLicensed"
    MATERIAL_RETIRED = "MaterialRetired"
    MEDIA_INGESTED = "MediaIngested"
    SLOT_SCHEDULED = "SlotScheduled"
    SLOT_WITHDRAWN = "SlotWithdrawn"
    AIR_CONTROLLED = "AirControlled"
    TIMELINE_COMPILED = "TimelineCompiled"
    ITEM_AIRED = "ItemAired"
    ATTENDANCE_RECORDED = "AttendanceRecorded"
    PARTICIPATION_RECORDED = "ParticipationRecorded"
    STANDING_ORDER_SET = "StandingOrderSet"
    PACKET_PLANNED = "PacketPlanned"
    PACKET_PRINTED = "PacketPrinted"
    PACKET_POSTED = "PacketPosted"
    PACKET_DELIVERED = "PacketDelivered"
    PACKET_RETURNED_UNDELIVERED = "PacketReturnedUndelivered"
    PACKET_VOIDED = "PacketVoided"
    WORK_RECEIVED = "WorkReceived"
    WORK_HELD = "WorkHeld"
    EXTRA_RECEIVED = "ExtraSheetReceived"
    SHEET_RECEIVED = "SheetReceived"
    ENVELOPE_RECEIVED = "EnvelopeReceived"
    ENVELOPE_NOTED = "EnvelopeNoted"
    POSTMARK_ENTERED = "PostmarkEntered"
    SCAN_DECIDED = "ScanDecided"
    READING_DECIDED = "ReadingDecided"
    QUESTION_ASKED = "QuestionAsked"
    QUESTION_ANSWERED = "QuestionAnswered"
    PEER_ANSWERED = "PeerAnswered"
    PEER_ANSWER_RECEIVED = "PeerAnswerReceived"
    MARK_RECORDED = "MarkRecorded"
    MARK_PROPOSED = "MarkProposed"
    WORK_ANNOTATED = "WorkAnnotated"
    RUBRIC_SET = "RubricSet"
    DUE_DAY_SET = "DueDaySet"
    OPINION_GIVEN = "OpinionGiven"
    OPINION_ANSWERED = "OpinionAnswered"
    STAFF_OPINION_GIVEN = "StaffOpinionGiven"
    PERSONAL_DATA_SEEN = "PersonalDataSeen"
    FACT_RETRACTED = "FactRetracted"
    COMMAND_GIVEN = "CommandGiven"
    SITE_ADMITTED = "SiteAdmitted"
    REGISTERS_IMPORTED = "RegistersImported"
    STANDING_RECORDED = "StandingRecorded"
    FINDING_CHANGED = "FindingChanged"
    GATE_OVERRIDDEN = "GateOverridden"
    GATE_PASSED = "GatePassed"
    SITE_REVOKED = "SiteRevoked"
    STREAM_MENDED = "StreamMended"
    MEDIA_SHARED = "MediaShared"
    PERSON_EXPORTED = "PersonExported"
    PERSON_CORRECTED = "PersonCorrected"
    PERSON_RESTRICTED = "PersonRestricted"
    PERSON_ERASED = "PersonErased"
    PERSON_REFUSED = "PersonRefused"


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
    # TT-3.4: the window in which the institution holds the rights, in µs since 1970 UTC (end 0: without end). What was
    # told last of a material counts.
    FactKind.MATERIAL_LICENSED: _spec(
        material=str, owner=str, licence=str, territory=str, start=int, end=int
    ),
    FactKind.MATERIAL_RETIRED: _spec(material=str, reason=str),
    FactKind.MEDIA_INGESTED: _spec(asset=str, source=str, profile=str, ticks=int, material=str),
    FactKind.SLOT_SCHEDULED: _spec(
        slot=str,
        channel=str,
        start=int,
        rule=str,
        material=str,
        # n: which scheduling of this slot, counted from 0 (then left out). Withdrawing bears the number of the one that
        # it ends, so that what is scheduled does not depend on the order in which facts arrive.
        optional={"rerun": bool, "unit": int, "details": dict, "n": int},
    ),
    FactKind.SLOT_WITHDRAWN: _spec(slot=str, channel=str, optional={"n": int}),
    # What people did to a channel by hand; effect is delivery.store.air.Effect, in ticks of 320 ms.
    FactKind.AIR_CONTROLLED: _spec(control=str, channel=str, command=str, at_tick=int, effect=dict),
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
        # first_pts, last_pts: as sent, 33 bits of 1/90,000 s; output: feed (what the transmitter got) or hls.
        optional={
            "unit": int,
            "rerun": bool,
            "actual_end": int,
            "first_pts": int,
            "last_pts": int,
            "packets": int,
            "output": str,
            "makes_good": str,
        },
    ),
    FactKind.ATTENDANCE_RECORDED: _spec(learner=True, airing=str, method=str, minutes=int),
    # TX-9.8-1: source is system or paper_log.
    FactKind.PARTICIPATION_RECORDED: _spec(learner=True, source=str, method=str, minutes=int),
    # What a course's learners are sent and when. The newest of a course counts.
    FactKind.STANDING_ORDER_SET: _spec(mailings=list, options=dict),
    # sheets: list of [page id hex, side id hex, role, activity, page, pages]; layout: address of the layout record;
    # marks: ids of the mark facts that the packet's feedback slip tells of
    FactKind.PACKET_PLANNED: _spec(
        learner=True,
        packet=str,
        batch=str,
        sheets=list,
        optional={"supersedes": str, "layout": str, "marks": list},
    ),
    # job: the print job whose file holds the packet, from page first (counted from 1); file: SHA-256 of that file
    FactKind.PACKET_PRINTED: _spec(
        learner=True, packet=str, batch=str, pages=int, file=str, optional={"job": str, "first": int}
    ),
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
        optional={
            "source": str,
            "superseded": bool,
            "packet": str,
            "leaves": int,
            "envelope": str,
            "postmark": str,
        },
    ),
    FactKind.WORK_HELD: _spec(
        learner=True, sheet=str, channel=str, blob=str, reason=str, optional={"source": str}
    ),
    # A sheet that belongs to a work without being one of its printed pages: the learner's own paper, or the back of a
    # page. behind: page of the work that it stands behind; sheet: page id, for the back of a printed page.
    FactKind.EXTRA_RECEIVED: _spec(
        learner=True,
        packet=str,
        channel=str,
        blob=str,
        media_type=str,
        optional={"sheet": str, "behind": int, "source": str, "envelope": str, "postmark": str},
    ),
    # A printed page that came back and is no work: the return sheet, a cover, an empty back.
    FactKind.SHEET_RECEIVED: _spec(
        learner=True,
        sheet=str,
        role=str,
        packet=str,
        channel=str,
        blob=str,
        media_type=str,
        optional={"source": str, "envelope": str, "postmark": str, "superseded": bool},
    ),
    # envelope: its name, from the code that the hand scanner read; sheet: page id of the return label; postmark: day,
    # YYYY-MM-DD. TX-9.8-1: what is kept of paper shows its own day and the day of entry.
    FactKind.ENVELOPE_RECEIVED: _spec(
        learner=True, envelope=str, packet=str, sheet=str, optional={"item": str, "postmark": str}
    ),
    # An envelope of which only its postal item number is known yet.
    FactKind.ENVELOPE_NOTED: _spec(envelope=str, item=str, optional={"postmark": str}),
    # works: ids of the facts whose paper bears this postmark. What was told last of a work counts.
    FactKind.POSTMARK_ENTERED: _spec(learner=True, works=list, day=str),
    # What a person decided about a scanned page: filed, extra, discarded or reopened. told: the fact that it led to.
    FactKind.SCAN_DECIDED: _spec(
        scan=str, page=int, decision=str, optional={"reason": str, "told": str, "proposed": str}
    ),
    # What a person decided about a reading of the machine (confirmed, corrected or refused). use: choice, mark, or
    # score (the mark by the key); question: 0 for the whole work; read, value: letters, or a mark as decimal text;
    # confidence: per mille.
    FactKind.READING_DECIDED: _spec(
        learner=True,
        work=str,
        use=str,
        question=int,
        read=str,
        value=str,
        decision=str,
        optional={"confidence": int},
    ),
    FactKind.QUESTION_ASKED: _spec(
        learner=True, private=True, thread=str, channel=str, optional={"unit": int}
    ),
    FactKind.QUESTION_ANSWERED: _spec(
        learner=True, private=True, thread=str, minutes=int, optional={"unit": int}
    ),
    # Between learners (TX-5.4-1, SS): told once for the one who wrote, and once for the one who was answered. `peer` is
    # the other's learner id.
    FactKind.PEER_ANSWERED: _spec(learner=True, private=True, thread=str, peer=str, optional={"unit": int}),
    FactKind.PEER_ANSWER_RECEIVED: _spec(
        learner=True, thread=str, peer=str, answer=str, optional={"unit": int}
    ),
    # T8-9.1-2: 0 to 10, decimal text, at most two places.
    # criteria: criterion -> points, decimal text. A comment is personal data beside the fact.
    FactKind.MARK_RECORDED: _spec(
        learner=True,
        private=True,
        score=str,
        method=str,
        # read_from: the work whose sheet a machine read it on; confirmed_by: who compared the two
        optional={"component": str, "comment": bool, "criteria": dict, "read_from": str, "confirmed_by": str},
    ),
    # What one of two markers would give; the mark itself is told when they are heard.
    FactKind.MARK_PROPOSED: _spec(
        learner=True, private=True, score=str, method=str, optional={"comment": bool, "criteria": dict}
    ),
    # A remark pinned to a page of a piece of work; x and y in thousandths of the page from its top left corner.
    FactKind.WORK_ANNOTATED: _spec(
        learner=True, private=True, work=str, page=int, x=int, y=int, note=str, optional={"removed": bool}
    ),
    # criteria: list of [code, title, points as decimal text]. blind: markers see no names. second: the other marker.
    FactKind.RUBRIC_SET: _spec(criteria=list, optional={"blind": bool, "second": str}),
    # due, was: YYYY-MM-DD. It replaces the catalogue's day while that still is `was`: what is imported later counts.
    FactKind.DUE_DAY_SET: _spec(due=str, was=str),
    # TT-10.3: 1 to 5 in a period (YYYY-MM) about a course, or about the service when no course is named; words beside
    # it are personal data. Staff give a number only: free text has no key of theirs to lie under.
    FactKind.OPINION_GIVEN: _spec(learner=True, private=True, score=int, period=str),
    FactKind.OPINION_ANSWERED: _spec(learner=True, private=True, opinion=str),
    FactKind.STAFF_OPINION_GIVEN: _spec(score=int, period=str),
    # Who looked at what of a person on which day (local, ISO): told once a day for each.
    FactKind.PERSONAL_DATA_SEEN: _spec(learner=True, what=str, day=str),
    FactKind.FACT_RETRACTED: _spec(reason=str),
    FactKind.COMMAND_GIVEN: _spec(target=str, command=str, arguments=dict),
    # Streams of a site that this site never admitted are not believed. Raw Ed25519 key in hexadecimal.
    FactKind.SITE_ADMITTED: _spec(site=str, public_key=str),
    # digest: address of the document that holds every register as it is after the import
    FactKind.REGISTERS_IMPORTED: _spec(digest=str, counts=dict),
    # key: event and day, term, or course and attempt; details: texts. The highest revision of a key counts.
    FactKind.STANDING_RECORDED: _spec(
        learner=True, key=str, event=str, on=str, details=dict, optional={"revision": int}
    ),
    # subject: kind:code; on: the day of the evaluation that noticed it, YYYY-MM-DD
    FactKind.FINDING_CHANGED: _spec(
        clause=str, subject=str, verdict=str, before=str, value=str, threshold=str, on=str, profile=str
    ),
    FactKind.GATE_OVERRIDDEN: _spec(
        gate=str, clause=str, subject=str, role=str, reason=str, second=str, on=str
    ),
    # findings: address of the blob with every finding of the gate's clauses on that day (TX-5.1, TX-5.10-3)
    FactKind.GATE_PASSED: _spec(gate=str, subject=str, on=str, findings=str, document=str, overrides=int),
    # What that site told until then stays believed; nothing more is taken from it.
    FactKind.SITE_REVOKED: _spec(site=str, reason=str),
    # A writer's copy was older than what other sites held: their facts after `common` came back, and what had been told
    # here meanwhile (`moved` facts, ending in `replaced`) was told again behind them.
    FactKind.STREAM_MENDED: _spec(stream=str, common=int, moved=int, replaced=str),
    # A lesson that other sites may fetch; bundle: address of the document that holds its manifests and names its files.
    FactKind.MEDIA_SHARED: _spec(material=str, asset=str, bundle=str),
    # What a person asked for (PD-3) and got. asked: the day on which they asked, YYYY-MM-DD.
    # file: SHA-256 of what was handed out
    FactKind.PERSON_EXPORTED: _spec(learner=True, file=str, optional={"asked": str}),
    # fields: names of the fields that were wrong; told: the profile fact that holds the right values
    FactKind.PERSON_CORRECTED: _spec(
        learner=True, fields=list, told=str, reason=str, optional={"asked": str}
    ),
    # restricted: false lifts it. n: which of this learner's restrictions, counted from 0; the highest counts.
    FactKind.PERSON_RESTRICTED: _spec(
        learner=True, restricted=bool, n=int, reason=str, optional={"asked": str}
    ),
    # Told once for each audience that ever had facts of the learner, and only by the main site: whoever holds it
    # destroys the learner's keys. scope: all, or rest where the law retains something; retained: holdings that stay.
    FactKind.PERSON_ERASED: _spec(
        learner=True, scope=str, retained=list, reason=str, n=int, optional={"asked": str}
    ),
    # request: erase or restrict; clauses: what the refusal rests on
    FactKind.PERSON_REFUSED: _spec(learner=True, request=str, clauses=list, n=int, optional={"asked": str}),
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
