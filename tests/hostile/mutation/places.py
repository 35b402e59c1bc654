"""Places in a JSON document, and copies of it with one place changed (sharing all that did not change)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

Way = tuple[str | int, ...]


def places(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every value with the way to it, the whole first."""
    yield way, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*way, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*way, index))


def at(document: Any, way: Way) -> Any:
    for step in way:
        document = document[step]
    return document


def changed(document: Any, way: Way, change: Callable[[Any], Any]) -> Any:
    """A copy with `change` made to the value at `way`."""
    if not way:
        return change(document)
    step, rest = way[0], way[1:]
    if isinstance(document, dict):
        return {
            name: changed(inner, rest, change) if name == step else inner for name, inner in document.items()
        }
    return [changed(inner, rest, change) if index == step else inner for index, inner in enumerate(document)]


def renamed(value: Any, name: str, other: str) -> Any:
    """An object with a member under another name, in its place."""
    return {other if one == name else one: inner for one, inner in value.items()}


def without(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if name != step}
    return [inner for index, inner in enumerate(value) if index != step]


def pointer(way: Way) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in way)


def text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
