"""Lines about returned sheets: what waits, what is proposed, what came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from delivery.errors import N_, Message
from delivery.i18n import Translator
from delivery.record.words import PAGE_ASKS, PAGE_WAITS, PROPOSED, UNCLEAR
from tui.clerk.returns_state import Page, Proposal, Reading, Task
from tui.clerk.state import State
from tui.clerk.words import TOTALS
from tui.shared.lines import MUTED, bar, decimal, line, wrapped
from tui.shared.values import dicts_of, int_of, message_of, say, text_of

_ROOMY = 100


def word(words: Translator, known: Mapping[str, str], code: str) -> str:
    """The word for a code; the code itself where a station of another release has one more."""
    return words(known[code]) if code in known else code


def number(text: str, words: Translator) -> str:
    """A mark with a decimal comma where the language has one."""
    return text.replace(".", ",") if words.language == "vi" else text


def page_line(page: Page, width: int, words: Translator) -> Content:
    """A page that waits, in one line: what it probably is, or why nobody knows."""
    if page.proposals:
        best = page.proposals[0]
        sign = "+" if best.kind == "extra" else str(best.page)
        left = Content.assemble((f" {best.learner} ", "bold"), f"{best.activity} ", (sign, "bold $primary"))
        return line(left, Content.styled(f"{best.certainty} % ", MUTED), width)
    return line(
        Content.assemble((" ? ", "bold $warning"), word(words, PAGE_WAITS, page.reason)), Content(""), width
    )


def proposal_text(proposal: Proposal, words: Translator) -> str:
    """A proposal as a sentence."""
    text = (
        N_("page {page} of {activity}, {learner}: {why}")
        if proposal.kind == "sheet"
        else N_("an extra sheet of {activity}, {learner}: {why}")
    )
    return words(
        Message(
            text,
            {
                "page": proposal.page,
                "activity": proposal.activity or words(N_("the packet")),
                "learner": proposal.learner,
                "why": word(words, PROPOSED, proposal.why),
            },
        )
    )


def page_lines(
    page: Page, width: int, words: Translator, *, has_no_picture: bool, is_low: bool = False
) -> list[Content]:
    """The chosen page: where it lies, why it waits, what it may be. On a low terminal the picture takes the room of
    further proposals."""
    place = words(N_("page {page} of {file}"), page=page.page, file=page.file)
    lines = [line(Content.styled(place, MUTED), Content.styled(page.id, MUTED), width)]
    lines += wrapped(Content.styled(f"! {word(words, PAGE_WAITS, page.reason)}", "$warning"), width, 2)
    for number, one in enumerate(page.proposals[: 1 if is_low else 3], 1):
        key = ("Y ", "bold $primary") if number == 1 else ("P ", "bold $primary")
        lines += wrapped(
            Content.assemble(key, proposal_text(one, words), (f" ({one.certainty} %)", MUTED)), width, 2
        )
    if is_low and (more := len(page.proposals) - 1) > 0:
        told = words.plural(N_("{count} other proposal"), N_("{count} other proposals"), more)
        lines.append(Content.assemble(("P ", "bold $primary"), (told, MUTED)))
    if not page.proposals:
        lines.append(Content.styled(words(N_("Nothing is proposed.")), MUTED))
        if page.reason in PAGE_ASKS:
            lines += wrapped(Content(words(PAGE_ASKS[page.reason])), width, 2)
    if has_no_picture:
        lines.append(Content.styled(words(N_("There is no picture to show.")), MUTED))
    return lines


def _place(reading: Reading, words: Translator) -> str:
    if reading.use == "mark":
        return words(N_("mark"))
    return words(N_("question {number}"), number=reading.question)


def reading_line(reading: Reading, width: int, words: Translator) -> Content:
    """A reading that waits, in one line."""
    read = (
        ("?", "bold $warning")
        if reading.is_doubtful
        else (number(reading.read, words) or "–", "bold $primary")
    )
    left = Content.assemble(f" {reading.learner} {reading.activity} ", (f"{_place(reading, words)} ", MUTED))
    return line(left, Content.assemble(read, " "), width)


def reading_lines(
    reading: Reading, width: int, words: Translator, *, has_no_picture: bool = False
) -> list[Content]:
    """The chosen reading: what was read, how surely, and what is doubtful."""
    head = Content.assemble((f"{reading.learner}  ", "bold"), f"{reading.activity}  {_place(reading, words)}")
    sure = words(N_("certain to {percent}%"), percent=f"{reading.confidence / 10:.0f}")
    lines = [line(head, Content.styled("" if reading.is_doubtful else sure, MUTED), width), Content("")]
    if reading.is_doubtful:
        lines += wrapped(
            Content.styled(f"? {word(words, UNCLEAR, reading.doubt)}", "bold $warning"), width, 2
        )
        keys = Content.assemble(("V ", "bold $primary"), words(N_("says what stands there")))
    if reading.needs_marker or not reading.is_doubtful:
        value = reading.read or words(N_("nothing marked"))
        read = number(value, words) if reading.use == "mark" else value
        lines.append(Content.assemble(f"{words(N_('Read as'))}  ", (f" {read} ", "bold reverse")))
        asks = N_("asks which lecturer wrote it") if reading.needs_marker else N_("confirms")
        keys = Content.assemble(("Y ", "bold $primary"), words(asks))
    lines.append(Content.assemble(keys, "   ", ("X ", "bold $primary"), words(N_("nothing counts here"))))
    if has_no_picture:
        lines.append(Content.styled(words(N_("There is no picture to show.")), MUTED))
    elif not reading.has_crop:
        lines.append(Content.styled(words(N_("The whole page; O shows it in a browser.")), MUTED))
    return lines


def scan_lines(state: State, width: int, words: Translator) -> list[Content]:
    """The scan folder and the sums, live."""
    task = state.scanning
    if task is not None and task.is_running:
        share = task.done / task.total if task.total else 0.0
        left = Content.assemble(("▸ ", "bold $accent"), f"{words(N_('Taking in'))} {task.detail}  ")
        right = Content.assemble(bar(share, 16, "$accent"), f" {task.done}/{task.total}")
        first = line(left, right, width)
    else:
        first = _resting(state, task, width, words)
    # Little room: what was filed and what waits says most.
    shown = list(TOTALS.items())[: 2 if width < _ROOMY else None]
    told = [f"{words(text)} {state.totals[code]}" for code, text in shown if state.totals.get(code)]
    waiting = [words(N_("readings {count}"), count=state.readings)] if state.readings else []
    if state.unopened:
        waiting.append(words(N_("unopened envelopes {count}"), count=state.unopened))
    return [
        first,
        line(Content.styled(" · ".join(told), MUTED), Content.styled(" · ".join(waiting), MUTED), width),
    ]


def _resting(state: State, task: Task | None, width: int, words: Translator) -> Content:
    folder = words.plural(
        N_("{count} file in the scan folder"), N_("{count} files in the scan folder"), state.folder_files
    )
    left = Content.styled(folder, "bold" if state.folder_files else MUTED)
    if state.folder_files:
        left = Content.assemble(left, ("  W ", "bold $primary"), words(N_("takes them in")))
    if task is None:
        return line(left, Content.styled(state.folder_path, MUTED), width)
    if task.state == "failed":
        return line(left, Content.styled(f"✗ {say(message_of(task.problem), words)}", "$error"), width)
    done = words(
        N_("last: {pages} pages, {filed} filed, {queued} waiting"),
        pages=int_of(task.result, "pages"),
        filed=int_of(task.result, "filed"),
        queued=int_of(task.result, "queued"),
    )
    failed = int_of(task.result, "failed")
    broken = words.plural(N_("{count} file not readable"), N_("{count} files not readable"), failed)
    return line(
        left, Content.assemble((f"✓ {done}", "$success"), (f" · {broken}", "$error") if failed else ""), width
    )


def work_items(result: Any, words: Translator, *, extra: bool) -> list[tuple[str, str, str]]:
    """The pages (or works) of the learners that were found, for a picker."""
    items = []
    for learner in dicts_of(result, "learners"):
        who = f"{text_of(learner, 'code')}  {text_of(learner, 'name')}"
        for work in dicts_of(learner, "works"):
            activity, pages = text_of(work, "activity"), int_of(work, "pages")
            for page in range(1, 2 if extra else pages + 1):
                what = "" if extra else words(N_("page {page} of {pages}"), page=page, pages=pages)
                name = f"{text_of(learner, 'learner')}|{activity}|{page}"
                items.append((name, f"{who}  {activity}", what))
    return items


def weight(grams: int, words: Translator) -> str:
    """Weight for people."""
    if grams < 1000:
        return f"{grams} g"
    return f"{decimal(grams / 1000, 2, comma=words.language == 'vi')} kg"
