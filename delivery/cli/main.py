"""The command ``tuxa``: wires the home once, runs one command, and turns every failure into words and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import click
import structlog
import typer
from typer.core import TyperGroup

from delivery import __version__
from delivery.errors import ExitCode, N_, TuxaError
from delivery.i18n import Translator
from delivery.settings import load_settings

# One command group, one file; loaded when asked for, so that `tuxa record show` does not import ffmpeg or Textual.
_GROUPS = {
    "up": "delivery.cli.up",
    "init": "delivery.cli.home",
    "doctor": "delivery.cli.home",
    "catalogue": "delivery.cli.catalogue",
    "media": "delivery.cli.media",
    "schedule": "delivery.cli.schedule",
    "channel": "delivery.cli.channel",
    "packets": "delivery.cli.packets",
    "returns": "delivery.cli.returns",
    "record": "delivery.cli.record",
    "marks": "delivery.cli.marks",
    "access": "delivery.cli.learner_access",
    "console": "delivery.cli.console",
}


class _Groups(TyperGroup):
    """Command groups by name, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _GROUPS:
            return None
        group: typer.Typer = import_module(_GROUPS[cmd_name]).app
        command = typer.main.get_command(group)
        if isinstance(command, click.Group) and cmd_name in command.commands and len(command.commands) <= 2:
            # A module that holds single commands (`init`, `doctor`) rather than a group.
            return command.commands[cmd_name]
        command.name = cmd_name
        return command


app = typer.Typer(cls=_Groups, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(value: bool) -> None:  # noqa: FBT001 - the signature is typer's
    if value:
        sys.stdout.write(f"tuxa {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Folder of this site. Also TUXA_HOME.")] = None,
    database: Annotated[str | None, typer.Option(help="Database address; default SQLite in the home.")] = None,
    lang: Annotated[str | None, typer.Option(help="vi or en.")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """tuxa: distance education delivered by radio and television, post and network, in one learner record."""
    from delivery.app import App

    settings = load_settings(home, database=database, lang=lang)
    context.obj = App(settings)
    context.call_on_close(context.obj.close)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code (design section 4)."""
    translate = Translator(_language(arguments if arguments is not None else sys.argv[1:]))
    try:
        result = app(args=arguments, prog_name="tuxa", standalone_mode=False)
    except TuxaError as error:
        _complain(translate.error(error))
        return int(error.exit_code)
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _complain(translate(N_("Interrupted. Nothing is half-done; run the same command again to continue.")))
        return int(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except BrokenPipeError:
        # The reader of our output went away (`tuxa … | head`): not our failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except Exception:
        return _bug(translate)
    return int(result) if isinstance(result, int) else int(ExitCode.DONE)


def _language(arguments: list[str]) -> Any:
    """Language for messages that come before, or instead of, the settings."""
    for index, word in enumerate(arguments):
        if word == "--lang" and index + 1 < len(arguments):
            return "en" if arguments[index + 1] == "en" else "vi"
        if word.startswith("--lang="):
            return "en" if word.endswith("=en") else "vi"
    return "en" if os.environ.get("TUXA_LANG") == "en" else "vi"


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def _bug(translate: Translator) -> int:
    """Write the traceback to a file, and name it."""
    settings = None
    try:
        settings = load_settings()
    except TuxaError:
        structlog.get_logger().warning("settings unreadable while reporting a bug")
    folder = settings.home / "log" if settings else Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tuxa-crash.log"
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"tuxa {__version__} {' '.join(sys.argv[1:2])}\n{traceback.format_exc()}\n")
    _complain(
        translate(N_("This is a bug in tuxa, not your mistake. Details are in {file}"), file=str(file))
        + "\n→ "
        + translate(N_("Send that file to your administrator; what you had stored is safe."))
    )
    return int(ExitCode.BUG)


if __name__ == "__main__":
    sys.exit(main())
