"""What consoles may ask of one learner, and do: find, the one record, packets, a new print in place of a lost one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from delivery.catalogue.kinds import Role
from delivery.clock import to_micros
from delivery.errors import N_, NotFound
from delivery.network.bus.authorise import Method, command, question
from delivery.network.bus.protocol import plain_message
from delivery.postal.outgoing.reprint import reprint
from delivery.record.sheetcode import PageRef, SideRef, read_code
from delivery.store.packets import Packets

if TYPE_CHECKING:
    from delivery.app.core import App

_MAY: Final = (Role.CLERK, Role.ADMIN)
_SEE: Final = (Role.CLERK, Role.MANAGER, Role.ADMIN)
_MOST: Final = 50
_TOKEN: Final = re.compile(r"[0-9a-f]{4,12}")
"""A part of the number at the foot of a sheet, without its dashes: four characters and more."""


def learner_methods(app: App, publish: Callable[[str, Any], None]) -> Mapping[str, Method]:
    return {
        "learner.find": question(lambda params, _a: {"learners": find(app, _text(params, "text"))}, _SEE),
        "learner.record": question(lambda params, _a: record(app, _text(params, "learner")), _SEE),
        "learner.reprint": command(
            lambda params, actor: again(
                app, publish, _text(params, "batch"), _text(params, "learner"), actor
            ),
            _MAY,
        ),
    }


def find(app: App, text: str) -> list[dict[str, Any]]:
    """Learners by a part of code or name, by a code that was scanned, or by a part of a sheet's number."""
    wanted = _plain(text)
    if not wanted:
        return []
    ids = _of_token(app, text)
    profiles = app.vault.profiles(ids or [ref.id for ref in app.learners.all()])
    found = [
        {"learner": learner, "code": profile.code, "name": profile.full_name}
        for learner, profile in profiles.items()
        if ids or wanted in _plain(profile.code) or wanted in _plain(profile.full_name)
    ]
    return sorted(found, key=lambda one: one["code"])[:_MOST]


def _of_token(app: App, text: str) -> list[str]:
    """Learner ids of the sheets that a scanned code, or a part of a printed number, names."""
    match read_code(text.strip(), app.keys.codes):
        case PageRef(page_id):
            sheet = app.sheets.by_page(page_id)
        case SideRef(side_id):
            sheet = app.sheets.by_side(side_id)
        case _:
            part = text.strip().lower().replace("-", "").replace(" ", "")
            # A student code may look like one: it counts as a number only where some sheet has it.
            return app.sheets.learners_with(part) if _TOKEN.fullmatch(part) else []
    return [sheet.learner] if sheet else []


def record(app: App, learner: str) -> dict[str, Any]:
    """The one record in its three modes, and every packet. Raises NotFound."""
    ref = app.learners.require(learner)
    profile = app.vault.profile(ref.id)
    if profile is None:
        raise NotFound(
            N_("Of this learner nothing but the record is kept."),
            do=N_("What the law retains is shown by: tuxa record show."),
        )
    shown = app.records.show(ref.id, app.catalogue())
    packets = Packets(app.database, app.facts).of_learner(ref.id)
    return {
        "now": to_micros(app.clock.now()),
        "learner": ref.id,
        "code": profile.code,
        "name": profile.full_name,
        "site": ref.site,
        "cohort": ref.cohort,
        "courses": [
            {
                "course": course["course"],
                "name": course["name"],
                "grade": course["grade"]["score"] if course["grade"] else "",
                "activities": [
                    {
                        "activity": item["activity"],
                        "title": item["title"],
                        "mode": item["mode"],
                        "status": item["status"],
                        "late": item["late"] is True,
                        "missing": item["pages_missing"],
                        "mark": item["mark"] or "",
                        "due": item["due"] or "",
                    }
                    for item in course["activities"]
                ],
            }
            for course in shown["courses"]
        ],
        "packets": [
            {
                "packet": state.packet,
                "batch": state.batch,
                "course": state.course,
                "pages": state.pages,
                "state": "superseded" if state.superseded else state.state,
                "item": state.item,
                "printed": state.printed_at,
                "posted": state.posted_at,
            }
            for state in sorted(packets, key=lambda state: -state.planned_at)
        ],
    }


def again(
    app: App, publish: Callable[[str, Any], None], batch: str, learner: str, actor: str
) -> dict[str, Any]:
    """Plan a new packet with new codes in place of the learner's; it is printed with the next run of its batch."""
    made = reprint(app, batch, [app.learners.require(learner).id], actor=actor)
    publish("due.planned", {"batch": batch})
    reasons = [plain_message(reason) for _, reason in made.unreachable]
    return {
        "batch": batch,
        "replaced": len(made.replaced),
        "waiting": len(made.waiting),
        "pages": made.pages,
        "unreachable": reasons,
    }


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    return value.strip() if isinstance(value, str) else ""


def _plain(text: str) -> str:
    """Without capitals and accents, as people type in a hurry; đ is d."""
    parts = unicodedata.normalize("NFD", text.casefold().strip().replace("đ", "d"))
    return "".join(char for char in parts if not unicodedata.combining(char))
