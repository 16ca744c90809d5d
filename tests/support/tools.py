"""System programs and packages of npm that only tests need: found, or the test is skipped by their name.

``@pytest.mark.needs("qpdf", "tus-js-client")`` skips a test where one of them is missing; ``tool("qpdf")`` gives the
path inside a test or fixture, with the same effect. ``scripts/test-deps`` installs the same programs, ``make vendor``
the packages.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Tool:
    """A system program: where it may be, and the Debian package that brings it."""

    name: str
    package: str
    programs: tuple[str, ...]
    patterns: tuple[str, ...] = ()

    def find(self) -> Path | None:
        """The newest versioned installation, else what the search path has."""
        for pattern in self.patterns:
            found = sorted(Path("/").glob(pattern), key=_version)
            if found:
                return found[-1]
        for program in self.programs:
            path = shutil.which(program)
            if path:
                return Path(path)
        return None


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parts if part.isdigit())


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("chromium", "chromium", ("chromium", "chromium-browser", "google-chrome")),
        Tool("dvbinfo", "dvbpsi-utils", ("dvbinfo",)),
        Tool("ffmpeg", "ffmpeg", ("ffmpeg",)),
        Tool("ffprobe", "ffmpeg", ("ffprobe",)),
        Tool("node", "nodejs", ("node", "nodejs")),
        Tool("pdftotext", "poppler-utils", ("pdftotext",)),
        Tool("pdftoppm", "poppler-utils", ("pdftoppm",)),
        Tool("pdfinfo", "poppler-utils", ("pdfinfo",)),
        Tool("pdffonts", "poppler-utils", ("pdffonts",)),
        Tool("pdfimages", "poppler-utils", ("pdfimages",)),
        Tool("postgres", "postgresql", ("initdb",), ("usr/lib/postgresql/*/bin/initdb",)),
        Tool("qpdf", "qpdf", ("qpdf",)),
        Tool("icecast", "icecast2", ("icecast2",)),
        Tool("tmux", "tmux", ("tmux",)),
        Tool("tsinfo", "tstools", ("tsinfo",)),
        Tool("tsreport", "tstools", ("tsreport",)),
        Tool("tv_validate_file", "xmltv-util", ("tv_validate_file",)),
        Tool("zbarimg", "zbar-tools", ("zbarimg",)),
    )
}


PACKAGES = ("hls-parser", "jsqr", "tus-js-client")
_FETCHED = Path(__file__).parents[2] / "node_modules"


def tool(name: str) -> Path:
    """The path of a program, or the folder of a package; skips the running test where there is none."""
    if name in PACKAGES:
        folder = _FETCHED / name
        if not folder.is_dir():
            pytest.skip(f"{name} is not in this checkout (fetch it with “make vendor”, which needs npm)")
        return folder
    known = TOOLS[name]
    path = known.find()
    if path is None:
        pytest.skip(f"{known.name} is not on this machine (Debian package {known.package})")
    return path


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            tool(name)
