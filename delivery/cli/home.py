"""``tuxa init`` and ``tuxa doctor``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.cli.context import print_json, raw_app_of, say
from delivery.errors import N_, Message, TuxaError

app = typer.Typer()


@app.command("init")
def init(context: typer.Context) -> None:
    """Prepare a home: folders, keys, database. Doing it again changes nothing."""
    tuxa = raw_app_of(context)
    tuxa.init()
    say(tuxa.translate(N_("The home {home} is ready."), home=str(tuxa.settings.home)))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    needed: bool = True
    do: Message | None = None


@app.command("doctor")
def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show what is installed and what is missing."""
    tuxa = raw_app_of(context)
    checks = examine(tuxa)
    healthy = all(check.ok or not check.needed for check in checks)
    if as_json:
        print_json(
            {
                "ok": healthy,
                "checks": [
                    {
                        "name": check.name,
                        "ok": check.ok,
                        "needed": check.needed,
                        "detail": check.detail,
                        "do": tuxa.translate(check.do) if check.do else None,
                    }
                    for check in checks
                ],
            }
        )
    else:
        for check in checks:
            mark = "✓" if check.ok else ("✗" if check.needed else "–")
            say(f"{mark} {check.name:<12} {check.detail}")
            if check.do and not check.ok:
                say(f"  → {tuxa.translate(check.do)}")
    if not healthy:
        raise typer.Exit(1)


def examine(tuxa: App) -> list[Check]:
    """Look at everything a home needs; each check stands alone, so that one failure hides no other."""
    return [
        Check("python", sys.version_info >= (3, 11), sys.version.split()[0]),
        _guarded("home", lambda: _home(tuxa)),
        _guarded("keys", lambda: _keys(tuxa)),
        _guarded("database", lambda: _database(tuxa)),
        _guarded("blobs", lambda: _blobs(tuxa)),
        _guarded("ffmpeg", lambda: _ffmpeg(tuxa)),
        _guarded("voice", _voice, needed=False),
        _guarded("fonts", _fonts),
        _guarded("hls.js", lambda: _hls(tuxa), needed=False),
    ]


def _guarded(name: str, look: Callable[[], Check], *, needed: bool = True) -> Check:
    try:
        return look()
    except TuxaError as error:
        return Check(name, ok=False, detail=str(error), needed=needed, do=error.do)
    except Exception as error:  # an edge: whatever is wrong with one part is its finding
        return Check(name, ok=False, detail=f"{type(error).__name__}: {error}".splitlines()[0], needed=needed)


def _home(tuxa: App) -> Check:
    home = tuxa.settings.home
    exists = home.is_dir() and os.access(home, os.W_OK)
    return Check("home", exists, str(home), do=Message(N_("Run “tuxa init” once.")))


def _keys(tuxa: App) -> Check:
    keys = tuxa.keys
    return Check("keys", ok=True, detail=f"{tuxa.settings.site} {keys.public.hex()[:16]}")


def _database(tuxa: App) -> Check:
    from delivery.store import migrate

    revision, newest = migrate.current(tuxa.database), migrate.newest()
    return Check(
        "database",
        revision == newest,
        f"{tuxa.database.dialect} {revision or '-'}",
        do=Message(N_("Run “tuxa init” once.")),
    )


def _blobs(tuxa: App) -> Check:
    address = tuxa.blobs.put(b"tuxa doctor")
    tuxa.blobs.get(address)
    return Check("blobs", ok=True, detail=tuxa.settings.blobs_url)


def _ffmpeg(tuxa: App) -> Check:
    from delivery.broadcast.media.ffmpeg import find_ffmpeg

    return Check("ffmpeg", ok=True, detail=find_ffmpeg(tuxa.settings.ffmpeg).path)


def _voice() -> Check:
    import espeakng_loader

    return Check("voice", ok=True, detail=str(espeakng_loader.get_library_path()), needed=False)


def _fonts() -> Check:
    import fontpkg_be_vietnam_pro

    return Check("fonts", ok=True, detail=fontpkg_be_vietnam_pro.__name__)


def _hls(tuxa: App) -> Check:
    from delivery.network.web import vendor

    found: Any = vendor.hls_script()
    return Check(
        "hls.js",
        found is not None,
        str(found or "-"),
        needed=False,
        do=Message(
            N_("Optional: run “make vendor” in the project folder for players in browsers without HLS.")
        ),
    )
