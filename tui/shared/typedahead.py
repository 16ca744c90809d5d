"""Keys in their order: the next one is handed over when the one before has done all that it does.

Over a slow line keys arrive in bursts, and a hand scanner types without a pause. Textual hands every key to whatever
has the focus when the key arrives; but the key before may be about to move the focus, to filter a list, or to open a
dialog. What is typed ahead is meant for what comes then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.timer import Timer
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import App

_PATIENCE_S: Final = 0.5
"""What a key does is waited for so long at most: a widget that is gone answers nothing."""
_LOOK_S: Final = 0.01
_MOST_LOOKS: Final = 30
"""So often, at most, it is looked whether a screen has its focus: one whose focus was taken away has none."""
_MOST: Final = 4_000
"""Keys that wait; more is no typing but an accident, and is dropped."""

Press = Callable[[events.Key], Awaitable[None]]


class TypedAhead:
    """Keys that wait for their turn. `press` hands one over in Textual's own way."""

    def __init__(self, app: App[Any], press: Press) -> None:
        self._app, self._press = app, press
        self._waiting: deque[events.Key] = deque(maxlen=_MOST)
        self._turn = 0
        self._looks = 0
        self._is_busy = False
        self._dialogs_due = 0
        self._patience: Timer | None = None

    @property
    def dialogs_due(self) -> bool:
        """Whether a dialog is on its way, for which keys wait."""
        return self._dialogs_due > 0

    async def typed(self, key: events.Key) -> None:
        """A key has come."""
        if self._dialogs_due and key.key in ("escape", "ctrl+q"):
            # Whoever does not want to wait any longer need not.
            await self._press(key)
            return
        self._waiting.append(key)
        await self._next()

    def expect_dialog(self) -> None:
        """A dialog will come; what is typed meanwhile is meant for it."""
        self._dialogs_due += 1

    def dialog_came(self) -> None:
        """The dialog is there, or will not come."""
        self._dialogs_due = max(self._dialogs_due - 1, 0)
        self._app.call_later(self._next)

    def forget(self) -> None:
        """What was typed ahead is not meant any more."""
        self._waiting.clear()
        self._dialogs_due = 0

    async def _next(self) -> None:
        """Hand over the next key, if nothing is under way."""
        if self._is_busy or self._dialogs_due or not self._waiting:
            return
        if self._looks < _MOST_LOOKS and not self._has_its_focus():
            # A dialog that was opened has its focus in its place before anything is typed into it.
            self._looks += 1
            self._app.set_timer(_LOOK_S, self._next)
            return
        self._looks = 0
        self._is_busy = True
        self._turn += 1
        turn = self._turn
        before = self._app.focused or self._app.screen
        await self._press(self._waiting.popleft())
        self._patience = self._app.set_timer(_PATIENCE_S, lambda: self._done(turn))
        # A key goes from queue to queue up to the app, which finds its binding; what the binding's action says goes the
        # same way again. Behind both, in each of the queues, goes this.
        way = [*before.ancestors_with_self, self._app]
        self._follow([*way, *way], turn)

    def _follow(self, path: list[Any], turn: int) -> None:
        if not path or turn != self._turn:
            self._done(turn)
        elif not path[0].call_later(self._follow, path[1:], turn):
            self._follow(path[1:], turn)

    def _has_its_focus(self) -> bool:
        """Whether the screen is there, and whatever takes keys in it has the focus."""
        screen = self._app.screen
        if not screen.is_mounted or not screen.is_current:
            return False
        return screen.focused is not None or not any(one.focusable for one in screen.query(Widget))

    def _done(self, turn: int) -> None:
        if turn == self._turn and self._is_busy:
            self._is_busy = False
            if self._patience is not None:
                self._patience.stop()
            if self._waiting:
                self._app.call_later(self._next)
