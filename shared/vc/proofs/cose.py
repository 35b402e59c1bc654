"""Credentials and presentations as COSE_Sign1 (RFC 9052, with VC-JOSE-COSE's vc+cose and vp+cose).

The payload is the document's JSON, as in a JWS; once taken apart, the rest of the library sees no difference. Read are the
CBOR items that such a structure is made of, with definite lengths, and nothing else of CBOR.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import cbor2

from shared.vc import strict_json
from shared.vc.errors import ProofInvalid, UnsupportedProof
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs.jws import ALGORITHMS, Jws

Kind = Literal["vc", "vp"]

# RFC 9052, 3.1; RFC 9596 (typ).
_ALG: Final = 1
_CRIT: Final = 2
_CONTENT_TYPE: Final = 3
_KID: Final = 4
_TYP: Final = 16
# RFC 9053, 2.1 and 2.2.
_NAMES: Final[Mapping[int, Algorithm]] = {
    -7: Algorithm.P256,
    -35: Algorithm.P384,
    -36: Algorithm.P521,
    -8: Algorithm.ED25519,
}
_NUMBERS: Final = {algorithm: number for number, algorithm in _NAMES.items()}
_TAG: Final = b"\xd2"  # 18, COSE_Sign1
_MAX_HEADER = 16 * 1024
_MAX_DEPTH = 4
_MAX_ITEMS = 32


def parse(data: bytes, kind: Kind) -> tuple[dict[str, Any], Jws]:
    """The document in a COSE_Sign1, and what `jws.verify` checks of it.

    Raises:
        ProofInvalid: malformed_cose, wrong_type, critical_header. UnsupportedProof: an algorithm not known here.
        JsonRefused: the payload is not strict JSON.
    """
    reader = _Reader(data.removeprefix(_TAG))
    parts = reader.items(reader.head(4))
    if len(parts) != 4 or not reader.at_end or not isinstance(parts[1], dict):
        raise _malformed("It is not made of headers, payload and signature.")
    protected, _, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise _malformed("Headers, payload or signature are not bytes.")
    header = _header(protected)
    algorithm = _algorithm(header)
    if _CRIT in header:
        raise ProofInvalid("critical_header", "The COSE header asks for extensions that are not known here.")
    _check_types(header, kind)
    signing_input = cbor2.dumps(["Signature1", protected, b"", payload])
    taken = Jws({}, payload, signature, signing_input, algorithm, _kid(header), None)
    return strict_json.loads_object(payload), taken


def sign(document: Mapping[str, Any], *, key: SigningKey, kid: str, kind: Kind) -> bytes:
    """A document as COSE_Sign1.

    Args:
        document: the credential or presentation; that it may be signed is for the caller to have established.
        key: P-256, P-384, P-521 or Ed25519.
        kid: URL of the key.
        kind: `vc` or `vp`.
    """
    header = {
        _ALG: _NUMBERS[key.algorithm],
        _CONTENT_TYPE: f"application/{kind}",
        _KID: kid.encode(),
        _TYP: f"application/{kind}+cose",
    }
    protected, payload = cbor2.dumps(header), strict_json.dumps(dict(document))
    signature = key.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def _header(protected: bytes) -> dict[Any, Any]:
    if len(protected) > _MAX_HEADER:
        raise _malformed("The header is too long.")
    reader = _Reader(protected)
    header = reader.item()
    if not isinstance(header, dict) or not reader.at_end:
        raise _malformed("The header is not a map.")
    return header


def _algorithm(header: Mapping[Any, Any]) -> str:
    stated = header.get(_ALG)
    if not isinstance(stated, int):
        raise _malformed("The header names no algorithm.")
    if stated not in _NAMES:
        raise UnsupportedProof("unsupported_algorithm", f"The COSE algorithm {stated} is not supported here.")
    return ALGORITHMS[_NAMES[stated]]


def _kid(header: Mapping[Any, Any]) -> str | None:
    kid = header.get(_KID)
    if kid is None:
        return None
    try:
        return str(kid, "utf-8") if isinstance(kid, bytes) else None
    except UnicodeDecodeError as error:
        raise _malformed("The kid is not a text.") from error


def _check_types(header: Mapping[Any, Any], kind: Kind) -> None:
    """VC-JOSE-COSE, 3.3: media types may be left out; other ones say that it is something else."""
    for name, value in ((_CONTENT_TYPE, f"application/{kind}"), (_TYP, f"application/{kind}+cose")):
        stated = header.get(name, value)
        if not isinstance(stated, str) or stated.lower() != value:
            raise ProofInvalid("wrong_type", f"A COSE_Sign1 of another type than {value} is none of these.")


class _Reader:
    """The few kinds of CBOR item that COSE_Sign1 needs (RFC 8949): integers, bytes, texts, arrays and maps."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def head(self, wanted: int) -> int:
        """The length of an item of this major type. Raises ProofInvalid."""
        major, length = self._head()
        if major != wanted:
            raise _malformed("This is not a COSE_Sign1.")
        return length

    def items(self, count: int) -> list[Any]:
        if count > _MAX_ITEMS or self._depth >= _MAX_DEPTH:
            raise _malformed("The headers hold more than headers do.")
        self._depth += 1
        found = [self.item() for _ in range(count)]
        self._depth -= 1
        return found

    def item(self) -> Any:
        major, value = self._head()
        match major:
            case 0:
                return value
            case 1:
                return -1 - value
            case 2:
                return self._take(value)
            case 3:
                return self._text(value)
            case 4:
                return self.items(value)
            case 5:
                return self._map(value)
            case _:
                raise _malformed("The CBOR holds something that no COSE header needs.")

    def _head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        major, short = first >> 5, first & 0x1F
        if short < 24:
            return major, short
        if short > 27:  # lengths that are not definite, and what is reserved
            raise _malformed("The CBOR has a length that is not definite.")
        return major, int.from_bytes(self._take(1 << (short - 24)))

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise _malformed("A text of the CBOR is not UTF-8.") from error

    def _map(self, count: int) -> dict[Any, Any]:
        flat = self.items(2 * count)
        names, values = flat[::2], flat[1::2]
        if not all(isinstance(name, int | str) for name in names) or len(set(names)) < count:
            raise _malformed("A header is named twice, or not by a number or text.")
        return dict(zip(names, values, strict=True))

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise _malformed("The CBOR ends too early.")
        self._at += count
        return taken


def _malformed(reason: str) -> ProofInvalid:
    return ProofInvalid("malformed_cose", f"This is not a COSE_Sign1: {reason}")


__all__ = ["Kind", "parse", "sign"]
