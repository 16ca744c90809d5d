"""The book of alerts, who did what, and the station's logs, as consoles are told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from delivery.app import App
from delivery.app.consoles import recorder
from delivery.app.consoles.alerts import AlertBook, alert_methods, deeds, log_lines
from delivery.broadcast.playout.alerts import Alert, Told
from delivery.clock import ManualClock, to_micros
from delivery.errors import BadInput, Message, NotFound
from delivery.ids import fact_id
from delivery.network.bus.authorise import GivenCommand
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from tests.support.home import make_app

DAY_S = 24 * 3600


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path / "home")
    yield made
    made.close()


def tell(app: App, book: AlertBook, code: str = "off-air", channel: str = "TV1") -> None:
    alert = Alert(code, channel, Message("{channel} is off.", {"channel": channel}), Message("Look."))
    book(Told(alert, to_micros(app.clock.now())))


def later(app: App, seconds: float) -> None:
    assert isinstance(app.clock, ManualClock)
    app.clock.advance(seconds)


def test_what_was_told_outlives_the_daemon_and_half_a_line_of_a_kill_is_passed_over(app: App) -> None:
    book = AlertBook.of_home(app)
    tell(app, book)
    with book.file.open("ab") as stream:
        stream.write(b'{"id": "half')
    (again,) = AlertBook.of_home(app).all()
    assert again == book.all()[0]
    assert again.text == {"msgid": "{channel} is off.", "params": {"channel": "TV1"}}


def test_of_each_kind_and_channel_the_last_of_a_day_is_open_until_somebody_takes_it_on(app: App) -> None:
    book = AlertBook.of_home(app)
    tell(app, book)
    later(app, 60)
    tell(app, book)
    tell(app, book, channel="TV2")
    assert [one.channel for one in book.recent()] == ["TV2", "TV1"]
    assert len(book.all()) == 3
    book.acknowledge(book.recent()[1].id, "technician")
    assert [one.channel for one in book.recent()] == ["TV2"], "the older one of TV1 does not come back"
    later(app, DAY_S + 1)
    assert book.recent() == []


def test_who_took_an_alert_on_is_a_fact_that_other_processes_read_and_the_first_counts(app: App) -> None:
    book = AlertBook.of_home(app)
    tell(app, book)
    (alert,) = book.all()
    told: list[Any] = []
    acknowledge = alert_methods(app, book, lambda *what: told.append(what))["alert.acknowledge"]
    for number, actor in enumerate(("technician", "admin")):
        recorder(app)(GivenCommand(f"c{number}", actor, "alert", "acknowledge", {"id": alert.id}))
        (document,) = acknowledge.call({"id": alert.id}, actor)["alerts"]
        assert document["acknowledged_by"] == "technician"
    assert told[0] == ("acknowledged", {"id": alert.id, "by": "technician"})
    kept = book.file.read_bytes()
    book.file.write_bytes(kept.splitlines(keepends=True)[0])
    assert AlertBook.of_home(app).recent() == [], "where the file lost it, facts tell it"
    book.file.write_bytes(kept)
    # A busy counter gives thousands of commands in a day: what was taken on stays so.
    data = {"target": "post", "command": "item", "arguments": {}}
    at = to_micros(app.clock.now())
    app.facts.append(
        [
            Draft(
                fact_id(FactKind.COMMAND_GIVEN, str(number)), FactKind.COMMAND_GIVEN, at, "clerk", data=data
            )
            for number in range(1_001)
        ]
    )
    assert AlertBook.of_home(app).recent() == []
    assert AlertBook.of_home(app).all()[0].acknowledged_by == "technician"
    with pytest.raises(NotFound):
        acknowledge.call({"id": "gone"}, "technician")


def test_who_did_what_is_told_in_sentences_newest_first_page_by_page(app: App) -> None:
    for number in range(3):
        recorder(app)(GivenCommand(f"c{number}", "technician", "TV1", "skip", {"channel": f"TV{number}"}))
        later(app, 1)
    first, second = deeds(app, {"limit": 2})
    assert first["actor"] == "technician"
    assert first["text"]["params"] == {"target": "TV1", "command": "skip", "told": "channel=TV2"}
    (third,) = deeds(app, {"before": second["at"]})
    assert third["text"]["params"]["told"] == "channel=TV0"
    for nonsense in ({"limit": 0}, {"limit": 10_000}, {"before": "yesterday"}):
        with pytest.raises(BadInput):
            deeds(app, nonsense)


def test_lines_of_the_logs_come_newest_first_and_only_serious_ones_where_that_is_asked(app: App) -> None:
    folder = app.settings.home / "log"
    folder.mkdir(exist_ok=True)
    lines = [
        {"timestamp": "2026-11-22T01:00:00Z", "level": "info", "event": "compiled", "channel": "TV1"},
        {"timestamp": "2026-11-22T02:00:00Z", "level": "error", "event": "broke", "exception": "Traceback …"},
    ]
    (folder / "playout.log").write_bytes(
        b"\n".join(orjson.dumps(line) for line in lines) + b"\nno json\n[]\n"
    )
    newest, oldest = log_lines(app, {})
    assert (newest["event"], newest["rest"]) == ("broke", ""), "a traceback is for the file"
    assert (oldest["log"], oldest["rest"]) == ("playout", "channel=TV1")
    assert [line["event"] for line in log_lines(app, {"level": "warning"})] == ["broke"]
