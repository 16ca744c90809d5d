"""One exception tree. Every error says what happened, where, and what to do, in the person's language.

An error carries an English message id and its parameters; translation happens only at an edge (CLI, web, console)
through :func:`delivery.i18n.translate`, so that no layer needs to know the language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Exit codes of the command line (design contract, section 4)."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    BUG = 3
    INTERRUPTED = 130


def N_(msgid: str) -> str:
    """Mark `msgid` for extraction into the catalogues without translating it now."""
    return msgid


@dataclass(frozen=True, slots=True)
class Message:
    """A translatable text: English message id with ``{named}`` parameters."""

    msgid: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.msgid.format(**self.params) if self.params else self.msgid


class TuxaError(Exception):
    """Base of every expected failure.

    `what` names what happened and where; `do` names what the person should do next. Both are message ids that may
    contain ``{named}`` parameters, given once as keyword arguments.
    """

    exit_code: ExitCode = ExitCode.REFUSED

    def __init__(self, what: str, /, *, do: str | None = None, **params: Any) -> None:
        self.what = Message(what, params)
        self.do = Message(do, params) if do else None
        super().__init__(str(self.what))

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process boundaries (worker -> parent); the default reduce would lose the keyword arguments.
        return (_rebuild, (type(self), self.what, self.do))


def _rebuild(cls: type[TuxaError], what: Message, do: Message | None) -> TuxaError:
    error = cls(what.msgid, do=do.msgid if do else None, **what.params)
    return error


class Refused(TuxaError):
    """The request is understood and refused, or findings are present."""


class Unavailable(Refused):
    """What is needed to store or find something does not answer, or has no room: the same may be done later."""


class NotFound(Refused):
    """Something named by the person does not exist."""


class BadInput(Refused):
    """A file or value from outside cannot be used. Lists every problem found, not only the first."""

    def __init__(
        self, what: str, /, *, do: str | None = None, problems: tuple[Message, ...] = (), **params: Any
    ) -> None:
        super().__init__(what, do=do, **params)
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild_bad_input, (self.what, self.do, self.problems))


def _rebuild_bad_input(what: Message, do: Message | None, problems: tuple[Message, ...]) -> BadInput:
    return BadInput(what.msgid, do=do.msgid if do else None, problems=problems, **what.params)


class GateClosed(Refused):
    """Unapproved, expired, unlicensed or altered material, or a rule that blocks (design D7)."""


class Quarantined(Refused):
    """A fact with a known id and other content arrived; it was kept apart for a person to judge (design D2)."""


class LedgerBroken(Refused):
    """The stored ledger does not verify."""


class ConfigError(TuxaError):
    """A setting, profile or key file is missing or wrong."""

    exit_code = ExitCode.USAGE


class ToolMissing(TuxaError):
    """A program or library that this step needs is not installed."""


class ToolFailed(TuxaError):
    """An external program ended with an error; its own words are in the parameters."""
