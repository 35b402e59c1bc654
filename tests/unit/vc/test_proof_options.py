"""The remembered canonical form of a proof's options: the same bytes and the same work as the general way."""

from typing import Any

import pytest

from shared.vc.budget import Budget
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from shared.vc.errors import BudgetExceeded, UndefinedTerm
from shared.vc.proofs.canonical import canonical, canonical_options

METHOD = "did:key:z6Mkq#z6Mkq"
TIMES = [
    "2026-01-02T03:04:05Z",
    "1999-12-31T23:59:59Z",
    "2026-01-02T03:04:05.5Z",
    "2026-01-02T03:04:05+01:00",
]


def options(created: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": created,
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        **more,
    }


KINDS: list[dict[str, Any]] = [
    {},
    {"id": "urn:uuid:9a2b6f0e-6b1d-4a41-9a0e-6f3a7c1d2e33"},
    {"domain": "2026-01-02T03:04:05Z", "challenge": "a"},
    {"domain": ["a.example", "b.example"]},
    {"expires": "2026-01-02T03:04:05Z"},
    {"verificationMethod": "urn:x:2026-01-02T03:04:05Z"},
    {"verificationMethod": {"id": METHOD}},
    {"previousProof": "urn:uuid:3f9b1b9a-0c1e-4a94-8a53-0f1a6a4f7c11"},
    {"@context": CREDENTIALS_V2},
    {"@context": [CREDENTIALS_V2, {"nonce2": "urn:x:nonce2"}], "nonce2": "n"},
]


@pytest.mark.parametrize("more", KINDS)
@pytest.mark.parametrize("digest", ["sha256", "sha384"])
def test_it_is_the_general_form(more: dict[str, Any], digest: Any):
    store = ContextStore(ContextStore.builtin()._bodies)
    for number, created in enumerate(TIMES * 2):
        general, remembered = Budget(), Budget()
        document = options(created, **more)
        found = canonical_options(document, store, remembered, digest)
        assert found == canonical(document, store, general, digest)
        if number:  # the first pays for compiling the contexts
            assert remembered.left == general.left


def test_another_time_falls_into_the_gap():
    store = ContextStore(ContextStore.builtin()._bodies)
    for created in (TIMES[0], TIMES[0], TIMES[1]):
        canonical_options(options(created), store, Budget(), "sha256")
    [form] = store.derived["proof options"].values()
    assert form is not None


def test_an_undefined_term_is_refused_each_time():
    store = ContextStore(ContextStore.builtin()._bodies)
    for _ in range(2):
        with pytest.raises(UndefinedTerm):
            canonical_options(options(TIMES[0], madeUp="x"), store, Budget(), "sha256")


def test_what_is_remembered_is_paid_for():
    store = ContextStore(ContextStore.builtin()._bodies)
    for _ in range(3):
        canonical_options(options(TIMES[0]), store, Budget(), "sha256")
    with pytest.raises(BudgetExceeded):
        canonical_options(options(TIMES[1]), store, Budget(1), "sha256")


def test_so_many_are_remembered_and_no_more():
    store = ContextStore(ContextStore.builtin()._bodies)
    for number in range(1_100):
        canonical_options(options(TIMES[0], challenge=str(number)), store, Budget(), "sha256")
    assert 0 < len(store.derived["proof options"]) <= 1_024
