"""Changes that keep JSON readable, so that more than its parser is reached."""

import json
import random
from typing import Any

_SCALARS = (None, True, False, 0, -1, 1.5, 1e300, "", "x", "a:b", "_:x", "https://a.example/", "did:key:z6Mk")


def restructured(data: bytes, most: int, seed: int, words: list[str]) -> bytes | None:
    """The JSON text with one to three of its parts moved, replaced or doubled; None for what is no JSON."""
    # What is held against a schema stands after it.
    data, separator, rest = data.partition(b"\0")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    choose = random.Random(seed)
    for _ in range(choose.randint(1, 3)):
        containers = [one for one in _all(document) if isinstance(one, dict | list) and one]
        if not containers:
            return None
        _change(choose.choice(containers), containers, choose, words)
    try:
        made = json.dumps(document, ensure_ascii=choose.random() < 0.2).encode() + separator + rest
    except (ValueError, RecursionError):
        return None
    return made if len(made) <= most else None


def _all(value: Any) -> list[Any]:
    found, pending = [], [value]
    while pending and len(found) < 5000:
        one = pending.pop()
        found.append(one)
        pending += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


def _change(container: Any, others: list[Any], choose: random.Random, words: list[str]) -> None:
    key = choose.choice(list(container)) if isinstance(container, dict) else choose.randrange(len(container))
    match choose.randrange(7):
        case 0:
            container[key] = choose.choice([*_SCALARS, choose.choice(words)])
        case 1:
            del container[key]
        case 2 if isinstance(container, dict):
            container[choose.choice(words)] = container.pop(key)
        case 3 if isinstance(container, dict):
            container[choose.choice(words)] = _copy(choose.choice(_all(others[0])))
        case 4:
            container[key] = _copy(choose.choice(_all(others[0])))
        case 5:
            container[key] = (
                [container[key]] if choose.random() < 0.5 else {choose.choice(words): container[key]}
            )
        case _ if isinstance(container, list):
            container.insert(key, _copy(container[key]))
        case _:
            container[key] = choose.choice(words)


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))
