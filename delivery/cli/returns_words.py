"""Documents and sentences of ``tuxa returns``."""

from __future__ import annotations

from typing import Any

from delivery.app import App
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, Message
from delivery.postal.incoming.chase import Chase
from delivery.postal.incoming.grouping import Proposal
from delivery.postal.incoming.intake import Intake, proposal_json
from delivery.postal.incoming.waiting import Waiting
from delivery.record.words import PAGE_WAITS, PROPOSED, UNCLEAR
from delivery.store.readings import Reading
from delivery.store.returns import PageRow
from delivery.units import Micros


def reason_of(tuxa: App, reason: str) -> str:
    """Why a page waits, for people."""
    return tuxa.translate(PAGE_WAITS.get(reason, reason))


def unclear_of(tuxa: App, doubt: str) -> str:
    """Why a reading is in doubt, for people."""
    return tuxa.translate(UNCLEAR.get(doubt, doubt))


def codes(tuxa: App, learners: set[str]) -> dict[str, str]:
    """Learner id -> student code, by which the clerk knows the learner."""
    return {learner: profile.code for learner, profile in tuxa.vault.profiles(sorted(learners)).items()}


def moment(micros: int) -> str:
    """Local day and hour."""
    return f"{from_micros(Micros(micros)).astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def proposed(tuxa: App, proposal: Proposal, named: dict[str, str]) -> str:
    """A proposal as a sentence."""
    who = named.get(proposal.learner, proposal.learner)
    text = (
        N_("page {page} of {activity}, {learner}: {why}")
        if proposal.sheet
        else N_("an extra sheet of {activity}, {learner}: {why}")
    )
    what = proposal.activity or tuxa.translate(N_("the packet"))
    why = tuxa.translate(PROPOSED[proposal.why])
    return tuxa.translate(
        Message(text, {"page": proposal.page, "activity": what, "learner": who, "why": why})
    )


def waiting_json(tuxa: App, waiting: Waiting) -> dict[str, Any]:
    """A page that waits."""
    return {
        "id": waiting.ident,
        "file": waiting.file.name or waiting.file.file[:8],
        "page": waiting.row.page,
        "pages": waiting.file.pages,
        "reason": waiting.row.reason,
        "reason_text": reason_of(tuxa, waiting.row.reason),
        "scanned_at": waiting.file.started_at,
        "proposal": proposal_json(waiting.proposal) if waiting.proposal else None,
        "proposals": [proposal_json(proposal) for proposal in waiting.proposals],
    }


def row_json(row: PageRow) -> dict[str, Any]:
    """A page after a decision."""
    return {
        "id": row.ident,
        "page": row.page,
        "status": row.status,
        "decision": row.decision or None,
        "decided_by": row.decided_by or None,
        "decided_at": row.decided_at or None,
        "fact": row.fact or None,
    }


def reading_json(tuxa: App, reading: Reading) -> dict[str, Any]:
    """What was read in one place."""
    return {
        "id": reading.reading,
        "learner": reading.learner,
        "course": reading.course,
        "activity": reading.activity,
        "page": reading.page,
        "use": reading.use,
        "question": reading.question,
        "read": reading.read,
        "confidence": reading.confidence / 1000,
        "doubt": reading.doubt or None,
        "doubt_text": unclear_of(tuxa, reading.doubt) if reading.doubt else None,
        "state": reading.state,
        "value": reading.value or None,
        "decided_by": reading.decided_by or None,
    }


def together(done: list[Intake], failed: list[dict[str, Any]]) -> dict[str, Any]:
    """The outcome of several files."""
    documents = [intake.to_json() for intake in done]
    counted = ("pages", "filed", "duplicates", "blank", "foreign", "readings")
    submissions: dict[tuple[str, str], dict[str, Any]] = {}
    for document in documents:
        # What is present is read from the record, so the last file knows the most.
        submissions.update({(s["learner"], s["activity"]): s for s in document["submissions"]})
    return {
        **{name: sum(document[name] for document in documents) for name in counted},
        "queued": [{"file": d["file"], **entry} for d in documents for entry in d["queued"]],
        "superseded": [{"file": d["file"], "page": page} for d in documents for page in d["superseded"]],
        "submissions": list(submissions.values()),
        "files": documents,
        "failed": failed,
    }


def chase_json(tuxa: App, found: Chase) -> dict[str, Any]:
    """What to ask after, each with the command that helps."""
    from delivery.cli.packet_words import resend_json

    learners = {entry.learner for entry in found.incomplete} | {entry.learner for entry in found.overdue}
    named = codes(tuxa, learners | {entry.learner for entry in found.unopened if entry.learner})
    return {
        "incomplete": [
            {
                "learner": named.get(entry.learner, entry.learner),
                "course": entry.course,
                "activity": entry.activity,
                "pages": entry.pages,
                "missing": list(entry.missing),
                "last": entry.last.isoformat(),
                "resend": _reprint(entry.batch, named.get(entry.learner, "")),
            }
            for entry in found.incomplete
        ],
        "overdue": [
            {
                "learner": named.get(entry.learner, entry.learner),
                "course": entry.course,
                "activity": entry.activity,
                "due": entry.due.isoformat(),
                "days": entry.days,
                "packet": entry.packet_state or None,
                "resend": _reprint(entry.batch, named.get(entry.learner, "")),
            }
            for entry in found.overdue
        ],
        "undelivered": [
            {**entry, "resend": _reprint(entry["batch"], entry["learner"])}
            for entry in resend_json(tuxa, found.undelivered)
        ],
        "unopened": [
            {
                "envelope": entry.envelope,
                "item": entry.item or None,
                "learner": named.get(entry.learner, entry.learner) or None,
                "received_at": entry.received_at,
                "postmark": entry.postmark or None,
            }
            for entry in found.unopened
        ],
    }


def _reprint(batch: str, learner: str) -> str | None:
    return f"tuxa packets reprint {batch} --learner {learner}" if batch and learner else None
