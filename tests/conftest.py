"""Fixtures and settings of all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.tools",
    "tests.support.postgres",
    "tests.support.skips",
    "tests.support.home",
]

# No deadlines: the machine may be busy. In CI the same examples every time.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, max_examples=60)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
