"""One badge at a time: every form, every source, what is said of the applicant, and what bad input gets."""

import io
import json

import pytest
from PIL import Image

from services.verifier.verifications.schemas import ReportOut
from shared.vc.baking import bake_png, bake_svg
from tests.integration.verifier.conftest import Running
from tests.integration.verifier.world import EMAIL, Issuer, World, encoded

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><circle cx="5" cy="5" r="4"/></svg>'


def drawn() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    return out.getvalue()


PNG = drawn()


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


@pytest.fixture
def verifier(shared_verifier: Running) -> Running:
    return shared_verifier


def codes(report: dict) -> set[str]:
    return {check["code"] for check in report["checks"]}


def test_a_badge_of_an_unknown_issuer_in_an_item(verifier: Running, issuer: Issuer):
    report = verifier.verify({"credential": issuer.badge(7), "external_id": "a-1", "metadata": {"job": "17"}})
    ReportOut.model_validate(report)
    assert report["verdict"] == "accepted", report
    assert report["container"] == "json"
    assert report["format"] == "ob3-data-integrity"
    assert report["external_id"] == "a-1"
    assert report["metadata"] == {"job": "17"}
    assert report["credential"]["issuer"]["id"] == issuer.did
    assert {"proof.valid", "key.retrieved", "status.active", "validity.current", "recognition.none"} <= codes(
        report
    )
    urls = {each["url"] for each in report["fetched"]}
    assert urls == {issuer.world.url + issuer.document_path, issuer.list_url}


@pytest.mark.parametrize(
    ("media_type", "container"),
    [
        ("application/json", "json"),
        ("application/vc", "json"),
        ("application/vc+ld+json", "json"),
        ("application/ld+json; charset=utf-8", "json"),
        ("image/png", "png"),
        ("image/svg+xml", "svg"),
        ("application/octet-stream", "png"),
        ("text/plain", "json"),
    ],
)
def test_a_badge_as_the_body(verifier: Running, issuer: Issuer, media_type: str, container: str):
    text = json.dumps(issuer.badge(1))
    body = {"json": text.encode(), "png": bake_png(PNG, text), "svg": bake_svg(SVG, text)}[container]
    answer = verifier.post(body, media_type)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    ReportOut.model_validate(report)
    assert (report["verdict"], report["container"]) == ("accepted", container), report
    assert answer.headers["cache-control"] == "no-store"


def test_a_badge_as_text_and_as_a_file(verifier: Running, issuer: Issuer):
    text = json.dumps(issuer.badge(1))
    assert verifier.verify({"credential": text})["verdict"] == "accepted"
    assert verifier.verify({"file": encoded(bake_png(PNG, text))})["container"] == "png"


def test_a_form_with_a_file(verifier: Running, issuer: Issuer):
    files = {"file": ("badge.png", bake_png(PNG, json.dumps(issuer.badge(1))), "image/png")}
    with verifier.client() as client:
        answer = client.post("/v1/verifications", files=files, data={"applicant_email": EMAIL, "url": ""})
    assert answer.status_code == 200, answer.text
    assert answer.json()["recipient"] == {"email": "matched"}


@pytest.mark.parametrize(
    ("applicant", "recipient"),
    [
        ({"email": "Mira@Example.org"}, {"email": "matched"}),
        ({"email": "jo@example.org"}, {"email": "not_matched"}),
        ({"name": "Mira"}, {"name": "cannot_tell"}),
        ({"did": "did:example:mira", "email": EMAIL}, {"did": "cannot_tell", "email": "matched"}),
    ],
)
def test_the_applicant(verifier: Running, issuer: Issuer, applicant: dict, recipient: dict):
    report = verifier.verify({"credential": issuer.badge(), "applicant": applicant})
    assert report["recipient"] == recipient
    assert report["verdict"] == "accepted"  # the default policy only tells


def test_a_changed_badge_is_rejected(verifier: Running, issuer: Issuer):
    badge = issuer.badge(1)
    badge["credentialSubject"]["achievement"]["name"] = "Brain surgery"
    report = verifier.verify({"credential": badge})
    assert report["verdict"] == "rejected"
    assert "proof.invalid" in codes(report)


def test_a_revoked_badge_is_rejected(verifier: Running, issuer: Issuer):
    issuer.revoke(9)
    assert verifier.verify({"credential": issuer.badge(9)})["verdict"] == "rejected"
    assert verifier.verify({"credential": issuer.badge(10)})["verdict"] == "accepted"


def test_who_vouches_for_the_issuer(verifier: Running, issuer: Issuer, world: World):
    world.recognise(
        issuer.did, issuer.recognition(), issuer.recognition(state="withdrawn", reason="not this one")
    )
    report = verifier.verify({"credential": issuer.badge(), "policy": "strict"})
    assert report["verdict"] == "accepted", report
    assert [each["reason"] for each in report["recognitions"]] == ["Visited in October."]
    assert report["recognitions"][0]["registry"] == world.url
    ReportOut.model_validate(report)


def test_nobody_vouches(verifier: Running, issuer: Issuer):
    report = verifier.verify({"credential": issuer.badge(), "policy": {"require_recognition": True}})
    assert report["verdict"] == "rejected"
    assert report["policy"]["name"] == "inline"


# --- links ---


def test_a_share_of_one_badge(verifier: Running, issuer: Issuer, world: World):
    link = world.put("/shares/one", issuer.badge(3), "application/vc")
    assert verifier.verify({"url": link})["verdict"] == "accepted"
    assert world.accepted["/shares/one"].startswith("application/vc")


def test_a_link_to_an_image_behind_a_redirect(verifier: Running, issuer: Issuer, world: World):
    world.put("/badge.png", bake_png(PNG, json.dumps(issuer.badge(3))), "image/png")
    link = world.redirect("/go", f"{world.url}/badge.png")
    report = verifier.verify({"url": link})
    assert (report["verdict"], report["container"]) == ("accepted", "png")


def test_a_link_is_never_cached(verifier: Running, issuer: Issuer, world: World):
    link = world.put("/shares/twice", issuer.badge(3), "application/vc")
    verifier.verify({"url": link})
    verifier.verify({"url": link})
    assert world.asked["/shares/twice"] == 2
    assert world.asked[issuer.document_path] == 1


def test_a_share_of_several_badges(verifier: Running, issuer: Issuer, world: World):
    listed = [{"url": f"{world.url}/shares/two/{position}"} for position in (1, 2)]
    link = world.put("/shares/two", {"url": "…", "title": None, "credentials": listed})
    report = verifier.verify({"url": link, "external_id": "two"})
    ReportOut.model_validate(report)
    assert report["verdict"] == "undetermined"
    assert codes(report) == {"format.several_credentials"}
    assert report["checks"][0]["details"]["urls"] == [each["url"] for each in listed]
    assert report["external_id"] == "two"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("{world}/nothing", "http_status"),
        ("{world}/page", "wrong_type"),
        ("http://192.168.0.1/badge", "not_https"),
        ("https://10.0.0.1/badge", "not_public_address"),
        ("https://169.254.169.254/latest", "not_public_address"),
        ("file:///etc/passwd", "bad_url"),
        ("https://user:secret@localhost/badge", "bad_url"),
        ("{world}/inside", "not_public_address"),
    ],
)
def test_a_link_that_leads_nowhere(verifier: Running, world: World, url: str, problem: str):
    world.put("/page", b"<html></html>", "text/html")
    world.redirect("/inside", "https://10.1.2.3/secret")
    report = verifier.verify({"url": url.format(world=world.url)})
    ReportOut.model_validate(report)
    assert report["verdict"] == "undetermined"
    assert codes(report) == {"format.unreachable"}
    assert report["checks"][0]["details"]["problem"] == problem, report


# --- what bad input gets ---


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"", "application/json", 400, "unparseable"),
        (b"{", "application/json", 400, "unparseable"),
        (b'{"url": "https://a.example", "url": "https://b.example"}', "application/json", 400, "unparseable"),
        (b'{"credential": NaN}', "application/json", 400, "unparseable"),
        (b"\xff\xfe", "application/json", 400, "unparseable"),
        (b"[]", "application/json", 422, "invalid-request"),
        (b"{}", "application/json", 422, "invalid-request"),
        (b'{"colour": "red"}', "application/json", 422, "invalid-request"),
        (b'{"url": "https://a.example", "file": "AA=="}', "application/json", 422, "invalid-request"),
        (b'{"file": "not base64!"}', "application/json", 422, "invalid-request"),
        (
            b'{"url": "https://a.example", "applicant": {"email": "x"}}',
            "application/json",
            422,
            "invalid-request",
        ),
        (b'{"url": "https://a.example", "policy": {"trust": 1}}', "application/json", 422, "invalid-request"),
        (b'{"url": "https://a.example", "policy": "mine"}', "application/json", 422, "policy-unknown"),
        (b'{"credential": "hello"}', "application/json", 400, "not-a-badge"),
        (b'{"credential": {"hello": "world"}}', "application/json", 400, "not-a-badge"),
        (b'{"hello": "world"}', "application/vc", 400, "not-a-badge"),
        (b'{"id": ', "application/vc", 400, "not-a-badge"),
        (b"hello", "text/plain", 400, "not-a-badge"),
        (b"", "text/plain", 400, "not-a-badge"),
        (PNG, "image/png", 400, "not-a-badge"),
        (SVG, "image/svg+xml", 400, "not-a-badge"),
        (b"%PDF-1.7", "application/octet-stream", 400, "not-a-badge"),
        (b"%PDF-1.7", "application/pdf", 415, "unsupported-media-type"),
        (b"nonsense", "multipart/form-data; boundary=x", 400, "unparseable"),
        (b"nonsense", "multipart/form-data", 400, "unparseable"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422, "invalid-request"),
        (b"x" * (16 * 1024 * 1024), "text/plain", 413, "too-large"),
        (b"x" * (11 * 1024 * 1024), "text/plain", 413, "too-large"),
        (b"x" * (5 * 1024 * 1024), "text/plain", 413, "too-large"),
        (bytes(5 * 1024 * 1024), "image/png", 413, "too-large"),
    ],
)
def test_bad_input(verifier: Running, body: bytes, media_type: str, status: int, code: str):
    answer = verifier.post(body, media_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_fields_are_named(verifier: Running):
    answer = verifier.post(b'{"url": "https://a.example", "aplicant": {}}', "application/json")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/aplicant"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("eyJhbGciOiJub25lIn0.e30.", "proof.malformed"),
        (
            '{"@context": [], "type": "VerifiableCredential", "type": "OpenBadgeCredential"}',
            "format.unsafe_json",
        ),
        (
            '{"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}',
            "model.missing",
        ),
    ],
)
def test_what_has_a_form_gets_a_report(verifier: Running, text: str, code: str):
    answer = verifier.post(text.encode(), "application/octet-stream")
    if answer.status_code == 400:
        assert answer.json()["code"] == code
        return
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["verdict"] != "accepted"
    assert code in codes(report), report
    ReportOut.model_validate(report)


def test_a_null_character_in_a_badge_is_not_passed_on(verifier: Running, issuer: Issuer):
    answer = verifier.post(json.dumps(issuer.badge(1, name="a\u0000b")).encode(), "application/vc")
    assert answer.json()["credential"]["name"] == "a\ufffdb"
    ReportOut.model_validate(answer.json())


def test_what_is_anonymous_is_limited_and_nothing_of_it_is_kept(make_settings, world, issuer):
    from tests.integration.verifier.conftest import running

    with running(make_settings(anonymous_per_minute=2), world) as verifier:
        answers = [verifier.post(b"hello", "text/plain") for _ in range(3)]
        assert [each.status_code for each in answers] == [400, 400, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        with verifier.client("0a" * 16, "verifications:write") as client:  # a token has its own allowance
            assert client.post("/v1/verifications", json={"credential": issuer.badge()}).status_code == 200
    kept = verifier.settings.data_dir.glob("verifier.sqlite3*")
    assert not any(b"127.0.0.1" in each.read_bytes() or b"Bookbinding" in each.read_bytes() for each in kept)


def test_a_bad_token_is_not_taken_for_none(verifier: Running, issuer: Issuer):
    with verifier.client() as client:
        answer = client.post(
            "/v1/verifications",
            json={"credential": issuer.badge()},
            headers={"Authorization": "Bearer nonsense"},
        )
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    with verifier.client("0a" * 16, "policies:read") as client:
        answer = client.post("/v1/verifications", json={"credential": issuer.badge()})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
