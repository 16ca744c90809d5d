"""Conformed material goes into the store here, whole or not at all, whether recorded or generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from delivery.broadcast.asset import (
    Asset,
    Captions,
    Rendition,
    Segment,
    Thumbnails,
    Transmitter,
    TransmitterSegment,
)
from delivery.broadcast.media.captions import CaptionTrack, caption_segments, whole_track
from delivery.broadcast.media.conform import POSTER_FILE, SHEETS, TWIN, Conformed
from delivery.broadcast.media.cutting import TRANSMITTER, CutRendition
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.thumbnails import thumbnail_track
from delivery.clock import Clock, to_micros
from delivery.errors import N_, ConfigError, NotFound
from delivery.ids import digest_of
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.media import MediaStore
from delivery.units import TICK_MS

OUTCOME_VERSION: Final = 2
"""Rises when this program would produce something else from the same source and profile."""
_WRITERS: Final = 8


def asset_id(source: str, profile: Profile) -> str:
    """The id of what becomes of `source` (SHA-256 of a file, or any stable name) under `profile`."""
    return digest_of((source, profile.name, str(profile.version), profile.kind, str(OUTCOME_VERSION)))


def captioned_id(asset: str, captions: Sequence[CaptionTrack]) -> str:
    """The id of `asset` with these captions; its own without any."""
    if not captions:
        return asset
    return digest_of(
        [asset, *(text for track in captions for text in (track.language, whole_track(track.cues)))]
    )


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
        captions: Sequence[CaptionTrack] = (),
        then: Callable[[Connection, Asset], None] | None = None,
    ) -> Asset:
        """Put the files of a finished job into the store, then its manifest (and its twin's), and `then`, in one
        transaction.

        Raises ConfigError when the parameter sets are not those of the profile version.
        """
        made = [self._asset(conformed, folder, source=source, profile=profile, ident=ident)]
        if conformed.twin and profile.twin:
            twin = self._asset(conformed.twin, folder / TWIN, source=source, profile=profile.twin, ident="")
            made = [twin, replace(made[0], twin=twin.id)]
        if captions:
            made.append(self._captioned(made[-1], captions))
        headers = {cut.name: cut.parameter_sets for cut in conformed.renditions if cut.parameter_sets}
        with self.database.write() as connection:
            differing = self.media.agree_headers(connection, profile.name, profile.version, found=headers)
            if differing:
                raise _other_headers(profile, differing)
            for asset in made:
                self._put(connection, asset, generated=generated)
            if then:
                then(connection, made[-1])
        return made[-1]

    def caption(
        self, asset: Asset, captions: Sequence[CaptionTrack], then: Callable[[Connection, Asset], None]
    ) -> Asset:
        """`asset` with these captions: an asset of its own, stored together with `then`. Nothing is encoded."""
        made = self._captioned(asset, captions) if captions else asset
        with self.database.write() as connection:
            self._put(connection, made, generated=False)
            then(connection, made)
        return made

    def _put(self, connection: Connection, asset: Asset, *, generated: bool) -> None:
        self.media.put_asset(
            connection,
            asset.to_json(),
            generated=generated,
            now=to_micros(self.clock.now()),
            content=asset.content,
        )

    def _captioned(self, asset: Asset, captions: Sequence[CaptionTrack]) -> Asset:
        stored = tuple(
            Captions(
                language=track.language,
                segments=tuple(
                    self.blobs.put(text.encode()) for text in caption_segments(track.cues, asset.ticks)
                ),
                whole=self.blobs.put(whole_track(track.cues).encode()),
                cues=len(track.cues),
            )
            for track in captions
        )
        return replace(asset, id=captioned_id(asset.id, captions), captions=stored)

    def _asset(
        self, conformed: Conformed, folder: Path, *, source: str, profile: Profile, ident: str
    ) -> Asset:
        """The manifest of a job, its files stored."""
        # Side by side, because most of the time goes by waiting for the disk to say that a file is safe.
        with ThreadPoolExecutor(_WRITERS) as pool:
            files = _files(conformed, folder)
            stored = dict(zip(files, pool.map(self.blobs.put_file, files), strict=True))
        sent = conformed.transmitter
        return Asset(
            id=ident or asset_id(source, profile),
            source=source,
            profile=profile.name,
            profile_version=profile.version,
            kind=profile.kind,
            ticks=conformed.ticks,
            loudness_lufs=round(conformed.loudness.integrated_lufs, 2),
            true_peak_dbtp=round(conformed.loudness.true_peak_dbtp, 2),
            renditions=tuple(_rendition(cut, folder / cut.name, stored) for cut in conformed.renditions),
            poster=stored[folder / POSTER_FILE] if conformed.poster else "",
            transmitter=_transmitter(conformed, folder / TRANSMITTER, stored) if sent else None,
            thumbnails=self._thumbnails(conformed, folder, stored) if conformed.sheets else None,
        )

    def _thumbnails(self, conformed: Conformed, folder: Path, stored: Mapping[Path, str]) -> Thumbnails:
        names = [SHEETS % number for number in range(conformed.sheets)]
        track = self.blobs.put(thumbnail_track(conformed.ticks, names).encode())
        return Thumbnails(tuple(stored[folder / name] for name in names), track)


def _files(conformed: Conformed, folder: Path) -> list[Path]:
    """Every file of a job that is stored as it is."""
    files = [folder / cut.name / piece.file for cut in conformed.renditions for piece in cut.segments]
    if conformed.transmitter:
        place = folder / TRANSMITTER
        for piece in conformed.transmitter.segments:
            files += [place / piece.file, place / piece.sidecar]
    files += [folder / (SHEETS % number) for number in range(conformed.sheets)]
    return [*files, folder / POSTER_FILE] if conformed.poster else files


def _rendition(cut: CutRendition, folder: Path, stored: Mapping[Path, str]) -> Rendition:
    segments = tuple(
        Segment(stored[folder / piece.file], piece.ticks, piece.bytes, piece.packets)
        for piece in cut.segments
    )
    return rendition_of(cut, segments)


def _transmitter(conformed: Conformed, folder: Path, stored: Mapping[Path, str]) -> Transmitter:
    sent = conformed.transmitter
    assert sent is not None
    pieces = tuple(
        TransmitterSegment(
            stored[folder / piece.file],
            piece.ticks,
            piece.bytes,
            piece.packets,
            stored[folder / piece.sidecar],
        )
        for piece in sent.segments
    )
    return Transmitter(sent.plan.packets_per_tick, sent.plan.rung, sent.plan.audio_kbps, pieces)


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
