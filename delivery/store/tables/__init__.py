"""One SQLModel schema, one module per part. Importing this package registers every table."""

from importlib import import_module

PARTS = (
    "core",
    "catalogue",
    "broadcast_media",
    "broadcast_air",
    "postal",
    "returns",
    "network",
    "sync",
    "regulation",
)


def register() -> None:
    """Load every part, so that ``SQLModel.metadata`` is complete."""
    for part in PARTS:
        import_module(f"{__name__}.{part}")
