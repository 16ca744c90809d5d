"""The whole cycle of a sample term, on real input: import, lessons, air, packets, returns, attendance, marks, record.

Every step finds what an earlier run left and continues there, so a second run repeats nothing. The services of the site
(portal, playout) run beside it and are used over HTTP, as learners use them.
"""

from __future__ import annotations

from delivery.demo.broadcast_steps import (
    approve,
    make_and_convert_lessons,
    schedule,
    wait_for_as_run,
    watch_and_attend,
)
from delivery.demo.network_steps import send_by_phone, study_on_the_portal
from delivery.demo.postal_steps import print_packets, receive_post
from delivery.demo.sample import sample_institution
from delivery.demo.stage import BY_PHONE, BY_POST, BY_WEB, HERO, POSTAL_COURSE, Stage
from delivery.errors import N_, Refused

_APPROVER = "QL01"


def import_term(stage: Stage) -> None:
    stage.tell.step(N_("The sample term: programme, courses, learners"))
    with sample_institution() as folder, stage.tell.bar(N_("Importing")) as bar:
        result = stage.app.importer.run(folder, actor=_APPROVER, progress=bar)
    if result.changed:
        stage.tell.line(
            N_("{learners} learners and {enrolled} enrolments imported."),
            learners=result.registered,
            enrolled=result.enrolled,
        )
    else:
        stage.tell.line(N_("Nothing has changed since the last import."))


def mark(stage: Stage) -> None:
    stage.tell.step(N_("The lecturer's marks"))
    catalogue = stage.catalogue()
    given = (
        (BY_POST, "8.25", "GV02"),
        (BY_PHONE, "7.5", "GV02"),
        (f"{POSTAL_COURSE}/CK", "7", "GV02"),
        (BY_WEB, "9", "GV03"),
    )
    for activity, score, marker in given:
        stage.app.marks.set(HERO, activity, score=score, marker=marker, catalogue=catalogue)
    stage.tell.line(N_("{count} marks stand."), count=len(stage.app.marks.all()))


def show_record(stage: Stage) -> None:
    stage.tell.step(N_("The one record, and its proof"))
    stage.tell.record(HERO)
    result = stage.app.facts.verify()
    if not result.ok:
        raise Refused(N_("The ledger does not verify."), do=N_("Run “tuxa record verify” to see where."))
    stage.tell.line(
        N_("✓ {facts} facts in {streams} streams verify."), facts=result.facts, streams=result.streams
    )


STEPS = (
    import_term,
    make_and_convert_lessons,
    approve,
    schedule,
    print_packets,
    receive_post,
    send_by_phone,
    study_on_the_portal,
    watch_and_attend,
    wait_for_as_run,
    mark,
    show_record,
)


def run_cycle(stage: Stage) -> None:
    """Carry out every step; returns early when told to stop."""
    for step in STEPS:
        if stage.stop.is_set():
            return
        step(stage)
