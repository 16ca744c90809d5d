"""The wheel carries what the program reads at run time beside its modules."""

from __future__ import annotations

import gettext
import io
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("delivery", "tui", "media_profiles")
# Made at install time or by running; everything else in the packages is source.
MADE = {".mo", ".part", ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    command += ["--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("tuxa-*.whl")
    return zipfile.ZipFile(io.BytesIO(path.read_bytes()))


def test_every_file_of_the_packages_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in MADE
    }
    assert sources
    assert sources - set(wheel.namelist()) == set()


def test_every_message_catalogue_is_compiled_into_the_wheel(wheel: zipfile.ZipFile) -> None:
    catalogues = sorted(ROOT.glob("delivery/locale/*/LC_MESSAGES/*.po"))
    for po in catalogues:
        name = po.with_suffix(".mo").relative_to(ROOT).as_posix()
        translations = gettext.GNUTranslations(io.BytesIO(wheel.read(name)))
        assert translations.info()["content-type"].lower().endswith("utf-8")


def test_the_media_profiles_are_found_as_package_data() -> None:
    found = {entry.name for entry in files("media_profiles").iterdir() if entry.name.endswith(".toml")}
    assert found == {path.name for path in (ROOT / "media_profiles").glob("*.toml")}


def test_the_wheel_has_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    texts = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert "tuxa = delivery.cli.main:main" in texts["entry_points.txt"]
    assert "License-Expression: Apache-2.0" in texts["METADATA"]
    assert "Apache License" in texts["LICENSE"]
