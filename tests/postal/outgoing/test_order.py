"""Standing orders: what is due, who must catch up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from delivery.app import App
from delivery.errors import BadInput, NotFound
from delivery.postal.outgoing.order import find_order, plan_due, read_order, require_order, set_order, to_do
from delivery.postal.outgoing.posting import WhyBack, post_batch, undelivered
from delivery.postal.outgoing.printing import print_batch
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from tests.support.postal_home import COURSE, enrol, make_home

ORDER = """
[[mailing]]
send = 2026-11-20
units = [2]

[[mailing]]
send = 2026-12-20

[options]
duplex = true

[not_needed]
workbook = "bài tập nằm trong giáo trình"
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=2)
    yield app
    app.close()


def _set(app: App, folder: Path, text: str) -> bool:
    (folder / "order.toml").write_text(text, "utf-8")
    return set_order(app, read_order(folder / "order.toml", COURSE), actor="clerk")


def test_an_order_is_told_once_and_the_newest_counts(app: App, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        require_order(app, COURSE)
    assert _set(app, tmp_path, ORDER)
    assert not _set(app, tmp_path, ORDER)
    assert _set(app, tmp_path, ORDER.replace("duplex = true", "n_up = 2"))
    assert _set(app, tmp_path, ORDER)
    assert len(list(app.facts.select(kind=FactKind.STANDING_ORDER_SET))) == 3
    found = find_order(app, COURSE)
    assert found is not None
    assert (found.options.duplex, found.mailings[0].units) == (True, (2,))


def test_what_is_due_is_planned_and_those_who_come_later_catch_up(app: App, tmp_path: Path) -> None:
    _set(app, tmp_path, ORDER)
    (due,) = to_do(app, date(2026, 11, 22)).mailings
    assert (due.batch, due.planned, len(due.behind)) == (f"{COURSE}-1", False, 2)
    assert to_do(app, date(2026, 11, 19)).mailings == ()
    (planned,) = plan_due(app, date(2026, 11, 22), actor="clerk")
    assert (planned.added, planned.spec.options.duplex, planned.spec.mailing) == (2, True, 1)
    assert [part.role for part in planned.spec.parts] == ["assignment"]
    print_batch(app, due.batch, actor="clerk")
    post_batch(app, due.batch, actor="clerk")
    assert to_do(app, date(2026, 11, 22)).mailings == ()
    late = enrol(app, 7)
    (due,) = to_do(app, date(2026, 12, 19)).mailings
    assert due.behind == (late,)
    assert [p.added for p in plan_due(app, date(2026, 12, 21), actor="clerk")] == [1, 3]


def test_packets_that_came_back_stay_on_the_list_until_something_replaces_them(
    app: App, tmp_path: Path
) -> None:
    _set(app, tmp_path, ORDER)
    plan_due(app, date(2026, 11, 22), actor="clerk")
    batch = f"{COURSE}-1"
    print_batch(app, batch, actor="clerk")
    post_batch(app, batch, actor="clerk")
    state = Packets(app.database, app.facts).states(batch)[0]
    undelivered(app, [state.packet], reason=WhyBack.UNCLAIMED, actor="clerk")
    (resend,) = to_do(app).resends
    assert (resend.state.packet, resend.address_changed) == (state.packet, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[mailing]]",
        "[[mailing]]\nsend = 5",
        "[[mailing]]\nsend = '2026-13-01'",
        "[[mailing]]\nsend = 2026-11-20\nunit = [1]",
        ORDER + "[more]\n[options2",
        ORDER.replace("duplex = true", "n_up = 3"),
        ORDER.replace("duplex = true", "dulpex = true"),
    ],
)
def test_a_wrong_order_is_refused_with_its_reason(app: App, tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"order\.toml"):
        _set(app, tmp_path, text)
    assert list(app.facts.select(kind=FactKind.STANDING_ORDER_SET)) == []
