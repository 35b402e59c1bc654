"""`ecdsa-sd-2023` with Digital Bazaar's library on Node.js: who signs, who derives and who verifies, in every order."""

import copy
import json
from typing import Any

import pytest

from shared.vc import multikey
from shared.vc.contexts import ContextStore
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity, ecdsa_sd
from tests.conformance.badges import CREATED, did_key, key_method, unsigned
from tests.conformance.ours import judged
from tests.conformance.peers import ask_node

pytestmark = [pytest.mark.anyio, pytest.mark.node]

# Of a list with one item, their library forgets the list (it compacts the document first): the whole is pointed to.
SHOWN = ["/evidence", "/credentialSubject/achievement/alignment", "/credentialSubject/achievement/tag/1"]


def ours() -> dict[str, Any]:
    key = SigningKey.generate(Algorithm.P256)
    badge = unsigned(did_key(key), subject="did:example:mira")
    return ecdsa_sd.sign(
        badge,
        key=key,
        verification_method=key_method(did_key(key), key),
        created=CREATED,
        mandatory=mandatory_pointers(badge),
    )


def theirs() -> dict[str, Any]:
    badge = unsigned("set by the peer", subject="did:example:mira")
    request = {"op": "issue", "credential": badge, "suite": "ecdsa-sd-2023", "seed": "P-256"}
    [issued] = ask_node([{**request, "mandatory": mandatory_pointers(badge)}])
    assert "error" not in issued, issued
    credential: dict[str, Any] = issued["credential"]
    return credential


def derived_by_them(badge: dict[str, Any]) -> dict[str, Any]:
    [answer] = ask_node([{"op": "derive", "credential": badge, "selective": SHOWN}])
    assert "error" not in answer, answer
    credential: dict[str, Any] = answer["credential"]
    return credential


def content(badge: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in badge.items() if name != "proof"}


@pytest.mark.parametrize("issue", [ours, theirs])
async def test_what_either_signs_and_derives_both_verify(issue: Any) -> None:
    base = issue()
    one, other = derive_badge(base, SHOWN), derived_by_them(base)
    assert content(one) == content(other)
    assert "tag" in one["credentialSubject"]["achievement"]
    assert "result" not in one["credentialSubject"]
    assert one["credentialSubject"]["achievement"]["tag"] == ["paper"]
    # Even the labels and their order are the same, so the proofs are.
    assert one["proof"]["proofValue"] == other["proof"]["proofValue"]

    report = await judged(json.dumps(other).encode())
    assert report.verdict == "accepted", report.to_json()
    [answer] = ask_node([{"op": "verify", "credential": one, "check_status": False}])
    assert answer["verified"], answer
    for name, value in (("name", "Brain surgery"), ("awardedDate", "2020-01-01T00:00:00Z")):
        changed = copy.deepcopy(one)
        changed[name] = value
        assert (await judged(json.dumps(changed).encode())).verdict == "rejected"
        [answer] = ask_node([{"op": "verify", "credential": changed, "check_status": False}])
        assert not answer["verified"]


async def test_a_base_proof_is_not_for_verifiers() -> None:
    base = theirs()
    report = await judged(json.dumps(base).encode())
    assert [check.code for check in report.checks if check.outcome == "failed"] == ["proof.base"]
    key = multikey.decode(base["proof"]["verificationMethod"].partition("#")[2])
    verified = data_integrity.verify(base, base["proof"], key, ContextStore.builtin(), as_holder=True)
    assert verified.cryptosuite == "ecdsa-sd-2023"
