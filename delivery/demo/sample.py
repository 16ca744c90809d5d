"""The sample term that ships with the package: a folder that ``tuxa catalogue import`` reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path


@contextmanager
def sample_term() -> Iterator[Path]:
    """The folder of the sample term, as a real folder for as long as the context lasts."""
    with resources.as_file(resources.files("delivery.demo") / "sample_term") as folder:
        yield folder
