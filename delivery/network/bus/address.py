"""Where a daemon listens, and how a console on the same machine finds it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from delivery.errors import N_, NotFound

FILE = "bus.json"


@dataclass(frozen=True, slots=True)
class BusAddress:
    """The two endpoints of a daemon: requests, and events.

    ``tcp://127.0.0.1:*`` takes a free port. ``ipc://PATH`` works where the path is shorter than 100 bytes.
    """

    requests: str = "tcp://127.0.0.1:*"
    events: str = "tcp://127.0.0.1:*"


LOOPBACK = BusAddress()


def publish_address(folder: Path, address: BusAddress) -> Path:
    """Leave the address of a running daemon in `folder` (the home's ``run``)."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    part = folder / f".{FILE}.{os.getpid()}.part"
    with part.open("wb") as stream:
        # Whoever listens everywhere is found here on the loopback address.
        told = {"requests": address.requests, "events": address.events}
        stream.write(
            orjson.dumps({name: at.replace("//0.0.0.0:", "//127.0.0.1:") for name, at in told.items()})
        )
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
    return file


def withdraw_address(folder: Path) -> None:
    """The daemon has stopped in good order. After a kill the file stays, and consoles find nobody there."""
    with suppress(FileNotFoundError):
        (folder / FILE).unlink()


def find_address(folder: Path) -> BusAddress:
    """The address of the daemon of this home. Raises NotFound when none has been started."""
    try:
        document = orjson.loads((folder / FILE).read_bytes())
        return BusAddress(str(document["requests"]), str(document["events"]))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise NotFound(
            N_("No station is running in {folder}."),
            do=N_("Start it with “tuxa up”."),
            folder=str(folder.parent),
        ) from error
