"""A real PostgreSQL server for tests: one throw-away cluster per test process, one fresh database per test.

The server listens on a Unix socket in a temporary folder and nowhere else, so that parallel runs cannot meet. It
hangs on a pipe held by the test process: when that process ends, in whatever way, the server is stopped.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.support.tools import tool

START_SECONDS = 60
STOP_SECONDS = 30

# Started with the pipe as standard input and the server's command line as arguments.
_KEEPER = """
"$@" </dev/null & pid=$!
read -r _
kill -INT "$pid"
wait "$pid"
"""

# The server outlives every test and nothing on its disk is kept: it need not wait for that disk.
_SETTINGS = tuple(
    word
    for setting in (
        "listen_addresses=",
        "timezone=UTC",
        "max_connections=50",
        "fsync=off",
        "full_page_writes=off",
    )
    for word in ("-c", setting)
)

# initdb and the server refuse to run as root; Debian's package brings a user for them.
_USER = "postgres"


@dataclass
class Server:
    """A running cluster; `create_database` gives the URL of a fresh database in it."""

    bin: Path
    root: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _keeper: subprocess.Popen[bytes] | None = None
    _templates: set[str] = field(default_factory=set)

    @property
    def log(self) -> Path:
        return self.root / "log"

    def conninfo(self, database: str = "postgres") -> str:
        return f"host={self.root} user={_USER} dbname={database}"

    def url(self, database: str) -> str:
        """What `--database` takes."""
        return f"postgresql+psycopg://{_USER}@/{database}?host={quote(str(self.root), safe='')}"

    def create_database(self, template: str = "template0") -> str:
        """Make a database, empty or a copy of `template`, and return its URL."""
        name = f"tuxa_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """`name`, a database to copy from; `fill` is given its URL once, and leaves no connection open."""
        if name not in self._templates:
            self._execute(f"CREATE DATABASE {name} TEMPLATE template0")
            fill(self.url(name))
            self._templates.add(name)
        return name

    def drop_database(self, url: str) -> None:
        """Drop it with whatever is still connected to it."""
        name = url.rpartition("/")[2].partition("?")[0]
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def start(self) -> None:
        data = self.root / "data"
        self._run("initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [
                    "sh",
                    "-c",
                    _KEEPER,
                    "keeper",
                    self.bin / "postgres",
                    "-D",
                    data,
                    "-k",
                    self.root,
                    *_SETTINGS,
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests
                cwd=self.root,
                **_identity(),
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._execute("SELECT 1")
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    self.stop()
                    log_text = self.log.read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log_text}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self._keeper is None:
            return
        with suppress(BrokenPipeError):
            self._keeper.communicate(b"\n", timeout=STOP_SECONDS)
        self._keeper = None

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.conninfo(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self.bin / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.root,
            **_identity(),
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout.decode(errors='replace')}")


def _identity() -> dict[str, Any]:
    """Whom the server's programs run as, in the words of `subprocess.Popen`."""
    return {"user": _USER, "group": _USER, "extra_groups": []} if os.getuid() == 0 else {}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The cluster of this test process; skips where PostgreSQL is not installed."""
    programs = tool("postgres").resolve().parent
    # Short, because a socket's path may have about 100 characters.
    root = Path(tempfile.mkdtemp(prefix="tuxa-pg-", dir="/tmp"))
    try:
        if _identity():
            shutil.chown(root, _USER, _USER)
        server = Server(programs, root)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def create_database(postgres: Server) -> Iterator[Callable[[], str]]:
    """A function that makes an empty database and returns its URL; the database is dropped after the test."""
    urls: list[str] = []

    def create() -> str:
        urls.append(postgres.create_database())
        return urls[-1]

    yield create
    for url in urls:
        postgres.drop_database(url)


@pytest.fixture
def postgres_url(create_database: Callable[[], str]) -> str:
    """The URL of one fresh database."""
    return create_database()
