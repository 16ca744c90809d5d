"""Who may do what: decided by the daemon, from the key that made the connection and not from what a message says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from delivery.catalogue.kinds import Role
from delivery.errors import N_, Refused
from delivery.network.bus.keys import ROLES, KeyHolder
from delivery.network.bus.protocol import Command, Request

Params = Mapping[str, Any]


class NotAllowed(Refused):
    """The holder of this key may not do that, or says to be somebody else."""


@dataclass(frozen=True, slots=True)
class Method:
    """What a daemon offers under one name.

    `call` gets the parameters and the actor, runs in a worker thread, and returns a JSON value or raises TuxaError.
    """

    call: Callable[[Params, str], Any]
    roles: frozenset[str]
    is_command: bool = False


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """A command that the daemon has authorised and is about to carry out."""

    id: str
    actor: str
    target: str
    """First word of the method, for example ``ingest``."""
    command: str
    """The rest of the method, for example ``add``."""
    arguments: Mapping[str, Any]


def question(call: Callable[[Params, str], Any], roles: Iterable[Role] = ROLES) -> Method:
    """A method that only reads."""
    return Method(call, frozenset(roles))


def command(call: Callable[[Params, str], Any], roles: Iterable[Role]) -> Method:
    """A method that changes something: needs an actor with one of `roles`, and is recorded before it is carried out."""
    return Method(call, frozenset(roles), is_command=True)


def authorise(holder: KeyHolder, message: Request | Command, method: Method) -> str:
    """The actor under whom `message` is carried out. Raises NotAllowed with the reason."""
    if message.actor and message.actor != holder.actor:
        raise NotAllowed(
            N_("This console's key belongs to {holder}; it cannot act as {claimed}."),
            do=N_("Use the console and key of that person."),
            holder=holder.actor,
            claimed=message.actor,
        )
    if method.is_command and not isinstance(message, Command):
        raise NotAllowed(
            N_("“{method}” changes something and must be given as a command, with its actor."),
            do=N_("Send it as a command."),
            method=message.method,
        )
    if not method.roles & holder.roles:
        raise NotAllowed(
            N_("{actor} may not use “{method}”: it takes one of the roles {roles}."),
            do=N_("Ask a colleague with that role, or an administrator to add it to your key."),
            actor=holder.actor,
            method=message.method,
            roles=", ".join(sorted(method.roles)),
        )
    return holder.actor


def given(message: Request | Command, actor: str) -> GivenCommand:
    """The command as it is recorded."""
    target, _, rest = message.method.partition(".")
    return GivenCommand(message.id, actor, target, rest or target, dict(message.params))
