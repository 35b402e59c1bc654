"""What the backpack can be told, beyond what every service can."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from shared.settings import ServiceSettings

Days = Annotated[int, Field(ge=1, le=3650)]


class BackpackSettings(ServiceSettings):
    """Lifetimes and limits; the defaults fit a laptop and a school alike."""

    service: ClassVar[str] = "backpack"

    session_days: Days = 30
    """A session ends so many days after the sign-in."""
    address_token_hours: Annotated[int, Field(ge=1, le=720)] = 48
    """How long the link in a mail that confirms an address works."""
    reset_token_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """How long the link in a mail that resets a password works."""

    claim_days: Days = 90
    """An award nobody has claimed is dropped after so many days, unless its issuer named a date."""
    claim_notice_days: Days = 7
    """The mail that says so goes out this many days before."""
    invitation_pause_days: Days = 7
    """At most one invitation to sign up per address and this many days, however many awards arrive."""

    recheck_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    """Held badges are verified again when their last check is older than this."""
    import_bytes: Annotated[int, Field(ge=10_000, le=50_000_000)] = 5_000_000
    """The largest file that can be imported."""
    held_limit: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """How many badges one learner can hold."""

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.session_days)

    @property
    def claim_time(self) -> timedelta:
        return timedelta(days=self.claim_days)

    @property
    def claim_notice(self) -> timedelta:
        return timedelta(days=self.claim_notice_days)

    @property
    def recheck_after(self) -> timedelta:
        return timedelta(hours=self.recheck_hours)
