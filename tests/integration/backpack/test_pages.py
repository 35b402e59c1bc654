"""Every page works without scripts: forms, a heading, labels, and less than 100 kB (decision 20)."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from shared.vc import strict_json
from tests.integration.backpack.stage import PASSWORD, PNG, Stage, token_in, until

pytestmark = pytest.mark.anyio

ADA = "ada@school.example"


class Page(HTMLParser):
    """What a page consists of, as far as the rules for pages ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.headings: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.forms: list[dict[str, Any]] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.wrapped = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if tag == "h1":
            self.headings.append(tag)
        elif tag == "label":
            self.wrapped = "for" not in given
            self.labelled.add(given.get("for") or "")
        elif tag == "form":
            self.forms.append({"action": given.get("action"), "method": given.get("method"), "fields": {}})
        elif tag == "img":
            self.images.append(given)
        if tag in {"input", "select", "textarea"}:
            if given.get("type") == "hidden":
                self.forms[-1]["fields"][given["name"]] = given.get("value") or ""
            else:
                self.fields.append({**given, "wrapped": "yes" if self.wrapped else None})

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.wrapped = False

    def form(self, action: str) -> dict[str, str]:
        """The hidden fields of the form that goes to this address."""
        fields: dict[str, str] = next(each["fields"] for each in self.forms if each["action"] == action)
        return fields


def checked(answer: httpx.Response, status: int = 200) -> Page:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(answer.content) < 100_000
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["referrer-policy"] in {"same-origin", "no-referrer"}
    page = Page(answer.text)
    assert '<html lang="en">' in answer.text
    assert page.headings == ["h1"], "one main heading"
    assert not page.tags & {"script", "iframe", "object", "style"}
    for field in page.fields:
        assert field.get("wrapped") or field.get("id") in page.labelled, f"{field} has no label"
    assert all("alt" in image for image in page.images)
    assert all("csrf" in form["fields"] for form in page.forms if form["method"] == "post")
    return page


class Browser:
    """A browser without scripts: it keeps cookies and says where a form comes from."""

    def __init__(self, backpack: Stage) -> None:
        self.client = backpack.client(accept="text/html,*/*;q=0.8", **{"user-agent": "Mozilla/5.0"})
        self.page = Page("")

    async def open(self, path: str, status: int = 200) -> Page:
        answer = await self.client.get(path)
        while answer.is_redirect:
            answer = await self.client.get(answer.headers["location"])
        self.page = checked(answer, status)
        return self.page

    async def send(self, action: str, status: int = 200, files: Any = None, **fields: Any) -> Page:
        """Fill in the form of the page that goes to `action`, send it, and follow where it leads."""
        data = {**self.page.form(action), **fields}
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = await self.client.post(action, data=data, files=files, headers=headers)
        if answer.is_redirect:
            return await self.open(answer.headers["location"], status)
        self.page = checked(answer, status)
        return self.page


async def test_the_whole_way_by_pages(embedded: Stage) -> None:
    backpack = embedded
    browser = Browser(backpack)
    await backpack.deliver(backpack.award(ADA), ADA)
    await backpack.mail_to(ADA, "You were awarded")
    await browser.open("/")
    await browser.open("/sign-up")
    weak = await browser.send("/sign-up", 422, login="ada", password="short", name="Ada", email=ADA)
    assert "Take at least 10 characters" in weak.text
    assert 'value="ada"' in weak.text
    await browser.send("/sign-up", login="ada", password=PASSWORD, name="Ada", email=ADA)
    assert "There is nothing here" in browser.page.text
    token = token_in(await backpack.mail_to(ADA, "Confirm"))
    await browser.open(f"/confirm?token={token}")
    assert "One badge was waiting" in (await browser.send("/confirm")).text
    assert "The link does not work any more" in (await browser.open(f"/confirm?token={token}")).text

    listed = await browser.open("/badges")
    row = re.search(r"/badges/([0-9a-f]{32})", listed.text)
    assert row is not None
    one = f"/badges/{row[1]}"
    await browser.send(f"{one}/accept")
    assert "First aid" in browser.page.text
    await browser.send(f"{one}/hide")
    assert row[1] not in (await browser.open("/badges")).text
    assert row[1] in (await browser.open("/badges?which=hidden")).text
    await browser.open(one)
    await browser.send(f"{one}/unhide")
    await browser.send(f"{one}/check")

    await browser.open(f"/my-shares/new?credential={row[1]}")
    assert "I show these badges" in browser.page.text
    none = await browser.send("/my-shares/new", 422, audience="link")
    assert "Badges" in none.text
    await browser.send(
        "/my-shares/new", credential=row[1], title="For my application", until="2026-12-31", audience="link"
    )
    link = re.search(r'href="(http://localhost:8002/shares/[0-9a-f]{32})"', browser.page.text)
    assert link is not None
    stranger = Browser(backpack)
    shared = await stranger.open(link[1])
    assert "For my application" in shared.text
    assert "31 December 2026" in shared.text
    mine = await browser.open("/my-shares")
    assert "<td>once</td>" in mine.text
    share = re.search(r"/my-shares/([0-9a-f]{32})", mine.text)
    assert share is not None
    await browser.open(f"/my-shares/{share[1]}")
    assert "does not work any more" in (await browser.send(f"/my-shares/{share[1]}/close")).text
    assert "The link was closed" in (await stranger.open(link[1], 410)).text

    account = await browser.open("/account")
    assert "withdrawn" in account.text
    await browser.send("/account/name", name="Countess")
    assert 'value="Countess"' in browser.page.text
    await browser.send("/account/identifiers", type="did", value="did:key:z6Mk")
    assert "did:key:z6Mk" in browser.page.text
    wrong = await browser.send("/account/password", 401, current="wrong", new="another long sentence")
    assert "Login or password is wrong" in wrong.text
    exported = await browser.client.get("/account/export")
    assert exported.json()["learner"]["name"] == "Countess"

    await browser.open(one)
    assert "There is nothing here" in (await browser.send(f"{one}/remove")).text
    await browser.open("/account/erase")
    assert (
        "The account and 0 badges were erased"
        in (await browser.send("/account/erase", password=PASSWORD)).text
    )
    assert "Sign in" in (await browser.open("/badges")).text


async def test_import_by_page(embedded: Stage) -> None:
    backpack = embedded
    ada = await backpack.learner(ADA)
    browser = Browser(backpack)
    browser.client.cookies.set("confer_backpack", ada.token, domain="localhost.local")
    await browser.open("/import")
    nothing = await browser.send("/import", 422, files={"file": ("", b"")})
    assert "Choose a file or give an address" in nothing.text
    forged = strict_json.dumps({**backpack.award(ADA), "name": "Brain surgery"})
    refused = await browser.send("/import", 422, files={"file": ("badge.json", forged)})
    assert "The badge did not verify" in refused.text
    assert "What was checked" in refused.text
    assert (
        "There is no badge in it" in (await browser.send("/import", 422, files={"file": ("a.png", PNG)})).text
    )
    good = strict_json.dumps(backpack.award(ADA))
    imported = await browser.send("/import", files={"file": ("badge.json", good)})
    assert "The file you imported" in imported.text


async def test_forms_of_other_sites_are_refused(embedded: Stage) -> None:
    backpack = embedded
    ada = await backpack.learner(ADA)
    browser = Browser(backpack)
    browser.client.cookies.set("confer_backpack", ada.token, domain="localhost.local")
    page = await browser.open("/account")
    fields = {**page.form("/account/name"), "name": "Mallory"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = await browser.client.post("/account/name", data=fields, headers=headers)
        checked(answer, 403)
    without_token = {"name": "Mallory"}
    ours = {"Sec-Fetch-Site": "same-origin"}
    checked(await browser.client.post("/account/name", data=without_token, headers=ours), 403)
    assert (await ada.get("/v1/learners/me"))["name"] is None


async def test_who_is_not_signed_in_is_sent_there_and_back(embedded: Stage) -> None:
    backpack = embedded
    ada = await backpack.learner()
    browser = Browser(backpack)
    answer = await browser.client.get("/my-shares")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/my-shares")
    await browser.open("/my-shares")
    wrong = await browser.send("/sign-in", 401, login=ada.login, password="wrong password")
    assert wrong.form("/sign-in")["next"] == "/my-shares"
    assert (
        "You have not shared anything yet"
        in (await browser.send("/sign-in", login=ada.login, password=PASSWORD)).text
    )
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        fields = {**(await Browser(backpack).open("/sign-in")).form("/sign-in")}
        assert fields["next"] == "/badges"
        stranger = Browser(backpack)
        page = await stranger.open(f"/sign-in?next={elsewhere}")
        assert page.form("/sign-in")["next"] == "/badges"


async def test_forgotten_password_by_page(embedded: Stage) -> None:
    backpack = embedded
    ada = await backpack.learner(ADA)
    browser = Browser(backpack)
    await browser.open("/forgotten")
    assert "If an account has confirmed this address" in (await browser.send("/forgotten", email=ADA)).text
    token = token_in(await backpack.mail_to(ADA, "A new password"))
    await browser.open(f"/reset?token={token}")
    await browser.send("/reset", 422, password="short")
    await browser.send("/reset", password="another long sentence")
    await browser.open("/sign-in")
    await browser.send("/sign-in", login=ada.login, password="another long sentence")
    await browser.open("/account")
    await browser.send("/sign-out")
    assert "Sign up" in browser.page.text


async def test_text_of_a_badge_cannot_become_markup(embedded: Stage) -> None:
    backpack = embedded
    ada = await backpack.learner(ADA)
    subject = backpack.award(ADA)["credentialSubject"]
    nasty = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    subject["achievement"]["criteria"] = {"narrative": f"# Title\n\n{nasty} [x](javascript:alert(1))"}
    subject["achievement"]["description"] = nasty
    badge = backpack.award(ADA, name=nasty, credentialSubject=subject)
    imported = await ada.import_file(strict_json.dumps(badge), "application/vc")
    browser = Browser(backpack)
    browser.client.cookies.set("confer_backpack", ada.token, domain="localhost.local")
    page = await browser.open(f"/badges/{imported['credential']['id']}")
    assert "<script>" not in page.text
    assert "onerror=alert" not in page.text.replace("&lt;img src=x onerror=alert(1)&gt;", "")
    assert "javascript:" not in page.text.replace("[x](javascript:alert(1))", "")
    share = await ada.post("/v1/shares", {"credentials": [imported["credential"]["id"]], "title": nasty}, 201)
    shared = await Browser(backpack).open(share["url"])
    assert "<script>" not in shared.text


async def test_mail_cannot_be_forged_by_a_badges_name(embedded: Stage) -> None:
    backpack = embedded
    subject = backpack.award(ADA)["credentialSubject"]
    badge = backpack.award(
        ADA, name="First\r\nBcc: all@school.example\n\nPay here", credentialSubject=subject
    )
    await backpack.deliver(badge, ADA)

    async def look() -> bool:
        return bool(backpack.mails())

    await until(look)
    [mail] = backpack.mails()
    assert mail["Bcc"] is None
    assert mail["Subject"] == "You were awarded a badge: First Bcc: all@school.example Pay here"
