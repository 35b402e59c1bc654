"""What a service says in its digest about the things it owns and the copies it keeps."""

from dataclasses import dataclass
from typing import Literal

from shared.messaging.digest import Line


@dataclass(frozen=True)
class Fact:
    """One thing that a service owns, or keeps a copy of."""

    own: bool
    of: Literal["credential", "profile", "achievement"]
    subject: str
    """SHA-256 of the events' subject (`shared.messaging.digest.hashed`)."""
    state: str
    """As its owner calls it; `erased`: nothing of it is kept, by intent."""
    sha256: str | None = None
    """Of its content, where the owner and the copies hold the same bytes."""
    count: int = 1
    """How many copies there are, where there should be one."""
    name: str | None = None
    """How the owner finds it again: an id that is no address."""

    def line(self) -> Line:
        """The fact as a line of a digest."""
        line: Line = {
            "is": "own" if self.own else "copy",
            "of": self.of,
            "subject": self.subject,
            "state": self.state,
            "sha256": self.sha256,
            "count": self.count,
            "name": self.name,
        }
        return {name: value for name, value in line.items() if value is not None}
