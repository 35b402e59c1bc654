"""What happens to an item: its policy, its bytes, the verification in a worker, the report."""

import asyncio
import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter

from services.verifier.errors import NotABadge
from services.verifier.policies.schemas import PolicyRules
from services.verifier.policies.service import Policies
from services.verifier.verifications.intake import bytes_of, item_from_json
from services.verifier.verifications.schemas import Item
from services.verifier.verifications.sources import MAX_CREDENTIAL_BYTES, fetch_badge
from services.verifier.verifications.unusable import Unusable, unusable_report
from services.verifier.workers.pool import Answer, Pool, Task
from shared.clock import Clock
from shared.http.access import Access
from shared.http.body import too_large
from shared.http.fetch import Fetcher
from shared.http.problems import InvalidRequest, Problem
from shared.observability.logs import get_logger
from shared.vc import strict_json
from shared.vc.baking import TooLong
from shared.vc.policy import Policy

_CHUNK = 16
"""Items of a batch that go to a worker together."""
_CHUNKS_AT_ONCE = 2
"""For each worker: one that it works on, one that it finds next."""
_TOO_COSTLY = "Verifying the item took more work than any badge may, so it was given up."
_OUR_ERROR = "An error of ours kept this item from being verified; send it again later."
_log = get_logger("verifier")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An item with its policy, and its credential or why there is none."""

    item: Item | None
    policy: Policy
    data: bytes | Unusable


class Verifications:
    """Verifies what it is given and keeps nothing of it. Reports are JSON texts: nothing here reads in them."""

    def __init__(
        self, *, fetcher: Fetcher, policies: Policies, pool: Pool, clock: Clock, verdicts: Counter
    ) -> None:
        self._fetcher = fetcher
        self._policies = policies
        self._pool = pool
        self._clock = clock
        self._verdicts = verdicts

    async def one(self, access: Access | None, given: Item | bytes) -> bytes:
        """The report on a single item.

        Raises NotABadge, TooLarge, InvalidRequest, PolicyUnknown, PolicyRulesRefused, Busy.
        """
        item = given if isinstance(given, Item) else None
        policy = await self._policies.resolve(access, item.policy if item else None)
        try:
            data = given if isinstance(given, bytes) else await self._data(given)
            answer = await self._pool.one(self._task(data, item, policy))
            return self._report(answer)
        except Unusable as why:
            if why.code == "format.unrecognised":
                raise NotABadge(why.reason) from why
            return self._unusable(why, item, policy)

    async def many(
        self,
        access: Access,
        values: Sequence[Any],
        default: str | PolicyRules | Policy | None,
        *,
        own_errors: bool = False,
    ) -> list[bytes]:
        """One report for each value, in their order; what is wrong with one is said in its report.

        An error of our own is logged and said in the item's report too, or raised with `own_errors`. Raises PolicyUnknown,
        PolicyRulesRefused for the default policy only.
        """
        fallback = default if isinstance(default, Policy) else await self._policies.resolve(access, default)
        turns = asyncio.Semaphore(_CHUNKS_AT_ONCE * self._pool.count)

        async def reports(chunk: Sequence[Any]) -> list[bytes]:
            async with turns:
                prepared = [self._prepared(access, value, fallback, own_errors=own_errors) for value in chunk]
                return await self._chunk(await asyncio.gather(*prepared), own_errors=own_errors)

        chunks = [values[first : first + _CHUNK] for first in range(0, len(values), _CHUNK)]
        return [one for found in await asyncio.gather(*map(reports, chunks)) for one in found]

    async def _chunk(self, chunk: Sequence[_Prepared], *, own_errors: bool) -> list[bytes]:
        tasks = [self._task(one.data, one.item, one.policy) for one in chunk if isinstance(one.data, bytes)]
        answers = iter(await self._pool.many(tasks) if tasks else ())
        return [self._told(one, answers, own_errors=own_errors) for one in chunk]

    def _told(self, one: _Prepared, answers: Iterator[Answer], *, own_errors: bool) -> bytes:
        try:
            if isinstance(one.data, Unusable):
                raise one.data
            return self._report(next(answers))
        except Unusable as why:
            return self._unusable(why, one.item, one.policy)
        except Problem as problem:
            return self._unusable(_refused(problem), one.item, one.policy)
        except EngineFailed:
            if own_errors:
                raise
            return self._unusable(Unusable("format.internal_error", _OUR_ERROR), one.item, one.policy)

    async def _prepared(self, access: Access, value: Any, fallback: Policy, *, own_errors: bool) -> _Prepared:
        """As far as it goes without a worker, with every refusal kept for the item's report."""
        item, policy = None, fallback
        try:
            item = item_from_json(value)
            if item.policy is not None:
                policy = await self._policies.resolve(access, item.policy)
            return _Prepared(item, policy, _short(await self._data(item)))
        except Unusable as found:
            why = found
        except Exception as error:
            if isinstance(error, Problem) and error.status < 500:
                why = _refused(error)
            elif own_errors:
                raise
            else:
                _log.exception("verification.failed")
                why = Unusable("format.internal_error", _OUR_ERROR)
        return _Prepared(item, policy, why)

    async def _data(self, item: Item) -> bytes:
        data = bytes_of(item)
        if data is None:
            assert item.url is not None  # the schema demands one of the three
            data = await fetch_badge(self._fetcher, item.url)
        return data

    def _task(self, data: bytes, item: Item | None, policy: Policy) -> Task:
        applicant = item.applicant.model_dump() if item and item.applicant else None
        external_id, metadata = (item.external_id, item.metadata) if item else (None, None)
        return Task(_short(data), self._clock(), _written(policy), applicant, external_id, metadata)

    def _report(self, answer: Answer) -> bytes:
        """Raises Unusable, TooLarge; EngineFailed for an error of ours."""
        match answer.why:
            case None:
                self._verdicts.labels(answer.verdict).inc()
                return answer.report
            case "too_long":
                raise too_large(TooLong.limit)
            case "unrecognised":
                raise Unusable("format.unrecognised", answer.reason)
            case "overran":
                raise Unusable("format.too_costly", _TOO_COSTLY)
            case "failed":
                _log.error("verification.failed", exception=answer.reason)
                raise EngineFailed

    def _unusable(self, why: Unusable, item: Item | None, policy: Policy) -> bytes:
        report = unusable_report(
            why,
            policy=policy,
            now=self._clock(),
            external_id=item.external_id if item else None,
            metadata=item.metadata if item else None,
        )
        return strict_json.dumps(report)


class EngineFailed(Exception):
    """A defect of ours met by a worker, which was logged."""


def _short(data: bytes) -> bytes:
    """Raises TooLarge."""
    if len(data) > MAX_CREDENTIAL_BYTES:
        raise too_large(MAX_CREDENTIAL_BYTES)
    return data


@functools.lru_cache(maxsize=64)
def _written(policy: Policy) -> str:
    return json.dumps(policy.to_json())


def _refused(problem: Problem) -> Unusable:
    reason = str(problem.detail)
    errors = [{"pointer": each.pointer, "detail": each.detail} for each in problem.errors]
    if isinstance(problem, InvalidRequest) and errors:
        reason = "The item cannot be used: " + "; ".join(
            f"{each['pointer'] or '/'} {each['detail']}" for each in errors[:5]
        )
    return Unusable("format.item_refused", reason, problem=problem.code, errors=errors)
