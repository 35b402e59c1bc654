"""The revocation endpoint's rules (RFC 7009), on Authlib's core."""

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc7009 import RevocationEndpoint

from services.directory.oauth import store
from services.directory.oauth.requests import Request
from services.directory.tokens import digest


class UnsupportedTokenType(OAuth2Error):  # type: ignore[misc]  # Authlib ships no types
    """RFC 7009 §2.2.1: an access token is a JWT that every service checks by itself; it ends by expiring."""

    error = "unsupported_token_type"


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """A refresh token is revoked with the whole grant it came from. An unknown token is no error."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012  (as Authlib declares it)

    def authenticate_token(self, request: Request, client: Any) -> store.RefreshToken | None:
        token = request.parameters.get("token")
        if token is None:
            raise InvalidRequestError("token is required.")
        if token.count(".") == 2:
            raise UnsupportedTokenType("Access tokens cannot be revoked: they expire within minutes.")
        # The hint is not needed to find the token, and an unknown one is ignored (§2.1).
        return store.refresh_token(self.server.session, digest(token), client.get_client_id())

    def revoke_token(self, token: store.RefreshToken, request: Request) -> None:  # noqa: ARG002  (Authlib's signature)
        store.revoke_grant(self.server.session, token.grant_id, self.server.now)
