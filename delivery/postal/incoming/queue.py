"""Pages that wait for a person: what they may be, and one method for each decision about them.

A decision files the page through the one door and is told as a ScanDecided fact with its actor, in one transaction with
the page's row. It can be taken back: what it told is retracted, and the page waits again with its picture. Whatever is
decided, each page of a file is filed, waiting, a duplicate, blank or foreign, so the sums hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum

from sqlalchemy import Connection

from delivery.clock import to_micros
from delivery.errors import N_, BadInput, NotFound, Refused
from delivery.ids import fact_id
from delivery.postal.incoming.grouping import Proposal, Why
from delivery.postal.incoming.intake import Post, post_of, source_of
from delivery.postal.incoming.marks import Marking
from delivery.postal.incoming.reading_filed import read_filed
from delivery.postal.incoming.waiting import Waiting, WaitingPages
from delivery.postal.roles import ASSIGNMENT
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.readings import COUNTS
from delivery.store.returns import BLANK, DUPLICATE, FILED, FOREIGN, QUEUED, PageRow
from delivery.store.sheets import Sheet
from delivery.store.submissions import Arrival, Extra, Outcome
from delivery.units import Micros

UNDONE = "undone"
"""Reason of a page that was filed by a machine and taken back by a person."""
ACCEPTED, CHOSEN, EXTRA, DISCARDED = "accepted", "chosen", "extra", "discarded"


class WhyDiscard(StrEnum):
    """Why a page is not filed, as codes: a reason in words might name a person."""

    NOT_OURS = "not_ours"
    BLANK = "blank"
    COPY = "copy"
    """The page is there already: copied, or scanned twice."""
    RESCANNED = "rescanned"
    """Scanned again, better."""
    SPOILT = "spoilt"
    """Shows nothing that anybody could use: black, torn off, a hand."""


_COUNTED_AS = {
    WhyDiscard.NOT_OURS: FOREIGN,
    WhyDiscard.BLANK: BLANK,
    WhyDiscard.COPY: DUPLICATE,
    WhyDiscard.RESCANNED: DUPLICATE,
    WhyDiscard.SPOILT: FOREIGN,
}


class Queue(WaitingPages):
    """The queue of one home, with the decisions about it. `actor` of each decision is a code."""

    def accept(self, ident: str, *, actor: str, which: int = 1) -> PageRow:
        """File a page as it is proposed (the `which`-th proposal). Raises Refused without one."""
        waiting = self._waiting(ident)
        if not 1 <= which <= len(waiting.proposals):
            raise Refused(
                N_("Nothing is proposed for page {ident}."),
                do=N_("Choose its sheet or its learner, or discard it with a reason."),
                ident=waiting.ident,
            )
        proposal = waiting.proposals[which - 1]
        proposed = f"{proposal.why}:{proposal.sheet or 'extra'}"
        if proposal.sheet:
            return self._file(waiting, proposal.sheet, ACCEPTED, actor, proposed)
        return self._file_extra(waiting, proposal, ACCEPTED, actor, proposed)

    def choose(self, ident: str, sheet: str, *, actor: str) -> PageRow:
        """File a page as a printed page: its number as it stands at the foot of the sheet, or the text of its code."""
        return self._file(self._waiting(ident), self.sheet_named(sheet).page_id, CHOSEN, actor)

    def choose_page(self, ident: str, learner: str, activity: str, page: int, *, actor: str) -> PageRow:
        """File a page as that page of a learner's work (student code or learner id). Raises NotFound."""
        return self._file(
            self._waiting(ident), self._sheet_of(learner, activity, page).page_id, CHOSEN, actor
        )

    def extra(self, ident: str, learner: str, activity: str, *, actor: str, behind: int = 0) -> PageRow:
        """File a page as an extra sheet of a learner's work."""
        sheet = self._sheet_of(learner, activity, 1)
        proposal = Proposal(
            why=Why.SAID, learner=sheet.learner, course=sheet.course, activity=sheet.activity,
            packet=sheet.packet, page=behind,
        )  # fmt: skip
        return self._file_extra(self._waiting(ident), proposal, EXTRA, actor)

    def discard(self, ident: str, reason: WhyDiscard, *, actor: str) -> PageRow:
        """File a page nowhere; its picture is kept."""
        row = self._waiting(ident).row
        decided = self._decided(row, _COUNTED_AS[reason], DISCARDED, actor)
        with self._desk.database.write() as connection:
            self._tell(connection, decided, DISCARDED, actor, reason=str(reason))
            self.returns.decide_in(connection, row, decided)
        return decided

    def undo(self, ident: str, *, actor: str) -> PageRow:
        """Take a decision back: what it told is retracted, and the page waits again.

        A page that a machine filed can be put into the queue as well: a wrong reading is corrected the same way.
        """
        row = self.returns.find(ident)
        if row.status == QUEUED:
            raise Refused(N_("Page {ident} waits already."), do=N_("Decide about it."), ident=row.ident)
        if not row.decision and row.status != FILED:
            raise Refused(
                N_("Nobody decided about page {ident}; there is nothing to take back."),
                do=N_("Scan the paper again if it was counted wrongly."),
                ident=row.ident,
            )
        told = self._desk.facts.get(row.fact) if row.fact else None
        if told is not None and row.status == FILED:
            self._no_marks_from(told, actor)
        image = row.image
        media_type = row.media_type
        if told is not None and not image:
            picture = self._desk.scans.get(told.learner, told.data["blob"])
            image, media_type = self.returns.put_image(picture), told.data["media_type"]
        again = replace(
            row, status=QUEUED, reason=row.reason or UNDONE, image=image, media_type=media_type,
            decision="", decided_by="", decided_at=0, fact="", page_id="" if row.decision else row.page_id,
        )  # fmt: skip
        marking = Marking(self._desk)
        with self._desk.database.write() as connection:
            if told is not None and row.status == FILED:
                self._desk.facts.append_in(connection, [self._retraction(told, actor)], once=True)
                marking.readings.forget_in(connection, told.id)
                marking.rescore_in(connection, told)
            self._tell(connection, again, "reopened", actor, at=self._now())
            self.returns.decide_in(connection, row, again)
        return again

    # How

    def _no_marks_from(self, told: Fact, actor: str) -> None:
        """What was confirmed of a page counts no more once the page is taken back."""
        marking = Marking(self._desk)
        confirmed = marking.readings.of_works([told.id], *COUNTS)
        # The score first: it must not be made anew of the answers that are left meanwhile.
        for reading in [*marking.scored(told), *confirmed]:
            marking.refuse(reading.reading, actor=actor)

    def _sheet_of(self, learner: str, activity: str, page: int) -> Sheet:
        ref = self._desk.learners.require(learner)
        sheets = [
            sheet
            for sheet in self._desk.sheets.of_activity(ref.id, activity.strip().upper())
            if sheet.role == ASSIGNMENT and sheet.page == page and sheet.state != "voided"
        ]
        if not sheets:
            raise NotFound(
                N_("No page {page} of {activity} was printed for {learner}."),
                do=N_("Search the learner to see the works whose sheets are out."),
                page=page,
                activity=activity,
                learner=learner,
            )
        # The newest print counts; an older one only where there is no other.
        return min(sheets, key=lambda sheet: sheet.superseded)

    def _waiting(self, ident: str) -> Waiting:
        waiting = self.row(ident)
        if waiting.row.status != QUEUED:
            raise Refused(
                N_("Page {ident} does not wait any more: {status}."),
                do=N_("To decide anew, take the decision back: tuxa returns undo {ident}"),
                ident=waiting.ident,
                status=waiting.row.status,
            )
        return waiting

    def _file(self, waiting: Waiting, page_id: str, decision: str, actor: str, proposed: str = "") -> PageRow:
        row = waiting.row
        image = self.returns.image(row)
        sheet = self._desk.sheets.by_page(page_id)
        post = self._post(waiting, sheet.packet if sheet else "")
        arrival = Arrival(
            page_id=page_id,
            channel="post",
            image=image,
            media_type=row.media_type,
            received_at=self._desk.clock.now(),
            actor=actor,
            source=source_of(row.file, row.page),
            postmark=post.postmark,
            envelope=post.envelope,
        )
        done: list[PageRow] = []

        def remember(connection: Connection, outcomes: Sequence[Outcome]) -> None:
            (outcome,) = outcomes
            if outcome.status in ("unknown", "held"):
                raise _CannotFile(outcome)
            done.append(self._filed(connection, row, outcome, decision, actor, proposed, page_id))

        try:
            self._desk.submissions.accept([arrival], also=remember)
        except _CannotFile as refused:
            raise _refusal(refused.outcome, row.ident) from refused
        self._read(done[0])
        return done[0]

    def _file_extra(
        self, waiting: Waiting, proposal: Proposal, decision: str, actor: str, proposed: str = ""
    ) -> PageRow:
        row = waiting.row
        post = self._post(waiting, proposal.packet)
        extra = Extra(
            learner=proposal.learner,
            course=proposal.course,
            activity=proposal.activity,
            packet=proposal.packet,
            channel="post",
            image=self.returns.image(row),
            media_type=row.media_type,
            received_at=self._desk.clock.now(),
            actor=actor,
            source=source_of(row.file, row.page),
            behind=proposal.page,
            postmark=post.postmark,
            envelope=post.envelope,
        )
        done: list[PageRow] = []

        def remember(connection: Connection, outcomes: Sequence[Outcome]) -> None:
            (outcome,) = outcomes
            if outcome.status == "unknown":
                raise _CannotFile(outcome)
            done.append(self._filed(connection, row, outcome, decision, actor, proposed, ""))

        try:
            self._desk.submissions.accept_extra(extra, also=remember)
        except _CannotFile as refused:
            raise _refusal(refused.outcome, row.ident) from refused
        return done[0]

    def _post(self, waiting: Waiting, packet: str) -> Post:
        return post_of(waiting.file, self._pages.of_packets([packet]).get(packet))

    def _filed(
        self,
        connection: Connection,
        row: PageRow,
        outcome: Outcome,
        decision: str,
        actor: str,
        proposed: str,
        page_id: str,
    ) -> PageRow:
        status = FILED
        if outcome.status == "duplicate":
            told = self._desk.facts.get(outcome.fact)
            ours = told is not None and told.data.get("source") == source_of(row.file, row.page)
            # What was taken back and is filed so again may have come with another file: nobody has it but this page.
            again = told is not None and self._let_stand(connection, told, actor)
            alone = ours and not self.returns.is_filed_in(connection, outcome.fact)
            status = FILED if again or alone else DUPLICATE
        # The picture lies with the learner now; the queue's own copy opens to nobody any more.
        decided = replace(
            self._decided(row, status, decision, actor),
            page_id=page_id,
            fact=outcome.fact,
            image="",
            media_type="",
        )
        self._tell(connection, decided, decision, actor, told=outcome.fact, proposed=proposed)
        self.returns.decide_in(connection, row, decided)
        return decided

    def _let_stand(self, connection: Connection, told: Fact, actor: str) -> bool:
        """A page that was filed so before, and taken back, is filed so again: the retraction is retracted. Whether it
        had been taken back."""
        retractions = [
            fact
            for fact in self._desk.facts.select(kind=FactKind.FACT_RETRACTED)
            if fact.data["reason"].startswith("returns:")
        ]
        gone = {fact.corrects for fact in retractions}
        found = [fact for fact in retractions if fact.corrects == told.id and fact.id not in gone]
        for fact in found:
            self._desk.facts.append_in(connection, [self._retraction(fact, actor)], once=True)
        return bool(found)

    def _retraction(self, fact: Fact, actor: str) -> Draft:
        return Draft(
            id=fact_id(FactKind.FACT_RETRACTED, fact.id, "returns", self._now()),
            kind=FactKind.FACT_RETRACTED,
            occurred_at=self._now(),
            actor=actor,
            audience=fact.stream.partition("/")[2],
            corrects=fact.id,
            data={"reason": "returns:reopened"},
        )

    def _decided(self, row: PageRow, status: str, decision: str, actor: str) -> PageRow:
        return replace(row, status=status, decision=decision, decided_by=actor, decided_at=self._now())

    def _tell(
        self,
        connection: Connection,
        row: PageRow,
        decision: str,
        actor: str,
        *,
        reason: str = "",
        told: str = "",
        proposed: str = "",
        at: Micros = Micros(0),
    ) -> None:
        more = {"reason": reason, "told": told, "proposed": proposed}
        when = Micros(row.decided_at) or at
        draft = Draft(
            id=fact_id(FactKind.SCAN_DECIDED, row.file, row.page, decision, when),
            kind=FactKind.SCAN_DECIDED,
            occurred_at=when,
            actor=actor,
            audience=self._desk.settings.site,
            data={
                "scan": row.file[:16],
                "page": row.page,
                "decision": decision,
                **{name: text for name, text in more.items() if text},
            },
        )
        self._desk.facts.append_in(connection, [draft], once=True)

    def _read(self, row: PageRow) -> None:
        """What is filled in on a page that was filed by hand is read like on any other; here, because a worker takes
        longer to start than one page to read."""
        if row.fact and row.status == FILED:
            with ThreadPoolExecutor(1) as executor:
                read_filed(self._desk, executor, [row.fact])

    def _now(self) -> Micros:
        return to_micros(self._desk.clock.now())


class _CannotFile(Exception):
    """The door does not take this page; the transaction is given up."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


def _refusal(outcome: Outcome, ident: str) -> Refused:
    if outcome.status == "held":
        return Refused(
            N_("Page {ident} cannot be filed there: that sheet was voided."),
            do=N_("Choose the sheet that counts for this learner, or discard the page."),
            ident=ident,
        )
    return BadInput(
        N_("Page {ident} cannot be filed there: that sheet or learner is not known here."),
        do=N_("Search the learner, or bring this site up to date with “tuxa sync run”."),
        ident=ident,
    )
