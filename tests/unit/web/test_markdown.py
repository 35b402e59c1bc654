"""Markdown from strangers: readable, and harmless."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.markdown import markdown_to_html


def test_what_criteria_are_written_with() -> None:
    html = markdown_to_html(
        "# Title\n\nSome *emphasis*, **strong**, `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[more](https://example.org)"
    )
    for part in (
        "<h3>Title</h3>",
        "<em>emphasis</em>",
        "<strong>strong</strong>",
        "<li>one</li>",
        "<td>1</td>",
        'href="https://example.org"',
        'rel="noopener noreferrer nofollow ugc"',
    ):
        assert part in html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](  javascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "![x](https://tracker.example/pixel.gif)",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<style>body{display:none}</style>",
    "<form action=https://evil.example><input name=password></form>",
    "`</code><script>alert(1)</script>`",
    "```\n</pre><script>alert(1)</script>\n```",
    "[x](https://example.org 'onmouseover=alert(1)')",
    '[x](https://example.org"onmouseover="alert(1))',
    "<svg/onload=alert(1)>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "[x]: javascript:alert(1)\n[x]",
    '<https://example.org" onclick=alert(1)>',
]
TAG = re.compile(r"<\s*(/?)\s*([a-zA-Z0-9]+)([^>]*)>")
ALLOWED = set(
    re.findall(
        r"\w+",
        "a blockquote br code del em h3 h4 h5 h6 hr li ol p pre s strong sub sup table tbody td th thead tr ul",
    )
)


def harmless(html: str) -> None:
    for _, tag, attributes in TAG.findall(html):
        assert tag in ALLOWED, html
        names = re.findall(r'([^\s="]+)="[^"]*"', attributes)
        assert set(names) <= {"href", "title", "rel", "start"}, html
        for url in re.findall(r'href="([^"]*)"', attributes):
            assert re.match(r"(https?://|https?:|mailto:|[^:]*$|[/?#])", url), html


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs(text: str) -> None:
    harmless(markdown_to_html(text))
    harmless(markdown_to_html(f"- {text}\n\n> {text}\n\n# {text}\n\n| {text} |\n|---|\n| {text} |"))


@given(st.text(max_size=300))
def test_nothing_runs_whatever_is_written(text: str) -> None:
    harmless(markdown_to_html(text))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "*" * 50_000,
        "> " * 25_000,
        "- " * 25_000,
        "`" * 50_000,
        "![" * 25_000,
        "[a](" * 12_000,
        "|" * 50_000,
        "<" * 50_000,
        "a\n" * 25_000,
    ],
)
def test_long_nonsense_is_bounded(text: str) -> None:
    import time

    begun = time.process_time()
    markdown_to_html(text)
    assert time.process_time() - begun < 2


def test_length_is_bounded() -> None:
    assert "end" not in markdown_to_html("x" * 100 + " end", max_length=50)
