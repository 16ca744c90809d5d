"""Conformed material goes into the store here, whole or not at all, whether recorded or generated."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from delivery.broadcast.asset import Asset, Rendition, Segment
from delivery.broadcast.media.conform import POSTER_FILE, Conformed, CutRendition
from delivery.broadcast.media.profiles import Profile
from delivery.clock import Clock, to_micros
from delivery.errors import N_, ConfigError, NotFound
from delivery.ids import digest_of
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.media import MediaStore
from delivery.units import SEGMENT_TICKS, TICK_MS

OUTCOME_VERSION: Final = 1
"""Rises when this program would produce something else from the same source and profile."""


def asset_id(source: str, profile: Profile) -> str:
    """The id of what becomes of `source` (SHA-256 of a file, or any stable name) under `profile`."""
    return digest_of((source, profile.name, str(profile.version), profile.kind, str(OUTCOME_VERSION)))


class Library:
    """Assets by id, and the one way to add them."""

    def __init__(self, database: Database, blobs: Blobs, *, clock: Clock) -> None:
        self.database = database
        self.blobs = blobs
        self.clock = clock
        self.media = MediaStore(database)

    def find(self, ident: str) -> Asset | None:
        """The asset, or None."""
        document = self.media.document(ident)
        return Asset.from_json(document) if document else None

    def get(self, ident: str) -> Asset:
        """The asset; NotFound when there is none."""
        found = self.find(ident)
        if found is None:
            raise NotFound(
                N_("There is no converted recording {asset}."),
                do=N_("See “tuxa media status”, and add the file again."),
                asset=ident[:12],
            )
        return found

    def store(
        self,
        conformed: Conformed,
        folder: Path,
        *,
        source: str,
        profile: Profile,
        ident: str = "",
        generated: bool = False,
        then: Callable[[Connection, Asset], None] | None = None,
    ) -> Asset:
        """Put the files of a finished job into the store, then its manifest, and `then`, in one transaction.

        Raises ConfigError when the parameter sets are not those of the profile version.
        """
        poster = self.blobs.put_file(folder / POSTER_FILE) if conformed.poster else ""
        asset = Asset(
            id=ident or asset_id(source, profile),
            source=source,
            profile=profile.name,
            profile_version=profile.version,
            kind=profile.kind,
            ticks=conformed.ticks,
            loudness_lufs=round(conformed.loudness.integrated_lufs, 2),
            true_peak_dbtp=round(conformed.loudness.true_peak_dbtp, 2),
            renditions=tuple(self._rendition(cut, folder / cut.name) for cut in conformed.renditions),
            poster=poster,
        )
        headers = {cut.name: cut.parameter_sets for cut in conformed.renditions if cut.parameter_sets}
        with self.database.write() as connection:
            differing = self.media.agree_headers(connection, profile.name, profile.version, found=headers)
            if differing:
                raise _other_headers(profile, differing)
            now = to_micros(self.clock.now())
            self.media.put_asset(connection, asset.to_json(), generated=generated, now=now)
            if then:
                then(connection, asset)
        return asset

    def _rendition(self, cut: CutRendition, folder: Path) -> Rendition:
        segments = tuple(
            Segment(self.blobs.put_file(folder / piece.file), piece.ticks, piece.bytes, piece.packets)
            for piece in cut.segments
        )
        return rendition_of(cut, segments)


def rendition_of(cut: CutRendition, segments: tuple[Segment, ...]) -> Rendition:
    """The manifest entry of a rung; bit rates include the transport stream around picture and sound."""
    ticks = sum(segment.ticks for segment in segments)
    return Rendition(
        name=cut.name,
        kind=cut.kind,
        codecs=cut.codecs,
        bandwidth=max(bits_per_second(segment.bytes, segment.ticks) for segment in segments),
        average_bandwidth=bits_per_second(sum(segment.bytes for segment in segments), ticks),
        width=cut.width,
        height=cut.height,
        segments=segments,
    )


def bits_per_second(size: int, ticks: int) -> int:
    """Bit rate of `size` bytes over `ticks`, rounded up."""
    return -(-size * 8 * 1000 // (ticks * TICK_MS))


def _other_headers(profile: Profile, rungs: list[str]) -> ConfigError:
    return ConfigError(
        N_("Profile {profile} version {version}: {rungs} would not join what was converted before."),
        do=N_(
            "Use the ffmpeg that was used before, or raise the version of the profile and add the lessons again."
        ),
        profile=profile.name,
        version=profile.version,
        rungs=", ".join(rungs),
    )


def link_view(asset: Asset, blobs: Blobs, folder: Path) -> dict[str, str]:
    """Show an asset as ordinary files for other programs: ``<folder>/<asset>/<rung>.m3u8`` and links to its segments.

    Returns rung -> path of its playlist; empty when the blobs do not lie in a local folder. Costs no space.
    """
    target = folder / asset.id
    paths = {r.name: str(target / f"{r.name}.m3u8") for r in asset.renditions}
    if all(Path(path).exists() for path in paths.values()):
        return paths
    temporary = folder / f".{asset.id}.{os.getpid()}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    for rendition in asset.renditions:
        (temporary / rendition.name).mkdir(parents=True)
        for number, segment in enumerate(rendition.segments):
            path = blobs.local_path(segment.blob)
            if path is None:
                shutil.rmtree(temporary)
                return {}
            (temporary / rendition.name / f"{number:05}.ts").symlink_to(
                os.path.relpath(path, target / rendition.name)
            )
        (temporary / f"{rendition.name}.m3u8").write_text(vod_playlist(rendition), encoding="ascii")
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    return paths


def vod_playlist(rendition: Rendition) -> str:
    """A media playlist of the whole rendition (RFC 8216), its segments in a folder of the rung's name."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{-(-SEGMENT_TICKS * TICK_MS // 1000)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    for number, segment in enumerate(rendition.segments):
        lines += [f"#EXTINF:{segment.ticks * TICK_MS / 1000:.3f},", f"{rendition.name}/{number:05}.ts"]
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
        "renditions": [
            {
                "name": rendition.name,
                "path": paths.get(rendition.name, ""),
                "bytes": sum(segment.bytes for segment in rendition.segments),
                "segments": len(rendition.segments),
            }
            for rendition in asset.renditions
        ],
    }
