"""The small rules: identifiers, statuses, what keeping needs, paths that lead back."""

from datetime import UTC, datetime

import pytest

from services.backpack.credentials.pictures import picture_of
from services.backpack.credentials.status import after
from services.backpack.identifiers.addresses import NotAnAddress, normalise, parse
from services.backpack.vault import Vault, new_token, token_hash
from services.backpack.verification import KEEPING, judge
from services.backpack.web.rendering import local_path
from shared.db import CannotOpen, KeyEncryption
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.report import Check, Report, failed, inconclusive, passed, skipped

PROVEN = passed("proof.valid", "It holds.")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("emailAddress", " Ada@School.EXAMPLE ", "ada@school.example"),
        ("emailAddress", "ADA+tag@school.example", "ada+tag@school.example"),
        ("emailAddress", "e\u0301va@school.example", "\u00e9va@school.example"),
        ("did", " did:key:z6MkAda", "did:key:z6MkAda"),
        ("systemId", "Ab1", "Ab1"),
    ],
)
def test_identifiers_are_compared_in_one_form(kind: str, value: str, expected: str) -> None:
    assert parse(kind, value) == normalise(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("emailAddress", "ada"),
        ("emailAddress", "a@b@c"),
        ("emailAddress", ""),
        ("did", "key:z6"),
        ("name", "  "),
    ],
)
def test_what_is_no_identifier(kind: str, value: str) -> None:
    with pytest.raises(NotAnAddress):
        parse(kind, value)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["suspended", "reinstated"], "valid"),
        (["suspended", "revoked", "reinstated"], "revoked"),
        (["revoked", "replaced"], "revoked"),
        (["replaced", "suspended"], "replaced"),
        (["replaced", "revoked"], "revoked"),
        (["reinstated"], "valid"),
    ],
)
def test_revoked_is_final(events: list[str], expected: str) -> None:
    status = "valid"
    for event in events:
        status = after(status, event)
    assert status == expected


def report(*checks: Check) -> Report:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    return Report(
        verified_at=moment,
        verdict="undetermined",
        summary="",
        format="ob3-data-integrity",
        container="json",
        digest="",
        checks=checks,
        credential=None,
        recognitions=(),
        recipient=None,
        policy=KEEPING.to_json(),
        fetched=(),
    )


@pytest.mark.parametrize(
    ("checks", "genuine", "later", "status"),
    [
        ([PROVEN], True, False, "valid"),
        ([PROVEN, failed("validity.expired", "Over.")], True, False, "valid"),
        ([PROVEN, failed("status.revoked", "Gone.")], True, False, "revoked"),
        ([PROVEN, failed("status.suspended", "Waits.")], True, False, "suspended"),
        ([PROVEN, inconclusive("status.unreachable", "Away.")], True, False, None),
        ([PROVEN, failed("status.malformed", "Odd.")], False, False, None),
        ([PROVEN, failed("recognition.untrusted", "Nobody.")], True, False, "valid"),
        ([failed("proof.invalid", "Changed.")], False, False, "valid"),
        (
            [failed("proof.invalid", "Changed."), inconclusive("key.unreachable", "Away.")],
            False,
            False,
            "valid",
        ),
        (
            [skipped("proof.not_checked", "No key."), inconclusive("key.unreachable", "Away.")],
            False,
            True,
            "valid",
        ),
        ([PROVEN, inconclusive("context.unknown", "What?")], False, True, "valid"),
        ([skipped("proof.not_checked", "No key.")], False, False, "valid"),
        ([], False, False, "valid"),
    ],
)
def test_what_is_kept(checks: list[Check], genuine: bool, later: bool, status: str | None) -> None:
    judgement = judge(report(*checks))
    assert (judgement.genuine, judgement.later, judgement.status) == (genuine, later, status)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/badges/1", "/badges/1"),
        ("/a?b=c", "/a?b=c"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("badges", "/"),
        ("/\r\nX: y", "/"),
        ("/" + "a" * 300, "/"),
    ],
)
def test_only_our_own_pages_are_returned_to(path: str, expected: str) -> None:
    assert local_path(path, "/") == expected


def vault(lookup_key: bytes = b"k" * 32) -> Vault:
    return Vault(KeyEncryption({"1": b"e" * 32}, "1"), lookup_key)


def test_sealed_values_open_in_their_own_place_only() -> None:
    sealed = vault().seal_text("ada@school.example", column="identifier.value", row="1")
    assert b"ada" not in sealed
    assert vault().open_text(sealed, column="identifier.value", row="1") == "ada@school.example"
    for column, row in (("identifier.value", "2"), ("learner.name", "1")):
        with pytest.raises(CannotOpen):
            vault().open(sealed, column=column, row=row)


def test_lookups_need_the_key() -> None:
    one = vault().lookup("emailAddress", "ada@school.example")
    assert one == vault().lookup("emailAddress", "ada@school.example")
    assert one != vault(b"o" * 32).lookup("emailAddress", "ada@school.example")
    assert one != vault().lookup("did", "ada@school.example")
    with pytest.raises(ValueError, match="32 bytes"):
        vault(b"short")


def test_tokens_are_long_and_stored_as_hashes() -> None:
    token = new_token()
    assert len(token) == 43
    assert token != new_token()
    assert token not in token_hash(token)


PNG = b"\x89PNG\r\n\x1a\n...."


class Server:
    """One address with a picture behind it."""

    def __init__(self, body: bytes | None) -> None:
        self.body = body

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:  # noqa: ARG002  (Fetch's signature)
        if self.body is None:
            raise FetchRefused("unreachable", "Away.")
        return Fetched(url, url, 200, "text/html", self.body, datetime(2026, 11, 21, tzinfo=UTC), "")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PNG, "image/png"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"<!doctype html><p>no picture", None),
        (None, None),
    ],
)
async def test_pictures_are_told_by_their_bytes(body: bytes | None, expected: str | None) -> None:
    shown = {"achievement": {"image": {"id": "https://issuer.example/a"}}}
    found = await picture_of(shown, Server(body))
    assert (found.media_type if found else None) == expected


@pytest.mark.anyio
async def test_picture_in_the_badge_itself() -> None:
    shown = {"achievement": {"image": {"id": "data:image/png;base64,iVBORw0KGgoAAAA="}}, "image": None}
    found = await picture_of(shown, Server(None))
    assert found is not None
    assert found.media_type == "image/png"
    for broken in ("data:image/png;base64,***", "data:image/png", "data:,hello"):
        assert await picture_of({"image": {"id": broken}}, Server(None)) is None
