"""What the verifier can be told beside what every service can."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.settings import ServiceSettings, SettingRefused


class VerifierSettings(ServiceSettings):
    """Each may be given as `CONFER_VERIFIER_<NAME>`."""

    service: ClassVar[str] = "verifier"

    anonymous_per_minute: int = Field(default=60, ge=1)
    """Verifications a minute without a token, for one client address."""
    processes: int = Field(default=2, ge=1, le=64)
    """Processes that verify, best one for each core. A badge made to cost time delays only what shares its process."""
    waiting: int = Field(default=200, ge=1)
    """Verifications under way or waiting in one process; beyond that callers are told to come back."""

    vc_api_checks: tuple[Literal["proof", "issuer", "credentialStatus", "validityPeriod"], ...] = (
        "proof",
        "issuer",
        "credentialStatus",
        "validityPeriod",
    )
    """What decides at the VC API when a caller names no `checks` (JSON list). Without `issuer`, anybody's key will do for
    anybody's name: refused in production."""

    fact_seconds: int = Field(default=300, ge=0)
    """How long a DID document or recognition is used without asking again, unless a change is announced."""
    status_seconds: int = Field(default=60, ge=0)
    """The same for status lists."""
    facts_kept: int = Field(default=2_000, ge=1)
    """The most documents that one process keeps."""
    result_days: int = Field(default=30, ge=1)
    """How long the reports of a finished job can be read."""

    def refuse(self) -> None:
        """Add what the verifier must not do in production."""
        super().refuse()
        if not self.embedded and "issuer" not in self.vc_api_checks:
            raise SettingRefused(
                'CONFER_VERIFIER_VC_API_CHECKS: production asks whose key it is; add "issuer"'
            )
