"""The command that runs a station: Ctrl-C, SIGTERM and kill -9 all leave no process behind."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from delivery.app.supervisor import require_certificate
from delivery.errors import Refused
from delivery.settings import load_settings
from tests.acceptance.test_cycle import free_port, wait_for
from tests.support.home import make_app

pytestmark = pytest.mark.timeout(120)


def processes_naming(text: str) -> list[int]:
    """Live processes whose command line contains `text`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in words:
                found.append(int(folder.name))
    return found


@contextmanager
def running(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A station in a process of its own, as a terminal would start it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "delivery.cli.main", "--home", str(home), "up", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        assert len(processes_naming(str(home))) >= 3
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_app(tmp_path / "home").close()
    return tmp_path / "home"


def own_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its private key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hoc.example.edu.vn")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, private


def test_the_station_speaks_https_with_its_own_certificate_and_sigterm_ends_it(home: Path) -> None:
    chain, private = own_certificate(home.parent)
    (home / "tuxa.toml").write_text(f'tls_certificate = "{chain}"\ntls_key = "{private}"\n', encoding="utf-8")
    port = free_port()
    with running(home, port) as process:
        trusting = ssl.create_default_context(cafile=str(chain))
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/healthz", context=trusting) as answer:
            assert answer.status == 200
        process.terminate()
        assert process.wait(timeout=10) == 0
        wait_for(lambda: not processes_naming(str(home)), seconds=10)


def test_a_station_that_is_killed_leaves_no_process(home: Path) -> None:
    with running(home, free_port()) as process:
        process.kill()
        assert process.wait(timeout=10) == -signal.SIGKILL
        wait_for(lambda: not processes_naming(str(home)), seconds=10)


def test_a_second_station_on_the_same_home_is_refused_and_ctrl_c_ends_the_first(home: Path) -> None:
    with running(home, free_port()) as first:
        command = [sys.executable, "-m", "delivery.cli.main", "--home", str(home), "--lang", "en", "up"]
        second = subprocess.run(
            [*command, "--port", str(free_port())], capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 1
        assert "already running" in second.stderr
        os.killpg(first.pid, signal.SIGINT)
        assert first.wait(timeout=10) == 0
        wait_for(lambda: not processes_naming(str(home)), seconds=10)


def test_a_certificate_that_cannot_be_used_is_named_before_anything_starts(home: Path) -> None:
    chain, _ = own_certificate(home.parent)
    _, other = own_certificate(home)
    for key in (other, home / "none.pem"):
        (home / "tuxa.toml").write_text(f'tls_certificate = "{chain}"\ntls_key = "{key}"\n', encoding="utf-8")
        with pytest.raises(Refused, match="certificate"):
            require_certificate(load_settings(home, environ={}))


def test_a_taken_port_is_named_with_what_to_do(home: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "delivery.cli.main", "--home", str(home), "--lang", "en", "up"]
        done = subprocess.run(
            [*command, "--port", str(port)], capture_output=True, text=True, timeout=30, check=False
        )
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
