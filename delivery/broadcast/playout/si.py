"""Service information for receivers (ETSI EN 300 468): what is on now, next and for days, in Vietnamese; and time.

Sections are made here and cut into packets; :class:`Carousel` says which of them are due at a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from delivery.broadcast.check.tables import crc
from delivery.clock import from_micros
from delivery.ids import digest_of

SDT_PID: Final = 0x11
EIT_PID: Final = 0x12
TDT_PID: Final = 0x14
SERVICE_ID: Final = 1
"""The programme number of the PAT."""
STREAM_ID: Final = 1
NETWORK_ID: Final = 0x2000 + 704
"""Original network of terrestrial television: 0x2000 and the country's number of ISO 3166-1, 704 for Viet Nam (ETSI
TS 101 162). A modulator may write its own."""
PACKET: Final = 188
SCHEDULE_DAYS: Final = 4
"""Days that one schedule table holds (EN 300 468 section 5.2.4)."""

_UTF8: Final = b"\x15"
"""Character table selector (annex A.2): the text is UTF-8."""
_NAME_BYTES: Final = 120
_SEGMENT: Final = timedelta(hours=3)
_PRESENT_S: Final = 1.0
"""Repetition of what is on now and next: at least every 2 s (ETSI TS 101 211 section 4.4)."""
_SCHEDULE_S: Final = 8.0
"""Of the schedule: at least every 10 s for the days in this table."""
_TIME_S: Final = 20.0
"""Of the time: at least every 30 s."""


@dataclass(frozen=True, slots=True)
class Event:
    """One programme as a receiver shows it."""

    id: str
    start_us: int
    end_us: int
    title: str
    text: str = ""

    @property
    def number(self) -> int:
        """event_id: 16 bits of the airing's id."""
        return int(digest_of((self.id,))[:4], 16)


def dvb_text(text: str, *, limit: int = _NAME_BYTES) -> bytes:
    """UTF-8 behind its selector, cut between characters to at most `limit` bytes; nothing for no text."""
    raw = text.encode()[: limit - 1]
    return _UTF8 + raw.decode(errors="ignore").encode() if text else b""


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def date_time(moment: datetime) -> bytes:
    """Modified Julian date and BCD time, UTC (annex C): 5 bytes."""
    utc = moment.astimezone(UTC)
    days = (utc.date() - datetime(1858, 11, 17, tzinfo=UTC).date()).days
    return days.to_bytes(2, "big") + bytes((_bcd(utc.hour), _bcd(utc.minute), _bcd(utc.second)))


def _duration(microseconds: int) -> bytes:
    minutes, seconds = divmod(max(microseconds, 0) // 1_000_000, 60)
    hours, minutes = divmod(minutes, 60)
    return bytes((_bcd(min(hours, 99)), _bcd(minutes), _bcd(seconds)))


def _section(
    table_id: int, extension: int, body: bytes, *, version: int, number: int = 0, last: int = 0
) -> bytes:
    length = 5 + len(body) + 4
    head = bytes((table_id,)) + (0xF000 | length).to_bytes(2, "big") + extension.to_bytes(2, "big")
    data = head + bytes((0xC1 | version << 1, number, last)) + body
    return data + crc(data).to_bytes(4, "big")


def _event(event: Event, *, running: int) -> bytes:
    name, text = dvb_text(event.title), dvb_text(event.text)
    short = b"vie" + bytes((len(name),)) + name + bytes((len(text),)) + text
    descriptors = bytes((0x4D, len(short))) + short
    start = date_time(from_micros(event.start_us))
    flags = (running << 13 | len(descriptors)).to_bytes(2, "big")
    return (
        event.number.to_bytes(2, "big")
        + start
        + _duration(event.end_us - event.start_us)
        + flags
        + descriptors
    )


def present_following(now: Event | None, following: Event | None, *, version: int) -> list[bytes]:
    """EIT present/following, actual stream: two sections, empty where nothing is known."""
    head = STREAM_ID.to_bytes(2, "big") + NETWORK_ID.to_bytes(2, "big") + bytes((1, 0x4E))
    parts = [_event(now, running=4) if now else b"", _event(following, running=1) if following else b""]
    return [
        _section(0x4E, SERVICE_ID, head + part, version=version, number=number, last=1)
        for number, part in enumerate(parts)
    ]


def schedule(events: Iterable[Event], today: datetime, *, version: int) -> list[bytes]:
    """EIT schedule, actual stream, table 0x50: four days from midnight UTC of `today`, in segments of three hours."""
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    segments: dict[int, list[bytes]] = {}
    for event in sorted(events, key=lambda e: e.start_us):
        number = (from_micros(event.start_us) - midnight) // _SEGMENT
        if 0 <= number < SCHEDULE_DAYS * 8:
            segments.setdefault(number, []).append(_event(event, running=0))
    last_segment = max(segments, default=0)
    last = last_segment * 8 + len(_chunks(segments.get(last_segment, []))) - 1
    out = []
    for number in range(last_segment + 1):
        chunks = _chunks(segments.get(number, []))
        segment_last = number * 8 + len(chunks) - 1
        head = STREAM_ID.to_bytes(2, "big") + NETWORK_ID.to_bytes(2, "big") + bytes((segment_last, 0x50))
        out += [
            _section(0x50, SERVICE_ID, head + chunk, version=version, number=number * 8 + i, last=last)
            for i, chunk in enumerate(chunks)
        ]
    return out


def _chunks(events: Sequence[bytes]) -> list[bytes]:
    """Events of a segment in at most 8 sections of at most 4,096 bytes; one empty section for none."""
    chunks = [b""]
    for event in events:
        if len(chunks[-1]) + len(event) > 4_000:
            chunks.append(b"")
        chunks[-1] += event
    return chunks[:8]


def service_description(name: str, provider: str, *, version: int, television: bool) -> bytes:
    """SDT, actual stream: the channel's name; says that present/following and schedule are there."""
    title, owner = dvb_text(name), dvb_text(provider)
    kind = 0x19 if television else 0x0A
    inner = bytes((kind, len(owner))) + owner + bytes((len(title),)) + title
    descriptor = bytes((0x48, len(inner))) + inner
    body = NETWORK_ID.to_bytes(2, "big") + b"\xff" + SERVICE_ID.to_bytes(2, "big") + b"\xff"
    body += (4 << 13 | len(descriptor)).to_bytes(2, "big") + descriptor
    return _section(0x42, STREAM_ID, body, version=version)


def time_offset(moment: datetime) -> bytes:
    """TOT: UTC, and that Viet Nam is 7 hours ahead of it, without summer time."""
    offset = b"VNM" + bytes((0x02,)) + bytes((_bcd(7), 0)) + date_time(moment) + bytes((_bcd(7), 0))
    descriptor = bytes((0x58, len(offset))) + offset
    body = date_time(moment) + (0xF000 | len(descriptor)).to_bytes(2, "big") + descriptor
    data = b"\x73" + (0x7000 | len(body) + 4).to_bytes(2, "big") + body
    return data + crc(data).to_bytes(4, "big")


def packetise(pid: int, section: bytes) -> list[bytes]:
    """A section in packets of its own, with counters of 0: the sender counts."""
    data = b"\x00" + section
    out = []
    for at in range(0, len(data), PACKET - 4):
        head = bytes((0x47, (0x40 if at == 0 else 0) | pid >> 8, pid & 0xFF, 0x10))
        out.append((head + data[at : at + PACKET - 4]).ljust(PACKET, b"\xff"))
    return out


@dataclass
class _Table:
    """A table that is sent again and again; its version rises when its content changes."""

    period_s: float
    content: tuple[object, ...] = ()
    version: int = -1
    packets: list[bytes] = field(default_factory=list)
    due_us: int = 0


class Carousel:
    """Says which packets are due. Keeps versions, and nothing else."""

    def __init__(self, name: str, *, provider: str = "", television: bool = True) -> None:
        self._name, self._provider, self._television = name, provider, television
        self._tables = {
            "sdt": _Table(_PRESENT_S * 2),
            "present": _Table(_PRESENT_S),
            "schedule": _Table(_SCHEDULE_S),
            "time": _Table(_TIME_S),
        }

    def due(self, at_us: int, events: Sequence[Event]) -> list[bytes]:
        """Packets (counters of 0) of every table whose time has come at `at_us`."""
        out: list[bytes] = []
        for name, table in self._tables.items():
            if at_us < table.due_us:
                continue
            table.due_us = at_us + round(table.period_s * 1_000_000)
            out += self._packets(name, table, at_us, events)
        return out

    def _packets(self, name: str, table: _Table, at_us: int, events: Sequence[Event]) -> list[bytes]:
        moment = from_micros(at_us)
        if name == "time":
            return packetise(TDT_PID, time_offset(moment))
        now = next((e for e in events if e.start_us <= at_us < e.end_us), None)
        following = next((e for e in events if e.start_us > at_us), None)
        content: tuple[object, ...] = (self._name, self._provider)
        if name == "present":
            content = (now, following)
        elif name == "schedule":
            content = (moment.date(), *events)
        if content != table.content or not table.packets:
            table.content, table.version = content, (table.version + 1) % 32
            table.packets = self._made(name, table.version, moment, now, following, events)
        return table.packets

    def _made(
        self,
        name: str,
        version: int,
        moment: datetime,
        now: Event | None,
        following: Event | None,
        events: Sequence[Event],
    ) -> list[bytes]:
        if name == "sdt":
            section = service_description(
                self._name, self._provider, version=version, television=self._television
            )
            return packetise(SDT_PID, section)
        sections = (
            present_following(now, following, version=version)
            if name == "present"
            else schedule(events, moment, version=version)
        )
        return [packet for section in sections for packet in packetise(EIT_PID, section)]
