"""Recordings on demand: what the portal's player asks for, out of the converted assets, while they are approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.broadcast.asset import Asset
from delivery.broadcast.media.view import vod_playlist
from delivery.broadcast.playout.hls import master
from delivery.catalogue.kinds import DeliveryMode
from delivery.errors import N_, NotFound
from delivery.network.web.services import Lesson
from delivery.units import TICK_MS

if TYPE_CHECKING:
    from delivery.app.core import App

MASTER = "master.m3u8"


class Lessons:
    """Lessons of a home by material."""

    def __init__(self, app: App) -> None:
        self._app = app

    def lesson(self, material: str) -> Lesson | None:
        """The recording of a material, if one is approved for the portal."""
        asset = self._asset(material)
        if asset is None:
            return None
        sound = next((r.name for r in asset.renditions if r.kind == "audio"), "")
        return Lesson(
            kind="tv" if asset.kind == "tv" else "radio",
            playlist=MASTER,
            audio=f"{sound}.m3u8" if sound else "",
            minutes=-(-asset.ticks * TICK_MS // 60_000),
            captions=tuple(captions.language for captions in asset.captions),
        )

    def file(self, material: str, name: str) -> bytes:
        """A playlist, segment or captions file of it. Raises NotFound for any other name, or without approval."""
        asset = self._asset(material)
        if asset is not None:
            if name == MASTER:
                return master(asset.renditions).encode()
            for captions in asset.captions:
                if name == f"captions-{captions.language}.vtt":
                    return self._app.blobs.get(captions.whole)
            found = _file_of(asset, name)
            if isinstance(found, str):
                return self._app.blobs.get(found)
            if found is not None:
                return found
        raise NotFound(N_("This lesson has no such file."), do=N_("Load the page again."))

    def _asset(self, material: str) -> Asset | None:
        row = self._app.library.media.lesson_of(material)
        if row is None:
            return None
        content = row.content or row.asset
        if not self._app.materials.approved(material, content=content, mode=DeliveryMode.NETWORK):
            return None
        return self._app.library.find(row.asset)


def _file_of(asset: Asset, name: str) -> bytes | str | None:
    """A rung's playlist, or the blob of one of its segments."""
    rung, _, piece = name.partition("/")
    for rendition in asset.renditions:
        if name == f"{rendition.name}.m3u8":
            return vod_playlist(rendition.name, rendition.segments).encode()
        number = piece.removesuffix(".ts")
        if rung == rendition.name and piece.endswith(".ts") and number.isascii() and number.isdigit():
            at = int(number)
            return rendition.segments[at].blob if at < len(rendition.segments) else None
    return None
