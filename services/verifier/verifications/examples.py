"""Examples for OpenAPI."""

from typing import Any

_DID = "did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d"

ITEM_EXAMPLES: dict[str, Any] = {
    "share": {
        "summary": "The link of a share, and what is known of the applicant",
        "value": {
            "url": "https://backpack.example.org/shares/uT3p0c6vY1",
            "applicant": {"email": "mira@example.org", "name": "Mira Tanaka"},
            "policy": "strict",
            "external_id": "application-2026-0042",
        },
    },
    "jwt": {
        "summary": "A credential as a compact JWT",
        "value": {"credential": "eyJhbGciOiJFZERTQSJ9.eyJpZCI6InVybjp1dWlkOjEifQ.c2lnbmF0dXJl"},
    },
}

BATCH_EXAMPLE: dict[str, Any] = {
    "items": [
        {"url": "https://backpack.example.org/shares/uT3p0c6vY1", "external_id": "application-2026-0042"},
        {"url": "https://badges.example.org/credentials/0b6e", "applicant": {"email": "jo@example.org"}},
    ],
    "policy": {"require_recognition": True},
    "external_id": "intake-autumn-2026",
}

REPORT_EXAMPLE: dict[str, Any] = {
    "id": "5f0d7e1c9b3a4826b1c4d7e9f0a2b3c4",
    "verified_at": "2026-11-21T20:15:00Z",
    "verdict": "accepted",
    "summary": "Accepted: the badge was issued by whom it names, is unchanged and valid now.",
    "format": "ob3-data-integrity",
    "container": "png",
    "digest": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "checks": [
        {
            "check": "proof",
            "outcome": "passed",
            "code": "proof.valid",
            "reason": "The signature covers the content.",
        },
        {
            "check": "status",
            "outcome": "passed",
            "code": "status.active",
            "reason": "The issuer has neither revoked nor suspended it.",
        },
        {
            "check": "recognition",
            "outcome": "passed",
            "code": "recognition.recognised",
            "reason": "The issuer is recognised by Guild of Workshops.",
        },
    ],
    "credential": None,
    "recognitions": [
        {
            "recogniser": {"organisation": "d4a6c8e0f2b4d6a8c0e2f4a4c6e8f0b2", "name": "Guild of Workshops"},
            "issuer": _DID,
            "scope": {},
            "valid_from": "2026-10-01T00:00:00Z",
            "valid_until": None,
            "reason": "Visited in October; the assessors know their trade.",
            "registry": "https://directory.example.org",
            "checked_at": "2026-11-21T20:14:12Z",
        }
    ],
    "recipient": {"email": "matched"},
    "policy": {"name": "default"},
    "fetched": [
        {
            "url": "https://badges.example.org/issuers/7c0f5d8e9b1a4c63a2f4d6e8091b3c5d/did.json",
            "fetched_at": "2026-11-21T20:14:12Z",
            "age_seconds": 48,
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "stale": False,
        }
    ],
    "external_id": "application-2026-0042",
}
