"""Everything that conforming changed, told to the technician."""

from __future__ import annotations

from delivery.broadcast.media import picture, sound
from delivery.broadcast.media.probe import AudioInfo, Probe, VideoInfo
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.sound import Loudness, Treatment
from delivery.errors import N_, Message


def fixes_of(
    probe: Probe, profile: Profile, *, measured: Loudness, treatment: Treatment, seconds: float
) -> tuple[Message, ...]:
    """One message for each change; `seconds` is the length of what came out."""
    fixes: list[Message] = []
    if profile.kind == "tv" and probe.video:
        fixes += _picture_fixes(probe.video, profile)
    if probe.audio:
        fixes += _sound_fixes(probe.audio, probe.audio_tracks)
    fixes += _loudness_fixes(measured, treatment, profile)
    if (padding := round((seconds - probe.duration_s) * 1000)) > 0:
        fixes.append(Message(N_("{ms} ms added at the end, to fill the grid"), {"ms": padding}))
    return tuple(fixes)


def _loudness_fixes(measured: Loudness, treatment: Treatment, profile: Profile) -> list[Message]:
    fixes: list[Message] = []
    if abs(treatment.gain_db) >= 0.05 or treatment.dynamic:
        fixes.append(
            Message(
                N_("loudness {before} LUFS brought to {after} LUFS"),
                {"before": f"{measured.integrated_lufs:.1f}", "after": f"{profile.target_lufs:.1f}"},
            )
        )
    if treatment.dynamic:
        fixes.append(
            Message(
                N_(
                    "loudness evened out over time (dynamic, not one gain): "
                    "the peaks forbid the gain that the target needs"
                )
            )
        )
    elif treatment.ceiling_dbtp is not None:
        fixes.append(Message(N_("peaks limited, because the gain alone would have clipped them")))
    return fixes


def _picture_fixes(video: VideoInfo, profile: Profile) -> list[Message]:
    fixes: list[Message] = []
    top = profile.pictures[0].picture
    if video.rotation:
        fixes.append(Message(N_("turned by {degrees}°, as it was held"), {"degrees": video.rotation}))
    if video.interlaced:
        fixes.append(Message(N_("deinterlaced")))
    if rate := picture.rate_fix(video):
        fixes.append(rate)
    if video.transfer:
        fixes.append(Message(N_("high dynamic range brought to standard range")))
    if top and (video.width, video.height) != (top.width, top.height):
        fixes.append(
            Message(
                N_("size {before} fitted into {after}"),
                {"before": f"{video.width}x{video.height}", "after": f"{top.width}x{top.height}"},
            )
        )
    return fixes


def _sound_fixes(audio: AudioInfo, tracks: int) -> list[Message]:
    fixes: list[Message] = []
    if audio.rate != sound.RATE:
        fixes.append(
            Message(N_("sound of {rate} Hz made {house} Hz"), {"rate": audio.rate, "house": sound.RATE})
        )
    if audio.channels == 1:
        fixes.append(Message(N_("mono sound made stereo")))
    elif audio.channels > 2:
        fixes.append(
            Message(N_("{channels} sound channels mixed down to stereo"), {"channels": audio.channels})
        )
    if tracks > 1:
        fixes.append(
            Message(N_("sound track {track} of {tracks} used"), {"track": audio.track, "tracks": tracks})
        )
    return fixes
