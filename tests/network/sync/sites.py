"""Real homes in sync over real sockets on loopback, each with its runner in a thread."""

from __future__ import annotations

import atexit
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from delivery.app import App
from delivery.app import sync as wiring
from delivery.clock import SystemClock, to_micros
from delivery.ids import SystemIds, fact_id
from delivery.network.sync.invitation import read_invitation
from delivery.network.sync.runner import SyncRunner
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import load_settings
from tests.support import schema


def free_address() -> str:
    """A loopback address whose port, and the one after it, are free now."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return f"tcp://127.0.0.1:{port}"


def make_site(home: Path, site: str, *, listen: str = "") -> App:
    """A prepared home of this site, by the machine's clock."""
    app = open_site(home, site, listen=listen)
    schema.init(app)
    return app


def open_site(home: Path, site: str, *, listen: str = "") -> App:
    """The application of a home, by the machine's clock."""
    settings = replace(load_settings(home, environ={}), site=site, sync_listen=listen)
    return App(settings, clock=SystemClock(), ids=SystemIds())


@cache
def _joined_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tuxa-sites-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    main = make_site(folder / "MAIN", "MAIN", listen=free_address())
    with running(main):
        joined(main, folder / "P1", "P1").close()
    main.close()
    return folder


def make_pair(folder: Path) -> tuple[App, App]:
    """MAIN and its partner P1 in `folder`: as after joining, which is done once for all tests of a process."""
    shutil.copytree(_joined_once(), folder, dirs_exist_ok=True)
    main = open_site(folder / "MAIN", "MAIN", listen=free_address())
    partner = open_site(folder / "P1", "P1")
    keys = wiring.sync_keys(partner)
    keys.put_site(replace(keys.site("MAIN"), address=main.settings.sync_listen))
    return main, partner


@contextmanager
def running(app: App) -> Iterator[SyncRunner]:
    """The home's sync at work in a thread."""
    runner = wiring.build_runner(app)
    stop = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                runner.step()
        except BaseException as error:
            failed.append(error)
        finally:
            runner.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield runner
    finally:
        stop.set()
        thread.join(20)
    assert not failed, failed


def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait until it holds."""
    pause = threading.Event()
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline, "it does not come to hold"
        pause.wait(0.05)


def joined(main: App, home: Path, site: str) -> App:
    """A fresh home that joins `main`, whose sync must be running."""
    line = read_invitation(wiring.invite(main, site, address=main.settings.sync_listen).text())
    app = make_site(home, site)
    wiring.join(app, line)
    # The keys that the institution shares came with the answer.
    app.close()
    return App(app.settings, clock=SystemClock(), ids=SystemIds())


def agree(main: App, partner: App) -> None:
    """Run both until neither has anything left to say."""
    with running(main) as at_main, running(partner) as at_partner:
        until(lambda: at_main.settled() and at_partner.settled())


def took_part(app: App, number: int, *, learner: str = "L1", audience: str = "P1", by: str = "") -> Draft:
    """A fact of this site about a learner of `audience`."""
    return Draft(
        id=fact_id(FactKind.PARTICIPATION_RECORDED, by or app.settings.site, audience, number),
        kind=FactKind.PARTICIPATION_RECORDED,
        occurred_at=to_micros(app.clock.now()),
        actor="portal",
        audience=audience,
        learner=learner,
        course="C1",
        activity="C1-Q1",
        data={"source": "system", "method": "xem", "minutes": number % 50},
    )


def ids(app: App) -> set[str]:
    return {fact.id for fact in app.facts.select()}


def streams(app: App) -> dict[str, int]:
    return {head.stream: head.seq for head in app.facts.heads()}
