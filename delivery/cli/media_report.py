"""``tuxa media report``: what quality control found in a recording, as text, JSON or a page."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from delivery.app import App
from delivery.broadcast.media.ffmpeg import find_ffmpeg
from delivery.broadcast.media.probe import Unfit, look, probe, require_readable
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, load_profile
from delivery.broadcast.qc.analysis import analyse
from delivery.broadcast.qc.page import SEVERITIES, VERDICTS, html
from delivery.broadcast.qc.report import Report, report_on
from delivery.broadcast.qc.shelf import Shelf
from delivery.broadcast.qc.verdict import Verdict
from delivery.cli.context import app_of, print_json, say
from delivery.cli.progress import bar
from delivery.errors import N_, BadInput, ConfigError, ExitCode, Refused
from delivery.store.files import write_whole
from delivery.store.media import MediaStore
from delivery.units import hours_minutes


def report(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="FILE|ASSET|MATERIAL", help="A recording, or what was made of it.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the page with drawings here (.html).")] = None,
    kind: Annotated[str, typer.Option(help="tv or radio, for a file; default: by what it holds.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """What quality control found. A file that was never added is measured now; nothing of it is stored."""
    tuxa = app_of(context)
    if kind not in ("", *DEFAULT_PROFILES):
        raise ConfigError(
            N_("“{kind}” is no kind of recording."), do=N_("Use --kind tv or --kind radio."), kind=kind
        )
    shelf = Shelf(tuxa.settings.home, tuxa.blobs, MediaStore(tuxa.database))
    file = Path(what)
    found = _of_file(tuxa, shelf, file, kind) if file.exists() else shelf.of_asset(what)
    if out is not None:
        _write_page(tuxa, found, out)
    if as_json:
        print_json(found.to_json(tuxa.translate))
    else:
        _print(tuxa, found)
        if out is not None:
            say(tuxa.translate(N_("The page is in {file}"), file=str(out)))
    if found.verdict is Verdict.REFUSED:
        raise typer.Exit(ExitCode.REFUSED)


def _of_file(tuxa: App, shelf: Shelf, file: Path, kind: str) -> Report:
    try:
        require_readable(file)
    except BadInput as error:
        # Nothing is known of its bytes, so there is no report to keep: the reason is all there is.
        return report_on(file.name, "", profile=load_profile(DEFAULT_PROFILES[kind or "tv"]), error=error)
    with file.open("rb") as stream:
        source = hashlib.file_digest(stream, "sha256").hexdigest()
    return shelf.of_source(source, kind) or _measured(tuxa, file, source, kind)


def _measured(tuxa: App, file: Path, source: str, kind: str) -> Report:
    try:
        wanted = kind or ("tv" if look(file, want_video=True).video else "radio")
    except BadInput as error:
        return report_on(file.name, source, profile=load_profile(DEFAULT_PROFILES[kind or "tv"]), error=error)
    profile = load_profile(DEFAULT_PROFILES[wanted], [tuxa.settings.home / "media_profiles"])
    try:
        known = probe(file, profile.kind)
    except Unfit as error:
        return report_on(file.name, source, profile=profile, probe=error.found, error=error)
    with (
        tempfile.TemporaryDirectory(prefix="tuxa-qc-") as folder,
        bar(tuxa.translate(N_("Measuring"))) as show,
    ):
        total = max(1, round(known.duration_s))
        analysis = analyse(
            file,
            known,
            ffmpeg=find_ffmpeg(tuxa.settings.ffmpeg),
            folder=Path(folder),
            progress=lambda at: show(min(total, round(at)), total),
        )
    return report_on(file.name, source, profile=profile, probe=known, analysis=analysis)


def _write_page(tuxa: App, found: Report, out: Path) -> None:
    try:
        write_whole(out, html(found, tuxa.translate).encode())
    except OSError as error:
        raise Refused(
            N_("The page {file} cannot be written: {reason}."),
            do=N_("Name a place where there is room and where this user may write."),
            file=str(out),
            reason=error.strerror or str(error),
        ) from error


def _print(tuxa: App, found: Report) -> None:
    words = tuxa.translate
    say(f"{found.file}: {words(VERDICTS[found.verdict])}")
    if found.analysis:
        measured = found.analysis.loudness
        say(
            f"  {measured.integrated_lufs:.1f} LUFS, {measured.true_peak_dbtp:.1f} dBTP, {measured.range_lu:.1f} LU, "
            f"{hours_minutes(found.analysis.sound.length_s)}"
        )
    for finding in found.findings:
        say(f"  {words(SEVERITIES[finding.severity])}: {words(finding.message)}")
        if finding.do and finding.severity != "note":
            say(f"    → {words(finding.do)}")
    for fix in found.fixes:
        say(f"  ✓ {words(fix)}")
