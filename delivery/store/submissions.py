"""The one door for returned work (design D4): phone, web, bulk scan and a partner's intake all come through here.

A page is filed under the learner whom the sheet was printed for, and under nobody else. The image is sealed under that
learner's key in the same transaction as the fact, so that a receipt always stands for work that is kept.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.ids import content_address, fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.learners import LearnerRef, Learners
from delivery.store.scans import Scans
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
    occurred_at: datetime | None = None
    """Postmark, when a clerk entered one."""


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

    arrival: Arrival | Upload
    status: Status
    fact: str = ""
    sheet: Sheet | None = None
    receipt: str = ""
    """Short code for people, the same whenever the same image arrives again."""
    superseded: bool = False
    reason: str = ""
    """Why it is held: ``other_learner`` or ``voided``."""


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

    def accept(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """File each arrival, durably and all together. The same image of the same page twice is a ``duplicate``."""
        looked_up = [(arrival, self._sheets.by_page(arrival.page_id)) for arrival in arrivals]
        refs: dict[str, LearnerRef | None] = {}
        for arrival, sheet in looked_up:
            for learner in (sheet.learner if sheet else "", arrival.claimed_by):
                if learner and learner not in refs:
                    refs[learner] = self._learners.get(learner)
        proved = {sheet.page_id: self._is_planned(sheet) for _, sheet in looked_up if sheet}
        with self._database.write() as connection:
            return [
                self._accept_one(connection, arrival, sheet, refs)
                if sheet and proved[sheet.page_id]
                else Outcome(arrival, "unknown", reason="not_planned" if sheet else "")
                for arrival, sheet in looked_up
            ]

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
        with self._database.write() as connection:
            digest = self._scans.put_in(connection, owner.id, upload.file)
            draft = _uploaded(upload, owner, digest)
            appended = self._facts.append_in(connection, [draft], once=True)
        ident = str(draft.id)
        return Outcome(upload, "filed" if appended.added else "duplicate", ident, receipt=receipt_code(ident))

    def _accept_one(
        self, connection: Connection, arrival: Arrival, sheet: Sheet, refs: dict[str, LearnerRef | None]
    ) -> Outcome:
        reason = _reason_to_hold(arrival, sheet)
        owner = refs.get(arrival.claimed_by if reason == "other_learner" else sheet.learner)
        if owner is None:
            return Outcome(arrival, "unknown", sheet=sheet)
        digest = self._scans.put_in(connection, owner.id, arrival.image)
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


def _reason_to_hold(arrival: Arrival, sheet: Sheet) -> str:
    """TX-5.5: work whose sheet belongs to another learner than the session is held, not graded."""
    if arrival.claimed_by and arrival.claimed_by != sheet.learner:
        return "other_learner"
    if sheet.state == "voided":
        return "voided"
    return ""


def _received(arrival: Arrival, sheet: Sheet, owner: LearnerRef, digest: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.WORK_RECEIVED, sheet.page_id, digest),
        kind=FactKind.WORK_RECEIVED,
        occurred_at=to_micros(arrival.occurred_at or arrival.received_at),
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
            "source": arrival.source,
            "packet": sheet.packet,
            **({"superseded": True} if sheet.superseded else {}),
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
