"""JSON-LD 1.1 documents as RDF, in safe mode, over pinned contexts and under a work budget."""

from typing import Any

from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.errors import InvalidJsonLd, UnsupportedJsonLd
from shared.vc.jsonld.common import CommonConverter
from shared.vc.jsonld.convert import Quad
from shared.vc.jsonld.directions import without_directions
from shared.vc.jsonld.process import Contexts
from shared.vc.jsonld.values import BlankNames


def to_quads(
    document: dict[str, Any],
    store: ContextStore,
    *,
    budget: Budget | None = None,
    compact: bool = True,
    blanks: BlankNames | None = None,
) -> list[Quad]:
    """The quads of a document, each once, in the order they were met.

    Args:
        document: a JSON object as `strict_json` returns it.
        store: the contexts the document may name.
        budget: work allowed; a fresh default one when left out.
        compact: refuse what is spelled so that readers of plain JSON overlook it: members and types of the standards'
            vocabularies under other names, @graph and @included, a credential described in two places.
        blanks: names blank nodes ("_:" and a label); numbered as they are met when left out.

    Raises:
        DataLoss: (UndefinedTerm, RelativeIri …) something in the document would not be signed; see `pointer`.
        NotCompact: see `compact`.
        InvalidJsonLd, InvalidContext: the document or an inline context breaks JSON-LD.
        UnknownContext, UnsupportedJsonLd, BudgetExceeded: this library cannot tell.
    """
    converter = CommonConverter(Contexts.over(store), budget or Budget(), compact=compact, blanks=blanks)
    _convert(document, converter)
    return list(dict.fromkeys(converter.quads))


def to_statements(
    document: dict[str, Any], store: ContextStore, *, budget: Budget | None = None
) -> tuple[list[str], list[Quad]]:
    """`to_quads` for whoever canonicalises: as many as can be as lines of N-Quads, the others as quads; not each once."""
    converter = CommonConverter(Contexts.over(store), budget or Budget(), compact=True, as_lines=True)
    _convert(document, converter)
    return converter.lines, converter.quads


def refuse_undefined(document: dict[str, Any], store: ContextStore, *, budget: Budget | None = None) -> None:
    """Raises what `to_quads` would, where the JSON itself is signed: base directions are covered then, and are no fault."""
    try:
        to_quads(document, store, budget=budget)
    except UnsupportedJsonLd as error:
        if error.code != "direction_unsupported":
            raise
        to_quads(without_directions(document), store, budget=budget)


def _convert(document: dict[str, Any], converter: CommonConverter) -> None:
    if not isinstance(document, dict):
        raise InvalidJsonLd("not_an_object", "A JSON-LD document has to be a JSON object here.")
    converter.document(document)


def to_nquads(
    document: dict[str, Any], store: ContextStore, *, budget: Budget | None = None, compact: bool = True
) -> str:
    """`to_quads` as N-Quads lines, blank nodes under labels of no meaning."""
    quads = to_quads(document, store, budget=budget, compact=compact)
    return "".join(f"{s} {p} {o} {g} .\n" if g else f"{s} {p} {o} .\n" for s, p, o, g in quads)


__all__ = [
    "BlankNames",
    "Quad",
    "refuse_undefined",
    "to_nquads",
    "to_quads",
    "to_statements",
    "without_directions",
]
