"""Chromium as people and their aids use it: a walker without JavaScript, and an inspector with axe-core."""

import importlib.resources
import itertools
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response, Route, StorageState, sync_playwright

from tests.harness.processes import Missing

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # what would leave this machine fails
)  # fmt: skip
_WAIT_MS = 30_000
MAX_WEIGHT = 100_000
"""Bytes that a page may weigh, uncompressed: its HTML, its style sheet, its own images; not the badge's image."""
WIDE, NARROW = 1280, 320
"""CSS pixels: a desk, and the same at 400 % (WCAG 1.4.10)."""
_AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},  # the one rule of WCAG 2.2 AA; axe leaves it off by itself
    "resultTypes": ["violations"],
}
_AXE_AGAIN = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]},
    "rules": _AXE_OPTIONS["rules"],
    "resultTypes": ["violations"],
}
"""What depends on width and on colours."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Raises Missing, with the reason, where there is no Chromium."""
    if CHROMIUM is None:
        raise Missing("Chromium is not installed: no page was looked at in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Seen:
    """A page as it was answered, and who was signed in."""

    url: str
    status: int
    headers: dict[str, str]
    html: bytes
    cookies: StorageState

    @property
    def text(self) -> str:
        return self.html.decode()


_FOCUS = """() => {
    const it = document.activeElement;
    if (!it || it === document.body) return null;
    const style = getComputedStyle(it), box = it.getBoundingClientRect();
    const words = it.labels?.length ? it.labels[0].textContent : it.textContent || it.getAttribute('aria-label') || '';
    return {
        name: words.trim().replace(/\\s+/g, ' '), id: it.id,
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""


class Walker:
    """A person with a browser of her own, in which JavaScript is off."""

    def __init__(self, browser: Browser) -> None:
        context = browser.new_context(
            java_script_enabled=False, viewport={"width": WIDE, "height": 900}, locale="en-GB"
        )
        context.set_default_timeout(_WAIT_MS)
        self.page = context.new_page()
        self.faults: list[str] = []
        """Requests that left this machine, and what the console complained about."""
        self._context = context
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        watch(page, self.faults)

    def close(self) -> None:
        self._context.close()

    # --- going -----------------------------------------------------------------------------------------------------
    def go(self, url: str) -> Seen:
        """Open an address."""
        return self._seen(self.page.goto(url))

    def follow(self, link: str) -> Seen:
        """Click the link with these words."""
        with self.page.expect_navigation() as going:
            self.page.get_by_role("link", name=link, exact=True).first.click()
        return self._seen(going.value)

    def press(self, button: str | re.Pattern[str]) -> Seen:
        """Click the button with these words, and see where the form leads."""
        with self.page.expect_navigation() as going:
            self.page.get_by_role("button", name=button, exact=True).first.click()
        return self._seen(going.value)

    def fill(self, **fields: str) -> None:
        """Write into the fields with these names."""
        for name, value in fields.items():
            self.page.locator(f"[name={name}]").fill(value)

    # --- by keyboard alone -----------------------------------------------------------------------------------------
    def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what is called so. Wherever it stops on the way, one must see it."""
        passed = []
        for _ in range(60):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(_FOCUS)
            if focus is None:
                continue
            assert focus["outlined"], f"one does not see the focus on {focus['name']!r}"
            assert focus["inView"], f"the focus on {focus['name']!r} is out of sight"
            if focus["name"] == name:
                return
            passed.append(focus["name"])
        raise AssertionError(f"Tab does not lead to {name!r}, but to {passed}")

    def type_into(self, name: str, text: str) -> None:
        """Tab to a field and type."""
        self.tab_to(name)
        self.page.keyboard.insert_text(text)

    def enter(self, name: str) -> Seen:
        """Tab to a link or button, press Enter, and see where it leads."""
        self.tab_to(name)
        with self.page.expect_navigation() as going:
            self.page.keyboard.press("Enter")
        return self._seen(going.value)

    def skip_to_content(self) -> None:
        """The first Tab offers to skip the navigation, and Enter does it."""
        self.tab_to("Skip to the content")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**#content")
        assert self.page.evaluate(_FOCUS)["id"] == "content"

    def _seen(self, response: Response | None) -> Seen:
        assert response is not None
        cookies = self._context.storage_state()
        return Seen(response.url, response.status, response.all_headers(), response.body(), cookies)


def watch(page: Page, faults: list[str]) -> None:
    """Note requests that leave this machine, errors in the console, and scripts that fail."""

    def requested(url: str) -> None:
        if urlsplit(url).scheme != "data" and urlsplit(url).hostname not in {"localhost", "127.0.0.1", "::1"}:
            faults.append(f"{page.url} asked {url}")

    def complained(kind: str, text: str) -> None:
        # That a page which is a refusal came with a refusal's status is no error of the page.
        if kind in {"error", "warning"} and not text.startswith(
            "Failed to load resource: the server responded"
        ):
            faults.append(f"{page.url}: the console says {text}")

    def answered(response: Response) -> None:
        if response.request.resource_type != "document" and response.status >= 400:
            faults.append(f"{page.url}: {response.url} answered {response.status}")

    page.on("request", lambda request: requested(request.url))
    page.on("console", lambda message: complained(message.type, message.text))
    page.on("response", answered)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))


_FACTS = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const heard = (it) => {
        const copy = it.cloneNode(true);
        copy.querySelectorAll('[aria-hidden=true]').forEach((hidden) => hidden.remove());
        return copy.textContent.trim();
    };
    const focusable = all('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]');
    const skip = document.body.querySelector('a, button, input:not([type=hidden])');
    return {
        language: document.documentElement.lang,
        title: document.title,
        headings: all('h1, h2, h3, h4, h5, h6').map((it) => [Number(it.tagName[1]), heard(it)]),
        landmarks: ['body > header', 'main', 'body > footer'].map((selector) => all(selector).length),
        skips: skip?.getAttribute('href') === '#content' && document.querySelector('main#content') !== null,
        scripts: all('script, iframe, object, embed, [style]').map((it) => it.outerHTML.slice(0, 80)),
        handlers: all('*').filter((it) => it.getAttributeNames().some((name) => name.startsWith('on'))
            || /^\\s*javascript:/i.test(it.getAttribute('href') || '')).map((it) => it.outerHTML.slice(0, 80)),
        wordless: all('.mark, .notice, .verdict').filter((it) => !/[a-z]{3}/i.test(heard(it)))
            .map((it) => it.outerHTML.slice(0, 80)),
        unreachable: focusable.filter((it) => it.tagName !== 'MAIN' && it.tabIndex < 0).map((it) => it.outerHTML.slice(0, 80)),
        reordered: focusable.filter((it) => it.tabIndex > 0).map((it) => it.outerHTML.slice(0, 80)),
    };
}"""
_OVERFLOW = """() => {
    const root = document.documentElement;
    if (root.scrollWidth <= innerWidth) return [];
    const over = [...document.body.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > innerWidth + 1);
    return [`${root.scrollWidth} px wide`, ...over.slice(0, 3).map((it) => it.outerHTML.slice(0, 80))];
}"""
_AXE_RUN = """async (options) => (await axe.run(document, options)).violations.map(
    (it) => `${it.id}: ${it.help}: ${it.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`)"""


class Inspector:
    """Looks at pages that a walker has seen: as they were answered, but where axe-core can run.

    The page is handed to the browser byte for byte, with its headers; only what it loads is asked for again.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        package = importlib.resources.files("axe_playwright_python")
        self._axe = package.joinpath("axe.min.js").read_text(encoding="utf-8")

    def faults(self, pages: Sequence[Seen]) -> list[str]:
        """What is wrong with these pages, each fault with the page's address; empty if nothing is."""
        return [f"{seen.url}: {fault}" for seen in pages for fault in self._faults(seen)]

    def _faults(self, seen: Seen) -> Iterator[str]:
        context = self._browser.new_context(
            viewport={"width": WIDE, "height": 900},
            storage_state=seen.cookies,
            color_scheme="light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_WAIT_MS)
        try:
            page = context.new_page()
            found: list[str] = []
            weights: list[int] = [len(seen.html)]
            watch(page, found)
            page.on("response", lambda response: weights.append(_weight(response)))
            page.route(seen.url, lambda route: self._answer(route, seen))
            page.goto(seen.url)
            yield from _headers(seen)
            yield from _structure(page.evaluate(_FACTS))
            yield from self._look(page)
            if sum(weights) >= MAX_WEIGHT:
                yield f"weighs {sum(weights)} bytes"
            yield from found
        finally:
            context.close()

    def _look(self, page: Page) -> Iterator[str]:
        """By day on a desk; by night on a phone, or at 400 %."""
        page.evaluate(self._axe)
        for fault in page.evaluate(_AXE_RUN, _AXE_OPTIONS):
            yield f"axe: {fault}"
        page.set_viewport_size({"width": NARROW, "height": 800})
        page.emulate_media(color_scheme="dark")
        tables = page.locator("table").count()
        if page.get_by_role("table").count() != tables:
            yield f"not every one of its {tables} tables is told as one at {NARROW} px"
        for fault in page.evaluate(_OVERFLOW):
            yield f"scrolls sideways at {NARROW} px: {fault}"
        for fault in page.evaluate(_AXE_RUN, _AXE_AGAIN):
            yield f"axe, dark, {NARROW} px: {fault}"

    @staticmethod
    def _answer(route: Route, seen: Seen) -> None:
        headers = {name: value for name, value in seen.headers.items() if name not in _TRANSFER}
        route.fulfill(status=seen.status, headers=headers, body=seen.html)


_TRANSFER = {"content-encoding", "content-length", "transfer-encoding", "set-cookie"}


def _weight(response: Response) -> int:
    """What a page loads counts in full, compressed or not; a badge's image is the badge's."""
    if response.request.resource_type == "document" or urlsplit(response.url).path.endswith("/image"):
        return 0
    return len(response.body())


def _headers(seen: Seen) -> Iterator[str]:
    policy = {
        words[0]: words[1:]
        for part in seen.headers["content-security-policy"].split(";")
        if (words := part.split())
    }
    if (
        policy.get("default-src") != ["'none'"]
        or {"script-src", "script-src-elem", "script-src-attr"} & policy.keys()
    ):
        yield f"its policy does not forbid scripts: {policy}"
    if "'self'" not in policy.get("form-action", []) or policy.get("frame-ancestors") != ["'none'"]:
        yield f"its policy leaves forms or frames open: {policy}"


def _structure(facts: dict[str, Any]) -> Iterator[str]:
    levels = [level for level, _ in facts["headings"]]
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"its headings are {facts['headings']}"
    if any(after - before > 1 for before, after in itertools.pairwise(levels)):
        yield f"it skips a level of headings: {facts['headings']}"
    if not all(words for _, words in facts["headings"]):
        yield "a heading says nothing"
    if facts["language"] != "en":
        yield f"its language is {facts['language']!r}"
    if len(facts["title"]) < 5:
        yield f"its title is {facts['title']!r}"
    if facts["landmarks"] != [1, 1, 1]:
        yield f"header, main, footer: {facts['landmarks']}"
    if not facts["skips"]:
        yield "it does not begin with a way to skip to the content"
    for what in ("scripts", "handlers", "wordless", "unreachable", "reordered"):
        for each in facts[what]:
            yield f"{what}: {each}"
