"""What a form hands in: files that came with it, and uploads that came before it, in the order of the form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from delivery.errors import N_
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted
from delivery.store.uploads import NotHere, Upload

UPLOAD_FIELD = "upload"


@dataclass(frozen=True, slots=True)
class HandIn:
    """Files to be judged, the uploads that some of them came by, and what was handed in before."""

    files: Sequence[bytes]
    direct: int
    """How many of `files`, the first ones, came with the form itself."""
    uploads: Sequence[Upload]
    known: Sequence[str]
    """Ids of facts of uploads that were handed in before: the answer was lost on the way, and the form came again."""


def collect(posted: Posted, field: str, services: PortalServices) -> HandIn:
    """Read what a form hands in. Raises NotHere when an upload is unknown or not whole."""
    direct = posted.files(field)
    idents = dict.fromkeys(posted.texts(UPLOAD_FIELD))
    sent = _uploads(idents, posted, services)
    while True:
        noted = [upload for upload in sent if upload.result]
        # A note beside bytes that are still there was cut short: what was handed in together is taken together.
        cut_short = all(services.uploads.is_kept(upload) for upload in noted)
        taken = sent if cut_short else [upload for upload in sent if not upload.result]
        problem: NotHere | None = None
        files = direct
        try:
            files = [*direct, *(services.uploads.read(upload) for upload in taken)]
        except NotHere as error:
            problem = error
        # The same form may have come twice: what the other one noted or forgot meanwhile is looked at again.
        before, sent = sent, _uploads(idents, posted, services)
        if sent == before and cut_short == all(services.uploads.is_kept(upload) for upload in noted):
            break
    if problem is not None:
        raise problem
    known = dict.fromkeys(fact for upload in noted if upload not in taken for fact in upload.result["facts"])
    return HandIn(files, len(direct), taken, list(known))


def settle(handed: HandIn, facts: Sequence[str], failed: Collection[int], services: PortalServices) -> None:
    """Note what came of the uploads; those whose file failed (numbers from 1) are forgotten, to be taken again."""
    numbered = list(enumerate(handed.uploads, start=handed.direct + 1))
    services.uploads.hand_in(
        [upload for number, upload in numbered if number not in failed], {"facts": list(facts)}
    )
    for number, upload in numbered:
        if number in failed:
            services.uploads.remove(upload)


def _uploads(idents: Collection[str], posted: Posted, services: PortalServices) -> list[Upload]:
    found = [services.uploads.get(posted.visit.account, ident) for ident in idents]
    if None in found:
        raise NotHere(
            N_("An upload is no longer there."), do=N_("Choose the photos again and send them once more.")
        )
    return [upload for upload in found if upload is not None]
