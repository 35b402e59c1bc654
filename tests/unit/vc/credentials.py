"""Credentials for the tests of `shared.vc`: one written out, and strategies that generate them."""

import copy
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_BADGE: dict[str, Any] = {
    "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
    "id": "https://school.example/credentials/1",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {"id": "did:web:school.example", "type": ["Profile"], "name": "School of Examples"},
    "validFrom": "2026-01-01T00:00:00Z",
    "validUntil": "2030-01-01T00:00:00Z",
    "name": "Bread baking",
    "credentialSubject": {
        "type": ["AchievementSubject"],
        "identifier": [
            {
                "type": "IdentityObject",
                "hashed": True,
                "identityHash": "sha256$00",
                "identityType": "emailAddress",
                "salt": "Kosher",
            }
        ],
        "result": [{"type": ["Result"], "value": "92", "resultDescription": "urn:uuid:1"}],
        "creditsEarned": 2.5,
        "achievement": {
            "id": "https://school.example/achievements/1",
            "type": ["Achievement"],
            "name": "Bread baking",
            "description": "Bakes a loaf that rises.",
            "criteria": {"narrative": "Three loaves, of which *two* may be eaten."},
            "tag": ["baking", "bread"],
            "resultDescription": [
                {
                    "id": "urn:uuid:1",
                    "type": ["ResultDescription"],
                    "name": "Crust",
                    "resultType": "LetterGrade",
                    "allowedValue": ["D", "C", "B", "A"],
                }
            ],
            "alignment": [
                {"type": ["Alignment"], "targetName": "Dough", "targetUrl": "https://skills.example/dough"},
                {"type": ["Alignment"], "targetName": "Oven", "targetUrl": "https://skills.example/oven"},
            ],
        },
    },
}


def badge(**changes: Any) -> dict[str, Any]:
    """A badge of its own for each caller, with members replaced."""
    return {**copy.deepcopy(_BADGE), **changes}


# --- generated ----------------------------------------------------------------------------------

# Printable: PyLD does not escape control characters as RDFC-1.0 does, so it is no oracle for them.
printable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=12)
urls = st.from_regex(r"https://[a-z]{1,6}\.example/[a-z0-9]{0,6}(#[a-z]{1,3})?", fullmatch=True)
dates = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - written with Z below
    lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
)
numbers = st.one_of(
    st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9), st.sampled_from([1e21, 1.5e300, 3.0, 0.0])
)


def _objects(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _kind(name: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([name, [name]])


alignments = _objects(
    {"type": _kind("Alignment"), "targetName": printable, "targetUrl": urls}, {"targetCode": printable}
)
identifiers = _objects(
    {
        "type": st.just("IdentityObject"),
        "hashed": st.booleans(),
        "identityHash": printable,
        "identityType": printable,
    },
    {"salt": printable},
)
descriptions = _objects(
    {"id": urls, "type": _kind("ResultDescription"), "name": printable, "resultType": st.just("Status")},
    {"allowedValue": st.lists(printable, max_size=4), "alignment": st.lists(alignments, max_size=2)},
)
achievements = _objects(
    {
        "id": urls,
        "type": _kind("Achievement"),
        "name": printable,
        "description": printable,
        "criteria": _objects({}, {"id": urls, "narrative": printable}),
    },
    {
        "tag": st.lists(printable, max_size=3),
        "alignment": st.lists(alignments, max_size=3),
        "resultDescription": st.lists(descriptions, max_size=2),
        "creditsAvailable": numbers,
        "image": _objects({"id": urls, "type": st.just("Image")}, {"caption": printable}),
    },
)
profiles = _objects(
    {"id": urls, "type": _kind("Profile"), "name": printable},
    {"url": urls, "address": _objects({"type": _kind("Address")}, {"addressCountry": printable})},
)
subjects = _objects(
    {"type": _kind("AchievementSubject"), "achievement": achievements},
    {
        "id": urls,
        "identifier": st.lists(identifiers, max_size=3),
        "creditsEarned": numbers,
        "activityStartDate": dates,
        "narrative": printable,
    },
)
_proofs = _objects(
    {
        "type": st.just("DataIntegrityProof"),
        "cryptosuite": st.just("eddsa-rdfc-2022"),
        "verificationMethod": urls,
        "proofPurpose": st.just("assertionMethod"),
        "proofValue": st.just("z1"),
    },
    {"created": dates},
)
_endorsements = _objects(
    {
        "@context": st.just([CREDENTIALS_V2, OPEN_BADGES_3]),
        # Not the badge's id: what describes one credential in two places is refused.
        "id": st.uuids().map(lambda uuid: f"urn:uuid:{uuid}"),
        "type": st.just(["VerifiableCredential", "EndorsementCredential"]),
        "issuer": profiles,
        "name": printable,
        "validFrom": dates,
        "credentialSubject": _objects(
            {"id": urls, "type": _kind("EndorsementSubject")}, {"endorsementComment": printable}
        ),
    },
    {"proof": _proofs},
)
credentials = _objects(
    {
        "@context": st.just([CREDENTIALS_V2, OPEN_BADGES_3]),
        "id": urls,
        "type": st.just(["VerifiableCredential", "OpenBadgeCredential"]),
        "issuer": profiles,
        "validFrom": dates,
        "credentialSubject": subjects,
    },
    {
        "name": st.one_of(printable, st.builds(lambda text: {"@value": text, "@language": "de"}, printable)),
        "awardedDate": dates,
        "evidence": st.lists(
            _objects({"type": _kind("Evidence")}, {"id": urls, "name": printable}), max_size=3
        ),
        "endorsement": st.lists(_endorsements, max_size=2, unique_by=lambda one: str(one["id"])),
        "endorsementJwt": st.just(["a.b.c"]),
    },
)
