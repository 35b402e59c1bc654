"""What this library asks of the network, without knowing how it is reached.

Whoever calls it passes a `Fetch` in: a fenced HTTP client in a service, a dictionary in a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer from the network.

    `url` is what was asked for, `final_url` where the redirects ended, `fetched_at` when these bytes came
    over the wire (earlier than now if they come from a cache), and `stale` says that a fresh copy was wanted
    and could not be had.
    """

    url: str
    final_url: str
    status: int
    media_type: str
    body: bytes
    fetched_at: datetime
    sha256: str
    stale: bool = False


class FetchRefused(Exception):
    """Nothing was fetched; `code` and `reason` say why, `status` is the HTTP status if any."""

    def __init__(self, code: str, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.status = status


class Fetch(Protocol):
    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        """Fetch `url` with GET.

        Returns an answer with a 2xx status.

        Raises:
            FetchRefused: for everything else: not allowed, unreachable, too large, any other status.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recognition:
    """A statement by a recogniser about an issuer, as a registry gave it."""

    recogniser: Mapping[str, Any]
    issuer: str
    scope: Mapping[str, Any]
    valid_from: datetime | None
    valid_until: datetime | None
    reason: str | None
    registry: str
    checked_at: datetime

    def covers(self, achievement: str | None, achievement_type: str | None, now: datetime) -> bool:
        """Whether the statement holds at `now` for an achievement of that id and type."""
        if self.valid_from is not None and now < self.valid_from:
            return False
        if self.valid_until is not None and now >= self.valid_until:
            return False
        types = self.scope.get("achievement_types") or ()
        achievements = self.scope.get("achievements") or ()
        # Nothing named is everything; with both named, either suffices (as the directory's API says).
        return not (types or achievements) or achievement_type in types or achievement in achievements


@dataclass(frozen=True, slots=True)
class RecognitionAnswer:
    """What the registries that were asked said; `unreachable` names those that did not answer."""

    statements: tuple[Recognition, ...]
    unreachable: tuple[str, ...] = ()


class RecognitionLookup(Protocol):
    async def __call__(self, issuer: str) -> RecognitionAnswer:
        """All statements about the issuer with this id (a DID or an https URL)."""
        ...
