"""Text of a material as HTML: Markdown without raw HTML, in the outline of a page that has the title already."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

from delivery.catalogue.choices import without_key

_MARKDOWN = (".md", ".markdown")
_PLAIN = (".txt",)


def is_text(file: str) -> bool:
    """Whether a file of this name is shown as text."""
    return PurePath(file.lower()).suffix in _MARKDOWN + _PLAIN


def to_html(data: bytes, *, file: str, title: str) -> Markup:
    """HTML of a text file (:func:`is_text`) under a page's ``h1`` that says `title`.

    Raises UnicodeDecodeError for what is not UTF-8.
    """
    # An assignment may hold its key, for whoever appraises and marks it: never for who reads it here.
    text = without_key(data.decode("utf-8-sig"))
    if PurePath(file.lower()).suffix in _PLAIN:
        return Markup('<p class="plain">{}</p>').format(text)
    return _rendered(text, title)


@lru_cache(maxsize=64)
def _rendered(text: str, title: str) -> Markup:
    # `html` off: what looks like a tag in the text is shown, never obeyed; javascript: addresses become plain text.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("image", _alternative)
    markdown.add_render_rule("table_open", _scrolled)
    markdown.add_render_rule("table_close", _end_scrolled)
    tokens = _under_title(markdown.parse(text), title)
    # Safe: the renderer escapes every text of the source.
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))


def _under_title(tokens: list[Token], title: str) -> list[Token]:
    """Without a first heading that only repeats the title, and with no second ``h1`` on the page."""
    if len(tokens) >= 3 and tokens[0].tag == "h1" and tokens[1].content.strip() == title.strip():
        tokens = tokens[3:]
    if any(token.tag == "h1" for token in tokens):
        for token in tokens:
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return tokens


# Rules of the renderer have these parameters.
_Tokens = Sequence[Token]
_Env = MutableMapping[str, Any]


def _alternative(_self: RendererHTML, tokens: _Tokens, at: int, options: OptionsDict, env: _Env) -> str:
    """No pictures from elsewhere: the words that stand for the picture."""
    return str(escape(_self.renderInlineAsText(tokens[at].children, options, env)))


def _scrolled(_self: RendererHTML, _tokens: _Tokens, _at: int, _options: OptionsDict, _env: _Env) -> str:
    """A wide table scrolls in a frame of its own, by keyboard too."""
    return '<div class="scroll" tabindex="0"><table>'


def _end_scrolled(_self: RendererHTML, _tokens: _Tokens, _at: int, _options: OptionsDict, _env: _Env) -> str:
    return "</table></div>"
