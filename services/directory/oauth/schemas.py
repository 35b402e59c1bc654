"""What the OAuth endpoints take and give, for the documentation and for consents."""

from pydantic import Field

from services.directory.oauth.store import Grant
from shared.http.schemas import Id, Moment, Schema


class TokenResponse(Schema):
    """RFC 6749 §5.1."""

    access_token: str = Field(
        examples=["eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiJ9.…"],
        description="A JWT (RFC 9068) for exactly one service.",
    )
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(examples=[900])
    scope: str = Field(examples=["awards:read awards:write"])
    refresh_token: str | None = Field(
        default=None, description="Good once; the answer to its use holds the next."
    )


class OAuthError(Schema):
    """RFC 6749 §5.2."""

    error: str = Field(examples=["invalid_grant"])
    error_description: str | None = None
    error_uri: str | None = None


class Jwk(Schema):
    """A public key (RFC 7517)."""

    kty: str
    kid: str
    use: str
    alg: str
    n: str
    e: str


class Jwks(Schema):
    keys: list[Jwk]


class ServerMetadata(Schema):
    """RFC 8414 §2."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool
    service_documentation: str


class GrantOut(Schema):
    """What the signed-in member allowed a client to do."""

    id: Id
    client_id: Id
    client: str = Field(examples=["Course platform"])
    resource: str = Field(examples=["https://badges.example.org"])
    scopes: list[str] = Field(examples=[["awards:read"]])
    given_at: Moment

    @classmethod
    def of(cls, grant: Grant, client: str) -> "GrantOut":
        return cls(
            id=grant.id,
            client_id=grant.client_id,
            client=client,
            resource=grant.resource,
            scopes=grant.scopes,
            given_at=grant.given_at,
        )


class GrantList(Schema):
    items: list[GrantOut]
