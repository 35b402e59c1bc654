"""Step 4, end: the JSON Schemas that an issuer names, fetched and applied once its signature holds."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from shared.vc import strict_json
from shared.vc.budget import Budget
from shared.vc.errors import BudgetExceeded, JsonRefused, VcError
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.json_schema import Misfit, misfits
from shared.vc.report import Check, failed, inconclusive, passed, skipped
from shared.vc.strict_json import JsonObject

from .case import Case, Surroundings, objects, several

OFFICIAL_SCHEMAS = "https://purl.imsglobal.org/spec/ob/v3p0/schema/"
STANDARDS_OWN, GENERAL = "1EdTechJsonSchemaValidator2019", "JsonSchema"
ACCEPT = "application/schema+json, application/json;q=0.9, */*;q=0.1"


class NotApplied(Exception):
    """A schema that could not be had or run; `code` and `reason` say why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def check_schemas(case: Case, around: Surroundings, *, proven: bool) -> list[Check]:
    """One check for each schema that the credential names; those of the standard are covered by the model.

    `proven`: the signature holds. Nothing is fetched before: only what an issuer signed says where to ask.
    """
    value = case.document.get("credentialSchema")
    listed, made = isinstance(value, list), []
    for index, schema in enumerate(objects(value)):
        pointer = f"/credentialSchema/{index}" if listed else "/credentialSchema"
        made.append(await _check(schema, pointer, case.document, around, proven=proven))
    return made


async def _check(
    schema: JsonObject, pointer: str, document: JsonObject, around: Surroundings, *, proven: bool
) -> Check:
    types, address = several(schema.get("type")), schema.get("id")
    if STANDARDS_OWN in types and str(address).startswith(OFFICIAL_SCHEMAS):
        reason = "The schema is the standard's own, and the structure was checked against the standard."
        return passed("schema.covered", reason, pointer)
    if (STANDARDS_OWN not in types and GENERAL not in types) or not isinstance(address, str):
        reason = "The badge names a schema of a kind that is not applied here."
        return inconclusive("schema.not_supported", reason, pointer)
    if not proven:
        reason = "The issuer's own schema is asked for only once the signature holds."
        return skipped("schema.not_applied", reason, pointer)
    try:
        found = await apply(address, document, around, digest=schema.get("digestSRI"))
    except NotApplied as problem:
        # Open Badges 3.0, "Verification", step 1, demands its own kind; the W3C leaves schemas to the verifier.
        code = "schema.not_applied" if STANDARDS_OWN in types else problem.code
        return inconclusive(code, f"The issuer's schema could not be applied: {problem.reason}", pointer)
    return verdict(found, pointer, address)


def verdict(found: list[Misfit], pointer: str, address: str) -> Check:
    """What came of a schema that was applied."""
    if not found:
        return passed(
            "schema.valid", "The badge fits the schema that its issuer names.", pointer, schema=address
        )
    first = found[0]
    where = f" at {first.pointer}" if first.pointer else ""
    reason = f"The badge does not fit the schema that its issuer names: {first.reason}{where}."
    return failed("schema.invalid", reason, pointer, schema=address, misfits=[one.pointer for one in found])


async def apply(
    address: str, document: Mapping[str, Any], around: Surroundings, *, digest: object = None
) -> list[Misfit]:
    """Where `document` does not fit the schema at `address`.

    Raises:
        NotApplied: it could not be fetched, is none, is not the one that was meant, or takes too much work.
    """
    most = around.limits.schema_bytes
    try:
        answer = await around.sources(address, accept=ACCEPT, max_bytes=most)
    except FetchRefused as refused:
        raise NotApplied("schema.unreachable", refused.reason) from refused
    if isinstance(digest, str) and not _is_what_was_meant(answer, digest):
        raise NotApplied("schema.changed", "What stands at its address is not what the issuer meant.")
    # Half of the work that is left: a schema without end shall not keep the badge's status from being read.
    share = Budget(around.budget.left // 2)
    given = share.left
    try:
        schema = strict_json.loads_object(answer.body)
        return misfits(schema, document, budget=share, most=around.limits.findings)
    except JsonRefused as error:
        raise NotApplied("schema.malformed", error.reason) from error
    except BudgetExceeded as error:
        raise NotApplied("schema.too_complex", "It would take more work than is allowed.") from error
    except VcError as error:
        code = "schema.malformed" if error.code == "malformed_schema" else "schema.not_supported"
        raise NotApplied(code, error.reason) from error
    finally:
        around.budget.charge(given - max(0, share.left))


def _is_what_was_meant(answer: Fetched, digest: str) -> bool:
    """`digestSRI` (W3C data model 2.0, Integrity of Related Resources): any of its hashes of the strongest kind."""
    given: dict[str, set[str]] = {}
    for one in digest.split():
        name, _, value = one.partition("-")
        given.setdefault(name, set()).add(value.partition("?")[0])
    for name in ("sha512", "sha384", "sha256"):
        if name in given:
            made = hashlib.new(name, answer.body).digest()
            return base64.b64encode(made).decode() in given[name]
    return False
