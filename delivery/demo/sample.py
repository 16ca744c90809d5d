"""The sample term that ships with the package: a folder that ``tuxa catalogue import`` reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def sample_term() -> Iterator[Path]:
    """The folder of the sample term, as a real folder for as long as the context lasts."""
    with resources.as_file(resources.files("delivery.demo") / "sample_term") as folder:
        yield folder


@contextmanager
def sample_institution() -> Iterator[Path]:
    """The sample term and the registers of its institution: decisions, contracts, staff, learners' standing."""
    registers = resources.files("delivery.demo") / "sample_registers"
    with sample_term() as term, resources.as_file(registers) as more, TemporaryDirectory() as made:
        for folder in (term, more):
            shutil.copytree(folder, made, dirs_exist_ok=True)
        yield Path(made)
