"""The credentials that everyone signs and verifies: small, usual, full; and one that grows."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.model.classes import CLASSES

Json = dict[str, Any]

_BADGE, _SAME = "AchievementCredential", {"Issuer": "Profile"}
SMALL, USUAL, FULL = "small", "36 quads", "full"
_SCHOOL = "https://school.example"
_ENTITY = "urn:uuid:00000000-0000-4000-8000-0000000000"
# An Ed25519 signature over nothing in particular: what stands in a credential as a text is not verified here.
_JWS = "eyJhbGciOiJFZERTQSJ9.e30." + "A" * 86


def small(issuer: str) -> Json:
    """Hardly more than the data model asks for."""
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": f"{_SCHOOL}/credentials/1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": issuer, "type": ["Profile"], "name": "A school by the sea"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": f"{_SCHOOL}/achievements/1",
                "type": ["Achievement"],
                "name": "Bookbinding",
                "description": "Can bind a book by hand.",
                "criteria": {"narrative": "Bind a book of at least 64 pages."},
            },
        },
    }


def usual(issuer: str) -> Json:
    """36 quads: what a school awards, with a hashed address, an alignment, a status entry."""
    badge = small(issuer)
    achievement = badge["credentialSubject"]["achievement"]
    achievement |= {
        "achievementType": "Course",
        "tag": ["craft", "paper"],
        "alignment": [_alignment("crafts")],
    }
    badge["issuer"] |= {"url": _SCHOOL}
    badge["credentialSubject"]["identifier"] = [_identity()]
    return {
        **badge,
        "name": "Bookbinding, with distinction",
        "validUntil": "2126-01-01T00:00:00Z",
        "credentialStatus": _status(94_567),
    }


def full(issuer: str) -> Json:
    """Every property of every class of Open Badges 3.0 at least once (see `missing`)."""
    profile = _profile(issuer, 2)
    return {
        **usual(issuer),
        "description": "Bound by hand, on paper made by hand.",
        "image": _image("badge"),
        "issuer": {**profile, "parentOrg": {**_profile(f"{_SCHOOL}/parent", 3), "name": "The county"}},
        "awardedDate": "2025-12-24T00:00:00Z",
        "credentialSchema": [{"id": f"{_SCHOOL}/schema.json", "type": "JsonSchema"}],
        "refreshService": {"id": f"{_SCHOOL}/refresh/1", "type": f"{_SCHOOL}/vocabulary#Refresh"},
        "termsOfUse": [{"id": f"{_SCHOOL}/terms", "type": f"{_SCHOOL}/vocabulary#Terms"}],
        "evidence": [_evidence(number) for number in range(2)],
        "endorsement": [_endorsement(1, f"{_SCHOOL}/achievements/1")],
        "endorsementJwt": [_JWS],
        "credentialSubject": _subject(issuer),
    }


BUILDERS = {SMALL: small, USUAL: usual, FULL: full}


def growing(issuer: str, kilobytes: int) -> Json:
    """The usual credential with so many pieces of evidence that it is about `kilobytes` long."""
    # A piece is about 205 bytes of JSON.
    return {**usual(issuer), "evidence": [_evidence(number) for number in range(5 * kilobytes - 6)]}


ISSUERS = 8
"""So many issuers sign by turns; which one, see `issuer_of`."""
_ACHIEVEMENTS = 50


def issuer_of(number: int) -> int:
    """Which of the issuers awards the credential of this number."""
    return number % ISSUERS


def numbered(document: Json, number: int) -> Json:
    """A credential of the same size that shares nothing but its form: for somebody else, of another time, mostly for
    another achievement.
    """
    kind = number % _ACHIEVEMENTS
    subject = {**document["credentialSubject"], "id": f"did:example:learner-{number}"}
    subject["achievement"] = {
        **subject["achievement"],
        "id": f"{_SCHOOL}/achievements/{kind}",
        "name": f"Bookbinding, part {kind}",
        "description": f"Can bind a book by hand, in {kind + 2} ways.",
        "criteria": {"narrative": f"Bind a book of at least {kind + 60} pages."},
    }
    if "identifier" in subject:
        subject["identifier"] = [_identity(number)]
    one = {
        **document,
        "id": f"{_SCHOOL}/credentials/{number}",
        "validFrom": _moment(number),
        "credentialSubject": subject,
    }
    return one | ({"credentialStatus": _status(number)} if "credentialStatus" in document else {})


def _moment(number: int) -> str:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number % 400_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def missing(document: Json) -> list[str]:
    """Properties of the Open Badges 3.0 model that stand nowhere in a credential, as `Class.property`."""
    seen: set[str] = set()
    _visit(document, _BADGE, seen)
    wanted = {f"{name}.{member}" for name in _reachable(_BADGE) for member in CLASSES[name].properties}
    return sorted(wanted - seen)


def _reachable(name: str) -> set[str]:
    """The classes that a badge may have objects of."""
    found, pending = set[str](), [name]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += [_SAME.get(rule.of, rule.of) for rule in CLASSES[one].properties.values() if rule.of]
    return found


def _visit(value: Any, name: str, seen: set[str]) -> None:
    for one in value if isinstance(value, list) else [value]:
        table = CLASSES[_SAME.get(name, name)]
        for member, rule in table.properties.items():
            if member in one:
                seen.add(f"{table.name}.{member}")
                if rule.kind == "class":
                    _visit(one[member], rule.of, seen)


# --- parts --------------------------------------------------------------------------------------


def _alignment(code: str) -> Json:
    return {
        "type": ["Alignment"],
        "targetName": "Crafts",
        "targetUrl": f"https://framework.example/{code}",
        "targetType": "CFItem",
    }


def _full_alignment(code: str) -> Json:
    more = {
        "targetCode": code,
        "targetDescription": "Works with paper.",
        "targetFramework": "Crafts, 2nd ed.",
    }
    return {**_alignment(code), **more}


def _identity(number: int = 0) -> Json:
    hashed = hashlib.sha256(f"learner-{number}@school.example".encode()).hexdigest()
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${hashed}",
        "identityType": "emailAddress",
        "salt": f"sea-{number}",
    }


def _status(index: int) -> Json:
    return {
        "id": f"{_SCHOOL}/status/1#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": f"{_SCHOOL}/status/1",
    }


def _image(name: str) -> Json:
    return {"id": f"{_SCHOOL}/images/{name}.png", "type": "Image", "caption": f"A picture of the {name}"}


def _evidence(number: int) -> Json:
    return {
        "id": f"{_SCHOOL}/evidence/{number}",
        "type": ["Evidence"],
        "name": f"Book {number}",
        "narrative": "Sewn on tapes, rounded and backed.",
        "description": "A photograph.",
        "genre": "Photography",
        "audience": "Everybody",
    }


def _profile(identifier: str, endorsement: int) -> Json:
    """A profile with everything but a parent."""
    return {
        "id": identifier,
        "type": ["Profile"],
        "name": "A school by the sea",
        "url": _SCHOOL,
        "phone": "+15555550100",
        "description": "Teaches crafts.",
        "image": _image("lighthouse"),
        "email": "badges@school.example",
        "address": {
            "type": ["Address"],
            "addressCountry": "Ireland",
            "addressCountryCode": "IE",
            "addressRegion": "Kerry",
            "addressLocality": "Dingle",
            "streetAddress": "1 Quay",
            "postOfficeBoxNumber": "7",
            "postalCode": "V92",
            "geo": {"type": ["GeoCoordinates"], "latitude": 52.1409, "longitude": -10.2689},
        },
        "otherIdentifier": [_identifier("12345")],
        "official": "The head",
        "dateOfBirth": "1970-01-01",
        "familyName": "Ó Sé",
        "givenName": "Máire",
        "additionalName": "Bríd",
        "patronymicName": "Ní Shé",
        "honorificPrefix": "Dr",
        "honorificSuffix": "PhD",
        "familyNamePrefix": "Ó",
        "endorsement": [_endorsement(endorsement, identifier)],
        "endorsementJwt": [_JWS],
    }


def _identifier(value: str) -> Json:
    return {"type": "IdentifierEntry", "identifier": value, "identifierType": "sourcedId"}


def _endorsement(number: int, about: str) -> Json:
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": f"https://guild.example/endorsements/{number}",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Seen and found good",
        "description": "By those who know.",
        "issuer": {"id": "https://guild.example/", "type": ["Profile"], "name": "The guild"},
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2126-01-01T00:00:00Z",
        "awardedDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "id": about,
            "type": ["EndorsementSubject"],
            "endorsementComment": "Good work.",
        },
        "credentialSchema": {"id": "https://guild.example/schema", "type": "JsonSchema"},
        "credentialStatus": _status(7),
        "refreshService": {
            "id": "https://guild.example/refresh",
            "type": "https://guild.example/vocabulary#Refresh",
        },
        "termsOfUse": {"id": "https://guild.example/terms", "type": "https://guild.example/vocabulary#Terms"},
        "evidence": [{"id": "https://guild.example/evidence", "type": ["Evidence"]}],
        "proof": {
            "type": "DataIntegrityProof",
            "created": "2026-01-02T03:04:05Z",
            "cryptosuite": "eddsa-rdfc-2022",
            "proofPurpose": "assertionMethod",
            "verificationMethod": "https://guild.example/keys/1",
            "proofValue": "z" + "3" * 87,
        },
    }


def _subject(issuer: str) -> Json:
    return {
        "id": "did:example:learner",
        "type": ["AchievementSubject"],
        "identifier": [_identity()],
        "source": {"id": issuer, "type": ["Profile"]},
        "activityStartDate": "2025-09-01T00:00:00Z",
        "activityEndDate": "2025-12-20T00:00:00Z",
        "creditsEarned": 3.5,
        "image": _image("learner"),
        "licenseNumber": "B-1",
        "narrative": "Bound three books.",
        "role": "Apprentice",
        "term": "Autumn",
        "achievement": _achievement(),
        "result": [
            {
                "type": ["Result"],
                "resultDescription": f"{_ENTITY}10",
                "achievedLevel": f"{_ENTITY}20",
                "alignment": [_full_alignment("neat")],
            },
            {"type": ["Result"], "resultDescription": f"{_ENTITY}11", "value": "88"},
            {"type": ["Result"], "resultDescription": f"{_ENTITY}12", "status": "Completed"},
        ],
    }


def _achievement() -> Json:
    about = f"{_SCHOOL}/achievements/1"
    return {
        "id": about,
        "type": ["Achievement"],
        "name": "Bookbinding",
        "description": "Can bind a book by hand.",
        "criteria": {"id": f"{about}/criteria", "narrative": "Bind a book of at least 64 pages."},
        "achievementType": "Course",
        "creator": {"id": f"{_SCHOOL}/masters/1", "type": ["Profile"], "name": "The master"},
        "creditsAvailable": 5,
        "fieldOfStudy": "Crafts",
        "humanCode": "B1",
        "image": _image("achievement"),
        "inLanguage": "en-GB",
        "specialization": "Sewing on tapes",
        "version": "2",
        "alignment": [_full_alignment("crafts")],
        "endorsement": [_endorsement(4, about)],
        "endorsementJwt": [_JWS],
        "otherIdentifier": [_identifier("B1-2026")],
        "related": [
            {"id": f"{_SCHOOL}/achievements/2", "type": ["Related"], "inLanguage": "ga", "version": "2"}
        ],
        "resultDescription": [
            _result_description("10", resultType="RubricCriterionLevel", requiredLevel=f"{_ENTITY}20")
            | {"rubricCriterionLevel": [_level(number) for number in (20, 21, 22)]},
            _result_description("11", resultType="Percent", valueMin="0", valueMax="100", requiredValue="50"),
            _result_description("12", resultType="Status", allowedValue=["Completed", "Failed"]),
        ],
        "tag": ["craft", "paper", "thread"],
    }


def _result_description(number: str, **more: Any) -> Json:
    base: Mapping[str, Any] = {
        "id": f"{_ENTITY}{number}",
        "type": ["ResultDescription"],
        "name": f"Result {number}",
        "alignment": [_full_alignment(f"result-{number}")],
    }
    return {**base, **more}


def _level(number: int) -> Json:
    return {
        "id": f"{_ENTITY}{number}",
        "type": ["RubricCriterionLevel"],
        "name": f"Level {number}",
        "alignment": [_full_alignment(f"level-{number}")],
        "description": "As it says.",
        "level": str(number - 19),
        "points": str(number),
    }
