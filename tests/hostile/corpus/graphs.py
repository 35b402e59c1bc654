"""Poison graphs: blank nodes so alike that canonical labels cost factorial time (RDFC-1.0, 7.1)."""

import copy
from typing import Any

from tests.hostile.corpus.attack import Given, Json, Stage, attack

COMPLEX = "more work than is allowed"
VOCABULARY = {"@vocab": "https://v.example/"}


def with_graph(stage: Stage, edges: list[tuple[int, int]]) -> Json:
    """A signed badge, with these blank nodes put into its evidence afterwards."""
    badge = copy.deepcopy(stage.honest.award())
    badge["@context"] = [*badge["@context"], {"linked": {"@id": "https://v.example/linked", "@type": "@id"}}]
    nodes: dict[int, list[str]] = {}
    for start, end in edges:
        nodes.setdefault(start, []).append(f"_:n{end}")
        nodes.setdefault(end, [])
    badge["evidence"] = [
        {"id": f"_:n{number}", "type": ["Evidence"], "linked": ends} for number, ends in nodes.items()
    ]
    return badge


def complete(size: int) -> list[tuple[int, int]]:
    return [(one, other) for one in range(size) for other in range(size) if one != other]


def _clique(size: int) -> None:
    def make(stage: Stage) -> Given:
        return with_graph(stage, complete(size))

    make.__doc__ = f"{size} blank nodes, each linked to every other: {size}! orders to try"
    attack("proof.not_checked", COMPLEX, name=f"clique_of_{size}")(make)


for _size in (7, 9, 12, 40, 120):
    _clique(_size)


@attack("proof.not_checked", COMPLEX)
def ring_of_400(stage: Stage) -> Given:
    """400 blank nodes in a ring: one level of recursion for each"""
    return with_graph(stage, [(n, (n + 1) % 400) for n in range(400)])


@attack("proof.not_checked", COMPLEX)
def ring_both_ways(stage: Stage) -> Given:
    """200 blank nodes in a ring, linked both ways: two orders at each"""
    return with_graph(stage, [edge for n in range(200) for edge in ((n, (n + 1) % 200), ((n + 1) % 200, n))])


@attack("proof.not_checked", COMPLEX)
def hypercube(stage: Stage) -> Given:
    """The 64 corners of a cube of six dimensions: no hash tells any two apart"""
    return with_graph(stage, [(n, n ^ (1 << bit)) for n in range(64) for bit in range(6)])


@attack("proof.not_checked", COMPLEX)
def two_sides_all_joined(stage: Stage) -> Given:
    """A complete bipartite graph of 9 and 9"""
    return with_graph(stage, [(n, 100 + m) for n in range(9) for m in range(9)])


@attack("proof.not_checked", COMPLEX)
def many_small_cliques(stage: Stage) -> Given:
    """60 cliques of 4: each cheap, together not"""
    return with_graph(stage, [(4 * k + one, 4 * k + other) for k in range(60) for one, other in complete(4)])


@attack("proof.not_checked", COMPLEX)
def clique_through_lists(stage: Stage) -> Given:
    """A clique whose links are RDF lists, so that every link adds blank nodes"""
    badge = with_graph(stage, complete(8))
    badge["@context"][-1]["linked"]["@container"] = "@list"
    return badge


@attack("proof.not_checked", COMPLEX)
def clique_without_proof_of_anybody(stage: Stage) -> Given:
    """A clique under a key of the attacker's own, so that every other check passes"""
    badge: Any = stage.rogue.badge()
    poisoned = with_graph(stage, complete(9))
    return {
        **stage.rogue.award(),
        "@context": poisoned["@context"],
        "evidence": poisoned["evidence"],
        "id": badge["id"],
    }


@attack("proof.not_checked", COMPLEX)
def named_graphs_of_thousands(stage: Stage) -> Given:
    """Two blank graphs of 2,000 quads each, alike to the last quad"""
    badge = copy.deepcopy(stage.honest.award())
    badge["@context"] = [
        *badge["@context"],
        {"inside": {"@id": "https://v.example/inside", "@container": "@graph"}, "n": "https://v.example/n"},
    ]
    badge["evidence"] = [{"type": ["Evidence"], "inside": [{"n": list(range(2000))}] * 2}]
    return badge


@attack("proof.not_checked", COMPLEX)
def five_thousand_of_a_kind(stage: Stage) -> Given:
    """5,000 blank nodes that all say the same"""
    badge = copy.deepcopy(stage.honest.award())
    badge["evidence"] = [{"type": ["Evidence"], "name": "x"}] * 5000
    return badge
