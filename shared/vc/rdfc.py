"""RDF Dataset Canonicalization, RDFC-1.0 (W3C Recommendation), under a work budget.

First-degree hashes tell almost all blank nodes of real credentials apart. For the others the algorithm tries
permutations, which a document of one kilobyte can make endless (RDFC-1.0, 7.1 Dataset Poisoning): every step of that
is paid from the budget.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Literal

from shared.vc.budget import Budget
from shared.vc.errors import BudgetExceeded

# Subject, predicate, object, graph as N-Quads writes them; blank nodes begin with "_:", the default graph is "".
Quad = tuple[str, str, str, str]

# Blank nodes that are alike and hang together in a chain; each step of it is one level of our own stack.
_MAX_DEPTH = 150
_UNITS_PER_QUAD = 2
_UNITS_PER_HASH = 3


def canonicalize(
    quads: Iterable[Quad],
    *,
    lines: Sequence[str] = (),
    budget: Budget | None = None,
    digest: Literal["sha256", "sha384"] = "sha256",
) -> str:
    """The canonical N-Quads document of a dataset.

    Args:
        quads: terms in canonical N-Quads form (as `jsonld.to_quads` writes them); duplicates do not matter.
        lines: more of the dataset, without blank nodes, as lines of canonical N-Quads.
        budget: work allowed; a fresh default one when left out.
        digest: what blank nodes are told apart by; ECDSA with P-384 asks for SHA-384 (vc-di-ecdsa, 3.2).

    Returns:
        Lines in code point order, each ending in a line feed.

    Raises:
        BudgetExceeded: the blank nodes are so alike that telling them apart costs too much.
    """
    return _Canonicalization(quads, budget or Budget(), digest, lines).document()


def canonical_labels(quads: Iterable[Quad], *, budget: Budget | None = None) -> Mapping[str, str]:
    """The canonical label ("_:c14n…") of each blank node of a dataset; arguments and errors as `canonicalize`."""
    return _Canonicalization(quads, budget or Budget(), "sha256").labels()


def line(quad: Quad, labels: Mapping[str, str]) -> str:
    """A quad as a line of N-Quads, its blank nodes under other labels."""
    subject, predicate, object_, graph = quad
    tail = f"{labels.get(graph, graph)} ." if graph else "."
    return f"{labels.get(subject, subject)} {predicate} {labels.get(object_, object_)} {tail}\n"


class _Issuer:
    """Identifiers in the order of asking (RDFC-1.0, 4.5)."""

    __slots__ = ("issued", "prefix")

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix = prefix
        self.issued = issued if issued is not None else {}

    def issue(self, blank: str) -> str:
        known = self.issued.get(blank)
        if known is None:
            known = self.issued[blank] = f"{self.prefix}{len(self.issued)}"
        return known

    def copy(self) -> "_Issuer":
        return _Issuer(self.prefix, dict(self.issued))


class _Canonicalization:
    """The canonicalization state (RDFC-1.0, 4.3) of one dataset."""

    def __init__(self, quads: Iterable[Quad], budget: Budget, digest: str, lines: Sequence[str] = ()) -> None:
        self._budget = budget
        self._digest = hashlib.sha384 if digest == "sha384" else hashlib.sha256
        self._mentions: dict[str, list[Quad]] = defaultdict(list)
        self._first: dict[str, str] = {}
        self._canonical = _Issuer("_:c14n")
        mentions = self._mentions
        ground = list(lines)
        with_blanks: list[Quad] = []
        for quad in quads:
            subject, predicate, object_, graph = quad
            # Only blank nodes begin with an underscore: IRIs begin with "<", literals with a quotation mark.
            if subject[0] == "_" or object_[0] == "_" or graph[:1] == "_":
                with_blanks.append(quad)
            elif graph:
                ground.append(f"{subject} {predicate} {object_} {graph} .\n")
            else:
                ground.append(f"{subject} {predicate} {object_} .\n")
        self._ground = list(dict.fromkeys(ground))
        self._quads = list(dict.fromkeys(with_blanks))
        for quad in self._quads:
            subject, _, object_, graph = quad
            if subject[0] == "_":
                mentions[subject].append(quad)
            if object_[0] == "_" and object_ != subject:
                mentions[object_].append(quad)
            if graph[:1] == "_" and graph not in {subject, object_}:
                mentions[graph].append(quad)

    def labels(self) -> Mapping[str, str]:
        self._budget.spend(_UNITS_PER_QUAD * (len(self._quads) + len(self._ground)))
        self._name_blanks()
        return self._canonical.issued

    def document(self) -> str:
        named = self.labels()
        lines = self._ground
        for quad in self._quads:
            subject, predicate, object_, graph = quad
            if graph:
                lines.append(line(quad, named))
            else:
                lines.append(f"{named.get(subject, subject)} {predicate} {named.get(object_, object_)} .\n")
        lines.sort()
        return "".join(lines)

    def _name_blanks(self) -> None:
        alike: dict[str, list[str]] = defaultdict(list)
        for blank in self._mentions:
            alike[self._first_degree(blank)].append(blank)
        if len(alike) == len(self._mentions):
            # Nearly always: every blank node is told apart from the others by what is said around it.
            issued = self._canonical.issued
            for number, hash_ in enumerate(sorted(alike)):
                issued[alike[hash_][0]] = f"_:c14n{number}"
            return
        several = []
        for _, blanks in sorted(alike.items()):
            if len(blanks) == 1:
                self._canonical.issue(blanks[0])
            else:
                several.append(blanks)
        for blanks in several:
            results = []
            for blank in blanks:
                if blank not in self._canonical.issued:
                    issuer = _Issuer("_:b")
                    issuer.issue(blank)
                    results.append(self._n_degree(blank, issuer, 0))
            for _, issuer in sorted(results, key=lambda result: result[0]):
                for blank in issuer.issued:
                    self._canonical.issue(blank)

    def _first_degree(self, blank: str) -> str:
        """Hash First Degree Quads (4.6): what is said around a blank node, all others being alike."""
        known = self._first.get(blank)
        if known is None:
            mentions = self._mentions[blank]
            self._budget.spend(_UNITS_PER_HASH + len(mentions))
            around = []
            for quad in mentions:
                _, predicate, object_, graph = quad
                if graph or object_[0] == "_":
                    around.append(_around(blank, quad))
                else:
                    around.append(f"_:a {predicate} {object_} .\n")
            around.sort()
            known = self._first[blank] = self._hash("".join(around))
        return known

    def _hash(self, text: str) -> str:
        return self._digest(text.encode()).hexdigest()

    def _related(self, related: str, quad: Quad, issuer: _Issuer, position: str) -> str:
        """Hash Related Blank Node (4.7)."""
        name = (
            self._canonical.issued.get(related) or issuer.issued.get(related) or self._first_degree(related)
        )
        return self._hash(f"g{name}" if position == "g" else f"{position}{quad[1]}{name}")

    def _n_degree(self, blank: str, issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Hash N-Degree Quads (4.8)."""
        if depth > _MAX_DEPTH:
            raise BudgetExceeded
        groups: dict[str, list[str]] = defaultdict(list)
        for quad in self._mentions[blank]:
            for position, term in zip("sog", (quad[0], quad[2], quad[3]), strict=True):
                if term[:2] == "_:" and term != blank:
                    self._budget.spend(_UNITS_PER_HASH)
                    groups[self._related(term, quad, issuer, position)].append(term)
        parts: list[str] = []
        for hash_, group in sorted(groups.items()):
            path, issuer = self._shortest_path(group, issuer, depth)
            parts += hash_, path
        return self._hash("".join(parts)), issuer

    def _shortest_path(self, group: list[str], issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Of all orders in which alike neighbours can be visited, the one with the least path (4.8.3, step 5)."""
        chosen, chosen_issuer = "", issuer
        for order in _orders(group):
            self._budget.spend(_UNITS_PER_HASH + len(group) + len(issuer.issued) // 8)
            candidate = self._path(order, issuer.copy(), chosen, depth)
            if candidate is not None and (not chosen or candidate[0] < chosen):
                chosen, chosen_issuer = candidate
        return chosen, chosen_issuer

    def _path(
        self, order: tuple[str, ...], issuer: _Issuer, chosen: str, depth: int
    ) -> tuple[str, _Issuer] | None:
        """The path of one order; None as soon as it cannot become the least."""
        path = ""
        unvisited = []
        for related in order:
            canonical = self._canonical.issued.get(related)
            if canonical is not None:
                path += canonical
            else:
                if related not in issuer.issued:
                    unvisited.append(related)
                path += issuer.issue(related)
            if chosen and len(path) >= len(chosen) and path > chosen:
                return None
        for related in unvisited:
            hash_, result = self._n_degree(related, issuer, depth + 1)
            path += f"{issuer.issue(related)}<{hash_}>"
            issuer = result
            if chosen and len(path) >= len(chosen) and path > chosen:
                return None
        return path, issuer


def _orders(group: list[str]) -> Iterable[tuple[str, ...]]:
    """Every order once. A neighbour may stand in a group many times: a named graph does, once for each of its quads,
    and orders that differ only among those are the same order.
    """
    if len(set(group)) == len(group):
        return permutations(group)
    return _orders_of_some_twice(sorted(group))


def _orders_of_some_twice(order: list[str]) -> Iterator[tuple[str, ...]]:
    """All distinct orders in lexicographic succession, iteratively: a group may have thousands of members."""
    while True:
        yield tuple(order)
        turn = len(order) - 2
        while turn >= 0 and order[turn] >= order[turn + 1]:
            turn -= 1
        if turn < 0:
            return
        successor = len(order) - 1
        while order[successor] <= order[turn]:
            successor -= 1
        order[turn], order[successor] = order[successor], order[turn]
        order[turn + 1 :] = reversed(order[turn + 1 :])


def _around(blank: str, quad: Quad) -> str:
    """A quad seen from one of its blank nodes: itself _:a, every other _:z."""
    subject, predicate, object_, graph = quad
    if subject[0] == "_":
        subject = "_:a" if subject == blank else "_:z"
    if object_[0] == "_":
        object_ = "_:a" if object_ == blank else "_:z"
    if not graph:
        return f"{subject} {predicate} {object_} .\n"
    if graph[:2] == "_:":
        graph = "_:a" if graph == blank else "_:z"
    return f"{subject} {predicate} {object_} {graph} .\n"
