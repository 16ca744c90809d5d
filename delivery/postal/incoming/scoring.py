"""Confirmed answers against the key of their assignment: a proposed mark, which counts once a person has confirmed it.

The key is the one in the edition that was printed for this learner. It is scored when every question that it judges has
a confirmed answer, and proposed as a mark only where the key judges the whole work. Answers that change afterwards
propose a new mark; the one that was recorded stands until a person confirms that.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import Connection

from delivery.errors import N_, TuxaError
from delivery.i18n import Translator
from delivery.postal.fonts import font_file
from delivery.postal.outgoing.answerkey import AnswerKey, Score, key_of, plain_number, score
from delivery.postal.outgoing.markdown import read_assignment
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.page import Face
from delivery.postal.parts import Desk
from delivery.postal.roles import ASSIGNMENT
from delivery.store.packets import Packets
from delivery.store.readings import CHOICE, DECIDED, PROPOSED, SCORE, WAITING, Reading, Readings, reading_id

_SURE = 1000
_ROW_PX, _SIZE_PX, _MARGIN_PX = 40, 26, 16
_COLUMNS_PX = (0, 135, 265, 395)
_WIDTH_PX = 540


class Scoring:
    """Keeps the proposed mark of each work in step with the answers that were confirmed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._readings = Readings(desk.database)
        self._key = lru_cache(maxsize=64)(self._read_key)

    def key(self, learner: str, activity: str) -> AnswerKey | None:
        """The key for a learner's (id) work, from the newest of its packets that counts; None without one."""
        sheets = [
            sheet
            for sheet in self._desk.sheets.of_activity(learner, activity)
            if sheet.role == ASSIGNMENT and sheet.state != "voided"
        ]
        if not sheets:
            return None
        return self._key(min(sheets, key=lambda sheet: sheet.superseded).batch, activity)

    def _read_key(self, batch: str, activity: str) -> AnswerKey | None:
        found = Packets(self._desk.database, self._desk.facts).find(batch)
        if found is None:
            return None
        parts = BatchSpec.from_json(found.spec).tasks
        content = next((part.content for part in parts if part.activity == activity), "")
        try:
            source = self._desk.blobs.get(content) if content else b""
            return key_of(read_assignment(source.decode("utf-8-sig")))
        except (TuxaError, UnicodeDecodeError):
            return None  # gone or altered: a person marks the work

    def refresh_in(
        self, connection: Connection, learner: str, course: str, activity: str, key: AnswerKey
    ) -> None:
        """Propose the mark that the answers come to now, or withdraw what was proposed before, in the caller's
        transaction."""
        rows = self._readings.standing_in(connection, learner, activity)
        made = score(key, _answers(rows))
        ident = reading_id(f"{learner} {activity}", SCORE, 0)
        if made is None or not made.mark:
            self._readings.withdraw_in(connection, ident)
            return
        first = min((row for row in rows if row.use == CHOICE), key=lambda row: (row.page, row.work))
        crop = self._desk.scans.put_in(connection, learner, score_picture(made, self._desk.translate))
        self._readings.propose_in(
            connection,
            Reading(
                ident, first.work, learner, course, activity, first.page, SCORE, 0,
                read=made.mark, confidence=_SURE, crop=crop, state=PROPOSED,
            ),
        )  # fmt: skip


def _answers(rows: list[Reading]) -> dict[int, str]:
    """Letters by question, of questions of which nothing waits any more; what was refused is no answer."""
    waiting = {row.question for row in rows if row.use == CHOICE and row.state in WAITING}
    newest: dict[tuple[int, int], Reading] = {}
    for row in sorted(rows, key=lambda row: row.decided_at):
        if row.use == CHOICE and row.state in DECIDED and row.question not in waiting:
            newest[row.question, row.page] = row
    out: dict[int, str] = {}
    # The choices of one question may go over a page: then its letters stand on both.
    for (question, _), row in sorted(newest.items()):
        out[question] = "".join(sorted({*out.get(question, ""), *row.value}))
    return out


def score_picture(made: Score, words: Translator) -> bytes:
    """What a person compares: each question with the answer, the key and the points, as a JPEG."""
    heads = (N_("Question"), N_("Answer"), N_("Key"), N_("Points"))
    rows: list[tuple[Any, ...]] = [tuple(words(head) for head in heads)]
    for entry, given, right in made.judged:
        key = "".join(entry.right) if entry.many else "/".join(entry.right)
        earned = plain_number(entry.points) if right else "0"
        rows.append((entry.question, given or "–", key, f"{earned} / {plain_number(entry.points)}"))
    rows.append(("", "", "", f"{plain_number(made.earned)} / {plain_number(made.of)}"))
    sheet = Image.new("RGB", (_WIDTH_PX + 2 * _MARGIN_PX, _ROW_PX * len(rows) + 2 * _MARGIN_PX), "white")
    pen = ImageDraw.Draw(sheet)
    wrong = [False, *(not right for _, _, right in made.judged), False]
    for number, row in enumerate(rows):
        strong = number in (0, len(rows) - 1)
        face = ImageFont.truetype(str(font_file(Face.SANS_BOLD if strong else Face.SANS)), _SIZE_PX)
        top = _MARGIN_PX + number * _ROW_PX
        if number:
            pen.line([(_MARGIN_PX, top), (_MARGIN_PX + _WIDTH_PX, top)], fill=(217, 213, 203), width=1)
        for x, text in zip(_COLUMNS_PX, row, strict=True):
            ink = (138, 59, 18) if wrong[number] else (26, 37, 41)
            pen.text((_MARGIN_PX + x, top + 5), str(text).replace(".", ","), fill=ink, font=face)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=80)
    return out.getvalue()
