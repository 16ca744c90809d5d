"""Two network namespaces and a line between them that loses, delays and cuts real packets.

Each end is a TUN device in a namespace of its own; this process carries the packets between the two, so that neither a
kernel module (``netem``) nor root is needed, only namespaces, ``/dev/net/tun``, ``unshare``, ``nsenter`` and ``ip``.
What TCP then does about a lost packet is the kernel's own.
"""

from __future__ import annotations

import array
import fcntl
import heapq
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

ADDRESSES = ("10.231.0.1", "10.231.0.2")
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LONGEST = 65_535


def why_not() -> str:
    """Why no such line can be made here; empty when one can."""
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    done = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip()


class LossyLine:
    """The line. `loss` is a share of the packets of each direction; `delay_s` is one way, and a tenth of it varies."""

    def __init__(self, *, loss: float, delay_s: float, seed: int = 28) -> None:
        self.is_cut = False
        self.passed = 0
        self.dropped = 0
        self._loss = loss
        self._delay_s = delay_s
        self._rng = random.Random(seed)
        self._holders: list[subprocess.Popen[bytes]] = []
        self._devices: list[int] = []
        self._stop, self._stopping = os.pipe()
        self._thread = threading.Thread(target=self._carry)

    def __enter__(self) -> LossyLine:
        for address in ADDRESSES:
            here, there = socket.socketpair()
            with here, there:
                command = ["unshare", "-rn", sys.executable, __file__, str(there.fileno()), address]
                self._holders.append(subprocess.Popen(command, pass_fds=[there.fileno()]))
                there.close()
                _, control, _, _ = here.recvmsg(1, socket.CMSG_SPACE(4))
            if not control:
                raise RuntimeError("the end of a line could not be made")
            self._devices.append(array.array("i", control[0][2])[0])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._stopping)
        if self._thread.is_alive():
            self._thread.join()
        for device in (*self._devices, self._stop):
            os.close(device)
        for holder in self._holders:
            holder.terminate()
            holder.wait(10)

    def inside(self, end: int, command: list[str]) -> list[str]:
        """`command`, to be run at one end of the line (0 or 1)."""
        target = str(self._holders[end].pid)
        return ["nsenter", "-t", target, "-U", "-n", "--preserve-credentials", *command]

    def _carry(self) -> None:
        one, other = self._devices
        across = {one: other, other: one}
        under_way: list[tuple[float, int, int, bytes]] = []
        number = 0
        while True:
            now = time.monotonic()
            while under_way and under_way[0][0] <= now:
                _, _, target, packet = heapq.heappop(under_way)
                os.write(target, packet)
                self.passed += 1
            wait = max(under_way[0][0] - now, 0) if under_way else None
            ready, _, _ = select.select([one, other, self._stop], [], [], wait)
            if self._stop in ready:
                return
            for device in ready:
                packet = os.read(device, _LONGEST)
                if self.is_cut or self._rng.random() < self._loss:
                    self.dropped += 1
                    continue
                number += 1
                due = time.monotonic() + self._delay_s * self._rng.uniform(0.95, 1.05)
                heapq.heappush(under_way, (due, number, across[device], packet))


def _hold(descriptor: int, address: str) -> None:
    """In a fresh namespace: make the device, hand it to who carries the packets, and keep the namespace."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"line", _IFF_TUN | _IFF_NO_PI))
    for words in (
        f"addr add {address}/30 dev line",
        "link set line mtu 1400",
        "link set line up",
        "link set lo up",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    with socket.socket(fileno=descriptor) as parent:
        parent.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [device]).tobytes())])
    signal.pause()


if __name__ == "__main__":
    _hold(int(sys.argv[1]), sys.argv[2])
