"""A request as a worker answers it: the engine's report, turned into VCALM's verification result."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.verifier.vc_api.answers import credential_out, malformed, presentation_out
from services.verifier.vc_api.problems import PARSING, problem
from services.verifier.vc_api.schemas import Options, Verified
from shared.vc import strict_json
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetch
from shared.vc.policy import DEFAULT
from shared.vc.verify import Expected, ProvenLists, Unrecognised, verify, verify_presentation

VERIFIED, UNVERIFIED, UNREADABLE = "accepted", "rejected", "unreadable"
"""What became of it, for whoever asked the worker. Unreadable: there was nothing of the kind to verify."""

# What was handed in is judged, not what its issuer would offer instead.
_POLICY = replace(DEFAULT, name="vc-api", refresh=False)


async def answered(
    data: bytes,
    asked: Mapping[str, Any],
    *,
    fetcher: Fetch,
    contexts: ContextStore,
    now: datetime,
    proven: ProvenLists | None,
) -> tuple[str, bytes]:
    """What became of a credential or presentation, and the answer's body.

    `asked`: `presentation` and `proofless` (true or false), and `options` as the caller gave them.
    """
    options = Options.model_validate(asked["options"])
    document = strict_json.loads_object(data)
    any_controller = "issuer" not in options.deciding
    answer: Verified
    try:
        if asked["presentation"]:
            shown = await verify_presentation(
                data,
                fetcher=fetcher,
                contexts=contexts,
                now=now,
                challenge=options.challenge,
                domain=options.domain,
                policy=_POLICY,
                proven=proven,
                any_controller=any_controller,
            )
            answer = presentation_out(shown, document, options, proofless=asked["proofless"])
            readable = not malformed(shown)
        else:
            expected = Expected(options.challenge, options.domain, any_controller)
            report = await verify(
                data,
                fetcher=fetcher,
                contexts=contexts,
                now=now,
                policy=_POLICY,
                proven=proven,
                expected=expected,
            )
            answer, readable = credential_out(report, document, options), True
    except Unrecognised as error:
        return UNREADABLE, refusal(PARSING, error.reason, "format.unrecognised")
    verdict = (VERIFIED if answer.verified else UNVERIFIED) if readable else UNREADABLE
    return verdict, _written(answer)


def refusal(kind: str, detail: str, code: str) -> bytes:
    """The answer's body where nothing could be verified, for this one reason."""
    found = [problem(kind, detail, code)]
    return _written(Verified(verified=False, errors=found, warnings=[], problem_details=found))


def _written(answer: Verified) -> bytes:
    return answer.model_dump_json(by_alias=True, exclude_none=True).encode()
