"""Badges for others to judge, with most of what Open Badges 3.0 allows in them, and keys of every kind."""

from datetime import UTC, datetime
from typing import Any

from shared.vc import multikey
from shared.vc.dids import DocumentKey, web_document
from shared.vc.identity import identity_object
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity
from shared.vc.status import StatusBits, status_entry, status_list_credential

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WEB_DID = "did:web:school.example:issuers:1"
WEB_DID_URL = "https://school.example/issuers/1/did.json"
LIST_URL = "https://school.example/status/1"
EMAIL = "mira@example.org"
CONTEXTS = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
Json = dict[str, Any]


def did_key(key: SigningKey) -> str:
    return f"did:key:{multikey.encode(key.public)}"


def key_method(did: str, key: SigningKey) -> str:
    """The verification method of a did:key, or of a key in a did:web document."""
    return f"{did}#{DocumentKey(key.public).fragment}"


def did_document(key: SigningKey, did: str = WEB_DID) -> Json:
    return web_document(did, [DocumentKey(key.public)])


def unsigned(issuer: str, *, index: int | None = None, subject: str | None = None) -> Json:
    """A badge with results, alignment, evidence and images."""
    level = "urn:uuid:3f9b1b9a-0c1e-4a94-8a53-0f1a6a4f7c11"
    result = "urn:uuid:9a2b6f0e-6b1d-4a41-9a0e-6f3a7c1d2e33"
    badge: Json = {
        "@context": CONTEXTS,
        "id": "https://school.example/credentials/4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Bookbinding, with “distinction”",
        "description": "Ünïcode and\nline ends.",
        "issuer": {
            "id": issuer,
            "type": ["Profile"],
            "name": "A school by the sea",
            "url": "https://school.example",
            "email": "badges@school.example",
            "image": {"id": "https://school.example/logo.png", "type": "Image", "caption": "A lighthouse"},
        },
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2126-01-01T00:00:00Z",
        "awardedDate": "2025-12-24T00:00:00Z",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [identity_object("emailAddress", EMAIL, salt="sea")],
            "achievement": {
                "id": "https://school.example/achievements/1/v1",
                "type": ["Achievement"],
                "achievementType": "Course",
                "name": "Bookbinding",
                "description": "Can bind a book.",
                "criteria": {"narrative": "Bind a book **by hand**."},
                "creditsAvailable": 3.5,
                "tag": ["craft", "paper"],
                "alignment": [
                    {
                        "type": ["Alignment"],
                        "targetName": "Crafts",
                        "targetUrl": "https://framework.example/crafts",
                        "targetType": "CFItem",
                    }
                ],
                "resultDescription": [
                    {
                        "id": result,
                        "type": ["ResultDescription"],
                        "name": "Neatness",
                        "resultType": "RubricCriterionLevel",
                        "rubricCriterionLevel": [
                            {"id": level, "type": ["RubricCriterionLevel"], "name": "Neat"}
                        ],
                    }
                ],
            },
            "result": [{"type": ["Result"], "resultDescription": result, "achievedLevel": level}],
        },
        "evidence": [{"id": "https://school.example/evidence/1", "type": ["Evidence"], "name": "The book"}],
    }
    if subject is not None:
        badge["credentialSubject"]["id"] = subject
    if index is not None:
        badge["credentialStatus"] = status_entry(LIST_URL, index)
    return badge


def signed(
    key: SigningKey, *, issuer: str | None = None, suite: str = "eddsa-rdfc-2022", **options: Any
) -> Json:
    """A badge by this key's did:key, or by `issuer`."""
    did = issuer or did_key(key)
    return sign(unsigned(did, **options), key, did, suite)


def sign(document: Json, key: SigningKey, did: str, suite: str = "eddsa-rdfc-2022") -> Json:
    return data_integrity.sign(
        document, key=key, verification_method=key_method(did, key), created=CREATED, cryptosuite=suite
    )


def status_list(key: SigningKey, *revoked: int, did: str = WEB_DID) -> Json:
    """The signed list, with these indexes set."""
    bits = StatusBits()
    for index in revoked:
        bits.set(index)
    return sign(status_list_credential(url=LIST_URL, issuer=did, bits=bits, valid_from=CREATED), key, did)


def ed25519() -> SigningKey:
    return SigningKey.generate(Algorithm.ED25519)
