"""Post: one packet for each learner, and the sheets that come back."""

from __future__ import annotations

from delivery.demo.paper import returned_mail
from delivery.demo.stage import BATCH, BY_POST, POSTAL_COURSE, Stage
from delivery.errors import N_
from delivery.postal.incoming.intake import take_in
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.posting import post_batch
from delivery.postal.outgoing.printing import print_batch

RETURNERS = ("TX260001", "TX260002", "TX260003", "TX260004", "TX260021", "TX260022")
"""Learners whose sheets come back by post; some of them at the partner's site."""
_CLERK = "VT01"


def print_packets(stage: Stage) -> None:
    stage.tell.step(N_("One packet for each postal learner"))
    app = stage.app
    planned = plan_batch(app, BATCH, course=POSTAL_COURSE, actor=_CLERK)
    with stage.tell.bar(N_("Printing")) as bar:
        printed = print_batch(app, BATCH, actor=_CLERK, progress=bar)
    posted = post_batch(app, BATCH, actor=_CLERK)
    stage.tell.line(
        N_("{packets} packets, {pages} pages ({drawn} drawn now), {posted} posted now: {folder}"),
        packets=printed.packets,
        pages=planned.pages,
        drawn=printed.drawn,
        posted=posted.posted,
        folder=str(printed.files[0].parent) if printed.files else "",
    )


def receive_post(stage: Stage) -> None:
    stage.tell.step(N_("Sheets that come back by post: scanned and read"))
    mailbag = stage.app.settings.home / "demo" / "mailbag.pdf"
    if not mailbag.exists():
        sheets = [paper for code in RETURNERS for _, paper in stage.answer_sheets(code, BY_POST)]
        returned_mail(sheets, mailbag, seed=28)
    with stage.tell.bar(N_("Reading")) as bar:
        intake = take_in(stage.app, mailbag, actor=_CLERK, progress=bar)
    stage.tell.line(
        N_("{pages} pages: {filed} filed, {queued} in the queue, {known} known already, {blank} blank."),
        pages=intake.pages,
        filed=intake.filed,
        queued=len(intake.queued),
        known=intake.duplicates,
        blank=intake.blank,
    )
