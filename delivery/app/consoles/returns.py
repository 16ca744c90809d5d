"""What consoles may ask of returned sheets, and do: envelopes, the scan folder, pages and readings that wait."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from delivery.app.consoles.preview import small_jpeg
from delivery.app.consoles.tasks import Task
from delivery.catalogue.kinds import Role
from delivery.clock import to_micros
from delivery.errors import N_, BadInput
from delivery.network.bus.authorise import Method, command, question
from delivery.postal.incoming.grouping import Proposal
from delivery.postal.incoming.handscanner import Heard, receive_envelopes
from delivery.postal.incoming.marks import Decided, Marking, has_its_place
from delivery.postal.incoming.queue import Queue, WhyDiscard
from delivery.postal.incoming.waiting import Waiting
from delivery.postal.incoming.watch import DONE, FAILED, TAKEN, FolderWatch, Taken
from delivery.postal.incoming.wholepage import upright
from delivery.record.typed import is_like_a_day
from delivery.store.readings import MARK, SCORE, WAITING, Reading
from delivery.store.returned import ReturnedPages
from delivery.store.returns import PageRow

if TYPE_CHECKING:
    from delivery.app.core import App

_PAGE: Final = 200
_SEEN_PX: Final = 720
"""Long side of a page's picture for a console: a terminal shows no more, and a slow line carries it."""
_LARGE_PX: Final = 2000
"""Long side of a page's picture for a browser: 170 dots per inch of A4."""
_WHOLE_PX: Final = 1600
"""Long side of the page of a reading whose place was not found: as a JPEG it fits into one message."""
_MAY: Final = (Role.CLERK, Role.ADMIN)
_SEE: Final = (Role.CLERK, Role.MANAGER, Role.ADMIN)
"""Pictures and names of learners are for those who work with them."""


def returns_methods(app: App, desk: ReturnsDesk) -> Mapping[str, Method]:
    return {
        "returns.status": question(lambda _p, _a: desk.status(), _SEE),
        "returns.queue": question(desk.queue, _SEE),
        "returns.image": question(lambda params, _a: desk.image(params), _SEE),
        "returns.search": question(lambda params, _a: desk.search(params), _SEE),
        "returns.readings": question(desk.readings, _SEE),
        "returns.crop": question(lambda params, _a: desk.crop(params), _SEE),
        "returns.accept": command(desk.accept, _MAY),
        "returns.choose": command(desk.choose, _MAY),
        "returns.extra": command(desk.extra, _MAY),
        "returns.discard": command(desk.discard, _MAY),
        "returns.undo": command(desk.undo, _MAY),
        "returns.confirm": command(desk.confirm, _MAY),
        "returns.correct": command(desk.correct, _MAY),
        "returns.refuse": command(desk.refuse, _MAY),
        "returns.envelope": command(desk.envelope, _MAY),
        "returns.take_in": command(desk.take_in, _MAY),
        "returns.stop": command(lambda _p, _a: {"stopped": desk.task.stop()}, _MAY),
    }


class ReturnsDesk:
    """The desk of returned sheets of one home, as consoles see it."""

    def __init__(self, app: App, publish: Callable[[str, Any], None]) -> None:
        self._app, self._publish = app, publish
        self.task = Task("returns.scanning", app.clock, publish)

    @property
    def folder(self) -> Path:
        return self._app.settings.home / "scans"

    # --- what is asked ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Counts as of now: pages by what became of them, pages and readings that wait, envelopes, the scan folder."""
        queue = Queue(self._app)
        counts = queue.counts()
        readings = Marking(self._app).counts()
        return {
            "now": to_micros(self._app.clock.now()),
            "waiting": sum(counts.values()),
            "reasons": counts,
            "readings": sum(readings.get(state, 0) for state in WAITING),
            "totals": queue.returns.totals(),
            "unopened": len(ReturnedPages(self._app.database).unopened()),
            "folder": {
                "path": str(self.folder),
                "files": _count(self.folder),
                "done": _count(self.folder / DONE),
                "failed": _count(self.folder / FAILED),
            },
            "task": self.task.document(),
        }

    def queue(self, params: Mapping[str, Any], _actor: str) -> dict[str, Any]:
        """A part of the queue, in the order of the piles, with proposals."""
        offset = _number(params, "offset")
        rows = Queue(self._app).rows(offset=offset, limit=_PAGE)
        codes = self._codes({proposal.learner for row in rows for proposal in row.proposals})
        return {
            "now": to_micros(self._app.clock.now()),
            "more": len(rows) == _PAGE,
            "pages": [_waiting(row, codes) for row in rows],
        }

    def image(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The picture of a page, upright and in grey, as a JPEG: for a terminal, or `large` for a browser."""
        picture, media_type, rotation = Queue(self._app).image(_text(params, "id"))
        is_large = params.get("large") is True
        side = _LARGE_PX if is_large else _SEEN_PX
        seen = upright(picture, media_type, rotation, long_px=side)
        data = small_jpeg(seen) if is_large else small_jpeg(seen, best=60)
        return {"jpeg": b64encode(data).decode(), "width": seen.width, "height": seen.height}

    def search(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Learners by a part of code or name, with the works whose sheets are out."""
        return {
            "learners": [
                {
                    "learner": match.learner,
                    "code": match.code,
                    "name": match.name,
                    "works": [{"activity": work.activity, "pages": work.pages} for work in match.works],
                }
                for match in Queue(self._app).search(_text(params, "text"))
            ]
        }

    def readings(self, params: Mapping[str, Any], _actor: str) -> dict[str, Any]:
        """A part of what waits to be confirmed."""
        rows = Marking(self._app).readings.listed(offset=_number(params, "offset"), limit=_PAGE)
        codes = self._codes({row.learner for row in rows})
        return {"more": len(rows) == _PAGE, "readings": [_reading(row, codes) for row in rows]}

    def crop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The picture of one place that was read, or of its whole page, for a terminal or `large` for a browser."""
        marking = Marking(self._app)
        (row,) = marking.readings.require([_text(params, "id")])
        side = _WHOLE_PX if params.get("large") is True else _SEEN_PX
        return {"jpeg": b64encode(marking.crop(row, long_px=side)).decode()}

    # --- decisions about pages ----------------------------------------------------------------------

    def accept(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        which = params.get("which", 1)
        page = Queue(self._app).accept(
            _text(params, "id"), actor=actor, which=which if type(which) is int else 0
        )
        return self._decided(page)

    def choose(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """As a printed page: by its number or code (`text`), or as a page of a learner's work."""
        queue, ident = Queue(self._app), _text(params, "id")
        if sheet := _text(params, "text"):
            return self._decided(queue.choose(ident, sheet, actor=actor))
        learner, activity = _text(params, "learner"), _text(params, "activity")
        return self._decided(
            queue.choose_page(ident, learner, activity, _number(params, "page"), actor=actor)
        )

    def extra(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        learner, activity = _text(params, "learner"), _text(params, "activity")
        return self._decided(Queue(self._app).extra(_text(params, "id"), learner, activity, actor=actor))

    def discard(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        try:
            reason = WhyDiscard(_text(params, "reason"))
        except ValueError as error:
            raise BadInput(
                N_("“{reason}” is no reason to file a page nowhere."),
                do=N_("There are: {known}."),
                reason=_text(params, "reason")[:32],
                known=", ".join(WhyDiscard),
            ) from error
        return self._decided(Queue(self._app).discard(_text(params, "id"), reason, actor=actor))

    def undo(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        return self._decided(Queue(self._app).undo(_text(params, "id"), actor=actor))

    def _decided(self, row: PageRow) -> dict[str, Any]:
        told = {"id": row.ident, "status": row.status, "decision": row.decision}
        self._publish("returns.page", told)
        return told

    # --- readings -----------------------------------------------------------------------------------

    def confirm(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Confirm readings as they were shown: `read` is what the person saw, and another one is not confirmed.

        `marker` is the lecturer who marked on paper, for a mark that stood there when the sheet first came.
        """
        marking = Marking(self._app)
        (row,) = marking.readings.require([_text(params, "id")])
        if row.read != params.get("read", row.read):
            raise BadInput(
                N_("Reading {ident} has changed since it was shown."),
                do=N_("Look at it again."),
                ident=row.reading,
            )
        (decided,) = marking.confirm([row.reading], actor=actor, marker=_text(params, "marker"))
        return self._marked(decided)

    def correct(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        replace = params.get("replace") is True
        decided = Marking(self._app).correct(
            _text(params, "id"),
            _text(params, "value"),
            actor=actor,
            marker=_text(params, "marker"),
            replace=replace,
        )
        return self._marked(decided)

    def refuse(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        return self._marked(Marking(self._app).refuse(_text(params, "id"), actor=actor))

    def _marked(self, decided: Decided) -> dict[str, Any]:
        if decided.problem is not None:
            raise decided.problem
        told = {"id": decided.reading.reading, "value": decided.value}
        self._publish("returns.reading", told)
        return told

    # --- what comes in ------------------------------------------------------------------------------

    def envelope(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """One line of the hand scanner. `postmark` is the day that was typed before, right or wrong; `item_text` the
        postal label that was scanned before, where each envelope gives two codes: what comes now belongs to the same
        envelope."""
        day, item = _text(params, "postmark"), _text(params, "item_text")
        before = [*([day] if is_like_a_day(day) else []), *([item] if item else [])]
        lines = [*before, _text(params, "text") or "?"]
        *_, line = receive_envelopes(self._app, lines, actor=actor, pairs=bool(item))
        if line.problem is not None:
            raise line.problem
        told = {
            "heard": str(line.heard),
            "code": self._codes({line.learner}).get(line.learner, "") if line.learner else "",
            "since": line.since,
            "postmark": line.text if line.heard is Heard.POSTMARK else day,
        }
        self._publish("returns.envelope", {"heard": told["heard"]})
        return told

    def take_in(self, _params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Take in what lies in the scan folder, and what comes while that goes on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not _count(self.folder):
            raise BadInput(
                N_("No scanned file lies in {folder}."),
                do=N_("Let the scanner write into it, or copy files there."),
                folder=str(self.folder),
            )
        return self.task.start(self.folder.name, lambda task: self._scan(task, actor))

    def _scan(self, task: Task, actor: str) -> dict[str, Any]:
        watch = FolderWatch(
            self._app,
            self.folder,
            actor=actor,
            wait=lambda seconds: task.wait(seconds) and bool(seconds == 0 or watch.pending),
            on_progress=lambda name, done, total: _tell(task, name, done, total),
        )
        sums = {"files": 0, "failed": 0, "pages": 0, "filed": 0, "queued": 0, "duplicates": 0}
        for taken in watch.run():
            _add(sums, taken)
            self._publish("returns.taken", {"file": taken.name, "failed": taken.intake is None})
        return sums

    def _codes(self, learners: set[str]) -> dict[str, str]:
        return {
            learner: profile.code for learner, profile in self._app.vault.profiles(sorted(learners)).items()
        }


def _tell(task: Task, name: str, done: int, total: int) -> None:
    # The watch itself looks whether to stop, and leaves the file to be gone on with.
    if not task.is_stopping:
        task.moved(done, total, name)


def _add(sums: dict[str, int], taken: Taken) -> None:
    sums["files"] += 1
    if taken.intake is None:
        sums["failed"] += 1
        return
    sums["pages"] += taken.intake.pages
    sums["filed"] += taken.intake.filed
    sums["queued"] += len(taken.intake.queued)
    sums["duplicates"] += taken.intake.duplicates


def _waiting(waiting: Waiting, codes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": waiting.ident,
        "file": waiting.file.name or waiting.file.file[:8],
        "page": waiting.row.page,
        "pages": waiting.file.pages,
        "reason": waiting.row.reason,
        "proposals": [_proposal(proposal, codes) for proposal in waiting.proposals],
    }


def _proposal(proposal: Proposal, codes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": proposal.kind,
        "why": str(proposal.why),
        "learner": codes.get(proposal.learner, ""),
        "activity": proposal.activity,
        "page": proposal.page,
        "certainty": proposal.certainty,
    }


def _reading(row: Reading, codes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": row.reading,
        "learner": codes.get(row.learner, ""),
        "course": row.course,
        "activity": row.activity,
        "page": row.page,
        # A mark by the key is shown, confirmed and told like a lecturer's; its picture says how it came about.
        "use": MARK if row.use == SCORE else row.use,
        "question": row.question,
        "read": row.read,
        "confidence": row.confidence,
        "doubt": row.doubt,
        "state": row.state,
        "has_crop": has_its_place(row),
    }


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (
            file
            for file in folder.iterdir()
            if file.suffix.lower() in TAKEN and not file.name.startswith((".", "~"))
        )


def _count(folder: Path) -> int:
    return sum(1 for _ in _files(folder))


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    return value.strip() if isinstance(value, str) else ""


def _number(params: Mapping[str, Any], name: str) -> int:
    value = params.get(name)
    return value if type(value) is int and value >= 0 else 0
