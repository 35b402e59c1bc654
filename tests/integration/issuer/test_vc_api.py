"""The VC-API: instances of their own, every way of securing, refusals as the standard wants them, and status."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import text

from shared.clock import utc_now
from shared.db.keys import CannotOpen
from shared.vc import strict_json
from shared.vc.contexts import ContextStore
from shared.vc.dids import retrieve
from shared.vc.fetching import Fetched
from shared.vc.keys import PublicKey
from shared.vc.proofs import data_integrity, jwt, sd_jwt
from shared.vc.status import bits_of
from shared.vc.verify import verify
from tests.integration.issuer.stage import ALL, Organisation, Stage, stage

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("issuer_database", ["sqlite"], indirect=True)

V1, V2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
SCOPES = f"{ALL} vc-api:read vc-api:write vc-api:issue"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
MALFORMED = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
DATA_LOSS = "https://w3id.org/security#DATA_LOSS_DETECTION_ERROR"
GENERATION = "https://w3id.org/security#PROOF_GENERATION_ERROR"
WAYS = [
    ("eddsa-rdfc-2022", "Ed25519"),
    ("eddsa-jcs-2022", "Ed25519"),
    ("ecdsa-rdfc-2019", "P-256"),
    ("ecdsa-rdfc-2019", "P-384"),
    ("ecdsa-jcs-2019", "P-256"),
    ("ecdsa-jcs-2019", "P-384"),
    ("ecdsa-sd-2023", "P-256"),
    ("vc+jwt", "Ed25519"),
    ("vc+jwt", "P-384"),
    ("vc+sd-jwt", "P-256"),
]


@pytest.fixture
async def vc_api(issuer_database: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    async with stage(issuer_database, tmp_path / "data", migrated=True, vc_api=True) as running:
        yield running


@pytest.fixture
def coordinator(vc_api: Stage) -> Organisation:
    return vc_api.organisation(SCOPES)


def credential(issuer: Any, **more: Any) -> dict[str, Any]:
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": "did:example:ada", "name": "Ada", "description": "Plays the organ."},
        **more,
    }


async def opened(by: Organisation, securing: str = "eddsa-rdfc-2022", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await by.post("/v1/vc-api/instances", {"securing": securing, **more}, 201)
    return made


async def issued(by: Organisation, body: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = await by.post("/credentials/issue", {"credential": body, "options": options}, 201)
    secured: dict[str, Any] = answer["verifiableCredential"]
    return secured


async def refused(by: Organisation, body: Any, kind: str, code: str, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await by.post(
        "/credentials/issue", {"credential": body, "options": options}, 400
    )
    assert (answer["type"], answer["code"]) == (kind, code), answer
    return answer


async def _nothing(url: str, *, accept: str, max_bytes: int) -> Fetched:
    raise AssertionError(f"a DID made of its key needs nothing of {url} ({accept}, {max_bytes} bytes)")


async def key_of(instance: dict[str, Any]) -> PublicKey:
    """As a stranger finds it: in the DID itself."""
    found = await retrieve(instance["verification_method"], _nothing, now=NOW)
    return found.key


def holds(secured: dict[str, Any], key: PublicKey) -> dict[str, Any]:
    """Verify what was issued; the credential as a reader has it."""
    if secured["type"] == "EnvelopedVerifiableCredential":
        media_type, _, token = secured["id"].partition(",")
        assert media_type in {"data:application/vc+jwt", "data:application/vc+sd-jwt"}
        taken = sd_jwt.parse(token).credential if "~" in token else jwt.parse(token)
        jwt.verify(taken, key)
        return taken.credential
    proof = data_integrity.proofs_of(secured)[-1]
    data_integrity.verify(secured, proof, key, ContextStore.builtin(), as_holder=True)
    return secured


@on_sqlite
@pytest.mark.parametrize(("securing", "algorithm"), WAYS)
async def test_every_way_of_securing(coordinator: Organisation, securing: str, algorithm: str) -> None:
    instance = await opened(coordinator, securing, algorithm=algorithm)
    given = credential(instance["did"], id="urn:uuid:6ad9a3f0-5f9c-4f1c-9b0a-3c1d0f1e2a3b")
    secured = await issued(coordinator, given)
    read = holds(secured, await key_of(instance))
    assert {name: read[name] for name in given} == given
    if "proof" in secured:
        assert secured["proof"]["cryptosuite"] == securing
        assert secured["proof"]["verificationMethod"] == instance["verification_method"]


@on_sqlite
async def test_version_1_gets_the_context_that_defines_its_proof(coordinator: Organisation) -> None:
    instance = await opened(coordinator, status=[{"purpose": "revocation"}])
    given = credential(instance["did"], issuanceDate="2026-01-01T00:00:00Z")
    given |= {"@context": [V1], "credentialSubject": {"id": "did:example:ada"}}
    secured = await issued(coordinator, given)
    holds(secured, await key_of(instance))
    assert secured["@context"][0] == V1
    assert "https://w3id.org/security/data-integrity/v2" in secured["@context"]
    jose = await opened(coordinator, "vc+jwt")
    await refused(coordinator, {**given, "issuer": jose["did"]}, GENERATION, "cannot-secure")


@on_sqlite
async def test_proofs_that_are_there_stay(coordinator: Organisation) -> None:
    first, second = await opened(coordinator), await opened(coordinator, "ecdsa-jcs-2019")
    one = await issued(coordinator, credential(first["did"]))
    both = await issued(coordinator, {**one, "issuer": {"id": second["did"]}})
    assert [proof["cryptosuite"] for proof in both["proof"]] == ["eddsa-rdfc-2022", "ecdsa-jcs-2019"]
    holds(both, await key_of(second))
    selective = await opened(coordinator, "ecdsa-sd-2023")
    await refused(coordinator, {**one, "issuer": selective["did"]}, GENERATION, "cannot-secure")
    await refused(coordinator, {**one, "proof": {"created": "x"}}, GENERATION, "cannot-secure")


@on_sqlite
async def test_deriving(coordinator: Organisation) -> None:
    instance = await opened(coordinator, "ecdsa-sd-2023")
    base = await issued(
        coordinator, credential(instance["did"], name="Organist"), mandatoryPointers=["/issuer"]
    )
    body = {"verifiableCredential": base, "options": {"selectivePointers": ["/credentialSubject/name"]}}
    derived = (await coordinator.post("/credentials/derive", body, 201))["verifiableCredential"]
    assert derived["issuer"] == instance["did"]
    assert derived["credentialSubject"] == {"id": "did:example:ada", "name": "Ada"}
    assert "name" not in derived
    key = await key_of(instance)
    data_integrity.verify(derived, derived["proof"], key, ContextStore.builtin())
    for wrong in (derived, credential(instance["did"])):
        answer = await coordinator.post("/credentials/derive", {"verifiableCredential": wrong}, 400)
        assert answer["code"] == "cannot-derive"
    body["options"] = {"selectivePointers": ["/nowhere"]}
    answer = await coordinator.post("/credentials/derive", body, 400)
    assert (answer["code"], answer["reason"]) == ("cannot-derive", "malformed_pointer")


@on_sqlite
async def test_sd_jwt_hides_what_is_not_mandatory(coordinator: Organisation) -> None:
    instance = await opened(coordinator, "vc+sd-jwt")
    secured = await issued(
        coordinator, credential(instance["did"]), mandatoryPointers=["/credentialSubject/name"]
    )
    shown = sd_jwt.parse(secured["id"].partition(",")[2])
    assert shown.places == ("/credentialSubject/description",)


@on_sqlite
async def test_refusals(coordinator: Organisation) -> None:
    instance = await opened(coordinator)
    did = instance["did"]
    for issuer in ("did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", "nobody", {"id": None}, 4):
        await refused(coordinator, credential(issuer), MALFORMED, "no-such-issuer")
    for wrong in (
        {"@context": V2},
        {"@context": [V2, "https://nobody.example/context"]},
        {"@context": [V2, 4]},
        {"type": ["Thing"]},
        {"id": "no uri"},
        {"credentialSubject": {}},
        {"validFrom": "yesterday"},
        {"validFrom": "2026-01-02T00:00:00Z", "validUntil": "2026-01-01T00:00:00Z"},
        {"credentialStatus": {"id": "urn:x:1"}},
        {"@context": [V2, {"VerifiableCredential": "https://nobody.example/other"}]},
    ):
        await refused(coordinator, credential(did, **wrong), MALFORMED, "credential-refused")
    answer = await refused(coordinator, credential(did, organ="large"), DATA_LOSS, "data-would-be-lost")
    assert answer["errors"][0]["pointer"] == "/credential/organ"
    await refused(coordinator, credential(did), GENERATION, "cannot-secure", mandatoryPointers=["/issuer"])
    jose = await opened(coordinator, "vc+jwt")
    await refused(coordinator, credential(jose["did"], exp=1), GENERATION, "cannot-secure")
    answer = await coordinator.post("/credentials/issue", {"credentials": credential(did)}, 400)
    assert answer["type"] == MALFORMED
    twice = await coordinator.request(
        "POST",
        "/credentials/issue",
        content=b'{"credential": {}, "credential": {}}',
        headers={"Content-Type": "application/json"},
        expect=400,
    )
    assert twice.json()["type"] == "https://www.w3.org/TR/vc-data-model#PARSING_ERROR"
    assert twice.headers["Content-Type"] == "application/problem+json"


@on_sqlite
async def test_jcs_does_not_sign_what_no_context_defines(coordinator: Organisation) -> None:
    instance = await opened(coordinator, "eddsa-jcs-2022")
    await refused(coordinator, credential(instance["did"], organ="large"), DATA_LOSS, "data-would-be-lost")


@on_sqlite
async def test_digests_of_related_resources(coordinator: Organisation) -> None:
    instance = await opened(coordinator)
    body = ContextStore.builtin().get(V2).body
    right = [
        {"id": V2, "digestSRI": "sha384-" + _base64(hashlib.sha384(body).digest())},
        {"id": "https://elsewhere.example/x", "digestMultibase": "uAAAA"},
    ]
    await issued(coordinator, credential(instance["did"], relatedResource=right))
    wrong = [{"id": V2, "digestSRI": "sha384-" + _base64(hashlib.sha384(b"").digest())}]
    answer = await refused(
        coordinator, credential(instance["did"], relatedResource=wrong), MALFORMED, "credential-refused"
    )
    assert answer["errors"][0]["pointer"] == "/credential/relatedResource/0/digestSRI"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_status(vc_api: Stage, coordinator: Organisation) -> None:
    """On both databases: entries of two purposes, set and read back; a revocation is final."""
    messages = ["submitted", "under review", "accepted", "refused"]
    purposes = [{"purpose": "revocation"}, {"purpose": "message", "messages": messages}]
    instance = await opened(coordinator, "ecdsa-rdfc-2019", status=purposes)
    key = await key_of(instance)
    secured = await issued(coordinator, credential(instance["did"], id="urn:x:1"))
    await issued(coordinator, credential(instance["did"]), credentialId="urn:x:2")
    revocation, message = secured["credentialStatus"]
    assert (message["statusSize"], message["statusMessage"][2]["message"]) == (2, "accepted")

    async def value(entry: dict[str, Any]) -> int:
        answer = await vc_api.client().get(entry["statusListCredential"])
        assert answer.status_code == 200
        document = strict_json.loads_object(answer.content)
        assert document["issuer"] == instance["did"]
        holds(document, key)
        return bits_of(document).get(int(entry["statusListIndex"]), size=entry.get("statusSize", 1))

    async def put(known_as: str, purpose: str, status: Any, expect: int = 200, **place: str) -> Any:
        reference = {"type": "BitstringStatusListEntry", "statusPurpose": purpose, **place}
        body = {"credentialId": known_as, "credentialStatus": reference, "status": status}
        return await coordinator.post("/credentials/status", body, expect)

    assert (await value(revocation), await value(message)) == (0, 0)
    await put("urn:x:1", "revocation", True, statusListIndex=revocation["statusListIndex"])
    await put("urn:x:1", "message", "0x2")
    assert (await value(revocation), await value(message)) == (1, 2)
    assert (await put("urn:x:1", "revocation", False, 400))["code"] == "status-refused"
    assert (await put("urn:x:1", "message", "0x4", 400))["code"] == "status-refused"
    await put("urn:x:2", "message", True)
    for known_as, purpose in (("urn:x:3", "revocation"), ("urn:x:1", "suspension")):
        assert (await put(known_as, purpose, True, 404))["code"] == "not-found"
    await put("urn:x:1", "message", True, 404, statusListCredential=revocation["statusListCredential"])
    again = {"credential": credential(instance["did"], id="urn:x:1")}
    assert (await coordinator.post("/credentials/issue", again, 409))["code"] == "duplicate-credential"
    async with vc_api.service.db.read() as session:
        told = await session.execute(
            text("SELECT count(*) FROM outbox WHERE topic LIKE '%status%' AND subject = :uri"),
            {"uri": revocation["statusListCredential"]},
        )
    assert told.scalar_one() == 2  # made, and changed once


async def test_entries_of_many_at_once(coordinator: Organisation) -> None:
    """On both databases: no two credentials share a place, and of two with one id only one is issued."""
    instance = await opened(coordinator, status=[{"purpose": "revocation"}, {"purpose": "suspension"}])
    found: list[tuple[int, Any]] = []

    async def one(number: int) -> None:
        body = {"credential": credential(instance["did"], id=f"urn:x:{number}")}
        answer = await coordinator.request("POST", "/credentials/issue", json=body)
        found.append((answer.status_code, answer.json()))

    async with anyio.create_task_group() as group:
        for number in range(16):
            group.start_soon(one, number % 12)
    assert sorted(status for status, _ in found) == [201] * 12 + [409] * 4
    entries = [
        (entry["statusListCredential"], entry["statusListIndex"])
        for status, answer in found
        if status == 201
        for entry in answer["verifiableCredential"]["credentialStatus"]
    ]
    assert len(set(entries)) == 24


@on_sqlite
@pytest.mark.parametrize(
    "securing", ["eddsa-rdfc-2022", "ecdsa-jcs-2019", "ecdsa-sd-2023", "vc+jwt", "vc+sd-jwt"]
)
async def test_a_verifier_reads_key_and_status(
    vc_api: Stage, coordinator: Organisation, securing: str
) -> None:
    """The whole way of a verifier, which has only the credential and the list at its address."""
    instance = await opened(coordinator, securing, status=[{"purpose": "revocation"}])
    secured = await issued(coordinator, credential(instance["did"], id="urn:x:1"), **_all_of(securing))
    if securing == "ecdsa-sd-2023":
        body = {
            "verifiableCredential": secured,
            "options": {"selectivePointers": ["/credentialSubject/name"]},
        }
        secured = (await coordinator.post("/credentials/derive", body, 201))["verifiableCredential"]

    async def fetch(url: str, *, accept: str, max_bytes: int) -> Fetched:
        del accept, max_bytes
        answer = await vc_api.client().get(url)
        digest = hashlib.sha256(answer.content).hexdigest()
        media_type = answer.headers["Content-Type"]
        return Fetched(url, url, answer.status_code, media_type, answer.content, utc_now(), digest)

    async def codes() -> set[str]:
        data = strict_json.dumps(secured)
        report = await verify(data, fetcher=fetch, contexts=ContextStore.builtin(), now=utc_now())
        wrong = {each.code for each in report.checks if each.outcome == "failed"}
        assert wrong <= {"model.not_a_known_credential", "status.revoked"}, report.checks
        return {each.code for each in report.checks}

    assert {"proof.valid", "key.retrieved", "status.active"} <= await codes()
    reference = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
    body = {"credentialId": "urn:x:1", "credentialStatus": reference, "status": True}
    await coordinator.post("/credentials/status", body, 200)
    assert {"proof.valid", "key.retrieved", "status.revoked"} <= await codes()


def _all_of(securing: str) -> dict[str, Any]:
    return {"mandatoryPointers": ["/issuer", "/credentialStatus"]} if securing == "ecdsa-sd-2023" else {}


@on_sqlite
async def test_off_there_is_no_vc_api(issuer: Stage) -> None:
    school = issuer.organisation(SCOPES)
    for path in ("/v1/vc-api/instances", "/credentials/issue", "/credentials/derive", "/credentials/status"):
        assert (await school.post(path, {}, 404))["code"] == "not-found"
    await school.get("/v1/vc-api/instances", 404)
    assert (await issuer.client().post("/credentials/issue", json={})).status_code == 404


@on_sqlite
async def test_scopes_and_tenants(vc_api: Stage, coordinator: Organisation) -> None:
    instance = await opened(coordinator, status=[{"purpose": "revocation"}])
    await issued(coordinator, credential(instance["did"], id="urn:x:1"))
    other, badges_only = vc_api.organisation(SCOPES), vc_api.organisation(ALL, name=coordinator.id)
    await refused(other, credential(instance["did"]), MALFORMED, "no-such-issuer")
    for method, path in (("GET", ""), ("POST", "/close")):
        await other.request(method, f"/v1/vc-api/instances/{instance['id']}{path}", json={}, expect=404)
    assert (await other.get("/v1/vc-api/instances"))["items"] == []
    reference = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
    body = {"credentialId": "urn:x:1", "credentialStatus": reference, "status": True}
    await other.post("/credentials/status", body, 404)
    for path in ("/v1/vc-api/instances", "/credentials/issue", "/credentials/derive", "/credentials/status"):
        assert (await badges_only.post(path, {}, 403))["code"] == "forbidden"
        assert (await vc_api.client().post(path, json={})).status_code == 401


@on_sqlite
async def test_closing(coordinator: Organisation) -> None:
    instance = await opened(coordinator, status=[{"purpose": "suspension"}])
    await issued(coordinator, credential(instance["did"], id="urn:x:1"))
    path = f"/v1/vc-api/instances/{instance['id']}"
    assert (await coordinator.get(path))["state"] == "open"
    assert (await coordinator.post(f"{path}/close", {}, 200))["state"] == "closed"
    assert (await coordinator.post(f"{path}/close", {}, 409))["code"] == "instance-closed"
    await refused(coordinator, credential(instance["did"]), MALFORMED, "no-such-issuer")
    reference = {"type": "BitstringStatusListEntry", "statusPurpose": "suspension"}
    body = {"credentialId": "urn:x:1", "credentialStatus": reference, "status": True}
    await coordinator.post("/credentials/status", body, 200)
    await coordinator.post("/credentials/status", {**body, "status": False}, 200)


@on_sqlite
async def test_keys_never_sign_for_each_other(vc_api: Stage, coordinator: Organisation) -> None:
    """A badge's key does not open as an instance's, nor the other way round; and no DID document of ours names both."""
    profile, instance = await coordinator.profile(), await opened(coordinator)
    await refused(coordinator, credential(profile["did"]), MALFORMED, "no-such-issuer")
    async with vc_api.service.db.read() as session:
        badge = (await session.execute(text("SELECT id, sealed FROM signing_key"))).one()
        own = (await session.execute(text("SELECT id, sealed FROM vc_api_instance"))).one()
    sealing = vc_api.service.context.sealing
    for sealed, table, row in (
        (badge.sealed, "vc_api_instance", own.id),
        (own.sealed, "signing_key", badge.id),
        (own.sealed, "vc_api_instance", badge.id),
    ):
        with pytest.raises(CannotOpen):
            sealing.open(sealed, table=table, row=row)
    document = await coordinator.get(f"/issuers/{profile['id']}/did.json")
    assert instance["did"].removeprefix("did:key:") not in str(document)


@on_sqlite
async def test_what_an_instance_may_be(coordinator: Organisation) -> None:
    answer = await coordinator.post(
        "/v1/vc-api/instances", {"securing": "eddsa-rdfc-2022", "algorithm": "P-256"}, 422
    )
    assert (answer["code"], answer["algorithms"]) == ("wrong-key-type", ["Ed25519"])
    for status in (
        [{"purpose": "message"}],
        [{"purpose": "message", "messages": ["a", "b", "c"]}],
        [{"purpose": "revocation", "messages": ["a", "b"]}],
        [{"purpose": "revocation"}, {"purpose": "revocation"}],
    ):
        answer = await coordinator.post("/v1/vc-api/instances", {"securing": "vc+jwt", "status": status}, 422)
        assert answer["code"] == "invalid-request"
