"""Digests of related resources, held against the pinned contexts."""

import base64
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.vc import multibase, strict_json
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.related_resources import wrong_digests

STORE = ContextStore.builtin()
BODY = STORE.get(CREDENTIALS_V2).body


def sri(name: str, body: bytes = BODY) -> str:
    return f"{name}-{base64.b64encode(hashlib.new(name, body).digest()).decode()}"


def multihash(prefix: bytes, name: str, write: Callable[[bytes], str], body: bytes = BODY) -> str:
    return write(prefix + hashlib.new(name, body).digest())


def base64url(data: bytes) -> str:
    return "u" + multibase.base64url_encode(data)


def found(**digests: Any) -> list[str]:
    document = {"relatedResource": {"id": CREDENTIALS_V2, **digests}}
    return [finding.pointer for finding in wrong_digests(document, STORE)]


@pytest.mark.parametrize(
    "digests",
    [
        {"digestSRI": sri("sha256")},
        {"digestSRI": sri("sha384")},
        {"digestSRI": sri("sha512") + "?ct=application/ld+json"},
        {"digestSRI": f"{sri('sha256', b'')} {sri('sha384')}"},
        {"digestMultibase": multihash(b"\x12\x20", "sha256", base64url)},
        {"digestMultibase": multihash(b"\x20\x30", "sha384", multibase.encode)},
        {"digestMultibase": [multihash(b"\x13\x40", "sha512", multibase.encode)]},
        {"digestMultibase": multihash(b"", "sha256", base64url)},
        {},
    ],
)
def test_right(digests: dict[str, Any]) -> None:
    assert found(**digests) == []


@pytest.mark.parametrize(
    "digest",
    [sri("sha256", b""), sri("md5"), "sha384-", "sha256-" + "A" * 43, "", 7, None, ["sha256"], {"a": 1}],
)
def test_wrong_sri(digest: Any) -> None:
    assert found(digestSRI=digest) == ["/relatedResource/digestSRI"]


@pytest.mark.parametrize(
    "digest",
    [multihash(b"\x12\x20", "sha256", base64url, b""), "uEiA", "z", "x", "", 7, None, [], {"a": 1}],
)
def test_wrong_multibase(digest: Any) -> None:
    assert found(digestMultibase=digest) == ["/relatedResource/digestMultibase"]


def test_what_is_not_at_hand_is_left_alone() -> None:
    others = [{"id": "https://elsewhere.example/x", "digestSRI": "sha256-x"}, {"digestSRI": 1}, "text", None]
    assert list(wrong_digests({"relatedResource": others}, STORE)) == []
    assert list(wrong_digests({}, STORE)) == []


def test_every_body_of_an_address_counts(tmp_path: Path) -> None:
    earlier = strict_json.dumps({"@context": {}})
    (tmp_path / "earlier.json").write_bytes(earlier)
    source = {"file": "earlier.json", "urls": [CREDENTIALS_V2], "sha256": hashlib.sha256(earlier).hexdigest()}
    (tmp_path / "sources.json").write_bytes(strict_json.dumps([source]))
    store = ContextStore.builtin(tmp_path)
    for body in (BODY, earlier):
        document = {"relatedResource": [{"id": CREDENTIALS_V2, "digestSRI": sri("sha384", body)}]}
        assert list(wrong_digests(document, store)) == []


def test_what_is_made_to_cost_time_does_not() -> None:
    one = {
        "id": CREDENTIALS_V2,
        "digestSRI": " ".join([sri("sha512", b"")] * 5_000),
        "digestMultibase": ["z" + "2" * 200_000] * 1_000,
    }
    begun = time.process_time()
    wrong = list(wrong_digests({"relatedResource": [one] * 100}, STORE))
    assert len(wrong) == 200
    assert time.process_time() - begun < 1
