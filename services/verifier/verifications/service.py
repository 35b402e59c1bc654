"""What happens to an item: its policy, its bytes, the verification on a thread, the report."""

import asyncio
from collections.abc import Sequence
from typing import Any

from prometheus_client import Counter

from services.verifier.errors import NotABadge
from services.verifier.facts.recognitions import Recognitions
from services.verifier.facts.service import Facts
from services.verifier.policies.schemas import PolicyRules
from services.verifier.policies.service import Policies
from services.verifier.verifications.intake import bytes_of, item_from_json
from services.verifier.verifications.schemas import Item
from services.verifier.verifications.sources import MAX_CREDENTIAL_BYTES, fetch_badge
from services.verifier.verifications.threads import Threads
from services.verifier.verifications.unusable import Unusable, unusable_report
from shared.clock import Clock
from shared.http.access import Access
from shared.http.body import too_large
from shared.http.fetch import Fetcher
from shared.http.problems import InvalidRequest, Problem
from shared.observability.logs import get_logger
from shared.vc.baking import TooLong, Unrecognised
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetched, RecognitionAnswer
from shared.vc.policy import Policy
from shared.vc.report import Report
from shared.vc.verify import Applicant, verify

ReportJson = dict[str, Any]
_AT_ONCE = 16
_OUR_ERROR = "An error of ours kept this item from being verified; send it again later."
_log = get_logger("verifier")


class Verifications:
    """Verifies what it is given and keeps nothing of it."""

    def __init__(
        self,
        *,
        facts: Facts,
        fetcher: Fetcher,
        recognitions: Recognitions,
        policies: Policies,
        contexts: ContextStore,
        threads: Threads,
        clock: Clock,
        verdicts: Counter,
    ) -> None:
        self._facts = facts
        self._fetcher = fetcher
        self._recognitions = recognitions
        self._policies = policies
        self._contexts = contexts
        self._threads = threads
        self._clock = clock
        self._verdicts = verdicts

    async def one(self, access: Access | None, given: Item | bytes) -> ReportJson:
        """The report on a single item.

        Raises NotABadge, TooLarge, InvalidRequest, PolicyUnknown, PolicyRulesRefused, Busy.
        """
        item = given if isinstance(given, Item) else None
        policy = await self._policies.resolve(access, item.policy if item else None)
        try:
            if item is not None:
                return await self._item(item, policy, bounded=True)
            assert isinstance(given, bytes)
            return _shown((await self._verify(given, policy, None, bounded=True)).to_json())
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
    ) -> list[ReportJson]:
        """One report for each value, in their order; what is wrong with one is said in its report.

        An error of our own is logged and said in the item's report too, or raised with `own_errors`. Raises PolicyUnknown,
        PolicyRulesRefused for the default policy only.
        """
        fallback = default if isinstance(default, Policy) else await self._policies.resolve(access, default)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def report(value: Any) -> ReportJson:
            async with turns:
                return await self._of_value(access, value, fallback, own_errors=own_errors)

        return list(await asyncio.gather(*(report(value) for value in values)))

    async def _of_value(
        self, access: Access, value: Any, fallback: Policy, *, own_errors: bool
    ) -> ReportJson:
        """As `one`, with every refusal turned into a report."""
        item, policy = None, fallback
        try:
            item = item_from_json(value)
            if item.policy is not None:
                policy = await self._policies.resolve(access, item.policy)
            return await self._item(item, policy, bounded=False)
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
        return self._unusable(why, item, policy)

    async def _item(self, item: Item, policy: Policy, *, bounded: bool) -> ReportJson:
        data = bytes_of(item)
        if data is None:
            assert item.url is not None  # the schema demands one of the three
            data = await fetch_badge(self._fetcher, item.url)
        applicant = Applicant(**item.applicant.model_dump()) if item.applicant else None
        report = await self._verify(data, policy, applicant, bounded=bounded)
        return _shown(report.to_json(external_id=item.external_id, metadata=item.metadata))

    async def _verify(
        self, data: bytes, policy: Policy, applicant: Applicant | None, *, bounded: bool
    ) -> Report:
        if len(data) > MAX_CREDENTIAL_BYTES:
            raise too_large(MAX_CREDENTIAL_BYTES)

        async def verification() -> Report:
            return await verify(
                data,
                fetcher=self._fetch_at_home,
                contexts=self._contexts,
                now=self._clock(),
                policy=policy,
                applicant=applicant,
                recognitions=self._look_up_at_home,
                proven=self._facts.proven,
            )

        try:
            report = await self._threads.run(verification, bounded=bounded)
        except TooLong as error:
            raise too_large(TooLong.limit) from error
        except Unrecognised as error:
            raise Unusable("format.unrecognised", error.reason) from error
        self._verdicts.labels(report.verdict).inc()
        return report

    async def _fetch_at_home(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        """Called on a verifying thread; the cache and the connections live on the service's loop."""
        return await self._threads.at_home(lambda: self._facts(url, accept=accept, max_bytes=max_bytes))

    async def _look_up_at_home(self, issuer: str) -> RecognitionAnswer:
        return await self._threads.at_home(lambda: self._recognitions(issuer))

    def _unusable(self, why: Unusable, item: Item | None, policy: Policy) -> ReportJson:
        return unusable_report(
            why,
            policy=policy,
            now=self._clock(),
            external_id=item.external_id if item else None,
            metadata=item.metadata if item else None,
        )


def _shown(report: ReportJson) -> ReportJson:
    """The report without U+0000: a badge may say anything, but neither PostgreSQL nor other readers can hold that."""
    return {name: _without_nul(value) for name, value in report.items()}


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return [_without_nul(each) for each in value] if isinstance(value, list) else value


def _refused(problem: Problem) -> Unusable:
    reason = str(problem.detail)
    errors = [{"pointer": each.pointer, "detail": each.detail} for each in problem.errors]
    if isinstance(problem, InvalidRequest) and errors:
        reason = "The item cannot be used: " + "; ".join(
            f"{each['pointer'] or '/'} {each['detail']}" for each in errors[:5]
        )
    return Unusable("format.item_refused", reason, problem=problem.code, errors=errors)
