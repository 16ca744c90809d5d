"""What consoles may ask of packets that are due, and do: see what stops them, try, plan, print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from delivery.app.consoles.preview import Preview
from delivery.app.consoles.tasks import Task
from delivery.app.gates import courses_of_batch, require_no_violation
from delivery.catalogue.kinds import Role
from delivery.clock import to_micros
from delivery.errors import TuxaError
from delivery.network.bus.authorise import Method, command, question
from delivery.network.bus.protocol import plain_message
from delivery.postal.outgoing.order import DueMailing, to_do
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.outgoing.planning import Planned, plan_batch
from delivery.postal.outgoing.printing import print_batch
from delivery.postal.outgoing.sources import recheck
from delivery.regulation.registry import Gate
from delivery.store.packets import Packets, PacketState

if TYPE_CHECKING:
    from delivery.app.core import App

_MAY: Final = (Role.CLERK, Role.ADMIN)
_SEE: Final = (Role.CLERK, Role.MANAGER, Role.ADMIN)


def due_methods(app: App, desk: DueDesk) -> Mapping[str, Method]:
    return {
        "due.list": question(lambda _p, _a: desk.batches(), _SEE),
        "due.gates": question(lambda params, _a: {"gates": desk.gates(str(params.get("batch", "")))}, _SEE),
        "due.preview": question(lambda params, _a: desk.preview.page(params), _SEE),
        "due.trial": question(lambda params, actor: desk.plan(params, actor, dry_run=True), _SEE),
        "due.plan": command(lambda params, actor: desk.plan(params, actor, dry_run=False), _MAY),
        "due.print": command(desk.begin, _MAY),
        "due.stop": command(lambda _p, _a: {"stopped": desk.task.stop()}, _MAY),
    }


class DueDesk:
    """Batches of one home that somebody has to deal with."""

    def __init__(self, app: App, publish: Callable[[str, Any], None]) -> None:
        self._app, self._publish = app, publish
        self.task = Task("due.printing", app.clock, publish)
        self.preview = Preview(app)

    def batches(self) -> dict[str, Any]:
        """Mailings that are due, and batches that were planned by hand and are not in the post."""
        packets = Packets(self._app.database, self._app.facts)
        sites: dict[str, dict[str, str]] = {}
        rows = []
        for due in to_do(self._app).mailings:
            states = [state for state in packets.states(due.batch) if state.valid]
            rows.append(self._mailing(due, states, sites))
        known = {row["batch"] for row in rows}
        for batch in packets.all():
            states = [state for state in packets.states(batch.code) if state.valid]
            if batch.code not in known and any(not state.posted_at for state in states):
                rows.append(self._row(batch.code, batch.course, "", states, [], sites))
        return {
            "now": to_micros(self._app.clock.now()),
            "batches": rows,
            "folder": str(self._app.settings.home / "print"),
            "task": self.task.document(),
        }

    def gates(self, batch: str) -> list[dict[str, Any]]:
        """What stops printing: material that may not be printed (any more), and clauses of the regulation."""
        packets = Packets(self._app.database, self._app.facts)
        found = []
        known = packets.find(batch)
        steps: list[Callable[[], object]] = [
            lambda: require_no_violation(
                self._app, Gate.PRINT, about=courses_of_batch(self._app, batch) or self._course_of(batch)
            )
        ]
        if known is not None:
            spec = BatchSpec.from_json(known.spec)
            steps.insert(0, lambda: recheck(self._app, spec))
        elif (due := self._due(batch)) is not None:
            steps.insert(
                0,
                lambda: plan_batch(
                    self._app, batch, wish=due.order.wish(due.mailing), actor="-", dry_run=True
                ),
            )
        for step in steps:
            try:
                step()
            except TuxaError as error:
                found.append(
                    {"what": plain_message(error.what), "do": plain_message(error.do) if error.do else ""}
                )
        return found

    def plan(self, params: Mapping[str, Any], actor: str, *, dry_run: bool) -> dict[str, Any]:
        """Plan a mailing that is due, catch-ups included; a trial keeps nothing."""
        batch = str(params.get("batch", ""))
        due = self._due(batch)
        if due is None:
            Packets(self._app.database, self._app.facts).require(batch)
        wish = due.order.wish(due.mailing) if due is not None else None
        planned = plan_batch(self._app, batch, wish=wish, actor=actor, dry_run=dry_run)
        if not dry_run:
            self._publish("due.planned", {"batch": batch})
        return self._planned(planned)

    def begin(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Plan who is still without a packet, and draw the files. After a stop or a kill the same goes on."""
        batch = str(params.get("batch", ""))
        require_no_violation(
            self._app, Gate.PRINT, about=courses_of_batch(self._app, batch) or self._course_of(batch)
        )
        due = self._due(batch)
        if due is None:
            Packets(self._app.database, self._app.facts).require(batch)

        def work(task: Task) -> dict[str, Any]:
            if due is not None and (due.behind or not due.planned):
                plan_batch(self._app, batch, wish=due.order.wish(due.mailing), actor=actor)
            printed = print_batch(self._app, batch, actor=actor, progress=task.moved)
            return {
                "packets": printed.packets,
                "pages": printed.pages,
                "drawn": printed.drawn,
                "files": [str(file) for file in printed.files],
                "gone": [str(file) for file in printed.gone],
                "unreachable": self._named(dict(printed.unreachable)),
            }

        return self.task.start(batch, work)

    def _due(self, batch: str) -> DueMailing | None:
        return next((due for due in to_do(self._app).mailings if due.batch == batch), None)

    def _course_of(self, batch: str) -> set[str]:
        due = self._due(batch)
        return {due.order.course} if due is not None else set()

    def _mailing(
        self, due: DueMailing, states: list[PacketState], sites: dict[str, dict[str, str]]
    ) -> dict[str, Any]:
        return self._row(
            due.batch, due.order.course, due.mailing.send.isoformat(), states, list(due.behind), sites
        )

    def _row(
        self,
        batch: str,
        course: str,
        send: str,
        states: list[PacketState],
        behind: list[str],
        sites: dict[str, dict[str, str]],
    ) -> dict[str, Any]:
        if course not in sites:
            sites[course] = {ref.id: ref.site for ref in self._app.learners.of_course(course)}
        site_of = sites[course]
        todo = [state.learner for state in states if not state.posted_at]
        return {
            "batch": batch,
            "course": course,
            "send": send,
            "behind": len(behind),
            "unprinted": sum(not state.printed_at for state in states),
            "unposted": sum(state.printed_at > 0 and not state.posted_at for state in states),
            "posted": sum(state.posted_at > 0 for state in states),
            "sites": dict(sorted(Counter(site_of.get(one, "") for one in (*behind, *todo)).items())),
        }

    def _planned(self, planned: Planned) -> dict[str, Any]:
        return {
            "batch": planned.spec.batch,
            "course": planned.spec.course,
            "packets": planned.packets,
            "added": planned.added,
            "pages": planned.pages,
            "parts": [{"title": part.title, "pages": part.pages} for part in planned.spec.parts],
            "mail": [
                {"count": count, "grams": piece.grams, "envelope": piece.envelope, "class": piece.postage}
                for piece, count in sorted(planned.mail.items(), key=lambda pair: pair[0].grams)
            ],
            "missing": list(planned.spec.missing),
            "unreachable": self._named(dict(planned.unreachable)),
            "doubtful": self._named(dict(planned.doubtful)),
            "unset": [{"code": title, "text": signs} for title, signs in planned.unset],
        }

    def _named(self, reasons: Mapping[str, Any]) -> list[dict[str, Any]]:
        profiles = self._app.vault.profiles(sorted(reasons))
        return [
            {"code": profiles[learner].code if learner in profiles else "", "text": plain_message(reason)}
            for learner, reason in reasons.items()
        ]
