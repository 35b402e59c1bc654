"""The three grants, on Authlib's core, stricter than it is.

Authlib's own PKCE extension lets a confidential client in with `plain` or with none at all, and its flow deletes a code
only after a token was made, so that one code can be redeemed many times at once. Here S256 is required of everybody, and
codes and refresh tokens are used up before anything is issued.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
)

from services.directory.oauth import store
from services.directory.oauth.requests import Consent
from services.directory.tokens import digest, new_token
from shared.db import new_id

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """A program acts as itself, for its organisation."""

    TOKEN_ENDPOINT_AUTH_METHODS = _AUTHENTICATION


class Code(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """A program acts for a member who allowed it (RFC 6749 §4.1, RFC 7636, RFC 8707)."""

    TOKEN_ENDPOINT_AUTH_METHODS = _AUTHENTICATION

    def validate_authorization_request(self) -> str:
        """Whether consent may be asked for. Errors that may be sent to the client carry its redirect URI."""
        parameters = self.request.payload.data
        if "redirect_uri" not in parameters:
            raise InvalidRequestError("redirect_uri is required.")
        redirect_uri: str = super().validate_authorization_request()
        try:
            if "state" not in parameters:
                raise InvalidRequestError("state is required.")
            if parameters.get("code_challenge_method") != "S256":
                raise InvalidRequestError("PKCE is required: code_challenge_method must be S256.")
            if not _CHALLENGE.fullmatch(parameters.get("code_challenge", "")):
                raise InvalidRequestError("PKCE is required: code_challenge must be 43 base64url characters.")
            self.server.requested_scopes(self.request, self.request.client)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        return redirect_uri

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Consent | None
    ) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Send the browser back with a code for what the member allowed; nobody allowed anything: access_denied."""
        if grant_user is None or not grant_user.scopes:
            raise AccessDeniedError("The request was not allowed.", redirect_uri=redirect_uri)
        server, request = self.server, self.request
        code = new_token("code")
        grant = store.Grant(
            id=new_id(),
            client_id=request.client.get_client_id(),
            member_id=grant_user.member_id,
            scopes=sorted(grant_user.scopes),
            resource=grant_user.resource,
            given_at=server.now,
        )
        server.session.add(grant)
        server.session.flush()
        server.session.add(
            store.AuthorizationCode(
                code_hash=digest(code),
                grant_id=grant.id,
                client_id=grant.client_id,
                redirect_uri=redirect_uri,
                code_challenge=request.parameters["code_challenge"],
                expires_at=server.now + server.context.settings.code_lifetime,
            )
        )
        request.grant_id = grant.id
        answer = {
            "code": code,
            "state": request.parameters["state"],
            "scope": " ".join(grant.scopes),
            "iss": server.context.settings.public_url,
        }
        return 303, {}, [("Location", with_parameters(redirect_uri, answer))]

    def validate_token_request(self) -> None:
        """Authenticates the client, uses the code up, then checks what it is bound to."""
        verifier = self.request.form.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier):
            raise InvalidRequestError("code_verifier is required (43 to 128 characters, RFC 7636).")
        super().validate_token_request()
        hashed = urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
        if hashed != self.request.authorization_code.code.code_challenge:
            raise InvalidGrantError("code_verifier does not belong to this code.")

    def query_authorization_code(self, code: str, client: Any) -> "ConsumedCode | None":
        """Use the code up. A code that comes a second time is in strange hands: its whole grant ends (§4.1.2)."""
        session, now = self.server.session, self.server.now
        consumed = store.consume_code(session, digest(code), client.get_client_id(), now)
        if consumed is None:
            before = store.code_used_before(session, digest(code), client.get_client_id())
            if before is not None:
                store.revoke_grant(session, before.grant_id, now)
            return None
        self.request.grant_id = consumed.grant_id
        return ConsumedCode(consumed)

    def authenticate_user(self, authorization_code: "ConsumedCode") -> store.Standing | None:
        return store.standing(self.server.session, authorization_code.code.grant_id)

    def delete_authorization_code(self, authorization_code: "ConsumedCode") -> None:
        """Used up already, before anything was issued."""


class ConsumedCode:
    """A code that cannot be used again, as Authlib asks it."""

    def __init__(self, code: store.AuthorizationCode) -> None:
        self.code = code

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> None:
        """The scopes are the grant's, narrowed when the token is made."""


class Refresh(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """Every use gives a new refresh token; one that comes twice ends its grant (RFC 9700 §4.14.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS = _AUTHENTICATION
    INCLUDE_NEW_REFRESH_TOKEN = True

    def validate_token_request(self) -> None:
        client = self._validate_request_client()
        self.request.client = client
        token = self.request.form.get("refresh_token")
        if token is None:
            raise InvalidRequestError("refresh_token is required.")
        session, now = self.server.session, self.server.now
        consumed = store.consume_refresh_token(session, digest(token), client.get_client_id(), now)
        if consumed is None:
            before = store.refresh_token(session, digest(token), client.get_client_id())
            if before is not None and before.consumed_at is not None:
                store.revoke_grant(session, before.grant_id, now)
            raise InvalidGrantError("The refresh token is unknown, expired or was used before.")
        self.request.grant_id = consumed.grant_id
        self.request.refresh_token = consumed

    def authenticate_user(self, refresh_token: store.RefreshToken) -> store.Standing:
        standing = store.standing(self.server.session, refresh_token.grant_id)
        if standing is None:
            raise InvalidGrantError("What this token was given for has been withdrawn.")
        return standing

    def issue_token(self, user: store.Standing, refresh_token: store.RefreshToken) -> Any:  # noqa: ARG002  (Authlib's signature)
        return self.generate_token(user=user, scope=self.request.payload.scope, include_refresh_token=True)

    def revoke_old_credential(self, refresh_token: store.RefreshToken) -> None:
        """Used up already, before anything was issued."""


def with_parameters(redirect_uri: str, parameters: dict[str, str]) -> str:
    """The client's redirect URI with the answer added; what it holds itself stays."""
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{urlencode(parameters)}"
