"""Pictures: the ffmpeg graph that brings any source to the ladder in one decode, with fixed encoder parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import ffmpeg as graph

from delivery.broadcast.media.probe import VideoInfo
from delivery.broadcast.media.profiles import Encoder, Picture, Profile
from delivery.errors import N_, Message
from delivery.units import GOP_TICKS, SEGMENT_TICKS, TICK_VIDEO_FRAMES

RATE: Final = 25
BLENDED_FROM: Final = 20
"""Pictures per second from which a slower source is blended up to 25."""
POSTER_WIDTH: Final = 640
THUMBNAIL: Final = (160, 90)
_EVERY: Final = SEGMENT_TICKS * TICK_VIDEO_FRAMES
"""Pictures from one thumbnail to the next: one for each segment."""

_BT709: Final = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
_JPEG: Final = {"c:v": "mjpeg", "fps_mode": "passthrough"}


@dataclass(frozen=True, slots=True)
class Stills:
    """Pictures of a lesson that are taken from the same decode, as JPEG files."""

    poster: Path
    thumbnails: Path
    """Pattern with ``%d`` for the number of the segment, from 0."""


def x264_params(encoder: Encoder, *, gop_ticks: int = GOP_TICKS) -> str:
    """The private options of x264.

    ``stitchable`` keeps the content's statistics out of the parameter sets; colour and chroma siting are stated here
    because they would otherwise be taken from the source. The length of the GOP does not enter them.
    """
    gop = gop_ticks * TICK_VIDEO_FRAMES
    options = {
        "keyint": gop,
        "min-keyint": gop,
        "scenecut": 0,
        "open-gop": 0,
        "bframes": encoder.bframes,
        "b-pyramid": "none",
        "ref": encoder.references,
        "aud": 1,
        "repeat-headers": 1,
        "stitchable": 1,
        "force-cfr": 1,
        "nal-hrd": "none",
        "colorprim": "bt709",
        "transfer": "bt709",
        "colormatrix": "bt709",
        "fullrange": "off",
        "chromaloc": 0,
    }
    return ":".join(f"{key}={value}" for key, value in options.items())


def ladder_outputs(
    stream: Any,
    info: VideoInfo,
    *,
    ticks: int,
    profile: Profile,
    files: Mapping[str, Path],
    stills: Stills | None = None,
) -> list[Any]:
    """One output per rung of `files` (rung name -> transport stream), of exactly `ticks`, and those of `stills`."""
    rungs = profile.pictures
    top = rungs[0].picture
    assert top is not None
    return encode(fitted(stream, info, top), ticks=ticks, profile=profile, files=files, stills=stills)


def encode(
    stream: Any,
    *,
    ticks: int,
    profile: Profile,
    files: Mapping[str, Path],
    gop_ticks: int = GOP_TICKS,
    stills: Stills | None = None,
) -> list[Any]:
    """Encode pictures that already have the size of the top rung."""
    stream = stream.filter("tpad", stop_mode="clone", stop=-1)
    stream = stream.filter("trim", end_frame=ticks * TICK_VIDEO_FRAMES)
    rungs = profile.pictures
    outputs = []
    for number, rung in enumerate(rungs):
        assert rung.picture is not None
        if number:
            # From the rung above: a third cheaper than scaling each one from the largest.
            stream = stream.filter("scale", rung.picture.width, rung.picture.height, flags="bicubic")
            stream = stream.filter("setsar", _ratio(rung.picture.pixel_aspect))
        shown, *rest = _copies(stream, 1 + (number + 1 < len(rungs)) + (2 if stills and not number else 0))
        outputs.append(_output(shown, rung.picture, profile.encoder, files[rung.name], gop_ticks))
        if stills and not number:
            outputs += _still_outputs(rest.pop(), rest.pop(), stills, rung.picture.aspect, ticks)
        stream = rest[0] if rest else None
    return outputs


def fitted(stream: Any, info: VideoInfo, size: Picture) -> Any:
    """`stream` progressive, at 25 pictures/s, in standard range, fitted into `size` with black around it, BT.709."""
    return shaped(in_standard_range(at_house_rate(stream, info), info), size, matrix=info.matrix)


def at_house_rate(stream: Any, info: VideoInfo) -> Any:
    """25 pictures a second, each at the time nearest to its own.

    A faster source loses pictures and never shows one twice: 50 loses every second one, 29.97, 30 and 60 those that
    lie farthest from the grid of 25. Blending would smear the text of slides. A source just below (23.976, 24) would
    show one picture twice in every second, which is seen as a jerk whenever something moves; its pictures are blended
    where they lie between two of ours. A speed-up would change the voice or the length. Slower and uneven ones (screen
    recordings, video calls) are shown as they are: their pictures last longer than ours anyway.
    """
    if info.interlaced:
        # Fields of 59.94 per second become pictures of their own, so that those nearest to the grid can be taken.
        mode = "send_field" if info.rate > Fraction(26) else "send_frame"
        stream = stream.filter("bwdif", mode=mode, parity="auto", deint="all")
    elif blended(info):
        stream = stream.filter("framerate", fps=RATE, interp_start=32, interp_end=224, scene=8)
    return stream.filter("fps", RATE, start_time=0, round="near")


def blended(info: VideoInfo) -> bool:
    """Whether pictures are mixed on the way to 25 a second."""
    return not info.interlaced and not info.variable and BLENDED_FROM <= info.rate < Fraction(249, 10)


def in_standard_range(stream: Any, info: VideoInfo) -> Any:
    """High dynamic range (BT.2100) mapped to BT.709: highlights roll off, the middle stays."""
    if not info.transfer:
        return stream
    stream = stream.filter("zscale", transferin=info.transfer, transfer="linear", npl=203)
    stream = stream.filter("format", "gbrpf32le").filter("zscale", primaries="bt709")
    stream = stream.filter("tonemap", "hable", desat=0)
    stream = stream.filter("zscale", transfer="bt709", matrix="bt709", range="tv")
    return stream.filter("format", "yuv444p")  # with halved chroma, zscale refuses an odd size


def rate_fix(info: VideoInfo) -> Message | None:
    """What is told of :func:`at_house_rate`."""
    if info.rate == RATE and not info.variable:
        return None
    params = {"rate": f"{float(info.rate):g}", "house": RATE}
    if blended(info):
        return Message(
            N_("{rate} pictures per second made {house}, blended so that none is shown twice"), params
        )
    if info.variable:
        return Message(N_("uneven pictures ({rate} per second on average) made {house}"), params)
    return Message(N_("{rate} pictures per second made {house}"), params)


def shaped(stream: Any, size: Picture, *, matrix: str = "auto") -> Any:
    """`stream` fitted into `size` with black around it, in BT.709; `matrix` is what it is read with."""
    # As large as its own shape allows, in the house's pixels, whatever the shape of the source's pixels is.
    shape = float(size.pixel_aspect)
    width, height = size.width, size.height
    stream = stream.filter(
        "scale",
        f"2*round(min({width},{height}*dar/{shape:.9f})/2)",
        f"2*round(min({height},{width}*{shape:.9f}/dar)/2)",
        flags="bicubic",
        in_color_matrix=matrix,
        out_color_matrix="bt709",
        out_range="tv",
    )
    stream = stream.filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2", color="black")
    stream = stream.filter("setsar", _ratio(size.pixel_aspect))
    return stream.filter("format", "yuv420p").filter("setparams", **_BT709)


def _still_outputs(poster: Any, small: Any, stills: Stills, aspect: Fraction, ticks: int) -> list[Any]:
    """One picture from a tenth into the lesson, and a small one of every segment.

    ffmpeg reports no progress before each of its outputs has begun. The poster's file therefore gets the first picture,
    which the right one replaces, and thumbnails are files of their own and no sheets, which begin when they are full.
    """
    height = 2 * round(POSTER_WIDTH / aspect / 2)
    poster = poster.filter("select", f"not(n)+eq(n,{ticks * TICK_VIDEO_FRAMES // 10})")
    poster = _as_jpeg(poster, POSTER_WIDTH, height)
    small = small.filter("select", f"not(mod(n,{_EVERY}))")
    small = _as_jpeg(small, *THUMBNAIL)
    return [
        graph.output(poster, str(stills.poster), f="image2", **{**_JPEG, "q:v": 4, "update": 1}),
        graph.output(small, str(stills.thumbnails), f="image2", **{**_JPEG, "q:v": 2, "start_number": 0}),
    ]


def _as_jpeg(stream: Any, width: int, height: int) -> Any:
    stream = stream.filter("scale", width, height, flags="area", out_range="pc")
    return stream.filter("setsar", 1).filter("format", "yuvj420p")


def _output(stream: Any, size: Picture, encoder: Encoder, file: Path, gop_ticks: int) -> Any:
    return graph.output(
        stream,
        str(file),
        f="mpegts",
        **{
            "c:v": "libx264",
            "preset": encoder.preset,
            "profile:v": "high",
            "level:v": size.level,
            "crf": size.crf,
            "maxrate": f"{size.max_kbps}k",
            "bufsize": f"{size.buffer_kbit}k",
            "x264-params": x264_params(encoder, gop_ticks=gop_ticks),
        },
    )


def _copies(stream: Any, count: int) -> list[Any]:
    if count == 1:
        return [stream]
    node = stream.filter_multi_output("split", count)
    return [node[number] for number in range(count)]


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
