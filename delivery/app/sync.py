"""Wires the sync of a home, and does what joins it to others."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from filelock import FileLock, Timeout

from delivery.clock import to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.network.bus.keys import KeyPair
from delivery.network.sync.admission import WELCOME, Admission, join_proof
from delivery.network.sync.codec import BadFrame, decode, encode
from delivery.network.sync.ferry import Ferry, read_limits
from delivery.network.sync.invitation import Invitation
from delivery.network.sync.keys import KnownSite, SyncKeys
from delivery.network.sync.lines import CallingLine, Channel, after
from delivery.network.sync.messages import OLDEST, Join, Welcome
from delivery.network.sync.parts import SyncParts
from delivery.network.sync.positions import Positions
from delivery.network.sync.runner import SyncRunner
from delivery.network.sync.status import StatusFile
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.record.segment import writer_of
from delivery.settings import CONFIG_FILE
from delivery.store.files import write_whole
from delivery.store.keys import KEYS_FILE, load_keys
from delivery.store.receiving import Receiving
from delivery.store.sealing import open_box
from delivery.store.sending import Sending
from delivery.store.siteheads import SiteHeads
from delivery.store.wantedblobs import WantedBlobs
from delivery.store.witness import Witness

if TYPE_CHECKING:
    from delivery.app.core import App

JOIN_S = 30.0
"""How long a new site waits for the main site's answer."""
REFUSED_S = 3.0
"""How long it knocks again where its invitation is turned away: the main site may not have looked yet."""


def sync_keys(app: App) -> SyncKeys:
    """The keys of the home's lines to other sites."""
    return SyncKeys(app.settings.keys_dir, app.ids)


def main_site(app: App) -> str:
    """Code of the main site: the one that this site joined, or this site itself."""
    main = sync_keys(app).main()
    return main.site if main else app.settings.site


def build_admission(app: App) -> Admission:
    """What lets other sites in."""
    return Admission(
        site=app.settings.site,
        keys=sync_keys(app),
        signing=app.keys.signing,
        facts=app.facts,
        clock=app.clock,
        ids=app.ids,
        shared=lambda: _shared(app),
    )


def _shared(app: App) -> dict[str, Any]:
    """What all sites of an institution share: without it they could not read each other's sheets and learner ids."""
    return {
        "main": app.settings.site,
        "signing": app.keys.public.hex(),
        "sealing": sync_keys(app).own().sealing_public.hex(),
        "identity": app.keys.identity.hex(),
        "air": app.keys.air.hex(),
        "codes": {
            "current": app.keys.codes.current,
            "keys": {str(number): key.hex() for number, key in app.keys.codes.keys.items()},
        },
    }


def build_parts(app: App) -> SyncParts:
    """The parts that the sync of this home works with."""
    keys, main, site = sync_keys(app), main_site(app), app.settings.site
    witness = Witness(app.settings.keys_dir / "witness.log")
    receiving = Receiving(
        app.database,
        app.vault,
        app.blobs,
        site=site,
        main=main,
        signing=app.keys.signing,
        sealing_secret=keys.own().sealing,
        witness=witness,
        erasing=app.erasing,
        clock=app.clock,
    )
    wanted = WantedBlobs(
        app.database,
        app.blobs,
        app.facts,
        app.catalogue_store,
        folder=app.settings.home / "sync" / "incoming",
        site=site,
        main=main,
        clock=app.clock,
    )
    return SyncParts(
        site=site,
        main=main,
        keys=keys,
        sending=Sending(
            app.database, app.vault, site=site, signing=app.keys.signing, clock=app.clock, ids=app.ids
        ),
        receiving=receiving,
        heads=SiteHeads(app.database, site=site, signing=app.keys.signing, witness=witness),
        wanted=wanted,
        positions=Positions(app.settings.home / "sync" / "positions"),
        admission=build_admission(app),
        adopt_sites=lambda: adopt_sites(app),
        write_status=StatusFile(app.settings.home / "run").write,
        clock=app.clock,
        ids=app.ids,
    )


def build_runner(app: App) -> SyncRunner:
    """The sync of this home, with its sockets open. Raises Refused when this site neither listens nor joined one."""
    settings = app.settings
    parts = build_parts(app)
    if parts.keys.main() is None and not settings.sync_listen:
        raise Refused(
            N_("This site is in sync with nobody."),
            do=N_(
                "At the main site, set sync_listen in tuxa.toml and invite others with “tuxa sync invite SITE”; "
                "at a partner site, redeem the invitation with “tuxa sync join”."
            ),
        )
    lock = _the_only_one(app)
    app.erasing.finish()
    limits = read_limits(settings.sync_rate_kib, settings.sync_blob_hours)

    def ferry(other: str) -> Ferry:
        return Ferry(
            parts.wanted, other=other, all_allowed=other == parts.main, limits=limits, now=app.clock.now
        )

    try:
        return SyncRunner(parts, listen=settings.sync_listen, ferry=ferry, lock=lock)
    except BaseException:
        lock.release()
        raise


def _the_only_one(app: App) -> FileLock:
    """Held by the process that syncs this home: two would answer to one name. Raises Refused."""
    file = app.settings.home / "run" / "sync.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise Refused(
            N_("The sync of this home is running already."),
            do=N_("“tuxa up” runs it by itself; how it stands: tuxa sync status"),
        ) from error
    return lock


def in_sync_with_somebody(app: App) -> bool:
    """Whether there is anything for the sync to do."""
    return bool(app.settings.sync_listen) or sync_keys(app).main() is not None


def adopt_sites(app: App) -> None:
    """At a partner site: admit the sites that the main site admitted, and revoke those that it revoked.

    Keys that this site itself had on an earlier machine are among them: what was signed with those is its own.
    """
    main, site = main_site(app), app.settings.site
    own = app.keys.public.hex()
    if main == site:
        return
    drafts = []
    for kind in (FactKind.SITE_ADMITTED, FactKind.SITE_REVOKED):
        for fact in app.facts.select(kind=kind):
            if writer_of(fact.stream) == main and _concerns(fact, site=site, own=own):
                drafts.append(
                    Draft(
                        id=fact_id(kind, site, fact.id),
                        kind=kind,
                        occurred_at=to_micros(app.clock.now()),
                        actor="sync",
                        data=dict(fact.data),
                    )
                )
    if drafts:
        app.facts.append(drafts, once=True)


def _concerns(fact: Fact, *, site: str, own: str) -> bool:
    if fact.data["site"] != site:
        return True
    return fact.kind is FactKind.SITE_ADMITTED and fact.data["public_key"] != own


# --- joining ------------------------------------------------------------------------------------


def invite(app: App, site: str, *, address: str) -> Invitation:
    """An invitation for the site with this code."""
    app.require_ready()
    if sync_keys(app).main() is not None:
        raise Refused(
            N_("This site is a partner itself; invitations are made at the main site."),
            do=N_("Run the command there."),
        )
    where = address or app.settings.sync_address or app.settings.sync_listen
    if not where:
        raise Refused(
            N_("Partners could not reach this site: it does not say where it listens."),
            do=N_('Set in tuxa.toml, for example: sync_listen = "tcp://0.0.0.0:8643", and give --address.'),
        )
    after(where)  # refuses what is no address
    catalogue = app.catalogue_store
    with app.database.read() as connection:
        found = catalogue.find_in(connection)
    if found is not None and site not in found.sites:
        raise NotFound(
            N_("The catalogue has no site “{site}”."),
            do=N_("Use one of: {known}; or add it to the table sites and import the catalogue again."),
            site=site,
            known=", ".join(sorted(found.sites)),
        )
    return build_admission(app).invite(site, address=where)


def become(app: App, invitation: Invitation) -> App:
    """The application of this home as the invited site; writes its code into tuxa.toml where that is new.

    Raises Refused when the home already told facts under another code.
    """
    from delivery.app.core import App as Application

    if app.settings.site == invitation.site:
        return app
    if app.facts.heads():
        raise Refused(
            N_("This home belongs to site {own}; the invitation is for {site}."),
            do=N_("Use a fresh home (--home), or an invitation for {own}."),
            own=app.settings.site,
            site=invitation.site,
        )
    file = app.settings.home / CONFIG_FILE
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    kept = [line for line in text.splitlines() if not line.replace(" ", "").startswith("site=")]
    write_whole(file, "\n".join([f'site = "{invitation.site}"', *kept, ""]).encode())
    app.close()
    return Application(replace(app.settings, site=invitation.site), app.clock, app.ids)


def join(app: App, invitation: Invitation) -> None:
    """Redeem an invitation. Doing it again after an interruption goes on where it stopped."""
    _require_no_learners_of_another_identity(app)
    keys = sync_keys(app)
    own = keys.own()
    proof = join_proof(
        app.keys.signing,
        curve=own.curve.public,
        sealing=own.sealing_public,
        invitation=invitation.once.public,
    )
    request = Join(
        invitation.site, own.curve.public, bytes.fromhex(app.keys.public.hex()), own.sealing_public, proof
    )
    welcome = _ask(app, invitation, request)
    document = orjson.loads(open_box(own.sealing, welcome.box, context=WELCOME))
    _take_shared(app, document)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["signing"]))
    keys.put_site(
        KnownSite(
            document["main"],
            invitation.server,
            document["signing"],
            document["sealing"],
            is_main=True,
            address=invitation.address,
        )
    )
    build_admission(app).admit(document["main"], bytes.fromhex(document["signing"]))


def _ask(app: App, invitation: Invitation, request: Join) -> Welcome:
    once = KeyPair(invitation.once.public, invitation.once.secret)

    def call() -> CallingLine:
        return CallingLine(invitation.address, once, main=invitation.main, server=invitation.server)

    line = call()
    try:
        begun = app.clock.monotonic()
        asked = float("-inf")
        while app.clock.monotonic() < begun + JOIN_S:
            if line.was_refused():
                # Not by this machine's clock, which may be wrong: the main site says what has expired.
                if app.clock.monotonic() > begun + REFUSED_S:
                    raise _turned_away(invitation)
                line.close()
                line = call()
            if app.clock.monotonic() - asked > 2.0 and line.send(Channel.FACTS, b"", encode(request, OLDEST)):
                asked = app.clock.monotonic()
            line.wait(0.1)
            for received in line.receive(Channel.FACTS, 10):
                try:
                    message = decode(received.raw)
                except BadFrame:
                    continue
                if isinstance(message, Welcome):
                    return message
    finally:
        line.close()
    raise Refused(
        N_("The main site did not answer at {address}."),
        do=N_(
            "Is “tuxa up” or “tuxa sync run” running there, and the address right? "
            "An invitation that was used or revoked is not answered: ask for a new one."
        ),
        address=invitation.address,
    )


def _turned_away(invitation: Invitation) -> Refused:
    return Refused(
        N_("The main site {main} refuses this invitation: it has expired, or was withdrawn."),
        do=N_("Ask the main site for a new one: tuxa sync invite."),
        main=invitation.main,
    )


def _require_no_learners_of_another_identity(app: App) -> None:
    if sync_keys(app).main() is None and app.learners.all():
        raise Refused(
            N_("This home already has learners of its own, whose ids other sites would not understand."),
            do=N_("Join with a fresh home, and import the learners after joining."),
        )


def _take_shared(app: App, document: dict[str, Any]) -> None:
    """Keep what the sites of the institution share, beside this site's own signing and master keys."""
    file = app.settings.keys_dir / KEYS_FILE
    own = json.loads(file.read_bytes())
    own |= {name: document[name] for name in ("identity", "air", "codes")}
    write_whole(file, json.dumps(own).encode(), mode=0o600)
    load_keys(app.settings.keys_dir)
