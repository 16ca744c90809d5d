"""With ``TUXA_NO_SKIPS`` set, as in ``.ci/run``, a run in which a test was skipped has failed."""

from __future__ import annotations

import os

import pytest


def _forbidden(config: pytest.Config) -> int:
    """How many tests were skipped although none may be."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("TUXA_NO_SKIPS", "0") in {"", "0"}:
        return 0
    return len(reporter.stats.get("skipped", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    passed = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    if passed and _forbidden(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := _forbidden(config):
        terminalreporter.write_line(f"TUXA_NO_SKIPS: {count} skipped, so this run has failed", red=True)
