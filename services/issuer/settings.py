"""What the issuer can be told (CONFER_ISSUER_…); the embedded profile needs none of it."""

from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.settings import PublicUrl, ServiceSettings, SettingRefused

MEGABYTE = 1024 * 1024


class IssuerSettings(ServiceSettings):
    """The common settings and the issuer's own."""

    service: ClassVar[str] = "issuer"

    evidence_url: PublicUrl = "http://localhost"
    """The origin that evidence files are served from: never the one that people sign in to. Embedded, another name of
    this machine is filled in."""
    evidence_dir: Path | None = None
    """Where evidence files lie; every process of the issuer needs the same directory."""
    evidence_max_bytes: int = Field(default=200 * MEGABYTE, gt=0)
    """The largest evidence file."""
    image_max_bytes: int = Field(default=1 * MEGABYTE, gt=0)
    """The largest image of an achievement."""
    job_chunk: int = Field(default=100, gt=0, le=1000)
    """Awards of a bulk job that share one transaction."""
    status_list_capacity: int = Field(default=131_072, gt=0, le=131_072)
    """Awards per status list. The published list is never shorter than 131,072 bits, for the privacy of its members."""
    status_list_ttl: int = Field(default=60, gt=0)
    """Seconds for which others may reuse a status list without asking again."""
    vc_api: bool = False
    """Whether organisations may have any credential signed, badge or not (VCALM), by keys that never sign their badges."""

    @model_validator(mode="after")
    def _complete(self) -> "IssuerSettings":
        # The model is frozen for everyone else; here it is still being made.
        if "evidence_url" not in self.model_fields_set:
            host = "127.0.0.1" if urlsplit(self.public_url).hostname == "localhost" else "localhost"
            object.__setattr__(self, "evidence_url", f"http://{host}:{self.port}")
        if self.evidence_dir is None:
            object.__setattr__(self, "evidence_dir", self.data_dir / "evidence")
        return self

    @property
    def evidence_directory(self) -> Path:
        assert self.evidence_dir is not None  # filled in by _complete
        return self.evidence_dir

    @property
    def demonstration(self) -> bool:
        """Whether badges made here prove nothing to anyone else: their addresses lead to this machine only."""
        host = urlsplit(self.public_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def refuse(self) -> None:
        """Add what the issuer must not do in production."""
        super().refuse()
        if self.embedded:
            return
        if not self.evidence_url.startswith("https://"):
            raise SettingRefused("CONFER_ISSUER_EVIDENCE_URL: evidence needs an https origin of its own")
        if urlsplit(self.evidence_url).hostname == urlsplit(self.public_url).hostname:
            raise SettingRefused(
                "CONFER_ISSUER_EVIDENCE_URL: must not be the issuer's own host: files may be hostile"
            )
