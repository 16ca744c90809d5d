"""The one door for CPU-bound work: a ``concurrent.futures.Executor`` (design D8).

A process pool on one machine; the executor of a Dask client when the setting names a scheduler.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing.connection import wait

from delivery.errors import N_, ConfigError, ToolMissing


def make_executor(spec: str = "process", *, workers: int | None = None) -> Executor:
    """Build the executor named by `spec`: ``process`` or ``dask:tcp://host:port``.

    The caller owns the result and shuts it down.
    """
    if spec == "process":
        # spawn: forking a process that holds sockets, SQLite handles and threads is not safe.
        return ProcessPoolExecutor(
            max_workers=workers or os.cpu_count() or 1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_be_quiet_and_low,
        )
    if spec.startswith("dask:"):
        return _dask_executor(spec.removeprefix("dask:"))
    raise ConfigError(
        N_("Unknown executor “{spec}” in the settings."),
        do=N_("Use “process” or “dask:tcp://HOST:PORT”."),
        spec=spec,
    )


def _dask_executor(address: str) -> Executor:
    try:
        from distributed import Client
    except ImportError as error:
        raise ToolMissing(
            N_("The executor “{spec}” needs the package “distributed”."),
            do=N_("Install it with: pip install distributed"),
            spec="dask",
        ) from error
    executor: Executor = Client(address).get_executor()
    return executor


def _be_quiet_and_low() -> None:
    """Worker start: leave Ctrl-C to the parent, never starve playout, and end when the parent is gone."""
    leave_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(5)


@cache
def leave_with_parent() -> None:
    """In a worker process: end this process as soon as its parent is gone, however it went.

    Pool workers otherwise outlive a parent that was killed, and go on encoding. Call it at the start of a job.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()
