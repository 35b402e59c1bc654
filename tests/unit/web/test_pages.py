"""The layout, the style sheet, and forms that only our own pages can send."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import httpx
import pytest
from fastapi import Depends, Request, Response
from jinja2 import DictLoader

from shared.http.access import public
from shared.http.application import create_application
from shared.http.routing import Router
from shared.web import Pages, error_page
from shared.web.csrf import check_form, check_origin
from shared.web.styles import _CSS

pytestmark = pytest.mark.anyio
FORM = """{% extends "base.html" %}{% block title %}{{ name }}{% endblock %}{% block content %}<h1>Hello {{ name }}</h1>
<form method="post" action="/form">{{ csrf }}<label for="n">Name</label><input id="n" name="n"><button>Send</button></form>{% endblock %}"""


def client(public_url: str = "https://backpack.example.org") -> httpx.AsyncClient:
    pages = Pages(None, title="Backpack", loader=DictLoader({"form.html": FORM}))
    router = Router(errors=error_page, dependencies=[public])

    @router.get("/form")
    async def show_form(request: Request, name: str = "Ada") -> Response:
        return pages.page(request, "form.html", {"name": name})

    @router.post("/form", dependencies=[Depends(check_form)])
    async def send_form(request: Request) -> str:
        return "taken"

    @router.post("/json", dependencies=[Depends(check_origin)])
    async def send_json() -> str:
        return "taken"

    service = SimpleNamespace(
        name="backpack",
        settings=SimpleNamespace(public_url=public_url, directory_url="https://directory.example.org"),
        dependencies=tuple,
    )
    app = create_application(service, title="Backpack", description="", routers=[router])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=public_url)


class Outline(HTMLParser):
    """The elements of a page, and the ids that labels point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))


async def test_the_layout_is_accessible() -> None:
    async with client() as browser:
        page = await browser.get("/form")
    outline = Outline(page.text)
    assert page.text.startswith("<!doctype html>")
    for landmark in ("header", "main", "footer", "h1", "title"):
        assert outline.tags.count(landmark) == 1, landmark
    attributes = dict(outline.attributes)
    assert attributes["html"]["lang"] == "en"
    links = [attrs for tag, attrs in outline.attributes if tag == "a"]
    assert links[0] == {"class": "skip", "href": "#content"}
    assert attributes["main"]["id"] == "content"
    viewport = next(attrs for tag, attrs in outline.attributes if attrs.get("name") == "viewport")
    assert "maximum-scale" not in str(viewport["content"])
    assert "script" not in outline.tags
    assert not re.search(r"\son\w+=", page.text)
    assert "style=" not in page.text


async def test_what_a_page_may_load() -> None:
    async with client() as browser:
        headers = (await browser.get("/form")).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert "script-src" not in policy
    assert policy["frame-ancestors"] == "'none'"
    assert headers["cache-control"] == "no-store"


async def test_what_people_write_is_escaped() -> None:
    async with client() as browser:
        text = (await browser.get("/form", params={"name": "<script>alert(1)</script>"})).text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_the_style_sheet_is_small_and_has_what_people_need() -> None:
    assert len(_CSS) < 20_000
    text = _CSS.decode()
    for need in (
        "prefers-color-scheme: dark",
        ":focus-visible",
        "prefers-reduced-motion",
        "forced-colors",
        "@media print",
    ):
        assert need in text
    assert "@import" not in text
    assert "http" not in text


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [("ink", "paper", 7), ("ink", "sheet", 7), ("soft", "paper", 4.5), ("soft", "sheet", 4.5), ("link", "paper", 4.5),
     ("link", "sheet", 4.5), ("on-button", "button", 4.5), ("good", "paper", 4.5), ("bad", "paper", 4.5), ("open", "paper", 4.5),
     ("ink", "good-sheet", 7), ("ink", "bad-sheet", 7), ("ink", "open-sheet", 7), ("line", "paper", 3), ("focus", "paper", 3)],
)  # fmt: skip
def test_colours_can_be_told_apart(scheme: int, ink: str, paper: str, least: float) -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11, in light and in dark."""
    block = re.findall(r":root \{(.*?)\}", _CSS.decode(), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    light, dark = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


def token(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


ORIGIN = {"origin": "https://backpack.example.org"}


async def test_our_own_form_is_taken() -> None:
    async with client() as browser:
        page = await browser.get("/form")
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-confer_csrf=")
        for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert attribute in cookie
        for _ in range(2):
            assert (await browser.post("/form", data={"csrf": token(page)}, headers=ORIGIN)).text == '"taken"'
        again = await browser.get("/form")
        assert token(again) == token(page), "other tabs' forms go on working"
        assert "set-cookie" not in again.headers


async def test_a_page_without_a_form_sets_no_cookie() -> None:
    async with client() as browser:
        page = await browser.get("/nothing", headers={"accept": "text/html"})
        assert "<h1>" in page.text
        assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://backpack.example.org"},
        {"origin": "https://backpack.example.org:8443"},
        {"origin": "https://backpack.example.org.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://backpack.example.org"},
        {},
    ],
)
async def test_forms_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    async with client() as browser:
        page = await browser.get("/form")
        answer = await browser.post("/form", data={"csrf": token(page)}, headers=headers)
        assert answer.status_code == 403
        assert "form" in answer.text.lower()
        assert (await browser.post("/json", json={}, headers=headers)).status_code == 403


async def test_the_token_must_be_the_browsers_own() -> None:
    async with client() as browser, client() as other:
        mine, theirs = token(await browser.get("/form")), token(await other.get("/form"))
        assert mine != theirs
        for given in ({"csrf": theirs}, {"csrf": ""}, {}, {"csrf": mine[:-1]}, {"csrf": "é" * 43}):
            assert (await browser.post("/form", data=given, headers=ORIGIN)).status_code == 403
        browser.cookies.clear()
        assert (await browser.post("/form", data={"csrf": mine}, headers=ORIGIN)).status_code == 403
        assert (await browser.post("/json", json={}, headers=ORIGIN)).status_code == 200


async def test_a_forged_cookie_cannot_bring_html_into_the_page() -> None:
    async with client() as browser:
        browser.cookies.set("__Host-confer_csrf", "<script>" + "x" * 35)
        assert "<script>" not in (await browser.get("/form")).text


async def test_without_https_two_services_on_one_host_keep_their_cookies_apart() -> None:
    async with client("http://localhost:8002") as browser:
        page = await browser.get("/form")
        assert page.headers["set-cookie"].startswith("confer_csrf_8002=")
        assert "Secure" not in page.headers["set-cookie"]
        answer = await browser.post(
            "/form", data={"csrf": token(page)}, headers={"origin": "http://localhost:8002"}
        )
        assert answer.status_code == 200
