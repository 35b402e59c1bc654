"""Proof values of `ecdsa-sd-2023` (vc-di-ecdsa, 3.5.2 to 3.5.7): CBOR, read as strictly as everything from outside."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cbor2

from shared.vc import multibase
from shared.vc.errors import KeyRefused, ProofInvalid
from shared.vc.proofs.selection import checked_pointers

BASE, DERIVED = b"\xd9\x5d\x00", b"\xd9\x5d\x01"
P256_PREFIX = b"\x80\x24"
HMAC_BYTES = 32
_SIGNATURE, _PUBLIC = 64, 35
_MAX_VALUE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BaseProof:
    """The parts of an issuer's proof value. Secret from verifiers: with the HMAC key labels can be guessed."""

    signature: bytes
    public_key: bytes
    hmac_key: bytes
    signatures: tuple[bytes, ...]
    mandatory: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DerivedProof:
    """The parts of a holder's proof value. `labels`: number of a canonical label to the HMAC that replaces it."""

    signature: bytes
    public_key: bytes
    signatures: tuple[bytes, ...]
    labels: Mapping[int, bytes]
    mandatory: tuple[int, ...]


def parse_base(value: object) -> BaseProof:
    """A base proof value. Raises ProofInvalid `malformed_proof_value`."""
    match _decoded(value, BASE):
        case [bytes(signature), bytes(public), bytes(key), list(signatures), list(pointers)] if len(
            key
        ) == HMAC_BYTES and all(isinstance(one, str) for one in pointers):
            return BaseProof(
                _sized(signature),
                _public(public),
                key,
                _signatures(signatures),
                tuple(checked_pointers(pointers)),
            )
    raise malformed("The proof value does not have the parts of a base proof.")


def parse_derived(value: object) -> DerivedProof:
    """A derived proof value. Raises ProofInvalid `malformed_proof_value`."""
    match _decoded(value, DERIVED):
        case [bytes(signature), bytes(public), list(signatures), dict(labels), list(indexes)] if (
            all(
                _is_count(number) and isinstance(code, bytes) and len(code) == HMAC_BYTES
                for number, code in labels.items()
            )
            and all(_is_count(index) for index in indexes)
            and all(before < after for before, after in itertools.pairwise(indexes))
        ):
            return DerivedProof(
                _sized(signature), _public(public), _signatures(signatures), labels, tuple(indexes)
            )
    raise malformed("The proof value does not have the parts of a derived proof.")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


def _sized(signature: bytes) -> bytes:
    if len(signature) != _SIGNATURE:
        raise malformed("A signature in the proof value has the wrong length.")
    return signature


def _signatures(values: Sequence[object]) -> tuple[bytes, ...]:
    return tuple(_sized(one if isinstance(one, bytes) else b"") for one in values)


def _public(value: bytes) -> bytes:
    if len(value) != _PUBLIC or not value.startswith(P256_PREFIX):
        raise malformed("The key in the proof value is not a P-256 key.")
    return value


def malformed(reason: str) -> ProofInvalid:
    """What is raised about a proof value."""
    return ProofInvalid("malformed_proof_value", reason, "/proofValue")


def encoded(header: bytes, value: Sequence[Any]) -> str:
    """The text of a proof value with these parts."""
    return "u" + multibase.base64url_encode(header + cbor2.dumps(list(value)))


def _refuse_tag(*_: Any) -> Any:
    raise ValueError("there are no tags in a proof value")


# Decoders of cbor2 that would build anything but bytes, texts, numbers, lists and maps (regular expressions, shared
# references, big numbers …); a tag without a decoder of its own goes to the hook.
_NO_TAGS = dict.fromkeys([*range(64), 100, 256, *range(258, 264), 1004, 43000, 55799], _refuse_tag)


def _decoded(value: object, header: bytes) -> Any:
    if not isinstance(value, str) or not value.startswith("u") or len(value) > _MAX_VALUE:
        raise malformed("The proof value is not in base64url (u).")
    try:
        data = multibase.decode(value)
        if not data.startswith(header):
            kind = "derived" if header == DERIVED else "base"
            raise malformed(f"The proof value is not that of a {kind} proof.")
        found = cbor2.loads(
            data[len(header) :],
            tag_hook=_refuse_tag,
            semantic_decoders=_NO_TAGS,
            max_depth=3,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        # One spelling only: nothing after the end, no number longer than it need be.
        if cbor2.dumps(found) != data[len(header) :]:
            raise malformed("The CBOR of the proof value is not in its shortest form.")
    except KeyRefused as error:
        raise malformed(error.reason) from error
    except (cbor2.CBORError, ValueError, OverflowError, MemoryError) as error:
        raise malformed("The proof value is not the CBOR that it should be.") from error
    return found
