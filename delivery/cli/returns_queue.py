"""``tuxa returns queue`` and the decisions about pages that wait."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from delivery.app import App
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.packet_words import actor
from delivery.cli.returns_words import codes, proposed, reason_of, row_json, waiting_json
from delivery.errors import N_, BadInput, TuxaError
from delivery.postal.incoming.marks import Marking
from delivery.postal.incoming.queue import Queue, WhyDiscard
from delivery.postal.incoming.reading_copy import write_copy
from delivery.postal.incoming.waiting import Waiting
from delivery.record.words import PAGE_ASKS, PAGE_WAITS
from delivery.store.files import write_whole
from delivery.store.readings import WAITING
from delivery.store.returns import QUEUED, PageRow

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Page = Annotated[str, typer.Argument(help="Number of the page in the queue, for example 3fa94c21-17.")]

Pages = Annotated[
    list[str],
    typer.Argument(help="Numbers of pages, or from one to another of the same file: 3fa94c21-17..40."),
]


@app.command()
def queue(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Only pages that wait for this reason.")] = "",
    file: Annotated[str, typer.Option(help="Only this file, by the start of its number.")] = "",
    offset: Annotated[int, typer.Option(help="Leave out so many.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    decided: Annotated[bool, typer.Option("--decided", help="The newest decisions instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pages that wait for a person, with reason and proposal."""
    tuxa = app_of(context)
    found = Queue(tuxa)
    if decided:
        rows = found.decided(limit=limit)
        if as_json:
            print_json({"decided": [row_json(row) for row in rows]})
            return
        for row in rows:
            say(f"{row.ident}  {row.decision:<10} {row.status:<10} {row.decided_by}")
        return
    if reason and reason not in PAGE_WAITS:
        raise BadInput(
            N_("“{reason}” is no reason for which a page waits."),
            do=N_("There are: {known}."),
            reason=reason,
            known=", ".join(PAGE_WAITS),
        )
    counts = found.counts(file=file)
    wanted = counts.get(reason, 0) if reason else sum(counts.values())
    waiting = found.rows(reason=reason, file=file, offset=offset, limit=limit)
    readings = sum(Marking(tuxa).counts().get(state, 0) for state in WAITING)
    if as_json:
        print_json(
            {
                "waiting": sum(counts.values()),
                "reasons": counts,
                "readings": readings,
                "totals": found.returns.totals(),
                "pages": [waiting_json(tuxa, entry) for entry in waiting],
            }
        )
        return
    named = codes(tuxa, {proposal.learner for entry in waiting for proposal in entry.proposals})
    for entry in waiting:
        _say(tuxa, entry, named, asks=False)
    if len(waiting) < wanted:
        note(tuxa.translate(N_("{shown} of {all} pages are shown."), shown=len(waiting), all=wanted))
    if readings:
        note(tuxa.translate(N_("{count} readings wait to be confirmed: tuxa returns marks"), count=readings))
    if not wanted:
        say(tuxa.translate(N_("No page waits.")))


def _say(tuxa: App, entry: Waiting, named: dict[str, str], *, asks: bool = True) -> None:
    """A page that waits; where nothing is proposed, with what it `asks` for."""
    where = tuxa.translate(
        N_("page {page} of {file}"), page=entry.row.page, file=entry.file.name or entry.file.file[:8]
    )
    say(f"{entry.ident}  {where}: {reason_of(tuxa, entry.row.reason)}")
    for number, proposal in enumerate(entry.proposals[:3], start=1):
        say(f"    {number}. {proposed(tuxa, proposal, named)} ({proposal.certainty})")
    ask = PAGE_ASKS.get(entry.row.reason)
    if asks and ask and not entry.proposals and entry.row.status == QUEUED:
        say(f"    → {tuxa.translate(ask)}")


@app.command()
def show(
    context: typer.Context,
    page: Page,
    out: Annotated[Path | None, typer.Option(help="Write the picture into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """One page: why it waits, what it may be, and its picture."""
    tuxa = app_of(context)
    found = Queue(tuxa)
    entry = found.row(page)
    if out is not None:
        picture, media_type, _ = found.image(page)
        write_whole(out, picture, mode=0o600)
        note(tuxa.translate(N_("Written: {file}"), file=f"{out} ({media_type})"))
    if as_json:
        print_json({**waiting_json(tuxa, entry), **row_json(entry.row), "picture": str(out) if out else None})
        return
    _say(tuxa, entry, codes(tuxa, {proposal.learner for proposal in entry.proposals}))


@app.command()
def search(context: typer.Context, text: str, as_json: AsJson = False) -> None:
    """Find learners by code or name (without accents, too), with the works whose sheets are out."""
    tuxa = app_of(context)
    found = Queue(tuxa).search(text)
    if as_json:
        print_json(
            {
                "learners": [
                    {
                        "learner": match.learner,
                        "code": match.code,
                        "name": match.name,
                        "works": [
                            {"activity": work.activity, "pages": work.pages, "batch": work.batch}
                            for work in match.works
                        ],
                    }
                    for match in found
                ]
            }
        )
        return
    for match in found:
        say(f"{match.code:<12} {match.name}")
        for work in match.works:
            say(f"    {work.activity} ({work.pages})")
    if not found:
        say(tuxa.translate(N_("Nobody of that name or code has work by post.")))


@app.command()
def accept(
    context: typer.Context,
    page: Page,
    which: Annotated[int, typer.Option(help="Which proposal, counted from 1.")] = 1,
    as_json: AsJson = False,
) -> None:
    """File a page as it is proposed."""
    tuxa = app_of(context)
    _told(tuxa, Queue(tuxa).accept(page, actor=actor(), which=which), as_json=as_json)


@app.command()
def choose(
    context: typer.Context,
    page: Page,
    sheet: Annotated[str, typer.Option(help="Number at the foot of the sheet, or its code.")] = "",
    learner: Annotated[str, typer.Option(help="Student code, with --activity and --number.")] = "",
    activity: Annotated[str, typer.Option(help="Activity of the work.")] = "",
    number: Annotated[int, typer.Option(help="Page of the work.")] = 1,
    as_json: AsJson = False,
) -> None:
    """File a page as a printed page that a person has recognised."""
    tuxa = app_of(context)
    found = Queue(tuxa)
    if sheet:
        row = found.choose(page, sheet, actor=actor())
    elif learner and activity:
        row = found.choose_page(page, learner, activity, number, actor=actor())
    else:
        raise BadInput(
            N_("It is not said which sheet the page is."),
            do=N_("Give --sheet, or --learner with --activity and --number."),
        )
    _told(tuxa, row, as_json=as_json)


@app.command()
def extra(
    context: typer.Context,
    page: Page,
    learner: str,
    activity: str,
    behind: Annotated[int, typer.Option(help="Page of the work that it stands behind.")] = 0,
    as_json: AsJson = False,
) -> None:
    """File a page as an extra sheet of a learner's work."""
    tuxa = app_of(context)
    row = Queue(tuxa).extra(page, learner, activity, behind=behind, actor=actor())
    _told(tuxa, row, as_json=as_json)


@app.command()
def discard(
    context: typer.Context,
    page: Pages,
    reason: Annotated[WhyDiscard, typer.Option(help="Why it is filed nowhere.")],
    as_json: AsJson = False,
) -> None:
    """File pages nowhere, with a reason; their pictures are kept."""
    tuxa = app_of(context)
    found = Queue(tuxa)
    names = [ident for text in page for ident in found.named(text)]
    _all_told(tuxa, page, (found.discard(ident, reason, actor=actor()) for ident in names), as_json=as_json)


@app.command()
def undo(context: typer.Context, page: Pages, as_json: AsJson = False) -> None:
    """Take decisions back, or what a machine filed: the page waits again, and what was told of it is retracted."""
    tuxa = app_of(context)
    found = Queue(tuxa)
    names = [ident for text in page for ident in found.named(text, decided=True)]
    _all_told(tuxa, page, (found.undo(ident, actor=actor()) for ident in names), as_json=as_json)


@app.command()
def resolve(
    context: typer.Context,
    pictures: Annotated[Path | None, typer.Option(help="Folder for the picture of each page.")] = None,
) -> None:
    """Go through the queue, page by page: each is asked for on standard input."""
    tuxa = app_of(context)
    words = tuxa.translate
    found = Queue(tuxa)
    seen = 0
    while waiting := found.rows(offset=seen, limit=1):
        (entry,) = waiting
        _say(tuxa, entry, codes(tuxa, {proposal.learner for proposal in entry.proposals}))
        if pictures is not None:
            picture, media_type, _ = found.image(entry.ident)
            file = pictures / f"{entry.ident}.{media_type.partition('/')[2]}"
            write_whole(file, picture, mode=0o600)
            note(f"    {file}")
        note(
            words(
                N_(
                    "  Enter: as proposed · 2, 3: another proposal · s NUMBER: sheet · f NAME: search · "
                    "e CODE ACTIVITY: extra · d REASON: discard · n: later · q: stop"
                )
            )
        )
        line = sys.stdin.readline()
        if not line or line.strip() == "q":
            return
        if line.startswith("f "):
            for match in found.search(line[2:]):
                note(f"    {match.code:<12} {match.name}: {', '.join(work.activity for work in match.works)}")
            continue
        try:
            done = _decide(tuxa, found, entry.ident, line.strip())
        except (TuxaError, ValueError) as error:
            note(words.error(error) if isinstance(error, TuxaError) else words(_NOT_UNDERSTOOD))
            continue
        seen += not done
    say(words(N_("No page waits.")) if not found.counts() else words(N_("The rest was left for later.")))


_NOT_UNDERSTOOD = N_("That is none of the keys.")


def _decide(tuxa: App, found: Queue, page: str, line: str) -> bool:
    """Carry out one line; whether the page was decided. ValueError for what is no key."""
    key, _, rest = line.partition(" ")
    rest = rest.strip()
    if key in ("", "1", "2", "3"):
        row = found.accept(page, actor=actor(), which=int(key or "1"))
    elif key == "s" and rest:
        row = found.choose(page, rest, actor=actor())
    elif key == "e" and len(rest.split()) == 2:
        row = found.extra(page, *rest.split(), actor=actor())
    elif key == "d":
        row = found.discard(page, WhyDiscard(rest or WhyDiscard.SPOILT), actor=actor())
    elif key == "n":
        return False
    else:
        raise ValueError(line)
    _told(tuxa, row, as_json=False)
    return True


@app.command()
def copy(
    context: typer.Context,
    learner: str,
    activity: str,
    out: Annotated[Path, typer.Option(help="File to write, a PDF.")],
    as_json: AsJson = False,
) -> None:
    """The lecturer's copy of a work: straightened pages in order with extra sheets, one searchable PDF."""
    tuxa = app_of(context)
    made = write_copy(tuxa, tuxa.learners.require(learner).id, activity.upper(), out)
    if as_json:
        print_json({"file": str(made.file), "pages": made.pages, "missing": list(made.missing)})
        return
    say(tuxa.translate(N_("{pages} pages: {file}"), pages=made.pages, file=str(made.file)))
    if made.missing:
        note(tuxa.translate(N_("Pages missing: {missing}"), missing=", ".join(map(str, made.missing))))


def _all_told(tuxa: App, texts: list[str], rows: Iterable[PageRow], *, as_json: bool) -> None:
    """One page as one document, as other decisions tell it; several as a list."""
    is_one = len(texts) == 1 and ".." not in texts[0]
    if as_json and not is_one:
        print_json({"pages": [row_json(row) for row in rows]})
        return
    for row in rows:
        _told(tuxa, row, as_json=as_json)


def _told(tuxa: App, row: PageRow, *, as_json: bool) -> None:
    if as_json:
        print_json(row_json(row))
        return
    statuses = {
        "filed": N_("filed"),
        "queued": N_("waits again"),
        "duplicate": N_("counted as there already"),
        "blank": N_("counted as blank"),
        "foreign": N_("counted as not ours"),
    }
    say(f"{row.ident}: {tuxa.translate(statuses[row.status])}")
