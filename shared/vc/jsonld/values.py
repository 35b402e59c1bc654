"""Scalars, value objects and identifiers of a JSON-LD document as RDF terms (JSON-LD 1.1 API, 5.2, 5.3 and 8.2)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from shared.vc.budget import Budget
from shared.vc.errors import (
    DataLoss,
    InvalidJsonLd,
    NotCompact,
    RelativeIri,
    UndefinedTerm,
    UnsupportedJsonLd,
    VcError,
)
from shared.vc.jsonld import literals, names
from shared.vc.jsonld.process import Contexts
from shared.vc.jsonld.terms import IRI, KEYWORDS, UNSET, XSD, ActiveContext, Term

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_KEYWORD_LIKE = re.compile(r"@[A-Za-z]+")
_VALUE_MEMBERS = frozenset(["@value", "@type", "@language", "@direction", "@index", "@context"])
UNITS_PER_VALUE = 2
_UNITS_PER_NUMBER = 2  # more than for a text
# Texts cost by their length as well, a unit for so many characters as a power of two.
LENGTH_SHIFT = 6

_Object = dict[str, Any]

BlankNames = Callable[[Any, int | str], str]
"""Names the blank node that stands for a part of an object or list of the document (see `Values.new_blank`)."""


def items_of(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Values of a property with their steps; nested arrays are one array (5.1.2, step 5)."""
    if not isinstance(value, list):
        if value is not None:
            yield (), value
        return
    for position, item in enumerate(value):
        if isinstance(item, list):
            for steps, inner in items_of(item):
                yield (position, *steps), inner
        elif item is not None:
            yield (position,), item


class Values:
    """Writes single RDF terms; what stands between them is the `Converter`'s. Knows the blank nodes of one document."""

    def __init__(
        self, contexts: Contexts, budget: Budget, *, compact: bool, blanks: BlankNames | None = None
    ) -> None:
        self._contexts = contexts
        self._compact = compact
        self._budget = budget
        self._blanks = blanks
        self._labels: dict[str, str] = {}
        self._blank = 0

    def keyword(self, active: ActiveContext, name: str) -> str:
        term = active.terms.get(name)
        if term is not None:
            if not term.is_keyword or term.iri is None:
                return ""
            if term.unsupported:
                raise UnsupportedJsonLd(
                    "term_unsupported", f'"{name}" is {term.unsupported}, not supported here.'
                )
            return term.iri
        return name if name in KEYWORDS else ""

    def refuse_hiding(self, name: str, iri: str) -> None:
        """Raises NotCompact for a spelling that readers of plain JSON do not know."""
        if self._compact and names.hides(name, iri):
            raise NotCompact(
                "not_compact", f'"{name[:100]}" hides a member that the standards name otherwise.'
            )

    def term_of(self, name: str, active: ActiveContext) -> Term:
        """The term for a member that is itself an IRI, a compact IRI, or in the vocabulary (5.2, vocab)."""
        if _KEYWORD_LIKE.fullmatch(name):
            raise UndefinedTerm("reserved_term", f'"{name}" looks like a keyword and is none.')
        iri = self.with_prefix(name, active)
        if iri is None and active.vocab is not None:
            iri = active.vocab + name
        if iri is None:
            raise UndefinedTerm("undefined_term", f'No context defines "{name}", so it would not be signed.')
        return Term(iri, foreign=True)

    def type_iri(self, name: str, active: ActiveContext) -> str:
        term = active.terms.get(name)
        if term is not None and term.iri is not None and not term.is_keyword:
            if term.foreign:
                self.refuse_hiding(name, term.iri)
            return self.iri(term.iri)
        iri = None if term is not None or name in KEYWORDS else self.with_prefix(name, active)
        if iri is None and term is None and active.vocab is not None and not _KEYWORD_LIKE.fullmatch(name):
            iri = active.vocab + name
        if iri is None:
            raise UndefinedTerm("undefined_type", f'No context defines the type "{name}".')
        self.refuse_hiding(name, iri)
        return self.iri(iri)

    def scalar(self, value: Any, term: Term, active: ActiveContext) -> str:
        self._budget.spend(UNITS_PER_VALUE)
        if term.context is not UNSET:
            active = self._contexts.for_property(active, term, self._budget)
            if active.terms.get(term.name) is not term:
                raise UnsupportedJsonLd(
                    "scope_drops", "Processors disagree about a scope that drops its own term."
                )
        if isinstance(value, str):
            self._budget.spend(len(value) >> LENGTH_SHIFT)
            return self.string(value, term, active)
        self._budget.spend(_UNITS_PER_NUMBER)
        return literals.native(value, term.datatype or self._stated_string(term))

    @staticmethod
    def _stated_string(term: Term) -> str:
        # A number coerced to xsd:string is a plain literal of its digits; `datatype` is empty for it.
        if term.type == XSD + "string":
            raise UnsupportedJsonLd(
                "native_as_string", "A number or boolean under a text type is not supported here."
            )
        return ""

    def string(self, value: str, term: Term, active: ActiveContext) -> str:
        type_ = term.type
        if type_ is None or type_ == "@none":
            return self._untyped(value, term, active)
        if term.datatype:
            return literals.typed(value, term.datatype)
        if type_ == "@id":
            return self.reference(value, active)
        if type_ == "@vocab":
            return self._vocabulary(value, active)
        return literals.text(value)

    def _untyped(self, value: str, term: Term, active: ActiveContext) -> str:
        direction = active.direction if term.direction is UNSET else term.direction
        if direction is not None:
            raise UnsupportedJsonLd("direction_unsupported", "Base directions are not supported here.")
        tag = active.language if term.language is UNSET else term.language
        return literals.text(value) if tag is None else literals.text(value, f"@{tag}")

    def language_map(self, value: _Object, term: Term, active: ActiveContext) -> list[str]:
        if term.direction is not UNSET and term.direction is not None:
            raise UnsupportedJsonLd("direction_unsupported", "Base directions are not supported here.")
        found: list[str] = []
        for tag, given in value.items():
            try:
                for steps, item in items_of(given):
                    self._budget.spend(UNITS_PER_VALUE)
                    if not isinstance(item, str):
                        error = InvalidJsonLd("language_map", "What stands under a language has to be text.")
                        error.within(*steps)
                        raise error
                    self._budget.spend(len(item) >> LENGTH_SHIFT)
                    none = tag == "@none" or self.keyword(active, tag) == "@none"
                    found.append(literals.text(item) if none else literals.language(item, tag))
            except VcError as error:
                error.within(tag)
                raise
        return found

    def value_object(self, element: _Object, outer: ActiveContext, active: ActiveContext) -> str:
        """{"@value": …} with an optional type or language (9.5 of JSON-LD 1.1)."""
        members: dict[str, Any] = {}
        self._budget.spend(sum(len(one) for one in element.values() if isinstance(one, str)) >> LENGTH_SHIFT)
        for name, value in element.items():
            keyword = self.keyword(active, name)
            if keyword not in _VALUE_MEMBERS:
                raise InvalidJsonLd("value_object", f'"{name}" does not belong beside @value.')
            if keyword in members:
                raise InvalidJsonLd("colliding_keywords", f"{keyword} stands twice.")
            members[keyword] = value
        members.pop("@context", None)
        if members.pop("@index", None) is not None:
            raise DataLoss("index_not_signed", "What stands in @index would not be signed.")
        if members.pop("@direction", None) is not None:
            raise UnsupportedJsonLd("direction_unsupported", "Base directions are not supported here.")
        value, type_, tag = members["@value"], members.get("@type"), members.get("@language")
        if type_ is not None and tag is not None:
            raise InvalidJsonLd("value_object", "A value has a type or a language, not both.")
        if type_ is not None:
            return self._typed_value(value, type_, outer)
        if value is None:
            raise DataLoss("null_value", "A null @value would not be signed.")
        if tag is not None:
            if not isinstance(value, str) or not isinstance(tag, str):
                raise InvalidJsonLd("language_value", "Only text has a language.")
            return literals.language(value, tag)
        if isinstance(value, (dict, list)):
            raise InvalidJsonLd("value_object", "@value is one text, number or boolean.")
        return literals.text(value) if isinstance(value, str) else literals.native(value)

    def _typed_value(self, value: Any, type_: Any, outer: ActiveContext) -> str:
        if not isinstance(type_, str):
            raise InvalidJsonLd("type_value", "The @type of a value has to be one text.")
        term = outer.terms.get(type_)
        if type_ == "@json" or (term is not None and term.iri == "@json"):
            return literals.json_literal(value)
        if value is None:
            raise DataLoss("null_value", "A null @value would not be signed.")
        if isinstance(value, (dict, list)):
            raise InvalidJsonLd("value_object", "@value is one text, number or boolean.")
        datatype = self.type_iri(type_, outer)
        if datatype.startswith("_:"):
            raise InvalidJsonLd("type_value", "A datatype has to be an IRI.")
        suffix = "" if datatype == f"<{XSD}string>" else f"^^{datatype}"
        if isinstance(value, str):
            return literals.typed(value, suffix)
        if not suffix:
            raise UnsupportedJsonLd(
                "native_as_string", "A number or boolean under a text type is not supported here."
            )
        return literals.native(value, suffix)

    # --- identifiers ----------------------------------------------------------------------------

    def with_prefix(self, value: str, active: ActiveContext) -> str | None:
        """An IRI or compact IRI in full; None when it is neither (5.2, step 6)."""
        prefix, colon, suffix = value.partition(":")
        if not colon or not prefix:
            return None
        if prefix == "_" or suffix.startswith("//"):
            return value
        term = active.terms.get(prefix)
        if term is not None and term.prefix and term.iri is not None:
            return term.iri + suffix
        return value if _ABSOLUTE.match(value) else None

    def reference(self, value: str, active: ActiveContext) -> str:
        iri = self.with_prefix(value, active)
        if iri is None:
            raise RelativeIri(
                "relative_iri", "An identifier is not an absolute IRI, so it would not be signed."
            )
        return self.iri(iri)

    def _vocabulary(self, value: str, active: ActiveContext) -> str:
        term = active.terms.get(value)
        if term is not None:
            if term.iri is None or term.is_keyword:
                raise UndefinedTerm(
                    "undefined_term", f'The value "{value}" stands for nothing in its vocabulary.'
                )
            return self.iri(term.iri)
        iri = self.with_prefix(value, active)
        if iri is None and active.vocab is not None and not value.startswith("@"):
            iri = active.vocab + value
        if iri is None:
            raise UndefinedTerm("undefined_term", f'No context defines the value "{value}".')
        return self.iri(iri)

    def iri(self, iri: str) -> str:
        if iri.startswith("_:"):
            label = self._labels.get(iri)
            if label is None:
                label = self._labels[iri] = self.new_blank(None, iri)
            return label
        if not IRI.fullmatch(iri):
            raise RelativeIri("malformed_iri", "An identifier holds characters that no IRI may hold.")
        return f"<{iri}>"

    def new_blank(self, element: Any, part: int | str) -> str:
        """A blank node for a part of `element`: "" the object itself, "g" its graph, a number the cell of a list."""
        if self._blanks is not None:
            return self._blanks(element, part)
        self._blank += 1
        return f"_:b{self._blank}"
