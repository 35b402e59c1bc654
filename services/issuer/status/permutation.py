"""Status list indexes: a keyed permutation of a counter.

Indexes given out in order would tell how many badges were awarded and which belong together. A permutation of
0 … n-1 under a secret key gives every counter an index of its own without a search for free places.
"""

from hashlib import blake2s

_ROUNDS = 6


def index_of(counter: int, size: int, seed: bytes) -> int:
    """The index of the `counter`-th award on a list of `size` places (a bijection on 0 … size-1 for each seed).

    A balanced Feistel network over the next even number of bits; values outside the list walk on until they fall
    inside (at most four steps on average, since the network's domain is less than four times the list's).
    """
    if not 0 <= counter < size:
        raise ValueError("the counter is beyond the list")
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    value = counter
    while True:
        value = _feistel(value, half, seed)
        if value < size:
            return value


def _feistel(value: int, half: int, seed: bytes) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for number in range(_ROUNDS):
        digest = blake2s(
            right.to_bytes(4, "big"), key=seed, person=bytes([number] * 8), digest_size=4
        ).digest()
        left, right = right, left ^ (int.from_bytes(digest, "big") & mask)
    return (left << half) | right
