"""Opening a file or an address with the program of the person's own desktop, where this machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def open_outside(target: str) -> bool:
    """Hand `target` (a path or an address) to the desktop; False where there is none, as over ssh.

    Nothing that a program of the desktop says reaches the terminal of the console.
    """
    if sys.platform == "darwin":
        opener = shutil.which("open")
    elif os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        opener = shutil.which("xdg-open")
    else:
        opener = None
    if opener is None:
        return False
    try:
        subprocess.Popen(
            [opener, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True
