"""Foreign implementations that our canonical forms are held against."""

import json
from typing import Any

import pyoxigraph
from pyld import jsonld

from shared.vc.contexts import ContextStore


class OracleRefuses(Exception):
    """The foreign implementation refuses the document, or falls over it."""


def pyld(document: dict[str, Any], store: ContextStore) -> str:
    """PyLD's canonical N-Quads, from the same pinned contexts."""

    def load(url: str, _: Any) -> dict[str, Any]:
        body = json.loads(store.get(url).body)
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": body,
        }

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load, "base": ""}
    try:
        return str(jsonld.normalize(json.loads(json.dumps(document)), options))
    except (jsonld.JsonLdError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise OracleRefuses(str(error)) from error


def pyld_canonical(nquads: str) -> str:
    """PyLD's RDFC-1.0 over N-Quads."""
    options = {
        "algorithm": "URDNA2015",
        "inputFormat": "application/n-quads",
        "format": "application/n-quads",
    }
    return str(jsonld.normalize(nquads, options))


def oxigraph(nquads: str) -> str:
    """pyoxigraph's RDFC-1.0 over N-Quads."""
    parsed = pyoxigraph.parse(nquads, format=pyoxigraph.RdfFormat.N_QUADS)
    dataset = pyoxigraph.Dataset(parsed)
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    written = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS)
    assert written is not None
    # Lines end in line feeds only: other characters that Python counts as line ends stand inside literals.
    return "".join(sorted(line + "\n" for line in written.decode().split("\n") if line))
