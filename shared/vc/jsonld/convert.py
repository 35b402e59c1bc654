"""JSON-LD to RDF in one pass and in safe mode: expansion (JSON-LD 1.1 API, 5.1), node maps and toRdf (8.1, 8.2).

The document is walked once; each member writes its quads at once. What those algorithms would drop (undefined terms,
relative IRIs, values that hang nowhere) raises instead, because dropped data is data that no signature covers.
"""

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
from shared.vc.jsonld import literals
from shared.vc.jsonld.process import Contexts
from shared.vc.jsonld.shapes import UNITS_PER_NODE
from shared.vc.jsonld.terms import IRI, RDF, UNSET, ActiveContext, Term
from shared.vc.jsonld.values import LENGTH_SHIFT, UNITS_PER_VALUE, BlankNames, Values, items_of

# Subject, predicate, object, graph: each as N-Quads writes it; blank nodes begin with "_:", the default graph is "".
Quad = tuple[str, str, str, str]

TYPE = f"<{RDF}type>"
_FIRST = f"<{RDF}first>"
_REST = f"<{RDF}rest>"
_NIL = f"<{RDF}nil>"
_CREDENTIAL = "<https://www.w3.org/2018/credentials#VerifiableCredential>"

_Object = dict[str, Any]


class Converter:
    """Writes the quads of one document."""

    def __init__(
        self, contexts: Contexts, budget: Budget, *, compact: bool, blanks: BlankNames | None = None
    ) -> None:
        self._contexts = contexts
        self._budget = budget
        self._compact = compact
        self._credentials: set[str] = set()
        self._values = Values(contexts, budget, compact=compact, blanks=blanks)
        self.quads: list[Quad] = []
        self.lines: list[str] = []

    def document(self, document: _Object) -> None:
        """Write the quads of a whole document."""
        active = self._contexts.initial
        if "@context" in document:
            active = self._contexts.for_local(active, document["@context"], self._budget)
        self._root(document, active)
        if not self.quads and not self.lines:
            raise DataLoss("nothing_said", "The document says nothing that can be signed.")

    def _root(self, document: _Object, active: ActiveContext) -> None:
        if not any(self._is_graph(name, active) for name in document):
            # From the initial context again: the document's own does not count as one to return from at its root.
            self._object(document, self._contexts.initial, None, "")
            return
        names = [name for name in document if name != "@context"]
        keywords = {name: self._values.keyword(active, name) for name in names if document[name] is not None}
        if keywords and set(keywords.values()) == {"@graph"}:
            if len(keywords) < len(names):
                raise UnsupportedJsonLd(
                    "null_beside_graph", "A null beside the document's @graph is not supported here."
                )
            for name in keywords:
                try:
                    self._each_node(document[name], active, "")
                except VcError as error:
                    error.within(name)
                    raise
            return
        self._object(document, self._contexts.initial, None, "")

    @staticmethod
    def _is_graph(name: str, active: ActiveContext) -> bool:
        term = active.terms.get(name)
        return name == "@graph" if term is None else term.iri == "@graph"

    # --- objects --------------------------------------------------------------------------------

    def _object(self, element: _Object, active: ActiveContext, term: Term | None, graph: str) -> str:
        """Write what an object says; returns the RDF term that stands for it."""
        self._budget.spend(UNITS_PER_NODE)
        given = active
        if active.previous is not None and not self._keeps_type_scope(element, active):
            active = active.previous
        if term is not None and term.context is not UNSET:
            active = self._contexts.for_property(active, term, self._budget)
        if "@context" in element:
            active = self._contexts.for_local(active, element["@context"], self._budget)
        outer = active
        for name in active.types:
            if name in element:
                active = self._type_scope(element[name], outer, active)
        for name in active.values:
            if name in element:
                literal = self._values.value_object(element, outer, active)
                if self._compact and term is not None and literal == self._plain(element[name], term, given):
                    raise NotCompact("not_compact", "A value object says what the plain value would say.")
                return literal
        return self._node(element, outer, active, graph)

    def _plain(self, value: Any, term: Term, active: ActiveContext) -> str | None:
        """What a value would say without an object around it; None when it would say nothing."""
        if term.type == "@json" or not isinstance(value, (str, int, float)):
            return None
        try:
            return self._values.scalar(value, term, active)
        except (DataLoss, InvalidJsonLd, UnsupportedJsonLd):
            return None

    @staticmethod
    def _keeps_type_scope(element: _Object, active: ActiveContext) -> bool:
        """Whether the type-scoped context goes on: only into values and bare references (5.1.2, step 7)."""
        if len(element) == 1:
            name = next(iter(element))
            return name in active.ids or name in active.values
        return any(name in element for name in active.values)

    def _type_scope(self, types: Any, outer: ActiveContext, active: ActiveContext) -> ActiveContext:
        names = types if isinstance(types, list) else (types,)
        for name in sorted(name for name in names if isinstance(name, str)) if len(names) > 1 else names:
            term = outer.terms.get(name) if isinstance(name, str) else None
            if term is not None and term.context is not UNSET:
                active = self._contexts.for_type(active, term, self._budget)
        return active

    def _node(self, element: _Object, outer: ActiveContext, active: ActiveContext, graph: str) -> str:
        subject = self._subject(element, active)
        terms, quads = active.terms, self.quads
        name = ""
        try:
            for name, value in element.items():
                term = terms.get(name)
                if term is None or term.is_keyword:
                    self._keyword_member(name, value, subject, outer, active, graph)
                    continue
                if type(value) is str and term.simple:
                    # The common case, inlined: one string of a term without container and scoped context.
                    self._budget.spend(UNITS_PER_VALUE + (len(value) >> LENGTH_SHIFT))
                    quads.append((subject, term.predicate, self._values.string(value, term, active), graph))
                    continue
                self._property(subject, term, name, value, active, graph)
        except VcError as error:
            error.within(name)
            raise
        return subject

    def _subject(self, element: _Object, active: ActiveContext) -> str:
        subject = ""
        for name in active.ids:
            if name in element:
                if subject:
                    raise InvalidJsonLd("colliding_keywords", f'"@id" and "{name}" both name the object.')
                self._refuse_keyword(name, active.ids)
                value = element[name]
                if not isinstance(value, str):
                    error = InvalidJsonLd("id_value", f'"{name}" has to be one text.')
                    error.within(name)
                    raise error
                self._budget.spend(len(value) >> LENGTH_SHIFT)
                try:
                    subject = self._values.reference(value, active)
                except VcError as error:
                    error.within(name)
                    raise
        return subject or self._values.new_blank(element, "")

    def _keyword_member(
        self, name: str, value: Any, subject: str, outer: ActiveContext, active: ActiveContext, graph: str
    ) -> None:
        """A member that is a keyword, an alias of one, or no term at all."""
        keyword = self._values.keyword(active, name)
        match keyword:
            case "@id" | "@context":
                return
            case "@type":
                self._refuse_keyword(name, active.types)
                self._types(value, subject, outer, graph)
            case "@graph" | "@included":
                if self._compact:
                    raise NotCompact(
                        "not_compact", f"What stands in {keyword} is overlooked by readers of plain JSON."
                    )
                self._each_node(value, active, subject if keyword == "@graph" else graph)
            case "":
                self._property(subject, self._values.term_of(name, active), name, value, active, graph)
            case "@list" | "@set" | "@language" | "@direction":
                raise InvalidJsonLd("keyword_misused", f"{keyword} does not belong into this object.")
            case "@index":
                raise DataLoss("index_not_signed", "What stands in @index would not be signed.")
            case "@reverse" | "@nest":
                raise UnsupportedJsonLd("keyword_unsupported", f"{keyword} is not supported here.")
            case _:
                raise InvalidJsonLd("keyword_misused", f"{keyword} is not allowed in a document.")

    def _types(self, value: Any, subject: str, outer: ActiveContext, graph: str) -> None:
        described = False
        for position, name in enumerate(value if isinstance(value, list) else (value,)):
            self._budget.spend(UNITS_PER_VALUE)
            try:
                if not isinstance(name, str):
                    raise InvalidJsonLd("type_value", "A type has to be a text.")
                self._budget.spend(len(name) >> LENGTH_SHIFT)
                type_ = self._values.type_iri(name, outer)
                if type_ == _CREDENTIAL and not described:
                    self._refuse_second_description(subject)
                    described = True
                self.quads.append((subject, TYPE, type_, graph))
            except VcError as error:
                if isinstance(value, list):
                    error.within(position)
                raise

    def _refuse_keyword(self, name: str, spellings: tuple[str, ...]) -> None:
        if self._compact and name[0] == "@" and len(spellings) > 1:
            raise NotCompact("not_compact", f'The contexts spell {name} "{spellings[1]}".')

    def _refuse_second_description(self, subject: str) -> None:
        """A credential described in two places (by its id): RDF joins them, a reader of plain JSON sees one, and a
        member moved from there to here is not missed by the signature.
        """
        if self._compact and subject in self._credentials:
            raise NotCompact("described_twice", "The same credential is described in two places.")
        self._credentials.add(subject)

    def _each_node(self, value: Any, active: ActiveContext, graph: str) -> None:
        """The nodes of @graph and @included: each has to say something."""
        for position, item in enumerate(value if isinstance(value, list) else (value,)):
            try:
                if not isinstance(item, dict):
                    raise DataLoss("free_floating", "A value that hangs nowhere would not be signed.")
                written = len(self.quads) + len(self.lines)
                self._object(item, active, None, graph)
                if len(self.quads) + len(self.lines) == written:
                    raise DataLoss("nothing_said", "An object that only has an id would not be signed.")
            except VcError as error:
                if isinstance(value, list):
                    error.within(position)
                raise

    # --- properties -----------------------------------------------------------------------------

    def _property(
        self, subject: str, term: Term, name: str, value: Any, active: ActiveContext, graph: str
    ) -> None:
        iri = term.iri
        if iri is None:
            raise UndefinedTerm(
                "undefined_term", f'The contexts exclude "{name}", so it would not be signed.'
            )
        if term.foreign:
            self._values.refuse_hiding(name, iri)
        if iri.startswith("_:"):
            raise DataLoss(
                "blank_property", f'"{name}" stands for a blank node, which RDF drops as a property.'
            )
        if term.unsupported:
            raise UnsupportedJsonLd(
                "term_unsupported", f'"{name}" uses {term.unsupported}, not supported here.'
            )
        if not IRI.fullmatch(iri):
            raise RelativeIri("malformed_iri", f'"{name}" does not stand for an IRI.')
        predicate, container = term.predicate, term.container
        nested = isinstance(value, list) and "@list" not in container and term.type != "@json"
        if self._compact and nested and any(isinstance(item, list) for item in value):
            raise NotCompact(
                "not_compact", "An array within an array is overlooked by readers of plain JSON."
            )
        if term.type == "@json":
            literal = literals.json_literal(value)
            self._budget.spend(UNITS_PER_NODE + (len(literal) >> LENGTH_SHIFT))
            self.quads.append((subject, predicate, literal, graph))
        elif "@language" in container and isinstance(value, dict):
            for literal in self._values.language_map(value, term, active):
                self.quads.append((subject, predicate, literal, graph))
        elif "@list" in container:
            self.quads.append((subject, predicate, self._list_container(value, term, active, graph), graph))
        elif "@graph" in container:
            for position, item in items_of(value):
                self._graph(subject, predicate, item, position, term, active, graph)
        else:
            for position, item in items_of(value):
                self._write(subject, predicate, item, position, term, active, graph)

    def _write(
        self,
        subject: str,
        predicate: str,
        item: Any,
        steps: tuple[int, ...],
        term: Term,
        active: ActiveContext,
        graph: str,
    ) -> None:
        try:
            if isinstance(item, dict):
                for value in self._set_or_list(item, term, active, graph):
                    self.quads.append((subject, predicate, value, graph))
            else:
                self.quads.append((subject, predicate, self._values.scalar(item, term, active), graph))
        except VcError as error:
            error.within(*steps)
            raise

    def _graph(
        self,
        subject: str,
        predicate: str,
        item: Any,
        steps: tuple[int, ...],
        term: Term,
        active: ActiveContext,
        graph: str,
    ) -> None:
        """A value in a graph of its own (container @graph: proofs and credentials within credentials)."""
        try:
            if not isinstance(item, dict):
                raise DataLoss("free_floating", "A bare value in a graph of its own would not be signed.")
            name = self._values.new_blank(item, "g")
            written = len(self.quads)
            self._object(item, active, term, name)
            if len(self.quads) == written and item:
                raise DataLoss("nothing_said", "An object that only has an id would not be signed.")
            self.quads.append((subject, predicate, name, graph))
        except VcError as error:
            error.within(*steps)
            raise

    def _set_or_list(self, item: _Object, term: Term, active: ActiveContext, graph: str) -> tuple[str, ...]:
        """An object as the value of a property: a node or value, or an explicit @set or @list."""
        for name in active.collections:
            if name in item:
                return self._explicit(item, self._values.keyword(active, name), term, active, graph)
        return (self._object(item, active, term, graph),)

    def _explicit(
        self, item: _Object, keyword: str, term: Term, active: ActiveContext, graph: str
    ) -> tuple[str, ...]:
        if len(item) != 1:
            raise InvalidJsonLd("set_or_list", f"{keyword} stands with other members.")
        name, value = next(iter(item.items()))
        if self._compact and keyword == "@set":
            raise NotCompact("not_compact", "What stands in @set is overlooked by readers of plain JSON.")
        if value is None:
            raise UnsupportedJsonLd("null_collection", f"Processors disagree about {keyword} with null.")
        if term.context is not UNSET:
            raise UnsupportedJsonLd(
                "scoped_collection", f"{keyword} under a scoped context is not supported here."
            )
        if active.previous is not None:
            # An object like any other for 5.1.2, step 7: the type-scoped context ends here.
            active = active.previous
            if active.terms.get(term.name) is not term:
                raise UnsupportedJsonLd(
                    "scoped_collection", f"{keyword} under a scoped term is not supported here."
                )
        try:
            if keyword == "@list":
                return (self._list(value if isinstance(value, list) else [value], term, active, graph),)
            found: list[str] = []
            for _, inner in items_of(value):
                if isinstance(inner, dict):
                    found.extend(self._set_or_list(inner, term, active, graph))
                else:
                    found.append(self._values.scalar(inner, term, active))
        except VcError as error:
            error.within(name)
            raise
        return tuple(found)

    def _list_container(self, value: Any, term: Term, active: ActiveContext, graph: str) -> str:
        if isinstance(value, dict) and any(self._values.keyword(active, name) == "@list" for name in value):
            return self._explicit(value, "@list", term, active, graph)[0]
        return self._list(value if isinstance(value, list) else [value], term, active, graph)

    def _list(self, items: list[Any], term: Term, active: ActiveContext, graph: str) -> str:
        """An RDF collection, in the graph of the property it belongs to."""
        cells = [self._values.new_blank(items, position) for position in range(len(items))]
        for position, item in enumerate(items):
            try:
                if item is None:
                    raise DataLoss("null_in_list", "A null in an ordered list would not be signed.")
                value = self._in_list(item, term, active, graph)
            except VcError as error:
                error.within(position)
                raise
            rest = cells[position + 1] if position + 1 < len(cells) else _NIL
            self.quads.append((cells[position], _FIRST, value, graph))
            self.quads.append((cells[position], _REST, rest, graph))
        return cells[0] if cells else _NIL

    def _in_list(self, item: Any, term: Term, active: ActiveContext, graph: str) -> str:
        if isinstance(item, list):
            return self._list(item, term, active, graph)
        if isinstance(item, dict):
            if any(self._values.keyword(active, name) == "@set" for name in item):
                raise UnsupportedJsonLd("set_in_list", "A @set inside a @list is not supported here.")
            return self._set_or_list(item, term, active, graph)[0]
        return self._values.scalar(item, term, active)
