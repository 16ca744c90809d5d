"""The lock files pin everything and name no address."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


def pins(kind: str) -> dict[str, set[str]]:
    """The versions of each package; there may be several, told apart by markers."""
    versions: dict[str, set[str]] = {}
    for name, version in PIN.findall((ROOT / "requirements" / f"{kind}.lock").read_text(encoding="utf-8")):
        versions.setdefault(name, set()).add(version)
    return versions


def test_every_pin_of_the_run_lock_is_tested_by_the_dev_lock() -> None:
    run, dev = pins("run"), pins("dev")
    assert run
    assert {name: run[name] for name in run} == {name: dev.get(name) for name in run}


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_every_pin_has_hashes(kind: str) -> None:
    text = (ROOT / "requirements" / f"{kind}.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z])", text)
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", ["requirements/run.lock", "requirements/dev.lock", "package-lock.json"])
def test_a_lock_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S+|--(?:extra-)?index-url|--find-links|\"resolved\"", text) == []


def test_the_portal_s_scripts_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for name, wanted in package["dependencies"].items():
        assert wanted[0].isdigit()
        assert lock["packages"][f"node_modules/{name}"]["version"] == wanted
