"""What fuzzing begins with: generated credentials of every format, and words that parsers look for."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from shared.vc import multikey, status, strict_json
from shared.vc.baking import bake_png, bake_svg
from shared.vc.contexts import ContextStore
from shared.vc.dids import did_web_url
from shared.vc.keys import Algorithm
from shared.vc.proofs import data_integrity
from tests.hostile.mutation.samples import LIST, SVG, World, png, samples

_DATES = (
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.123456789+14:00",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "2024-02-29",
    "2026-02-29",
    "2026-01-02T24:00:00Z",
    "2026-01-02T23:59:60Z",
)
_JSON = (
    '{"a": [1, -0, 1.5e300, 1E400, 9007199254740993, 0.1e1, 123456789012345678], "b": null}',
    '{"a": 1, "a": 2}',
    '["\\ud83d\\ude00", "\\ud800", "\\u0000", "é"]',
    "[[[[[[]]]]]]",
    "-0.0",
    "NaN",
    '{"\\ufb33": 1, "\\ud83d\\ude02": 2, "\\u20ac": 3}',
)
_JSONLD = (
    '{"@context": {"a": "http://a.example/", "b": {"@id": "http://b.example/", "@container": "@list"}}, "a": {"b": [1, {"a": "x"}]}}',
    '{"@context": {"@vocab": "http://v.example/", "c": {"@type": "@id"}}, "c": ["_:x", "_:y"], "@graph": [{"@id": "_:x", "c": "_:y"}]}',
    '{"@context": {"p": {"@id": "http://p.example/", "@type": "@json"}, "l": {"@id": "http://l.example/", "@container": "@language"}}, "p": {"z": [1.0]}, "l": {"en": "x"}}',
)


def seeds(name: str) -> list[bytes]:
    """The seeds of a target; each at most 64 kB."""
    made = [one if isinstance(one, bytes) else str(one).encode() for one in _SEEDS[name]()]
    return [one for one in made if len(one) <= 65_536]


def _of(*shapes: str) -> Iterator[bytes]:
    yield from (one.data for one in samples() if one.shape in shapes and len(one.data) < 8000)


def _texts() -> Iterator[Any]:
    yield from _JSON
    yield from list(_of("json"))[::3]


def _documents() -> Iterator[Any]:
    yield from _JSONLD
    yield from _of("json")
    for url in ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/ed25519-2020/v1"):
        yield ContextStore.builtin().get(url).body


def _tokens() -> Iterator[Any]:
    for token in _of("jwt"):
        yield token
        yield b"\0".join(base64.urlsafe_b64decode(part + b"==") for part in token.split(b".")[:2])


def _disclosures() -> Iterator[Any]:
    yield from _of("sd-jwt")
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "_sd": ["#0", "#1"],
        "a": [{"...": "#2"}],
    }
    shown = (["s", "name", {"_sd": ["#3"]}], ["s", "b", [1]], ["s", "item"], ["s", "inner", True])
    yield b"\0".join(json.dumps(one).encode() for one in (credential, *shown))


def _proof_values() -> Iterator[Any]:
    for one in samples():
        if one.form.startswith("ecdsa-sd-2023"):
            value = json.loads(one.data)["proof"]["proofValue"]
            yield value
            yield base64.urlsafe_b64decode(value[1:] + "==")[3:]


def _encodings() -> Iterator[Any]:
    for key in World().keys.values():
        if key.algorithm is not Algorithm.RSA:
            yield multikey.encode(key.public)
            yield multikey.encode(key.public)[1:]
    yield "zz"
    yield "uAAECAw"
    yield bytes(40)


def _addresses() -> Iterator[Any]:
    world = World()
    document = world.network.pages[did_web_url(world.issuer.did)]
    for kind, key in world.keys.items():
        yield world.method(kind).encode() + b"\n" + document
        jwk = {**key.public.jwk(), "kid": "1"}
        yield b"https://issuer.example/keys#1\n" + json.dumps({"keys": [jwk]}).encode()
        yield "did:jwk:" + base64.urlsafe_b64encode(json.dumps(jwk).encode()).decode().rstrip("=") + "#0\n"
    yield world.holder_method
    yield "did:web:localhost%3A8001:a:b#c\n{}"
    method = {"id": "https://i.example/k", "controller": "https://i.example/", "type": "Multikey"}
    alone = {
        **method,
        "publicKeyMultibase": multikey.encode(world.holder.public),
        "assertionMethod": method["id"],
    }
    yield b"https://i.example/k\n" + json.dumps(alone).encode()


def _pngs() -> Iterator[Any]:
    yield from (one[8:] for one in _of("png"))
    yield png()[8:]
    yield bake_png(png(), '{"a": 1}')


def _svgs() -> Iterator[Any]:
    yield from _of("svg")
    yield SVG
    yield bake_svg(SVG, "a.b.c")
    yield b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'
    yield "<svg xmlns='http://www.w3.org/2000/svg'/>".encode("utf-16")
    for encoding in ("UTF-8", "UTF-7", "cp037", "idna", "hex", "undefined", "x"):
        yield f"<?xml version='1.0' encoding='{encoding}'?>".encode() + SVG
    yield b'<o:credential verify="a.b.c"/></svg>'


def _lists() -> Iterator[Any]:
    yield status.encode(status.StatusBits())
    yield status.encode(status.StatusBits(data=b"\x01\xff"))
    yield b"\x01" * 100
    yield World().network.pages[LIST]
    yield json.dumps(status.status_entry(LIST, 5, purpose="message", messages=["a", "b", "c", "d"]))
    yield '{"issuer": "i", "revokedCredential": [{"id": "https://school.example/1", "revoked": true}]}'


def _schemas() -> Iterator[Any]:
    document = json.dumps({"name": "x", "tag": ["a", "b"], "result": {"value": 1.5, "deep": [{"name": "y"}]}})
    text = {"type": "string", "pattern": "^[a-z]+$", "minLength": 1, "maxLength": 5}
    for schema in (
        {
            "type": "object",
            "required": ["name"],
            "properties": {"name": text, "tag": {"type": "array", "items": text}},
        },
        {"$defs": {"a": {"properties": {"deep": {"items": {"$ref": "#/$defs/a"}}}}}, "$ref": "#/$defs/a"},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"t": text},
            "if": {"required": ["tag"]},
            "then": {"patternProperties": {"^t": {"contains": {"$ref": "#/definitions/t"}}}},
        },
        {
            "allOf": [{"anyOf": [True, {"not": {}}]}, {"oneOf": [{"const": 1}, {"enum": [1, {}]}]}],
            "dependentSchemas": {"name": {"minProperties": 2}},
        },
        {
            "propertyNames": {"maxLength": 9},
            "additionalProperties": {"multipleOf": 0.1, "uniqueItems": True},
            "$id": "https://s.example/",
            "$anchor": "a",
        },
        {
            "$schema": "https://json-schema.org/draft/2019-09/schema",
            "prefixItems": [{}],
            "minContains": 2,
            "contains": {},
            "format": "date",
        },
    ):
        yield json.dumps(schema).encode() + b"\0" + document.encode()


def _older() -> Iterator[Any]:
    world = World()
    made = [one for one in samples(world) if one.form.startswith("Open Badges")]
    pages = [page for url, page in world.network.pages.items() if url.startswith("https://old.example")]
    for one in made:
        yield one.data
        yield b"\n\n".join([one.data, *pages])
    for number, page in enumerate(pages):
        yield b"\n\n".join([made[0].data, *pages[number:], page]).replace(
            b"https://old.example/", b"https://a.example/"
        )


def _everything() -> Iterator[Any]:
    yield from _of("json", "jwt", "sd-jwt", "png", "svg")
    # By a key that needs no network: the signature is looked at.
    world = World()
    for name in ("small", "36 quads"):
        document = {
            **world.document(name),
            "issuer": {"id": world.holder_did, "type": ["Profile"], "name": "x"},
        }
        document.pop("credentialStatus", None)
        for suite in ("ecdsa-rdfc-2019", "ecdsa-jcs-2019"):
            yield strict_json.dumps(
                data_integrity.sign(
                    document,
                    key=world.holder,
                    verification_method=world.holder_method,
                    created=data_integrity.datetime(2026, 1, 1, tzinfo=data_integrity.UTC),
                    cryptosuite=suite,
                )
            )


def _presentations() -> Iterator[Any]:
    yield from (one.data for one in samples() if one.form.startswith("presentation"))


_SEEDS: Mapping[str, Any] = {
    "json": _texts,
    "jsonld": _documents,
    "jcs": _texts,
    "jwt": _tokens,
    "sd_jwt": _disclosures,
    "sd_values": _proof_values,
    "multibase": _encodings,
    "did": _addresses,
    "png": _pngs,
    "svg": _svgs,
    "status": _lists,
    "schema": _schemas,
    "ob2": _older,
    "dates": lambda: iter(_DATES),
    "verify": _everything,
    "presentation": _presentations,
}


def words() -> list[str]:
    """Names and values that parsers look for: members of the seeds, keywords, and terms of the contexts."""
    found = {
        "@context",
        "@id",
        "@type",
        "@value",
        "@list",
        "@set",
        "@graph",
        "@included",
        "@language",
        "@json",
    }
    found |= {
        "@container",
        "@index",
        "@reverse",
        "@vocab",
        "@base",
        "@protected",
        "@nest",
        "@none",
        "@version",
    }
    found |= {
        "_sd",
        "...",
        "_sd_alg",
        "cnf",
        "jwk",
        "kid",
        "crit",
        "b64",
        "xsd:dateTime",
        "$ref",
        "$id",
        "$schema",
        "$defs",
        "$anchor",
        "iTXt",
        "zTXt",
        "tEXt",
    }
    found |= {
        "openbadgecredential",
        "IEND",
        "IHDR",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE",
        "<!ENTITY",
        "xmlns:",
        "verify=",
    }
    pending: list[Any] = [json.loads(one.data) for one in samples() if one.shape == "json"]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            found |= set(value)
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and len(value) < 80:
            found.add(value)
    return sorted(found)
