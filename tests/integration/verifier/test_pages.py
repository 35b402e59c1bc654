"""The form and the report page: no script, every field labelled, the verdict in words, nothing taken for markup."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests.integration.verifier.conftest import Running
from tests.integration.verifier.world import EMAIL, Issuer, World


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


@pytest.fixture
def verifier(shared_verifier: Running) -> Running:
    return shared_verifier


class Page(HTMLParser):
    """What matters for reading it: the text, headings, controls and their labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def send(verifier: Running, **fields: str) -> tuple[int, Page]:
    with verifier.client() as client:
        # As a browser sends the form: every field, most of them empty, and no file chosen.
        form = dict.fromkeys(("url", "credential", "applicant_email", "applicant_name", "applicant_did"), "")
        files = {"file": ("", b"", "application/octet-stream")}
        answer = client.post("/", data=form | {"policy": "default"} | fields, files=files)
    assert answer.headers["content-type"].startswith("text/html")
    assert "script" not in answer.headers["content-security-policy"]
    return answer.status_code, Page(answer.text)


def test_the_form(verifier: Running):
    with verifier.client() as client:
        answer = client.get("/")
    assert answer.status_code == 200
    assert len(answer.content) < 100_000
    page = Page(answer.text)
    assert not page.all("script")
    assert page.all("html")[0]["lang"] == "en"
    labelled = {label["for"] for label in page.all("label")}
    controls = [each for each in page.all("input", "textarea", "select") if each.get("type") != "hidden"]
    assert controls
    assert {each["id"] for each in controls} == labelled
    described = {each["aria-describedby"] for each in controls if "aria-describedby" in each}
    assert described <= {each.get("id") for _, each in page.tags}
    assert page.all("form")[0]["enctype"] == "multipart/form-data"


def test_the_report_says_everything_in_words(verifier: Running, issuer: Issuer, world: World):
    world.recognise(issuer.did, issuer.recognition())
    status, page = send(verifier, credential=json.dumps(issuer.badge(1)), applicant_email=EMAIL)
    assert status == 200
    for words in (
        "The badge is accepted",
        "Bookbinding",
        "A school by the sea",
        issuer.did,
        "Guild of Workshops",
        "Visited in October.",
        "Matches",
        "Signature",
        "Passed",
        issuer.list_url,
    ):
        assert words in page.text, words
    headers = page.all("th")
    assert headers
    assert {each["scope"] for each in headers} == {"col", "row"}
    assert len(page.all("h1")) == 1


def test_a_rejected_badge_is_not_shown_as_if_it_held(verifier: Running, issuer: Issuer):
    badge = issuer.badge(1)
    badge["name"] = "Brain surgery"
    _, page = send(verifier, credential=json.dumps(badge))
    assert "The badge is rejected" in page.text
    assert "This is not confirmed." in page.text
    assert "Failed" in page.text


def test_a_link(verifier: Running, issuer: Issuer, world: World):
    link = world.put("/shares/one", issuer.badge(3), "application/vc")
    assert "The badge is accepted" in send(verifier, url=link)[1].text
    status, page = send(verifier, url=f"{world.url}/nothing")
    assert status == 200
    assert "It cannot be decided" in page.text
    assert "There is nothing behind the link" in page.text


def test_mistakes_come_back_with_what_was_filled_in(verifier: Running):
    status, page = send(verifier, credential="hello <b>", applicant_name="Mira")
    assert status == 400
    assert "That did not work" in page.text
    assert "hello <b>" in page.text  # as text
    assert not page.all("b")
    assert "Mira" in [each.get("value") for each in page.all("input")]
    status, page = send(verifier)
    assert status == 422
    assert "exactly one of" in page.text
    status, page = send(verifier, url="https://a.example", applicant_email="no address")
    assert status == 422
    assert "E-mail address" in page.text


def test_what_a_badge_says_is_no_markup(verifier: Running, issuer: Issuer):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    badge = issuer.badge(1, name=evil)
    unsigned = {name: value for name, value in badge.items() if name != "proof"}
    unsigned["credentialSubject"]["achievement"] |= {
        "name": evil,
        "criteria": {"narrative": f"{evil} [x](javascript:1)"},
    }
    unsigned["issuer"]["name"] = evil
    with verifier.client() as client:
        answer = client.post("/", data={"credential": json.dumps(issuer.sign(unsigned))})
    assert answer.status_code == 200
    page = Page(answer.text)
    assert not page.all("script", "img")
    assert not [each for each in page.all("a") if str(each.get("href", "")).startswith("javascript")]
    assert not re.search(r"<[^>]*\sonerror", answer.text)
