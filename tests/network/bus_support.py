"""A small real station for tests of the bus and of the consoles: real keys, real sockets on loopback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery.catalogue.kinds import Role
from delivery.clock import SystemClock
from delivery.ids import SystemIds
from delivery.network.bus.address import LOOPBACK, BusAddress
from delivery.network.bus.authorise import GivenCommand, Method, command, question
from delivery.network.bus.client import BusClient
from delivery.network.bus.keys import (
    DAEMON,
    AuthorizedKeys,
    KeyBook,
    KeyHolder,
    KeyPair,
    ensure_bus_keys,
    new_key_pair,
    read_daemon_key,
    read_key_pair,
)
from delivery.network.bus.server import BusServer

CLOCK = SystemClock()
IDS = SystemIds()


@dataclass
class Station:
    """A home with keys, a daemon that can be started and stopped, and the commands that it recorded."""

    home: Path
    methods: dict[str, Method] = field(default_factory=dict)
    recorded: list[GivenCommand] = field(default_factory=list)
    address: BusAddress = LOOPBACK
    server: BusServer | None = None
    workers: int = 4

    def __post_init__(self) -> None:
        ensure_bus_keys(self.keys_dir, IDS)
        self.methods = {
            "echo": question(lambda params, _actor: dict(params)),
            "ingest.add": command(self._add, [Role.TECHNICIAN]),
            **self.methods,
        }

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    def _add(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        return {"job": params["file"], "by": actor}

    def start(self, *, book: KeyBook | None = None) -> BusServer:
        self.server = BusServer(
            read_key_pair(self.keys_dir, DAEMON),
            book or AuthorizedKeys(self.keys_dir, CLOCK),
            methods=self.methods,
            record=self.recorded.append,
            clock=CLOCK,
            ids=IDS,
            address=self.address,
            workers=self.workers,
        )
        # The next start takes the same ports, as a station with fixed ones would.
        self.address = self.server.start()
        return self.server

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def __enter__(self) -> Station:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def find(self) -> BusAddress:
        return self.address

    def client(
        self,
        name: str = "technician",
        *,
        keys: KeyPair | None = None,
        daemon_key: str = "",
        find: Callable[[], BusAddress] | None = None,
    ) -> BusClient:
        return BusClient(
            keys or read_key_pair(self.keys_dir, name),
            daemon_key=daemon_key or read_daemon_key(self.keys_dir),
            find=find or self.find,
            clock=CLOCK,
            ids=IDS,
        )

    def stranger(self) -> BusClient:
        return self.client(keys=new_key_pair(IDS))


class Everybody:
    """A key book as wrong as can be."""

    def holder(self, public: str) -> KeyHolder:
        return KeyHolder("anybody", frozenset())
