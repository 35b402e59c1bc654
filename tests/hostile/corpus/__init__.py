"""The hostile corpus: each generator one attack, with the name of its refusal. README.md lists them."""

from tests.hostile.corpus import (
    contexts,
    graphs,
    images,
    keys,
    network,
    proofs,
    records,
    status,
    texts,
    tokens,
)
from tests.hostile.corpus.attack import ATTACKS, Attack, Link, Stage

__all__ = [
    "ATTACKS", "Attack", "Link", "Stage",
    "contexts", "graphs", "images", "keys", "network", "proofs", "records", "status", "texts", "tokens",
]  # fmt: skip
