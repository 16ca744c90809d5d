"""Opening a recording from outside: one file, in a format that holds its own sound and pictures, and nothing else.

FFmpeg also reads lists of other files (HLS and DASH playlists, ffconcat, image sequences, SDP). A recording is known by
the hash of its bytes, and approved by it; so whatever stands for other bytes is refused, be it called ``.mp4``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import av
import ffmpeg as graph

FORMATS: Final = (
    # Containers
    "mov,matroska,webm,avi,mpegts,mpeg,mxf,asf,asf_o,flv,live_flv,kux,gxf,wtv,nut,nuv,nsv,rm,pva,ty,dhav,dv,ivf,"
    "smjpeg,mjpeg,yuv4mpegpipe,"
    # Bare pictures
    "h261,h263,h264,hevc,vvc,evc,av1,obu,m4v,mpegvideo,vc1,vc1test,dirac,dnxhd,"
    # Sound
    "wav,w64,aiff,caf,au,mp3,aac,loas,ac3,ac4,eac3,dts,dtshd,truehd,mlp,flac,ogg,amr,amrnb,amrwb,ape,mpc,mpc8,"
    "tak,tta,wv,voc,xwma,oma,gsm,g722,g723_1,g729,sbc,sox,spdif,act,"
    # Still pictures, to be named as such
    "png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,gif,apng"
)
"""FFmpeg's names of the formats that are read."""
_ONLY: Final = {"protocol_whitelist": "file", "format_whitelist": FORMATS}


def url_of(path: Path) -> str:
    """What FFmpeg is told: never taken for an option, a device, another protocol or an address."""
    return f"file:{path.absolute()}"


def shown_name(path: Path) -> str:
    """The file's name as people can be shown it: what is not UTF-8 in it is replaced."""
    return path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def open_source(path: Path) -> av.container.InputContainer:
    """The file, to be read with PyAV; a context manager. Raises FFmpegError for anything that is no recording."""
    return av.open(url_of(path), options=dict(_ONLY))


def source_input(path: Path) -> Any:
    """The file as an input of ffmpeg's command line."""
    return graph.input(url_of(path), **_ONLY)
