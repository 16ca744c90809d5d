"""An asset as other programs see it: ordinary playlists and files in a folder, and as a document."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from delivery.broadcast.asset import Asset, Segment, TransmitterSegment
from delivery.broadcast.media.conform import POSTER_FILE, SHEETS
from delivery.broadcast.media.cutting import TRANSMITTER
from delivery.store.blobs import Blobs
from delivery.units import SEGMENT_TICKS, TICK_MS

Pieces = Sequence[Segment | TransmitterSegment]


def link_view(asset: Asset, blobs: Blobs, folder: Path) -> dict[str, str]:
    """Show an asset as ordinary files: ``<folder>/<asset>/<rung>.m3u8`` and links to its segments, poster, thumbnails
    and captions.

    Returns rendition -> path of its playlist; empty when the blobs do not lie in a local folder. Costs no space.
    """
    target = folder / asset.id
    paths = {name: str(target / f"{name}.m3u8") for name in _pieces(asset)}
    if all(Path(path).exists() for path in paths.values()):
        return paths
    temporary = folder / f".{asset.id}.{os.getpid()}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    for name, blob in _links(asset).items():
        path = blobs.local_path(blob)
        if path is None:
            shutil.rmtree(temporary, ignore_errors=True)
            return {}
        link = temporary / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(path, (target / name).parent))
    for name, pieces in _pieces(asset).items():
        (temporary / f"{name}.m3u8").write_text(vod_playlist(name, pieces), encoding="ascii")
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    return paths


def _pieces(asset: Asset) -> dict[str, Pieces]:
    """Rendition -> its segments, that for the transmitter among them."""
    pieces: dict[str, Pieces] = {rendition.name: rendition.segments for rendition in asset.renditions}
    if asset.transmitter:
        pieces[TRANSMITTER] = asset.transmitter.segments
    return pieces


def _links(asset: Asset) -> dict[str, str]:
    """Name below the asset's folder -> blob."""
    links = {
        f"{name}/{number:05}.ts": piece.blob
        for name, pieces in _pieces(asset).items()
        for number, piece in enumerate(pieces)
    }
    if asset.poster:
        links[POSTER_FILE] = asset.poster
    if asset.thumbnails:
        links |= {SHEETS % number: blob for number, blob in enumerate(asset.thumbnails.sheets)}
        links["thumbnails.vtt"] = asset.thumbnails.track
    return links | {f"captions-{captions.language}.vtt": captions.whole for captions in asset.captions}


def vod_playlist(name: str, pieces: Pieces) -> str:
    """A media playlist of a whole rendition (RFC 8216), its segments in a folder of that name."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{-(-SEGMENT_TICKS * TICK_MS // 1000)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    for number, piece in enumerate(pieces):
        lines += [f"#EXTINF:{piece.ticks * TICK_MS / 1000:.3f},", f"{name}/{number:05}.ts"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def describe(asset: Asset, paths: Mapping[str, str]) -> dict[str, Any]:
    """What a person or program is told of an asset."""
    return {
        "asset": asset.id,
        "source": asset.source,
        "kind": asset.kind,
        "profile": asset.profile,
        "profile_version": asset.profile_version,
        "duration_ticks": asset.ticks,
        "loudness_lufs": asset.loudness_lufs,
        "true_peak_dbtp": asset.true_peak_dbtp,
        "content": asset.content,
        "twin": asset.twin or None,
        "captions": [{"language": c.language, "cues": c.cues} for c in asset.captions],
        "renditions": [
            {
                "name": name,
                "path": paths.get(name, ""),
                "bytes": sum(piece.bytes for piece in pieces),
                "segments": len(pieces),
            }
            for name, pieces in _pieces(asset).items()
        ],
    }
