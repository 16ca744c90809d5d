"""A profile's version is part of what it produced, so what stands under a version must not change.

The first use of a version in a home notes its digest in ``<home>/media_profiles/versions.json``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from filelock import FileLock

from delivery.broadcast.media.profiles import Profile
from delivery.errors import N_, Refused
from delivery.store.files import write_whole

VERSIONS_FILE: Final = "versions.json"


def digest_of_profile(profile: Profile) -> str:
    """SHA-256 over everything that the profile says, its radio twin apart, which has a version of its own."""
    alone = asdict(replace(profile, twin=None))
    return hashlib.sha256(json.dumps(alone, sort_keys=True, default=str).encode()).hexdigest()


def require_unchanged(profile: Profile, folder: Path) -> None:
    """Raises Refused when the profile was edited under the same version; `folder` holds the home's own profiles."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / VERSIONS_FILE
    with FileLock(folder / ".versions.lock", timeout=10):
        try:
            known: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        each = [profile, *([profile.twin] if profile.twin else [])]
        for one in each:
            key, digest = f"{one.name}/{one.version}", digest_of_profile(one)
            if known.setdefault(key, digest) != digest:
                raise Refused(
                    N_("Profile {name} was changed, but is still version {version}."),
                    do=N_("Raise its version: what was made with the old one keeps its name."),
                    name=one.name,
                    version=one.version,
                )
        data = json.dumps(known, indent=1, sort_keys=True).encode()
        if not file.exists() or file.read_bytes() != data:
            write_whole(file, data)
