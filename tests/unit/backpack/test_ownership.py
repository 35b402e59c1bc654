"""Whose badge it is: one match suffices, an address that is named and not hers makes it somebody else's."""

from typing import Any

import pytest

from services.backpack.credentials.ownership import ownership
from shared.vc.identity import identity_object

ADA = ("emailAddress", "ada@school.example")
DID = ("did", "did:key:z6MkAda")
STUDENT = ("systemId", "4711")


def badge(*identifiers: Any, subject_id: str | None = None) -> dict[str, Any]:
    subject: dict[str, Any] = {"type": ["AchievementSubject"]}
    if identifiers:
        subject["identifier"] = list(identifiers)
    if subject_id is not None:
        subject["id"] = subject_id
    return {"credentialSubject": subject}


HASHED = identity_object("emailAddress", "ada@school.example")
PLAIN = identity_object("emailAddress", "Ada@School.Example", hashed=False)
BOBS = identity_object("emailAddress", "bob@school.example")
NUMBER = identity_object("systemId", "4711")
UNKNOWN_HASH = {**HASHED, "identityHash": "sha3$00"}


@pytest.mark.parametrize(
    ("document", "proven", "expected"),
    [
        (badge(HASHED), [ADA], "matched"),
        (badge(PLAIN), [ADA], "matched"),
        (badge(BOBS), [ADA], "not_matched"),
        (badge(BOBS, HASHED), [ADA], "matched"),
        (badge(HASHED), [], "not_matched"),
        (badge(NUMBER), [ADA], "cannot_tell"),
        (badge(NUMBER), [STUDENT], "matched"),
        (badge(identity_object("systemId", "1")), [STUDENT], "not_matched"),
        (badge(BOBS, NUMBER), [ADA], "not_matched"),
        (badge(UNKNOWN_HASH), [ADA], "cannot_tell"),
        (badge(subject_id="did:key:z6MkAda"), [DID], "matched"),
        (badge(subject_id="did:key:z6MkBob"), [DID], "not_matched"),
        (badge(subject_id="did:key:z6MkAda"), [ADA], "cannot_tell"),
        (badge(subject_id="mailto:ADA@school.example"), [ADA], "matched"),
        (badge(subject_id="mailto:bob@school.example"), [ADA], "not_matched"),
        (badge(), [ADA], "cannot_tell"),
        ({}, [ADA], "cannot_tell"),
        ({"credentialSubject": "text"}, [ADA], "cannot_tell"),
        ({"credentialSubject": {"identifier": ["x", 1, None]}}, [ADA], "cannot_tell"),
        (
            {"recipient": {"type": "email", "identity": "ada@school.example", "hashed": False}},
            [ADA],
            "matched",
        ),
        (
            {"recipient": {"type": "email", "identity": "bob@school.example", "hashed": False}},
            [ADA],
            "not_matched",
        ),
        (
            {
                "recipient": {
                    "type": "email",
                    "hashed": True,
                    "salt": HASHED["salt"],
                    "identity": HASHED["identityHash"],
                }
            },
            [ADA],
            "matched",
        ),
    ],
)
def test_ownership(document: dict[str, Any], proven: list[tuple[str, str]], expected: str) -> None:
    assert ownership(document, proven) == expected
