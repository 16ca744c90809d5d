"""Joining, rotation of keys, revocation: who is in sync with whom, decided by the main site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from delivery.clock import Clock, to_micros
from delivery.errors import N_, Refused
from delivery.ids import IdSource, fact_id
from delivery.network.bus.keys import new_key_pair
from delivery.network.sync.invitation import Invitation
from delivery.network.sync.keys import Invited, KnownSite, LineKeys, SyncKeys
from delivery.network.sync.messages import Join, Rotate, Welcome
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.sealing import seal_to

WELCOME = "welcome"
"""Context of the box in a Welcome."""
VALID = timedelta(days=7)
"""How long an invitation can be redeemed."""


def join_proof(signing: Ed25519PrivateKey, *, curve: str, sealing: bytes, invitation: str) -> bytes:
    """Signature that binds a new site's keys to each other and to its invitation."""
    return signing.sign(_join_message(curve, sealing, invitation))


def _join_message(curve: str, sealing: bytes, invitation: str) -> bytes:
    return b"tuxa join 1\x00" + "\x00".join((curve, sealing.hex(), invitation)).encode()


def rotate_message(keys: LineKeys, signing: Ed25519PrivateKey) -> Rotate:
    """The announcement of new keys."""
    public = keys.sealing_public
    return Rotate(keys.curve.public, public, signing.sign(_rotate_bytes(keys.curve.public, public)))


def _rotate_bytes(curve: str, sealing: bytes) -> bytes:
    return b"tuxa rotate 1\x00" + f"{curve}\x00{sealing.hex()}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The main site's side. `shared` gives what all sites of the institution share, as a JSON object."""

    site: str
    keys: SyncKeys
    signing: Ed25519PrivateKey
    facts: FactLog
    clock: Clock
    ids: IdSource
    shared: Callable[[], dict[str, object]]

    def invite(self, site: str, *, address: str) -> Invitation:
        """A new invitation for the site with this code."""
        if site == self.site:
            raise Refused(
                N_("{site} is this site itself."), do=N_("Give the code of the other site."), site=site
            )
        once = new_key_pair(self.ids)
        expires = to_micros(self.clock.now() + VALID)
        self.keys.put_invitation(Invited(once.public, site, expires))
        return Invitation(site, self.site, address, self.keys.own().curve.public, once, expires)

    def on_join(self, join: Join, *, once: str) -> Welcome | None:
        """Redeem an invitation, whose one-time key made the connection; None when it cannot be.

        The same site may ask again when the answer was lost: it gets the same answer. Whoever comes with other keys, or
        was revoked since, does not.
        """
        invited = next((i for i in self.keys.invitations() if i.public == once), None)
        now = to_micros(self.clock.now())
        if invited is None or invited.site != join.site or invited.expires_at <= now:
            return None
        if invited.used_by and not self._is_known(join):
            return None
        if not _signed(join.signing, join.proof, _join_message(join.curve, join.sealing, once)):
            return None
        if invited.used_by:
            return self._welcome(join.sealing)
        self.admit(join.site, join.signing)
        known = KnownSite(join.site, join.curve, join.signing.hex(), join.sealing.hex())
        self.keys.put_site(known)
        self.keys.redeemed(invited, join.curve)
        return self._welcome(join.sealing)

    def _is_known(self, join: Join) -> bool:
        keys = (join.site, join.curve, join.signing.hex(), join.sealing.hex())
        known = (k for k in self.keys.sites() if not k.revoked)
        return any((k.site, k.curve, k.signing, k.sealing) == keys for k in known)

    def admit(self, site: str, public_key: bytes) -> None:
        """Tell that the site writes with this key."""
        revoked = sum(fact.data["site"] == site for fact in self.facts.select(kind=FactKind.SITE_REVOKED))
        again = (str(revoked),) if revoked else ()
        data = {"site": site, "public_key": public_key.hex()}
        self._tell(FactKind.SITE_ADMITTED, (self.site, site, public_key.hex(), *again), data)

    def revoke(self, site: str, *, reason: str) -> None:
        """Take nothing more from a site, and let it in no more, nor by an earlier invitation. What it told stays."""
        known = self.keys.site(site)
        if known.revoked:
            return
        revoked = sum(fact.data["site"] == site for fact in self.facts.select(kind=FactKind.SITE_REVOKED))
        self._tell(
            FactKind.SITE_REVOKED,
            (self.site, site, known.signing, str(revoked)),
            {"site": site, "reason": reason},
        )
        self.keys.put_site(replace(known, revoked=True))
        self.keys.withdraw_invitations(site)

    def on_rotate(self, message: Rotate, *, site: str) -> Welcome | None:
        """Take a site's new keys when its signing key vouches for them; the old one works until the new is used."""
        known = self.keys.site(site)
        told = _rotate_bytes(message.curve, message.sealing)
        if not _signed(bytes.fromhex(known.signing), message.proof, told):
            return None
        if known.curve != message.curve:
            known = replace(
                known, curve=message.curve, sealing=message.sealing.hex(), curve_before=known.curve
            )
            self.keys.put_site(known)
        return self._welcome(message.sealing)

    def used(self, site: str, curve: str) -> None:
        """A site has come with this key: one that came before it is not let in any more."""
        known = self.keys.site(site)
        if known.curve_before and curve == known.curve:
            self.keys.put_site(replace(known, curve_before=""))

    def _welcome(self, sealing: bytes) -> Welcome:
        plain = orjson.dumps(self.shared())
        return Welcome(seal_to(sealing, plain, context=WELCOME, ids=self.ids))

    def _tell(self, kind: FactKind, key: tuple[str, ...], data: Mapping[str, Any]) -> None:
        draft = Draft(
            id=fact_id(kind, *key),
            kind=kind,
            occurred_at=to_micros(self.clock.now()),
            actor="sync",
            data=data,
        )
        self.facts.append([draft], once=True)


def _signed(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
