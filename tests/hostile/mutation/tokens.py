"""Changes of compact JWSs and of SD-JWTs: header, payload, signature, disclosures, key binding."""

import json
import random
from collections.abc import Iterator, Sequence
from functools import partial

from shared.vc import multibase

from .changes import Change, of_document, other_keys, twins
from .changes import spliced as spliced_documents
from .spelling import of_bytes

_decode, _encode = multibase.base64url_decode, multibase.base64url_encode
_ALGORITHMS = ("none", "None", "HS256", "RS256", "ES256", "ES384", "EdDSA", "PS256", "")


def of_jwt(token: str, choose: random.Random, methods: Sequence[str] = ()) -> Iterator[Change]:
    """Every change of a compact JWS: of header and payload as documents, of the signature, of the text."""
    parts = token.split(".")
    for index, part in ((0, "header"), (1, "payload")):
        document = json.loads(_decode(parts[index]))
        for change in (*of_document(document), *other_keys(document, methods)):
            made = partial(_replaced, parts, index, change.made)
            yield Change(f"{part}: {change.kind}", change.place, made)
    header = json.loads(_decode(parts[0]))
    for algorithm in _ALGORITHMS:
        other = _encode(json.dumps({**header, "alg": algorithm}).encode())
        for signature in (parts[2], ""):
            yield _change("header: another algorithm", ".".join([other, parts[1], signature]))
    for name, value in (
        ("crit", ["exp"]),
        ("b64", False),
        ("jku", "https://x.example/"),
        ("x5c", ["AA"]),
        ("zip", "DEF"),
    ):
        other = _encode(json.dumps({**header, name: value}).encode())
        yield _change("header: member added", ".".join([other, *parts[1:]]))
    yield from _of_signature(parts)
    yield from _of_text(token, parts)
    yield from of_bytes(token.encode(), choose)


def _change(kind: str, made: str, place: str = "") -> Change:
    return Change(kind, place, made.encode)


def _replaced(parts: list[str], index: int, made: "partial[bytes]") -> bytes:
    return ".".join(_encode(made()) if number == index else one for number, one in enumerate(parts)).encode()


def _of_signature(parts: list[str]) -> Iterator[Change]:
    signature = _decode(parts[2])
    front = f"{parts[0]}.{parts[1]}."
    for position in range(len(signature)):
        flipped = bytearray(signature)
        flipped[position] ^= 1 << position % 8
        yield _change("bit of the signature", front + _encode(bytes(flipped)), str(position))
    others = (b"", signature[:-1], signature[1:], signature + b"\0", b"\0" + signature, bytes(len(signature)))
    for other in (*others, signature[::-1]):
        yield _change("bytes of the signature", front + _encode(other))
    for twin in twins(signature):
        yield _change("other half of the signature", front + _encode(twin))


def _of_text(token: str, parts: list[str]) -> Iterator[Change]:
    for one in (f" {token}", f"{token}\n", f"\ufeff{token}"):
        yield _change("white space around", one)
    others = (
        token + "=",
        token + ".",
        "." + token,
        token + ".AA",
        token.replace(".", "..", 1),
        token + "~",
        token.lower(),
    )
    for one in (
        *others,
        f'"{token}"',
        f"Bearer {token}",
        ".".join(reversed(parts)),
        parts[1],
        f"{parts[0]}.{parts[1]}",
    ):
        yield _change("another text around", one)
    for index, part in enumerate(parts):
        # The last letter of base64url may hold bits that mean nothing.
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        spare = {2: 4, 3: 2}.get(len(part) % 4, 0)
        for bits in range(1, 1 << spare):
            last = letters[letters.index(part[-1]) ^ bits]
            made = [*parts[:index], part[:-1] + last, *parts[index + 1 :]]
            yield _change("unused bits of base64url", ".".join(made))


def spliced(token: str, other: str) -> Iterator[Change]:
    """Parts of another token of the same issuer in place of this one's; members of its payload as well."""
    parts, theirs = token.split("."), other.split(".")
    for index, name in enumerate(("header", "payload", "signature")):
        yield _change(
            f"{name} of another of the same issuer",
            ".".join([*parts[:index], theirs[index], *parts[index + 1 :]]),
        )
    documents = (json.loads(_decode(one[1])) for one in (parts, theirs))
    for change in spliced_documents(*documents):
        yield Change(f"payload: {change.kind}", change.place, partial(_replaced, parts, 1, change.made))


def of_sd_jwt(token: str, choose: random.Random) -> Iterator[Change]:
    """Every change of an SD-JWT: as of a JWS, and of its disclosures and its key binding."""
    issued, *disclosures, binding = token.split("~")
    rest = token[len(issued) :]
    for change in of_jwt(issued, choose):
        yield Change(change.kind, change.place, lambda change=change: change.made() + rest.encode())
    for index in range(len(disclosures)):
        yield from _of_disclosure(issued, disclosures, index, binding)
    orders = (
        disclosures[::-1],
        [*disclosures, disclosures[0]],
        [*disclosures, _encode(b'["salt","role","x"]')],
    )
    for order, kind in zip(
        orders, ("order of disclosures", "disclosure twice", "disclosure added"), strict=True
    ):
        yield _change(kind, "~".join([issued, *order, binding]))
    yield _change("tilde removed", token.rstrip("~") if not binding else token.replace("~", "", 1))
    if binding:
        yield _change("key binding left out", "~".join([issued, *disclosures, ""]))
        for change in of_jwt(binding, choose):
            front = "~".join([issued, *disclosures, ""]).encode()
            yield Change(
                f"key binding, {change.kind}",
                change.place,
                lambda change=change, front=front: front + change.made(),
            )
    yield from of_bytes(token.encode(), choose)


def _of_disclosure(issued: str, disclosures: list[str], index: int, binding: str) -> Iterator[Change]:
    def whole(others: list[str]) -> str:
        return "~".join([issued, *others, binding])

    yield _change("disclosure left out", whole([*disclosures[:index], *disclosures[index + 1 :]]), str(index))
    document = json.loads(_decode(disclosures[index]))
    # `of_document` changes what is in an object.
    for change in of_document({"disclosure": document}):

        def made(change: Change = change) -> bytes:
            try:
                inner = json.loads(change.made())
            except ValueError:
                inner = None
            part = inner.get("disclosure") if isinstance(inner, dict) else inner
            written = json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode(
                "utf-8", "surrogatepass"
            )
            return whole([*disclosures[:index], _encode(written), *disclosures[index + 1 :]]).encode()

        yield Change(f"disclosure: {change.kind}", f"{index}{change.place}", made)
    salted = _encode(json.dumps(["another salt", *document[1:]]).encode())
    yield _change(
        "disclosure: another salt",
        whole([*disclosures[:index], salted, *disclosures[index + 1 :]]),
        str(index),
    )
