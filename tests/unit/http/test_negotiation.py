import pytest

from shared.http.etag import not_modified
from shared.http.negotiation import negotiate, prefers_html
from shared.http.problems import NotAcceptable

LD, PNG, SVG, HTML = "application/ld+json", "image/png", "image/svg+xml", "text/html"
OFFERED = (LD, PNG, SVG, HTML)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, LD),
        ("", LD),
        ("*/*", LD),
        (BROWSER, HTML),
        ("image/*", PNG),
        ("image/svg+xml", SVG),
        ("IMAGE/PNG", PNG),
        ("image/png;q=0.5, image/svg+xml", SVG),
        ("image/png;q=0, image/*", SVG),
        ("*/*;q=0.1, text/html;q=0.2", HTML),
        ('application/ld+json;profile="https://w3id.org/a,b", text/html;q=0.1', HTML),
        ("text/html;level=1;q=0.9, image/png;q=0.2", PNG),
        ("nonsense, text/html", HTML),
        (", ,text/html", HTML),
    ],
)
def test_the_best_liked_is_chosen(accept: str | None, chosen: str) -> None:
    assert negotiate(accept, OFFERED) == chosen


def test_parameters_are_compared_if_asked_for() -> None:
    profile = 'application/ld+json; profile="https://example.org/p"'
    assert negotiate('application/ld+json;profile="https://example.org/p"', [HTML, profile]) == profile
    assert negotiate("application/ld+json", [HTML, profile]) == profile


@pytest.mark.parametrize("accept", ["application/pdf", "image/png;q=0", "*/*;q=0", "text/", "q=1"])
def test_nothing_fits(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(accept, [PNG])
    assert caught.value.extensions["available"] == [PNG]


def test_a_long_header_costs_nothing() -> None:
    with pytest.raises(NotAcceptable):
        negotiate("a/b," * 5000 + "image/png", [PNG])
    with pytest.raises(NotAcceptable):
        negotiate('a/b;x="' + "\\" * 5000, [PNG])


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (None, False),
        ("*/*", False),
        (BROWSER, True),
        ("application/json", False),
        ("text/html;q=0.1, application/json", False),
    ],
)
def test_browsers(accept: str | None, html: bool) -> None:
    assert prefers_html(accept) is html


def test_if_none_match() -> None:
    assert not not_modified(None, '"v1"')
    assert not_modified('"v1"', '"v1"')
    assert not_modified('W/"v1"', '"v1"')
    assert not_modified('"v0", "v1"', '"v1"')
    assert not_modified("*", '"v1"')
    assert not not_modified('"v2"', '"v1"')
