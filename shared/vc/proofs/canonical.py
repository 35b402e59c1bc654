"""The canonical RDF of documents and of the options of their proofs."""

import re
from typing import Any, Literal

from shared.vc import rdfc
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.jsonld import to_statements

_Object = dict[str, Any]
_Digest = Literal["sha256", "sha384"]
_Form = tuple[str, str, int]  # the text before and after the gap, and the work units that it cost

_DERIVED = "proof options"
_MAX_FORMS = 1024
_MAX_KEY = 16
_MAX_LENGTH = 4096
_TEXTS = {str}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_CREATED = "<http://purl.org/dc/terms/created>"


def canonical(document: _Object, store: ContextStore, budget: Budget, digest: _Digest) -> bytes:
    """The canonical N-Quads of a document, made in safe mode; raises as `to_quads` and `rdfc.canonicalize` do."""
    lines, quads = to_statements(document, store, budget=budget)
    return rdfc.canonicalize(quads, lines=lines, budget=budget, digest=digest).encode()


def canonical_options(options: _Object, store: ContextStore, budget: Budget, digest: _Digest) -> bytes:
    """`canonical` for the options of a proof with their @context: the same bytes, work units and refusals.

    The proofs of one issuer differ in `created` alone. What the others say is kept for each store as a text with a gap,
    once it was made the general way twice.
    """
    key = _key(options, digest)
    if key is None:
        return canonical(options, store, budget, digest)
    created = options["created"]
    forms: dict[Any, _Form | None] = store.derived.setdefault(_DERIVED, {})
    known = forms.get(key)
    if known is None:
        left = budget.left
        text = canonical(options, store, budget, digest).decode()
        if key in forms:
            forms[key] = _with_gap(text, created, left - budget.left)
        else:
            # Kept the second time only: the first may have paid for contexts met for the first time.
            if len(forms) >= _MAX_FORMS:
                forms.clear()
            forms[key] = None
        return text.encode()
    before, after, units = known
    budget.spend(units)
    return f"{before}{created}{after}".encode()


def _key(options: _Object, digest: _Digest) -> Any:
    """What the canonical form depends on beside `created`; None for options that are not of the plain kind."""
    context, created = options.get("@context"), options.get("created")
    if type(context) is not list or type(created) is not str or _TIME.fullmatch(created) is None:
        return None
    said = {**options, "@context": "", "created": ""}
    texts = [*context, *said.values()]
    if len(texts) > _MAX_KEY or set(map(type, texts)) != _TEXTS or sum(map(len, texts)) > _MAX_LENGTH:
        return None
    return digest, tuple(context), tuple(said.items())


def _with_gap(text: str, created: str, units: int) -> _Form | None:
    """The text around the time, where another time would change nothing else: neither the order of the lines, as
    there is one such line, nor the names of blank nodes, as there is at most one node.
    """
    if text.count(_CREATED) != 1 or text.count(created) != 1 or "_:c14n1" in text:
        return None
    before, after = text.split(created)
    return (before, after, units) if before.endswith(f'{_CREATED} "') and after.startswith('"') else None
