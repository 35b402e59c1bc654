"""A badge made to cost time holds up neither the service nor the badges beside it."""

import json
import threading
import time

from tests.integration.verifier.conftest import Running
from tests.integration.verifier.world import Issuer


def poison(issuer: Issuer) -> dict:
    """Blank nodes that are all alike and all linked: telling them apart is exponential work."""
    count = 9
    nodes = [{"type": ["Related"], "id": f"_:b{number}"} for number in range(count)]
    badge = issuer.badge(1)
    badge["credentialSubject"]["achievement"]["related"] = [
        {
            **node,
            "https://example.org/linked": [
                {"id": f"_:b{other}"} for other in range(count) if other != number
            ],
        }
        for number, node in enumerate(nodes)
    ]
    return badge


def test_hostile_badges_are_refused_quickly_beside_good_ones(verifier: Running, issuer: Issuer):
    hostile, good = json.dumps({"credential": poison(issuer)}), issuer.badge(2)
    assert verifier.verify({"credential": good})["verdict"] == "accepted"
    stop = threading.Event()
    verdicts: list[str] = []

    def attack() -> None:
        with verifier.client() as client:
            while not stop.is_set():
                answer = client.post(
                    "/v1/verifications", content=hostile, headers={"Content-Type": "application/json"}
                )
                report = answer.json()
                assert "context.too_complex" in {check["code"] for check in report["checks"]}
                verdicts.append(report["verdict"])

    attackers = [threading.Thread(target=attack) for _ in range(4)]
    for each in attackers:
        each.start()
    try:
        with verifier.client() as client:
            slowest = 0.0
            for _ in range(20):
                begun = time.monotonic()
                answer = client.post("/v1/verifications", json={"credential": good})
                slowest = max(slowest, time.monotonic() - begun)
                assert answer.json()["verdict"] == "accepted"
                assert client.get("/livez").status_code == 200
    finally:
        stop.set()
        for each in attackers:
            each.join(60)
    assert verdicts
    assert "accepted" not in verdicts
    assert slowest < 10, slowest  # a stalled service would take minutes
