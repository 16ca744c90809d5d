"""Pages that wait for a person, to look at: in parts, with proposals, pictures and counts, and learners by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from delivery.errors import N_, NotFound
from delivery.postal.incoming.grouping import Proposal
from delivery.postal.incoming.proposals import proposals_of
from delivery.postal.parts import Desk
from delivery.postal.roles import ASSIGNMENT
from delivery.record.sheetcode import PageRef, SideRef, read_code
from delivery.store.returned import ReturnedPages
from delivery.store.returns import QUEUED, PageRow, Returns, ScanFile
from delivery.store.sheets import Sheet

_PRINTED_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One page that waits, for a list."""

    row: PageRow
    file: ScanFile
    proposals: tuple[Proposal, ...]

    @property
    def ident(self) -> str:
        return self.row.ident

    @property
    def proposal(self) -> Proposal | None:
        return self.proposals[0] if self.proposals else None


@dataclass(frozen=True, slots=True)
class Match:
    """A learner found by code or name, with the works whose sheets are out."""

    learner: str
    code: str
    name: str
    works: tuple[Sheet, ...]
    """First page of each work of the newest packets."""


class WaitingPages:
    """The reading side of the queue of one home."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.returns = Returns(desk.database, desk.blobs, desk.keys.master, desk.ids)
        self._pages = ReturnedPages(desk.database)

    def counts(self, *, file: str = "") -> dict[str, int]:
        """Pages that wait, by reason, as of now."""
        return self.returns.waiting(file=file)

    def rows(self, *, reason: str = "", file: str = "", offset: int = 0, limit: int = 50) -> list[Waiting]:
        """A part of the queue, in the order of the piles, with proposals."""
        return self._with_proposals(self.returns.queue(reason=reason, file=file, offset=offset, limit=limit))

    def row(self, ident: str) -> Waiting:
        """One page, whether it still waits or was decided. Raises NotFound."""
        return self._with_proposals([self.returns.find(ident)])[0]

    def named(self, text: str, *, decided: bool = False) -> list[str]:
        """Names of the pages that `text` means: one page, or those from one to another of its file
        (``3fa94c21-17..40``) that wait, or that a person `decided` about. Raises NotFound when there are none.
        """
        name, dots, last = text.partition("..")
        first = self.returns.find(name)
        if not dots:
            return [first.ident]
        until = int(last) if last.isdecimal() and len(last) < 7 else 0
        found = [
            row.ident
            for number, row in sorted(self.returns.pages_of(first.file).items())
            if first.page <= number <= until and (row.decision if decided else row.status == QUEUED)
        ]
        if not found:
            none = N_("Nobody decided about pages {text}.") if decided else N_("No page of {text} waits.")
            raise NotFound(
                none, do=N_("Write it so: 3fa94c21-17..40, the first page and the last."), text=text
            )
        return found

    def decided(self, *, limit: int = 50) -> list[PageRow]:
        """The newest decisions."""
        return self.returns.decided(limit=limit)

    def image(self, ident: str) -> tuple[bytes, str, int]:
        """(picture, media type, degrees clockwise by which it is turned). Raises NotFound."""
        row = self.returns.find(ident)
        if row.image:
            return self.returns.image(row), row.media_type, row.rotation
        found = self._pages.with_facts([row.fact]).get(row.fact) if row.fact else None
        if found is None:
            return self.returns.image(row), row.media_type, row.rotation  # says what to do
        return self._desk.scans.get(found.learner, found.blob), found.media_type, row.rotation

    def search(self, text: str, *, limit: int = 20) -> list[Match]:
        """Learners whose code or name holds `text`, whatever its capitals and accents, who have work by post."""
        wanted = _plain(text)
        if not wanted:
            return []
        by_learner = {ref.id: ref for ref in self._desk.learners.all()}
        found = []
        profiles = self._desk.vault.profiles(list(by_learner))
        for learner, profile in sorted(profiles.items(), key=lambda pair: pair[1].code):
            if wanted in _plain(profile.code) or wanted in _plain(profile.full_name):
                works = self._works_of(learner)
                if works:
                    found.append(Match(learner, profile.code, profile.full_name, works))
            if len(found) == limit:
                break
        return found

    def _works_of(self, learner: str) -> tuple[Sheet, ...]:
        sheets = self._desk.sheets.of_learner(learner)
        return tuple(
            sheet
            for sheet in sheets
            if sheet.role == ASSIGNMENT
            and sheet.page == 1
            and not sheet.superseded
            and sheet.state != "voided"
        )

    def _with_proposals(self, rows: Sequence[PageRow]) -> list[Waiting]:
        files: dict[str, ScanFile] = {}
        for row in rows:
            if row.file not in files:
                found = self.returns.file(row.file)
                if found is not None:
                    files[row.file] = found
        proposals = proposals_of(self._desk, self.returns, rows)
        return [Waiting(row, files[row.file], proposals[row.ident]) for row in rows if row.file in files]

    def sheet_named(self, text: str) -> Sheet:
        """The printed page with this number (``1A2B-3C4D-5E6F``) or code. Raises NotFound."""
        plain = text.strip().lower().replace("-", "").replace(" ", "")
        sheet = self._desk.sheets.by_page(plain) if _PRINTED_ID.fullmatch(plain) else None
        if sheet is None:
            match read_code(text.strip(), self._desk.keys.codes):
                case PageRef(page_id):
                    sheet = self._desk.sheets.by_page(page_id)
                case SideRef(side_id):
                    sheet = self._desk.sheets.by_side(side_id)
        if sheet is None:
            raise NotFound(
                N_("No printed page has the number or code “{text}”."),
                do=N_("It stands at the foot of each sheet, for example 1a2b-3c4d-5e6f."),
                text=text,
            )
        return sheet


def _plain(text: str) -> str:
    """Without capitals and accents, as people type in a hurry; đ is d."""
    parts = unicodedata.normalize("NFD", text.casefold().strip().replace("đ", "d"))
    return "".join(char for char in parts if not unicodedata.combining(char))
