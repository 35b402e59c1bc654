"""What the comparison of digests finds, difference by difference."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.process.comparing import DigestRefused, compare, read_digest

TOLD = {"is": "told", "topic": "t.a", "subject": "s1", "last": 3, "count": 3, "waiting": 0, "erased": 0}
HEARD = {"is": "heard", "consumer": "c", "topic": "t.a", "subject": "s1", "last": 3, "aside": False}
OWN = {
    "is": "own", "of": "credential", "subject": "s1", "state": "valid", "sha256": "x", "count": 1, "name": "n",
}  # fmt: skip
COPY = {"is": "copy", "of": "credential", "subject": "s1", "state": "valid", "sha256": "x", "count": 1}
OTHER = {"subject": "s2"}


def found(folder: Path, owner: Iterable[Mapping[str, Any]], keeper: Iterable[Mapping[str, Any]]) -> list[str]:
    files = []
    for service, copies, lines in (("issuer", [], owner), ("backpack", ["credential"], keeper)):
        first = {"is": "digest", "version": 1, "service": service, "url": "u", "copies": copies, "at": "now"}
        files.append(folder / f"{service}.jsonl")
        files[-1].write_text("".join(json.dumps(line) + "\n" for line in (first, *lines)))
    return [str(each) for each in compare([read_digest(file) for file in files])]


def test_the_same_is_no_difference(tmp_path: Path) -> None:
    assert found(tmp_path, [TOLD, OWN], [HEARD, COPY]) == []


@pytest.mark.parametrize(
    ("owner", "keeper", "said"),
    [
        ([TOLD], [HEARD | {"last": 2}], ["missing at the backpack: t.a s1: c has 2 of 3 events"]),
        ([TOLD, TOLD | OTHER], [HEARD], ["missing at the backpack: t.a s2: c has 0 of 3 events"]),
        ([TOLD], [HEARD | {"last": 4}], ["extra at the backpack: t.a s1: c has 4 events, the issuer told 3"]),
        ([TOLD], [HEARD, HEARD | OTHER], ["extra at the backpack: t.a s2: heard by c"]),
        ([TOLD], [HEARD | {"aside": True}], ["put aside at the backpack: t.a s1: events of it, by c"]),
        (
            [TOLD | {"waiting": 1}], [HEARD],
            ["under way at the issuer: t.a s1: 1 events not published yet"],
        ),
        ([TOLD | {"count": 2}], [HEARD], ["missing at the issuer: t.a s1: 1 of its own 3 events"]),
        ([OWN], [], ["missing at the backpack: credential n"]),
        ([OWN], [COPY, COPY | OTHER], ["extra at the backpack: credential s2"]),
        ([OWN], [COPY | {"count": 2}], ["duplicated at the backpack: credential n: 2 times"]),
        (
            [OWN | {"state": "revoked"}], [COPY],
            ["different at the backpack: credential n: valid, should be revoked"],
        ),
        ([OWN], [COPY | {"sha256": "y"}], ["different at the backpack: credential n: its content is another"]),
        ([OWN | {"state": "erased"}], [], ["erased at the backpack: credential n"]),
        ([OWN], [COPY | {"state": "erased"}], ["erased at the backpack: credential n"]),
    ],
)  # fmt: skip
def test_each_difference_once(
    tmp_path: Path, owner: list[dict[str, Any]], keeper: list[dict[str, Any]], said: list[str]
) -> None:
    assert found(tmp_path, owner, keeper) == said


def test_nobody_is_asked_for_what_no_owner_at_hand_tells_of(tmp_path: Path) -> None:
    """The digest of one service alone proves nothing about the others."""
    assert found(tmp_path, [], [HEARD, COPY]) == []


@pytest.mark.parametrize(
    "text",
    ["", "{}\n", "[]\n", "nonsense\n", '{"is": "digest", "version": 2}\n',
     '{"is": "digest", "version": 1, "service": "a", "copies": []}\n{"is": "poem"}\n'],
)  # fmt: skip
def test_what_is_no_digest(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.jsonl"
    file.write_text(text)
    with pytest.raises(DigestRefused):
        read_digest(file)
