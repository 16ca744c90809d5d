"""The command ``tuxa``: wires the home once, runs one command, and turns every failure into words and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import structlog
import typer

from delivery import __version__
from delivery.cli.words import translate_help
from delivery.errors import N_, ExitCode, TuxaError, Unavailable
from delivery.i18n import Language, Translator
from delivery.settings import load_settings

# One command group, one file; loaded when asked for, so that `tuxa record show` does not import ffmpeg or Textual.
_GROUPS = {
    "up": "delivery.cli.up",
    "serve": "delivery.cli.up",
    "init": "delivery.cli.home",
    "doctor": "delivery.cli.home",
    "backup": "delivery.cli.backup",
    "restore": "delivery.cli.backup",
    "catalogue": "delivery.cli.catalogue",
    "media": "delivery.cli.media",
    "schedule": "delivery.cli.schedule",
    "channel": "delivery.cli.channel",
    "packets": "delivery.cli.packets",
    "returns": "delivery.cli.returns",
    "record": "delivery.cli.record",
    "marks": "delivery.cli.marks",
    "access": "delivery.cli.learner_access",
    "person": "delivery.cli.person",
    "regulation": "delivery.cli.regulation",
    "report": "delivery.cli.report",
    "sync": "delivery.cli.sync",
    "console": "delivery.cli.console",
}
_SINGLE = {"delivery.cli.up", "delivery.cli.home", "delivery.cli.backup"}


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"tuxa {__version__}\n")
        raise typer.Exit


def root(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Folder of this site. Also TUXA_HOME.")] = None,
    database: Annotated[
        str | None, typer.Option(help="Database address; default SQLite in the home.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="vi or en.")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """tuxa: distance education delivered by radio and television, post and network, in one learner record."""
    from delivery.app import App

    settings = load_settings(home, database=database, lang=lang)
    context.obj = App(settings)
    context.call_on_close(context.obj.close)


def program(words: Sequence[str]) -> typer.Typer:
    """The command line with the groups that `words` name, or with all of them when they name none (for ``--help``)."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(root)
    named = [name for name in _GROUPS if name in words] or list(_GROUPS)
    for module in dict.fromkeys(_GROUPS[name] for name in named):
        group: typer.Typer = import_module(module).app
        names = [name for name, place in _GROUPS.items() if place == module]
        # A module that holds single commands (`up`, `init`, `doctor`) joins the top level; the others are groups.
        app.add_typer(group, name=None if module in _SINGLE else names[0])
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code (design section 4)."""
    words = sys.argv[1:] if arguments is None else arguments
    translate = Translator(_language(words))
    try:
        command = typer.main.get_command(program(words))
        translate_help(command, translate)
        command(args=list(words), prog_name="tuxa")
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else ExitCode.DONE
        if code == ExitCode.INTERRUPTED:
            _complain(
                translate(N_("Interrupted. Nothing is half-done; run the same command again to continue."))
            )
        return int(code)
    except TuxaError as error:
        _complain(Translator(_settled_language(words)).error(error))
        return int(error.exit_code)
    except KeyboardInterrupt:
        _complain(translate(N_("Interrupted. Nothing is half-done; run the same command again to continue.")))
        return int(ExitCode.INTERRUPTED)
    except OSError as error:
        if error.errno not in _DISK:
            return _bug(translate, words)
        _complain(Translator(_settled_language(words)).error(_disk(error)))
        return int(ExitCode.REFUSED)
    except Exception:
        return _bug(translate, words)
    return int(ExitCode.DONE)


_DISK = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.ENOENT,
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
    )
)
"""What a disk, its rights or a name refuse: no fault of the program's."""


def _disk(error: OSError) -> Unavailable:
    return Unavailable(
        N_("{file}: {reason}"),
        do=N_("Check the name, its rights and the free space of the disk, and run the same command again."),
        file=str(error.filename or "?"),
        reason=error.strerror or str(error),
    )


def _settled_language(arguments: Sequence[str]) -> Language:
    """Language of the home, where its settings can be read; else what flags and environment say."""
    if any(word == "--lang" or word.startswith("--lang=") for word in arguments):
        return _language(arguments)
    try:
        settings = load_settings(_home(arguments))
    except TuxaError:
        return _language(arguments)
    return "en" if settings.lang == "en" else "vi"


def _home(arguments: Sequence[str]) -> Path | None:
    """The home that the command line names."""
    given = next((b for a, b in pairwise(arguments) if a == "--home"), None)
    return Path(given) if given else None


def _language(arguments: Sequence[str]) -> Language:
    """Language for messages that come before, or instead of, the settings."""
    for index, word in enumerate(arguments):
        if word == "--lang" and index + 1 < len(arguments):
            return "en" if arguments[index + 1] == "en" else "vi"
        if word.startswith("--lang="):
            return "en" if word.endswith("=en") else "vi"
    return "en" if os.environ.get("TUXA_LANG") == "en" else "vi"


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def _bug(translate: Translator, words: Sequence[str]) -> int:
    """Write the traceback to a file, and name it."""
    settings = None
    try:
        settings = load_settings(_home(words))
    except TuxaError:
        structlog.get_logger().warning("settings unreadable while reporting a bug")
    folder = settings.home / "log" if settings else Path.cwd()
    file = folder / "tuxa-crash.log"
    told = f"tuxa {__version__} {' '.join(sys.argv[1:2])}\n{traceback.format_exc()}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(told)
    except OSError:
        file = Path(tempfile.gettempdir()) / "tuxa-crash.log"
        with suppress(OSError), file.open("a", encoding="utf-8") as stream:
            stream.write(told)
    _complain(
        translate(N_("This is a bug in tuxa, not your mistake. Details are in {file}"), file=str(file))
        + "\n→ "
        + translate(N_("Send that file to your administrator; what you had stored is safe."))
    )
    return int(ExitCode.BUG)


if __name__ == "__main__":
    sys.exit(main())
