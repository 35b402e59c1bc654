"""What the directory can be told."""

from datetime import timedelta
from typing import ClassVar

from services.directory.scopes import ServiceName
from shared.settings import ServiceSettings


class DirectorySettings(ServiceSettings):
    """Lifetimes of what the directory hands out; each as an ISO 8601 duration or in seconds."""

    service: ClassVar[str] = "directory"

    access_token_lifetime: timedelta = timedelta(minutes=15)
    """A JWT cannot be called back, so it is short."""
    refresh_token_lifetime: timedelta = timedelta(days=30)
    """How long a refresh token waits to be used; each use gives a new one."""
    code_lifetime: timedelta = timedelta(minutes=1)
    """RFC 6749 allows ten; a client redeems at once."""
    session_lifetime: timedelta = timedelta(hours=12)
    """How long somebody stays signed in."""
    invitation_lifetime: timedelta = timedelta(days=7)
    """How long an invitation can be accepted."""
    signing_key_lifetime: timedelta = timedelta(days=90)
    """After this a new key signs; the old one stays published until its last token has expired."""
    signing_key_lead: timedelta = timedelta(minutes=2)
    """How long a new key is published before it signs, so that whoever keeps a copy of the JWKS has it by then."""
    sign_ups_per_hour: int = 60
    """Anonymous organisation sign-ups from one address."""
    sign_ins_per_quarter_hour: int = 20
    """Tries with one login name, and ten times as many from one address."""

    @property
    def resources(self) -> dict[str, ServiceName]:
        """The public URL of each service -> its name: what `resource` may be (RFC 8707)."""
        return {
            self.issuer_url: "issuer",
            self.backpack_url: "backpack",
            self.verifier_url: "verifier",
            self.directory_url: "directory",
        }
