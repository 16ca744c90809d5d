"""Pages from templates: words in the reader's language, times on the clock of Viet Nam."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from babel.dates import format_date, format_datetime, format_time
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from delivery.clock import VIETNAM
from delivery.errors import N_
from delivery.i18n import LANGUAGES, Language, Translator

LANGUAGE_COOKIE = "tuxa_lang"

_MOMENT = {"vi": "HH:mm 'ngày' dd/MM/y", "en": "d MMM y, HH:mm"}
_DAY = {"vi": "dd/MM/y", "en": "d MMM y"}

MODES = {
    "broadcast": N_("Radio and television"),
    "postal": N_("Post"),
    "network": N_("Computer network"),
    "face_to_face": N_("Face to face"),
}
KINDS = {
    "session": N_("Session"),
    "material": N_("Study of material"),
    "assignment": N_("Assignment"),
    "consultation": N_("Questions and advice"),
}

# Words for what the learner record says of an activity (delivery.record.fold).
STATUSES = {
    "not_recorded": N_("Not recorded yet"),
    "delivered": N_("Sent to you"),
    "recorded": N_("Recorded"),
    "incomplete": N_("Pages are missing"),
    "submitted": N_("Received"),
    "marked": N_("Marked"),
    "review": N_("Being checked"),
    "held": N_("Held"),
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("delivery.network.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # templates do not change while the portal runs
    )
    environment.globals.update(MODES=MODES, KINDS=KINDS, STATUSES=STATUSES)
    return environment


def chosen_language(query: str | None, cookie: str | None, default: str) -> Language:
    """The language asked for now, else the one chosen earlier, else the institution's."""
    for wish in (query, cookie, default):
        for language in LANGUAGES:
            if wish == language:
                return language
    return "vi"


def render(
    template: str, language: Language, context: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """The page as a response. `context` holds what `base.html` and the template name."""
    html = (
        _environment()
        .get_template(template)
        .render(
            t=Translator(language),
            lang=language,
            moment=lambda value: moment(value, language),
            day=lambda value: day(value, language),
            hour=lambda value: hour(value, language),
            weekday=lambda value: weekday(value, language),
            dayname=lambda value: dayname(value, language),
            number=lambda text: decimal(text, language),
            **context,
        )
    )
    return HTMLResponse(html, status)


def moment(value: datetime, language: Language) -> str:
    """``09:15 ngày 22/11/2026``."""
    return format_datetime(value, _MOMENT[language], tzinfo=VIETNAM, locale=language)


def day(value: date, language: Language) -> str:
    """``22/11/2026``."""
    return format_date(value, _DAY[language], locale=language)


def hour(value: datetime, language: Language) -> str:
    """``09:15``."""
    return format_time(value, "HH:mm", tzinfo=VIETNAM, locale=language)


def weekday(value: datetime, language: Language) -> str:
    """``Chủ Nhật, 22/11/2026``."""
    local = value.astimezone(VIETNAM)
    return f"{format_date(local, 'EEEE', locale=language)}, {day(local, language)}"


def dayname(value: date, language: Language) -> str:
    """``Thứ Hai, 30/11/2026``."""
    return f"{format_date(value, 'EEEE', locale=language)}, {day(value, language)}"


def decimal(text: str, language: Language) -> str:
    """A decimal text with the language's own mark: ``8,25``."""
    return text.replace(".", ",") if language == "vi" else text
