from typing import Any

import pytest

from shared.vc import rdfc
from shared.vc.contexts import (
    CREDENTIALS_V1,
    CREDENTIALS_V2,
    OPEN_BADGES_3,
    OPEN_BADGES_3_EXTENSIONS,
    ContextStore,
)
from shared.vc.errors import (
    DataLoss,
    InvalidContext,
    InvalidJsonLd,
    NotCompact,
    RelativeIri,
    UndefinedTerm,
    UnknownContext,
    UnsupportedJsonLd,
    VcError,
)
from shared.vc.jsonld import to_nquads, to_quads
from tests.unit.vc.credentials import badge
from tests.unit.vc.oracles import pyld

STORE = ContextStore.builtin()
OB = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"


def canonical(document: dict[str, Any], store: ContextStore = STORE, *, compact: bool = True) -> str:
    return rdfc.canonicalize(to_quads(document, store, compact=compact))


def test_a_badge_becomes_what_pyld_makes_of_it() -> None:
    assert canonical(badge()) == pyld(badge(), STORE)
    assert len(to_quads(badge(), STORE)) == 50


def test_quirks_of_the_open_badges_context_are_kept() -> None:
    lines = canonical(badge(awardedDate="2026-01-01T00:00:00Z"))
    # The context does not define the prefix xsd where awardedDate uses it, and writes https: where it does.
    assert '"2026-01-01T00:00:00Z"^^<xsd:dateTime>' in lines
    assert f'<{OB}creditsEarned> "2.5E0"^^<https://www.w3.org/2001/XMLSchema#float>' in lines
    assert f"<{OB}Criteria>" in lines


@pytest.mark.parametrize(
    ("number", "literal"),
    [(3.0, "3"), (3, "3"), (3.5, "3.5E0"), (1e21, "1.0E21"), (-0.0, "0"), (1.5e-7, "1.5E-7")],
)
def test_numbers_take_the_form_that_json_ld_gives_them(number: float, literal: str) -> None:
    document = badge()
    document["credentialSubject"]["creditsEarned"] = number
    assert f'"{literal}"^^<https://www.w3.org/2001/XMLSchema#float>' in canonical(document)
    assert canonical(document) == pyld(document, STORE)


def _at(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *steps, last = path.split("/")[1:]
    place: Any = document
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "error", "code", "pointer"),
    [
        ("/unknown", "x", UndefinedTerm, "undefined_term", "/unknown"),
        ("/unknown", None, UndefinedTerm, "undefined_term", "/unknown"),
        ("/credentialSubject/achievement/skill~s", 1, UndefinedTerm, "undefined_term", "/credentialSubject/achievement/skill~0s"),
        ("/@unknown", "x", UndefinedTerm, "reserved_term", "/@unknown"),
        ("/type", ["VerifiableCredential", "Unknown"], UndefinedTerm, "undefined_type", "/type/1"),
        ("/type", "Unknown", UndefinedTerm, "undefined_type", "/type"),
        ("/type", [5], InvalidJsonLd, "type_value", "/type/0"),
        ("/type", None, InvalidJsonLd, "type_value", "/type"),
        ("/id", "credentials/1", RelativeIri, "relative_iri", "/id"),
        ("/id", "", RelativeIri, "relative_iri", "/id"),
        ("/id", "https://a.example/b c", RelativeIri, "malformed_iri", "/id"),
        ("/id", "https://a.example/> <https://b.example/c> <https://d.example/", RelativeIri, "malformed_iri", "/id"),
        ("/id", ["https://a.example/"], InvalidJsonLd, "id_value", "/id"),
        ("/id", None, InvalidJsonLd, "id_value", "/id"),
        ("/@id", "https://a.example/", InvalidJsonLd, "colliding_keywords", ""),
        ("/issuer", "school", RelativeIri, "relative_iri", "/issuer"),
        ("/credentialSubject/achievement/image", {"id": "i.png", "type": "Image"}, RelativeIri, "relative_iri", "/credentialSubject/achievement/image/id"),
        ("/@value", "x", InvalidJsonLd, "value_object", ""),
        ("/@list", ["x"], InvalidJsonLd, "keyword_misused", "/@list"),
        ("/@language", "en", InvalidJsonLd, "keyword_misused", "/@language"),
        ("/@index", "x", DataLoss, "index_not_signed", "/@index"),
        ("/@reverse", {}, UnsupportedJsonLd, "keyword_unsupported", "/@reverse"),
        ("/@container", "@set", InvalidJsonLd, "keyword_misused", "/@container"),
        ("/@graph", "x", DataLoss, "free_floating", "/@graph"),
        ("/@included", [{"id": "https://a.example/"}], DataLoss, "nothing_said", "/@included/0"),
        ("/proof", "https://a.example/", DataLoss, "free_floating", "/proof"),
        ("/proof", {"id": "https://a.example/"}, DataLoss, "nothing_said", "/proof"),
        ("/name", {"@value": None}, DataLoss, "null_value", "/name"),
        ("/name", {"@value": "x", "@index": "y"}, DataLoss, "index_not_signed", "/name"),
        ("/name", {"@value": "x", "@direction": "rtl"}, UnsupportedJsonLd, "direction_unsupported", "/name"),
        ("/name", {"@value": "x", "@language": 'en" .'}, InvalidJsonLd, "language_tag", "/name"),
        ("/name", {"@value": ["x"]}, InvalidJsonLd, "value_object", "/name"),
        ("/name", {"@value": "x", "@type": "nowhere"}, UndefinedTerm, "undefined_type", "/name"),
        ("/credentialSubject/achievement/resultDescription/0/allowedValue", ["A", None], DataLoss, "null_in_list", "/credentialSubject/achievement/resultDescription/0/allowedValue/1"),
        ("/_:b", "x", DataLoss, "blank_property", "/_:b"),
    ],
)  # fmt: skip
def test_nothing_is_dropped_in_silence(
    path: str, value: Any, error: type[VcError], code: str, pointer: str
) -> None:
    with pytest.raises(error) as raised:
        to_quads(_at(badge(), path, value), STORE, compact=False)
    assert (raised.value.code, raised.value.pointer) == (code, pointer)


def test_null_and_empty_arrays_say_nothing() -> None:
    assert canonical(badge(description=None, evidence=[])) == canonical(badge())


def test_a_language_is_lower_cased_as_json_ld_processors_do() -> None:
    assert '"Backen"@de-at' in canonical(badge(name={"@value": "Backen", "@language": "de-AT"}))


def test_extension_types_need_their_context() -> None:
    status = {"id": "https://a.example/status", "type": "1EdTechRevocationList"}
    with pytest.raises(UndefinedTerm):
        to_quads(badge(credentialStatus=status), STORE)
    contexts = [CREDENTIALS_V2, OPEN_BADGES_3, OPEN_BADGES_3_EXTENSIONS]
    assert canonical(badge(credentialStatus=status) | {"@context": contexts})


def test_endorsement_jwts_are_undefined_under_the_older_body() -> None:
    document = badge(endorsementJwt=["a.b.c"])
    assert f'<{OB}endorsementJwt> "a.b.c"' in canonical(document)
    older = STORE.using(OPEN_BADGES_3, STORE.alternatives(OPEN_BADGES_3)[0].sha256)
    with pytest.raises(UndefinedTerm) as lost:
        to_quads(document, older)
    assert lost.value.pointer == "/endorsementJwt"


def test_an_unknown_context_is_named() -> None:
    with pytest.raises(UnknownContext) as unknown:
        to_quads(badge() | {"@context": [CREDENTIALS_V2, "https://school.example/terms"]}, STORE)
    assert unknown.value.url == "https://school.example/terms"
    assert unknown.value.pointer == "/@context/1"


@pytest.mark.parametrize(
    ("context", "error", "code"),
    [
        ([CREDENTIALS_V2, {"id": "https://evil.example/id"}], InvalidContext, "protected_term"),
        ([CREDENTIALS_V2, None], InvalidContext, "context_nullification"),
        ([{"a": "b:c", "b": "a:d"}], InvalidContext, "cyclic_definition"),
        ([{"@vocab": 5}], InvalidContext, "vocab"),
        ([{"@version": 1.0}], InvalidContext, "version"),
        ([{"@language": "e n"}], InvalidContext, "language"),
        ([{"@direction": []}], InvalidContext, "direction"),
        ([{"@propagate": "no"}], InvalidContext, "propagate"),
        ([{"@import": CREDENTIALS_V1, "@protected": 1}], InvalidContext, "protected"),
        ([{"@base": "https://a.example/"}], UnsupportedJsonLd, "base_unsupported"),
        ([{"@id": "https://a.example/"}], InvalidContext, "keyword_redefinition"),
        ([{"": "https://a.example/"}], InvalidContext, "empty_term"),
        ([{"a": 5}], InvalidContext, "term_definition"),
        ([{"a": {"@unknown": 1}}], InvalidContext, "term_definition"),
        ([{"a": {"@id": 5}}], InvalidContext, "iri_mapping"),
        ([{"a": {"@id": "b"}}], InvalidContext, "iri_mapping"),
        ([{"a": {"@id": "@context"}}], InvalidContext, "keyword_alias"),
        ([{"a": {"@id": "https://a.example/", "@type": "b"}}], InvalidContext, "type_mapping"),
        ([{"a": {"@id": "https://a.example/", "@container": ["@list", "@set"]}}], InvalidContext, "container_mapping"),
        ([{"a": {"@id": "https://a.example/", "@container": [[]]}}], InvalidContext, "container_mapping"),
        ([{"a": {"@id": "https://a.example/", "@language": 5}}], InvalidContext, "language_mapping"),
        ([{"a": {"@id": "https://a.example/", "@direction": {}}}], InvalidContext, "direction"),
        ([{"a:b": {"@id": "https://a.example/", "@prefix": True}}], InvalidContext, "iri_mapping"),
        ([{"a": {"@id": "https://a.example/", "@prefix": 1}}], InvalidContext, "prefix"),
        ([{"a": {"@reverse": "https://a.example/", "@id": "https://b.example/"}}], InvalidContext, "reverse"),
        ([{"a": {"@id": "https://a.example/", "@container": "@index"}}], UnsupportedJsonLd, "term_unsupported"),
        ([{"a": {"@id": "https://a.example/", "@context": 5}}], InvalidContext, "local_context"),
        ([5], InvalidContext, "local_context"),
    ],
)  # fmt: skip
def test_contexts_that_break_json_ld_are_refused(context: list[Any], error: type[VcError], code: str) -> None:
    with pytest.raises(error) as refused:
        to_quads({"@context": context, "a": "x"}, STORE)
    assert refused.value.code == code


def test_inline_contexts_hold_where_they_stand() -> None:
    document = {
        "@context": {"@vocab": "https://v.example/", "n": {"@id": "https://n.example/", "@context": {"a": "https://inner.example/a"}}},
        "a": 1,
        "n": {"a": 2, "n": {"a": 3}},
        "m": {"@context": {"a": None, "b": {"@id": "https://b.example/", "@type": "@json"}}, "b": {"z": [1.0, "\u0007"]}},
    }  # fmt: skip
    lines = to_nquads(document, STORE)
    assert lines == to_nquads(document, STORE)
    assert canonical({**document, "m": 1}) == pyld({**document, "m": 1}, STORE)
    # A control character is escaped once by RFC 8785, and its backslash once more by N-Quads.
    assert r'"{\"z\":[1,\"\\u0007\"]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>' in lines


def test_graphs_and_included_nodes() -> None:
    context = {"@vocab": "https://v.example/", "g": {"@id": "https://g.example/", "@container": "@graph"}}
    document = {
        "@context": context,
        "@id": "https://a.example/",
        "@graph": [{"@id": "https://b.example/", "p": [1, [True], None]}],
        "@included": {"@id": "https://c.example/", "p": "x"},
        "g": [{"p": "in a graph"}, {"p": {"@list": ["a", ["b"], []]}}],
    }
    assert canonical(document, compact=False) == pyld(document, STORE)
    assert (
        canonical({"@context": context, "@graph": [{"p": 1}]}, compact=False)
        == '_:c14n0 <https://v.example/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    )


def test_control_characters_are_escaped_as_rdfc_asks() -> None:
    assert '"a\\u0000\\b\\t\\n\\u000B\\f\\r\\u001F\\"\\\\\\u007F\x80\\uFFFE"' in canonical(
        badge(name='a\0\b\t\n\v\f\r\x1f"\\\x7f\x80\ufffe')
    )


CRED = "https://www.w3.org/2018/credentials#"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        # The expiry under its IRI, under a name of the document's own, and as an object: a reader of JSON misses it.
        ({f"{CRED}validUntil": {"@value": "2020-01-01T00:00:00Z", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}}, "not_compact"),
        ({"@context": [CREDENTIALS_V2, OPEN_BADGES_3, {"until": f"{CRED}validUntil"}], "until": "2020-01-01T00:00:00Z"}, "not_compact"),
        ({"@context": [CREDENTIALS_V2, OPEN_BADGES_3, {"cred": CRED}], "cred:validUntil": "2020-01-01T00:00:00Z"}, "not_compact"),
        ({"@context": [CREDENTIALS_V2, OPEN_BADGES_3, {"@vocab": "https://www.w3.org/2018/"}], "credentials#validUntil": "x"}, "not_compact"),
        ({"validUntil": {"@value": "2020-01-01T00:00:00Z", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}}, "not_compact"),
        ({"validUntil": [["2020-01-01T00:00:00Z"]]}, "not_compact"),
        ({"validUntil": {"@set": ["2020-01-01T00:00:00Z"]}}, "not_compact"),
        ({"@graph": [{"id": "https://a.example/", "name": "x"}]}, "not_compact"),
        ({"@included": [{"id": "https://school.example/credentials/1", "name": "x"}]}, "not_compact"),
        ({"credentialStatus": {"id": "urn:uuid:1", "type": "https://www.w3.org/ns/credentials/status#BitstringStatusListEntry"}}, "not_compact"),
        ({"@context": [CREDENTIALS_V2, OPEN_BADGES_3, {"S": "https://www.w3.org/ns/credentials/status#BitstringStatusListEntry"}], "credentialStatus": {"type": "S"}}, "not_compact"),
        ({"evidence": [{"@id": "urn:uuid:1", "type": "Evidence"}]}, "not_compact"),
        ({"evidence": [{"id": "urn:uuid:1", "@type": "Evidence"}]}, "not_compact"),
        # The status moved to another object with the credential's id, which RDF joins with the credential.
        ({"evidence": [{"id": "https://school.example/credentials/1", "type": ["Evidence", "VerifiableCredential"], "validUntil": "2020-01-01T00:00:00Z"}]}, "described_twice"),
    ],
)  # fmt: skip
def test_what_is_signed_is_what_a_reader_of_json_sees(change: dict[str, Any], code: str) -> None:
    document = badge()
    del document["validUntil"]
    to_quads(document, STORE)
    with pytest.raises(NotCompact) as refused:
        to_quads(document | change, STORE)
    assert refused.value.code == code


def test_names_of_ones_own_for_terms_of_ones_own_are_no_disguise() -> None:
    own = {"mood": "https://school.example/mood", "sch": "https://school.example/#"}
    document = badge(mood="good", name={"@value": "Backen", "@language": "de"}) | {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3, own],
        "sch:more": ["x"],
        "https://school.example/full": 1,
        "type": [
            "VerifiableCredential",
            "OpenBadgeCredential",
            "VerifiableCredential",
            "https://school.example/Type",
        ],
    }
    assert canonical(document) == pyld(document, STORE)


def test_blank_nodes_of_the_document_keep_apart_and_together() -> None:
    context = {"@vocab": "https://v.example/"}
    one = {
        "@context": context,
        "@id": "_:x",
        "p": {"@id": "_:b1"},
        "q": {"@id": "_:b1", "r": 1},
        "s": {"r": 2},
    }
    assert canonical(one) == pyld(one, STORE)
    assert canonical(one) == canonical(
        {**one, "@id": "_:y", "p": {"@id": "_:z"}, "q": {"@id": "_:z", "r": 1}}
    )


@pytest.mark.parametrize(
    "document", [{}, {"@context": CREDENTIALS_V2}, {"@id": "https://a.example/"}, {"@graph": []}]
)
def test_a_document_that_says_nothing(document: dict[str, Any]) -> None:
    with pytest.raises(DataLoss) as lost:
        to_quads(document, STORE)
    assert lost.value.code == "nothing_said"


def test_only_objects_are_documents() -> None:
    with pytest.raises(InvalidJsonLd):
        to_quads([badge()], STORE)  # type: ignore[arg-type]  # a list on purpose
