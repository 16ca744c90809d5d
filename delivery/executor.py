"""The one door for CPU-bound work: a ``concurrent.futures.Executor`` (design D8).

A process pool on one machine; the executor of a Dask client when the setting names a scheduler.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress

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
            do=N_("Install it with: pip install 'tuxa[dask]'"),
            spec="dask",
        ) from error
    executor: Executor = Client(address).get_executor()
    return executor


def _be_quiet_and_low() -> None:
    """Worker start: leave Ctrl-C to the parent, and never starve playout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(5)
