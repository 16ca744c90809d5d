"""Radio for Icecast: the sound frames of the timeline, one after another, and the titles that go with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from delivery.broadcast.playout.feed import Feed
from delivery.broadcast.playout.outputs import Icecast
from delivery.broadcast.playout.transmit import Load
from delivery.broadcast.schedule.timeline import Slice
from delivery.errors import TuxaError
from delivery.store.air import Channel

PACKET: Final = 188
MP3_CODECS: Final = "mp4a.40.34"
"""RFC 6381 name of MPEG-1 layer III."""
_MP3_KBPS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""ISO/IEC 11172-3, 2.4.2.3, by bitrate_index; a frame of 1,152 samples has 144 x bits per second / 48,000 bytes."""


def sound_of(data: bytes) -> bytes:
    """The elementary stream of the only sound in a transport stream.

    PES headers are dropped (ISO/IEC 13818-1 section 2.4.3.6), tables and pictures passed over.
    """
    sound = bytearray()
    pid = -1
    for at in range(0, len(data) - PACKET + 1, PACKET):
        packet = data[at : at + PACKET]
        control = packet[3] >> 4 & 3
        offset = 5 + packet[4] if control & 2 else 4
        mine = (packet[1] & 0x1F) << 8 | packet[2]
        if not control & 1 or offset >= PACKET:
            continue
        payload = packet[offset:]
        if packet[1] & 0x40 and payload[:3] == b"\x00\x00\x01" and 0xC0 <= payload[3] <= 0xDF:
            pid = mine
            payload = payload[9 + payload[8] :]
        if mine == pid:
            sound += payload
    return bytes(sound)


def adts_frames(data: bytes) -> list[bytes]:
    """The ADTS frames of the only sound in a transport stream, whole and in order."""
    return whole_frames(sound_of(data))


def whole_frames(sound: bytes) -> list[bytes]:
    """The ADTS frames with which `sound` begins, up to the last whole one (ISO/IEC 13818-7 section 6.2)."""
    frames: list[bytes] = []
    at = 0
    while at + 7 <= len(sound) and sound[at] == 0xFF and sound[at + 1] & 0xF6 == 0xF0:
        size = (sound[at + 3] & 3) << 11 | sound[at + 4] << 3 | sound[at + 5] >> 5
        if size < 7 or at + size > len(sound):
            break
        frames.append(sound[at : at + size])
        at += size
    return frames


def whole_mp3_frames(sound: bytes) -> list[bytes]:
    """The frames of MPEG-1 layer III at 48 kHz with which `sound` begins (ISO/IEC 11172-3, 2.4.1.3 and 2.4.3.1)."""
    frames: list[bytes] = []
    at = 0
    while at + 4 <= len(sound) and sound[at] == 0xFF and sound[at + 1] & 0xFE == 0xFA:
        index = sound[at + 2] >> 4
        size = 144 * _MP3_KBPS[index] // 48 + (sound[at + 2] >> 1 & 1) if 0 < index < 15 else 0
        if not size or sound[at + 2] >> 2 & 3 != 1 or at + size > len(sound):
            break
        frames.append(sound[at : at + size])
        at += size
    return frames


class RadioSource:
    """Loads of coded frames of sound."""

    def __init__(self, channel: Channel, *, feed: Feed, rendition: str, codecs: str = "mp4a.40.2") -> None:
        """`codecs` is the rendition's (RFC 6381)."""
        self.channel = channel
        self._feed = feed
        self._rendition = rendition
        self._whole = whole_mp3_frames if codecs == MP3_CODECS else whole_frames
        self._spare: tuple[bytes, ...] = ()
        self._longest = max(channel.slates)

    def remember_slate(self) -> None:
        """Hold the longest slate in memory: it can be sent when no disk answers any more."""
        data = self._feed.plain_slate(self.channel, self._longest, self._rendition)
        self._spare = tuple(self._whole(sound_of(data)))

    def load(self, piece: Slice, counters: Mapping[int, int]) -> Load:
        """The sound of `piece`, or of a slate in its place."""
        sent = self._feed.send(self.channel, piece, self._rendition)
        return _cut(piece, self._whole(sound_of(sent.data)), sent.reason)

    def slate(
        self, piece: Slice, counters: Mapping[int, int], reason: str, *, from_memory: bool = False
    ) -> Load:
        """The slate's sound in place of `piece`; `from_memory`: no disk is asked."""
        if from_memory:
            count = len(self._spare) * piece.ticks // self._longest
            return _cut(piece, self._spare[:count], reason)
        try:
            data = self._feed.slate(self.channel, piece, self._rendition)
            return _cut(piece, self._whole(sound_of(data)), reason)
        except (TuxaError, OSError, KeyError) as error:
            return _cut(piece, (), f"{reason}; {error}")


def _cut(piece: Slice, frames: Sequence[bytes], reason: str) -> Load:
    ends = tuple(accumulate(len(frame) for frame in frames))
    return Load(piece, b"".join(frames), reason, {}, ends, is_silent=not frames)


class Titles:
    """Tells an Icecast server what is on, when that changes. Runs beside the sending, so that it delays nothing."""

    def __init__(self, output: Icecast, title_of: Callable[[Slice], str]) -> None:
        self._output = output
        self._title_of = title_of
        self._told = ""

    def tell(self, piece: Slice) -> None:
        """The title of `piece`; a server that does not take it is asked again with the next segment."""
        title = self._title_of(piece)
        if title == self._told:
            return
        try:
            self._output.set_title(title)
        except OSError:
            return
        self._told = title

    def forget(self) -> None:
        """After a reconnection the server knows nothing."""
        self._told = ""
