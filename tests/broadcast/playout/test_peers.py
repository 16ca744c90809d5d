"""Real peers on loopback: an Icecast server with titles, an SRT listener, a file."""

from __future__ import annotations

import errno
import html
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from delivery.broadcast.check.checker import check
from delivery.broadcast.check.packets import split
from delivery.broadcast.playout.line import Line, Output, line_to
from delivery.broadcast.playout.outputs import Icecast, Srt, ToFile, output_of
from delivery.broadcast.playout.radio import adts_frames, whole_frames
from delivery.broadcast.playout.udp import DATAGRAM, Udp
from delivery.errors import BadInput
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.support.tools import tool

__all__ = ["studio"]

WITHIN_S = 5.0
"""Within which somebody is told."""
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


def until(condition: object, *, within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


CONFIG = """<icecast><limits><clients>9</clients><sources>3</sources></limits>
<authentication><source-password>kín</source-password><admin-user>admin</admin-user>
<admin-password>x</admin-password></authentication><hostname>127.0.0.1</hostname>
<listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><logdir>{folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
<adminroot>/usr/share/icecast2/admin</adminroot></paths>
<logging><errorlog>error.log</errorlog><accesslog>access.log</accesslog></logging>
<security><chroot>0</chroot>{owner}</security></icecast>"""


@contextmanager
def icecast(folder: Path, port: int = 0) -> Iterator[int]:
    """A server that is killed at the end, as a machine without power is."""
    port = port or free_port()
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    owner = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>" if os.getuid() == 0 else ""
    config = folder / "icecast.xml"
    config.write_text(CONFIG.format(port=port, folder=folder, owner=owner), "utf-8")
    server = subprocess.Popen(
        [str(tool("icecast")), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: answers(port))
        yield port
    finally:
        server.kill()
        server.wait(5)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.needs("icecast")
def test_an_icecast_server_takes_the_frames_and_shows_vietnamese_titles(
    tmp_path: Path, studio: Studio
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tuxa-icecast-"))
    segments = studio.lesson(1, 60, kind="radio").rendition("audio").segments
    sound = b"".join(b"".join(adts_frames(studio.blobs.get(s.blob))) for s in segments)
    with icecast(folder) as port:
        peer = output_of(
            f"icecast://source:k%C3%ADn@127.0.0.1:{port}/pt1", ffmpeg=str, stream_name="Phát thanh Từ xa"
        )
        assert isinstance(peer, Icecast)
        assert "kín" not in peer.name + repr(peer)
        peer.open()
        address = f"http://127.0.0.1:{port}/pt1"
        got = bytearray()

        def listen() -> None:
            with urllib.request.urlopen(address, timeout=10) as stream:
                while len(got) < len(sound) // 2 and (some := stream.read1(4_096)):
                    got.extend(some)

        listener = threading.Thread(target=listen)
        peer.send(sound)
        listener.start()
        until(lambda: got or not listener.is_alive())
        peer.send(sound)
        listener.join(10)
        peer.set_title("Bài 2: Đạo hàm")

        def shown() -> bool:
            peer.send(sound[:4_096])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status-json.xsl", timeout=5) as answer:
                return "Bài 2: Đạo hàm" in html.unescape(answer.read().decode())

        until(shown)
        peer.close()
    start = bytes(got).find(b"\xff\xf1")
    run = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-f", "aac", "-i", "-", "-f", "null", "-"],
        input=b"".join(whole_frames(bytes(got)[start:])),
        capture_output=True,
        check=True,
    )
    assert len(got) > len(sound) // 3
    assert run.stderr == b""


@pytest.mark.needs("icecast")
def test_a_wrong_password_is_told_and_tried_again_later(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tuxa-icecast-"))
    told: list[str] = []
    with icecast(folder) as port:
        peer = Icecast("127.0.0.1", port, "/pt1", "source", "sai")
        line = Line(peer, time.monotonic, lambda _name, reason: told.append(reason))
        assert not line.send(b"x")
    assert "401" in told[0]


@dataclass
class Told:
    """A line, and what was told of its peer."""

    output: Output
    lost: list[str] = field(default_factory=list)
    found: int = 0

    def __post_init__(self) -> None:
        self.line = line_to(self.output, time.monotonic, self._lose, self._find)

    def _lose(self, name: str, reason: str) -> None:
        self.lost.append(f"{name}: {reason}")

    def _find(self, _name: str) -> None:
        self.found += 1

    def feed(self, data: bytes, condition: Callable[[], bool], *, within_s: float = 20) -> float:
        """Send on, as a feed does, until `condition`; the seconds that it took. Not one call may wait."""
        begun, at = time.monotonic(), 0
        while not condition():
            now = time.monotonic()
            assert now - begun < within_s
            self.line.send(data[at : at + DATAGRAM])
            at = (at + DATAGRAM) % (len(data) - DATAGRAM)
            time.sleep(0.005)
        return time.monotonic() - begun


@pytest.mark.needs("icecast")
def test_an_icecast_server_that_was_killed_is_told_within_5_s_and_reached_again(studio: Studio) -> None:
    folder, port = Path(tempfile.mkdtemp(prefix="tuxa-icecast-")), free_port()
    sound = b"".join(
        b"".join(adts_frames(studio.blobs.get(s.blob)))
        for s in studio.lesson(1, 60, kind="radio").rendition("audio").segments
    )
    told = Told(Icecast("127.0.0.1", port, "/pt1", "source", "kín"))
    with icecast(folder, port):
        told.feed(sound, lambda: told.line.is_up)
    assert told.feed(sound, lambda: bool(told.lost)) < WITHIN_S
    assert not told.line.is_up
    with icecast(folder, port):
        told.feed(sound, lambda: told.found == 1)
        assert told.line.is_up
        told.line.close()
    assert "kín" not in "".join(told.lost)


def srt_listener(port: int, out: Path, *, passphrase: str) -> subprocess.Popen[bytes]:
    address = f"srt://127.0.0.1:{port}?mode=listener&timeout=15000000&passphrase={passphrase}"
    words = ["-v", "error", "-f", "data", "-i", address]
    words += ["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", "-y", str(out)]
    return subprocess.Popen(
        [imageio_ffmpeg.get_ffmpeg_exe(), *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_an_srt_peer_that_was_killed_and_an_ffmpeg_that_died_are_replaced(
    tmp_path: Path, studio: Studio
) -> None:
    transmitter = studio.lesson(1, 40).transmitter
    assert transmitter is not None
    data = b"".join(studio.blobs.get(s.blob) for s in transmitter.segments)
    port, out = free_port(socket.SOCK_DGRAM), tmp_path / "got.ts"
    secret = "mat-khau-dai-lam"
    peer = Srt(f"srt://127.0.0.1:{port}?mode=caller&connect_timeout=1000&passphrase={secret}", ffmpeg=FFMPEG)
    told = Told(peer)

    def arrives() -> bool:
        return out.exists() and out.stat().st_size > 20 * DATAGRAM

    for number in range(2):
        out.unlink(missing_ok=True)
        listener = srt_listener(port, out, passphrase=secret)
        try:
            told.feed(data, arrives)
            told.lost.clear()
            if number == 0:
                assert peer._process is not None
                peer._process.kill()
                assert told.feed(data, lambda: bool(told.lost)) < WITHIN_S
        finally:
            listener.kill()
            listener.wait(5)
        told.feed(data, lambda: bool(told.lost))
    told.line.close()
    assert secret not in "".join(told.lost)


def test_a_full_disk_leaves_no_half_packet_in_the_file(tmp_path: Path) -> None:
    # A file may not grow beyond what the system allows it: as on a full disk, the last write is cut off.
    program = f"""
import resource, signal
from pathlib import Path
from delivery.broadcast.playout.outputs import ToFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
file = ToFile(Path({str(tmp_path / "a.ts")!r}))
file.open()
for _ in range(20):
    try:
        file.send(bytes(7 * 188))
    except OSError as error:
        print(error.errno)
        break
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(errno.EFBIG)
    assert (tmp_path / "a.ts").stat().st_size == 7 * DATAGRAM


def test_an_srt_listener_gets_the_very_bytes(tmp_path: Path, studio: Studio) -> None:
    transmitter = studio.lesson(1, 40).transmitter
    assert transmitter is not None
    data = b"".join(studio.blobs.get(s.blob) for s in transmitter.segments)
    data = data[: len(data) // DATAGRAM * DATAGRAM]
    port, out = free_port(socket.SOCK_DGRAM), tmp_path / "got.ts"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [
        ffmpeg,
        "-v",
        "error",
        "-f",
        "data",
        "-i",
        f"srt://127.0.0.1:{port}?mode=listener&timeout=15000000",
    ]
    command += ["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", "-y", str(out)]
    listener = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    peer = Srt(f"srt://127.0.0.1:{port}?mode=caller", ffmpeg)
    try:
        time.sleep(0.3)
        peer.open()
        for at in range(0, len(data), 16 * DATAGRAM):
            peer.send(data[at : at + 16 * DATAGRAM])
            time.sleep(0.01)

        def arrived() -> bool:
            peer.send(b"")
            return out.exists() and out.stat().st_size >= len(data)

        until(arrived, within_s=15)
    finally:
        peer.close()
        listener.terminate()
        listener.wait(5)
    got = out.read_bytes()[: len(data)]
    assert got == data
    assert {c.id for c in check(split(np.frombuffer(got, np.uint8))).checks if c.count} <= {"av-offset"}


def test_a_group_on_the_network_gets_whole_datagrams_from_the_interface_that_was_named() -> None:
    group, data = "239.255.77.42", bytes(range(188)) * 7 * 45
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        listener.bind((group, 0))
        membership = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        listener.settimeout(5)
        port = listener.getsockname()[1]
        peer = output_of(f"udp://{group}:{port}?ttl=0&localaddr=127.0.0.1", ffmpeg=str)
        peer.open()
        peer.send(data)
        got = [listener.recv(4_096) for _ in range(45)]
        peer.close()
    assert {len(datagram) for datagram in got} == {DATAGRAM}
    assert b"".join(got) == data


def test_datagrams_leave_one_by_one_where_the_kernel_does_not_cut() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        peer = Udp("127.0.0.1", listener.getsockname()[1])
        peer.open()
        peer._most = DATAGRAM
        assert peer._socket is not None
        peer._socket.setsockopt(17, 103, 0)
        peer.send(bytes(3 * DATAGRAM))
        assert [len(listener.recv(9_000)) for _ in range(3)] == [DATAGRAM] * 3
        peer.close()


def test_a_peer_that_is_not_there_is_a_loss_and_no_exception() -> None:
    told: list[str] = []
    port = free_port()
    line = Line(
        Icecast("127.0.0.1", port, "/x", "s", "p"), time.monotonic, lambda _n, reason: told.append(reason)
    )
    assert not line.send(b"x")
    assert len(told) == 1


def test_a_file_grows_and_datagrams_to_nobody_are_no_error(tmp_path: Path) -> None:
    file = ToFile(tmp_path / "a.ts")
    file.open()
    file.send(b"ab")
    file.close()
    file.open()
    file.send(b"c")
    file.close()
    assert (tmp_path / "a.ts").read_bytes() == b"abc"
    nobody = Udp("127.0.0.1", free_port(socket.SOCK_DGRAM))
    nobody.open()
    for _ in range(5):
        nobody.send(bytes(3 * DATAGRAM))
    nobody.close()


@pytest.mark.parametrize(
    "url",
    [
        "udp://host",
        "udp://host:99999999",
        "http://host/x",
        "srt://host",
        "icecast://h:1",
        "/no/such/folder/a.ts",
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        output_of(url, ffmpeg=str)
    assert not re.search("mật|pass:", str(caught.value))
