"""The database of a home: SQLite in WAL mode, or PostgreSQL (design D8).

One-writer discipline: every write goes through :meth:`Database.write`, which waits its turn on a lock that all threads
and processes of the home share, before it opens its transaction. SQLite is therefore never asked to write twice at
once, and "database is locked" cannot happen.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import QueuePool

from delivery.errors import N_, ConfigError, Refused, Unavailable

# One number that every part of this program uses for its advisory lock on PostgreSQL.
_ADVISORY_LOCK = 0x74757861


class Database:
    """Connections for reading, and one writer at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = _parsed(url)
        self.dialect = parsed.get_backend_name()
        self._turn: AbstractContextManager[Any] = nullcontext()
        self._thread_turn = threading.RLock()
        self._writing = threading.local()
        if self.dialect == "sqlite":
            self.engine = _sqlite_engine(parsed)
            if parsed.database:
                self._turn = FileLock(parsed.database + ".writer", thread_local=False, poll_interval=0.002)
        elif self.dialect == "postgresql":
            self.engine = create_engine(parsed, pool_pre_ping=True)
        else:
            raise ConfigError(
                N_("Databases of kind “{kind}” are not supported."),
                do=N_("Use an address that begins with sqlite:/// or postgresql+psycopg://"),
                kind=parsed.get_backend_name(),
            )
        self._look_engine = self.engine.execution_options(tuxa_look=True)
        self._write_engine = self.engine.execution_options(tuxa_write=True)
        # SQLite gives every transaction one snapshot; PostgreSQL does when asked.
        self._read_engine = (
            self.engine
            if self.dialect == "sqlite"
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one consistent state, from its first question to its end."""
        try:
            with self._read_engine.connect() as connection:
                yield connection
        except OperationalError as error:
            raise _explained(error, self.file) from error

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A connection for one question. No transaction is put around it, which would cost more than the question."""
        try:
            with self._look_engine.connect() as connection:
                yield connection
        except OperationalError as error:
            raise _explained(error, self.file) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The single writer's connection: one transaction, committed once at the end, rolled back on any exception.

        Raises RuntimeError when a thread that is already writing asks again: nesting would hide who commits.
        """
        if getattr(self._writing, "now", False):
            raise RuntimeError("this thread is already writing; pass its connection on instead")
        with self._thread_turn, self._turn:
            self._writing.now = True
            self._writing.afterwards = []
            try:
                with self._write_engine.begin() as connection:
                    if self.dialect == "postgresql":
                        connection.execute(
                            text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}
                        )
                    yield connection
                for act in self._writing.afterwards:
                    act()
            except OperationalError as error:
                raise _explained(error, self.file) from error
            finally:
                self._writing.now = False

    @property
    def is_writing(self) -> bool:
        """Whether this thread is inside :meth:`write`."""
        return bool(getattr(self._writing, "now", False))

    def after_commit(self, act: Callable[[], object]) -> None:
        """Have `act` called once this thread's write transaction is committed; not when it is rolled back."""
        self._writing.afterwards.append(act)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on a server."""
        name = self.engine.url.database
        return Path(name) if self.dialect == "sqlite" and name else None


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            # Not repeated here: it may hold a password.
            N_("What is given as --database is not a database address."),
            do=N_("Use for example sqlite:////path/tuxa.sqlite or postgresql+psycopg://user@host/tuxa"),
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # Pooled: a connection serves one thread at a time, but may serve another one later.
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=32,
        max_overflow=64,
        connect_args={"timeout": 60, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: `_begin` does, so that a writer takes its lock at once.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute("PRAGMA cache_size=-65536")  # KiB
        # Random ids dirty the same pages again and again: copied back every 16 MiB, not every 4, they cost less.
        cursor.execute("PRAGMA wal_autocheckpoint=4096")  # pages
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("tuxa_look", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("tuxa_write", False) else "BEGIN")

    return engine


_LEAST_FREE = 1 << 20
"""Bytes without which SQLite cannot even read: it keeps an index of its log beside the file."""


def _explained(error: OperationalError, file: Path | None) -> Refused:
    reason = str(error.orig)
    if "full" in reason or ("I/O" in reason and _is_full(file)):
        return Unavailable(
            N_("The disk is full: nothing of this step was stored."),
            do=N_("Free space and run the same command again."),
        )
    if "no such table" in reason or "does not exist" in reason:
        return Refused(
            N_("The database is not prepared: {reason}"),
            do=N_("Run “tuxa init” once."),
            reason=reason,
        )
    return Unavailable(
        N_("The database does not answer: {reason}"),
        do=N_("Check the address and rights of the database with “tuxa doctor”."),
        reason=reason,
    )


def _is_full(file: Path | None) -> bool:
    return file is not None and shutil.disk_usage(file.parent).free < _LEAST_FREE
