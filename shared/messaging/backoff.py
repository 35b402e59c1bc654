"""How long to wait before trying again, and what is worth trying again."""

from __future__ import annotations

import random

from shared.db import is_transient
from shared.messaging.log import LogUnavailable


class Backoff:
    """Doubling pauses between `first` and `longest` seconds, each shortened by up to a half at random."""

    def __init__(self, first: float = 0.1, longest: float = 5.0) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        pause = min(self._longest, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        # Jitter keeps many processes from coming back at the same moment; nothing secret depends on it.
        return pause * random.uniform(0.5, 1.0)  # noqa: S311  (jitter, no secret)

    def reset(self) -> None:
        """Start again with the shortest pause."""
        self._failures = 0


def is_temporary(error: BaseException) -> bool:
    """Whether the same work may succeed later: what it needs is away, or another transaction was in the way."""
    return isinstance(error, LogUnavailable | OSError) or is_transient(error)
