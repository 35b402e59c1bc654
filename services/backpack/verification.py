"""Verifying what is kept here, in this process, with the specification library (decision 3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.backpack.credentials.pictures import Picture, picture_of
from services.backpack.credentials.status import REVOKED, SUSPENDED, VALID, Status
from shared.clock import Clock
from shared.http.fetch_cache import CachingFetcher
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetch, Fetched
from shared.vc.policy import ESSENTIAL, Policy
from shared.vc.report import Check, Report
from shared.vc.verify import verify

# What is kept is what was given: a newer version would be another credential.
KEEPING: Final = Policy(name="keeping", refresh=False)

_BEARABLE: Final = frozenset(
    {"validity.expired", "validity.not_yet_valid", "status.revoked", "status.suspended"}
)
"""Failures that say nothing against the badge being genuine: they become its status, or are shown as its dates."""


@dataclass(frozen=True)
class Judgement:
    """What a report means for keeping the badge."""

    genuine: bool
    """Whether it is well formed, unchanged, and from whom it names; whatever its status and dates."""
    later: bool
    """Whether another attempt may find it genuine."""
    cause: Check | None
    """The check that decided against it."""
    status: Status | None
    """What the issuer's status list says; None if that could not be found out."""


def judge(report: Report) -> Judgement:
    """Read a report for what matters here: is the badge genuine, and what does its issuer say of it now."""
    status = _status(report)
    essential = [check for check in report.checks if check.kind in ESSENTIAL]
    failed = [check for check in essential if check.outcome == "failed" and check.code not in _BEARABLE]
    unsure = [
        check
        for check in essential
        if check.outcome == "inconclusive" and check.kind not in {"status", "validity"}
    ]
    if failed or unsure:
        cause = (failed or unsure)[0]
        return Judgement(genuine=False, later=not failed, cause=cause, status=status)
    proof = report.check("proof")
    proven = proof is not None and proof.outcome == "passed"
    return Judgement(genuine=proven, later=False, cause=None if proven else proof, status=status)


def _status(report: Report) -> Status | None:
    codes = {check.code for check in report.checks if check.kind == "status"}
    if "status.revoked" in codes:
        return REVOKED
    if "status.suspended" in codes:
        return SUSPENDED
    check = report.check("status")
    return VALID if check is None or check.outcome in {"passed", "skipped"} else None


class Checker:
    """Verifies credentials under the policy of keeping.

    Args:
        fetch: fetches now, fenced.
        cached: the same with a short memory, so that a thousand awards of one issuer ask for its key once.
    """

    def __init__(self, fetch: Fetch, cached: CachingFetcher, contexts: ContextStore, clock: Clock) -> None:
        self._fetch = fetch
        self._cached = cached
        self._contexts = contexts
        self._clock = clock

    async def check(self, data: bytes, *, fresh: bool = False, since: datetime | None = None) -> Report:
        """Verify a file or text of any known form. Never raises for what is wrong with the badge.

        With `fresh`, nothing is taken from the memory; with `since`, nothing that was fetched before.
        """
        return await verify(
            data,
            fetcher=self._fetch if fresh else self._remembering(since),
            contexts=self._contexts,
            now=self._clock(),
            policy=KEEPING,
            # Whoever keeps a badge here holds it: issuers' base proofs are for her.
            as_holder=True,
        )

    def _remembering(self, since: datetime | None) -> Fetch:
        if since is None:
            return self._cached

        async def fetch(url: str, *, accept: str, max_bytes: int) -> Fetched:
            max_age = self._clock() - since
            return await self._cached.get(url, accept=accept, max_bytes=max_bytes, max_age=max_age)

        return fetch

    async def picture(self, report: Report) -> Picture | None:
        """The picture that a verified badge names, if it can be had."""
        return await picture_of(report.credential, self._cached)
