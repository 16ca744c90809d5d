"""Fuzzing led by coverage (atheris, libFuzzer) of every decoder that another site's or console's bytes reach.

Beside ``sync_fuzz``, whose million frames are drawn blindly. Atheris is installed in a pinned version into a temporary
folder; where that cannot be done this says so and measures nothing. TUXA_FRAMES says how many inputs: 20,000 by
default, 1,000,000 for the full proof. More than 1 GB of memory, or 10 s for one input, counts as a crash.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from delivery.network.bus import protocol as bus
from delivery.network.bus.keys import KeyPair
from delivery.network.sync.codec import encode
from delivery.network.sync.invitation import Invitation
from delivery.network.sync.messages import Stretch
from delivery.network.sync.stretch import write_segment
from tests.network.sync.test_codec import MESSAGES

PINNED = "atheris==3.0.0"
INPUTS = 20_000
INSTALL_S = 300
MOST_MB = 1_024
ONE_S = 10


def seeds(folder: Path) -> None:
    """True messages of every kind and version, stretches without their compression, bus messages, an invitation."""
    key = KeyPair("p" * 40, "s" * 40)
    line = Invitation("P1", "MAIN", "tcp://127.0.0.1:8643", "k" * 40, key, 1).text()
    plain = base64.urlsafe_b64decode(line.partition(".")[2] + "===")[4:]
    error = bus.ErrorInfo("Refused: {why}.", {"why": "x"}, "Do this.")
    inputs = [
        *(b"\x00" + encode(message, version) for message in MESSAGES for version in (1, 2)),
        *(b"\x01" + write_segment(m.segment, bytes) for m in MESSAGES if isinstance(m, Stretch)),
        *(
            b"\x02" + bus.encode(message)
            for message in (
                bus.Request("a1", "air.now", {"channel": "TV1"}),
                bus.Command("a2", "air.hold", {}, "KTV01"),
                bus.Answer("a1", result=[1]),
                bus.Answer("a1", error=error),
                bus.Event("air", 7, {"x": None}),
            )
        ),
        b"\x03" + line.encode(),
        b"\x04" + plain,
    ]
    folder.mkdir()
    for number, data in enumerate(inputs):
        (folder / str(number)).write_bytes(data)


def main() -> None:
    """Install, then fuzz; a crash ends the run with the input that made it."""
    count = int(os.environ.get("TUXA_FRAMES", INPUTS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(folder / "lib"),
        ]
        done = subprocess.run([*pip, PINNED], capture_output=True, text=True, timeout=INSTALL_S, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            print(f"atheris cannot be installed here, so nothing was measured: {reason}")
            return
        seeds(folder / "corpus")
        begin = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.guided_fuzz", str(folder / "corpus"), f"-runs={count}"]
        limits = [f"-rss_limit_mb={MOST_MB}", f"-timeout={ONE_S}", "-max_len=4096", "-seed=28"]
        done = subprocess.run(
            [*command, *limits, f"-artifact_prefix={folder}/"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(folder / "lib"), str(Path.cwd())))},
        )
        seconds = time.perf_counter() - begin
        if done.returncode:
            print(done.stdout[-2_000:], done.stderr[-4_000:], sep="\n")
            raise SystemExit("a decoder let something through that is not its own refusal")
    states = re.findall(r"cov: (\d+) ft: (\d+)", done.stderr)
    reached = f"from {states[0][0]} to {states[-1][0]} branches reached" if states else "coverage not told"
    memory = max(map(int, re.findall(r"rss: (\d+)Mb", done.stderr)), default=0)
    print(f"{count:,} inputs in {seconds:.0f} s: no crash; {reached}; at most {memory} MB")
