"""A skipped test fails the run where none may be skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("setting", "code"), [("1", 1), ("", 0)])
def test_a_skip_fails_the_run_only_where_it_is_forbidden(tmp_path: Path, setting: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\ndef test_it(): pytest.skip('no qpdf')\n", encoding="utf-8"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.support.skips",
            "-p",
            "no:cacheprovider",
            str(tmp_path),
        ],
        env=os.environ | {"TUXA_NO_SKIPS": setting, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "1 skipped" in done.stdout.splitlines()[-1]
    assert ("this run has failed" in done.stdout) is bool(code)
