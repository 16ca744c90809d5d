"""Folders for work in which secrets lie open for a while: no kill may leave one behind for good."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from delivery.store.files import PARTIAL_SUFFIX


@contextmanager
def work_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder in `parent`, readable for its owner only, that is gone afterwards unless it was renamed.

    What a killed process left there under the same prefix is removed first. A folder that another process works in is
    left alone: each holds a lock on its own.
    """
    _sweep(parent, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=PARTIAL_SUFFIX, dir=parent))
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _sweep(parent: Path, prefix: str) -> None:
    left = [path for path in parent.iterdir() if path.name.startswith(prefix)] if parent.is_dir() else []
    for folder in left:
        if not folder.name.endswith(PARTIAL_SUFFIX) or folder.is_symlink():
            continue
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
