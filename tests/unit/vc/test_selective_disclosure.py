"""ecdsa-sd-2023: what is shown holds, what is changed, added or mixed does not."""

import copy
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest

from shared.vc import multibase, multikey
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.errors import BudgetExceeded, ProofInvalid, VcError
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.model import check
from shared.vc.proofs import data_integrity, ecdsa_sd
from shared.vc.proofs.selection import Selection
from tests.unit.vc.credentials import MOMENT, badge

STORE = ContextStore.builtin()
KEY = SigningKey.generate(Algorithm.P256)
METHOD = f"did:key:{multikey.encode(KEY.public)}#{multikey.encode(KEY.public)}"
TAGS = "/credentialSubject/achievement/tag"
OVENS = "/credentialSubject/achievement/alignment/1"
VALUES = "/credentialSubject/achievement/resultDescription"


def sign(document: dict[str, Any], mandatory: Any = None) -> dict[str, Any]:
    pointers = mandatory_pointers(document) if mandatory is None else mandatory
    return ecdsa_sd.sign(
        document, key=KEY, verification_method=METHOD, created=MOMENT, mandatory=pointers, store=STORE
    )


BASE = sign(badge())


def verify(document: dict[str, Any], **options: Any) -> data_integrity.Verified:
    return data_integrity.verify(
        document, data_integrity.proofs_of(document)[0], KEY.public, STORE, **options
    )


def test_a_part_is_shown_and_holds() -> None:
    shown = derive_badge(BASE, [OVENS, VALUES])
    assert verify(shown).cryptosuite == "ecdsa-sd-2023"
    achievement = shown["credentialSubject"]["achievement"]
    assert [one["targetName"] for one in achievement["alignment"]] == ["Oven"]
    assert (
        achievement["resultDescription"] == badge()["credentialSubject"]["achievement"]["resultDescription"]
    )
    assert "tag" not in achievement
    assert "result" not in shown["credentialSubject"]
    assert "creditsEarned" not in shown["credentialSubject"]
    # The subject has no id, so its identifiers say whom the badge is about.
    assert shown["credentialSubject"]["identifier"] == badge()["credentialSubject"]["identifier"]


@pytest.mark.parametrize("pointers", [[], [TAGS], [""], ["/awardedDate", "/credentialSubject"]])
def test_whatever_is_shown_is_a_badge(pointers: list[str]) -> None:
    base = sign(badge(awardedDate="2025-01-01T00:00:00Z"))
    shown = derive_badge(base, pointers)
    verify(shown)
    assert [finding for finding in check(shown) if finding.severity == "error"] == []
    if pointers == [""]:
        assert {name: value for name, value in shown.items() if name != "proof"} == {
            name: value for name, value in base.items() if name != "proof"
        }


def test_a_part_of_a_part_is_no_badge() -> None:
    with pytest.raises(ProofInvalid) as refused:
        derive_badge(BASE, [f"{OVENS}/targetName"])
    assert refused.value.code == "incomplete_badge"


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ("/nothing", "malformed_pointer"),
        ("credentialSubject", "malformed_pointer"),
        (f"{TAGS}/2", "malformed_pointer"),
        (f"{TAGS}/-1", "malformed_pointer"),
        (f"{TAGS}/00", "malformed_pointer"),
        ("/name/x", "malformed_pointer"),
        ("/~2", "malformed_pointer"),
        (f"{VALUES}/0/allowedValue/1", "partial_list"),
    ],
)
def test_pointers_that_cannot_be_followed(pointer: str, code: str) -> None:
    with pytest.raises(ProofInvalid) as refused:
        derive_badge(BASE, [pointer])
    assert refused.value.code == code


def test_a_selection_keeps_ids_and_types_on_the_way() -> None:
    document = {"id": "a:1", "type": "T", "x": {"id": "a:2", "type": "U", "y": [1, {"z": 2, "w": 3}], "v": 4}}
    assert Selection(document, ["/x/y/1/w"]).document == {
        "id": "a:1", "type": "T", "x": {"id": "a:2", "type": "U", "y": [{"w": 3}]},
    }  # fmt: skip
    assert Selection(document, ["/x/y/0", "/x/y"]).document["x"]["y"] == [1, {"z": 2, "w": 3}]
    assert Selection(document, ["/x/y", "/x/y/0"]).document["x"]["y"] == [1, {"z": 2, "w": 3}]
    assert Selection(document, [""]).document == document
    assert Selection({"a/b": 1, "c~d": 2, "e": 3}, ["/a~1b", "/c~0d"]).document == {"a/b": 1, "c~d": 2}


def test_a_base_proof_is_for_the_holder_only() -> None:
    assert verify(BASE, as_holder=True).cryptosuite == "ecdsa-sd-2023"
    with pytest.raises(ProofInvalid) as refused:
        verify(BASE)
    assert refused.value.code == "base_proof"
    # A derived one stays good for holders: they get badges from others too.
    verify(derive_badge(BASE, []), as_holder=True)
    with pytest.raises(ProofInvalid) as refused:
        derive_badge(derive_badge(BASE, []), [])
    assert refused.value.code == "no_base_proof"


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(item, (*path, step))
    else:
        yield path


@pytest.mark.parametrize("as_holder", [False, True])
def test_every_changed_leaf_is_noticed(as_holder: bool) -> None:
    shown = BASE if as_holder else derive_badge(BASE, [TAGS, OVENS, "/credentialSubject/creditsEarned"])
    verify(shown, as_holder=as_holder)
    tried = 0
    for path in _leaves(shown):
        mutant = copy.deepcopy(shown)
        place: Any = mutant
        for step in path[:-1]:
            place = place[step]
        leaf = place[path[-1]]
        place[path[-1]] = (
            not leaf if isinstance(leaf, bool) else leaf + 1 if isinstance(leaf, float) else f"{leaf}x"
        )
        with pytest.raises(VcError):
            verify(mutant, as_holder=as_holder)
        tried += 1
    assert tried > 30


def _recoded(document: dict[str, Any], change: Any) -> dict[str, Any]:
    value = multibase.decode(document["proof"]["proofValue"])
    parts = cbor2.loads(value[3:])
    changed = change(parts)
    parts = parts if changed is None else changed
    encoded = parts if isinstance(parts, bytes) else cbor2.dumps(parts)
    return {
        **document,
        "proof": {**document["proof"], "proofValue": "u" + multibase.base64url_encode(value[:3] + encoded)},
    }


def _same_label(parts: Any) -> None:
    parts[3][1] = parts[3][0]


def _swapped(parts: Any) -> None:
    parts[2][0], parts[2][1] = parts[2][1], parts[2][0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda parts: parts[2].pop() and None, "signature_mismatch"),
        (lambda parts: parts[2].append(parts[2][0]) or parts, "signature_mismatch"),
        (_swapped, "signature_mismatch"),
        (_same_label, "malformed_proof_value"),
        (lambda parts: parts[3].pop(0) and None, "malformed_proof_value"),
        (lambda parts: parts[3].update({99: bytes(32)}), "malformed_proof_value"),
        (lambda parts: parts[3].update({0: bytes(32)}), "signature_mismatch"),
        (lambda parts: parts[3].update({0: bytes(31)}), "malformed_proof_value"),
        (lambda parts: parts[4].pop() and None, "signature_mismatch"),
        (lambda parts: parts[4].reverse(), "malformed_proof_value"),
        (lambda parts: parts[4].append(10**6), "malformed_proof_value"),
        (lambda parts: parts[4].insert(0, True), "malformed_proof_value"),
        (lambda parts: [parts[0][:63], *parts[1:]], "malformed_proof_value"),
        (lambda parts: [bytes(64), *parts[1:]], "signature_mismatch"),
        (lambda parts: [parts[0], parts[1][:34], *parts[2:]], "malformed_proof_value"),
        (lambda parts: [parts[0], parts[1][:2] + bytes(33), *parts[2:]], "signature_mismatch"),
        (lambda parts: [*parts, 0], "malformed_proof_value"),
        (lambda parts: cbor2.dumps(parts) + b"\x00", "malformed_proof_value"),
        (lambda _: cbor2.dumps(cbor2.CBORTag(35, "(a+)+$")), "malformed_proof_value"),
        (lambda parts: cbor2.dumps([parts[0], parts[1], cbor2.CBORTag(258, []), {}, []]), "malformed_proof_value"),
        (lambda _: b"\x9b" + b"\xff" * 8, "malformed_proof_value"),
        (lambda _: b"\x81" * 5000, "malformed_proof_value"),
        (lambda _: b"", "malformed_proof_value"),
    ],
)  # fmt: skip
def test_proof_values_that_were_tampered_with(change: Any, code: str) -> None:
    shown = derive_badge(BASE, [TAGS])
    with pytest.raises(ProofInvalid) as refused:
        verify(_recoded(shown, change))
    assert refused.value.code == code


@pytest.mark.parametrize("value", [5, None, "", "z1", "u", "u2V0B", "u2V0C", "u!", "u" + "A" * (1 << 21)])
def test_proof_values_that_are_none(value: Any) -> None:
    shown = derive_badge(BASE, [])
    with pytest.raises(ProofInvalid) as refused:
        verify({**shown, "proof": {**shown["proof"], "proofValue": value}})
    assert refused.value.code == "malformed_proof_value"


def test_what_is_mandatory_cannot_be_left_out() -> None:
    shown = derive_badge(BASE, [TAGS])
    for name in ("validUntil", "validFrom", "issuer", "credentialSubject"):
        with pytest.raises(ProofInvalid):
            verify({member: value for member, value in shown.items() if member != name})


def test_statements_of_two_badges_do_not_mix() -> None:
    other = badge()
    other["credentialSubject"]["achievement"]["tag"] = ["surgery"]
    shown, foreign = derive_badge(BASE, [TAGS]), derive_badge(sign(other), [TAGS])
    shown["credentialSubject"]["achievement"]["tag"] = foreign["credentialSubject"]["achievement"]["tag"]
    with pytest.raises(ProofInvalid):
        verify(shown)


def test_each_signature_is_paid_for_before_it_is_checked() -> None:
    many = badge()
    many["credentialSubject"]["achievement"]["tag"] = [f"tag {number}" for number in range(800)]
    shown = derive_badge(sign(many), [TAGS])
    verify(shown, budget=Budget(80_000))
    with pytest.raises(BudgetExceeded):
        verify(shown, budget=Budget(60_000))


def test_keys_and_documents_that_cannot_be_signed_with() -> None:
    with pytest.raises(ValueError, match="P-256"):
        ecdsa_sd.sign(
            badge(),
            key=SigningKey.generate(),
            verification_method=METHOD,
            created=MOMENT,
            mandatory=[],
            store=STORE,
        )
    with pytest.raises(ValueError, match="P-256"):
        sign(BASE, [])
    with pytest.raises(VcError):
        sign(badge(grade="A"), [])
