"""The sync of one site at work: one thread that moves messages between sockets, machines and store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from filelock import BaseFileLock

from delivery.errors import N_, LedgerBroken, TuxaError
from delivery.errors import Message as ErrorText
from delivery.network.sync.admission import WELCOME, rotate_message
from delivery.network.sync.codec import BadFrame, decode, encode
from delivery.network.sync.effects import Effect
from delivery.network.sync.ferry import Ferry
from delivery.network.sync.keys import JOIN_ROLE, KnownSite, SiteBook
from delivery.network.sync.lines import CallingLine, Channel, Line, ListeningLine, Received
from delivery.network.sync.messages import OLDEST, Hello, Join, Message, Rotate, Welcome
from delivery.network.sync.parts import SiteShelf, SyncParts
from delivery.network.sync.protocol import Peer
from delivery.network.sync.status import SiteStatus, what_of
from delivery.network.sync.stretch import BadStretch
from delivery.network.sync.worker import carry_out
from delivery.record.segment import Place, digest_of
from delivery.store.sealing import CannotOpen, open_box
from delivery.store.siteheads import as_places

TICK_S = 0.25
"""Longest wait for a message."""
LOOK_S = 0.2
"""How often this site looks whether it has told something new."""
_NEWS_S = 1.0
"""How often what has come is put to use while more comes."""
_SLOW_S = 30.0
_BATCH = 50
_REFUSED_S = 5.0
_SHOW_S = 3.0
REFUSED = N_("The main site refuses this site's key: it was revoked there, or has to be invited again.")
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Link:
    """One other site, and how to reach it."""

    known: KnownSite
    peer: Peer
    shelf: SiteShelf
    line: Line
    ferry: Ferry
    addresses: dict[Channel, bytes] = field(default_factory=dict)
    status: SiteStatus = field(default_factory=SiteStatus)
    shown_at: float = float("-inf")
    """When this site last showed itself on the channel of files."""


class SyncRunner:
    """Runs until told to stop. `listen` is the address of a main site; another site calls its main site."""

    def __init__(
        self, parts: SyncParts, *, listen: str = "", ferry: Callable[[str], Ferry], lock: BaseFileLock
    ) -> None:
        """`lock` is held, and released with :meth:`close`: one sync for a home."""
        self._parts = parts
        self._lock = lock
        self._clock = parts.clock
        self._make_ferry = ferry
        self._book = SiteBook(parts.keys, parts.clock)
        self._links: dict[str, _Link] = {}
        self._heads_at: tuple[dict[str, Place], str] = ({}, digest_of(()))
        self.broken: Counter[str] = Counter()
        """Frames that were no message, by who sent them."""
        self._looked_at = float("-inf")
        self._used_at = float("-inf")
        self._rotate_at = float("-inf")
        self._dirty = False
        self._refused_at: float | None = None
        # Before the first word of another site: whoever said that it has nothing would be sent everything.
        self._look()
        self.line = self._open(listen)

    def _open(self, listen: str) -> Line:
        own = self._parts.keys.own()
        main = self._parts.keys.main()
        if main is not None:
            line: Line = CallingLine(main.address, own.curve, main=main.site, server=main.curve)
            self._link(main, line)
            return line
        return ListeningLine(listen, own.curve, self._book, ids=self._parts.ids)

    def close(self) -> None:
        """Close the sockets and leave the last word on every site."""
        try:
            self.line.close()
            for link in self._links.values():
                self._note_position(link)
            self._write_status()
        finally:
            self._lock.release()

    def settled(self) -> bool:
        """Whether every site was heard of, and nothing is left to pass in either direction."""
        now = self._clock.monotonic()
        return (
            bool(self._links)
            and not self._dirty
            and all(
                link.peer.is_settled(now) and not self._parts.wanted.count() for link in self._links.values()
            )
        )

    # --- the loop ---------------------------------------------------------------------------------

    def step(self) -> None:
        """Wait for whatever comes, at most :data:`TICK_S`, and deal with it."""
        self.line.wait(0.01 if any(link.ferry.hungry for link in self._links.values()) else TICK_S)
        for _ in range(4):
            came = list(self.line.receive(Channel.FACTS, _BATCH))
            for received in came:
                self._take(received)
            if len(came) < _BATCH:
                break
        for received in self.line.receive(Channel.BLOBS, 8):
            self._take(received)
        for channel in self.line.renewed() if isinstance(self.line, CallingLine) else ():
            for link in self._links.values():
                self._begin_anew(link, channel)
        self._tick()

    def _begin_anew(self, link: _Link, channel: Channel) -> None:
        """The line to a site is new: what was on its way is lost. The site that calls says hello."""
        if channel is Channel.BLOBS:
            link.ferry.unsent()
        elif isinstance(self.line, CallingLine):
            self._work(link, link.peer.begin(self._clock.monotonic()))
        else:
            link.peer.renew()

    def _tick(self) -> None:
        now = self._clock.monotonic()
        for link in self._links.values():
            self._beat(link, now)
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            self._leave_revoked()
            self._look()
            self._rotate(now)
            self._call_again(now)
            self._write_status()
        if now - self._used_at >= (_NEWS_S if self._dirty else _SLOW_S):
            self._used_at, self._dirty = now, False
            self._put_to_use()

    def _beat(self, link: _Link, now: float) -> None:
        self._work(link, link.peer.beat(now))
        for message in link.ferry.beat(now) if Channel.BLOBS in link.addresses else ():
            if not self._send(link, Channel.BLOBS, message):
                link.ferry.unsent()
        if isinstance(self.line, CallingLine) and now - link.shown_at > _SHOW_S:
            # The main site can ask for files only where it has been called.
            link.shown_at = now
            self._send(link, Channel.BLOBS, link.peer.hello())

    def _leave_revoked(self) -> None:
        for known in self._parts.keys.sites() if isinstance(self.line, ListeningLine) else ():
            if known.revoked:
                self._links.pop(known.site, None)

    def _put_to_use(self) -> None:
        """What has come may let another site in, need a file, or be a lesson for this site's library."""
        try:
            self._parts.wanted.offer()
            if any(link.peer.taken_facts != link.status.taken_seen for link in self._links.values()):
                self._parts.adopt_sites()
                self._parts.wanted.look_again()
                for link in self._links.values():
                    link.status.taken_seen = link.peer.taken_facts
            for link in self._links.values():
                self._note_position(link)
        except (TuxaError, OSError) as error:
            _log.error("sync.not_put_to_use", reason=str(error))

    def _note_position(self, link: _Link) -> None:
        if places := link.peer.theirs():
            self._parts.positions.note(link.known.site, places)

    def _call_again(self, now: float) -> None:
        """Our key was turned away: the main site may not know it yet, or no more. Call again after a while."""
        if isinstance(self.line, CallingLine) and self.line.was_refused():
            self._refused_at = now
            for link in self._links.values():
                link.status.fail(ErrorText(REFUSED), now)
        if self._refused_at is not None and now - self._refused_at > _REFUSED_S:
            self._refused_at = None
            self._call()

    def _call(self) -> None:
        self.line.close()
        self._links.clear()
        self.line = self._open("")

    def _look(self) -> None:
        """Whether this site has told something since."""
        places = self._parts.sending.places()
        if places == self._heads_at[0]:
            return
        own = digest_of(as_places(self._parts.heads.own()))
        self._heads_at = (places, own)
        for link in self._links.values():
            self._stand(link)

    def _stand(self, link: _Link) -> None:
        places, own = self._heads_at
        theirs = digest_of(as_places(self._parts.heads.kept_of(link.known.site)))
        self._work(link, link.peer.stand(places, own_heads=own, their_heads=theirs))

    # --- what comes -------------------------------------------------------------------------------

    def _take(self, received: Received) -> None:
        site = received.holder.actor
        try:
            message = decode(received.raw)
        except BadFrame as error:
            self.broken[site] += 1
            _log.warning("sync.bad_frame", site=site, reason=str(error))
            return
        if JOIN_ROLE in received.holder.roles:
            self._take_join(received, message)
            return
        link = self._links.get(site) or self._admit(site)
        if link is None:
            return
        if link.addresses.get(received.channel) != received.peer:
            link.addresses[received.channel] = received.peer
            self._begin_anew(link, received.channel)
        if link.known.curve_before and received.key == link.known.curve:
            self._parts.admission.used(site, received.key)
            self._refresh(link)
        try:
            self._deal(link, received.channel, message)
        except (TuxaError, OSError) as error:
            self._failed(link, error)

    def _deal(self, link: _Link, channel: Channel, message: Message) -> None:
        now = self._clock.monotonic()
        if channel is Channel.BLOBS:
            for answer in link.ferry.receive(message, now):
                self._send(link, Channel.BLOBS, answer)
        elif isinstance(message, Rotate):
            welcome = self._parts.admission.on_rotate(message, site=link.known.site)
            if welcome is not None:
                self._send(link, Channel.FACTS, welcome)
                self._book.forget()
                self._refresh(link)
        elif isinstance(message, Welcome):
            self._rotated(link, message)
        else:
            before = link.peer.taken_facts
            self._work(link, link.peer.receive(message, now))
            self._dirty = self._dirty or link.peer.taken_facts != before
        link.status.contact = self._clock.now()

    def _admit(self, site: str) -> _Link | None:
        """A site that was admitted since this process began."""
        known = next((k for k in self._parts.keys.sites() if k.site == site and not k.revoked), None)
        return self._link(known, self.line) if known is not None else None

    def _link(self, known: KnownSite, line: Line) -> _Link:
        peer = Peer(own=self._parts.site, other=known.site, main=self._parts.main)
        link = _Link(known, peer, SiteShelf(self._parts, known), line, self._make_ferry(known.site))
        self._links[known.site] = link
        if isinstance(line, CallingLine):
            link.addresses = dict.fromkeys(Channel, b"")
        link.status.site = known.site
        self._stand(link)
        return link

    def _refresh(self, link: _Link) -> None:
        link.known = self._parts.keys.site(link.known.site)
        link.shelf = SiteShelf(self._parts, link.known)

    def _take_join(self, received: Received, message: Message) -> None:
        if not isinstance(message, Join) or not isinstance(self.line, ListeningLine):
            return
        welcome = self._parts.admission.on_join(message, once=received.key)
        if welcome is None:
            _log.warning("sync.join_refused", site=received.holder.actor)
            return
        self._links.pop(message.site, None)
        self._book.forget()
        self.line.send(Channel.FACTS, received.peer, encode(welcome, OLDEST))
        _log.info("sync.joined", site=message.site)

    # --- rotation of this site's own keys ---------------------------------------------------------

    def _rotate(self, now: float) -> None:
        coming = self._parts.keys.rotating()
        if coming is None or not isinstance(self.line, CallingLine) or now - self._rotate_at < 5:
            return
        self._rotate_at = now
        for link in self._links.values():
            self._send(link, Channel.FACTS, rotate_message(coming, self._parts.admission.signing))

    def _rotated(self, link: _Link, welcome: Welcome) -> None:
        coming = self._parts.keys.rotating()
        if coming is None:
            return
        try:
            open_box(coming.sealing, welcome.box, context=WELCOME)
        except CannotOpen:
            return
        self._parts.keys.finish_rotation()
        self._parts.receiving.use_secret(coming.sealing)
        self._call()

    # --- what goes --------------------------------------------------------------------------------

    def _work(self, link: _Link, effects: Sequence[Effect]) -> None:
        for message in carry_out(link.peer, link.shelf, effects, failed=partial(self._failed, link)):
            self._send(link, Channel.FACTS, message)

    def _failed(self, link: _Link, error: TuxaError | OSError) -> None:
        """The store refuses (a full disk, for example): nothing is acknowledged, and it is tried again later."""
        link.status.fail(what_of(error), self._clock.monotonic())
        _log.error("sync.failed", site=link.known.site, reason=str(error))

    def _send(self, link: _Link, channel: Channel, message: Message) -> bool:
        peer = link.addresses.get(channel)
        if peer is None:
            return False
        version = OLDEST if isinstance(message, Hello) else link.peer.version
        try:
            raw = encode(message, version)
        except BadStretch as error:
            self._failed(link, _damaged(str(error)))
            return False
        if not link.line.send(channel, peer, raw):
            return False
        link.status.sent_bytes += len(raw)
        return True

    def _write_status(self) -> None:
        now = self._clock.monotonic()
        for link in self._links.values():
            link.status.update(
                link.peer, now, waiting_blobs=link.ferry.waiting, broken=self.broken[link.known.site]
            )
        self._parts.write_status([link.status for link in self._links.values()])


def _damaged(where: str) -> LedgerBroken:
    return LedgerBroken(
        N_("Facts that are stored here were altered and cannot be passed on: {where}."),
        do=N_("“tuxa record verify” says what is wrong with them."),
        where=where,
    )
