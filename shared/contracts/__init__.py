"""What the services promise one another about events: JSON Schemas and examples, as data.

`schemas/<noun>.<verb>.v<major>.<minor>.json` is the contract of the event type `org.confer.<noun>.<verb>.v<major>`,
`examples/` holds one event's data for each. A released file never changes (`released.json` keeps the hashes): a new minor
version may only add optional members; whatever else changes is a new major version, beside the old one. A consumer declares
its own model of what it reads and ignores the rest.
"""

import json
from functools import cache
from importlib import resources
from typing import Any

_ROOT = resources.files(__name__)


@cache
def names() -> tuple[str, ...]:
    """Every contract's file name without ending, such as `credential.issued.v1.0`, sorted."""
    return tuple(
        sorted(
            f.name.removesuffix(".json") for f in (_ROOT / "schemas").iterdir() if f.name.endswith(".json")
        )
    )


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's `data`. Raises FileNotFoundError for an unknown name."""
    document: dict[str, Any] = json.loads((_ROOT / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    return document


@cache
def example(name: str) -> dict[str, Any]:
    """One example of the contract's `data`. Raises FileNotFoundError for an unknown name."""
    document: dict[str, Any] = json.loads((_ROOT / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    return document


@cache
def current(event_type: str) -> str:
    """The newest contract of an event type: `org.confer.credential.issued.v1` -> `credential.issued.v1.0`.

    Raises KeyError for a type without a contract: such an event must not be published.
    """
    stem = event_type.removeprefix("org.confer.")
    minors = [int(name.removeprefix(stem + ".")) for name in names() if name.startswith(stem + ".")]
    if not minors or not event_type.startswith("org.confer."):
        raise KeyError(event_type)
    return f"{stem}.{max(minors)}"


def schema_url(public_url: str, event_type: str) -> str:
    """The `dataschema` of an event (CloudEvents 1.0): where its source serves the contract."""
    return f"{public_url}/contracts/{current(event_type)}.json"
