"""Presentations, records and proof values made of anything: a report or Unrecognised comes out, never another error."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.errors import JsonRefused
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import data_integrity, ecdsa_sd, presentation_jwt, sd_jwt
from shared.vc.verify import Unrecognised, verify_presentation
from tests.harness.credentials import NOW, Issuer, Network, report_on
from tests.hostile.vc.test_verification import VALUES, changed, places

pytestmark = pytest.mark.anyio

NETWORK = Network()
ISSUER = Issuer(NETWORK)
KEY = SigningKey.generate(Algorithm.P256)
DID = f"did:key:{encode(KEY.public)}"
METHOD = f"{DID}#{encode(KEY.public)}"
BADGE = ISSUER.badge(issuer={"id": DID, "type": ["Profile"], "name": "x"})
BASE = ecdsa_sd.sign(
    BADGE, key=KEY, verification_method=METHOD, created=NOW, mandatory=mandatory_pointers(BADGE)
)
DERIVED = derive_badge(BASE, [])
TOKEN = sd_jwt.sign(
    {**BADGE, "description": "x"}, key=KEY, kid=METHOD, selective=["/description"], holder=KEY.public
)
BOUND = sd_jwt.show(TOKEN, ["/description"], key=KEY, now=NOW)
PRESENTED = data_integrity.sign(
    {
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": {"id": DID},
        "verifiableCredential": [ISSUER.award()],
    },
    key=KEY,
    verification_method=METHOD,
    created=NOW,
    cryptosuite="ecdsa-rdfc-2019",
    purpose="authentication",
)
RECORD = ISSUER.sign(
    {
        **ISSUER.badge(type=["VerifiableCredential", "ClrCredential"]),
        "@context": [CREDENTIALS_V2, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json", OPEN_BADGES_3],
        "credentialSubject": {
            "type": ["ClrSubject"],
            "verifiableCredential": [ISSUER.award(id="https://issuer.example/credentials/2"), DERIVED | {"id": "urn:uuid:1"}],
        },
    }
)  # fmt: skip


async def presented(data: bytes) -> None:
    try:
        report = await verify_presentation(
            data, fetcher=NETWORK, contexts=ContextStore.builtin(), now=NOW, challenge="c", domain="d"
        )
    except Unrecognised:
        return
    json.dumps(report.to_json(), allow_nan=False)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_any_value_in_any_place_of_a_presentation(data: st.DataObject) -> None:
    way = data.draw(st.sampled_from(places(PRESENTED)))
    document = changed(PRESENTED, way, data.draw(VALUES))
    await presented(json.dumps(document).encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_any_value_in_any_place_of_a_record_or_a_derived_badge(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([RECORD, DERIVED]))
    way = data.draw(st.sampled_from(places(document)))
    mutant = changed(document, way, data.draw(VALUES))
    try:
        report = await report_on(json.dumps(mutant).encode("utf-8", "surrogatepass"), NETWORK)
    except Unrecognised:
        return
    json.dumps(report.to_json(), allow_nan=False)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_any_claims_in_a_presentation_or_binding(data: st.DataObject) -> None:
    document = copy.deepcopy(
        {**PRESENTED, "cnf": {"jwk": {}}, "nonce": "c", "aud": "d", "exp": 1, "iss": DID}
    )
    way = data.draw(st.sampled_from(places(document)))
    claims = changed(document, way, data.draw(VALUES))
    try:
        token = presentation_jwt.sign(claims, key=KEY, kid=METHOD)
    except JsonRefused:  # what has no JSON cannot be signed
        return
    await presented(token.encode())


@pytest.mark.parametrize("whole", [TOKEN, BOUND])
async def test_any_part_of_an_sd_jwt_left_out_or_doubled(whole: str) -> None:
    parts = whole.split("~")
    for place in range(len(parts)):
        for mutant in (
            [*parts[:place], *parts[place + 1 :]],
            [*parts[:place], parts[place], *parts[place:]],
            [*parts[:place], parts[place][:-3], *parts[place + 1 :]],
            [*parts[:place], Any.__name__, *parts[place + 1 :]],
        ):
            if "~".join(mutant) == whole:
                continue
            try:
                report = await report_on("~".join(mutant), NETWORK)
            except Unrecognised:
                continue
            # Leaving out what may be left out is what the form is for.
            assert report.verdict != "accepted" or set(mutant) < set(parts)
