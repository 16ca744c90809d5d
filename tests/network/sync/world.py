"""A world of sites in memory: stores with the rules of the real one, and a network that loses, doubles and delays.

Everything is drawn from one seed. What travels are real bytes, through the codec and the machines of the product.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, select

from delivery.errors import Refused, TuxaError
from delivery.ids import fact_id
from delivery.network.sync.codec import BadFrame, decode, encode
from delivery.network.sync.effects import Effect
from delivery.network.sync.messages import OLDEST, Hello, Message
from delivery.network.sync.protocol import Peer
from delivery.network.sync.worker import carry_out
from delivery.record.canonical import canonical
from delivery.record.facts import Draft, FactRow, read_row, stream_name
from delivery.record.fold import fold
from delivery.record.hlc import tick
from delivery.record.kinds import FactKind
from delivery.record.learner_record import as_json
from delivery.record.ledger import Head, chain_hash, sign_head
from delivery.record.segment import (
    BadSegment,
    Place,
    Row,
    Segment,
    audience_of,
    chained,
    digest_of,
    locator,
    may_hold,
    speaks_before,
    start_of,
    writer_of,
)
from delivery.regulation.profile import load_profile
from delivery.store import projections
from delivery.store.receiving import NotNext
from delivery.store.sending import ElsewhereBranched
from tests.record.builders import catalogue

MAIN = "MAIN"
START_US = 1_788_714_000_000_000
DAY_US = 86_400_000_000
ROWS = 7
"""Facts of a stretch: few, so that much happens at seams."""


@dataclass
class Disk:
    """What outlives a kill, and what a backup holds."""

    streams: dict[str, list[FactRow]] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    checkpoints: dict[str, dict[int, Head]] = field(default_factory=dict)
    kept: dict[str, Head] = field(default_factory=dict)
    hlc: int = 0

    def backup(self) -> Disk:
        return Disk(
            {name: list(rows) for name, rows in self.streams.items()},
            dict(self.heads),
            {name: dict(points) for name, points in self.checkpoints.items()},
            dict(self.kept),
            self.hlc,
        )


class Site:
    """A site: its disk, its clock, and one machine for each line."""

    def __init__(self, world: World, code: str, *, skew_us: int, newest: int) -> None:
        self.world = world
        self.code = code
        self.skew_us = skew_us
        self.newest = newest
        self.key = Ed25519PrivateKey.from_private_bytes(world.rng.randbytes(32))
        self.disk = Disk()
        self.peers: dict[str, Peer] = {}
        self.committing = False

    def now_us(self) -> int:
        return START_US + int(self.world.now * 1_000_000) + self.skew_us

    # --- life ---

    def start(self) -> None:
        """A process begins: nothing is known but what is on the disk."""
        others = [c for c in self.world.sites if c != MAIN] if self.code == MAIN else [MAIN]
        for other in others:
            self.peers[other] = Peer(own=self.code, other=other, main=MAIN, newest=self.newest)
            self.stand(other, *self.standing())
            if self.code != MAIN:
                self.work(other, self.peers[other].begin(self.world.now))

    def standing(self) -> tuple[dict[str, Place], str]:
        """How far every stream is, and the digest of the own ones: the same for every line."""
        places = self.places()
        return places, digest_of(sorted(p for s, p in places.items() if writer_of(s) == self.code))

    def stand(self, other: str, places: dict[str, Place], own: str) -> None:
        kept = [h for s, h in self.disk.kept.items() if writer_of(s) == other]
        theirs = digest_of(sorted(Place(h.stream, h.seq, h.hash) for h in kept))
        self.work(other, self.peers[other].stand(places, own_heads=own, their_heads=theirs))

    def beat(self) -> None:
        places, own = self.standing()
        for other, peer in self.peers.items():
            self.stand(other, places, own)
            self.work(other, peer.beat(self.world.now))

    def take(self, other: str, raw: bytes) -> None:
        peer = self.peers[other]
        try:
            message = decode(raw)
        except BadFrame:
            peer.dropped["bad"] += 1
            return
        self.work(other, peer.receive(message, self.world.now))

    def work(self, other: str, effects: Iterable[Effect]) -> None:
        peer = self.peers[other]
        for message in carry_out(peer, Shelf(self, other), effects, failed=self.world.refused):
            self.world.send(self.code, other, message, peer.version)

    # --- the store ---

    def places(self) -> dict[str, Place]:
        return {name: Place(name, h.seq, h.hash) for name, h in self.disk.heads.items()}

    def tell(self, draft: Draft) -> None:
        """As FactLog.append: an id that is known here with the same content is a no-op, otherwise quarantined."""
        ident = str(draft.id)
        if any(row.id == ident for row in self.rows()):
            return
        stream = stream_name(self.code, draft.audience)
        self.disk.hlc = tick(self.disk.hlc, self.now_us() // 1000)
        self.extend(
            stream, [(ident, str(draft.kind), draft.learner, self.now_us(), self.disk.hlc, draft.content())]
        )

    def extend(self, stream: str, told: Sequence[tuple[str, str, str, int, int, str]]) -> None:
        rows = self.disk.streams.setdefault(stream, [])
        last = rows[-1].hash if rows else start_of(stream).hash
        for one in told:
            envelope = (stream, len(rows) + 1, *one)
            last = chain_hash(envelope, last)
            rows.append(FactRow(*envelope, last))
        head = Head(stream, len(rows), last, self.now_us())
        self.disk.heads[stream] = sign_head(head, self.key)

    def rows(self) -> Iterable[FactRow]:
        return (row for rows in self.disk.streams.values() for row in rows)

    def speaking(self, only: str) -> dict[str, FactRow]:
        """Of what the site `only` may hold, the row that counts for each id."""
        out: dict[str, FactRow] = {}
        for row in self.rows():
            if not may_hold(only, row.stream, main=MAIN):
                continue
            if row.id not in out or speaks_before(row, out[row.id], main=MAIN):
                out[row.id] = row
        return out

    def hash_at(self, stream: str, seq: int) -> str | None:
        rows = self.disk.streams.get(stream, [])
        return start_of(stream).hash if seq == 0 else rows[seq - 1].hash if seq <= len(rows) else None


class Shelf:
    """The store of one site, for its line to another."""

    def __init__(self, site: Site, other: str) -> None:
        self.site = site
        self.disk = site.disk
        self.other = other

    def read(self, after: Place, rows: int) -> Segment | None:
        head = self.disk.heads.get(after.stream)
        if head is None or head.seq < after.seq:
            return None
        if self.site.hash_at(after.stream, after.seq) != after.hash:
            raise ElsewhereBranched(after.stream)
        if head.seq == after.seq:
            return None
        held = self.disk.streams[after.stream]
        end = min(head.seq, after.seq + min(rows, ROWS))
        if writer_of(after.stream) == self.site.code:
            until = sign_head(Head(after.stream, end, held[end - 1].hash, self.site.now_us()), self.site.key)
        else:
            points = self.disk.checkpoints[after.stream]
            near = [seq for seq in points if after.seq < seq <= end] or [
                min(s for s in points if s > after.seq)
            ]
            until = points[max(near)]
        picked = held[after.seq : until.seq]
        return Segment(
            after.stream,
            after.seq + 1,
            tuple(Row(r.id, r.kind, r.learner, r.recorded_at, r.hlc, r.content) for r in picked),
            until,
        )

    def place(self, stream: str) -> Place:
        return self.site.places().get(stream, start_of(stream))

    def keys(self, stream: str) -> list[object]:
        writer = self.site.world.sites.get(writer_of(stream))
        # A damaged message may name a site that nobody admitted: it has no key here.
        return [writer.key.public_key()] if writer else []

    def commit(self, segment: Segment) -> Place:
        before = self.place(segment.stream)
        if segment.first != before.seq + 1:
            raise NotNext
        rows, _ = chained(segment, before, self.keys(segment.stream))  # type: ignore[arg-type]
        self.site.world.maybe_refuse()
        self.site.world.maybe_kill(self.site)
        self.disk.streams.setdefault(segment.stream, []).extend(rows)
        self.note(segment.head)
        return segment.end

    def note(self, head: Head) -> None:
        self.disk.heads[head.stream] = head
        self.disk.checkpoints.setdefault(head.stream, {})[head.seq] = head

    def mend(self, common: Place, segments: Sequence[Segment]) -> Place:
        rows, end = [], common
        for segment in segments:
            rows += chained(segment, end, self.keys(common.stream)).rows  # type: ignore[arg-type]
            end = segment.end
        held = self.disk.streams[common.stream]
        if self.site.hash_at(common.stream, common.seq) != common.hash:
            raise NotNext
        if self.site.hash_at(common.stream, end.seq) == end.hash:
            return self.place(common.stream)
        moved = held[common.seq :]
        known = {(row.id, row.content) for row in rows}
        missing = [row for row in moved if (row.id, row.content) not in known]
        is_writer = writer_of(common.stream) == self.site.code
        if missing and not is_writer:
            raise BadSegment("left out")
        self.disk.streams[common.stream] = [*held[: common.seq], *rows]
        points = self.disk.checkpoints.get(common.stream, {})
        self.disk.checkpoints[common.stream] = {s: h for s, h in points.items() if s <= common.seq}
        for segment in segments:
            self.note(segment.head)
        if is_writer:
            told = [(r.id, r.kind, r.learner, r.recorded_at, r.hlc, r.content) for r in missing]
            fact = mended(common.stream, end.seq, common.seq, len(missing), moved[-1].hash)
            self.disk.hlc = tick(
                max(self.disk.hlc, *(r.hlc for r in (*rows, *moved))), self.site.now_us() // 1000
            )
            told.append((str(fact.id), str(fact.kind), "", self.site.now_us(), self.disk.hlc, fact.content()))
            self.site.extend(common.stream, told)
        return self.place(common.stream)

    def located(self, stream: str) -> tuple[Place, ...]:
        end = self.place(stream).seq
        return tuple(Place(stream, seq, self.site.hash_at(stream, seq) or "") for seq in locator(end))

    def common(self, stream: str, theirs: Sequence[Place]) -> Place | None:
        return next((p for p in theirs if self.site.hash_at(stream, p.seq) == p.hash), None)

    def own_heads(self) -> tuple[Head, ...]:
        return tuple(h for s, h in sorted(self.disk.heads.items()) if writer_of(s) == self.site.code)

    def keep(self, heads: Sequence[Head]) -> list[tuple[Head, bytes]]:
        for head in heads:
            known = self.disk.kept.get(head.stream)
            if known is None or head.seq > known.seq:
                self.disk.kept[head.stream] = head
        return [(h, bytes(64)) for s, h in sorted(self.disk.kept.items()) if writer_of(s) == self.other]

    def testify(self, heads: Sequence[tuple[Head, bytes]]) -> None:
        pass


def mended(stream: str, end: int, common: int, moved: int, replaced: str) -> Draft:
    return Draft(
        id=fact_id(FactKind.STREAM_MENDED, stream, end, replaced),
        kind=FactKind.STREAM_MENDED,
        occurred_at=START_US,  # type: ignore[arg-type]
        actor="sync",
        audience=audience_of(stream),
        data={"stream": stream, "common": common, "moved": moved, "replaced": replaced},
    )


class Killed(Exception):
    """The process ends in the middle of its work."""


class World:
    """Sites around a main one, and the lines between them."""

    def __init__(self, seed: int, *, partners: int = 9, trouble: bool = True) -> None:
        self.rng = random.Random(seed)
        self.trouble = trouble
        self.now = 0.0
        self.line: list[tuple[float, int, str, str, bytes]] = []
        self.count = 0
        self.cut: set[str] = set()
        self.told: dict[str, set[str]] = {}
        self.facts = 0
        self.kills = 0
        self.restores = 0
        self.refusals = 0
        self.sites: dict[str, Site] = {}
        for code in [MAIN, *(f"P{n}" for n in range(1, partners + 1))]:
            skew = self.rng.randint(-5, 5) * DAY_US if trouble else 0
            self.sites[code] = Site(self, code, skew_us=skew, newest=self.rng.choice((1, 2)))
        for site in self.sites.values():
            site.start()

    # --- the network ---

    def send(self, source: str, target: str, message: Message, version: int) -> None:
        raw = encode(message, OLDEST if isinstance(message, Hello) else version)
        partner = target if source == MAIN else source
        if self.trouble and (partner in self.cut or self.rng.random() < 0.05):
            return
        copies = 1 + (self.trouble and self.rng.random() < 0.1)
        for _ in range(copies):
            delay = self.rng.expovariate(8) if self.trouble else 0.01
            self.count += 1
            data = raw
            if self.trouble and self.rng.random() < 0.01:
                at = self.rng.randrange(len(raw))
                data = raw[:at] + bytes((self.rng.randrange(256),)) + raw[at + 1 :]
            heapq.heappush(self.line, (self.now + delay, self.count, source, target, data))

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            edge = self.now + 0.5
            while self.line and self.line[0][0] <= edge:
                at, _, source, target, raw = heapq.heappop(self.line)
                self.now = max(self.now, at)
                self.alive(self.sites[target], lambda t=target, s=source, r=raw: self.sites[t].take(s, r))
            self.now = edge
            for site in self.sites.values():
                self.alive(site, site.beat)

    def alive(self, site: Site, act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except Killed:
            self.kill(site)

    def maybe_kill(self, site: Site) -> None:
        if self.trouble and self.rng.random() < 0.01:
            raise Killed

    def maybe_refuse(self) -> None:
        """A full disk, for a moment."""
        if self.trouble and self.rng.random() < 0.01:
            raise Refused("the disk is full")

    def refused(self, _error: TuxaError | OSError) -> None:
        self.refusals += 1

    def kill(self, site: Site) -> None:
        """kill -9 and a new process: what was on its way to it is lost, and so is all it had in memory."""
        self.kills += 1
        self.line = [item for item in self.line if site.code not in (item[2], item[3])]
        heapq.heapify(self.line)
        self.alive(site, site.start)

    def restore(self, site: Site, backup: Disk) -> None:
        """The disk is lost, and an old backup put back. What only that disk held is gone with it."""
        self.restores += 1
        gone = {row.id for row in site.rows()} - {row.id for rows in backup.streams.values() for row in rows}
        for other in self.sites.values():
            if other is not site:
                gone -= {row.id for row in other.rows()}
        for ids in self.told.values():
            ids -= gone
        # A fact that is told again is a new one: its author notices that it is not there.
        site.disk = backup
        self.kill(site)

    # --- life at the sites ---

    def tell_something(self, site: Site) -> None:
        """A fact of one of the site's streams; sometimes one that another site tells as well."""
        partner = site.code if site.code != MAIN else self.rng.choice(sorted(self.sites))
        audience = self.rng.choice((partner, partner, partner, "all", MAIN))
        learner = f"L{audience}{self.rng.randrange(3)}"
        number = self.rng.randrange(1 << 40)
        if audience == "all":
            draft = aired(number, site.now_us())
        else:
            draft = about(learner, audience, number, site.now_us(), self.rng)
        before = {row.id for row in site.rows()}
        site.tell(draft)
        if str(draft.id) not in before:
            self.facts += 1
            self.told.setdefault(stream_name(site.code, audience), set()).add(str(draft.id))

    # --- judgement ---

    def settle(self, *, most_s: float = 600) -> None:
        """Heal everything, and wait until nobody has anything left to say."""
        self.trouble = False
        self.cut.clear()
        for _ in range(int(most_s / 10)):
            self.run(10)
            if not self.differences():
                return

    def differences(self) -> list[str]:
        main = self.sites[MAIN]
        out = []
        for site in self.sites.values():
            for name in {*main.disk.streams, *site.disk.streams}:
                if may_hold(site.code, name, main=MAIN):
                    ours, theirs = main.disk.streams.get(name, []), site.disk.streams.get(name, [])
                    if ours != theirs:
                        out.append(f"{name}: {len(ours)} at main, {len(theirs)} at {site.code}")
                elif name in site.disk.streams:
                    out.append(f"{site.code} holds {name}")
        return out

    def lost(self) -> set[str]:
        held = {row.id for row in self.sites[MAIN].rows()}
        return {ident for ids in self.told.values() for ident in ids} - held

    def doubled(self) -> list[str]:
        """Facts that one site's streams tell twice with the same content."""
        out = []
        for site in self.sites.values():
            for name, rows in site.disk.streams.items():
                told = [(row.id, row.content) for row in rows]
                if len(told) != len(set(told)):
                    out.append(f"{site.code} {name}")
        return out

    def projection(self, site: Site, only: str) -> bytes:
        """Records of the learners of `only`, from what `site` holds and `only` may hold, as bytes."""
        facts = [read_row(row) for row in site.speaking(only).values()]
        rules = load_profile("VN-2024").grading
        learners = sorted({f.learner for f in facts if f.learner.startswith(f"L{only}")})
        return canonical([as_json(fold(learner, facts, catalogue(), rules), []) for learner in learners])

    def tables(self, site: Site, only: str) -> list[tuple[object, ...]]:
        """Tables for fast reading, filled in the order in which the site holds its facts."""
        rows = list(site.speaking(only).values())
        self.rng.shuffle(rows)
        engine = create_engine("sqlite://")
        out: list[tuple[object, ...]] = []
        with engine.begin() as connection:
            for model in projections.TABLES:
                model.__table__.create(connection)  # type: ignore[attr-defined]
            projections.rebuild(connection, (read_row(row) for row in rows))
            for model in projections.TABLES:
                table = model.__table__  # type: ignore[attr-defined]
                out += [tuple(r) for r in connection.execute(select(table).order_by(*table.primary_key))]
        engine.dispose()
        return out


def about(learner: str, audience: str, number: int, at: int, rng: random.Random) -> Draft:
    """Something about a learner."""
    kind, key, data, activity = rng.choice(
        (
            (FactKind.COURSE_ENROLLED, ("C1",), {"cohort": "K1"}, ""),
            (
                FactKind.PARTICIPATION_RECORDED,
                (number,),
                {"source": "system", "method": "xem", "minutes": number % 30},
                "C1-Q1",
            ),
            (
                FactKind.WORK_RECEIVED,
                (number % 5,),
                {
                    "sheet": f"s{learner}{number % 5}",
                    "page": 1 + number % 2,
                    "pages": 2,
                    "channel": "post",
                    "blob": f"{number % 2:064x}",
                    "media_type": "image/jpeg",
                    "identity": "sheet",
                },
                "C1-A1",
            ),
            (FactKind.MARK_RECORDED, (number,), {"score": str(number % 11), "method": "keyboard"}, "C1-A1"),
        )
    )
    return Draft(
        id=fact_id(kind, learner, *key),
        kind=kind,
        occurred_at=at,  # type: ignore[arg-type]
        actor="tester",
        audience=audience,
        learner=learner,
        course="C1",
        activity=activity,
        data=data,
    )


def aired(number: int, at: int) -> Draft:
    return Draft(
        id=fact_id(FactKind.ITEM_AIRED, number),
        kind=FactKind.ITEM_AIRED,
        occurred_at=at,  # type: ignore[arg-type]
        actor="playout",
        course="C1",
        activity="C1-S1",
        data={
            "airing": f"a{number}",
            "channel": "TV1",
            "asset": "x",
            "material": "M",
            "planned_start": 0,
            "actual_start": 0,
            "planned_ticks": 9375,
            "aired_ticks": 9375,
            "bytes": 1,
            "digest": "d",
            "status": "complete",
        },
    )


def live(seed: int, *, partners: int = 9, steps: int = 60) -> World:
    """A troubled life, then peace: kills, cut lines, lost, doubled, late and damaged messages, old backups put back."""
    world = World(seed, partners=partners)
    rng = world.rng
    backups: dict[str, Disk] = {}
    for _ in range(steps):
        site = world.sites[rng.choice(sorted(world.sites))]
        for _ in range(rng.randrange(12)):
            world.tell_something(site)
        event = rng.random()
        if event < 0.15:
            world.cut ^= {rng.choice([code for code in world.sites if code != MAIN])}
        elif event < 0.25:
            world.kill(world.sites[rng.choice(sorted(world.sites))])
        elif event < 0.32:
            backups[site.code] = site.disk.backup()
        elif event < 0.36 and backups:
            code = rng.choice(sorted(backups))
            world.restore(world.sites[code], copy(backups[code]).backup())
        world.run(rng.uniform(0.5, 4))
    world.settle()
    return world
