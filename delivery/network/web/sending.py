"""The words that the sending script shows, and what it is told when a form was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.errors import N_, Message
from delivery.i18n import Translator
from delivery.network.web.intake import Again
from delivery.network.web.visit import Visit

SENDING: Mapping[str, str] = {
    "ready": N_("Ready to send"),
    "shrinking": N_("Making it smaller…"),
    "uploading": N_("Uploading: {percent}%"),
    "reading": N_("Reading the code…"),
    "uploaded": N_("Uploaded"),
    "waiting": N_("No connection. Your photos are kept on this phone and go on by themselves."),
    "later": N_("The portal is busy. Your photos are kept on this phone and go on by themselves."),
    "sending": N_("Sending… you may close this page and open it again later."),
    "retake": N_("Take the marked photos again or remove them, then send."),
    "nothing": N_("Choose at least one photo or file."),
    "most": N_("No more photos fit in here. Send these first; then open the page again and send the others."),
    "large": N_("This file is too large. Take the photo again, or save the file smaller."),
    "empty": N_("This file is empty."),
    "refused": N_("This was not accepted. Remove it and choose it again."),
    "full": N_("This phone has no room to keep the photos. They are sent without being kept."),
    "twice": N_("Page {page} is here twice; both will be sent."),
    "signin": N_("Sign in again to go on; your photos are kept on this phone."),
    "number": N_("Photo {number}"),
    "unreadable": N_("This file cannot be shown here; it is sent as it is."),
}
"""Name in the script -> message id; handed over in the page, where no inline script may stand."""


def refusal(visit: Visit, problem: Message | None, again: Sequence[Again]) -> dict[str, Any]:
    """For the script: what was refused, in the reader's language."""
    t = Translator(visit.language)
    return {
        "problem": t(problem) if problem else "",
        "again": [{"number": item.number, "reason": t(item.problem.message)} for item in again],
    }
