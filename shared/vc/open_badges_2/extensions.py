"""Extensions of Open Badges 2.0: parts of a badge with a class, a context and a JSON Schema of their own (2.0, Extensions)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.vc.strict_json import JsonObject

from .verification import names_in

_BADGES = "https://w3id.org/openbadges#"
_PREFIXES = {
    "obi": _BADGES,
    "extensions": "https://w3id.org/openbadges/extensions#",
    "schema": "http://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: where it stands, the part itself, its classes as IRIs, and the addresses of its contexts."""

    pointer: str
    node: JsonObject
    classes: frozenset[str]
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """What a context demands of a class: that it fits the schema at an address. `terms` are the context's, by IRI."""

    schema: str
    terms: Mapping[str, str]


def extensions_in(document: Mapping[str, Any], pointer: str = "") -> list[Extension]:
    """Every extension in an assertion, a badge class or a profile, outer ones first."""
    return list(_walk(document, pointer, names_in(document.get("@context")), _DEPTH))


def _walk(node: Mapping[str, Any], pointer: str, around: list[str], left: int) -> Iterator[Extension]:
    for name, value in node.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict) or not left or name == "@context":
                continue
            where = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            contexts = [*names_in(one.get("@context")), *around]
            types = names_in(one.get("type"))
            if "Extension" in types:
                classes = frozenset(class_iri(kind) for kind in types)
                yield Extension(where, one, classes, tuple(dict.fromkeys(contexts)))
            yield from _walk(one, where, contexts, left - 1)


def class_iri(name: str) -> str:
    """A class as an IRI. Before 2.0 extensions' classes were written `obi:extensions/#X`, and many contexts still do."""
    iri = _expand(name, _PREFIXES)
    old = f"{_BADGES}extensions/#"
    return _PREFIXES["extensions"] + iri.removeprefix(old) if iri.startswith(old) else iri


def demands(context: Mapping[str, Any], classes: frozenset[str]) -> list[Demand]:
    """The schemas that an extension's context document wants applied to parts of these classes."""
    body = context.get("@context")
    terms = {iri: term for one in (body if isinstance(body, list) else [body]) for iri, term in _terms(one)}
    found = context.get("obi:validation", context.get("validation"))
    made = []
    for one in found if isinstance(found, list) else [found]:
        if not isinstance(one, dict):
            continue
        kinds = names_in(one.get("obi:validatesType", one.get("validatesType")))
        schemas = names_in(one.get("obi:validationSchema", one.get("validationSchema")))
        if classes & {class_iri(kind) for kind in kinds}:
            made += [Demand(schema.strip(), terms) for schema in schemas]
    return made


def _terms(body: object) -> Iterator[tuple[str, str]]:
    if not isinstance(body, dict):
        return
    prefixes = _PREFIXES | {name: one for name, one in body.items() if isinstance(one, str)}
    for term, definition in body.items():
        iri = definition.get("@id") if isinstance(definition, dict) else definition
        if isinstance(iri, str) and not term.startswith("@"):
            yield _expand(iri, prefixes), term


def _expand(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, rest = name.partition(":")
    return prefixes[prefix] + rest if colon and prefix in prefixes and not rest.startswith("//") else name


def as_written(node: JsonObject, terms: Mapping[str, str]) -> JsonObject:
    """The part with the names that the schema speaks of: whoever wrote a property as an IRI meant the same."""
    return {terms.get(_expand(name, _PREFIXES), name): value for name, value in node.items()}
