"""One page with the pictures of all readings that wait: a person compares each with what was read, and confirms them
together. The page names every reading and what was read, so that exactly what was looked at is confirmed."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from delivery.errors import N_, BadInput, TuxaError
from delivery.i18n import Translator
from delivery.postal.incoming.marks import Marking
from delivery.store.readings import CHOICE, DOUBTFUL, SCORE, UNSEEN, Reading

_LISTED = re.compile(r'<meta name="tuxa-(readings|unseen)" content="([0-9a-zA-Z:. ]*)">')

_STYLE = """
:root { color-scheme: light; --ink: #1a2529; --soft: #55636a; --line: #d9d5cb; --paper: #fbfaf7; --warn: #8a3b12; }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem clamp(1rem, 4vw, 3rem); background: var(--paper); color: var(--ink);
  font: 16px/1.45 "Be Vietnam Pro", system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .75rem; }
p { margin: .25rem 0; max-width: 70ch; color: var(--soft); }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
li { background: #fff; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; display: flex;
  flex-direction: column; break-inside: avoid; }
li.wide { grid-column: span 2; }
figure { margin: 0; padding: .5rem; flex: 1; display: grid; place-items: center; min-height: 5rem; }
img { max-width: 100%; height: auto; display: block; }
.read { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .75rem; padding: .5rem .75rem;
  border-top: 1px solid var(--line); }
.read b { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.read span { color: var(--soft); font-size: .85rem; }
.read code { margin-left: auto; font-size: .75rem; color: var(--soft); }
li.doubtful { border-color: var(--warn); }
li.doubtful .read b, .doubt, .read .why { color: var(--warn); }
.read .why { flex-basis: 100%; font-size: .95rem; font-weight: 600; }
pre { background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; overflow-x: auto; }
@media (max-width: 40rem) { li.wide { grid-column: auto; } }
@media print { body { padding: 0; background: #fff; } }
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A reading as it stands on a page."""

    reading: str
    read: str
    unseen: bool = False
    """A mark that stood there when the sheet first came: confirmed only with the lecturer's name."""


def contact_page(
    marking: Marking,
    readings: Sequence[Reading],
    *,
    words: Translator,
    names: Mapping[str, str],
    doubts: Mapping[str, str],
    file: str,
) -> bytes:
    """The page, as HTML in one file. `names` are student codes by learner id, `doubts` sentences by code, `file` the
    name under which it will lie."""
    sure = [row for row in readings if row.state != DOUBTFUL]
    unsure = [row for row in readings if row.state == DOUBTFUL]
    unseen = [row for row in unsure if row.doubt == UNSEEN]
    title = words(N_("Readings to confirm"))
    parts = [
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="tuxa-readings" content="{_listed(sure)}">',
        f'<meta name="tuxa-unseen" content="{_listed(unseen)}">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1>",
    ]
    if sure:
        hint = words(
            N_("Compare each picture with what stands below it. All of them together are confirmed with:")
        )
        command = f"tuxa returns confirm --page {file}"
        but = words(
            N_("One that is wrong is left out with --but and its number, then told with “returns mark”.")
        )
        parts.append(f"<p>{html.escape(hint)}</p><pre>{html.escape(command)}</pre><p>{html.escape(but)}</p>")
    parts += _groups(marking, sure, words, names, doubts)
    if unsure:
        parts.append(f"<h2 class=doubt>{html.escape(words(N_('In doubt: each to be told on its own')))}</h2>")
        if unseen:
            hint = words(
                N_(
                    "Marks that stood there when the sheet first came, all of one lecturer, count with the name:"
                )
            )
            command = f"tuxa returns confirm --page {file} --marker {words(N_('CODE'))}"
            parts.append(f"<p>{html.escape(hint)}</p><pre>{html.escape(command)}</pre>")
        parts += _groups(marking, unsure, words, names, doubts)
    if not readings:
        parts.append(f"<p>{html.escape(words(N_('No reading waits.')))}</p>")
    parts.append("</body></html>")
    return "\n".join(parts).encode()


def _listed(rows: Sequence[Reading]) -> str:
    return " ".join(f"{row.reading}:{row.read}" for row in rows)


def _groups(
    marking: Marking,
    rows: Sequence[Reading],
    words: Translator,
    names: Mapping[str, str],
    doubts: Mapping[str, str],
) -> list[str]:
    out: list[str] = []
    at = ""
    for row in rows:
        if row.activity != at:
            out += ["</ol>"] if at else []
            at = row.activity
            out.append(f"<h2>{html.escape(at)}</h2><ol>")
        out.append(_item(marking, row, words, names, doubts))
    return out + (["</ol>"] if rows else [])


def _item(
    marking: Marking, row: Reading, words: Translator, names: Mapping[str, str], doubts: Mapping[str, str]
) -> str:
    about = (
        words(N_("Question {number}"), number=row.question)
        if row.use == CHOICE
        else words(N_("Mark by the key") if row.use == SCORE else N_("Mark"))
    )
    kinds = [name for name, on in (("wide", row.use != CHOICE), ("doubtful", bool(row.doubt))) if on]
    told = row.read.replace(".", ",") if row.use != CHOICE else row.read
    value = told if not row.doubt else f"{told} ?"
    why = f'<span class="why">{html.escape(doubts.get(row.doubt, row.doubt))}</span>' if row.doubt else ""
    who = html.escape(f"{about} · {names.get(row.learner, row.learner)}")
    return (
        f'<li class="{" ".join(kinds)}"><figure>{_picture(marking, row, about, words)}</figure>'
        f'<div class="read"><b>{html.escape(value)}</b><span>{who}</span><code>{row.reading}</code>{why}</div></li>'
    )


def _picture(marking: Marking, row: Reading, about: str, words: Translator) -> str:
    try:
        data = base64.b64encode(marking.crop(row)).decode()
    except TuxaError as error:
        return f"<span>{html.escape(words(error.what))}</span>"
    return f'<img alt="{html.escape(about)}" src="data:image/jpeg;base64,{data}">'


def shown_on(page: bytes) -> list[Shown]:
    """The readings that a page shows for confirmation. Raises BadInput for another file."""
    found = _LISTED.findall(page.decode("utf-8", "replace"))
    if not found:
        raise BadInput(
            N_("This file is no page of readings."),
            do=N_("Make one with: tuxa returns marks --page FILE.html"),
        )
    return [
        Shown(name, read, kind == "unseen")
        for kind, listed in found
        for name, _, read in (entry.partition(":") for entry in listed.split())
    ]
