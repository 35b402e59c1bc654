"""Badges in each format: who chooses it, what its keys are, what its address answers, and that it verifies till it is revoked."""

from typing import Any

import pytest
from joserfc import jwk

from services.issuer.awards import store as awards
from services.issuer.keys.store import SigningKey, public_key
from shared.messaging.topics import CREDENTIALS
from shared.vc import strict_json
from shared.vc.baking import extract
from shared.vc.keys import Algorithm, PublicKey
from shared.vc.proofs import data_integrity, ecdsa_sd, jwt
from shared.vc.verify import Applicant
from tests.integration.issuer.stage import Organisation, until
from tests.integration.issuer.test_bulk import all_rows
from tests.integration.issuer.test_events import published
from tests.integration.issuer.test_judges import judged, whole
from tests.integration.issuer.test_profiles_and_keys import did_document

pytestmark = pytest.mark.anyio

FORMATS = ("eddsa-rdfc-2022", "ecdsa-sd-2023", "jwt-rs256", "jwt-es256")
JWTS = FORMATS[2:]
ALGORITHMS = {
    "eddsa-rdfc-2022": "Ed25519",
    "ecdsa-sd-2023": "P-256",
    "jwt-rs256": "RSA",
    "jwt-es256": "P-256",
}
embedded = pytest.mark.parametrize("issuer_database", ["sqlite"], indirect=True)


def says(body: bytes) -> dict[str, Any]:
    """What a badge says, of whatever form."""
    if not body.startswith(b"{"):
        return jwt.parse(body.decode()).credential
    return strict_json.loads_object(body)


def is_base(body: bytes) -> bool:
    return any(ecdsa_sd.is_base(proof) for proof in data_integrity.proofs_of(strict_json.loads_object(body)))


@embedded
@pytest.mark.parametrize("form", FORMATS)
async def test_it_verifies_until_it_is_revoked(school: Organisation, form: str) -> None:
    award = await whole(school, public=True, proof_format=form)
    assert award["proof_format"] == form
    applicant = Applicant(email="ada@learner.example", name="Ada Learner")
    everyone = school.stage.client()
    accepts = ["image/png", "image/svg+xml", "application/vc+jwt" if form in JWTS else "application/vc"]
    for accept in accepts:
        badge = (await everyone.get(award["credential"], headers={"Accept": accept})).content
        report = await judged(school, badge, applicant)
        assert report.verdict == "accepted", report.to_json()
        assert report.format == ("ob3-jwt" if form in JWTS else "ob3-data-integrity")
        assert report.recipient is not None
        assert (report.recipient.email, report.recipient.name) == ("matched", "matched")
    for action, code in (
        ("suspend", "status.suspended"),
        ("reinstate", "status.active"),
        ("revoke", "status.revoked"),
    ):
        await school.post(f"/v1/awards/{award['id']}/{action}", {})

        async def told(code: str = code) -> bool:
            return code in {check.code for check in (await judged(school, badge)).checks}

        await until(told)
    assert await school.stage.service.fsck() == []


async def test_a_job_of_all_formats(school: Organisation) -> None:
    profile = await school.profile()
    achievement = (await school.achievement(profile["id"]))["id"]
    given = [
        {"recipient": {"type": "emailAddress", "identity": f"r{n}@x.example"}, "proof_format": form}
        for n, form in enumerate(FORMATS * 2)
    ]
    given.append({**given[0], "proof_format": "ed25519-signature-2020"})
    done = await school.finished(await school.post(f"/v1/awards/bulk?achievement={achievement}", given, 202))
    assert (done["succeeded"], done["failed"]) == (8, 1)
    rows = await all_rows(school, done)
    assert rows[-1]["problem"]["errors"][0]["pointer"] == "/proof_format"
    told = (await published(school.stage))[CREDENTIALS.name]
    bodies = {event.data["award"]: event.data for event in told}
    for row, form in zip(rows, FORMATS * 2, strict=False):
        award = await school.get(f"/v1/awards/{row['result']['award']}")
        assert award["proof_format"] == form
        data = bodies[award["id"]]
        assert data["media_type"] == ("application/vc+jwt" if form in JWTS else "application/vc")
        assert says(data["body"].encode())["id"] == award["credential"]
        # The backpack gets what its holder is to have.
        assert form != "ecdsa-sd-2023" or is_base(data["body"].encode())
    kinds = sorted(
        key["algorithm"] for key in (await school.get(f"/v1/profiles/{profile['id']}/keys"))["items"]
    )
    assert kinds == ["Ed25519", "P-256", "RSA"]
    assert await school.stage.service.fsck() == []
    async with school.stage.service.db.write() as session:
        found = await awards.credential(session, rows[2]["result"]["award"])
        assert found is not None
        found.key_id = (await _keys(session, profile["id"]))["P-256"].id
    [wrong] = await school.stage.service.fsck()
    assert "does not verify" in wrong


async def _keys(session: Any, profile_id: str) -> dict[str, SigningKey]:
    from services.issuer.keys.store import of_profile

    return {key.algorithm: key for key in await of_profile(session, profile_id) if key.state == "active"}


@embedded
async def test_the_closest_choice_counts(school: Organisation) -> None:
    profile = await school.post(
        "/v1/profiles", {"profile": {"name": "Riverside"}, "proof_format": "jwt-es256"}, 201
    )
    assert (profile["proof_format"], profile["key"]["algorithm"]) == ("jwt-es256", "P-256")
    plain = await school.achievement(profile["id"])
    assert "proof_format" not in await school.get(f"/v1/achievements/{plain['id']}")
    own = await school.achievement(profile["id"], proof_format="ecdsa-sd-2023")
    assert (await school.award(plain["id"]))["proof_format"] == "jwt-es256"
    named = await school.award(own["id"], proof_format="jwt-rs256")
    assert named["proof_format"] == "jwt-rs256"
    first = await school.award(own["id"], "b@x.example")
    assert first["proof_format"] == "ecdsa-sd-2023"

    # A replacement is what the old one was, unless it is asked for otherwise.
    path = f"/v1/achievements/{own['id']}"
    tag = (await school.request("GET", path)).headers["ETag"]
    change = {"proof_format": None, "duplicates": "replace"}
    await school.request("PATCH", path, json=change, headers={"If-Match": tag}, expect=200)
    second = await school.post(f"/v1/awards/{first['id']}/replace", {}, 201)
    assert second["proof_format"] == "ecdsa-sd-2023"
    third = await school.post(f"/v1/awards/{second['id']}/replace", {"proof_format": "jwt-rs256"}, 201)
    assert third["proof_format"] == "jwt-rs256"
    # The policy `replace` is about the achievement, not about formats: a new award is signed as awards are now.
    fourth = await school.award(own["id"], "b@x.example")
    assert (fourth["proof_format"], fourth["replaces"]) == ("jwt-es256", third["id"])
    for old in (first, second, third):
        assert (await school.get(f"/v1/awards/{old['id']}"))["state"] == "replaced"
    assert await school.stage.service.fsck() == []


@embedded
async def test_a_profile_turns_to_another_format(school: Organisation) -> None:
    profile = await school.profile()
    achievement = (await school.achievement(profile["id"]))["id"]
    path = f"/v1/profiles/{profile['id']}"
    tag = (await school.request("GET", path)).headers["ETag"]
    change = {"profile": {"name": "Riverside"}, "proof_format": "jwt-rs256"}
    changed = await school.request("PUT", path, json=change, headers={"If-Match": tag}, expect=200)
    assert changed.json()["key"]["algorithm"] == "RSA"
    assert (await school.award(achievement))["proof_format"] == "jwt-rs256"
    unknown = {**change, "proof_format": "none"}
    refused = await school.request("PUT", path, json=unknown, headers={"If-Match": tag}, expect=422)
    assert refused.json()["errors"][0]["pointer"] == "/proof_format"


async def test_each_kind_of_key_has_a_life_of_its_own(school: Organisation) -> None:
    profile = await school.post(
        "/v1/profiles", {"profile": {"name": "Riverside"}, "proof_format": "jwt-rs256"}, 201
    )
    achievement = (await school.achievement(profile["id"]))["id"]
    old = {form: await school.award(achievement, f"{form}@x.example", proof_format=form) for form in FORMATS}
    path = f"/v1/profiles/{profile['id']}/keys"
    before = {key["algorithm"]: key for key in (await school.get(path))["items"]}
    assert {key["state"] for key in before.values()} == {"active"}
    rotated = await school.post(f"{path}/rotate?algorithm=P-256", None, 201)
    assert (rotated["algorithm"], rotated["state"]) == ("P-256", "active")
    assert (await school.post(f"{path}/rotate", None, 201))["algorithm"] == "RSA", "the profile's own format"
    await school.post(f"{path}/rotate?algorithm=P-384", None, 422)
    states = [(key["algorithm"], key["state"]) for key in (await school.get(path))["items"]]
    assert sorted(states) == [
        ("Ed25519", "active"), ("P-256", "active"), ("P-256", "retired"), ("RSA", "active"), ("RSA", "retired"),
    ]  # fmt: skip
    for form in FORMATS:
        new = await school.award(achievement, f"new-{form}@x.example", proof_format=form)
        for award in (old[form], new):
            report = await judged(
                school, (await school.request("GET", f"/credentials/{award['id']}")).content, as_holder=True
            )
            assert report.verdict == "accepted", report.to_json()

    # Compromised: what it signed vouches for nothing, in either format; the others stand.
    await school.post(f"{path}/{before['P-256']['id']}/compromise", {}, 200)
    for form in FORMATS:
        badge = (await school.request("GET", f"/credentials/{old[form]['id']}")).content
        verdict = (await judged(school, badge, as_holder=True)).verdict
        assert verdict == ("rejected" if ALGORITHMS[form] == "P-256" else "accepted")
    document = await did_document(school.stage, profile)
    assert before["P-256"]["verification_method"] not in document["assertionMethod"]
    assert before["P-256"]["kid"] not in document["assertionMethod"]


@embedded
async def test_keys_are_published_and_their_secrets_sealed(school: Organisation) -> None:
    profile = await school.profile()
    for algorithm in ("P-256", "RSA"):
        await school.post(f"/v1/profiles/{profile['id']}/keys/rotate?algorithm={algorithm}", None, 201)
    listed = {
        key["algorithm"]: key for key in (await school.get(f"/v1/profiles/{profile['id']}/keys"))["items"]
    }
    document = await did_document(school.stage, profile)
    methods = {method["id"]: method for method in document["verificationMethod"]}
    assert sorted(methods) == sorted(document["assertionMethod"])
    assert {methods[listed[kind]["verification_method"]]["type"] for kind in ("Ed25519", "P-256")} == {
        "Multikey"
    }
    everyone = school.stage.client()
    own = await everyone.get(f"/issuers/{profile['id']}/jwks.json")
    assert own.headers["content-type"] == "application/jwk-set+json"
    host = (await everyone.get("/.well-known/jwks.json")).json()
    keys = {key["alg"]: key for key in own.json()["keys"]}
    assert keys.keys() == {"EdDSA", "ES256", "RS256"}
    assert {key["kid"] for key in host["keys"]} == {keys["ES256"]["kid"], keys["RS256"]["kid"]}
    for algorithm, name in (("P-256", "ES256"), ("RSA", "RS256")):
        key, method = keys[name], methods[listed[algorithm]["kid"]]
        assert (key["kid"], key["iss"], method["type"]) == (method["id"], profile["did"], "JsonWebKey")
        assert PublicKey.from_jwk(key) == PublicKey.from_jwk(method["publicKeyJwk"])
        foreign = jwk.import_key({name: value for name, value in key.items() if name != "iss"})
        assert foreign.thumbprint() == key["kid"].partition("#")[2]
        assert not foreign.is_private
    async with school.stage.service.db.read() as session:
        held = await _keys(session, profile["id"])
    sealing = school.stage.service.context.sealing
    for key in held.values():
        opened = sealing.open(key.sealed, table=SigningKey.__tablename__, row=key.id)
        assert opened not in key.sealed
        assert public_key(key).algorithm is Algorithm(key.algorithm)
    assert public_key(held["RSA"]).jwk()["n"] == keys["RS256"]["n"]
    assert len(keys["RS256"]["n"]) >= 2048 // 6


@embedded
@pytest.mark.parametrize("form", JWTS)
async def test_what_the_address_of_a_jwt_badge_answers(school: Organisation, form: str) -> None:
    award = await school.award((await school.achievement())["id"], public=True, proof_format=form)
    everyone = school.stage.client()
    token = await everyone.get(award["credential"])
    assert token.headers["content-type"] == "application/vc+jwt"
    for accept, media_type in (
        ("text/plain", "text/plain; charset=utf-8"),
        ("application/jwt", "application/jwt"),
        ("application/vc, application/vc+jwt", "application/vc+jwt"),
    ):
        answer = await everyone.get(award["credential"], headers={"Accept": accept})
        assert (answer.headers["content-type"], answer.content) == (media_type, token.content)
    taken = jwt.parse(token.text)
    assert (taken.profile, taken.notes) == ("ob30-jwt", ())
    assert taken.jws.header.keys() == {"alg", "typ", "kid", "jwk"}
    assert (taken.jws.header["typ"], taken.claims["jti"]) == ("JWT", award["credential"])
    assert taken.claims["iss"] == taken.credential["issuer"]["id"]
    assert "proof" not in taken.credential
    for accept in ("application/json", "application/vc", "application/ld+json"):
        enveloped = (await everyone.get(award["credential"], headers={"Accept": accept})).content
        assert strict_json.loads_object(enveloped)["type"] == "EnvelopedVerifiableCredential"
        assert (await judged(school, enveloped)).verdict == "accepted"
    for accept in ("image/png", "image/svg+xml"):
        baked = extract((await everyone.get(award["credential"], headers={"Accept": accept})).content)
        assert (baked.kind, baked.text) == ("jwt", token.text)
    page = (await everyone.get(award["credential"], headers={"Accept": "text/html"})).text
    assert "Data Analysis I" in page
    assert "?format=jwt" in page
    assert f"JWT ({form.removeprefix('jwt-').upper()})" in page
    assert (await everyone.get(award["credential"] + "?format=jwt")).content == token.content


@embedded
async def test_base_proofs_are_for_the_issuer_and_the_holder(school: Organisation) -> None:
    award = await whole(school, public=True, proof_format="ecdsa-sd-2023")
    path = f"/credentials/{award['id']}"
    base = await school.request("GET", path, expect=200)
    assert is_base(base.content)
    assert base.headers["cache-control"] == "private, no-store"
    assert base.json()["evidence"]
    refused = await judged(school, base.content)
    assert refused.verdict == "rejected"
    assert "proof.base" in {check.code for check in refused.checks}
    everyone = school.stage.client()
    shown = await everyone.get(path)
    assert "public" in shown.headers["cache-control"]
    assert shown.headers["etag"] == (await everyone.get(path)).headers["etag"]
    for accept in ("application/vc", "application/json", "image/png", "image/svg+xml"):
        answer = await everyone.get(path, headers={"Accept": accept})
        document = strict_json.loads_object(extract(answer.content).text.encode())
        assert not is_base(strict_json.dumps(document))
        assert not document.keys() & {"evidence", "awardedDate", "description"}
        assert document["credentialSubject"].keys() == {"type", "identifier", "achievement"}
        assert "tag" in document["credentialSubject"]["achievement"], "which is public at its own address"
    page = (await everyone.get(path, headers={"Accept": "text/html"})).text
    assert "its holder chooses whom to show them" in page
    assert "Well done." not in page
    assert (await everyone.get(path + "?format=jwt")).status_code == 406
    private = await school.award(award["achievement"], "b@x.example", proof_format="ecdsa-sd-2023")
    assert (await everyone.get(f"/credentials/{private['id']}")).status_code == 404
    assert await school.stage.service.fsck() == []
