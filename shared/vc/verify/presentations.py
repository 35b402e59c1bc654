"""Presentations: what a holder shows, and that it is shown by its holder, to us and now (VCDM 2.0, 4.13; VC-JOSE-COSE)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.vc import dates, strict_json
from shared.vc.baking import Unrecognised
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.dids import KeyProblem, ResolvedKey, retrieve
from shared.vc.errors import JsonRefused, ProofInvalid, UnsupportedProof, VcError
from shared.vc.fetching import Fetch, RecognitionLookup
from shared.vc.model import check as check_model
from shared.vc.policy import DEFAULT, Policy, decide
from shared.vc.proofs import data_integrity
from shared.vc.proofs.jws import fits
from shared.vc.proofs.presentation_jwt import PresentationJwt, parse_cose
from shared.vc.proofs.presentation_jwt import parse as parse_token
from shared.vc.proofs.presentation_jwt import verify as verify_token
from shared.vc.report import Check, Report, Verdict, failed, inconclusive, passed
from shared.vc.strict_json import JsonObject

from .case import Expected, several
from .keys import AUTHENTICATION, keys_of_holder, problem_check, require_controller, retrieved_check
from .limits import Limits
from .pipeline import verify
from .proven import ProvenLists
from .reading import Unreadable, address_in, base64_bytes, refuse_malformed_envelope
from .recipient import Applicant
from .sources import Sources
from .validity import SKEW

_ENVELOPES = ("data:application/vp+jwt,", "data:application/vp+sd-jwt,")
_COSE = "data:application/vp+cose;base64,"
_NO_LIMITS = Limits()
_CODES = {
    "challenge_mismatch": "proof.wrong_challenge",
    "domain_mismatch": "proof.wrong_domain",
    "wrong_purpose": "proof.wrong_purpose",
    "proof_expired": "proof.expired",
    "proof_not_yet_valid": "proof.not_yet_valid",
    "claims_differ": "proof.claims_differ",
    "malformed_proof": "proof.malformed",
    "malformed_proof_value": "proof.malformed",
}


@dataclass(frozen=True, slots=True)
class PresentationReport:
    """What became of a presentation, and of each credential in it (`credentials`, in their order).

    `holder` is who showed it, only where a proof says so. The verdict is the gravest of the presentation's own and of
    its credentials'; of a credential about its holder, `recipient.did` is "matched".
    """

    verified_at: datetime
    verdict: Verdict
    summary: str
    holder: str | None
    checks: tuple[Check, ...]
    credentials: tuple[Report, ...]

    def to_json(self) -> JsonObject:
        return {
            "verified_at": dates.write_date_time(self.verified_at),
            "verdict": self.verdict,
            "summary": self.summary,
            "holder": self.holder,
            "checks": [check.to_json() for check in self.checks],
            "credentials": [report.to_json() for report in self.credentials],
        }


async def verify_presentation(
    data: bytes,
    *,
    fetcher: Fetch,
    contexts: ContextStore,
    now: datetime,
    challenge: str | None = None,
    domain: str | None = None,
    policy: Policy = DEFAULT,
    recognitions: RecognitionLookup | None = None,
    limits: Limits = _NO_LIMITS,
    proven: ProvenLists | None = None,
    any_controller: bool = False,
) -> PresentationReport:
    """Verify a presentation and every credential in it.

    Args:
        data: a verifiable presentation: JSON with a Data Integrity proof, an envelope, or a compact JWT (vp+jwt).
        fetcher: reaches the network.
        contexts: the pinned JSON-LD contexts.
        now: aware UTC.
        challenge: what the holder was asked to sign (`nonce` of a JWT); without one, an old presentation passes too.
        domain: for whom (`aud` of a JWT).
        policy: what has to hold for each credential.
        recognitions: asks registries about an issuer; nobody is asked without it.
        limits: what all of it may cost together.
        proven: as `verify` takes it.
        any_controller: of the credentials, as `Expected` has it.

    Raises:
        Unrecognised: it is no presentation of any kind known here.
    """
    document, token, problem = _read(data, limits)
    sources = Sources(fetcher, now=now, most=limits.fetches)
    if problem is not None:
        return _report(now, policy, None, [problem], ())
    shown = _Shown(
        document,
        token,
        sources,
        contexts,
        now,
        challenge,
        domain,
        Budget(limits.work_units),
        limits.published_keys,
    )
    checks = [*_structure(document), *await shown.checks()]
    holder = shown.holder if all(check.outcome == "passed" for check in checks) else None
    values = several(document.get("verifiableCredential"))
    if len(values) > limits.presented:
        reason = f"A presentation of more than {limits.presented} credentials is not looked at."
        return _report(now, policy, holder, [*checks, inconclusive("embedded.too_many", reason)], ())
    part = replace(limits, work_units=limits.work_units // max(1, len(values)))
    reports: list[Report] = []
    for index, value in enumerate(values):
        try:
            report = await verify(
                value.encode() if isinstance(value, str) else strict_json.dumps(value),
                fetcher=sources,
                contexts=contexts,
                now=now,
                policy=policy,
                applicant=None if holder is None else Applicant(did=holder),
                recognitions=recognitions,
                limits=part,
                proven=proven,
                expected=Expected(any_controller=any_controller),
            )
        except Unrecognised as error:
            checks.append(failed("embedded.invalid", error.reason, f"/verifiableCredential/{index}"))
        else:
            reports.append(report)
    return _report(now, policy, holder, checks, tuple(reports))


def _structure(document: JsonObject) -> list[Check]:
    """What of the data model the presentation breaks (VCDM 2.0, 4.13)."""
    findings = [one for one in check_model(document) if one.severity == "error"]
    return [failed(one.code, one.reason, one.pointer) for one in findings]


def _report(
    now: datetime, policy: Policy, holder: str | None, checks: list[Check], reports: tuple[Report, ...]
) -> PresentationReport:
    own = decide(checks, replace(policy, require_recognition=False, require_recipient=False))
    verdict, summary = (
        own.verdict,
        own.summary.replace("the badge was issued by whom it names", "its holder shows it"),
    )
    broken = next((check for check in checks if check.kind == "embedded"), None)
    if broken is not None and verdict == "accepted":
        verdict, summary = ("rejected" if broken.outcome == "failed" else "undetermined"), broken.reason
    for wanted in ("rejected", "undetermined"):
        for report in reports:
            if report.verdict == wanted and (
                verdict == "accepted" or (wanted, verdict) == ("rejected", "undetermined")
            ):
                verdict, summary = report.verdict, report.summary
    return PresentationReport(now, verdict, summary, holder, tuple(checks), reports)


def _read(data: bytes, limits: Limits) -> tuple[JsonObject, PresentationJwt | None, Check | None]:
    """The presentation, the JWT it came in, and what keeps it from being read."""
    text = data[: limits.input_bytes + 1].strip()
    try:
        if not text.startswith(b"{"):
            return _from_token(text.decode("ascii", "replace"))
        document = strict_json.loads_object(text)
        types = several(document.get("type"))
        if "EnvelopedVerifiablePresentation" in types:
            refuse_malformed_envelope(document)
            return _from_envelope(address_in(document))
    except Unreadable as error:
        return {}, None, error.check
    except JsonRefused as error:
        return {}, None, failed("format.unsafe_json", f"The presentation cannot be read: {error.reason}")
    except UnsupportedProof as error:
        return {}, None, inconclusive("proof.unsupported", error.reason)
    except ProofInvalid as error:
        return {}, None, failed("format.malformed_jwt", f"The presentation cannot be read: {error.reason}")
    if "VerifiablePresentation" not in types:
        raise Unrecognised("This is not a verifiable presentation.")
    return document, None, None


def _from_envelope(address: str) -> tuple[JsonObject, PresentationJwt | None, Check | None]:
    for prefix in _ENVELOPES:
        if address.startswith(prefix):
            return _from_token(address.removeprefix(prefix))
    if address.startswith(_COSE):
        token = parse_cose(base64_bytes(address.removeprefix(_COSE)))
        return token.presentation, token, None
    reason = "The envelope does not hold a presentation (vp+jwt, vp+sd-jwt, vp+cose)."
    return {}, None, failed("format.malformed_jwt", reason)


def _from_token(text: str) -> tuple[JsonObject, PresentationJwt | None, Check | None]:
    token = parse_token(text)
    return token.presentation, token, None


class _Shown:
    """The holder's own proof over a presentation."""

    def __init__(
        self,
        document: JsonObject,
        token: PresentationJwt | None,
        sources: Sources,
        contexts: ContextStore,
        now: datetime,
        challenge: str | None,
        domain: str | None,
        budget: Budget,
        keys: int,
    ) -> None:
        self._document = document
        self._token = token
        self._sources = sources
        self._contexts = contexts
        self._now = now
        self._challenge = challenge
        self._domain = domain
        self._budget = budget
        self._keys = keys
        stated = document.get("holder")
        stated = stated.get("id") if isinstance(stated, dict) else stated
        self.holder: str | None = stated if isinstance(stated, str) else None

    async def checks(self) -> list[Check]:
        if self._token is not None:
            return await self._of_token(self._token)
        try:
            proofs = data_integrity.proofs_of(self._document)
            if len(proofs) == 1:
                data_integrity.suite_of(proofs[0])
                return await self._of_key(proofs[0].get("verificationMethod"), proof=proofs[0])
        except UnsupportedProof as error:
            return [inconclusive("proof.unsupported", error.reason, "/proof")]
        except ProofInvalid as error:
            return [failed("proof.malformed", error.reason, "/proof")]
        if proofs:
            return [
                inconclusive(
                    "proof.unsupported", "Presentations with several proofs are not supported.", "/proof"
                )
            ]
        return [failed("proof.missing", "The presentation carries no proof: anybody could show it.")]

    async def _of_token(self, token: PresentationJwt) -> list[Check]:
        try:
            keys = await keys_of_holder(
                token.jws.kid, self.holder, self._sources, now=self._now, most=self._keys
            )
        except KeyProblem as problem:
            return [problem_check(problem)]
        # One that fits in kind rather than the first: what is said of it is then about the signature.
        fitting = [key for key in keys if fits(token.jws, key.key)] or keys[:1]
        attempts = [self._checked(key, None) for key in fitting]
        return next((one for one in attempts if one[-1].outcome == "passed"), attempts[0])

    async def _of_key(self, method: Any, *, proof: JsonObject) -> list[Check]:
        if not isinstance(method, str):
            return [failed("proof.malformed", "The presentation does not say which key it was made with.")]
        try:
            key = await retrieve(method, self._sources, now=self._now, purpose=AUTHENTICATION)
        except KeyProblem as problem:
            return [problem_check(problem)]
        return self._checked(key, proof)

    def _checked(self, key: ResolvedKey, proof: JsonObject | None) -> list[Check]:
        """Whether the key is the holder's, and the proof was made with it."""
        self.holder = self.holder or key.controller
        try:
            require_controller(key, self.holder)
        except KeyProblem as problem:
            return [problem_check(problem)]
        try:
            self._verify(key, proof)
        except VcError as error:
            if error.conclusive:
                return [retrieved_check(key), failed(_CODES.get(error.code, "proof.invalid"), error.reason)]
            return [retrieved_check(key), inconclusive("proof.not_checked", error.reason)]
        return [retrieved_check(key), passed("proof.valid", "The presentation was made by its holder.")]

    def _verify(self, key: ResolvedKey, proof: JsonObject | None) -> None:
        if proof is None:
            assert self._token is not None
            verify_token(
                self._token,
                key.key,
                now=self._now,
                skew=SKEW,
                challenge=self._challenge,
                domain=self._domain,
            )
            return
        data_integrity.verify(
            self._document,
            proof,
            key.key,
            self._contexts,
            now=self._now - SKEW,
            purpose=AUTHENTICATION,
            budget=self._budget,
            challenge=self._challenge,
            domain=self._domain,
        )


__all__ = ["PresentationReport", "verify_presentation"]
