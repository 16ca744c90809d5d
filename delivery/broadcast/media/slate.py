"""Material that the station makes itself: slates of every length from 1 to 18 ticks, and attendance cards.

A slate is encoded once, every tick a closed group of pictures of its own; each shorter length is the beginning of the
longest. Everything is stored like a lesson and found again by what it says, so that nothing is made twice.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import ffmpeg as graph
from filelock import FileLock

from delivery.broadcast.asset import Asset
from delivery.broadcast.media import picture, sound
from delivery.broadcast.media.conform import Conformed, Runner, encode_sound
from delivery.broadcast.media.cutting import (
    CutRendition,
    cut_for_transmitter,
    cut_ladder,
    proved,
    transmitted,
)
from delivery.broadcast.media.ffmpeg import Ffmpeg
from delivery.broadcast.media.library import Library, asset_id
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.segmenter import access_units, cut_streams, sound_frames
from delivery.broadcast.media.sound import SILENCE, Loudness, Treatment
from delivery.broadcast.media.sources import source_input
from delivery.broadcast.media.speech import WORDS_PER_MINUTE, speak
from delivery.broadcast.media.stills import draw_card, draw_slate
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.ids import digest_of
from delivery.units import GOP_TICKS, SEGMENT_TICKS, TICK_MS, Ticks

_LOOK_VERSION: Final = "1"
"""Rises when pictures or speech of the station change."""
_LONGEST_SPEECH_S: Final = SEGMENT_TICKS * TICK_MS / 1000 - 0.2
_FASTER: Final = 1.25
_PASSES: Final = 4


class Station:
    """Makes and finds the station's own material."""

    def __init__(self, library: Library, *, home: Path, ffmpeg: Ffmpeg, words: Translator) -> None:
        self._library = library
        self._work = home / "work" / "station"
        self._ffmpeg = ffmpeg
        self._words = words

    def slates(self, profile: Profile, *, title: str) -> dict[int, Asset]:
        """Length in ticks (1 to 18, as far as the profile's sound allows) -> slate of exactly that length, saying the
        channel's `title`."""
        line = self._words(N_("The programme continues in a moment."))
        name = digest_of(("slate", _LOOK_VERSION, title, line))
        found = self._slates(name, profile)
        lengths = _lengths(profile)
        if len(found) == len(lengths):
            return found
        with self._room() as folder:
            found = self._slates(name, profile)
            if len(found) < len(lengths):
                file = folder / "slate.png"
                draw_slate(title, line).save(file)
                self._make_slates(name, profile, folder, file)
                found = self._slates(name, profile)
        return found

    def slate(self, profile: Profile, ticks: Ticks, *, title: str) -> Asset:
        """The slate of exactly `ticks`, 1 to 18."""
        return self.slates(profile, title=title)[ticks]

    def card(self, profile: Profile, code: str, *, link: str) -> Asset:
        """18 ticks that show `code` in large letters and `link` as a QR code, and speak the code."""
        heading = self._words(N_("Attendance code of this lesson"))
        line = self._words(N_("Enter the code on the portal, or point your phone’s camera at the square."))
        said = self._words(N_("Attendance code: {letters}."), letters=", ".join(code))
        ident = asset_id(digest_of(("card", _LOOK_VERSION, code, link, heading, line, said)), profile)
        found = self._library.find(ident)
        if found:
            return found
        with self._room() as folder:
            found = self._library.find(ident)
            if found:
                return found
            voice = folder / "voice.wav"
            _speak_within(said, voice, _LONGEST_SPEECH_S)
            still = folder / "card.png"
            if profile.pictures:
                draw_card(heading, code, line, link=link).save(still)
            conformed = self._conform_still(profile, folder, still, voice)
            return self._library.store(
                conformed, folder, source=ident, profile=profile, ident=ident, generated=True
            )

    def _slates(self, name: str, profile: Profile) -> dict[int, Asset]:
        found = {ticks: self._library.find(_slate_id(name, profile, ticks)) for ticks in _lengths(profile)}
        return {ticks: asset for ticks, asset in found.items() if asset}

    def _make_slates(self, name: str, profile: Profile, folder: Path, still: Path) -> None:
        files = self._sound(profile, folder, None)[0]
        pictures = self._pictures(profile, folder, still, gop_ticks=1)
        frames = {kbps: sound_frames(file, profile.codec) for kbps, file in files.items()}
        units = {rung: list(access_units(file, gop_ticks=1)) for rung, file in pictures.items()}
        for ticks in map(Ticks, _lengths(profile)):
            place = folder / str(ticks)
            renditions: list[CutRendition] = []
            for rung in profile.rungs:
                shown = iter(units[rung.name]) if rung.picture else None
                segments = cut_streams(
                    place / rung.name,
                    ticks,
                    frames=frames[rung.audio_kbps],
                    units=shown,
                    codec=profile.codec,
                )
                renditions.append(proved(place, rung, segments, profile))
            sent = None
            if plan := profile.transmitter:
                sent = transmitted(
                    place,
                    ticks,
                    profile,
                    frames=frames,
                    units=iter(units[plan.rung]),
                    renditions=renditions,
                )
            self._library.store(
                Conformed(ticks, SILENCE, (), tuple(renditions), poster=False, transmitter=sent),
                place,
                source=name,
                profile=profile,
                ident=_slate_id(name, profile, ticks),
                generated=True,
            )

    def _conform_still(self, profile: Profile, folder: Path, still: Path, voice: Path | None) -> Conformed:
        files, loudness = self._sound(profile, folder, voice)
        pictures = self._pictures(profile, folder, still, gop_ticks=GOP_TICKS)
        ticks = Ticks(SEGMENT_TICKS)
        renditions = cut_ladder(folder, ticks, profile=profile, sounds=files, pictures=pictures)
        sent = cut_for_transmitter(
            folder, ticks, profile=profile, renditions=renditions, sounds=files, pictures=pictures
        )
        return Conformed(ticks, loudness, (), renditions, poster=False, transmitter=sent)

    def _sound(self, profile: Profile, folder: Path, voice: Path | None) -> tuple[dict[int, Path], Loudness]:
        """18 ticks of sound at every bit rate: `voice` at the profile's loudness, or silence."""
        runner = Runner(self._ffmpeg, folder)
        files = {kbps: folder / f"sound-{kbps}.{profile.codec.suffix}" for kbps in profile.audio_rates}
        if voice is None:
            silence = graph.input(f"anullsrc=r={sound.RATE}:cl=stereo", f="lavfi")
            runner.run(sound.sound_outputs(silence.audio, SEGMENT_TICKS, Treatment(), files, profile=profile))
            return files, SILENCE
        stream = source_input(voice).audio
        measured = runner.measure(stream)
        _, result = encode_sound(
            runner, stream, SEGMENT_TICKS, measured=measured, profile=profile, files=files
        )
        return files, result

    def _pictures(self, profile: Profile, folder: Path, still: Path, *, gop_ticks: int) -> Mapping[str, Path]:
        if not profile.pictures:
            return {}
        top = profile.pictures[0].picture
        assert top is not None
        files = {rung.name: folder / f"picture-{rung.name}.ts" for rung in profile.pictures}
        stream: Any = graph.input(f"file:{still}", framerate=picture.RATE)["v"]
        stream = picture.shaped(stream, top)
        outputs = picture.encode(
            stream, ticks=SEGMENT_TICKS, profile=profile, files=files, gop_ticks=gop_ticks
        )
        Runner(self._ffmpeg, folder).run(outputs)
        return files

    def _room(self) -> _Room:
        return _Room(self._work)


class _Room:
    """A working folder, one at a time for the whole home; what a killed process left in it goes first."""

    def __init__(self, work: Path) -> None:
        self._work = work
        work.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(work / ".lock", thread_local=False)

    def __enter__(self) -> Path:
        self._lock.acquire()
        for left in self._work.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(dir=self._work))
        return self._folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release()


def _lengths(profile: Profile) -> range:
    """Ticks of the slates that fill any gap of whole sound frames."""
    grain = profile.codec.grain
    return range(grain, SEGMENT_TICKS + 1, grain)


def _slate_id(name: str, profile: Profile, ticks: int) -> str:
    return asset_id(digest_of((name, str(ticks))), profile)


def _speak_within(text: str, file: Path, longest_s: float) -> None:
    """Speak faster until it fits."""
    pace = float(WORDS_PER_MINUTE)
    for _ in range(_PASSES):
        if speak(text, file, words_per_minute=round(pace)) <= longest_s:
            return
        pace *= _FASTER
