"""What all nodes of one kind have in common at one place of pinned contexts, worked out once.

Which contexts are in force within a node follows from the context around it, the property it stands under and its
types, and is the same for every document. It is kept here, together with what each member of such a node becomes.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from shared.vc.jsonld.terms import IRI, UNSET, XSD, ActiveContext, Term

# How the value of a member is written.
TEXT: Final = 0  # a string: a literal with `suffix`
REFERENCE: Final = 1  # a string: an IRI
NODES: Final = 2  # objects only; strings go the general way
TYPES: Final = 3
ID: Final = 4
RARE: Final = 5  # whatever it is, the general way

Step = tuple[int, str, str, Term]  # kind, predicate, suffix of a literal, the term itself
Key = tuple[
    Any, Any
]  # what the node stands under (a term, None, HERE), and its types as the document has them

UNITS_PER_NODE: Final = 7

HERE: Final = "here"
"""Stands for the property in keys of nodes whose own @context was read already."""

PLAIN_IRI: Final = re.compile(r'(?:https?://|did:|urn:)[^\x00-\x20<>"{}|^`\\]*')
"""IRIs that need no look into a context, unless one of its terms shortens these schemes (`Shape.plain`)."""

_PLAIN_SCHEMES = ("did", "urn")
_CREDENTIAL = "<https://www.w3.org/2018/credentials#VerifiableCredential>"
_DOUBLE = XSD + "double"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of node.

    Attributes:
        outer: the context that its types are read in.
        active: the context that everything else in it is read in.
        id_name: how @id is spelled there.
        special: names that make a node something else, or are rarer spellings: with one of them it goes the general way.
        leaves: a context scoped to the type of the node around ends here, except for a bare reference.
        types: what `rdf:type` says of it; None when each document has to be looked at for that.
        units: work counted for such a node; nothing where the general way has counted it.
        plain: identifiers that `PLAIN_IRI` matches stand for themselves.
    """

    outer: ActiveContext
    active: ActiveContext
    id_name: str
    special: frozenset[str]
    leaves: bool
    types: tuple[str, ...] | None
    units: int
    plain: bool


def shape(
    given: ActiveContext,
    outer: ActiveContext,
    active: ActiveContext,
    types: tuple[str, ...],
    *,
    here: bool,
) -> Shape | None:
    """The shape of nodes with these contexts; None when their keywords are spelled in several ways.

    Args:
        given: the context around.
        outer: the one after property-scoped contexts.
        active: the one after type-scoped contexts.
        types: the IRIs of the types.
        here: whether the node's own @context was read already.
    """
    contexts = (given, outer, active)
    if len({(one.ids, one.types) for one in contexts}) > 1 or len(active.ids) != 2 or not active.type_name:
        return None
    aliases = {active.ids[1], active.type_name}
    if any(active.terms[one].unsupported for one in aliases):
        return None
    special: set[str] = set() if here else {"@context"}
    for one in contexts:
        special |= {*one.ids, *one.types, *one.values, *(() if here else one.collections)}
    return Shape(
        outer=outer,
        active=active,
        id_name=active.ids[1],
        special=frozenset(special - aliases),
        leaves=given.previous is not None and not here,
        types=None if _CREDENTIAL in types else types,
        units=0 if here else UNITS_PER_NODE,
        plain=not any(name in active.terms for name in _PLAIN_SCHEMES),
    )


def step(active: ActiveContext, term: Term) -> Step:
    """What the member named by a term becomes in a pinned context, of which there is a shape."""
    if term.is_keyword:
        kind = {active.ids[1]: ID, active.type_name: TYPES}.get(term.name, RARE)
        return kind, "", "", term
    whole = term.iri is not None and IRI.fullmatch(term.iri) is not None
    if not whole or term.container - {"@set"} or term.unsupported or term.foreign or term.type == "@json":
        return RARE, "", "", term
    if not term.simple:
        return NODES, term.predicate, "", term
    if term.type == "@id":
        return REFERENCE, term.predicate, "", term
    suffix = _suffix(active, term)
    return (NODES, term.predicate, "", term) if suffix is None else (TEXT, term.predicate, suffix, term)


def _suffix(active: ActiveContext, term: Term) -> str | None:
    """What follows the quotation marks; None where a string takes a rarer form."""
    if term.type in {None, "@none"}:
        if (active.direction if term.direction is UNSET else term.direction) is not None:
            return None
        tag = active.language if term.language is UNSET else term.language
        return "" if tag is None else f"@{tag}"
    return None if term.type in {"@vocab", _DOUBLE} else term.datatype
