"""What a console on another machine needs to find its station and to be let in, in one file for its owner only.

The file holds the console's secret key: whoever has it can act in the console's name until it is shut out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import zmq

from delivery.errors import N_, BadInput, ConfigError, NotFound
from delivery.ids import IdSource
from delivery.network.bus.address import BusAddress
from delivery.network.bus.keys import KeyPair, authorize, bus_dir, new_key_pair, read_daemon_key
from delivery.store.files import write_whole

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ConsoleKit:
    """Where the station is, its public key, and the console's own key and name."""

    console: str
    """technician or clerk."""
    actor: str
    address: BusAddress
    daemon: str
    keys: KeyPair = field(repr=False)


def endpoints(listen: str) -> BusAddress:
    """The two endpoints of ``tcp://HOST:PORT``: requests there, events at the port after it. Raises ConfigError."""
    host, colon, port = listen.removeprefix("tcp://").rpartition(":")
    if not listen.startswith("tcp://") or not colon or not host or not port.isdecimal() or int(port) > 65534:
        raise ConfigError(
            N_("“{value}” is no address for the consoles' bus."),
            do=N_("Write it like tcp://0.0.0.0:8645; the port after it is used for events."),
            value=listen,
        )
    return BusAddress(f"tcp://{host}:{int(port)}", f"tcp://{host}:{int(port) + 1}")


def make_kit(
    keys_dir: Path, ids: IdSource, *, name: str, console: str, roles: Iterable[str], address: str
) -> ConsoleKit:
    """A fresh key for the console `name`, entered into the book. Raises BadInput when the name is taken."""
    if (bus_dir(keys_dir) / "authorized" / f"{name}.key").exists():
        raise BadInput(
            N_("There is a console “{name}” already."),
            do=N_("Choose another name, or shut that one out first: tuxa console revoke {name}."),
            name=name,
        )
    where = endpoints(address)
    pair = new_key_pair(ids)
    authorize(keys_dir, name, public=pair.public, actor=name, roles=roles)
    return ConsoleKit(console, name, where, read_daemon_key(keys_dir), pair)


def revoke(keys_dir: Path, name: str) -> None:
    """Shut a console out; within a second it is let in no more. Raises NotFound."""
    file = bus_dir(keys_dir) / "authorized" / f"{name}.key"
    if os.sep in name or not file.is_file():
        known = sorted(path.stem for path in file.parent.glob("*.key"))
        raise NotFound(
            N_("There is no console “{name}”."),
            do=N_("There are: {known}."),
            name=name,
            known=", ".join(known),
        )
    file.unlink()


def write_kit(kit: ConsoleKit, file: Path) -> None:
    """Leave the kit in a file that only its owner can read."""
    document = {
        "format": _FORMAT,
        "console": kit.console,
        "actor": kit.actor,
        "requests": kit.address.requests,
        "events": kit.address.events,
        "daemon": kit.daemon,
        "public": kit.keys.public,
        "secret": kit.keys.secret,
    }
    write_whole(file, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", mode=0o600)


def read_kit(file: Path) -> ConsoleKit:
    """The reverse. Raises ConfigError for another file, and for one that others on this machine can read."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise ConfigError(
                N_("{file} holds a secret key, and others on this machine can read it."),
                do=N_("Close it to them: chmod 600 {file}"),
                file=str(file),
            )
        told = orjson.loads(file.read_bytes())
        if told["format"] != _FORMAT or not all(isinstance(told[name], str) for name in _TEXTS):
            raise ValueError("format")
        pair = KeyPair(told["public"], told["secret"])
        if zmq.curve_public(pair.secret.encode()).decode() != pair.public or len(told["daemon"]) != 40:
            raise ValueError("keys")
        return ConsoleKit(
            told["console"],
            told["actor"],
            BusAddress(told["requests"], told["events"]),
            told["daemon"],
            pair,
        )
    except (OSError, ValueError, KeyError, TypeError, zmq.ZMQError) as error:
        raise ConfigError(
            N_("{file} is not a file that “tuxa console invite” made."),
            do=N_("Bring that file from the station, and name it with --station."),
            file=str(file),
        ) from error


_TEXTS = ("console", "actor", "requests", "events", "daemon", "public", "secret")
