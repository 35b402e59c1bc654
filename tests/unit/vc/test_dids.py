"""Identifiers, their documents, and the checks on the way to a key."""

import json
from typing import Any

import pytest

from shared.vc.dids import DocumentKey, KeyProblem, did_web, did_web_url, retrieve, web_document
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multibase import base64url_encode
from shared.vc.multikey import encode
from tests.harness.credentials import NOW, Network

pytestmark = pytest.mark.anyio
DID = "did:web:school.example:staff"
ADDRESS = "https://school.example/staff/did.json"


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:example.com", "https://example.com/.well-known/did.json"),
        ("did:web:example.com:user:alice", "https://example.com/user/alice/did.json"),
        ("did:web:example.com%3A3000:user", "https://example.com:3000/user/did.json"),
        ("did:web:localhost%3A8001:issuers:7f", "http://localhost:8001/issuers/7f/did.json"),
    ],
)
def test_did_web_addresses(did, url):
    assert did_web_url(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:",
        "did:key:z6Mk",
        "did:web:example.com:..:secret",
        "did:web:example.com:%2e%2e:secret",
        "did:web:example.com:a%2Fb",
        "did:web:example.com:",
        "did:web:user%40example.com",
        "did:web:example.com%2Fpath",
        "did:web:exa mple.com",
        "did:web:example.com:a?b",
        "did:web:[::1]",
    ],
)
def test_what_is_no_did_web(did):
    with pytest.raises(KeyProblem) as problem:
        did_web_url(did)
    assert problem.value.code == "key.malformed_url"


def test_a_did_from_a_url_and_back():
    assert did_web("http://localhost:8001", "issuers", "7f") == "did:web:localhost%3A8001:issuers:7f"
    assert did_web("https://Example.com/base/", "x") == "did:web:example.com:base:x"
    with pytest.raises(ValueError, match="origin"):
        did_web("ftp://example.com")


def document(key: SigningKey | None = None, **changes: Any) -> tuple[dict[str, Any], str]:
    used = DocumentKey((key or SigningKey.generate()).public)
    return {**web_document(DID, [used]), **changes}, f"{DID}#{used.fragment}"


async def failing(page: object, url: str) -> str:
    network = Network()
    network.put(ADDRESS, page)
    with pytest.raises(KeyProblem) as problem:
        await retrieve(url, network, now=NOW)
    return problem.value.code


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_every_kind_of_key_is_found_again(algorithm):
    key = SigningKey.generate(algorithm)
    page, url = document(key)
    network = Network()
    network.put(ADDRESS, page)
    found = await retrieve(url, network, now=NOW)
    assert (found.key, found.controller, found.method) == (key.public, DID, url)


async def test_the_document_of_somebody_else():
    page, url = document(id="did:web:other.example")
    assert await failing(page, url) == "key.wrong_document"


async def test_a_key_under_somebody_elses_control():
    page, url = document()
    page["verificationMethod"][0]["controller"] = "did:web:other.example"
    assert await failing(page, url) == "key.wrong_controller"


async def test_a_key_that_is_listed_for_something_else():
    page, url = document()
    page["authentication"] = page.pop("assertionMethod")
    assert await failing(page, url) == "key.not_authorised"


async def test_two_keys_of_one_name():
    page, url = document()
    other, _ = document()
    page["keyAgreement"] = [{**other["verificationMethod"][0], "id": url}]
    assert await failing(page, url) == "key.malformed"


@pytest.mark.parametrize("member", ["revoked", "expires"])
async def test_a_key_that_is_over(member):
    page, url = document()
    page["verificationMethod"][0][member] = "2026-11-21T11:00:00Z"
    assert await failing(page, url) == "key.not_authorised"
    page["verificationMethod"][0][member] = "soon"
    assert await failing(page, url) == "key.malformed"


async def test_a_key_embedded_in_the_relationship_and_named_by_its_fragment():
    page, url = document()
    method = page.pop("verificationMethod")[0]
    page["assertionMethod"] = [{**method, "id": "#" + url.partition("#")[2]}]
    network = Network()
    network.put(ADDRESS, page)
    assert (await retrieve(url, network, now=NOW)).controller == DID


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {"publicKeyMultibase": "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"},
            "key.method_unsupported",
        ),
        ({"publicKeyMultibase": "z6MkNOTAKEY0"}, "key.malformed"),
        ({"publicKeyMultibase": None}, "key.method_unsupported"),
        ({"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}, "key.malformed"),
    ],
)
async def test_keys_that_cannot_be_used(changes, code):
    page, url = document()
    page["verificationMethod"][0].update(changes)
    assert await failing(page, url) == code


@pytest.mark.parametrize("page", [b"<html>", b"[]", b'{"id":1,"id":2}', b"\xff"])
async def test_pages_that_are_no_documents(page):
    assert await failing(page, f"{DID}#x") == "key.malformed"


async def test_an_address_that_does_not_answer_says_nothing_against_the_badge():
    with pytest.raises(KeyProblem) as problem:
        await retrieve(f"{DID}#x", Network(), now=NOW)
    assert (problem.value.code, problem.value.conclusive) == ("key.unreachable", False)


async def test_unsupported_identifiers_and_nonsense():
    for url, code in (
        ("did:ebsi:zabc#1", "key.method_unsupported"),
        ("urn:uuid:1#k", "key.malformed_url"),
        ("key-1", "key.malformed_url"),
        ("https://[bad", "key.malformed_url"),
        ("ftp://school.example/key", "key.malformed_url"),
    ):
        with pytest.raises(KeyProblem) as problem:
            await retrieve(url, Network(), now=NOW)
        assert problem.value.code == code


async def test_did_key_and_did_jwk_carry_their_key():
    key = SigningKey.generate(Algorithm.P256)
    multikey = encode(key.public)
    by_key = await retrieve(f"did:key:{multikey}#{multikey}", Network(), now=NOW)
    jwk = base64url_encode(json.dumps(key.public.jwk()).encode())
    by_jwk = await retrieve(f"did:jwk:{jwk}#0", Network(), now=NOW)
    assert by_key.key == by_jwk.key == key.public
    assert by_jwk.controller == f"did:jwk:{jwk}"
    for wrong in (
        f"did:key:{multikey}#other",
        f"did:jwk:{jwk}#1",
        "did:jwk:e30#0",
        "did:jwk:!#0",
        "did:key:z6Mk",
    ):
        with pytest.raises(KeyProblem):
            await retrieve(wrong, Network(), now=NOW)


async def test_a_key_at_its_own_address_needs_its_controllers_word():
    network, key = Network(), SigningKey.generate()
    url, owner = "https://school.example/keys/1", "https://school.example/about"
    network.put(
        url, {"id": url, "type": "Multikey", "controller": owner, "publicKeyMultibase": encode(key.public)}
    )
    network.put(owner, {"id": owner, "assertionMethod": [url]})
    assert (await retrieve(url, network, now=NOW)).controller == owner
    network.put(owner, {"id": owner, "assertionMethod": []})
    with pytest.raises(KeyProblem) as problem:
        await retrieve(url, network, now=NOW)
    assert problem.value.code == "key.not_authorised"


async def test_a_bare_jwk_is_read_for_a_jwt_only():
    network, key = Network(), SigningKey.generate(Algorithm.P384)
    url = "https://school.example/jwks.json"
    network.put(
        url, {"keys": [{**key.public.jwk(), "kid": "a"}, {**SigningKey.generate().public.jwk(), "kid": "b"}]}
    )
    found = await retrieve(f"{url}#a", network, now=NOW, jwk=True)
    assert (found.key, found.controller) == (key.public, None)
    for wrong, jwk in ((f"{url}#a", False), (url, True), (f"{url}#c", True)):
        with pytest.raises(KeyProblem):
            await retrieve(wrong, network, now=NOW, jwk=jwk)


def test_a_document_with_keys_of_every_state():
    active, retired, lost = (SigningKey.generate().public for _ in range(3))
    made = web_document(
        DID,
        [DocumentKey(active), DocumentKey(retired, "retired"), DocumentKey(lost, "compromised")],
        also_known_as=["https://school.example"],
    )
    assert made["assertionMethod"] == [f"{DID}#{encode(active)}", f"{DID}#{encode(retired)}"]
    assert encode(lost) not in json.dumps(made)
    assert made["alsoKnownAs"] == ["https://school.example"]
