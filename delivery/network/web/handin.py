"""What a form hands in: files that came with it, and uploads that came before it, in the order of the form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from delivery.errors import N_, Refused
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted
from delivery.store.uploads import Upload

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
    """Read what a form hands in. Raises Refused when an upload is unknown or not whole."""
    direct = posted.files(field)
    uploads, known = [], []
    for ident in dict.fromkeys(posted.texts(UPLOAD_FIELD)):
        upload = services.uploads.get(posted.visit.account, ident)
        if upload is None:
            raise Refused(
                N_("An upload is no longer there."), do=N_("Choose the photos again and send them once more.")
            )
        if upload.result:
            known += upload.result["facts"]
        else:
            uploads.append(upload)
    files = [*direct, *(services.uploads.read(upload) for upload in uploads)]
    return HandIn(files, len(direct), uploads, list(dict.fromkeys(known)))


def settle(handed: HandIn, facts: Sequence[str], failed: Collection[int], services: PortalServices) -> None:
    """Note what came of the uploads; those whose file failed (numbers from 1) are forgotten, to be taken again."""
    for number, upload in enumerate(handed.uploads, start=handed.direct + 1):
        if number in failed:
            services.uploads.remove(upload)
        else:
            services.uploads.hand_in(upload, {"facts": list(facts)})
