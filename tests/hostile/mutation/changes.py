"""Everything that can be changed in a JSON document: each value, member and array, its text, its proofs.

A change is made only when it is asked for, so that a share of them costs a share of the time.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import cbor2

from shared.vc import multibase
from shared.vc.errors import VcError
from shared.vc.proofs.ecdsa_sd_values import DERIVED

from .judging import STORE
from .places import Way, at, changed, places, pointer, renamed, text, without

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_ORDER = {"P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551}
_ORDER["P-384"] = (
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
)
_ED25519 = 2**252 + 27742317777372353535851937790883648493
_NAMES = ("name", "description", "narrative", "validUntil", "id", "type", "issuer", "image", "proof")


class Change(NamedTuple):
    """`kind` says in words what is changed, `place` where; `made` gives the changed bytes."""

    kind: str
    place: str
    made: Callable[[], bytes]


def of_document(document: Any) -> Iterator[Change]:
    """Every change of a document, as JSON text."""
    for way, value in places(document):
        if isinstance(value, dict):
            yield from _of_object(document, way, value)
        elif isinstance(value, list):
            yield from _of_array(document, way, value)
        for kind, other in _others(value):
            yield _at(kind, document, way, other)
    yield from _moves(document)
    yield from _contexts(document)
    yield from _proofs(document)


def _at(kind: str, document: Any, way: Way, other: Any) -> Change:
    return Change(kind, pointer(way), lambda: text(changed(document, way, lambda _: other)))


# --- values -------------------------------------------------------------------------------------


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Other values for one value, with what they are."""
    yield "null", None
    yield "in an array", [value]
    yield "empty array", []
    if isinstance(value, str):
        yield from _other_texts(value)
    elif isinstance(value, bool):
        yield from (("other truth value", not value), ("text for a truth value", str(value).lower()))
        yield from (("number for a truth value", int(value)), ("value object", {"@value": value}))
    elif isinstance(value, (int, float)):
        yield from _other_numbers(value)
    else:
        yield from (
            ("text for a structure", "x"),
            ("number for a structure", 1),
            ("false for a structure", False),
        )
        yield "empty object", {}
        yield "set object", {"@set": value}
        yield "graph object", {"@graph": value}


def _other_texts(value: str) -> Iterator[tuple[str, Any]]:
    yield from (
        ("true for a text", True),
        ("number for a text", 1),
        ("empty text", ""),
        ("object for a text", {}),
    )
    yield from (
        ("value object", {"@value": value}),
        ("set object", {"@set": [value]}),
        ("list object", {"@list": [value]}),
    )
    yield from (
        ("id object", {"@id": value}),
        ("id object", {"id": value}),
        ("language", {"@value": value, "@language": "en"}),
    )
    yield "language map", {"en": value}
    others = {
        "longer text": value + "x",
        "shorter text": value[:-1],
        "other text": "x" + value[1:],
        "other case": value.swapcase(),
        "space before": " " + value,
        "space after": value + " ",
        "line end after": value + "\n",
        "control character": value + "\x00",
        "unseen character": value + "\u200b",
        "decomposed": unicodedata.normalize("NFD", value),
        "composed": unicodedata.normalize("NFKC", value),
        "lone surrogate": value + "\ud800",
        "blank node": "_:b0",
    }
    if ":" in value:
        others |= {
            "fragment": value + "#",
            "slash": value + "/",
            "query": value + "?",
            "relative": value.rsplit(":", maxsplit=1)[-1],
        }
        others |= {
            "escaped": value[:-1] + f"%{ord(value[-1]) & 0xFF:02X}",
            "scheme": value.replace("https:", "http:"),
        }
        others["host"] = value.replace("school", "skool").replace("example", "examp1e")
    if _MOMENT.fullmatch(value):
        others |= {"zone": value.replace("Z", "+00:00"), "fraction": value.replace("Z", ".0Z")}
        others |= {"small letters": value.replace("T", "t"), "other day": value.replace("-01", "-02", 1)}
        others |= {
            "no zone": value.removesuffix("Z"),
            "a second": value.replace("00Z", "01Z").replace("05Z", "06Z"),
        }
    if value.isdigit():
        yield "number for digits", int(value)
        others |= {"zero before": "0" + value, "plus": "+" + value, "other digits": str(int(value) + 1)}
    yield from ((kind, other) for kind, other in others.items() if other != value)


def _other_numbers(value: float) -> Iterator[tuple[str, Any]]:
    for other in (value + 1, -value, value + 0.5, 0, 1e300):
        if other != value:
            yield "other number", other
    yield from (
        ("true for a number", True),
        ("value object", {"@value": value}),
        ("text for a number", str(value)),
    )
    yield "canonical text for a number", _canonical_double(float(value))
    if float(value).is_integer():
        yield "number with a fraction", float(value)


def _canonical_double(value: float) -> str:
    """XML Schema's canonical form of a double, which RDF gets for a number."""
    mantissa, exponent = f"{value:.15E}".split("E")
    return f"{mantissa.rstrip('0').ljust(3, '0') if '.' in mantissa else mantissa}E{int(exponent)}"


# --- members ------------------------------------------------------------------------------------


def _of_object(document: Any, way: Way, value: dict[str, Any]) -> Iterator[Change]:
    for name in value:
        place = pointer((*way, name))
        yield Change("member removed", place, partial(_made, document, way, without, name))
        for kind, other in _other_names(name):
            if other not in value:
                yield Change(kind, place, partial(_made, document, way, renamed, name, other))
            else:
                yield Change(
                    kind + ", over another", place, partial(_made, document, way, _over, name, other)
                )
        for kind, first, second in (
            ("the same", None, None),
            ("another first", "x", None),
            ("another last", None, "x"),
        ):
            yield Change(f"member twice, {kind}", place, partial(_twice, document, way, name, first, second))
    place = pointer(way)
    yield Change(
        "undefined member added", place, partial(_made, document, way, _with, "undefinedMember", "x")
    )
    yield Change("keyword added", place, partial(_made, document, way, _with, "@index", "x"))
    for name in _NAMES:
        if name not in value:
            added: Any = {"id": "urn:x", "type": "Image"} if name == "image" else "2020-01-01T00:00:00Z"
            added = "urn:x" if name in {"id", "issuer"} else "Achievement" if name == "type" else added
            yield Change(f"{name} added", place, partial(_made, document, way, _with, name, added))
    if "id" not in value:
        yield Change("blank id added", place, partial(_made, document, way, _with, "id", "_:b0"))
    for kind, inner in (("empty", {}), ("null", None), ("redefining", {"name": "https://x.example/name"})):
        yield Change(f"{kind} context added", place, partial(_made, document, way, _with_context, inner))
    if isinstance(value.get("id"), str):
        yield _at("object left out but for its id", document, way, value["id"])
        yield _at("object left out but for its id", document, way, {"id": value["id"]})


def _made(document: Any, way: Way, change: Callable[..., Any], *arguments: Any) -> bytes:
    return text(changed(document, way, lambda value: change(value, *arguments)))


def _with(value: Any, name: str, added: Any) -> Any:
    return {**value, name: added}


def _with_context(value: Any, added: Any) -> Any:
    known = value.get("@context", [])
    return {
        "@context": [*(known if isinstance(known, list) else [known]), added],
        **without(value, "@context"),
    }


def _over(value: Any, name: str, other: str) -> Any:
    return {**without(value, name), other: value[name]}


def _other_names(name: str) -> Iterator[tuple[str, str]]:
    yield "member renamed", name + "x"
    yield "member renamed by case", name.swapcase()
    yield "member renamed by a space", name + " "
    if name in {"id", "type"}:
        yield "member under its keyword", f"@{name}"
    if name.startswith("@"):
        yield "keyword without its sign", name[1:]
    for iri in sorted(_addresses().get(name, ())):
        yield "member under its address", iri
    yield "member under another term", "description" if name != "description" else "name"


@cache
def _addresses() -> dict[str, frozenset[str]]:
    """The addresses that terms have in any pinned context."""
    found: dict[str, set[str]] = {}
    for url in STORE.urls():
        for way, value in places(STORE.get(url).document):
            if way and isinstance(way[-1], str) and "@context" in way:
                iri = value.get("@id") if isinstance(value, dict) else value
                if isinstance(iri, str) and iri.startswith("http"):
                    found.setdefault(way[-1], set()).add(iri)
    return {name: frozenset(iris) for name, iris in found.items()}


def _twice(document: Any, way: Way, name: str, first: Any, second: Any) -> bytes:
    """A text, as no document can have a member twice."""
    value = at(document, way)[name]
    marks = "\x01first", "\x01second"

    def doubled(one: Any) -> Any:
        pairs = [
            (marks[0], value if first is None else first),
            (marks[1], value if second is None else second),
        ]
        return dict(
            pair for each, inner in one.items() for pair in (pairs if each == name else [(each, inner)])
        )

    written = text(changed(document, way, doubled))
    for mark in marks:
        written = written.replace(json.dumps(mark).encode(), json.dumps(name, ensure_ascii=False).encode())
    return written


# --- arrays -------------------------------------------------------------------------------------


def _of_array(document: Any, way: Way, value: list[Any]) -> Iterator[Change]:
    place = pointer(way)
    for index in range(len(value)):
        yield Change("item removed", pointer((*way, index)), partial(_made, document, way, without, index))
        yield _at("item twice", document, way, [*value[: index + 1], *value[index:]])
    for added in (None, "x", "", 1, {}, [], {"id": "urn:x"}):
        yield _at("item added", document, way, [*value, added])
        yield _at("item added in front", document, way, [added, *value])
    if len(value) > 1:
        yield _at("order", document, way, value[::-1])
        yield _at("order", document, way, [*value[1:], value[0]])
        yield _at("array in an array", document, way, [value[:1], value[1:]])
    if len(value) == 1:
        yield Change(
            "array left out around its item", place, partial(_made, document, way, lambda one: one[0])
        )
    if value:
        yield _at("first item instead of the array", document, way, value[0])
        yield _at("object of numbered items", document, way, {str(n): one for n, one in enumerate(value)})
        yield _at("list object", document, way, {"@list": value})


# --- what only JSON-LD makes possible -------------------------------------------------------------


def _moves(document: Any) -> Iterator[Change]:
    """Members moved between mentions of one thing: to RDF they are one, to readers of JSON two.

    Where the member's term is not defined at the other mention, a context there may define it.
    """
    named: dict[str, list[Way]] = {}
    for way, value in places(document):
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            named.setdefault(value["id"], []).append(way)
    for ways in named.values():
        for one in ways:
            for other in ways:
                if one != other:
                    yield from _moved(document, one, other)
    # What only names a thing, by its id, made into a mention of it.
    for way, value in list(places(document)):
        if isinstance(value, str) and value in named and way[-1] != "id":
            made = changed(document, way, lambda name: {"id": name})
            yield Change("name made into a mention", pointer(way), partial(text, made))
            yield from _moved(made, named[value][0], way)


def _moved(document: Any, one: Way, other: Way) -> Iterator[Change]:
    for name, value in at(document, one).items():
        inside = other[: len(one)] == one and other[len(one) : len(one) + 1] == (name,)
        if name in at(document, other) or name in {"@context", "proof"} or inside:
            continue
        place = pointer((*one, name))
        for how, context in (
            ("", {}),
            *((", with a context", {"@context": each}) for each in _defined(name)),
        ):
            there = partial(changed, document, other, partial(_put, {**context, name: value}))
            yield Change(f"member copied to another mention{how}", place, partial(_texted, there))
            yield Change(f"member moved to another mention{how}", place, partial(_texted, there, one, name))


def _put(members: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    return {**members, **value}


def _texted(there: Callable[[], Any], one: Way = (), name: str = "") -> bytes:
    made = there()
    return text(changed(made, one, lambda value: without(value, name)) if name else made)


@cache
def _defined(name: str) -> tuple[Any, ...]:
    """Contexts that define a term as pinned ones do, wherever they do."""
    found: dict[str, Any] = {}
    for url in STORE.urls():
        for way, value in places(STORE.get(url).document):
            if way and way[-1] == name and "@context" in way and len(found) < 2:
                plain = (
                    {k: v for k, v in value.items() if k != "@context"} if isinstance(value, dict) else value
                )
                if isinstance(plain, dict) or (isinstance(plain, str) and ":" in plain):
                    found.setdefault(json.dumps(plain), {name: plain})
    return tuple(found.values())


def _contexts(document: Any) -> Iterator[Change]:
    given = document.get("@context")
    if not isinstance(given, list):
        return
    inline: list[Any] = [
        {},
        {"x": "https://x.example/x"},
        {"title": "https://schema.org/name"},
        {"name": "https://x.example/name"},
        {"@vocab": "https://x.example/"},
        {"@base": "https://x.example/"},
        {"@language": "en"},
        None,
        "https://x.example/unknown",
    ]
    for added in [*STORE.urls(), *inline]:
        yield _at("context added", document, ("@context",), [*given, added])
        yield _at("context added in front", document, ("@context",), [added, *given])
    for index in range(len(given)):
        for url in STORE.urls():
            if url != given[index]:
                yield _at("another context", document, ("@context", index), url)


# --- proofs -------------------------------------------------------------------------------------


def _proofs(document: Any) -> Iterator[Change]:
    for way, value in places(document):
        if way and way[-1] == "proofValue" and isinstance(value, str):
            for kind, other in proof_values(value):
                yield _at(kind, document, way, other)
    proof = document.get("proof")
    if isinstance(proof, dict):
        yield _at(
            "a proof of something else beside it",
            document,
            ("proof",),
            [proof, {**proof, "created": "2020-01-01T00:00:00Z"}],
        )
        yield _at("an unknown proof beside it", document, ("proof",), [{"type": "Unknown2031"}, proof])
        for suite in (
            "eddsa-rdfc-2022",
            "ecdsa-rdfc-2019",
            "eddsa-jcs-2022",
            "ecdsa-jcs-2019",
            "ecdsa-sd-2023",
            "eddsa-2022",
        ):
            yield _at("another cryptosuite", document, ("proof", "cryptosuite"), suite)
        for kind in ("Ed25519Signature2020", "Ed25519Signature2018", "JsonWebSignature2020"):
            yield _at("another type of proof", document, ("proof", "type"), kind)


def proof_values(value: str) -> Iterator[tuple[str, str]]:
    """A proof value with bits flipped in places, cut, prolonged, spelled otherwise, or the other of ECDSA's two."""
    try:
        data = multibase.decode(value)
    except VcError:
        return
    yield from selective_parts(value)
    write = multibase.encode if value.startswith("z") else lambda one: "u" + multibase.base64url_encode(one)
    for position in range(0, len(data), max(1, len(data) // 24)):
        for bit in (0, 7):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            yield "bit of the proof value", write(bytes(flipped))
    for other in (data[:-1], data[1:], data + b"\0", b"\0" + data, bytes(len(data)), data[::-1], b""):
        yield "bytes of the proof value", write(other)
    yield (
        "proof value in the other base",
        multibase.encode(data) if value[0] == "u" else "u" + multibase.base64url_encode(data),
    )
    yield from (
        ("spelling of the proof value", other)
        for other in (value[1:], value + "=", value + "1", "z1" + value[1:], value.upper())
    )
    for twin in twins(data):
        yield "other half of the signature", write(twin)


def spliced(document: Any, other: Any) -> Iterator[Change]:
    """Parts of another valid document of the same issuer in place of this one's, at every place that both have."""
    for way, value in places(document):
        try:
            theirs = at(other, way)
        except (KeyError, IndexError, TypeError):
            continue
        if way and theirs != value:
            yield _at("part of another of the same issuer", document, way, theirs)
    mine, theirs = document.get("proof"), other.get("proof")
    if mine is not None:
        yield _at("proofs of both", document, ("proof",), [theirs, mine])
        yield Change("all of another, this one's proof", "", lambda: text({**other, "proof": mine}))


def other_keys(document: Any, methods: Iterable[str]) -> Iterator[Change]:
    """Each name of a key made that of another key, and each issuer another."""
    for way, value in places(document):
        if (
            way
            and isinstance(value, str)
            and way[-1] in {"verificationMethod", "kid", "issuer", "holder", "id", "iss"}
        ):
            if way[-1] == "id" and (len(way) < 2 or way[-2] not in {"issuer", "holder"}):
                continue
            for method in methods:
                name = method if way[-1] in {"verificationMethod", "kid"} else method.partition("#")[0]
                if name != value:
                    yield _at("another's key or name", document, way, name)


def selective_parts(value: str) -> Iterator[tuple[str, str]]:
    """A derived proof value of ecdsa-sd-2023 with its parts altered, dropped, doubled, exchanged."""
    data = multibase.decode(value)
    if data[:3] != DERIVED:
        return
    signature, public, signatures, labels, mandatory = cbor2.loads(data[3:])
    first, *rest = signatures
    numbers, codes = list(labels), list(labels.values())
    parts: list[tuple[str, list[Any]]] = [
        ("signature left out", [signature, public, rest, labels, mandatory]),
        ("signature twice", [signature, public, [first, *signatures], labels, mandatory]),
        ("signatures exchanged", [signature, public, signatures[::-1], labels, mandatory]),
        ("signature instead of the base's", [first, public, signatures, labels, mandatory]),
        ("no signatures", [signature, public, [], labels, mandatory]),
        (
            "labels exchanged",
            [signature, public, signatures, dict(zip(numbers, codes[::-1], strict=True)), mandatory],
        ),
        ("label left out", [signature, public, signatures, dict(list(labels.items())[1:]), mandatory]),
        ("label added", [signature, public, signatures, {**labels, len(labels): bytes(32)}, mandatory]),
        ("one label for all", [signature, public, signatures, dict.fromkeys(labels, codes[0]), mandatory]),
        (
            "labels renumbered",
            [signature, public, signatures, {n + 1: c for n, c in labels.items()}, mandatory],
        ),
        ("nothing mandatory", [signature, public, signatures, labels, []]),
        (
            "everything mandatory",
            [signature, public, signatures, labels, list(range(len(mandatory) + len(signatures)))],
        ),
        ("mandatory beyond the end", [signature, public, signatures, labels, [*mandatory, 10_000]]),
        ("part added", [signature, public, signatures, labels, mandatory, []]),
        ("part left out", [signature, public, signatures, labels]),
    ]
    for index in range(len(mandatory)):
        less = mandatory[:index] + mandatory[index + 1 :]
        parts.append(("mandatory left out", [signature, public, signatures, labels, less]))
        parts.append(("mandatory made free", [signature, public, [*signatures, first], labels, less]))
    for index in range(len(signatures)):
        for bit in (0, 300, 511):
            flipped = bytearray(signatures[index])
            flipped[bit // 8] ^= 1 << bit % 8
            other = [*signatures[:index], bytes(flipped), *signatures[index + 1 :]]
            parts.append(("bit of a signature", [signature, public, other, labels, mandatory]))
        twin = next(twins(signatures[index]))
        other = [*signatures[:index], twin, *signatures[index + 1 :]]
        parts.append(("other half of the signature", [signature, public, other, labels, mandatory]))
    for number, code in labels.items():
        flipped = {**labels, number: bytes([code[0] ^ 1]) + code[1:]}
        parts.append(("bit of a label", [signature, public, signatures, flipped, mandatory]))
    for position in range(len(public)):
        made = public[:position] + bytes([public[position] ^ 1]) + public[position + 1 :]
        parts.append(("bit of the proof's own key", [signature, made, signatures, labels, mandatory]))
    yield from (
        (f"derived proof: {kind}", "u" + multibase.base64url_encode(DERIVED + cbor2.dumps(one)))
        for kind, one in parts
    )


def twins(signature: bytes) -> Iterator[bytes]:
    """Of an ECDSA signature (r, s) the other one, (r, n - s), which fits as well; of an Ed25519 one, what must not fit."""
    half = len(signature) // 2
    first, second = signature[:half], signature[half:]
    if half == 32:
        yield first + (_ORDER["P-256"] - int.from_bytes(second) % _ORDER["P-256"]).to_bytes(32)
        beyond = int.from_bytes(second, "little") + _ED25519
        if beyond < 2**256:
            yield first + beyond.to_bytes(32, "little")
    elif half == 48:
        yield first + (_ORDER["P-384"] - int.from_bytes(second) % _ORDER["P-384"]).to_bytes(48)
