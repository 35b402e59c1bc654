"""Status list indexes: every place once, in an order that tells nothing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.issuer.status.permutation import index_of
from services.issuer.status.service import BITS


@given(size=st.integers(1, 700), seed=st.binary(min_size=16, max_size=16))
def test_every_place_is_given_once(size: int, seed: bytes) -> None:
    assert sorted(index_of(counter, size, seed) for counter in range(size)) == list(range(size))


def test_neighbours_on_a_full_list_are_far_apart() -> None:
    indexes = [index_of(counter, BITS, bytes(16)) for counter in range(2000)]
    assert len(set(indexes)) == 2000
    assert all(0 <= index < BITS for index in indexes)
    gaps = [abs(a - b) for a, b in pairwise(indexes)]
    # Of random places the mean distance is a third of the list; counted ones would be 1 apart.
    assert BITS / 4 < sum(gaps) / len(gaps) < BITS / 2


def test_another_seed_gives_another_order() -> None:
    first, second = ([index_of(n, BITS, seed) for n in range(50)] for seed in (bytes(16), b"\x01" * 16))
    assert first != second


@pytest.mark.parametrize("counter", [-1, 10])
def test_a_counter_beyond_the_list_is_refused(counter: int) -> None:
    with pytest.raises(ValueError, match="beyond"):
        index_of(counter, 10, bytes(16))
