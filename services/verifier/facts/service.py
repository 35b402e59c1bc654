"""Public documents, fetched behind the fence, kept for a while, and dropped when a change is announced."""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock, to_rfc3339
from shared.http.fetch import FetchError
from shared.http.fetch_cache import CachingFetcher, Source
from shared.messaging import Event
from shared.vc import strict_json
from shared.vc.dids import KeyProblem, did_web_url
from shared.vc.errors import JsonRefused
from shared.vc.fetching import Fetched

FETCH_SECONDS = 8.0
RENEWAL_SECONDS = 2.0
"""The same where there is an older copy: a server that hangs keeps nobody waiting for what is known."""
DEAF_AGE = timedelta(seconds=5)
"""How long anything is fresh while changes are not heard of yet (the event log has not been reached since the start)."""
_MAX_ANNOUNCEMENTS = 100_000
# Asked for with these, a document is a status list or another credential, not one with keys.
_CREDENTIAL_TYPES = ("application/vc", "application/vc+jwt", "application/vc+ld+json")


@dataclass(frozen=True)
class Announcement:
    """What the issuer of a status list last said about it."""

    valid_from: datetime
    sha256: str


class Facts:
    """What verdicts rest on. Used on the service's own event loop only.

    Guarantees that a status list older than the one last announced (decision 15) is never given out, wherever it came from.
    """

    def __init__(
        self, fetcher: Source, clock: Clock, *, fact_seconds: int, status_seconds: int, max_entries: int
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._max_age = timedelta(seconds=fact_seconds)
        self._status_age = timedelta(seconds=status_seconds)
        self._max_entries = max_entries
        self._cache = self._empty()
        self._longest = DEAF_AGE
        self._announced: OrderedDict[str, Announcement] = OrderedDict()

    def _empty(self) -> CachingFetcher:
        return CachingFetcher(
            self._fetcher, clock=self._clock, max_age=self._max_age, max_entries=self._max_entries
        )

    def hearing(self) -> None:
        """Announcements are heard from now on; what was fetched before may have changed unheard, so it is forgotten."""
        self._cache = self._empty()
        self._longest = self._max_age

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        """`shared.vc`'s Fetch: from the cache while fresh, and from it all the same while the server is away.

        Raises FetchError; with code `older_than_announced` if only an outdated status list can be had.
        """
        # The accepted types decide how long an answer is fresh: what is asked for as a credential may be revoked by it.
        is_credential = any(kind in accept for kind in _CREDENTIAL_TYPES)
        max_age = min(self._status_age if is_credential else self._max_age, self._longest)
        cache = self._cache
        fetched = await cache.get(
            url,
            accept=accept,
            max_bytes=max_bytes,
            timeout=FETCH_SECONDS,
            renewal_timeout=RENEWAL_SECONDS,
            max_age=max_age,
        )
        announced = self._announced.get(url)
        if announced is not None and not _as_new_as(fetched, announced):
            cache.drop(url)
            raise FetchError(
                "older_than_announced",
                f"The issuer announced a list of {to_rfc3339(announced.valid_from)}, but only an older one could be had.",
            )
        return fetched

    def status_list_changed(self, url: str, announced: Announcement) -> None:
        """Drop what is held of the list; from now on only this version or a later one counts."""
        known = self._announced.get(url)
        if known is None or known.valid_from <= announced.valid_from:
            self._announced[url] = announced
            self._announced.move_to_end(url)
            if len(self._announced) > _MAX_ANNOUNCEMENTS:
                self._announced.popitem(last=False)
        self._cache.drop(url)

    def keys_changed(self, identifier: str) -> None:
        """Drop the document with the keys of this issuer."""
        try:
            self._cache.drop(did_web_url(identifier) if identifier.startswith("did:web:") else identifier)
        except KeyProblem:  # no address, so nothing is held of it
            return

    def drop(self, url: str) -> None:
        """Drop what is held of this URL."""
        self._cache.drop(url)


async def hear(event: Event, facts: Facts, recognitions_url: Callable[[str], str]) -> None:
    """React to one announced change (a Tail's handler). Types that say nothing about a cached fact are passed over."""
    noun = event.type.removeprefix("org.confer.").partition(".")[0]
    data = event.data
    if noun == "status-list":
        url, moment, digest = data.get("url"), data.get("valid_from"), data.get("sha256")
        if isinstance(url, str) and isinstance(moment, str) and isinstance(digest, str):
            facts.status_list_changed(url, Announcement(datetime.fromisoformat(moment), digest))
    elif noun in {"key", "profile"}:
        facts.keys_changed(event.subject)
    elif noun == "recognition":
        issuer = data.get("issuer")
        if isinstance(issuer, str):
            facts.drop(recognitions_url(issuer))


def _as_new_as(fetched: Fetched, announced: Announcement) -> bool:
    if fetched.sha256 == announced.sha256:
        return True
    valid_from = _valid_from(fetched.body)
    return valid_from is not None and valid_from >= announced.valid_from


def _valid_from(body: bytes) -> datetime | None:
    """`validFrom` of a credential as JSON or compact JWS; None if there is none that can be read."""
    text = body.strip()
    try:
        if not text.startswith(b"{"):
            payload = text.split(b".")[1]
            text = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        value = strict_json.loads_object(text).get("validFrom")
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (JsonRefused, ValueError, IndexError, binascii.Error):
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
