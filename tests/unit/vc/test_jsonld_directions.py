"""Base directions: refused where RDF is signed, covered where the JSON is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.vc import jsonld
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.errors import ProofInvalid, VcError
from shared.vc.keys import SigningKey
from shared.vc.proofs import data_integrity

NAME = {"@value": "شهادة", "@language": "ar", "@direction": "rtl"}


def credential(name: Any) -> dict[str, Any]:
    return {
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiableCredential"],
        "name": name,
        "credentialSubject": {"id": "did:example:ada"},
    }


def test_only_the_direction_of_value_objects_is_left_out() -> None:
    given = credential([NAME, {"@value": "x", "@direction": "up"}, {"@direction": "rtl"}])
    left = jsonld.without_directions(given)["name"]
    assert left == [
        {"@value": "شهادة", "@language": "ar"},
        {"@value": "x", "@direction": "up"},
        {"@direction": "rtl"},
    ]
    assert given["name"][0] == NAME


def test_rdf_would_lose_it_and_jcs_signs_it() -> None:
    key, store = SigningKey.generate(), ContextStore.builtin()
    how = {"key": key, "verification_method": "did:example:i#k", "created": datetime(2026, 1, 1, tzinfo=UTC)}
    with pytest.raises(VcError) as refused:
        data_integrity.sign(credential(NAME), **how)  # type: ignore[arg-type]  # the same arguments twice
    assert refused.value.code == "direction_unsupported"
    signed = data_integrity.sign(credential(NAME), cryptosuite="eddsa-jcs-2022", **how)  # type: ignore[arg-type]  # of mixed types
    data_integrity.verify(signed, signed["proof"], key.public, store)
    turned = {**signed, "name": {**NAME, "@direction": "ltr"}}
    with pytest.raises(ProofInvalid):
        data_integrity.verify(turned, signed["proof"], key.public, store)
