"""Changes of a text rather than of what it says: bytes, white space, order of members, escapes."""

import json
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

from .changes import Change

_FLIPS = 200


def of_json(data: bytes, choose: random.Random) -> Iterator[Change]:
    document = json.loads(data)
    spelled = {
        "white space": json.dumps(document, indent=2).encode(),
        "escapes": json.dumps(document, ensure_ascii=True).replace("school", "\\u0073chool").encode(),
        "order of members": json.dumps(_reversed(document)).encode(),
        "byte order mark": b"\xef\xbb\xbf" + data,
        "line end after": data + b"\r\n",
        "more after the end": data + b"{}",
        "nothing after the end": data + b"\0",
        "comma at the end": data[:-1] + b",}",
        "comment": b"/**/" + data,
        "UTF-16": data.decode().encode("utf-16"),
        "in an array": b"[" + data + b"]",
        "cut off": data[:-1],
    }
    for kind, made in spelled.items():
        yield Change(kind, "", partial(bytes, made))
    yield from of_bytes(data, choose)


def of_bytes(data: bytes, choose: random.Random, flips: int = _FLIPS) -> Iterator[Change]:
    """Bits flipped, bytes removed and doubled at places chosen by `choose`."""
    for _ in range(flips):
        position, bit = choose.randrange(len(data)), choose.randrange(8)
        yield Change("bit", str(position), partial(_flipped, data, position, bit))
    for _ in range(flips // 4):
        position = choose.randrange(len(data))
        yield Change("byte removed", str(position), partial(_cut, data, position))
        yield Change("byte twice", str(position), partial(_doubled, data, position))


def _flipped(data: bytes, position: int, bit: int) -> bytes:
    made = bytearray(data)
    made[position] ^= 1 << bit
    return bytes(made)


def _cut(data: bytes, position: int) -> bytes:
    return data[:position] + data[position + 1 :]


def _doubled(data: bytes, position: int) -> bytes:
    return data[: position + 1] + data[position:]


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(list(value))}
    return [_reversed(one) for one in value] if isinstance(value, list) else value
