"""Alerts reach a person: log, webhook and mail, within five seconds, once."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import structlog

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


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a sender needs."""

    letters: Queue[str] = Queue()

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.letters.put(b"".join(lines).decode())
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


def test_mail_gets_the_alert() -> None:
    server = socketserver.TCPServer(("127.0.0.1", 0), Mailbox)
    with serving(server):
        way = ToMail(
            f"127.0.0.1:{server.server_address[1]}", "tuxa@example.edu.vn", ("a@b.vn",), Translator("en")
        )
        Alerts(ManualClock(START), [way]).tell(ALERT)
        letter = Mailbox.letters.get(timeout=WITHIN_S)
    assert "To: a@b.vn" in letter
    assert "Subject: [tuxa] TV1 peer-lost" in letter


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
