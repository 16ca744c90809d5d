"""Whether what comes next can go out: its gate is open, and every one of its files is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import from_micros
from delivery.errors import N_, Message
from delivery.network.bus.protocol import plain_message
from delivery.store.air import TICK_US, Airing

if TYPE_CHECKING:
    from delivery.app.core import App

_KEPT_S: Final = 5.0
_CLOSED: Final = {
    "unapproved": N_("not approved for broadcast"),
    "unlicensed": N_("outside the time of its rights"),
}


class Readiness:
    """Looks at most once in five seconds for each airing: a long lesson has a thousand files."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._held: dict[str, tuple[float, dict[str, Any]]] = {}

    def of(self, airing: Airing) -> dict[str, Any]:
        """``ready``, and ``reason`` where it is not."""
        now = self._app.clock.monotonic()
        held = self._held.get(airing.id)
        if held and now - held[0] < _KEPT_S:
            return held[1]
        if len(self._held) > 1_000:
            self._held.clear()
        reason = self._reason(airing)
        found = {"ready": reason is None, "reason": plain_message(reason) if reason else ""}
        self._held[airing.id] = (now, found)
        return found

    def _reason(self, airing: Airing) -> Message | None:
        app = self._app
        begins = from_micros(airing.start_tick * TICK_US)
        gate = app.materials.gate(
            airing.material, content=airing.content, mode=DeliveryMode.BROADCAST, at=begins
        )
        if gate:
            return Message(_CLOSED[gate])
        asset = app.library.find(airing.asset)
        if asset is None:
            return Message(N_("not converted"))
        missing = sum(not app.blobs.exists(address) for address in {a for _, a in asset.blobs()})
        if missing:
            return Message(N_("{count} files are missing"), {"count": missing})
        return None
