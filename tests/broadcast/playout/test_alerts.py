"""Alerts reach a person: log, webhook and mail, within five seconds, once."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import structlog
from aiosmtpd.controller import Controller

from delivery.broadcast.playout.alerts import Alerts, Told, ToLog, ToMail, ToWebhook, peer_lost
from delivery.clock import ManualClock
from delivery.i18n import Translator
from tests.broadcast.playout.air_station import START

ALERT = peer_lost("TV1", "udp://239.1.1.1:5000", "no route")
WITHIN_S = 5.0


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_gets_the_alert_in_vietnamese_with_what_to_do() -> None:
    got: Queue[Any] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    with serving(server):
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        Alerts(ManualClock(START), [ToWebhook(url, Translator("vi"))]).tell(ALERT)
        document = got.get(timeout=WITHIN_S)
    assert (document["code"], document["channel"], document["severity"]) == ("peer-lost", "TV1", "error")
    assert "bị gián đoạn" in document["text"]
    assert document["do"]


class Mailbox:
    """What a mail server does with letters: it keeps them."""

    def __init__(self) -> None:
        self.letters: Queue[Any] = Queue()

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if address.startswith("nobody"):
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.letters.put(envelope)
        return "250 Message accepted"


@contextmanager
def mail_server(**limits: Any) -> Iterator[tuple[str, Mailbox]]:
    """A real one (aiosmtpd) on a free port of the loopback."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **limits)
    controller.start()
    try:
        yield f"127.0.0.1:{port}", mailbox
    finally:
        controller.stop()


def test_mail_gets_the_alert_in_vietnamese_to_everybody_who_is_to_have_it() -> None:
    with mail_server() as (address, mailbox):
        way = ToMail(address, "tuxa@example.edu.vn", ("a@b.vn", "ca.truc@b.vn"), Translator("vi"))
        Alerts(ManualClock(START), [way]).tell(ALERT)
        envelope = mailbox.letters.get(timeout=WITHIN_S)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tuxa@example.edu.vn", ["a@b.vn", "ca.truc@b.vn"])
    letter = message_from_bytes(envelope.content, policy=policy.default)
    assert (letter["To"], letter["Subject"]) == ("a@b.vn, ca.truc@b.vn", "[tuxa] TV1 peer-lost")
    assert letter["Date"].datetime.tzinfo is not None
    assert letter["Message-ID"]
    body = letter.get_body().get_content()  # type: ignore[union-attr]
    assert "bị gián đoạn" in body
    assert body.splitlines()[-1].startswith("→ ")


def test_one_address_that_is_wrong_does_not_keep_the_letter_from_the_others() -> None:
    with mail_server() as (address, mailbox):
        way = ToMail(address, "tuxa@example.edu.vn", ("nobody@b.vn", "a@b.vn"), Translator("en"))
        Alerts(ManualClock(START), [way]).tell(ALERT)
        assert mailbox.letters.get(timeout=WITHIN_S).rcpt_tos == ["a@b.vn"]


def test_a_mail_server_that_is_not_there_is_told_in_the_log_and_the_next_letter_arrives() -> None:
    with structlog.testing.capture_logs() as logs, mail_server() as (address, mailbox):
        away = ToMail("127.0.0.1:9", "tuxa@example.edu.vn", ("a@b.vn",), Translator("en"))
        alerts = Alerts(
            ManualClock(START), [away, ToMail(address, "t@example.edu.vn", ("a@b.vn",), Translator("en"))]
        )
        alerts.tell(ALERT)
        alerts.tell(peer_lost("TV1", "udp://239.1.1.2:5000", "no route"))
        assert b"239.1.1.1" in mailbox.letters.get(timeout=WITHIN_S).content
        assert b"239.1.1.2" in mailbox.letters.get(timeout=WITHIN_S).content
    assert {entry["event"] for entry in logs} == {"alert-not-delivered"}


def test_one_way_that_hangs_or_fails_does_not_delay_the_others() -> None:
    release = threading.Event()
    got: Queue[Told] = Queue()

    def hangs(_told: Told) -> None:
        release.wait(30)

    def fails(_told: Told) -> None:
        raise OSError("no network")

    alerts = Alerts(ManualClock(START), [hangs, fails, got.put])
    alerts.tell(ALERT)
    assert got.get(timeout=WITHIN_S).alert is ALERT
    release.set()


def test_the_same_alert_is_told_once_in_ten_minutes_and_again_after_it_was_over() -> None:
    clock = ManualClock(START)
    alerts = Alerts(clock)
    assert alerts.tell(ALERT)
    assert not alerts.tell(ALERT)
    clock.advance(601)
    assert alerts.tell(ALERT)
    alerts.settle("peer-lost", "TV1", "udp://239.1.1.1:5000")
    assert alerts.tell(ALERT)


def test_the_log_gets_it_without_secrets() -> None:
    with structlog.testing.capture_logs() as logs:
        ToLog()(Told(ALERT, 0))
    assert [(entry["event"], entry["code"], entry["log_level"]) for entry in logs] == [
        ("alert", "peer-lost", "error")
    ]
