"""Documents with nonsense in any place: refused by name, or read; never an error of ours (which would be a 500)."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from shared.vc import multibase, rdfc
from shared.vc.contexts import ContextStore
from shared.vc.errors import VcError
from shared.vc.jsonld import to_quads
from shared.vc.keys import PublicKey, SigningKey
from shared.vc.proofs import data_integrity, jws, jwt
from tests.unit.vc.credentials import MOMENT, badge
from tests.unit.vc.test_canonical_forms import Writer

STORE = ContextStore.builtin()
KEY = SigningKey.generate()
SIGNED = data_integrity.sign(badge(), key=KEY, verification_method="did:key:z1#z1", created=MOMENT)
KEYWORDS = [
    "@base",
    "@container",
    "@context",
    "@direction",
    "@graph",
    "@id",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
    "@vocab",
    "@import",
]
SCALARS = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e300,
    "",
    "x",
    "a:b",
    "_:x",
    "https://a.example/",
    "id",
    "type",
    *KEYWORDS,
]


def nonsense(choose: random.Random, depth: int = 0) -> Any:
    kind = choose.random()
    if kind < 0.5 or depth > 2:
        return choose.choice(SCALARS)
    inner = [nonsense(choose, depth + 1) for _ in range(choose.randint(0, 3))]
    return (
        inner
        if kind < 0.75
        else {choose.choice([*KEYWORDS, "a", "id", "type", "", "x:y"]): item for item in inner}
    )


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def spoilt(document: dict[str, Any], choose: random.Random) -> dict[str, Any]:
    document = copy.deepcopy(document)
    for _ in range(choose.randint(1, 3)):
        container, key = choose.choice(list(places(document)))
        if isinstance(container, dict) and choose.random() < 0.4:
            key = choose.choice([*KEYWORDS, "a", "id", "type"])
        container[key] = nonsense(choose)
    return document


def read(document: dict[str, Any]) -> None:
    rdfc.canonicalize(to_quads(document, STORE, compact=False))


def verify(document: dict[str, Any]) -> None:
    for proof in data_integrity.proofs_of(document):
        data_integrity.verify(document, proof, KEY.public, STORE)


def verify_jwt(parts: dict[str, Any]) -> None:
    if isinstance(parts["header"], dict):
        token = jws.sign(parts["header"], json.dumps(parts["claims"]).encode(), KEY)
        jwt.verify(jwt.parse(token), KEY.public)


def key_of(parts: dict[str, Any]) -> None:
    PublicKey.from_jwk(parts["jwk"])


CLAIMS = dict(jwt.parse(jwt.sign(badge(), key=KEY, kid="https://a.example/key")).claims)


@pytest.mark.parametrize(
    ("act", "document"),
    [
        (read, None),
        (read, badge()),
        (verify, SIGNED),
        (verify_jwt, {"header": {"typ": "JWT", "kid": "x"}, "claims": CLAIMS}),
        (key_of, {"jwk": {**KEY.public.jwk(), "y": multibase.base64url_encode(bytes(32))}}),
    ],
)
def test_nonsense_is_refused_by_name(act: Any, document: dict[str, Any] | None) -> None:
    refused = 0
    for seed in range(300):
        choose = random.Random(seed)
        spoilt_document = spoilt(Writer(choose).document() if document is None else document, choose)
        try:
            act(spoilt_document)
        except VcError as error:
            refused += 1
            assert error.code.islower()  # noqa: PT017 - what is raised is what is looked at
            assert error.reason.endswith(".")  # noqa: PT017  (only some inputs raise)
            assert error.pointer == "" or error.pointer.startswith("/")  # noqa: PT017  (only some inputs raise)
    assert refused > 10
