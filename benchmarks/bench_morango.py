"""As many records by tuxa's sync and by Morango's own, over loopback, one after the other on this machine.

Morango is installed, in pinned versions, into an environment of its own in a temporary folder; where that cannot be
done this says so and measures nothing. Both sites of each pair keep what they have in SQLite as their program sets it
up: tuxa's is durable with every batch. Morango's site is served by Django's own server, as in Morango's tests, and
its time is that of the whole transfer session, which first brings the records into Morango's store. TUXA_SYNC_FACTS
(3000) says how many records. Target: >= 30 x Morango.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from benchmarks.bench_sync import catch_up, children_s

RECORDS = int(os.environ.get("TUXA_SYNC_FACTS", "3000"))
PINNED = (
    "morango==0.8.15",
    "Django==3.2.25",
    "djangorestframework==3.15.1",
    "django-mptt==0.19.1",
    "django-ipware==4.0.2",
    "rsa==4.9.1",
    "ifcfg==0.24",
)
INSTALL_S = 300
PASS_S = 1_800


class Morango:
    """Morango in a Python of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._python = folder / "morango" / "bin" / "python"

    def install(self) -> str:
        """Why it cannot be had here; empty when it is there."""
        try:
            venv.create(self._python.parents[1], with_pip=True)
            command = [str(self._python), "-m", "pip", "install", "--quiet", *PINNED]
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]

    def peer(self, site: str, *arguments: object) -> subprocess.Popen[str]:
        """A process of one of its two sites."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.Popen(
            [str(self._python), "-m", "morango_peer", *map(str, arguments)],
            cwd=Path(__file__).parent,
            env={
                **kept,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PEER_DATABASE": str(self._folder / f"{site}.sqlite3"),
                "MORANGO_SYSTEM_ID": site,
            },
            stdout=subprocess.PIPE if arguments[0] != "serve" else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, site: str, *arguments: object) -> dict[str, Any]:
        """What such a process prints. Raises RuntimeError when it fails."""
        with self.peer(site, *arguments) as process:
            printed, _ = process.communicate(timeout=PASS_S)
            if process.returncode:
                raise RuntimeError(f"Morango's {arguments[0]} failed with status {process.returncode}")
        answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return answer

    def pass_records(self, count: int) -> dict[str, Any]:
        """All records of one site to another, with the processor time of the serving site too."""
        site = self.ask("giving", "prepare", count)["site"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        before = children_s()
        serving = self.peer("giving", "serve", port)
        try:
            _await(port, serving)
            took = self.ask("taking", "pull", f"http://127.0.0.1:{port}/", site)
        finally:
            serving.terminate()
            serving.wait(20)
        # Of both processes, starts included.
        return {**took, "all_processor_s": children_s() - before}


def _await(port: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("Morango's server did not start")


def main() -> None:
    """Both, and how many times one is the other."""
    with tempfile.TemporaryDirectory() as name:
        morango = Morango(Path(name))
        if reason := morango.install():
            print(f"Morango cannot be installed here, so nothing was measured: {reason}")
            return
        theirs = morango.pass_records(RECORDS)
        if theirs["records"] != RECORDS:
            raise SystemExit(f"only {theirs['records']} of {RECORDS} records came by Morango")
        (Path(name) / "tuxa").mkdir()
        ours = catch_up(Path(name) / "tuxa", RECORDS)
    print(
        f"{RECORDS:,} records: tuxa {RECORDS / ours.seconds:,.0f}/s, Morango {RECORDS / theirs['seconds']:,.0f}/s; "
        f"tuxa is {theirs['seconds'] / ours.seconds:.1f} x as fast (target 30)"
    )
    print(
        f"processor time of the receiving site, µs per record: tuxa {ours.receiver_s / RECORDS * 1e6:.0f}, "
        f"Morango {theirs['processor_s'] / RECORDS * 1e6:.0f} "
        f"({theirs['processor_s'] / ours.receiver_s:.1f} x as much); of Morango's two processes together, "
        f"starts included: {theirs['all_processor_s'] / RECORDS * 1e6:.0f}"
    )
    print(
        f"bytes that come, per record: tuxa {ours.wire_bytes / RECORDS:.0f}, Morango {theirs['bytes'] / RECORDS:.0f}"
    )
