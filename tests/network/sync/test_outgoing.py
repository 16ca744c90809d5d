"""The line sets the pace, and what is on its way is neither given up too early nor sent twice."""

from __future__ import annotations

from delivery.network.sync.messages import Ack
from delivery.network.sync.outgoing import FIRST, MOVING_S, PACES, Outbox
from delivery.record.ledger import Head
from delivery.record.segment import Place, Row, Segment, start_of

STREAM = "MAIN/P1"
ENOUGH = Place(STREAM, 1_000_000, "f" * 64)


def place(seq: int) -> Place:
    return Place(STREAM, seq, f"{seq:064x}")


def stretch(after: Place, rows: int) -> Segment:
    told = tuple(Row(str(n), "MarkRecorded", "L1", 1, 1, "{}") for n in range(rows))
    end = place(after.seq + rows)
    return Segment(STREAM, after.seq + 1, told, Head(STREAM, end.seq, end.hash, 1, bytes(64)))


def fill(outbox: Outbox, now: float) -> list[Segment]:
    """Send whatever there is credit for."""
    sent = []
    while wanted := outbox.pump([ENOUGH]):
        [read] = wanted
        segment = stretch(read.after, read.rows)
        assert outbox.was_read(read.after, segment, now)
        sent.append(segment)
    return sent


def fresh() -> Outbox:
    outbox = Outbox()
    outbox.learn([start_of(STREAM)])
    return outbox


def test_a_good_line_gets_long_stretches_and_a_slow_one_gets_short_ones() -> None:
    outbox, now = fresh(), 0.0
    sent = fill(outbox, now)
    assert (len(sent), len(sent[0].rows)) == (PACES[FIRST].window, PACES[FIRST].rows)
    for _ in range(8):
        now += 0.1
        for segment in sent:
            assert outbox.acknowledge(Ack(segment.end), now) == ""
        sent = fill(outbox, now)
    assert (len(sent), {len(s.rows) for s in sent}) == (PACES[-1].window, {PACES[-1].rows})
    for _ in range(12):
        now += 9.0
        for segment in sent:
            outbox.acknowledge(Ack(segment.end), now)
        sent = fill(outbox, now)
    assert (len(sent), len(sent[0].rows)) == (PACES[0].window, PACES[0].rows)


def test_what_a_slow_line_still_carries_is_not_taken_for_lost() -> None:
    outbox = fresh()
    first, _second = fill(outbox, 0.0)
    assert outbox.is_moving(MOVING_S / 2)
    outbox.acknowledge(Ack(first.end), 5.0)
    assert outbox.is_moving(5.0 + 9.0), "the last one took five seconds"
    assert not outbox.is_moving(5.0 + 11.0)


def test_a_cut_line_makes_stretches_shorter_and_nothing_is_skipped() -> None:
    outbox = fresh()
    fill(outbox, 0.0)
    outbox.forget()
    assert not outbox.is_known
    outbox.learn([place(100)])
    [again] = fill(outbox, 1.0)
    assert (again.first, len(again.rows)) == (101, PACES[FIRST - 1].rows)


def test_what_the_store_cannot_read_is_asked_for_again() -> None:
    outbox = fresh()
    [read] = outbox.pump([ENOUGH])
    assert outbox.pump([ENOUGH]) == []
    assert not outbox.was_read(read.after, None, 0.0)
    assert outbox.pump([ENOUGH]) == [read]
