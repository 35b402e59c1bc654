"""The structure of Open Badges 3.0, class by class."""

import copy
import json
from typing import Any

import pytest

from shared.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.model import check, check_class, lint
from shared.vc.model.classes import CLASSES
from tests.harness.credentials import Issuer, Network


def badge(**changes: Any) -> dict[str, Any]:
    return Issuer(Network()).badge(**changes)


def complete() -> dict[str, Any]:
    """A badge that uses every class of the model."""
    profile = {
        "id": "https://issuer.example/about",
        "type": ["Profile"],
        "name": "Riverside School",
        "url": "https://issuer.example",
        "phone": "+1-555-0100",
        "email": "office@issuer.example",
        "image": {"id": "https://issuer.example/logo.png", "type": "Image", "caption": "A river"},
        "address": {
            "type": ["Address"],
            "addressCountry": "US",
            "geo": {"type": "GeoCoordinates", "latitude": 1.5, "longitude": 2},
        },
        "otherIdentifier": [{"type": "IdentifierEntry", "identifier": "12", "identifierType": "sourcedId"}],
        "parentOrg": {"id": "urn:uuid:5f7b", "type": ["Profile"]},
        "dateOfBirth": "1990-02-28",
    }
    alignment = {
        "type": ["Alignment"],
        "targetName": "Breathing",
        "targetUrl": "https://frameworks.example/1",
        "targetType": "ext:thing",
    }
    level = {
        "id": "urn:uuid:level",
        "type": ["RubricCriterionLevel"],
        "name": "Good",
        "alignment": [alignment],
    }
    rubric = {
        "id": "urn:uuid:rubric",
        "type": ["ResultDescription"],
        "name": "Practice",
        "resultType": "RubricCriterionLevel",
        "rubricCriterionLevel": [level],
    }
    percent = {
        "id": "urn:uuid:percent",
        "type": ["ResultDescription"],
        "name": "Test",
        "resultType": "Percent",
        "valueMin": "0",
        "valueMax": "100",
    }
    grade = {
        "id": "urn:uuid:grade",
        "type": ["ResultDescription"],
        "name": "Grade",
        "resultType": "LetterGrade",
        "allowedValue": ["B", "A"],
    }
    status = {"id": "urn:uuid:status", "type": ["ResultDescription"], "name": "State", "resultType": "Status"}
    achievement = {
        "id": "https://issuer.example/achievements/1",
        "type": ["Achievement"],
        "name": "First aid",
        "description": "Knows what to do.",
        "criteria": {"id": "https://issuer.example/criteria/1"},
        "achievementType": "Certificate",
        "creator": profile,
        "creditsAvailable": 2.5,
        "inLanguage": "en-GB",
        "alignment": [alignment],
        "related": [{"id": "urn:uuid:2", "type": ["Related"], "inLanguage": "de", "version": "2"}],
        "resultDescription": [rubric, percent, grade, status],
        "tag": ["health"],
    }
    results = [
        {"type": ["Result"], "resultDescription": "urn:uuid:rubric", "achievedLevel": "urn:uuid:level"},
        {"type": ["Result"], "resultDescription": "urn:uuid:percent", "value": "99"},
        {"type": ["Result"], "resultDescription": "urn:uuid:grade", "value": "A"},
        {"type": ["Result"], "resultDescription": "urn:uuid:status", "status": "Completed"},
    ]
    document = badge(
        issuer=profile,
        validUntil="2030-01-01T00:00:00+02:00",
        awardedDate="2025-12-31T00:00:00.123Z",
        evidence=[{"id": "https://issuer.example/evidence/1", "type": ["Evidence"], "genre": "photograph"}],
        credentialSubject={
            "type": ["AchievementSubject"],
            "identifier": [
                {"type": "IdentityObject", "hashed": False, "identityHash": "Ada", "identityType": "name"}
            ],
            "achievement": achievement,
            "result": results,
            "activityStartDate": "2025-01-01T00:00:00Z",
            "activityEndDate": "2025-02-01T00:00:00Z",
            "creditsEarned": 2.5,
        },
    )
    copied: dict[str, Any] = json.loads(json.dumps(document))  # no part is shared by two places
    return copied


def found(document: dict[str, Any]) -> dict[str, str]:
    return {finding.pointer: finding.code for finding in check(document)}


def test_a_complete_badge_has_no_fault():
    assert check(complete()) == []
    assert lint(complete()) == []


def replaced(pointer: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(complete())
    *way, last = pointer.removeprefix("/").split("/")
    place: Any = document
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return document


ACHIEVEMENT = "/credentialSubject/achievement"


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/id", ..., "model.missing"),
        ("/id", "not a uri", "model.malformed_uri"),
        ("/id", None, "model.null_or_empty"),
        ("/issuer", ..., "model.missing"),
        ("/issuer", 5, "model.wrong_type"),
        ("/issuer/id", ..., "model.missing"),
        ("/issuer/type", ["Organization"], "model.missing_class"),
        ("/issuer/email", "nobody", "model.malformed_value"),
        ("/issuer/dateOfBirth", "1990-02-30", "model.malformed_date"),
        ("/issuer/parentOrg/type", "Organisation", "model.missing_class"),
        ("/issuer/otherIdentifier/0/type", "Identifier", "model.missing_class"),
        ("/issuer/otherIdentifier/0/identifierType", "passport", "model.not_in_list"),
        ("/issuer/otherIdentifier/0/extra", "x", "model.unexpected"),
        ("/issuer/image/extra", "x", "model.unexpected"),
        ("/issuer/image", "https://issuer.example/logo.png", "model.wrong_type"),
        ("/issuer/address/geo/latitude", "north", "model.wrong_type"),
        ("/validFrom", ..., "model.missing"),
        ("/validFrom", "2026-01-01", "model.malformed_date"),
        ("/validFrom", "2026-01-01T00:00:00", "model.malformed_date"),
        ("/validFrom", "2026-02-30T00:00:00Z", "model.malformed_date"),
        ("/validUntil", "2020-01-01T00:00:00Z", "model.dates_reversed"),
        ("/type", ["VerifiableCredential", "AchievementCredential", 5], "model.wrong_type"),
        ("/evidence/0/type", ["Proof"], "model.missing_class"),
        ("/credentialSubject", [], "model.wrong_type"),
        ("/credentialSubject/identifier", ..., "subject.unidentified"),
        ("/credentialSubject/identifier/0/type", "Identity", "model.missing_class"),
        ("/credentialSubject/identifier/0/hashed", "no", "model.wrong_type"),
        ("/credentialSubject/identifier/0/identityType", "email", "model.not_in_list"),
        ("/credentialSubject/identifier/0/more", 1, "model.unexpected"),
        ("/credentialSubject/type", ["Subject"], "model.missing_class"),
        ("/credentialSubject/creditsEarned", True, "model.wrong_type"),
        ("/credentialSubject/activityEndDate", "2024-01-01T00:00:00Z", "model.dates_reversed"),
        ("/credentialSubject/result/0/type", ["Score"], "model.missing_class"),
        ("/credentialSubject/result/3/status", ..., "model.missing"),
        ("/credentialSubject/result/3/status", "ext:Done", "model.not_in_list"),
        (ACHIEVEMENT, ..., "model.missing"),
        (f"{ACHIEVEMENT}/name", ..., "model.missing"),
        (f"{ACHIEVEMENT}/description", 5, "model.wrong_type"),
        (f"{ACHIEVEMENT}/description", {"a": "b"}, "model.wrong_type"),
        (f"{ACHIEVEMENT}/criteria", {"type": "Criteria"}, "model.criteria_empty"),
        (f"{ACHIEVEMENT}/criteria", "Come.", "model.wrong_type"),
        (f"{ACHIEVEMENT}/achievementType", "Bagde", "model.not_in_list"),
        (f"{ACHIEVEMENT}/inLanguage", "english", "model.malformed_value"),
        (f"{ACHIEVEMENT}/endorsementJwt", ["not a jws"], "model.malformed_value"),
        (f"{ACHIEVEMENT}/alignment/0/targetUrl", ..., "model.missing"),
        (f"{ACHIEVEMENT}/alignment/0/targetType", "Thing", "model.not_in_list"),
        (f"{ACHIEVEMENT}/resultDescription/0/type", ["Description"], "model.missing_class"),
        (f"{ACHIEVEMENT}/resultDescription/1/resultType", "Points", "model.not_in_list"),
        (f"{ACHIEVEMENT}/resultDescription/0/rubricCriterionLevel/0/name", ..., "model.missing"),
    ],
)
def test_what_breaks_a_rule(pointer, value, code):
    findings = check(replaced(pointer, value))
    assert code in {one.code for one in findings if one.severity == "error"}
    assert all(one.pointer.startswith(pointer.rsplit("/", 1)[0]) for one in findings if one.code == code)


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/evidence", {"type": ["Evidence"]}, "model.not_an_array"),
        ("/evidence", [], "model.null_or_empty"),
        ("/issuer", "https://issuer.example/about", "model.issuer_not_embedded"),
        ("/credentialSubject/result/1/value", "101", "model.result_out_of_range"),
        ("/credentialSubject/result/1/value", "many", "model.result_out_of_range"),
        ("/credentialSubject/result/2/value", "F", "model.result_out_of_range"),
        ("/credentialSubject/result/0/achievedLevel", "urn:uuid:other", "model.result_unknown"),
        ("/credentialSubject/result/0/resultDescription", "urn:uuid:other", "model.result_unknown"),
        (
            "/@context/1",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json",
            "context.older_version",
        ),
    ],
)
def test_bad_form_is_told_and_stops_an_issuer(pointer, value, code):
    document = replaced(pointer, value)
    assert [(one.code, one.severity) for one in check(document)] == [(code, "warning")]
    assert [(one.code, one.severity) for one in lint(document)] == [(code, "error")]


@pytest.mark.parametrize(
    "contexts",
    [OPEN_BADGES_3, [OPEN_BADGES_3, CREDENTIALS_V2], [CREDENTIALS_V2], [CREDENTIALS_V2, {"a": "b"}], []],
)
def test_contexts_in_the_wrong_place(contexts):
    assert "context.missing" in {one.code for one in check(replaced("/@context", contexts))}


def test_types_that_may_stand_alone():
    document = complete()
    document["credentialSubject"]["type"] = "AchievementSubject"
    assert check(document) == []


def test_version_1_of_the_data_model():
    document = complete()
    document["@context"] = [CREDENTIALS_V1, OPEN_BADGES_3]
    document["issuanceDate"] = document.pop("validFrom")
    assert [one.code for one in check(document)] == ["context.older_version"]
    del document["issuanceDate"]
    assert found(document)["/issuanceDate"] == "model.missing"


def test_a_long_list_of_faults_is_cut():
    document = complete()
    document["evidence"] = [5] * 500
    findings = check(document)
    assert len(findings) == 51
    assert findings[-1].code == "model.too_many"


def test_pointers_are_escaped():
    value = {"type": "Image", "id": "urn:x:1", "a/b~c": 1}
    assert check_class(value, "Image", "/image")[0].pointer == "/image/a~1b~0c"


def test_every_table_refers_to_tables_that_exist():
    for table in CLASSES.values():
        for rule in table.properties.values():
            assert rule.kind != "class" or rule.of == "Issuer" or rule.of in CLASSES


def test_parts_for_an_issuer():
    assert lint(complete()["credentialSubject"]["achievement"], "Achievement") == []
    assert lint({"id": "x"}, "Profile") != []
