"""Digital Bazaar's `vc` on Node.js: it accepts what we issue, and we accept what it issues."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from shared.vc.keys import Algorithm, SigningKey
from tests.conformance.badges import (
    LIST_URL,
    WEB_DID,
    did_document,
    ed25519,
    sign,
    signed,
    status_list,
    unsigned,
)
from tests.conformance.ours import judged
from tests.conformance.peers import ask_node

pytestmark = [pytest.mark.anyio, pytest.mark.node]

SUITES = [("eddsa-rdfc-2022", "07" * 32), ("ecdsa-rdfc-2019", "P-256"), ("ecdsa-rdfc-2019", "P-384")]


@pytest.mark.parametrize(("suite", "seed"), SUITES)
async def test_we_accept_what_it_issues(suite: str, seed: str):
    [issued] = ask_node(
        [{"op": "issue", "credential": unsigned("set by the peer"), "suite": suite, "seed": seed}]
    )
    assert "error" not in issued, issued
    badge = issued["credential"]
    report = await judged(json.dumps(badge).encode())
    assert report.verdict == "accepted", report.to_json()
    assert badge["proof"]["cryptosuite"] == suite
    changed = copy.deepcopy(badge)
    changed["credentialSubject"]["achievement"]["name"] = "Brain surgery"
    assert (await judged(json.dumps(changed).encode())).verdict == "rejected"


def verified(badge: Any, documents: Mapping[str, Any] | None = None, *, check_status: bool = False) -> Any:
    [answer] = ask_node([{"op": "verify", "credential": badge, "check_status": check_status}], documents)
    return answer


@pytest.mark.parametrize(
    ("algorithm", "suite"),
    [
        (Algorithm.ED25519, "eddsa-rdfc-2022"),
        (Algorithm.P256, "ecdsa-rdfc-2019"),
        (Algorithm.P384, "ecdsa-rdfc-2019"),
    ],
)
def test_it_accepts_what_we_issue(algorithm: Algorithm, suite: str):
    badge = signed(SigningKey.generate(algorithm), suite=suite, subject="did:example:mira")
    assert verified(badge) == {"verified": True, "statuses": [], "error": None}
    badge["name"] = "Brain surgery"
    assert not verified(badge)["verified"]


def test_it_follows_our_did_web_documents_and_status_lists():
    key = ed25519()
    badge = signed(key, issuer=WEB_DID, index=94_567)
    world = {WEB_DID: did_document(key), LIST_URL: status_list(key, 3)}
    assert verified(badge, world, check_status=True) == {"verified": True, "statuses": [False], "error": None}
    world[LIST_URL] = status_list(key, 94_567)
    assert verified(badge, world, check_status=True) == {"verified": True, "statuses": [True], "error": None}
    world[LIST_URL]["validFrom"] = "2026-01-01T00:00:00Z"
    assert not verified(badge, world, check_status=True)["verified"]


def test_it_refuses_another_s_key_as_we_do():
    badge = sign(unsigned(WEB_DID), ed25519(), WEB_DID)
    assert not verified(badge, {WEB_DID: did_document(ed25519())})["verified"]
