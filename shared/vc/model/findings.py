from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: where (a JSON pointer), which (a code of `codes.CODES`), and a sentence on what to mend."""

    pointer: str
    code: str
    reason: str
    severity: Literal["error", "warning"] = "error"


def at(pointer: str, *names: str | int) -> str:
    """`pointer` extended by member names or indexes, escaped as RFC 6901 asks."""
    for name in names:
        pointer += "/" + str(name).replace("~", "~0").replace("/", "~1")
    return pointer
