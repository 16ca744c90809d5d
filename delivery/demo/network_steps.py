"""The network: sheets photographed by phone, material studied and answers sent on the portal."""

from __future__ import annotations

from delivery.catalogue.kinds import DeliveryMode
from delivery.demo.paper import phone_photo
from delivery.demo.phone import File, Phone
from delivery.demo.stage import BY_PHONE, BY_WEB, HERO, NETWORK_COURSE, Stage
from delivery.errors import N_, Refused
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token, page_url


def send_by_phone(stage: Stage) -> None:
    stage.tell.step(N_("Sheets photographed and sent to the address in their code"))
    hero = stage.app.learners.require(HERO)
    sheets = stage.answer_sheets(HERO, BY_PHONE)
    if stage.has(hero.id, FactKind.WORK_RECEIVED, activity=BY_PHONE):
        stage.tell.line(N_("Sent already."))
        return
    phone = Phone(stage.app.ids)
    token = page_token(sheets[0][0].page_id, stage.app.keys.codes)
    page = phone.get(page_url(stage.base, token))
    page = stage.signed_in(phone, page)
    photos = [
        File("photos", f"IMG_{number:04}.jpg", "image/jpeg", phone_photo(paper, seed=number))
        for number, (_, paper) in enumerate(sheets, start=1)
    ]
    receipt = phone.submit(page, {}, photos)
    received = stage.works(hero.id, BY_PHONE)
    if not received:
        raise Refused(
            N_("The portal gave no receipt (status {status})."),
            do=N_("Look into the log of the portal."),
            status=receipt.status,
        )
    stage.tell.line(
        N_("{count} photographs sent by {learner}; receipt given."), count=len(received), learner=HERO
    )


def study_on_the_portal(stage: Stage) -> None:
    stage.tell.step(N_("Material studied and an answer sent on the portal"))
    hero = stage.app.learners.require(HERO)
    if stage.has(hero.id, FactKind.WORK_RECEIVED, activity=BY_WEB):
        stage.tell.line(N_("Sent already."))
        return
    phone = Phone(stage.app.ids)
    page = stage.signed_in(phone, phone.get(f"{stage.base}/sign-in"))
    study = _study_activity(stage)
    page = phone.get(f"{stage.base}/study/{study}")
    phone.submit(page, {"done": "1"})
    page = phone.get(f"{stage.base}/work/{BY_WEB}")
    answer = stage.answer_sheets(HERO, BY_PHONE)[0][1]
    phone.submit(page, {}, [File("file", "bai-lam.jpg", "image/jpeg", phone_photo(answer, seed=7))])
    if not stage.works(hero.id, BY_WEB):
        raise Refused(
            N_("The portal gave no receipt (status {status})."),
            do=N_("Look into the log of the portal."),
            status=page.status,
        )
    stage.tell.line(N_("{learner} studied {study} and sent {work}."), learner=HERO, study=study, work=BY_WEB)


def _study_activity(stage: Stage) -> str:
    return next(
        activity.code
        for activity in stage.catalogue().activities_of[NETWORK_COURSE]
        if activity.material and activity.mode is DeliveryMode.NETWORK and not activity.component
    )
