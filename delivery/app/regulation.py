"""Gives the regulation checks what they need of a home: profiles with own values, snapshots, history."""

from __future__ import annotations

from delivery.app.core import App
from delivery.regulation.profile import Profile, load_profile, profile_names, with_own_values
from delivery.store.evidence import RegisterStore
from delivery.store.findings import FindingHistory
from delivery.store.snapshot import Snapshots

OWN_VALUES = "regulation"
"""Folder of the home for the institution's own stricter values: ``regulation/VN-2024.toml``."""


def profiles_of(app: App) -> dict[str, Profile]:
    """Every profile, with the institution's own values. Raises ConfigError when one of these is looser (TX-5.6)."""
    folder = app.settings.home / OWN_VALUES
    return {name: with_own_values(load_profile(name), folder / f"{name}.toml") for name in profile_names()}


def snapshots_of(app: App) -> Snapshots:
    """Builds snapshots of this home."""
    return Snapshots(
        database=app.database,
        catalogue=app.catalogue_store,
        registers=RegisterStore(app.database),
        profiles=profiles_of(app),
        default_profile=app.settings.profile,
        holds=app.blobs.exists,
    )


def history_of(app: App) -> FindingHistory:
    """What earlier evaluations of this home found."""
    return FindingHistory(app.database, app.facts, app.clock)
