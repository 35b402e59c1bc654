"""Terms and active contexts: what a member of a JSON-LD document means at one place (JSON-LD 1.1, section 4).

Nothing here is changed after it was made, so that an active context can be shared by every document that reaches the
same place in the same pinned contexts.
"""

import re
from collections.abc import Mapping
from copy import copy
from enum import Enum, auto
from typing import Any, Final

KEYWORDS: Final = frozenset(
    {
        "@base",
        "@container",
        "@context",
        "@default",
        "@direction",
        "@embed",
        "@explicit",
        "@graph",
        "@id",
        "@included",
        "@index",
        "@json",
        "@language",
        "@list",
        "@nest",
        "@none",
        "@omitDefault",
        "@prefix",
        "@preserve",
        "@protected",
        "@requireAll",
        "@reverse",
        "@set",
        "@type",
        "@value",
        "@version",
        "@vocab",
        "@import",
        "@propagate",
        "@null",
    }
)


class Unset(Enum):
    """Where null means something, the absence of a value is this."""

    UNSET = auto()


UNSET: Final = Unset.UNSET

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


# What an IRIREF of N-Quads may hold: anything else could end the IRI early and write quads of its own.
IRI: Final = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|^`\\]*')


class Term:
    """One term definition. Compared by identity; `same_as` compares what it says."""

    __slots__ = (
        "container",
        "context",
        "datatype",
        "direction",
        "foreign",
        "iri",
        "is_keyword",
        "language",
        "name",
        "predicate",
        "prefix",
        "protected",
        "reverse",
        "simple",
        "type",
        "unsupported",
    )

    def __init__(
        self,
        iri: str | None,
        *,
        name: str = "",
        type_: str | None = None,
        container: frozenset[str] = frozenset(),
        language: str | Unset | None = UNSET,
        direction: str | Unset | None = UNSET,
        context: Any = UNSET,
        prefix: bool = False,
        protected: bool = False,
        reverse: bool = False,
        unsupported: str = "",
        foreign: bool = False,
    ) -> None:
        self.name = name
        self.iri = iri
        self.is_keyword = iri in KEYWORDS
        self.predicate = f"<{iri}>"
        self.type = type_
        self.datatype = f"^^<{type_}>" if type_ and type_[0] != "@" and type_ != XSD + "string" else ""
        self.container = container
        self.language = language
        self.direction = direction
        self.context = context
        self.prefix = prefix
        self.protected = protected
        self.reverse = reverse
        # Given by the document itself, not by a pinned context.
        self.foreign = foreign
        # A construct that the conversion does not know; refused where it is used, not where it is defined.
        self.unsupported = unsupported
        # Pinned, no container but @set, no scoped context: the common case, whose values need no further look.
        plain = not (container - {"@set"}) and context is UNSET and not unsupported and type_ != "@json"
        self.simple = plain and not foreign and iri is not None and IRI.fullmatch(iri) is not None

    def _content(self) -> tuple[Any, ...]:
        kind = (self.iri, self.type, self.container, self.prefix, self.reverse, self.unsupported)
        return (*kind, self.language, self.direction)

    def same_as(self, other: "Term") -> bool:
        """Equal in everything but protection (JSON-LD 1.1 API, 4.2.2, step 27.1)."""
        same_context = self.context is other.context or self.context == other.context
        return self._content() == other._content() and same_context  # noqa: SLF001 - the same class


class ActiveContext:
    """The terms in force at one place of a document.

    Attributes:
        previous: the context to return to at the next node (set by a context that does not propagate).
        derived: contexts reached from here through pinned contexts; filled only when `pinned`.
        pinned: made from pinned contexts alone, so that it may be kept.
        type_name: the alias of @type; empty when there is none, or more than one.
        shapes, steps: what nodes and members met here become (see `shapes`); filled only when `pinned`.
    """

    __slots__ = (
        "collections",
        "derived",
        "direction",
        "has_protected",
        "ids",
        "language",
        "pinned",
        "previous",
        "shapes",
        "steps",
        "terms",
        "type_name",
        "types",
        "values",
        "vocab",
    )

    def __init__(
        self,
        terms: Mapping[str, Term],
        *,
        vocab: str | None = None,
        language: str | None = None,
        direction: str | None = None,
        previous: "ActiveContext | None" = None,
        pinned: bool = True,
    ) -> None:
        self.terms = terms
        self.vocab = vocab
        self.language = language
        self.direction = direction
        self.previous = previous
        self.pinned = pinned
        self.derived: dict[Any, ActiveContext] = {}
        self.shapes: dict[Any, Any] = {}
        self.steps: dict[str, Any] = {}
        aliases = [(name, term.iri) for name, term in terms.items() if term.is_keyword]
        self.ids = ("@id", *(name for name, iri in aliases if iri == "@id"))
        self.types = ("@type", *(name for name, iri in aliases if iri == "@type" and name != "@type"))
        self.type_name = self.types[1] if len(self.types) == 2 else ""
        self.values = ("@value", *(name for name, iri in aliases if iri == "@value"))
        self.collections = ("@list", "@set", *(name for name, iri in aliases if iri in {"@list", "@set"}))
        self.has_protected = any(term.protected for term in terms.values())

    def with_previous(self, previous: "ActiveContext", *, pinned: bool) -> "ActiveContext":
        """The same terms, to be left for `previous` at the next node."""
        twin = copy(self)
        twin.previous, twin.pinned, twin.derived, twin.shapes = previous, pinned, {}, {}
        return twin
