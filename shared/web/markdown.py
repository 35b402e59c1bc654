"""Markdown from people we do not know, as HTML that can do nothing."""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

MAX_LENGTH = 20_000  # a fifth of a second at worst
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# Headings begin under the page's own; images are left out: they would tell a third party who reads the page.
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_reader = (
    MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20})
    .enable("table")
    .disable("image")
)


def markdown_to_html(text: str, *, max_length: int = MAX_LENGTH) -> Markup:
    """CommonMark with tables as sanitised HTML, ready for a template.

    Text beyond `max_length` characters is cut. Raw HTML is shown as text; only http, https and mailto links remain, and they
    neither pass on where they were followed from nor count as a recommendation.
    """
    tokens = _reader.parse(text[:max_length])
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = _HEADINGS[token.tag]
    html = _reader.renderer.render(tokens, _reader.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow ugc",
    )
    return Markup(clean)  # noqa: S704  (nh3 has just made it safe)
