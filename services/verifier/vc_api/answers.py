"""From the engine's reports to VCALM's verification results."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.verifier.vc_api.problems import MALFORMED, decides, problem, problem_of
from services.verifier.vc_api.schemas import (
    CheckName,
    CredentialResults,
    CredentialVerified,
    HolderResults,
    Options,
    Outcome,
    PresentationOut,
    PresentationResults,
    ProblemDetails,
    StatusOutcome,
)
from shared.vc.report import Check, Report
from shared.vc.verify import PresentationReport

Json = dict[str, Any]


def credential_out(report: Report, given: Json, options: Options) -> CredentialVerified:
    """What became of one credential; verified if nothing that decides is wrong and a proof holds."""
    errors, warnings = _sorted(report.checks, options.deciding)
    if report.format.startswith("ob2"):
        reason = "This is a badge of Open Badges 2.0 or older, not a verifiable credential."
        errors.append(problem(MALFORMED, reason, "model.not_a_known_credential"))
    return CredentialVerified(
        verified=not errors and any(check.code == "proof.valid" for check in report.checks),
        errors=errors,
        warnings=warnings,
        problem_details=[*errors, *warnings] if options.return_problem_details else None,
        credential=given if options.return_credential else None,
        results=_results(report, given) if options.return_results else None,
    )


def presentation_out(
    report: PresentationReport, given: Json, options: Options, *, proofless: bool = False
) -> PresentationOut:
    """What became of a presentation: verified if it is, and every credential in it.

    `proofless`: it was handed in as one without a proof, so that none is not an error.
    """
    checks = [check for check in report.checks if not (proofless and check.code == "proof.missing")]
    errors, warnings = _sorted(checks, options.deciding)
    presented = _several(given.get("verifiableCredential"))
    credentials = [
        credential_out(each, presented[index] if index < len(presented) else {}, options)
        for index, each in enumerate(report.credentials)
    ]
    for each in credentials:
        errors += each.errors
        warnings += each.warnings
    results = PresentationResults(
        presentation=_of_holder(report, given, options),
        credentials=credentials,
    )
    return PresentationOut(
        verified=not errors,
        errors=errors,
        warnings=warnings,
        problem_details=[*errors, *warnings] if options.return_problem_details else None,
        verifiable_presentation=given if options.return_presentation else None,
        results=results if options.return_results else None,
    )


def malformed(report: PresentationReport) -> bool:
    """Whether the presentation itself could not be taken for one, so that there was nothing to verify."""
    return any(
        check.kind in {"format", "model", "context"} and check.outcome == "failed" for check in report.checks
    )


def _sorted(
    checks: Iterable[Check], deciding: frozenset[CheckName]
) -> tuple[list[ProblemDetails], list[ProblemDetails]]:
    """The errors, and the warnings."""
    errors: list[ProblemDetails] = []
    warnings: list[ProblemDetails] = []
    for check in checks:
        found = problem_of(check)
        if found is not None:
            (errors if decides(check, deciding) else warnings).append(found)
    return errors, warnings


def _results(report: Report, given: Json) -> CredentialResults:
    document = report.document or given
    checks = report.checks
    return CredentialResults(
        valid_from=_moment(document, ("validFrom", "issuanceDate"), checks, "validity.not_yet_valid"),
        valid_until=_moment(document, ("validUntil", "expirationDate"), checks, "validity.expired"),
        credential_schema=[
            Outcome(verified=_holds(checks, pointer, "schema"), input=each)
            for pointer, each in _listed(document, "credentialSchema")
        ],
        credential_status=[
            StatusOutcome(
                verified=_holds(checks, pointer, "status"), input=each, value=_status(checks, pointer)
            )
            for pointer, each in _listed(document, "credentialStatus")
        ],
        proof=_proofs(document if "proof" in document else given, checks),
    )


def _of_holder(report: PresentationReport, given: Json, options: Options) -> HolderResults:
    codes = {check.code for check in report.checks}
    holder = given.get("holder")
    return HolderResults(
        challenge=_answered(options.challenge, "proof.wrong_challenge", codes),
        domain=_answered(options.domain, "proof.wrong_domain", codes),
        holder=None if holder is None else Outcome(verified=report.holder is not None, input=holder),
        proof=_proofs(given, report.checks),
    )


def _answered(asked: str | None, wrong: str, codes: set[str]) -> Outcome | None:
    if asked is None:
        return None
    return Outcome(verified=wrong not in codes and "proof.valid" in codes, input=asked)


def _proofs(document: Json, checks: Sequence[Check]) -> list[Outcome]:
    """Each proof; of an envelope the envelope itself, which is its proof."""
    if "proof" not in document:
        return [Outcome(verified=_proven(checks, ""), input=document)]
    return [
        Outcome(verified=_proven(checks, pointer), input=each) for pointer, each in _listed(document, "proof")
    ]


def _proven(checks: Sequence[Check], pointer: str) -> bool:
    holds = any(check.code == "proof.valid" for check in checks)
    return holds and not any(
        problem_of(check) is not None and _within(check.pointer or "", pointer)
        for check in checks
        if check.kind in {"proof", "key"}
    )


def _holds(checks: Sequence[Check], pointer: str, kind: str) -> bool:
    made = [check for check in checks if check.kind == kind and check.pointer == pointer]
    return bool(made) and all(check.outcome == "passed" for check in made)


def _status(checks: Sequence[Check], pointer: str) -> int | None:
    for check in checks:
        if check.kind == "status" and check.pointer == pointer and check.details is not None:
            value = check.details.get("value")
            return value if isinstance(value, int) else None
    return None


def _moment(document: Json, names: Sequence[str], checks: Sequence[Check], wrong: str) -> Outcome | None:
    name = next((each for each in names if each in document), None)
    if name is None:
        return None
    codes = {check.code for check in checks}
    return Outcome(verified=not codes & {wrong, "validity.unknown"}, input=document[name])


def _listed(document: Json, name: str) -> list[tuple[str, Any]]:
    """The values of a property, each with the pointer that the checks give it."""
    value = document.get(name)
    if isinstance(value, list):
        return [(f"/{name}/{index}", each) for index, each in enumerate(value)]
    return [] if value is None else [(f"/{name}", value)]


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _within(pointer: str, place: str) -> bool:
    return not place or pointer == place or pointer.startswith(f"{place}/")
