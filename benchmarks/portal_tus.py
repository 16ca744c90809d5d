"""A large file by two independent tus clients over a line that is cut again and again; then compared byte for byte.

Between client and portal stands a relay that resets both connections at chosen places of the file. tuspy (Python) and
tus-js-client (Node.js) each go on by themselves, as their retries are made for.

    python -m benchmarks.portal_tus [MEGABYTES [CUTS]]
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tusclient.client import TusClient

from delivery import log
from tests.network.portal_home import AN, Phone, portal_home, served

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_suffix(".mjs")
_RESET = struct.pack("ii", 1, 0)


class CuttingRelay:
    """Relays one port to another; once `cuts[0]` bytes have gone to the server in all, both sides are reset."""

    def __init__(self, port: int, cuts: list[int]) -> None:
        self._target = port
        self._cuts = cuts
        self._sent = 0
        self._lock = threading.Lock()
        self.done = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for source, target, up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, target, up), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        try:
            while data := source.recv(65_536):
                if up and self._must_cut(len(data)):
                    target.sendall(data[: len(data) // 2])
                    for side in (source, target):
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
                target.sendall(data)
        except OSError:
            pass
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()

    def _must_cut(self, count: int) -> bool:
        with self._lock:
            self._sent += count
            if self._cuts and self._sent >= self._cuts[0]:
                self._cuts.pop(0)
                self.done += 1
                return True
        return False


@contextmanager
def cut_line(port: int, size: int, cuts: int) -> Iterator[CuttingRelay]:
    """A relay that cuts `cuts` times, evenly over `size` bytes."""
    relay = CuttingRelay(port, [size * (number + 1) // (cuts + 1) for number in range(cuts)])
    try:
        yield relay
    finally:
        relay.close()


def by_tuspy(endpoint: str, cookie: str, file: Path) -> str:
    """The upload's address."""
    client = TusClient(endpoint, headers={"Cookie": cookie})
    uploader = client.uploader(str(file), chunk_size=8_000_000, retries=100, retry_delay=0)
    uploader.upload()
    return str(uploader.url)


def by_tus_js(endpoint: str, cookie: str, file: Path) -> str:
    """As :func:`by_tuspy`."""
    done = subprocess.run(
        ["node", str(SCRIPT), endpoint, cookie, str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def main(megabytes: int = 200, cuts: int = 20) -> None:
    size = megabytes * 1_000_000
    with tempfile.TemporaryDirectory(prefix="tuxa-tus-") as name:
        log.configure(Path(name) / "portal.log")
        file = Path(name) / "large.bin"
        file.write_bytes(random.Random(5).randbytes(size))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        with portal_home(Path(name) / "home", max_bytes=size) as home, served(home), Phone(home) as phone:
            phone.sign_in(AN, home.services.credentials.issue_pin(AN))
            cookie = "; ".join(f"{key}={value}" for key, value in phone.http.cookies.items())
            port = int(home.base_url.rsplit(":", 1)[1])
            clients: tuple[tuple[str, Callable[[str, str, Path], str]], ...] = (
                ("tuspy", by_tuspy),
                ("tus-js-client", by_tus_js),
            )
            for label, send in clients:
                with cut_line(port, size, cuts) as relay:
                    before = time.monotonic()
                    url = send(f"http://127.0.0.1:{relay.port}/uploads", cookie, file)
                    seconds = time.monotonic() - before
                upload = home.services.uploads.get(home.learner(AN), url.rsplit("/", 1)[1])
                assert upload is not None
                same = hashlib.sha256(home.services.uploads.read(upload)).hexdigest() == digest
                print(
                    f"{label}: {megabytes} MB, cut {relay.done} times, {seconds:.1f} s, "
                    f"{'byte-identical' if same else 'DIFFERENT'}"
                )
                assert same
                assert relay.done == cuts
                home.services.uploads.remove(upload)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of portal, relay and comparison {peak} MiB; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
