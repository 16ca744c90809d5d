"""Section 2: the post's counter. One sheet of paper to the next, by hand scanner or keyboard, without the mouse."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_, TuxaError
from delivery.record.words import CAME_BACK
from tui.clerk.counter import Answer, Counter, Said, no_code, problem
from tui.clerk.returns_lines import word
from tui.shared.dialogs import Picker, push
from tui.shared.drawn import Text, Title
from tui.shared.lines import MUTED, bar, line, wrapped
from tui.shared.section import Section
from tui.shared.values import dicts_of, int_of, text_of, true_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_ITEM: Final = re.compile(r"[A-Za-z]{2} ?[0-9 ]{9,12} ?[A-Za-z]{2}")
"""Looks like a postal item number (UPU S10): it is sent at once, and the station judges it."""
_POST_HINT = N_("scan the packet's code, then its postal label")
_BACK_HINT = N_("scan what came back")


class PostSection(Section):
    """The counter at the left; batches that go out, and packets that came back, at the right or below."""

    DEFAULT_CSS = """
    PostSection #post { height: 1fr; layout: vertical; }
    PostSection.-wide #post { layout: horizontal; }
    PostSection #counter-box { height: 3fr; }
    PostSection #sums { height: 2fr; background: $surface; padding: 0 1; scrollbar-size-vertical: 1; }
    PostSection.-wide #counter-box { width: 3fr; height: 1fr; }
    PostSection.-wide #sums { width: 2fr; height: 1fr; margin-left: 1; }
    PostSection Text { height: auto; }
    PostSection #now { padding: 0 1; }
    PostSection.-back #scan { background: $warning 25%; }
    PostSection.-stale #post { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "back", N_("Came back"), id="post.back"),
        Binding("escape", "leave_packet", N_("Forget"), show=False, id="post.forget"),
    ]
    AUTO_FOCUS = "#scan"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("Post")),
        ("▸", N_("a packet was scanned: its postal label comes next")),
        ("✓", N_("posted: told at once, nothing is lost when you stop")),
        ("✗", N_("not used: look at that sheet of paper again")),
        ("F2 – F5", N_("the sections, also while you type")),
    )

    def __init__(self) -> None:
        super().__init__()
        self.packet_text = ""
        self.packet_code = ""
        self.reason = ""
        """Why packets came back, while those are scanned; empty while packets are posted."""
        self.posted = self.problems = 0
        self.today = 0
        self.trouble = ""
        """Why the newest line was not used, in full; empty once one was."""
        self.batches: list[dict[str, Any]] = []
        self.back: list[dict[str, Any]] = []

    def body(self) -> Iterable[Widget]:
        with Container(id="post"):
            with Vertical(id="counter-box"):
                yield Title(N_("Counter"), self._total)
                yield Text(self._now_lines, id="now")
                yield Counter(self._hear, hint=_POST_HINT, id="counter")
            with VerticalScroll(id="sums", can_focus=False):
                yield Text(self._sum_lines, id="told")

    @property
    def clerk(self) -> ClerkConsole:
        return cast("ClerkConsole", self.app)

    # --- what is shown ----------------------------------------------------------------------------

    def refresh_state(self) -> None:
        if not self.clerk.requests.is_open("post.status"):
            self.clerk.request("post.status", done=self._take)

    def _take(self, result: Any) -> None:
        self.today = int_of(result, "today")
        self.batches = dicts_of(result, "batches")
        self.back = dicts_of(result, "back")
        self.changed()

    def told(self, group: str, data: Any) -> None:
        self.refresh_state()

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.clerk.is_live, "-stale")
        self.query_one(Title).redraw()
        # The language may have changed.
        self.query_one(Counter).relabel(_BACK_HINT if self.reason else _POST_HINT)
        for name in ("#now", "#told"):
            self.query_one(name, Text).redraw()
        super().changed()

    def _total(self) -> str:
        return self.words(
            N_("{posted} here, {today} today, {problems} not used"),
            posted=self.posted,
            today=self.today,
            problems=self.problems,
        )

    def _now_lines(self, width: int) -> list[Content]:
        if self.trouble:
            return wrapped(Content.styled(f"✗ {self.trouble}", "bold $error"), width, 3)
        if self.reason:
            reason = word(self.console_app.words, CAME_BACK, self.reason)
            told = self.words(N_("Came back: {reason}. F8 ends it."), reason=reason)
            return [Content.styled(f"✗ {told}", "bold $warning")]
        if self.packet_text:
            told = self.words(
                N_("Packet of {code}: now its postal label. Esc forgets it."), code=self.packet_code
            )
            return [Content.styled(f"▸ {told}", "bold $accent")]
        return [Content.styled(self.words(N_("Next packet: any code of its letter.")), MUTED)]

    def _sum_lines(self, width: int) -> list[Content]:
        words = self.console_app.words
        lines = [Content.styled(words(N_("Batches")), "bold $primary")]
        for one in self.batches:
            posted, printed = int_of(one, "posted"), int_of(one, "printed")
            count = Content.assemble(bar(posted / max(printed, 1), 12, "$success"), f" {posted}/{printed}")
            lines.append(line(Content(f"{text_of(one, 'batch')}"), count, width))
        if not self.batches:
            lines.append(Content.styled(words(N_("Nothing is printed yet.")), MUTED))
        if self.back:
            lines += [
                Content(""),
                Content.styled(f"{words(N_('To send again'))} ({len(self.back)})", "bold $primary"),
            ]
        for one in self.back:
            head = Content.assemble((f"✗ {text_of(one, 'code')} ", "bold"), text_of(one, "batch"))
            lines.append(
                line(head, Content.styled(word(words, CAME_BACK, text_of(one, "reason")), MUTED), width)
            )
            hint = (
                N_("the address has changed since: print it again (4, R)")
                if true_of(one, "moved")
                else N_("the address is still the same: ask the learner first")
            )
            lines += wrapped(Content.styled(f"  {words(hint)}", MUTED), width, 2)
        return lines

    # --- what is scanned ----------------------------------------------------------------------------

    def _hear(self, text: str, answer: Answer) -> None:
        self.trouble = ""
        failed = partial(self._not_used, text, answer)
        if (error := no_code(text)) is not None:
            failed(error)
        elif self.reason:
            params = {"text": text, "reason": self.reason}
            self.clerk.order("post.undelivered", params, done=partial(self._came_back, answer), failed=failed)
        elif _ITEM.fullmatch(text) or not text:
            self._post(text, answer)
        else:
            self.clerk.request(
                "post.look", {"text": text}, done=partial(self._looked, text, answer), failed=failed
            )

    def _looked(self, text: str, answer: Answer, result: Any) -> None:
        if not text_of(result, "packet"):
            self._post(text, answer)
            return
        self.packet_text, self.packet_code = text, text_of(result, "code")
        told = text_of(result, "batch")
        if item := text_of(result, "posted"):
            told = f"{told} · {self.words(N_('was posted before as {item}'), item=item)}"
        answer(Said("▸", self.packet_code, "$accent", told))
        self.changed()

    def _post(self, text: str, answer: Answer) -> None:
        def done(result: Any) -> None:
            self.posted += 1
            self.packet_text = ""
            told = f"{text_of(result, 'item')}  {text_of(result, 'batch')}"
            answer(Said("✓", text_of(result, "code"), "$success", told))
            self.changed()

        params = {"packet_text": self.packet_text, "text": text}
        self.clerk.order("post.item", params, done=done, failed=partial(self._not_used, text, answer))

    def _came_back(self, answer: Answer, result: Any) -> None:
        reason = word(self.console_app.words, CAME_BACK, self.reason)
        answer(Said("↩", text_of(result, "code"), "$warning", f"{text_of(result, 'batch')} · {reason}"))
        self.changed()

    def _not_used(self, text: str, answer: Answer, error: TuxaError) -> None:
        self.problems += 1
        self.trouble = " ".join(self.console_app.words.error(error).split())
        answer(problem(text[:24], self.console_app.words(error.what)))
        self.changed()

    def action_back(self) -> None:
        if self.reason:
            self._turn("")
            return
        items = [(code, self.words(text), "") for code, text in CAME_BACK.items()]
        push(self, Picker(partial(self.words, N_("Why did they come back?")), items), self._turn)

    def _turn(self, reason: str) -> None:
        self.reason, self.packet_text = reason, ""
        self.set_class(bool(reason), "-back")
        counter = self.query_one(Counter)
        counter.relabel(_BACK_HINT if reason else _POST_HINT)
        counter.entry.focus()
        self.changed()

    def action_leave_packet(self) -> None:
        self.packet_text = ""
        self.changed()
        self.clerk.action_leave()
