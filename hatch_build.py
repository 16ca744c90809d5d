"""Build hook: compile the message catalogues, so that the wheel and an editable install speak both languages.

The ``.mo`` files are made from the ``.po`` files beside them, are not kept in git, and are shipped in the wheel.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CATALOGUES = "delivery/locale/*/LC_MESSAGES/*.po"


def compile_catalogue(po: Path) -> Path:
    """Write the ``.mo`` beside ``po``; it appears under its name only when whole."""
    with po.open("rb") as source:
        catalogue = read_po(source, locale=po.parent.parent.name)
    mo = po.with_suffix(".mo")
    part = mo.with_name(f".{mo.name}.{os.getpid()}.part")
    with part.open("wb") as target:
        write_mo(target, catalogue)
    part.replace(mo)
    return mo


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs for the ordinary wheel and for the editable one alike."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for po in sorted(Path(self.root).glob(CATALOGUES)):
            mo = compile_catalogue(po)
            build_data["artifacts"].append("/" + mo.relative_to(self.root).as_posix())
        # Fetched by scripts/vendor where npm is at hand; not kept in git either.
        build_data["artifacts"].append("/delivery/network/web/static/vendor/hls.*")
