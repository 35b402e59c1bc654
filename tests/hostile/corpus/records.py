"""Credentials within credentials: endorsements of endorsements, records of records, and subjects without end."""

import copy
from typing import Any

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from tests.hostile.corpus.attack import Given, Json, Stage, attack

CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"


def profile(depth: int, **members: Any) -> Json:
    found: Json = {"type": ["Profile"], "name": "x", **members}
    for _ in range(depth):
        found = {"type": ["Profile"], "name": "x" * 20, "parentOrg": found, **members}
    return found


def endorsement(number: int) -> Json:
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": f"https://a.example/{number}",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": profile(0, id="https://a.example/"),
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "https://a.example/", "type": ["EndorsementSubject"]},
    }


def record(stage: Stage, *credentials: Any) -> Json:
    """A comprehensive learner record of these credentials."""
    document = stage.honest.badge(type=["VerifiableCredential", "ClrCredential"])
    document["@context"] = [CREDENTIALS_V2, CLR, OPEN_BADGES_3]
    document["credentialSubject"] = {"type": ["ClrSubject"], "verifiableCredential": list(credentials)}
    return document


def forged(document: Json, stage: Stage) -> Json:
    return {**document, "proof": stage.honest.award()["proof"]}


@attack("endorsement.too_many", "more endorsements", aside=True)
def endorsement_of_itself(stage: Stage) -> Given:
    """Twelve endorsements, each endorsed by one that is endorsed, three deep, in a badge whose proof holds"""

    def endorsed(name: str, depth: int) -> Json:
        inner = {"endorsement": [endorsed(f"{name}-x", depth - 1)]} if depth else {}
        return {**endorsement(0), "id": f"https://a.example/{name}", **inner}

    return stage.honest.award(endorsement=[endorsed(str(n), 3) for n in range(12)])


@attack("context.too_complex", "more work")
def six_hundred_endorsements(stage: Stage) -> Given:
    """600 endorsements in a badge"""
    return forged(stage.honest.badge(endorsement=[endorsement(number) for number in range(600)]), stage)


@attack("endorsement.invalid", "cannot be read", aside=True)
def endorsement_that_is_a_bomb(stage: Stage) -> Given:
    """An endorsement as JWT, whose payload is a million brackets"""
    from tests.hostile.corpus.tokens import forged as token

    jwt = token({"alg": "ES256", "typ": "JWT"}, {"a": "[" * 100}, bytes(64))
    return stage.honest.award(endorsementJwt=[jwt] * 3)


@attack("embedded.too_many", "more credentials", aside=True)
def record_of_hundreds(stage: Stage) -> Given:
    """A record of 80 credentials, by a proof that holds"""
    small = {"type": ["VerifiableCredential"], "@context": [CREDENTIALS_V2], "issuer": "did:example:x"}
    subject = {"credentialSubject": {"id": "did:example:x"}}
    return stage.honest.sign(record(stage, *[{**small, **subject, "id": f"urn:x:{n}"} for n in range(80)]))


@attack("embedded.too_many", "more credentials", aside=True)
def records_within_records(stage: Stage) -> Given:
    """A record within a record, six deep, by a proof that holds"""
    inner: Any = stage.honest.award()
    for n in range(6):
        inner = {**record(stage, inner), "id": f"urn:x:{n}"}
    return stage.honest.sign(inner)


@attack("embedded.undetermined", "more work", aside=True)
def poison_within_a_record(stage: Stage) -> Given:
    """A poison graph in a credential of a record, itself well signed"""
    from tests.hostile.corpus.graphs import complete, with_graph

    poisoned = record(stage, {**with_graph(stage, complete(9)), "id": "urn:x:1"})
    return stage.honest.sign(poisoned, cryptosuite="eddsa-jcs-2022")


@attack("context.too_complex", "more work")
def profiles_within_profiles(stage: Stage) -> Given:
    """4,000 profiles, 25 deep"""
    badge = stage.honest.badge(evidence=[profile(25, id="https://a.example/") for _ in range(160)])
    return forged(badge, stage)


@attack("context.too_complex", "more work")
def profiles_without_ids(stage: Stage) -> Given:
    """4,000 profiles, 25 deep, all blank nodes"""
    return forged(stage.honest.badge(evidence=[profile(25) for _ in range(160)]), stage)


@attack("context.too_complex", "more work")
def profiles_in_canonical_json(stage: Stage) -> Given:
    """4,000 profiles under a proof over canonical JSON, which every proof writes anew"""
    badge = forged(
        stage.honest.badge(evidence=[profile(25, id="https://a.example/") for _ in range(160)]), stage
    )
    badge["proof"] = {**badge["proof"], "cryptosuite": "eddsa-jcs-2022"}
    return badge


@attack("context.too_complex", "more work")
def thousands_of_results(stage: Stage) -> Given:
    """4,000 results, each to be found among 8,000 levels"""
    badge = copy.deepcopy(stage.honest.award())
    levels = [{"id": f"urn:x:{n}", "type": ["RubricCriterionLevel"], "name": "x"} for n in range(8000)]
    badge["credentialSubject"]["achievement"]["resultDescription"] = [
        {"id": "urn:x:d", "type": ["ResultDescription"], "name": "x", "resultType": "RubricCriterionLevel",
         "rubricCriterionLevel": levels, "allowedValue": [str(n) for n in range(8000)]}
    ]  # fmt: skip
    badge["credentialSubject"]["result"] = [
        {"type": ["Result"], "resultDescription": "urn:x:d", "value": "7999", "achievedLevel": "urn:x:7999"}
    ] * 4000
    return badge


@attack("context.too_complex", "more work")
def thousands_of_identities(stage: Stage) -> Given:
    """12,000 hashed identities, each to be hashed for the applicant"""
    badge = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["identifier"] = [
        {"type": "IdentityObject", "hashed": True, "identityHash": "sha256$0", "identityType": "emailAddress"}
    ] * 12_000
    return badge


@attack("proof.invalid", "does not fit")
def megabyte_of_text(stage: Stage) -> Given:
    """A description of a megabyte"""
    return {**stage.honest.award(), "description": "x" * 1_000_000}


@attack("proof.invalid", "does not fit")
def a_megabyte_within_things_of_one_name(stage: Stage) -> Given:
    """A text of a megabyte within 50 profiles of one id: putting together what is said of it costs the square"""
    issuer: Json = {"id": "urn:x:1", "type": ["Profile"], "name": "x" * 1_000_000}
    for n in range(50):
        issuer = {"id": "urn:x:1", "type": ["Profile"], "name": f"x{n}", "parentOrg": issuer}
    badge: Json = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["achievement"]["creator"] = issuer
    return badge
