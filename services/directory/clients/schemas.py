"""What the API shows of partner clients."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from services.directory.clients.store import Client, ClientSecret
from services.directory.scopes import ALL_SCOPES
from services.directory.values import Line
from shared.http.schemas import Id, Moment, Schema

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _redirect_uri(value: str) -> str:
    """RFC 6749 §3.1.2, RFC 8252 §7.3: absolute, no fragment; plain http only to the caller's own machine."""
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError("must be an absolute https URL") from error
    if not value.isascii() or any(character <= " " or character in '<>"\\^`{|}\x7f' for character in value):
        raise ValueError("must be a URL in ASCII without spaces")
    if "#" in value or parts.username is not None or not parts.hostname or not port_is_fine:
        raise ValueError("must be an absolute URL without a fragment or credentials")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("must be https (http only for localhost)")
    return value


def _known(scopes: list[str]) -> list[str]:
    unknown = sorted(set(scopes) - ALL_SCOPES)
    if unknown:
        raise ValueError(f"unknown scopes: {' '.join(unknown)[:200]}")
    return sorted(set(scopes))


Scopes = Annotated[
    list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=64), AfterValidator(_known)
]
RedirectUris = Annotated[
    list[Annotated[str, Field(max_length=1_000), AfterValidator(_redirect_uri)]], Field(max_length=20)
]


class ClientCreate(Schema):
    """A program that will act for the organisation."""

    name: Line = Field(description="Shown to people who are asked for consent.", examples=["Course platform"])
    scopes: Scopes = Field(examples=[["awards:read", "awards:write"]])
    redirect_uris: RedirectUris = Field(
        default_factory=list, description="Only for clients that act for signed-in people; compared exactly."
    )


class ClientChange(Schema):
    """What is left out stays."""

    name: Line | None = None
    scopes: Scopes | None = None
    redirect_uris: RedirectUris | None = None


class SecretRotate(Schema):
    """How long the secrets before stay good, so that all copies of a program can be given the new one."""

    overlap_seconds: int = Field(default=86_400, ge=0, le=int(timedelta(days=30).total_seconds()))


class SecretOut(Schema):
    """That there is a secret; never the secret."""

    id: Id
    created_at: Moment
    expires_at: Moment | None

    @classmethod
    def of(cls, secret: ClientSecret) -> "SecretOut":
        return cls(id=secret.id, created_at=secret.created_at, expires_at=secret.expires_at)


class ClientOut(Schema):
    """A partner client."""

    client_id: Id
    organisation: Id
    name: str = Field(examples=["Course platform"])
    scopes: list[str] = Field(examples=[["awards:read", "awards:write"]])
    redirect_uris: list[str]
    secrets: list[SecretOut] = Field(description="Those that are good now.")
    created_at: Moment
    created_by: str = Field(examples=["member:4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"])
    revoked_at: Moment | None

    @classmethod
    def of(cls, client: Client, secrets: list[SecretOut]) -> "ClientOut":
        return cls(
            client_id=client.id,
            organisation=client.organisation_id,
            name=client.name,
            scopes=client.scopes,
            redirect_uris=client.redirect_uris,
            secrets=secrets,
            created_at=client.created_at,
            created_by=client.created_by,
            revoked_at=client.revoked_at,
        )


class ClientWithSecret(ClientOut):
    """The secret is shown here and never again."""

    client_secret: str = Field(examples=["confer_secret_…"])

    @classmethod
    def showing(cls, client: ClientOut, secret: str) -> "ClientWithSecret":
        return cls(**client.model_dump(), client_secret=secret)
