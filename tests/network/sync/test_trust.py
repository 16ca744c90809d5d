"""Who is let in, whose word counts, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from delivery.app import App
from delivery.app import sync as wiring
from delivery.clock import Clock, SystemClock
from delivery.errors import Refused
from delivery.network.sync.admission import join_proof
from delivery.network.sync.invitation import Invitation
from delivery.network.sync.keys import LineKeys
from delivery.network.sync.messages import Join
from delivery.record.kinds import FactKind
from tests.network.sync.sites import (
    agree,
    free_address,
    joined,
    make_pair,
    make_site,
    running,
    streams,
    took_part,
    until,
)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[App, App]]:
    sites = make_pair(tmp_path)
    yield sites
    for app in sites:
        app.close()


def asks(app: App, line: Invitation, keys: LineKeys) -> Join:
    """What a site sends to redeem an invitation."""
    public = keys.sealing_public
    proof = join_proof(app.keys.signing, curve=keys.curve.public, sealing=public, invitation=line.once.public)
    return Join(line.site, keys.curve.public, app.keys.signing.public_key().public_bytes_raw(), public, proof)


def test_an_invitation_that_was_redeemed_serves_nobody_else_and_no_site_that_was_revoked(
    tmp_path: Path,
) -> None:
    main, site = make_site(tmp_path / "main", "MAIN"), make_site(tmp_path / "p1", "P1")
    thief = make_site(tmp_path / "thief", "P1")
    admission, keys = wiring.build_admission(main), wiring.sync_keys(site).own()
    line = admission.invite("P1", address="tcp://127.0.0.1:1")
    once = line.once.public
    honest = asks(site, line, keys)
    assert admission.on_join(honest, once=once)
    assert admission.on_join(honest, once=once), "the answer was lost: the same site gets it again"
    # Whoever saw the line and the site's public key has neither its signing nor its sealing key.
    assert admission.on_join(asks(thief, line, keys), once=once) is None
    stolen = replace(wiring.sync_keys(thief).own(), curve=keys.curve)
    assert admission.on_join(asks(site, line, stolen), once=once) is None
    known = wiring.sync_keys(main).site("P1")
    assert (known.curve, known.signing) == (keys.curve.public, site.keys.public.hex())
    unused = admission.invite("P1", address="tcp://127.0.0.1:1")
    admission.revoke("P1", reason="hợp đồng đã hết")
    for earlier in (line, unused):
        assert admission.on_join(asks(site, earlier, keys), once=earlier.once.public) is None
    assert wiring.sync_keys(main).site("P1").revoked
    for app in (main, site, thief):
        app.close()


class Wrong(SystemClock):
    """A machine whose clock is ten days ahead, as after an empty battery."""

    def now(self):  # type: ignore[no-untyped-def]
        return super().now() + timedelta(days=10)


def test_a_wrong_clock_at_the_new_site_does_not_make_an_invitation_expire(
    pair: tuple[App, App], tmp_path: Path
) -> None:
    main, _ = pair
    clock: Clock = Wrong()
    site = App(make_site(tmp_path / "p2", "P2").settings, clock=clock)
    with running(main):
        wiring.join(site, wiring.invite(main, "P2", address=main.settings.sync_listen))
        expired = replace(wiring.invite(main, "P3", address=main.settings.sync_listen), site="P3")
        wiring.sync_keys(main).withdraw_invitations("P3")
        with pytest.raises(Refused, match="has expired, or was withdrawn"):
            wiring.join(make_site(tmp_path / "p3", "P3"), expired)
    site.close()


def test_an_answer_stands_behind_what_it_answers_though_the_other_clock_is_days_ahead(
    pair: tuple[App, App],
) -> None:
    main, partner = pair
    ahead = App(partner.settings, clock=Wrong())
    ahead.facts.append([took_part(ahead, 1)])
    agree(main, ahead)
    main.facts.append([took_part(main, 2)])
    asked, answered = sorted(main.facts.select(kind=FactKind.PARTICIPATION_RECORDED), key=lambda f: f.order)
    assert (asked.stream, answered.stream) == ("P1/P1", "MAIN/P1")
    assert answered.recorded_at < asked.recorded_at, "times are what each site's own clock showed"
    ahead.close()


def test_what_a_revoked_site_told_before_still_reaches_those_who_were_away(
    pair: tuple[App, App], tmp_path: Path
) -> None:
    main, partner = pair
    partner.facts.append(took_part(partner, n, audience="all") for n in range(5))
    agree(main, partner)
    wiring.build_admission(main).revoke("P1", reason="hợp đồng đã hết")
    with running(main):
        late = joined(main, tmp_path / "late", "P2")
        with running(late) as at_late:
            until(lambda: streams(late).get("P1/all") == streams(main)["P1/all"])
            until(at_late.settled)
    assert late.facts.verify().ok
    late.close()


def test_a_machine_that_was_lost_without_a_copy_is_replaced_by_another_under_the_same_code(
    pair: tuple[App, App], tmp_path: Path
) -> None:
    main, lost = pair
    lost.facts.append(took_part(lost, n) for n in range(20))
    agree(main, lost)
    told = {fact.id for fact in lost.facts.select()}
    with running(main):
        fresh = joined(main, tmp_path / "new machine", "P1")
    fresh.facts.append(took_part(fresh, n) for n in range(100, 105))
    assert main.facts.verify().ok, "what the old key signed stays proved"
    agree(main, fresh)
    assert told <= {fact.id for fact in fresh.facts.select()}
    assert streams(main) == streams(fresh)
    for app in (main, fresh):
        assert app.facts.verify().ok, app.facts.verify().problems
    fresh.close()


def test_one_sync_for_a_home(pair: tuple[App, App]) -> None:
    main, partner = pair
    with running(main), running(partner):
        for app in pair:
            with pytest.raises(Refused, match="running already"):
                wiring.build_runner(app)
    for app in pair:
        wiring.build_runner(app).close()


def test_a_taken_address_does_not_keep_the_home_locked(pair: tuple[App, App], tmp_path: Path) -> None:
    main, _ = pair
    address = free_address()
    other = make_site(tmp_path / "other", "MAIN", listen=address)
    with running(other):
        object.__setattr__(main.settings, "sync_listen", address)
        for _ in range(2):
            with pytest.raises(Refused, match="cannot use the address"):
                wiring.build_runner(main)
    other.close()
