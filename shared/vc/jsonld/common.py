"""The common case of `Converter`: nodes of a shape met before, in pinned contexts, with nothing rare in them.

Whatever is not common goes the general way, member by member or as a whole node. Both write the same quads, count the
same work and refuse the same documents for the same reasons.
"""

from json.encoder import encode_basestring as _quote
from typing import Any

from shared.vc.budget import Budget
from shared.vc.errors import VcError
from shared.vc.jsonld import literals
from shared.vc.jsonld.convert import TYPE, Converter
from shared.vc.jsonld.process import Contexts
from shared.vc.jsonld.shapes import (
    HERE,
    ID,
    NODES,
    PLAIN_IRI,
    RARE,
    REFERENCE,
    TEXT,
    TYPES,
    Key,
    Shape,
    Step,
    shape,
    step,
)
from shared.vc.jsonld.terms import UNSET, ActiveContext, Term
from shared.vc.jsonld.values import LENGTH_SHIFT, UNITS_PER_VALUE, BlankNames

_Object = dict[str, Any]
_plain_iri = PLAIN_IRI.fullmatch
_MOST_TYPES = 6
_UNKNOWN: Step = (RARE, "", "", Term(None))


class CommonConverter(Converter):
    """Writes the quads of one document, as `Converter` does, most of them faster.

    With `as_lines`, some that have no blank node stand as lines of N-Quads in `lines`, instead of in `quads`.
    """

    def __init__(
        self,
        contexts: Contexts,
        budget: Budget,
        *,
        compact: bool,
        blanks: BlankNames | None = None,
        as_lines: bool = False,
    ) -> None:
        super().__init__(contexts, budget, compact=compact, blanks=blanks)
        self._as_lines = as_lines

    def _object(self, element: _Object, active: ActiveContext, term: Term | None, graph: str) -> str:
        known = self._shape_of(element, active, term) if active.pinned else None
        if known is None:
            return super()._object(element, active, term, graph)
        return self._say(element, known, graph)

    def _node(self, element: _Object, outer: ActiveContext, active: ActiveContext, graph: str) -> str:
        known = self._shape_of(element, outer, HERE) if outer.pinned else None
        if known is None or known.active is not active:
            return super()._node(element, outer, active, graph)
        return self._say(element, known, graph)

    # --- shapes ---------------------------------------------------------------------------------

    def _shape_of(self, element: _Object, active: ActiveContext, term: Any) -> Shape | None:
        """The shape of a node in the context around it; None when the node, or its kind, is not common.

        `term` is the property that it stands under, or `HERE`.
        """
        types = element.get(active.type_name)
        key: Key = (term, tuple(types) if type(types) is list else types)
        try:
            known: Shape | None = active.shapes[key]
        except KeyError:
            known = self._learn(active, key)
        except TypeError:  # objects among the types
            return None
        if known is None or not known.special.isdisjoint(element):
            return None
        if known.leaves and len(element) == 1 and known.id_name in element:
            return None
        return known

    def _learn(self, given: ActiveContext, key: Key) -> Shape | None:
        under, types = key
        names = types if isinstance(types, tuple) else () if types is None else (types,)
        if len(names) > _MOST_TYPES:
            return None
        outer = given
        if under != HERE:
            outer = given if given.previous is None else given.previous
            if under is not None and under.context is not UNSET:
                outer = self._contexts.for_property(outer, under, self._budget)
        # Only types that pinned contexts define: their number is bounded, that of other texts is not.
        terms = [outer.terms.get(name) if isinstance(name, str) else None for name in names]
        if not outer.pinned or any(one is None or one.is_keyword or one.iri is None for one in terms):
            return None
        active = self._type_scope(list(names), outer, outer)
        found = shape(
            given,
            outer,
            active,
            tuple(self._values.type_iri(name, outer) for name in names),
            here=under == HERE,
        )
        self._contexts.keep_shape(given, key, found)
        return found

    # --- nodes ----------------------------------------------------------------------------------

    def _say(self, element: _Object, known: Shape, graph: str) -> str:
        """Write what a node says; returns the RDF term that stands for it."""
        active, steps, append = known.active, known.active.steps, self.quads.append
        identifier, units = element.get(known.id_name), known.units
        if type(identifier) is str and known.plain and _plain_iri(identifier):
            units += len(identifier) >> LENGTH_SHIFT
            subject = f"<{identifier}>"
        else:
            subject = self._subject(element, active)
        # What has no blank node in the default graph can be written as it will stand.
        said = self.lines.append if self._as_lines and not graph and subject[0] != "_" else None
        name = ""
        try:
            for name, value in element.items():
                found = steps.get(name) or self._step(name, active)
                kind, predicate, suffix, term = found
                if kind == TEXT and type(value) is str:
                    # A printable text is quoted in JSON as it is in N-Quads.
                    literal = _quote(value) if value.isprintable() else literals.text(value)
                    if said is None:
                        append((subject, predicate, literal + suffix, graph))
                    else:
                        said(f"{subject} {predicate} {literal}{suffix} .\n")
                    units += UNITS_PER_VALUE + (len(value) >> LENGTH_SHIFT)
                elif kind == REFERENCE and type(value) is str and known.plain and _plain_iri(value):
                    if said is None:
                        append((subject, predicate, f"<{value}>", graph))
                    else:
                        said(f"{subject} {predicate} <{value}> .\n")
                    units += UNITS_PER_VALUE + (len(value) >> LENGTH_SHIFT)
                elif kind == TYPES and known.types is not None and value is not None:
                    units += UNITS_PER_VALUE * len(known.types)
                    if said is None:
                        for type_ in known.types:
                            append((subject, TYPE, type_, graph))
                    else:
                        for type_ in known.types:
                            said(f"{subject} {TYPE} {type_} .\n")
                elif kind <= NODES and type(value) is dict:
                    inner = self._shape_of(value, active, term)
                    if inner is None:
                        self._property(subject, term, name, value, active, graph)
                        continue
                    target = self._say(value, inner, graph)
                    if said is None or target[0] == "_":
                        append((subject, predicate, target, graph))
                    else:
                        said(f"{subject} {predicate} {target} .\n")
                elif kind <= NODES and type(value) is list:
                    self._several(subject, found, name, value, known, graph)
                elif kind != ID:
                    self._member(subject, name, value, known, graph)
        except VcError as error:
            error.within(name)
            raise
        self._budget.spend(units)
        return subject

    @staticmethod
    def _step(name: str, active: ActiveContext) -> Step:
        term = active.terms.get(name)
        if term is None:
            return _UNKNOWN
        found = active.steps[name] = step(active, term)
        return found

    def _member(self, subject: str, name: str, value: Any, known: Shape, graph: str) -> None:
        """A member that is not common, the general way."""
        term = known.active.terms.get(name)
        if term is None or term.is_keyword:
            self._keyword_member(name, value, subject, known.outer, known.active, graph)
        else:
            self._property(subject, term, name, value, known.active, graph)

    def _several(
        self, subject: str, found: Step, name: str, values: list[Any], known: Shape, graph: str
    ) -> None:
        """An array of objects, or of texts; any other goes the general way."""
        kind, predicate, suffix, term = found
        kinds = set(map(type, values))
        if kinds == {dict}:
            for position, value in enumerate(values):
                inner = self._shape_of(value, known.active, term)
                if inner is None:
                    self._write(subject, predicate, value, (position,), term, known.active, graph)
                    continue
                try:
                    self.quads.append((subject, predicate, self._say(value, inner, graph), graph))
                except VcError as error:
                    error.within(position)
                    raise
        elif kinds == {str} and kind == TEXT:
            self._budget.spend(sum(UNITS_PER_VALUE + (len(one) >> LENGTH_SHIFT) for one in values))
            self.quads += [(subject, predicate, literals.text(one, suffix), graph) for one in values]
        else:
            self._property(subject, term, name, values, known.active, graph)
