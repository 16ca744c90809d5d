"""The one door for returned work (design D4): phone, web, bulk scan and a partner's intake all come through here.

A page is filed under the learner whom the sheet was printed for, and under nobody else. The image is sealed under that
learner's key in the same transaction as the fact, so that a receipt always stands for work that is kept.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.ids import content_address, fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.learners import LearnerRef, Learners
from delivery.store.scans import Ahead, Scans
from delivery.store.sheets import Sheet, Sheets

Channel = Literal["post", "phone", "web", "partner"]
Status = Literal["filed", "duplicate", "held", "unknown"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One image of one page, as some channel brought it. The code on it has been verified by the caller."""

    page_id: str
    channel: Channel
    image: bytes = field(repr=False)
    media_type: str
    received_at: datetime
    """When this site witnessed it (aware UTC): deadlines use this, or the postmark."""
    actor: str
    source: str
    """Where it came from, without personal data: scan batch and page, or upload id."""
    claimed_by: str = ""
    """Learner id of the signed-in session; empty for post."""
    postmark: date | None = None
    """Day of the postmark, when a clerk entered one: lateness is judged by it."""
    envelope: str = ""
    """The envelope that it came in, when one was marked as received."""
    back_of: Sheet | None = None
    """For an empty back that was written on: the page of work whose back it is."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One image of a sheet of the learner's own that belongs to a work: a person said so, never a machine alone."""

    learner: str
    course: str
    activity: str
    packet: str
    channel: Channel
    image: bytes = field(repr=False)
    media_type: str
    received_at: datetime
    actor: str
    source: str
    behind: int = 0
    """Page of the work that it stands behind; 0 when nobody said."""
    postmark: date | None = None
    envelope: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that answers an assignment for which no sheet is printed; its sender has signed in."""

    learner: str
    activity: str
    course: str
    file: bytes = field(repr=False)
    media_type: str
    received_at: datetime
    source: str
    leaves: int = 1
    """Pages of the file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an arrival."""

    arrival: Arrival | Upload | Extra
    status: Status
    fact: str = ""
    sheet: Sheet | None = None
    receipt: str = ""
    """Short code for people, the same whenever the same image arrives again."""
    superseded: bool = False
    reason: str = ""
    """Why it is held: ``other_learner`` or ``voided``."""


Also = Callable[[Connection, Sequence[Outcome]], None]
"""What is written in the same transaction as the facts: both, or neither."""

WORK_ROLE = "assignment"
"""Role of the pages that are work; every other printed page that comes back is kept, and is no work."""


class Submissions:
    """The door."""

    def __init__(
        self, database: Database, facts: FactLog, sheets: Sheets, learners: Learners, scans: Scans
    ) -> None:
        self._database = database
        self._facts = facts
        self._sheets = sheets
        self._learners = learners
        self._scans = scans

    def accept(self, arrivals: Sequence[Arrival], *, also: Also | None = None) -> list[Outcome]:
        """File each arrival, durably and all together. The same image of the same page twice is a ``duplicate``.

        A page of an assignment is work; another printed page that comes back (return sheet, cover, empty back) is told
        as what it is. `also` is called before the transaction ends.
        """
        looked_up = [(arrival, self._sheets.by_page(arrival.page_id)) for arrival in arrivals]
        refs: dict[str, LearnerRef | None] = {}
        for arrival, sheet in looked_up:
            for learner in (sheet.learner if sheet else "", arrival.claimed_by):
                if learner and learner not in refs:
                    refs[learner] = self._learners.get(learner)
        proved = {sheet.page_id: self._is_planned(sheet) for _, sheet in looked_up if sheet}
        ahead = [
            self._scans.put_ahead(_owner(arrival, sheet), arrival.image)
            if sheet is not None and proved[sheet.page_id]
            else None
            for arrival, sheet in looked_up
        ]
        with self._database.write() as connection:
            outcomes = [
                self._accept_one(connection, arrival, sheet, refs, sealed)
                if sheet and proved[sheet.page_id]
                else Outcome(arrival, "unknown", reason="not_planned" if sheet else "")
                for (arrival, sheet), sealed in zip(looked_up, ahead, strict=True)
            ]
            if also is not None:
                also(connection, outcomes)
            return outcomes

    def accept_extra(self, extra: Extra, *, also: Also | None = None) -> Outcome:
        """File a sheet of the learner's own with a work. The same image again is a ``duplicate``."""
        owner = self._learners.get(extra.learner)
        if owner is None:
            return Outcome(extra, "unknown")
        with self._database.write() as connection:
            digest = self._scans.put_in(connection, owner.id, extra.image)
            draft = _extra(extra, owner, digest)
            appended = self._facts.append_in(connection, [draft], once=True)
            ident = str(draft.id)
            status: Status = "filed" if appended.added else "duplicate"
            outcome = Outcome(extra, status, ident, receipt=receipt_code(ident))
            if also is not None:
                also(connection, [outcome])
            return outcome

    def _is_planned(self, sheet: Sheet) -> bool:
        """Whether the chain itself says so: the table that finds a sheet must not be able to change whose it is."""
        wanted = [sheet.page_id, sheet.side_id, sheet.role, sheet.activity, sheet.page, sheet.pages]
        return any(
            fact.course == sheet.course
            and fact.data["packet"] == sheet.packet
            and wanted in fact.data["sheets"]
            for fact in self._facts.select(kind=FactKind.PACKET_PLANNED, learner=sheet.learner)
        )

    def accept_upload(self, upload: Upload) -> Outcome:
        """File an upload under the learner who signed in and sent it. The same bytes again are a ``duplicate``."""
        owner = self._learners.get(upload.learner)
        if owner is None:
            return Outcome(upload, "unknown")
        ahead = self._scans.put_ahead(owner.id, upload.file)
        with self._database.write() as connection:
            digest = self._scans.put_in(connection, owner.id, upload.file, ahead=ahead)
            draft = _uploaded(upload, owner, digest)
            appended = self._facts.append_in(connection, [draft], once=True)
        ident = str(draft.id)
        return Outcome(upload, "filed" if appended.added else "duplicate", ident, receipt=receipt_code(ident))

    def _accept_one(
        self,
        connection: Connection,
        arrival: Arrival,
        sheet: Sheet,
        refs: dict[str, LearnerRef | None],
        ahead: Ahead | None,
    ) -> Outcome:
        reason = _reason_to_hold(arrival, sheet)
        owner = refs.get(_owner(arrival, sheet))
        if owner is None:
            return Outcome(arrival, "unknown", sheet=sheet)
        digest = self._scans.put_in(connection, owner.id, arrival.image, ahead=ahead)
        draft = (
            _held(arrival, sheet, owner, digest, reason)
            if reason
            else _received(arrival, sheet, owner, digest)
        )
        appended = self._facts.append_in(connection, [draft], once=True)
        ident = str(draft.id)
        status: Status = "duplicate" if ident not in appended.added else "held" if reason else "filed"
        return Outcome(
            arrival,
            "held" if reason else status,
            ident,
            sheet,
            receipt_code(ident),
            superseded=sheet.superseded,
            reason=reason,
        )


def _owner(arrival: Arrival, sheet: Sheet) -> str:
    """Under whose key the image lies: what is held for another learner's sheet stays with who sent it."""
    return arrival.claimed_by if _reason_to_hold(arrival, sheet) == "other_learner" else sheet.learner


def _reason_to_hold(arrival: Arrival, sheet: Sheet) -> str:
    """TX-5.5: work whose sheet belongs to another learner than the session is held, not graded."""
    if arrival.claimed_by and arrival.claimed_by != sheet.learner:
        return "other_learner"
    if sheet.state == "voided":
        return "voided"
    return ""


def _how(arrival: Arrival | Extra) -> dict[str, Any]:
    """Where it came from, and by which post."""
    told: dict[str, Any] = {"source": arrival.source}
    if arrival.envelope:
        told["envelope"] = arrival.envelope
    if arrival.postmark:
        told["postmark"] = arrival.postmark.isoformat()
    return told


def _received(arrival: Arrival, sheet: Sheet, owner: LearnerRef, digest: str) -> Draft:
    if arrival.back_of is not None:
        return _written_back(arrival, sheet, arrival.back_of, owner, digest)
    if sheet.role != WORK_ROLE:
        return _no_work(arrival, sheet, owner, digest)
    return Draft(
        id=fact_id(FactKind.WORK_RECEIVED, sheet.page_id, digest),
        kind=FactKind.WORK_RECEIVED,
        occurred_at=to_micros(arrival.received_at),
        actor=arrival.actor,
        audience=owner.site,
        learner=sheet.learner,
        course=sheet.course,
        activity=sheet.activity,
        mode=DeliveryMode.POSTAL if arrival.channel == "post" else DeliveryMode.NETWORK,
        data={
            "sheet": sheet.page_id,
            "page": sheet.page,
            "pages": sheet.pages,
            "channel": arrival.channel,
            "blob": digest,
            "media_type": arrival.media_type,
            "identity": "sheet+session" if arrival.claimed_by else "sheet",
            **_how(arrival),
            "packet": sheet.packet,
            **({"superseded": True} if sheet.superseded else {}),
        },
    )


def _no_work(arrival: Arrival, sheet: Sheet, owner: LearnerRef, digest: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.SHEET_RECEIVED, sheet.page_id, digest),
        kind=FactKind.SHEET_RECEIVED,
        occurred_at=to_micros(arrival.received_at),
        actor=arrival.actor,
        audience=owner.site,
        learner=sheet.learner,
        course=sheet.course,
        mode=DeliveryMode.POSTAL,
        data={
            "sheet": sheet.page_id,
            "role": sheet.role,
            "packet": sheet.packet,
            "channel": arrival.channel,
            "blob": digest,
            "media_type": arrival.media_type,
            **_how(arrival),
            **({"superseded": True} if sheet.superseded else {}),
        },
    )


def _written_back(arrival: Arrival, sheet: Sheet, front: Sheet, owner: LearnerRef, digest: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.EXTRA_RECEIVED, owner.id, front.activity, digest),
        kind=FactKind.EXTRA_RECEIVED,
        occurred_at=to_micros(arrival.received_at),
        actor=arrival.actor,
        audience=owner.site,
        learner=owner.id,
        course=front.course,
        activity=front.activity,
        mode=DeliveryMode.POSTAL,
        data={
            "sheet": sheet.page_id,
            "packet": sheet.packet,
            "channel": arrival.channel,
            "blob": digest,
            "media_type": arrival.media_type,
            "behind": front.page,
            **_how(arrival),
        },
    )


def _extra(extra: Extra, owner: LearnerRef, digest: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.EXTRA_RECEIVED, owner.id, extra.activity, digest),
        kind=FactKind.EXTRA_RECEIVED,
        occurred_at=to_micros(extra.received_at),
        actor=extra.actor,
        audience=owner.site,
        learner=owner.id,
        course=extra.course,
        activity=extra.activity,
        mode=DeliveryMode.POSTAL,
        data={
            "packet": extra.packet,
            "channel": extra.channel,
            "blob": digest,
            "media_type": extra.media_type,
            **_how(extra),
            **({"behind": extra.behind} if extra.behind else {}),
        },
    )


def _uploaded(upload: Upload, owner: LearnerRef, digest: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.WORK_RECEIVED, owner.id, upload.activity, digest),
        kind=FactKind.WORK_RECEIVED,
        occurred_at=to_micros(upload.received_at),
        actor=owner.id,
        audience=owner.site,
        learner=owner.id,
        course=upload.course,
        activity=upload.activity,
        mode=DeliveryMode.NETWORK,
        data={
            "sheet": "",
            "page": 1,
            "pages": 1,
            "channel": "web",
            "blob": digest,
            "media_type": upload.media_type,
            "identity": "session",
            "source": upload.source,
            **({"leaves": upload.leaves} if upload.leaves > 1 else {}),
        },
    )


def _held(arrival: Arrival, sheet: Sheet, owner: LearnerRef, digest: str, reason: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.WORK_HELD, sheet.page_id, digest, owner.id),
        kind=FactKind.WORK_HELD,
        occurred_at=to_micros(arrival.received_at),
        actor=arrival.actor,
        audience=owner.site,
        learner=owner.id,
        course=sheet.course,
        activity=sheet.activity,
        data={
            "sheet": sheet.page_id,
            "channel": arrival.channel,
            "blob": digest,
            "reason": reason,
            "source": arrival.source,
        },
    )


def receipt_code(fact: str) -> str:
    """Eight characters that a person can read out, derived from a fact's id: ``ABCD-EFGH``."""
    text = base64.b32encode(hashlib.sha256(fact.encode()).digest())[:8].decode()
    return f"{text[:4]}-{text[4:]}"


def image_digest(image: bytes) -> str:
    """SHA-256 of an image, as facts name it."""
    return content_address(image)
