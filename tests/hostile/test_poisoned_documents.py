"""Documents made to cost, below what verifies: each has to be refused, or done with, in so many steps."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.vc import multibase, rdfc, strict_json
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from shared.vc.errors import BudgetExceeded, JsonRefused, VcError
from shared.vc.jsonld import to_quads
from shared.vc.keys import SigningKey
from shared.vc.proofs import data_integrity
from tests.hostile.corpus.attack import STEPS, Steps

STORE = ContextStore.builtin()
KEY = SigningKey.generate()
VOCABULARY = {"@vocab": "https://v.example/"}


def graph(edges: list[tuple[int, int]]) -> dict[str, Any]:
    nodes: dict[int, list[dict[str, str]]] = {}
    for start, end in edges:
        nodes.setdefault(start, []).append({"@id": f"_:n{end}"})
    return {
        "@context": VOCABULARY,
        "@graph": [{"@id": f"_:n{n}", "p": targets} for n, targets in nodes.items()],
    }


def complete(size: int) -> dict[str, Any]:
    return graph([(i, j) for i in range(size) for j in range(size) if i != j])


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = wrap(value)
    return value


POISONED = {
    # RDFC-1.0, 7.1: 7 blank nodes took 6.7 s in a Python library, 9 took 42 s in a native one.
    "7 blank nodes": complete(7),
    "9 blank nodes": complete(9),
    "40 blank nodes": complete(40),
    "a ring of 400": graph([(n, (n + 1) % 400) for n in range(400)]),
    "a ring both ways": graph([edge for n in range(200) for edge in ((n, (n + 1) % 200), ((n + 1) % 200, n))]),
    "a hypercube": graph([(n, n ^ (1 << bit)) for n in range(64) for bit in range(6)]),
    "two sides, all joined": graph([(n, 100 + m) for n in range(9) for m in range(9)]),
    "a graph of 5000 quads": {
        "@context": {**VOCABULARY, "g": {"@id": "https://g.example/", "@container": "@graph"}},
        "g": [{"p": list(range(2000))}, {"p": list(range(2000))}],
    },
    "5000 of a kind": {"@context": VOCABULARY, "p": [{"q": "x"}] * 5000},
    "a list of one value": {"@context": VOCABULARY, "p": {"@list": ["x"] * 3000}},
    "200 contexts": {"@context": [{f"t{n}": f"https://t.example/{m}" for n in range(100)} for m in range(200)], "t1": 1},
    "contexts in every node": {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "type": "VerifiableCredential",
        "credentialSubject": [{"@context": {"x": "https://x.example/"}, "x": n} for n in range(3000)],
    },
    "contexts within contexts": {
        "@context": {"p": nested(60, lambda inner: {"@id": "https://p.example/", "@context": {"p": inner}} if isinstance(inner, dict) else "https://p.example/")},
        "p": nested(60, lambda inner: {"p": inner}),
    },
    "terms by terms": {"@context": {f"t{n}": f"t{n + 1}:x" for n in range(5000)}, "t1": 1},
    "every order of contexts": {
        "@context": CREDENTIALS_V2,
        "id": "https://a.example/",
        "type": "VerifiableCredential",
        "credentialSubject": [{"@context": [OPEN_BADGES_3, {"x": "https://x.example/"}] * 40, "x": n} for n in range(50)],
    },
    "100,000 types": {"@context": VOCABULARY, "@type": ["t"] * 100_000},
    "2 MB of quotation marks": {"@context": VOCABULARY, "p": ['"' * 2000 + str(n) for n in range(1000)]},
    "9000 fractions": {"@context": VOCABULARY, "p": [n + 0.123456 for n in range(9000)]},
    "100,000 values": {"@context": VOCABULARY, "p": list(range(99_000))},
}  # fmt: skip


@pytest.mark.parametrize("name", POISONED)
def test_poison_costs_little(name: str) -> None:
    document = POISONED[name]
    steps = Steps()
    try:
        with steps.counted():
            rdfc.canonicalize(to_quads(document, STORE, compact=False))
        inconclusive = True
    except VcError as error:
        inconclusive = not error.conclusive
    assert steps.taken < STEPS
    assert inconclusive  # nothing is wrong with any of them, and nothing wrong is said


@pytest.mark.parametrize("size", [7, 9])
def test_a_poisoned_badge_is_undetermined_and_cheap(size: int) -> None:
    nodes = [
        {"id": node["@id"], "p": [{"id": end["@id"]} for end in node["p"]]}
        for node in complete(size)["@graph"]
    ]
    badge: dict[str, Any] = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3, VOCABULARY],
        "id": "https://a.example/1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": "did:key:z1",
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "urn:uuid:1", "x": nodes},
        "proof": {
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-rdfc-2022",
            "verificationMethod": "did:key:z1#z1",
            "proofPurpose": "assertionMethod",
            "proofValue": "z" + "2" * 87,
        },
    }
    assert len(strict_json.dumps(badge)) < 4000
    badge["proof"]["proofValue"] = multibase.encode(bytes(64))
    steps = Steps()
    with pytest.raises(BudgetExceeded), steps.counted():
        data_integrity.verify(badge, badge["proof"], KEY.public, STORE)
    assert steps.taken < STEPS


def test_honest_work_goes_on_after_poison() -> None:
    """Contexts met in ever new orders do not push honest documents onto the slow path for good."""
    honest = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "type": "VerifiableCredential",
        "issuer": "did:key:z1",
    }
    expected = rdfc.canonicalize(to_quads(honest, STORE))
    urls = [url for url in STORE.urls() if "openbadges" not in url]
    for first in urls:
        for second in urls:
            for third in urls[:4]:
                try:
                    to_quads({"@context": [first, second, third], "@type": "https://t.example/"}, STORE)
                except VcError:
                    continue
    to_quads(honest, STORE)
    steps = Steps()
    with steps.counted():
        to_quads(honest, STORE)
    assert steps.taken < 2_000
    assert rdfc.canonicalize(to_quads(honest, STORE)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
        "[" + "1," * 900_000 + "1]",
        '"' + "\\ud800" * 300_000 + '"',
        "1" * 2_000_000,
    ],
)
def test_poisoned_json_costs_little(text: str) -> None:
    steps = Steps()
    with pytest.raises(JsonRefused), steps.counted():
        strict_json.loads(text)
    assert steps.taken < STEPS
