"""The names under which readers of plain JSON look for what the standards define.

RDF does not care how a member is named: `validUntil` may be spelled as its IRI, or under another name from a context
in the document, and the signature still fits, while a reader of JSON no longer finds it. VCDM 2.0 therefore asks for
compact form; whoever renames a member so was hiding it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from shared.vc.contexts import ContextStore

_VOCABULARIES = (
    "https://www.w3.org/2018/credentials#",
    "https://www.w3.org/ns/credentials/",
    "https://w3id.org/security#",
    "https://purl.imsglobal.org/spec/vc/",
    "https://schema.org/",  # what things are called: names, descriptions, tags
    "http://purl.org/dc/terms/",
)


# What makes a credential count (its period, its status, its issuer) the standards define for objects of the type
# VerifiableCredential only. A context in the document that defines it anywhere else moves it to where nobody looks:
# into another mention of the credential, which to RDF is the credential.
_OF_CREDENTIALS = "https://www.w3.org/2018/credentials#"


def hides(name: str, iri: str) -> bool:
    """Whether an IRI of the standards' vocabularies is spelled as none of the built-in contexts spells it.

    Asked of spellings that no pinned context defines where they stand.
    """
    names = _names().get(iri)
    return names is not None and (name not in names or iri.startswith(_OF_CREDENTIALS))


@cache
def _names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    store = ContextStore.builtin()
    for url in store.urls():
        for pinned in (store.get(url), *store.alternatives(url)):
            for name, iri in _definitions(pinned.document["@context"], {}):
                if iri.startswith(_VOCABULARIES):
                    found.setdefault(iri, set()).add(name)
    return {iri: frozenset(names) for iri, names in found.items()}


def _definitions(context: Any, prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Terms and their IRIs of a context body and all contexts scoped within it."""
    if isinstance(context, list):
        for item in context:
            yield from _definitions(item, prefixes)
    if not isinstance(context, dict):
        return
    prefixes = {**prefixes, **{name: iri for name, iri in context.items() if isinstance(iri, str)}}
    for name, value in context.items():
        iri = value.get("@id", name) if isinstance(value, dict) else value
        if isinstance(iri, str):
            prefix, _, suffix = iri.partition(":")
            yield name, prefixes[prefix] + suffix if prefix in prefixes else iri
        if isinstance(value, dict) and "@context" in value:
            yield from _definitions(value["@context"], prefixes)
