"""``tuxa report``: the two annual reports, the public page, the scheme dossier; and the rows behind every number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from delivery.app import App
from delivery.app.reports import (
    make_annex1,
    make_annex2,
    make_disclosure,
    make_dossier,
    partners_with_reports,
    rows_behind,
    snapshot_of_year,
    today_of,
)
from delivery.cli.context import app_of, note, print_json, say
from delivery.errors import N_, BadInput, ExitCode, Message, Refused
from delivery.reports.compare import differences
from delivery.reports.data_files import json_of
from delivery.reports.document import Report
from delivery.reports.files import Format, render
from delivery.store.files import write_whole

app = typer.Typer(no_args_is_help=True, help="Annual reports, public page, scheme dossier.")

Year = Annotated[int, typer.Option(help="Year of the report.")]
As = Annotated[Format | None, typer.Option("--format", help="pdf, docx, xlsx, csv, json or html.")]
Out = Annotated[Path | None, typer.Option(help="File; standard output when left out (csv, json, html).")]
Texts = Annotated[
    Path | None, typer.Option(help="File with the parts in words; that of the home unless told.")
]
Partner = Annotated[str, typer.Option(help="Site of a partner; all partners unless told.")]
_TEXT_FORMATS = (Format.CSV, Format.JSON, Format.HTML)


@app.command("annex1")
def annex1_(
    context: typer.Context, year: Year, form: As = None, out: Out = None, texts: Texts = None
) -> None:
    """Phụ lục I: the institution's report on distance training (TX-14.1a)."""
    tuxa = app_of(context)
    _deliver(tuxa, make_annex1(tuxa, year, texts=texts), _format(form, out), out)


@app.command("annex2")
def annex2_(
    context: typer.Context,
    year: Year,
    partner: Partner = "",
    form: As = None,
    out: Out = None,
    texts: Texts = None,
) -> None:
    """Phụ lục II: the report of a partner (TX-14.1b); without --partner one file each, in the folder --out."""
    tuxa = app_of(context)
    wanted = _format(form, out)
    snapshot = snapshot_of_year(tuxa, year)
    owing = [partner] if partner else partners_with_reports(snapshot, year)
    if not owing:
        raise Refused(
            N_("No partner has a contract or learners in {year}."),
            do=N_("Enter partners and contracts: docs/catalogue-files.md."),
            year=year,
        )
    reports = [make_annex2(tuxa, year, site, texts=texts, snapshot=snapshot) for site in owing]
    if len(reports) == 1:
        _deliver(tuxa, reports[0], wanted, out)
    elif wanted is Format.JSON and out is None:
        print_json({"reports": [json_of(report, tuxa.translate) for report in reports]})
    elif out is None or out.suffix or out.is_file():
        raise Refused(
            N_("{count} partners owe a report: {partners}."),
            do=N_("Name one with --partner, or a folder with --out."),
            count=len(owing),
            partners=", ".join(owing),
        )
    else:
        for report in reports:
            _deliver(tuxa, report, wanted, out / f"annex2-{year}-{report.subject}.{wanted.value}")


@app.command("disclosure")
def disclosure_(
    context: typer.Context,
    year: Annotated[int, typer.Option(help="Year; today's state unless told.")] = 0,
    form: As = None,
    out: Out = None,
) -> None:
    """What the institution makes public (TX-14.4, TX-14.5); as a page (html) unless told."""
    tuxa = app_of(context)
    wanted = _format(form, out, otherwise=Format.HTML)
    _deliver(tuxa, make_disclosure(tuxa, year or today_of(tuxa).year), wanted, out)


@app.command("dossier")
def dossier_(
    context: typer.Context,
    programme: Annotated[str, typer.Argument(help="Code of the programme.")],
    form: As = None,
    out: Out = None,
) -> None:
    """Draft of a programme's scheme (TX-5.10-1), with today's numbers."""
    tuxa = app_of(context)
    _deliver(tuxa, make_dossier(tuxa, programme), _format(form, out), out)


def _format(form: Format | None, out: Path | None, *, otherwise: Format = Format.JSON) -> Format:
    """The format that is named, else that of the file's ending."""
    if form is not None:
        return form
    suffix = out.suffix.removeprefix(".").lower() if out else ""
    return Format(suffix) if suffix in set(Format) else otherwise


def _deliver(tuxa: App, report: Report, form: Format, out: Path | None) -> None:
    if out is None and form not in _TEXT_FORMATS:
        raise BadInput(
            N_("A report as {format} goes into a file."),
            do=N_("Name it: --out {kind}-{year}.{format}"),
            format=form.value,
            kind=report.kind,
            year=report.year,
        )
    data = render(report, form, tuxa.translate)
    if out is None:
        typer.echo(data.removeprefix(b"\xef\xbb\xbf").decode(), nl=False)
    else:
        write_whole(out, data)
        note(tuxa.translate(Message(N_("Written: {file}"), {"file": str(out)})))
    _tell(tuxa, report)


def _tell(tuxa: App, report: Report) -> None:
    """What the maker should know, on standard error."""
    if report.provisional and report.kind.startswith("annex"):
        note(
            tuxa.translate(
                N_("Provisional: headcounts are projected to 31/12/{year} from what is known today."),
                year=report.year,
            )
        )
    for problem in report.problems[:20]:
        note("! " + tuxa.translate(problem))
    if len(report.problems) > 20:
        note(tuxa.translate(N_("… and {count} more (--json lists all)."), count=len(report.problems) - 20))


@app.command("rows")
def rows_(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="annex1, annex2 or disclosure.")],
    year: Year,
    cell: Annotated[str, typer.Option(help="Table/row/column, for example III/1/7.")],
    partner: Partner = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """The rows behind a number of a report."""
    tuxa = app_of(context)
    found = rows_behind(tuxa, kind, year, cell, partner)
    if as_json:
        print_json(
            {
                "report": kind,
                "year": year,
                "cell": cell,
                "value": found.text if found.amount is None else found.amount,
                "rows": [
                    {
                        "table": row.table,
                        "code": row.code,
                        "on": row.on.isoformat() if row.on else None,
                        "what": row.what or None,
                        "document": row.document or None,
                    }
                    for row in found.behind
                ],
            }
        )
        return
    say(f"{cell} = {found.text}")
    for row in found.behind:
        when = f"{row.on:%d/%m/%Y}" if row.on else " " * 10
        say("  ".join(part for part in (f"  {row.table}", row.code, when, row.what, row.document) if part))


@app.command("compare")
def compare_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON of the report as it was sent.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """What a report says now beside what it said when it was sent; exit code 1 when it is to be sent again."""
    tuxa = app_of(context)
    before = _read(file)
    make = make_annex1 if before.get("report") == "annex1" else None
    year = before.get("year")
    if not isinstance(year, int):
        raise BadInput(
            N_("The file {file} is not a report."),
            do=N_("Compare with a JSON made by: tuxa report annex1 --format json."),
            file=str(file),
        )
    now = make(tuxa, year) if make else make_annex2(tuxa, year, str(before.get("subject")))
    found = differences(before, now)
    if as_json:
        print_json({"same": not found, "differences": [entry._asdict() for entry in found]})
    elif not found:
        say(tuxa.translate(N_("Every number is what it was.")))
    else:
        for entry in found:
            say(f"{entry.address}: {entry.before or '–'} → {entry.now or '–'}")
        say("→ " + tuxa.translate(N_("Send the report again.")))
    if found:
        raise typer.Exit(ExitCode.REFUSED)


def _read(file: Path) -> dict[str, object]:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(
            N_("The file {file} cannot be read: {reason}"),
            do=N_("Compare with a JSON made by: tuxa report annex1 --format json."),
            file=str(file),
            reason=str(error),
        ) from error
    return document if isinstance(document, dict) else {}
