"""What became of a credential after it was issued, as its issuer says."""

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant

Status = Literal["valid", "suspended", "replaced", "revoked"]

VALID: Final = "valid"
SUSPENDED: Final = "suspended"
REPLACED: Final = "replaced"
REVOKED: Final = "revoked"


class StatusColumns:
    """The newest word on a credential, the same on a delivery and on the badge that came of it."""

    status: Mapped[str] = mapped_column(String(16), default=VALID)
    status_at: Mapped[datetime | None] = mapped_column(Instant)
    status_code: Mapped[str | None] = mapped_column(String(64))
    status_reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed: the issuer's words to the holder; nobody else sees them (decision 9)."""
    replaced_by: Mapped[str | None] = mapped_column(Text)


def after(current: str, event: str) -> str:
    """The status after an event: revoked is final, and a replaced credential stays one until it is revoked.

    Args:
        current: a Status.
        event: the verb of the event: revoked, suspended, reinstated, replaced.
    """
    if current == REVOKED or event == "revoked":
        return REVOKED
    if current == REPLACED or event == "replaced":
        return REPLACED
    return SUSPENDED if event == "suspended" else VALID
