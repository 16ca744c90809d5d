"""The one door for CPU-bound work: a process pool, or the executor of a Dask client."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from delivery.errors import ConfigError
from delivery.executor import make_executor


def test_work_runs_in_other_processes_and_errors_come_back() -> None:
    with make_executor("process", workers=2) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(int, "x").result()


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A real Dask scheduler with one worker, on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
        protocol="tcp://",
        host="127.0.0.1",
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_executor_of_a_dask_client_does_the_same_work(scheduler: str) -> None:
    with make_executor(f"dask:{scheduler}") as pool:
        assert list(pool.map(abs, [-1, -2, 3])) == [1, 2, 3]


def test_an_unknown_executor_is_refused_with_what_to_write() -> None:
    with pytest.raises(ConfigError, match="celery"):
        make_executor("celery")
