"""Checking an Open Badges object before it is kept: structure, terms, size (decision 8)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from services.issuer.errors import UnknownContext
from shared.http.problems import FieldError, Problem
from shared.vc import jsonld, strict_json
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from shared.vc.errors import UnknownContext as ContextMissing
from shared.vc.errors import VcError
from shared.vc.model import lint as faults

MAX_BYTES = 64 * 1024
_MOST_ERRORS = 50


def lint(
    name: str,
    value: dict[str, Any],
    *,
    contexts: ContextStore,
    extra: Sequence[str] = (),
    refusal: type[Problem],
    base: str,
) -> None:
    """Check an object of the Open Badges class `name`, as it will stand in credentials.

    `extra` are further contexts after the two of Open Badges; `base` is the object's JSON pointer in the request, for
    naming what is wrong there.

    Raises:
        refusal: naming each place that breaks the model, or the term that no context defines.
        UnknownContext: a context is not pinned here.
    """
    size = len(strict_json.dumps(value))
    if size > MAX_BYTES:
        raise refusal(f"The {name} is longer than {MAX_BYTES} bytes.")
    found = faults(value, name)
    if found:
        raise refusal(
            f"Correct what `errors` names; the {name} breaks the Open Badges 3.0 model there.",
            errors=[FieldError(base + finding.pointer, finding.reason) for finding in found],
        )
    try:
        jsonld.to_nquads({"@context": [CREDENTIALS_V2, OPEN_BADGES_3, *extra], **value}, contexts)
    except ContextMissing as missing:
        raise UnknownContext(
            "Ask the operator to pin this context, or leave out what needs it.", context=missing.url
        ) from missing
    except VcError as error:
        raise refusal(
            "Every term needs a context that defines it, or it would not be signed.",
            errors=[FieldError(base + error.pointer, error.reason)],
        ) from error


def refuse_keywords(value: Any, base: str, refusal: type[Problem]) -> None:
    """Refuse JSON-LD keywords in what a caller gives: contexts are named in the envelope, everything else has a plain
    name, and what a term means is never changed from inside. Raises `refusal`.
    """
    found = list(islice(_keywords(value, base), _MOST_ERRORS))
    if found:
        raise refusal("Leave out names that begin with @.", errors=found)


def _keywords(value: Any, where: str) -> Iterator[FieldError]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name.startswith("@"):
                yield FieldError(f"{where}/{name}", "is a JSON-LD keyword")
            yield from _keywords(each, f"{where}/{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _keywords(each, f"{where}/{number}")


def without_nothing(value: Any) -> Any:
    """The value without nulls and empty arrays, which Open Badges 3.0 leaves out (serialization rules)."""
    if isinstance(value, dict):
        cleaned = {key: without_nothing(each) for key, each in value.items()}
        return {key: each for key, each in cleaned.items() if each is not None and each != []}
    if isinstance(value, list):
        return [without_nothing(each) for each in value if each is not None]
    return value
