"""Issuer profiles, their DID documents and keys: rotation keeps old badges verifiable, compromise does not."""

from typing import Any

import pytest

from shared.vc import multikey, strict_json
from shared.vc.contexts import ContextStore
from shared.vc.proofs import data_integrity
from tests.integration.issuer.stage import Organisation, Stage, until

pytestmark = pytest.mark.anyio


def verifies(body: bytes, did_document: dict[str, Any]) -> bool:
    """As a verifier sees it: the proof holds, with a key that the DID document lists for assertions."""
    document = strict_json.loads_object(body)
    (proof,) = data_integrity.proofs_of(document)
    methods = {method["id"]: method for method in did_document["verificationMethod"]}
    method = methods.get(proof["verificationMethod"])
    if method is None:
        return False
    key = multikey.decode(method["publicKeyMultibase"])
    data_integrity.verify(document, proof, key, ContextStore.builtin())
    return method["id"] in did_document["assertionMethod"]


async def did_document(stage: Stage, profile: dict[str, Any]) -> dict[str, Any]:
    answer = await stage.client().get(f"/issuers/{profile['id']}/did.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


async def test_a_profile_gets_a_did_and_a_key(school: Organisation) -> None:
    body = {
        "profile": {
            "name": "Riverside College",
            "url": "https://riverside.example",
            "email": "badges@riverside.example",
            "description": "By the river.",
            "image": {"id": "https://riverside.example/logo.png", "type": "Image", "caption": "A river"},
            "otherIdentifier": [
                {"type": ["IdentifierEntry"], "identifier": "042", "identifierType": "sourcedId"}
            ],
        },
        "external_id": "p-1",
    }
    profile = await school.post("/v1/profiles", body, 201)
    assert profile["did"] == f"did:web:localhost%3A8001:issuers:{profile['id']}"
    assert (profile["key"]["algorithm"], profile["external_id"], profile["test"]) == ("Ed25519", "p-1", True)
    document = await did_document(school.stage, profile)
    assert document["id"] == profile["did"]
    assert document["assertionMethod"] == [profile["key"]["verification_method"]]
    public = await school.stage.client().get(f"/issuers/{profile['id']}")
    assert public.headers["content-type"] == "application/ld+json"
    assert public.json()["otherIdentifier"][0]["identifier"] == "042"
    again = await school.stage.client({"If-None-Match": public.headers["ETag"]}).get(
        f"/issuers/{profile['id']}"
    )
    assert again.status_code == 304


async def test_a_profile_is_held_against_the_model(school: Organisation) -> None:
    for wrong, pointer in (
        ({"url": "https://x.example"}, "/profile/name"),
        ({"name": "X", "favouriteColour": "blue"}, "/profile/favouriteColour"),
        ({"name": "X", "id": "did:web:evil.example"}, "/profile/id"),
        ({"name": "X", "url": "not a url"}, "/profile/url"),
    ):
        refused = await school.post("/v1/profiles", {"profile": wrong}, 422)
        assert refused["code"] == "invalid-profile"
        assert refused["errors"][0]["pointer"].startswith(pointer), refused


async def test_a_change_needs_the_version_last_read(school: Organisation) -> None:
    profile = await school.profile()
    path = f"/v1/profiles/{profile['id']}"
    change = {"profile": {"name": "Riverside University"}}
    assert (await school.request("PUT", path, json=change)).status_code == 428
    tag = (await school.request("GET", path)).headers["ETag"]
    await school.request("PUT", path, json=change, headers={"If-Match": tag}, expect=200)
    stale = await school.request("PUT", path, json=change, headers={"If-Match": tag}, expect=412)
    assert stale.json()["code"] == "precondition-failed"


async def test_rotation_keeps_old_badges_verifiable(school: Organisation) -> None:
    profile = await school.profile()
    achievement = (await school.achievement(profile["id"]))["id"]
    old = (await school.credential(await school.award(achievement, "a@x.example"))).content
    rotated = await school.post(f"/v1/profiles/{profile['id']}/keys/rotate", None, 201)
    assert rotated["id"] != profile["key"]["id"]
    new = (await school.credential(await school.award(achievement, "b@x.example"))).content
    document = await did_document(school.stage, profile)
    assert strict_json.loads(new)["proof"][0]["verificationMethod"] == rotated["verification_method"]
    assert verifies(old, document)
    assert verifies(new, document)
    keys = (await school.get(f"/v1/profiles/{profile['id']}/keys"))["items"]
    assert sorted(key["state"] for key in keys) == ["active", "retired"]
    assert all("sealed" not in key for key in keys)


async def test_a_compromised_key_vouches_for_nothing(school: Organisation) -> None:
    profile = await school.profile()
    achievement = (await school.achievement(profile["id"]))["id"]
    award = await school.award(achievement, "a@x.example")
    old = (await school.credential(award)).content
    path = f"/v1/profiles/{profile['id']}/keys/{profile['key']['id']}/compromise"
    await school.post(path, {"reason": "A laptop was stolen."}, 200)
    document = await did_document(school.stage, profile)
    assert not verifies(old, document)
    new = (await school.credential(await school.award(achievement, "b@x.example"))).content
    assert verifies(new, document)
    assert (await school.post(path, {}, 409))["code"] == "key-not-usable"
    url = strict_json.loads(old)["credentialStatus"]["statusListCredential"]

    async def signed_anew() -> bool:
        return verifies((await school.stage.client().get(url)).content, document)

    await until(signed_anew)


async def test_closing_is_final_and_leaves_what_was_awarded(school: Organisation) -> None:
    profile = await school.profile()
    award = await school.award((await school.achievement(profile["id"]))["id"])
    closed = await school.post(f"/v1/profiles/{profile['id']}/close", {"reason": "Merged."})
    assert (closed["state"], closed["closed_reason"]) == ("closed", "Merged.")
    assert (await school.post(f"/v1/profiles/{profile['id']}/close", {}, 409))["code"] == "profile-closed"
    body = {"profile": profile["id"], "achievement": {"name": "x"}}
    assert (await school.post("/v1/achievements", body, 409))["code"] == "profile-closed"
    assert verifies((await school.credential(award)).content, await did_document(school.stage, profile))
    assert (await school.post(f"/v1/awards/{award['id']}/revoke"))["state"] == "revoked"


async def test_pages_follow_one_another(school: Organisation) -> None:
    made = {(await school.profile(f"Profile {n}"))["id"] for n in range(5)}
    seen: list[str] = []
    path = "/v1/profiles?limit=2"
    while path:
        answer = await school.request("GET", path, expect=200)
        seen += [item["id"] for item in answer.json()["items"]]
        cursor = answer.json().get("next")
        path = f"/v1/profiles?limit=2&cursor={cursor}" if cursor else ""
    assert len(seen) == 5
    assert set(seen) == made
