"""Radio for Icecast: the sound frames of the timeline, one after another, and the titles that go with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from delivery.broadcast.playout.feed import Feed
from delivery.broadcast.playout.outputs import Icecast
from delivery.broadcast.playout.transmit import Load
from delivery.broadcast.schedule.timeline import Slice
from delivery.errors import TuxaError
from delivery.store.air import Channel

PACKET: Final = 188


def adts_frames(data: bytes) -> list[bytes]:
    """The ADTS frames of the only sound in a transport stream, whole and in order.

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
    return whole_frames(bytes(sound))


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


class RadioSource:
    """Loads of ADTS frames."""

    def __init__(self, channel: Channel, *, feed: Feed, rendition: str) -> None:
        self.channel = channel
        self._feed = feed
        self._rendition = rendition

    def load(self, piece: Slice, counters: Mapping[int, int]) -> Load:
        """The sound of `piece`, or of a slate in its place."""
        sent = self._feed.send(self.channel, piece, self._rendition)
        return self._cut(piece, sent.data, sent.reason)

    def slate(self, piece: Slice, counters: Mapping[int, int], reason: str) -> Load:
        """The slate's sound in place of `piece`."""
        try:
            return self._cut(piece, self._feed.slate(self.channel, piece, self._rendition), reason)
        except (TuxaError, OSError, KeyError) as error:
            return self._cut(piece, b"", f"{reason}; {error}")

    def _cut(self, piece: Slice, data: bytes, reason: str) -> Load:
        ends: list[int] = []
        frames = adts_frames(data)
        for frame in frames:
            ends.append(len(frame) + (ends[-1] if ends else 0))
        return Load(piece, b"".join(frames), reason, {}, tuple(ends))


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
