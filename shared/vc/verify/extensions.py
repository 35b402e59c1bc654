"""The extensions of an Open Badges 2.0 badge, each against the schema that its context names."""

from collections.abc import Mapping
from typing import Any

from shared.vc import strict_json
from shared.vc.contexts import OPEN_BADGES_2
from shared.vc.dids.resolve import is_web_url
from shared.vc.errors import JsonRefused
from shared.vc.fetching import FetchRefused
from shared.vc.open_badges_2 import Extension, as_written, demands, extensions_in
from shared.vc.report import Check, inconclusive

from .case import Surroundings
from .schemas import NotApplied, apply, verdict

_ACCEPT = "application/ld+json, application/json;q=0.9, */*;q=0.1"
_MAX_CONTEXT = 64 * 1024
_OWN = (OPEN_BADGES_2, "https://openbadgespec.org/v2/context.json", "https://w3id.org/openbadges/v1")


async def check_extensions(parts: Mapping[str, Mapping[str, Any]], around: Surroundings) -> list[Check]:
    """Of each extension in the parts (by their pointers) a check for each schema; none where none is named.

    An extension's context is read for the address of its schema only: nothing in such a badge is signed as JSON-LD,
    so no meaning hangs on it.
    """
    made: list[Check] = []
    found = [one for pointer, part in parts.items() for one in extensions_in(part, pointer)]
    for extension in found[: around.limits.extensions]:
        for address in extension.contexts[:4]:
            if not address.startswith(_OWN) and is_web_url(address):
                made += await _against(address, extension, around)
    if len(found) > around.limits.extensions:
        reason = "The badge has more extensions than are looked at."
        made.append(inconclusive("schema.too_complex", reason))
    return made


async def _against(address: str, extension: Extension, around: Surroundings) -> list[Check]:
    try:
        context = await _context(address, around)
    except NotApplied as problem:
        return [_open(problem, extension.pointer)]
    made = []
    for demand in demands(context, extension.classes)[:2]:
        part = as_written(extension.node, demand.terms)
        try:
            misfits = await apply(demand.schema, part, around)
        except NotApplied as problem:
            made.append(_open(problem, extension.pointer))
        else:
            made.append(verdict(misfits, extension.pointer, demand.schema))
    return made


async def _context(address: str, around: Surroundings) -> Mapping[str, Any]:
    if address in around.contexts:
        return around.contexts.get(address).document
    try:
        answer = await around.sources(address, accept=_ACCEPT, max_bytes=_MAX_CONTEXT)
        return strict_json.loads_object(answer.body)
    except FetchRefused as refused:
        raise NotApplied("schema.unreachable", refused.reason) from refused
    except JsonRefused as error:
        raise NotApplied("schema.malformed", error.reason) from error


def _open(problem: NotApplied, pointer: str) -> Check:
    return inconclusive(
        problem.code, f"An extension's schema could not be applied: {problem.reason}", pointer
    )
