"""Parts of a JSON document picked by JSON pointers, as selective disclosure picks them (vc-di-ecdsa, 3.4.11 to 3.4.13).

What is picked keeps, on the way down to it, each object's `id` and `type`: without them the rest would say something
else. Every object and list of a selection knows which one of the document it was taken from.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.vc.errors import ProofInvalid

_Object = dict[str, Any]
# What is picked below an object or list, by member or position; None is all of a value.
_Marks = dict[str, Any]
MAX_POINTERS = 500
_MAX_POINTER = 1000


class Selection:
    """A part of a document.

    Attributes:
        document: the part, in the order of the whole; `@context` is always in it.
        origins: `id()` of each object and list in `document` to that of the one it was taken from.
    """

    def __init__(self, document: _Object, pointers: Iterable[str]) -> None:
        """Raises ProofInvalid `malformed_pointer`: a pointer that is none, or to nothing in the document."""
        self.origins: dict[int, int] = {}
        marks: _Marks = {"@context": None}
        for pointer in pointers:
            _mark(marks, steps_of(pointer), document, pointer)
        self.document: _Object = self._object(document, marks)

    def _object(self, source: _Object, marks: _Marks | None) -> _Object:
        found = {
            name: self._part(value, marks.get(name) if marks else None)
            for name, value in source.items()
            if marks is None or name in marks or name in {"id", "type"}
        }
        self.origins[id(found)] = id(source)
        return found

    def _part(self, source: Any, marks: _Marks | None) -> Any:
        if isinstance(source, dict):
            return self._object(source, marks)
        if isinstance(source, list):
            found = [
                self._part(value, marks[str(position)] if marks else None)
                for position, value in enumerate(source)
                if marks is None or str(position) in marks
            ]
            self.origins[id(found)] = id(source)
            return found
        return source


def _mark(marks: _Marks, steps: list[str], document: Any, pointer: str) -> None:
    """Note a path in a tree of marks; where all of a value is marked already, nothing is left to note below it."""
    value, covered = document, False
    for number, step in enumerate(steps):
        value = _member(value, step, pointer)
        covered = covered or (step in marks and marks[step] is None)
        if covered:
            continue
        if number == len(steps) - 1:
            marks[step] = None
        else:
            marks = marks.setdefault(step, {})
    if not steps:
        marks.update(dict.fromkeys(document))


def _member(value: Any, step: str, pointer: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step.isascii() and step.isdigit() and str(int(step)) == step:
        position = int(step)
        if position < len(value):
            return value[position]
    raise ProofInvalid("malformed_pointer", "A JSON pointer points to nothing in the document.", pointer)


def steps_of(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer (RFC 6901, section 4). Raises ProofInvalid `malformed_pointer`."""
    if len(pointer) > _MAX_POINTER or (pointer and not pointer.startswith("/")):
        raise ProofInvalid("malformed_pointer", "This is not a JSON pointer.")
    steps = pointer.split("/")[1:]
    if any("~" in step.replace("~0", "").replace("~1", "") for step in steps):
        raise ProofInvalid("malformed_pointer", "This is not a JSON pointer.")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def checked_pointers(pointers: Iterable[object]) -> list[str]:
    """Pointers from outside, each a text and once. Raises ProofInvalid `malformed_pointer`."""
    given = list(pointers)
    if len(given) > MAX_POINTERS:
        raise ProofInvalid("malformed_pointer", f"More than {MAX_POINTERS} pointers are not read.")
    texts = [one for one in given if isinstance(one, str)]
    if len(texts) != len(given):
        raise ProofInvalid("malformed_pointer", "A JSON pointer has to be a text.")
    return list(dict.fromkeys(texts))


def places(document: Any) -> Mapping[int, int]:
    """A number for each object and list of a document, by its `id()`."""
    found: dict[int, int] = {}
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            found[id(value)] = len(found)
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return found
