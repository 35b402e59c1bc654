"""Traps of the standards that no other test is about; `docs/conformance.md` names a test for each."""

import copy
import json
from typing import Any

import pytest

from shared.http.fetch import Fetcher
from shared.vc.contexts import ContextStore
from shared.vc.dids import DocumentKey
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity, jwt
from shared.vc.report import Report
from shared.vc.status import status_entry
from shared.vc.verify import verify
from tests.conformance.badges import CREATED, did_key, key_method, unsigned
from tests.harness.credentials import NOW, Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio
HOST = "https://intranet.example"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"


class Inside:
    """The real fence, before a network in which every name leads inside."""

    def __init__(self) -> None:
        async def resolve(host: str, port: int) -> list[str]:
            del host, port
            return ["10.0.0.7"]

        self._fetcher = Fetcher(resolve=resolve)
        self.refused: dict[str, str] = {}

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        try:
            return await self._fetcher(url, accept=accept, max_bytes=max_bytes)
        except FetchRefused as refused:
            self.refused[url] = refused.code
            raise

    async def report(self, data: bytes) -> Report:
        try:
            return await verify(data, fetcher=self, contexts=ContextStore.builtin(), now=NOW)
        finally:
            await self._fetcher.close()


def _everywhere() -> dict[str, tuple[bytes, set[str]]]:
    """Badges with addresses in every place that has one, and which of them anybody asks."""
    key = SigningKey.generate()
    document = unsigned(did_key(key), subject="did:example:mira")
    document |= {
        "credentialStatus": status_entry(f"{HOST}/status", 5),
        "credentialSchema": {"id": f"{HOST}/schema", "type": "JsonSchema"},
        "refreshService": {"id": f"{HOST}/refresh", "type": "1EdTechCredentialRefresh"},
        "image": {"id": f"{HOST}/image", "type": "Image"},
    }
    document["@context"] = [*document["@context"], EXTENSIONS]
    document["issuer"] |= {"url": f"{HOST}/issuer-url", "image": {"id": f"{HOST}/logo", "type": "Image"}}
    own = _signed(document, key, key_method(did_key(key), key))
    web = "did:web:intranet.example:issuers:1"
    fragment = f"{web}#{DocumentKey(key.public).fragment}"
    by_web = _signed(unsigned(web, subject="did:example:mira"), key, fragment)
    by_address = _signed(unsigned(f"{HOST}/about", subject="did:example:mira"), key, f"{HOST}/about#key-1")
    p256 = SigningKey.generate(Algorithm.P256)
    by_kid = jwt.sign(unsigned(f"{HOST}/about", subject="did:example:mira"), key=p256, kid=f"{HOST}/key")
    by_header = jwt.sign(unsigned(f"{HOST}/about", subject="did:example:m"), key=p256, with_key=True)
    listed = copy.deepcopy(document)
    listed["credentialStatus"] = {"id": f"{HOST}/revoked", "type": "1EdTechRevocationList"}
    del listed["credentialSchema"], listed["refreshService"]
    hosted = {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "Assertion",
        "id": f"{HOST}/assertion",
        "recipient": {"type": "email", "hashed": False, "identity": "ada@example.org"},
        "badge": f"{HOST}/badge",
        "issuedOn": "2020-01-01T00:00:00Z",
        "verification": {"type": "hosted"},
    }
    return {
        "status, schema, refresh": (_bytes(own), {f"{HOST}/status", f"{HOST}/schema", f"{HOST}/refresh"}),
        "did:web": (_bytes(by_web), {f"{HOST}/issuers/1/did.json"}),
        "an address with keys": (_bytes(by_address), {f"{HOST}/about"}),
        "kid": (by_kid.encode(), {f"{HOST}/key"}),
        "jwk": (by_header.encode(), {f"{HOST}/about", f"{HOST}/.well-known/jwks.json"}),
        "1EdTech's revocation list": (
            _bytes(_signed(listed, key, key_method(did_key(key), key))),
            {f"{HOST}/revoked"},
        ),
        "Open Badges 2.0": (_bytes(hosted), {f"{HOST}/assertion"}),
    }


def _signed(document: dict[str, Any], key: SigningKey, method: str) -> dict[str, Any]:
    return data_integrity.sign(document, key=key, verification_method=method, created=CREATED)


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("place", _everywhere())
async def test_every_address_in_a_badge_is_asked_through_the_fence(place: str) -> None:
    """Pictures and the issuer's site are asked for by nobody."""
    data, asked = _everywhere()[place]
    inside = Inside()
    report = await inside.report(data)
    assert inside.refused == dict.fromkeys(asked, "not_public_address")
    assert report.verdict == "undetermined", report.summary
    assert report.fetched == ()


async def test_a_proof_may_be_an_object_or_in_an_array() -> None:
    """One of the standard's two JSON Schemas takes each; verifiers get both."""
    network = Network()
    issuer = Issuer(network)
    one = issuer.award()
    assert isinstance(one["proof"], dict)
    several = {**one, "proof": [one["proof"]]}
    for badge in (one, several):
        report = await report_on(badge, network)
        assert report.verdict == "accepted", report.summary
        assert not [code for code in codes(report) if code.startswith("model.") and code != "model.valid"]
    broken = {**one, "proof": [{**one["proof"], "proofValue": "z" + "1" * 88}]}
    assert (await report_on(broken, network)).verdict == "rejected"
