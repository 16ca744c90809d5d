"""What consoles may ask of the post's counter, and do: packets posted by hand scanner, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from delivery.catalogue.kinds import Role
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, BadInput
from delivery.network.bus.authorise import Method, command, question
from delivery.postal.outgoing.posting import WhyBack, post_scanned, resends, undelivered
from delivery.record.sheetcode import PageRef, SideRef, read_code
from delivery.store.packets import Packets, PacketState
from delivery.units import Micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from delivery.app.core import App

_MAY: Final = (Role.CLERK, Role.ADMIN)
_SEE: Final = (Role.CLERK, Role.MANAGER, Role.ADMIN)


def post_methods(app: App, publish: Callable[[str, Any], None]) -> Mapping[str, Method]:
    counter = _Counter(app, publish)
    return {
        "post.status": question(lambda _p, _a: counter.status(), _SEE),
        "post.look": question(lambda params, _a: counter.look(str(params.get("text", ""))), _SEE),
        "post.item": command(counter.item, _MAY),
        "post.undelivered": command(counter.undelivered, _MAY),
    }


class _Counter:
    def __init__(self, app: App, publish: Callable[[str, Any], None]) -> None:
        self._app, self._publish = app, publish

    def status(self) -> dict[str, Any]:
        """Batches with packets that are printed and not posted, what was posted today, and what came back."""
        packets = Packets(self._app.database, self._app.facts)
        today = self._app.clock.now().astimezone(VIETNAM).date()
        batches, posted_today = [], 0
        for batch in packets.all():
            states = [state for state in packets.states(batch.code) if state.valid]
            posted_today += sum(
                from_micros(Micros(state.posted_at)).astimezone(VIETNAM).date() == today
                for state in states
                if state.posted_at
            )
            printed = [state for state in states if state.printed_at]
            posted = sum(state.posted_at > 0 for state in printed)
            if printed:
                batches.append(
                    {"batch": batch.code, "course": batch.course, "printed": len(printed), "posted": posted}
                )
        back = resends(self._app)
        codes = self._codes({resend.state.learner for resend in back})
        return {
            "now": to_micros(self._app.clock.now()),
            "today": posted_today,
            "batches": batches,
            "back": [
                {
                    "packet": resend.state.packet,
                    "batch": resend.state.batch,
                    "learner": resend.state.learner,
                    "code": codes.get(resend.state.learner, ""),
                    "item": resend.state.item,
                    "reason": resend.state.reason,
                    "moved": resend.address_changed,
                }
                for resend in back
            ],
        }

    def look(self, text: str) -> dict[str, Any]:
        """What a code of a packet names; nothing for what is none of ours. Raises Refused for what cannot be posted."""
        state = self._packet(text)
        if state is None:
            return {"packet": ""}
        # The counter's own rules say whether it may be posted: a packet alone posts nothing.
        for scanned in post_scanned(self._app, [text], actor="-"):
            if scanned.problem is not None:
                raise scanned.problem
        code = self._codes({state.learner}).get(state.learner, "")
        return {"packet": state.packet, "batch": state.batch, "code": code, "posted": state.item}

    def item(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Post the packet whose code was scanned before (`packet_text`) under the item number in `text`."""
        lines = [str(params.get("packet_text", "")), str(params.get("text", ""))]
        for scanned in post_scanned(self._app, [line for line in lines if line], actor=actor):
            if scanned.problem is not None:
                raise scanned.problem
            if scanned.packet is not None:
                state = scanned.packet
                told = {"packet": state.packet, "batch": state.batch, "item": scanned.item}
                self._publish("post.posted", told)
                return {**told, "code": self._codes({state.learner}).get(state.learner, "")}
        raise BadInput(
            N_("Nothing was posted."),
            do=N_("Scan a code on the packet's letter first, then its postal label."),
        )

    def undelivered(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """A packet came back: named by its postal item number, by any code on the letter, or by its own number."""
        try:
            reason = WhyBack(str(params.get("reason", "")))
        except ValueError as error:
            raise BadInput(
                N_("“{reason}” is not on the post's form."),
                do=N_("There are: {known}."),
                reason=str(params.get("reason", ""))[:32],
                known=", ".join(WhyBack),
            ) from error
        (state,) = undelivered(self._app, [str(params.get("text", ""))], reason=reason, actor=actor)
        told = {"packet": state.packet, "batch": state.batch}
        self._publish("post.back", told)
        return {**told, "code": self._codes({state.learner}).get(state.learner, "")}

    def _packet(self, text: str) -> PacketState | None:
        match read_code(text.strip(), self._app.keys.codes):
            case PageRef(page_id):
                sheet = self._app.sheets.by_page(page_id)
            case SideRef(side_id):
                sheet = self._app.sheets.by_side(side_id)
            case _:
                return None
        return Packets(self._app.database, self._app.facts).get(sheet.packet) if sheet else None

    def _codes(self, learners: set[str]) -> dict[str, str]:
        return {
            learner: profile.code for learner, profile in self._app.vault.profiles(sorted(learners)).items()
        }
