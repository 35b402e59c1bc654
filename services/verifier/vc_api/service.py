"""What happens to a request of the VC API: a worker answers it, as it answers every other verification."""

from typing import Any

from prometheus_client import Counter

from services.verifier.vc_api.problems import MALFORMED
from services.verifier.vc_api.requests import UNREADABLE, VERIFIED, refusal
from services.verifier.vc_api.schemas import CheckName, CredentialIn, Options, PresentationIn
from services.verifier.workers.pool import Answer, Pool, Task
from shared.clock import Clock
from shared.http.body import too_large
from shared.vc import strict_json
from shared.vc.baking import TooLong


class VcApi:
    """Verifies what it is given and keeps nothing of it."""

    def __init__(self, *, pool: Pool, clock: Clock, verdicts: Counter, checks: frozenset[CheckName]) -> None:
        """`checks`: what decides when a caller names none."""
        self._pool = pool
        self._clock = clock
        self._verdicts = verdicts
        self._checks = checks

    async def credential(self, given: CredentialIn) -> tuple[str, bytes]:
        """What became of a credential, and the answer's body. Raises Busy, TooLarge."""
        return await self._answered(given.verifiable_credential, given.options, presentation=False)

    async def presentation(self, given: PresentationIn) -> tuple[str, bytes]:
        """The same for a presentation and every credential in it."""
        proofless = given.presentation is not None
        return await self._answered(given.document, given.options, presentation=True, proofless=proofless)

    async def _answered(
        self, document: dict[str, Any], options: Options, *, presentation: bool, proofless: bool = False
    ) -> tuple[str, bytes]:
        if options.checks is None:
            options = options.model_copy(update={"checks": sorted(self._checks)})
        asked = {
            "presentation": presentation,
            "proofless": proofless,
            "options": options.model_dump(by_alias=True),
        }
        task = Task(strict_json.dumps(document), self._clock(), "", vc_api=asked)
        answer = await self._pool.one(task)
        if answer.verdict is None:
            return _without_report(answer)
        self._verdicts.labels("accepted" if answer.verdict == VERIFIED else "rejected").inc()
        return answer.verdict, answer.report


def _without_report(answer: Answer) -> tuple[str, bytes]:
    """What is answered where the worker had no report; raises what is no fault of the document's."""
    if answer.why == "too_long":
        raise too_large(TooLong.limit)
    if answer.why == "overran":
        return UNREADABLE, refusal(
            MALFORMED, "Verifying it took more work than anything may.", "format.item_refused"
        )
    raise RuntimeError(f"a worker could not answer ({answer.why}): {answer.reason}")
