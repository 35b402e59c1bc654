"""Consent in a real browser without JavaScript: cookies, form origins and content security as browsers apply them."""

import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import without
from tests.harness.processes import free_port, start, stop, until
from tests.integration.directory.conftest import ISSUER, PASSWORD, Client, Pkce, authorization_request

pytestmark = pytest.mark.browser
SECONDS = 60


@contextmanager
def served(data_dir: Path) -> Iterator[str]:
    """The directory as a process of its own; its URL."""
    port = free_port()
    url = f"http://localhost:{port}"
    environment = {
        "CONFER_DATA_DIR": str(data_dir),
        "CONFER_DIRECTORY_URL": url,
        "CONFER_DIRECTORY_PORT": str(port),
        "CONFER_ISSUER_URL": ISSUER,
    }
    log = data_dir / "log"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    process = start([sys.executable, "-m", "services.directory", "serve"], log, environment=environment)
    try:
        until(ready, process, log, SECONDS)
        yield url
    finally:
        stop(process, signal.SIGTERM)


@dataclass
class Site:
    """A partner's web site, on another site than the directory's: a page with one link, and what came back to it."""

    url: str
    link: str = ""
    came_back: list[str] = field(default_factory=list)


@contextmanager
def partner_site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/callback"):
                site.came_back.append(self.path)
            page = f'<a href="{escape(site.link)}">Continue</a>' if self.path == "/" else "<h1>Thank you</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_member_consents(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        without("browser", "no Chromium on this machine")
    pkce = Pkce()
    with served(tmp_path) as url, httpx.Client(base_url=url) as http, partner_site() as site:
        owner = {"login": "anna", "password": PASSWORD}
        http.post("/v1/organisations", json={"name": "Makerspace", "kind": "community", "owner": owner})
        session = http.post("/v1/sessions", json=owner).json()
        callback = f"{site.url}/callback"
        client = http.post(
            f"/v1/organisations/{session['organisation']}/clients",
            json={"name": "Platform", "scopes": ["awards:read"], "redirect_uris": [callback]},
            headers={"Authorization": f"Bearer {session['token']}"},
        ).json()
        who = Client(client["client_id"], client["client_secret"])
        site.link = url + authorization_request(who, pkce, redirect_uri=callback, scope="awards:read")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_context(java_script_enabled=False).new_page()
            page.goto(site.url)
            page.get_by_role("link", name="Continue").click()
            page.get_by_label("Login").fill("anna")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("heading", name="Platform").wait_for()
            assert page.get_by_text("See who was awarded which badge").is_visible()
            page.get_by_role("button", name="Allow", exact=True).press("Enter")
            page.get_by_role("heading", name="Thank you").wait_for()
            # A second time the session is there already; this time the answer is no.
            page.goto(site.url)
            page.get_by_role("link", name="Continue").click()
            page.get_by_role("button", name="Do not allow").click()
            page.get_by_role("heading", name="Thank you").wait_for()
            browser.close()
        allowed, denied = (parse_qs(urlsplit(path).query) for path in site.came_back)
        assert denied["error"] == ["access_denied"]
        form = {
            "grant_type": "authorization_code",
            "code": allowed["code"][0],
            "redirect_uri": callback,
            "code_verifier": pkce.verifier,
        }
        token = http.post("/oauth/token", data=form, auth=who.auth)
        assert token.json()["scope"] == "awards:read"
    lines = (tmp_path / "log").read_text()
    for secret in (PASSWORD, allowed["code"][0], who.secret, session["token"], "anna"):
        assert secret not in lines
