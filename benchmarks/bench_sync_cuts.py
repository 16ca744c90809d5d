"""A line that is slow, late and cut again and again: what an aborted sync leaves behind, and that it ends well.

A proxy between two sites lets less than one stretch through before it cuts, TUXA_ABORTS times (40; for the full proof
1000): not one row and no disk may be added. Then the line has a delay of 150 ms each way and is cut at random after
whole stretches, until both sites hold the same.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from delivery.app import App
from delivery.app import sync as wiring
from delivery.clock import SystemClock
from delivery.ids import SystemIds
from tests.network.sync.sites import free_address, make_site, running, streams, took_part

ABORTS = 40
FACTS = 4_000
_BLOCK = 4096


class BadLine:
    """Passes TCP connections on to another port, with a delay, and cuts each after so many bytes towards the caller."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self.most = lambda: 1 << 40
        self.delay_s = 0.0
        self.cuts = 0
        self._listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                threading.Thread(target=self._pass, args=(near, far, 1 << 40), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, self.most()), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, most: int) -> None:
        with suppress(OSError):
            while most > 0 and (data := source.recv(min(_BLOCK, most))):
                time.sleep(self.delay_s)
                target.sendall(data)
                most -= len(data)
        self.cuts += most <= 0
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()


def state(app: App) -> tuple[dict[str, int], int]:
    """How far every stream is held, and the bytes of the home."""
    size = sum(f.stat().st_size for f in app.settings.home.rglob("*") if f.is_file() and "run" not in f.parts)
    return streams(app), size


def main() -> None:
    """Cut, look, and let it end."""
    aborts = int(os.environ.get("TUXA_ABORTS", ABORTS))
    rng = random.Random(28)
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name:
        at_main = make_site(Path(name) / "main", "MAIN", listen=free_address())
        port = int(at_main.settings.sync_listen.rpartition(":")[2])
        through = int(free_address().rpartition(":")[2])
        facts, files = BadLine(through, port), BadLine(through + 1, port + 1)
        with running(at_main):
            invited = wiring.invite(at_main, "P1", address=f"tcp://127.0.0.1:{through}")
            partner = make_site(Path(name) / "p1", "P1")
            wiring.join(partner, invited)
            partner.close()
            partner = App(partner.settings, clock=SystemClock(), ids=SystemIds())
            with running(partner) as runner:
                while not runner.settled():
                    time.sleep(0.05)
            at_main.facts.append(took_part(at_main, n) for n in range(FACTS))
            before = state(partner)
            # A handshake and the first words are some 1 kB, the shortest stretch (125 facts) 4 kB more.
            facts.most = lambda: rng.randrange(200, 4_000)
            facts.cuts = 0
            begin = clock.monotonic()
            with running(partner):
                while facts.cuts < aborts:
                    time.sleep(0.02)
            seconds = clock.monotonic() - begin
            after = state(partner)
            assert after[0] == before[0], "rows were added"
            grown = after[1] - before[1]
            print(f"{facts.cuts:,} aborted syncs in {seconds:.0f} s: 0 rows added, disk {grown:+,} bytes")
            assert grown < 65_536, "aborted syncs leave something on the disk"
            facts.most, facts.delay_s, facts.cuts = (lambda: rng.randrange(20_000, 60_000)), 0.15, 0
            begin = clock.monotonic()
            with running(partner):
                while streams(partner).get("MAIN/P1") != FACTS:
                    assert clock.monotonic() - begin < 600, "it does not end"
                    time.sleep(0.1)
            seconds = clock.monotonic() - begin
            assert partner.facts.verify().ok
            print(
                f"{FACTS:,} facts over a line of 150 ms that was cut {facts.cuts} times: {seconds:.0f} s, none lost"
            )
        facts.close()
        files.close()
        partner.close()
        at_main.close()
