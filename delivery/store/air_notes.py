"""What playout noticed while it ran: that it ran, what it had to replace, what was cut off, and what it has told."""

from __future__ import annotations

from sqlalchemy import Connection, and_, insert, select, update

from delivery.store.database import Database
from delivery.store.tables.broadcast_air import ChannelTable, FaultTable, StopTable, UpSpanTable

_channel = ChannelTable.__table__  # type: ignore[attr-defined]
_span = UpSpanTable.__table__  # type: ignore[attr-defined]
_fault = FaultTable.__table__  # type: ignore[attr-defined]
_stop = StopTable.__table__  # type: ignore[attr-defined]


class AirNotes:
    """Notes of playout processes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def open_span(self, now_us: int) -> int:
        """A playout process has started; the id of its span."""
        with self.database.write() as connection:
            result = connection.execute(insert(_span).values(start_us=now_us, end_us=now_us))
            key = result.inserted_primary_key
            assert key is not None
            return int(key[0])

    def extend_span(self, span: int, now_us: int) -> None:
        """It still runs."""
        with self.database.write() as connection:
            connection.execute(update(UpSpanTable).where(_span.c.id == span).values(end_us=now_us))

    def up_spans(self, since_us: int) -> list[tuple[int, int]]:
        """(start, end) of the spans that end after `since_us`; they may overlap."""
        query = select(_span.c.start_us, _span.c.end_us).where(_span.c.end_us > since_us)
        with self.database.read() as connection:
            return sorted((int(a), int(b)) for a, b in connection.execute(query))

    def put_fault(self, channel: str, sequence: int, *, rendition: str, reason: str, now_us: int) -> bool:
        """Note that a segment goes out as a slate; False when that was known."""
        key = and_(
            _fault.c.channel == channel, _fault.c.sequence == sequence, _fault.c.rendition == rendition
        )
        with self.database.write() as connection:
            if connection.execute(select(_fault.c.sequence).where(key)).first():
                return False
            connection.execute(
                insert(FaultTable),
                {
                    "channel": channel,
                    "sequence": sequence,
                    "rendition": rendition,
                    "reason": reason,
                    "noticed_us": now_us,
                },
            )
        return True

    def is_faulty(self, channel: str, sequence: int, *, rendition: str) -> bool:
        """Whether that segment goes out as a slate."""
        key = and_(
            _fault.c.channel == channel, _fault.c.sequence == sequence, _fault.c.rendition == rendition
        )
        with self.database.read() as connection:
            return connection.execute(select(_fault.c.sequence).where(key)).first() is not None

    def put_stop(self, channel: str, airing: str, *, sequence: int, reason: str, now_us: int) -> bool:
        """Cut an airing off from `sequence` on; False when it was cut off before."""
        with self.database.write() as connection:
            key = and_(_stop.c.channel == channel, _stop.c.airing == airing)
            if connection.execute(select(_stop.c.sequence).where(key)).first():
                return False
            connection.execute(
                insert(StopTable),
                {
                    "channel": channel,
                    "airing": airing,
                    "sequence": sequence,
                    "reason": reason,
                    "noticed_us": now_us,
                },
            )
        return True

    def stopped_from(self, channel: str, airing: str) -> int | None:
        """Sequence from which an airing is cut off, or None."""
        with self.database.read() as connection:
            found = connection.execute(
                select(_stop.c.sequence).where(_stop.c.channel == channel, _stop.c.airing == airing)
            ).scalar()
        return None if found is None else int(found)

    def asrun_tick(self, channel: str) -> int:
        """Every lesson that ended by this tick has its as-run fact."""
        with self.database.read() as connection:
            found = connection.execute(
                select(_channel.c.asrun_tick).where(_channel.c.code == channel)
            ).scalar()
        return int(found or 0)

    def set_asrun_tick_in(self, connection: Connection, channel: str, tick: int) -> None:
        """Move the watermark, in the transaction that appends the facts."""
        connection.execute(update(ChannelTable).where(_channel.c.code == channel).values(asrun_tick=tick))
