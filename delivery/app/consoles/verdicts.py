"""What people decide on a recording: approval by its two documents (TX-4.5-1), or refusal for a named reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from delivery.app.gates import require_publishable
from delivery.clock import to_micros
from delivery.errors import N_, BadInput, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.record.words import RECORDING_REFUSED
from delivery.store.media import LessonRow

if TYPE_CHECKING:
    from delivery.app.core import App


def approve(app: App, params: Mapping[str, Any], _actor: str) -> dict[str, Any]:
    """Record the minutes of the appraisal and the approval decision for exactly the bytes that are stored now.

    Raises GateClosed where a person may not, as :meth:`delivery.store.materials.Materials.approve` says.
    """
    lesson = _lesson(app, params)
    material = app.catalogue().materials.get(lesson.material)
    if material is None:
        raise NotFound(
            N_("There is no material “{code}”."),
            do=N_("“tuxa catalogue show” lists the materials."),
            code=lesson.material,
        )
    words = {
        name: str(params.get(name, "")).strip() for name in ("minutes", "decision", "appraiser", "signer")
    }
    missing = [name for name, value in words.items() if not value]
    if missing:
        raise BadInput(
            N_("To approve {material}, {missing} must be given."),
            do=N_("Give the numbers of both documents and the codes of both people."),
            material=lesson.material,
            missing=", ".join(missing),
        )
    people = app.catalogue().people
    unknown = sorted({words["appraiser"], words["signer"]} - set(people))
    if unknown:
        raise NotFound(
            N_("There is nobody with the code “{code}”."),
            do=N_("Give the code of a person of the catalogue."),
            code=unknown[0][:64],
        )
    require_publishable(app, material)
    app.materials.judge(
        lesson.material,
        content=lesson.content,
        modes=material.modes,
        minutes=words["minutes"],
        appraiser=words["appraiser"],
        decision=words["decision"],
        signer=words["signer"],
        author=material.author,
    )
    return {"material": lesson.material, "approval": "approved"}


def refuse(app: App, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """Refuse what quality control let pass. Where it was approved already, it is taken out of use with a fact."""
    lesson = _lesson(app, params)
    reason = str(params.get("reason", ""))
    if reason not in RECORDING_REFUSED:
        raise BadInput(
            N_("“{reason}” is not a reason to refuse a recording."),
            do=N_("Choose one of: {known}."),
            reason=reason[:32],
            known=", ".join(RECORDING_REFUSED),
        )
    media = app.library.media
    job = next((j for j in media.jobs() if (j.asset, j.material) == (lesson.asset, lesson.material)), None)
    if job is None:
        raise Refused(N_("That recording is not in the list any more."), do=N_("Refresh the list."))
    now = to_micros(app.clock.now())
    known = app.materials.approval(lesson.material, lesson.content)
    drafts = []
    if known and known.decision:
        drafts.append(
            Draft(
                id=fact_id(FactKind.MATERIAL_RETIRED, lesson.material, lesson.content),
                kind=FactKind.MATERIAL_RETIRED,
                occurred_at=now,
                actor=actor,
                data={"material": lesson.material, "reason": reason},
            )
        )
    told = {**job.result, "verdict": "refused", "told": [[RECORDING_REFUSED[reason], {}]]}
    with app.database.write() as connection:
        if drafts:
            app.facts.append_in(connection, drafts, once=True)
        media.put_job(
            connection, job.asset, job.material, file=job.file, state="refused", now=now, result=told
        )
    return {"material": lesson.material, "verdict": "refused"}


def _lesson(app: App, params: Mapping[str, Any]) -> LessonRow:
    """What was last ingested for the material that is named; the asset too, so that nobody judges another recording."""
    name, asset = str(params.get("material", "")), str(params.get("asset", ""))
    lesson = app.library.media.lesson_of(name)
    if lesson is None or lesson.asset != asset:
        raise NotFound(
            N_("{material} has another recording by now, or none."),
            do=N_("Refresh the list, and look at it again."),
            material=name[:64] or "-",
        )
    return lesson
