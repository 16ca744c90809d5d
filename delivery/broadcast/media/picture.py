"""Pictures: the ffmpeg graph that brings any source to the ladder in one decode, with fixed encoder parameters."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import ffmpeg as graph

from delivery.broadcast.media.probe import VideoInfo
from delivery.broadcast.media.profiles import Encoder, Picture, Profile
from delivery.units import GOP_TICKS, TICK_VIDEO_FRAMES

RATE: Final = 25

_BT709: Final = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}


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
    stream: Any, info: VideoInfo, *, ticks: int, profile: Profile, files: Mapping[str, Path]
) -> list[Any]:
    """One output per rung of `files` (rung name -> transport stream), of exactly `ticks`."""
    rungs = profile.pictures
    top = rungs[0].picture
    assert top is not None
    return encode(fitted(stream, info, top), ticks=ticks, profile=profile, files=files)


def encode(
    stream: Any, *, ticks: int, profile: Profile, files: Mapping[str, Path], gop_ticks: int = GOP_TICKS
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
            stream = stream.filter("setsar", 1)
        shown = stream
        if number + 1 < len(rungs):
            node = stream.filter_multi_output("split", 2)
            shown, stream = node[0], node[1]
        outputs.append(_output(shown, rung.picture, profile.encoder, files[rung.name], gop_ticks))
    return outputs


def fitted(stream: Any, info: VideoInfo, size: Picture) -> Any:
    """`stream` progressive, at 25 pictures/s, in square pixels, fitted into `size` with black around it, BT.709."""
    if info.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", parity="auto", deint="all")
    stream = stream.filter("fps", RATE, start_time=0)
    if info.aspect != Fraction(1):
        stream = stream.filter("scale", "trunc(iw*sar/2)*2", "ih").filter("setsar", 1)
    return shaped(stream, size, matrix=info.matrix)


def shaped(stream: Any, size: Picture, *, matrix: str = "auto") -> Any:
    """`stream` fitted into `size` with black around it, in BT.709; `matrix` is what it is read with."""
    stream = stream.filter(
        "scale",
        size.width,
        size.height,
        flags="bicubic",
        force_original_aspect_ratio="decrease",
        force_divisible_by=2,
        in_color_matrix=matrix,
        out_color_matrix="bt709",
        out_range="tv",
    )
    stream = stream.filter("pad", size.width, size.height, "(ow-iw)/2", "(oh-ih)/2", color="black")
    return stream.filter("setsar", 1).filter("format", "yuv420p").filter("setparams", **_BT709)


def poster_outputs(video: Path, at_s: float, file: Path) -> list[Any]:
    """One JPEG, 640 pixels wide, from `at_s` seconds into a conformed transport stream."""
    stream = graph.input(f"file:{video}", ss=f"{at_s:.3f}", f="mpegts").video
    stream = stream.filter("scale", 640, -2, out_range="pc").filter("format", "yuvj420p")
    return [
        graph.output(stream, str(file), f="image2", **{"frames:v": 1, "c:v": "mjpeg", "q:v": 4, "update": 1})
    ]


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
