"""The authorization server: Authlib's core on one database session.

One object serves one request, inside `AsyncSession.run_sync`; what it checks, uses up and issues is one transaction, which
is committed also when the answer is an error, so that a code tried wrongly is gone.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnsupportedGrantTypeError,
)
from sqlalchemy.orm import Session

from services.directory.clients.store import Client
from services.directory.context import Context
from services.directory.oauth import store
from services.directory.oauth.grants import ClientCredentials, Code, Refresh, with_parameters
from services.directory.oauth.keys import seconds
from services.directory.oauth.requests import InvalidTargetError, Reply, Request, basic_credentials
from services.directory.organisations.store import Organisation
from services.directory.scopes import SCOPES, scopes_of_roles
from services.directory.tokens import digest, new_token

GRANT_TYPES = ("client_credentials", "authorization_code", "refresh_token")


class ClientView:
    """A client as Authlib asks it."""

    def __init__(self, client: Client, organisation: Organisation, secret_hashes: list[str]) -> None:
        self.client = client
        self.organisation = organisation
        self._secret_hashes = secret_hashes

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """None: the redirect URI must always be given (OB 3.0 API, authorization code grant)."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        given = digest(client_secret)
        matches = [secrets.compare_digest(given, kept) for kept in self._secret_hashes]
        return any(matches)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  (Authlib's signature)
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and bool(self.client.redirect_uris)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials" or bool(self.client.redirect_uris)


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """Answers one request."""

    def __init__(self, session: Session, context: Context) -> None:
        super().__init__()
        self.session = session
        self.context = context
        self.now = context.clock()
        for grant in (ClientCredentials, Code, Refresh):
            self.register_grant(grant)
        self.register_client_auth_method("client_secret_basic", _by_header)
        self.register_client_auth_method("client_secret_post", _by_form)

    # --- what Authlib asks of a framework ---

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Reply:
        kept = {name: value for name, value in headers if name.lower() != "content-type"}
        return Reply(status, body or {}, {**kept, "Cache-Control": "no-store", "Pragma": "no-cache"})

    def handle_error_response(self, request: Request, error: OAuth2Error) -> Reply:
        """An error for the client goes to its redirect URI, if that was found good, with our name (RFC 9207)."""
        if error.redirect_uri:
            answer = {"error": error.error, "iss": self.context.settings.public_url}
            if error.description:
                answer["error_description"] = error.description
            if state := request.parameters.get("state"):
                answer["state"] = state
            return self.handle_response(303, {}, [("Location", with_parameters(error.redirect_uri, answer))])
        reply: Reply = super().handle_error_response(request, error)
        return reply

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: what happened is in the journal."""

    def query_client(self, client_id: str) -> ClientView | None:
        found = store.live_client(self.session, client_id)
        if found is None:
            return None
        return ClientView(*found, list(store.live_secret_hashes(self.session, client_id, self.now)))

    # --- tokens ---

    def create_token_response(self, request: Request) -> Reply:
        try:
            if (kind := request.parameters.get("grant_type")) not in GRANT_TYPES:
                if kind is None:
                    raise InvalidRequestError("grant_type is required.")
                raise UnsupportedGrantTypeError(kind)
            _one_way_to_authenticate(request)
            reply: Reply = super().create_token_response(request)
        except OAuth2Error as error:
            return self.handle_error_response(request, error)
        return reply

    def validate_requested_scope(self, scope: str | None) -> None:
        """Scopes are judged together with the resource and their holder, in `requested_scopes`."""

    def generate_token(
        self,
        grant_type: str,  # noqa: ARG002  (Authlib's signature)
        client: ClientView,
        user: store.Standing | None = None,
        scope: str | None = None,  # noqa: ARG002  (read from the request, with the resource)
        expires_in: int | None = None,  # noqa: ARG002  (Authlib's signature)
        include_refresh_token: bool = True,  # noqa: FBT001, FBT002  (Authlib's signature)
    ) -> dict[str, Any]:
        """The token response (RFC 6749 §5.1) with an access token for one service (RFC 9068)."""
        request: Request = self._request
        if user is None:
            resource, scopes = self.requested_scopes(request, client)
            organisation, subject = client.organisation, f"client:{client.client.id}"
        else:
            resource, scopes = self._granted_scopes(request, client, user)
            organisation, subject = user.organisation, f"member:{user.member.id}"
        lifetime = self.context.settings.access_token_lifetime
        token: dict[str, Any] = {
            "access_token": self._access_token(
                client.client.id, subject, organisation, resource, scopes, lifetime
            ),
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "scope": " ".join(sorted(scopes)),
        }
        if user is not None and include_refresh_token:
            token["refresh_token"] = new_token("refresh")
        return token

    def save_token(self, token: Mapping[str, Any], request: Request) -> None:
        """Keep the digest of the refresh token; the access token keeps itself."""
        if "refresh_token" in token:
            assert request.grant_id is not None
            self.session.add(
                store.RefreshToken(
                    token_hash=digest(token["refresh_token"]),
                    grant_id=request.grant_id,
                    client_id=request.client.get_client_id(),
                    created_at=self.now,
                    expires_at=self.now + self.context.settings.refresh_token_lifetime,
                )
            )

    def get_token_grant(self, request: Request) -> Any:
        self._request = request
        return super().get_token_grant(request)

    def requested_scopes(self, request: Request, client: ClientView) -> tuple[str, frozenset[str]]:
        """The service asked for and the scopes there: all the client's if none are named.

        Raises InvalidTargetError, InvalidScopeError.
        """
        resource = self._resource(request)
        of_service = frozenset(SCOPES[self.context.settings.resources[resource]])
        held = frozenset(client.client.scopes) & of_service
        asked = frozenset(request.parameters.get("scope", "").split()) or held
        if not asked <= of_service:
            raise InvalidScopeError("A scope asked for does not exist at this resource.")
        if not asked <= held:
            raise InvalidScopeError("A scope asked for is not among those of the client.")
        if not asked:
            raise InvalidScopeError("The client has no scope at this resource.")
        return resource, asked

    def _granted_scopes(
        self, request: Request, client: ClientView, standing: store.Standing
    ) -> tuple[str, frozenset[str]]:
        """What the grant still gives: never more than client and member hold at this moment."""
        if "resource" in request.parameters and self._resource(request) != standing.grant.resource:
            raise InvalidTargetError("The grant is for another resource.")
        # RFC 6749 knows scope in a token request only for a refresh; with a code the grant alone decides.
        refreshes = request.parameters["grant_type"] == "refresh_token"
        asked = frozenset(request.parameters.get("scope", "").split() if refreshes else ())
        if not asked <= frozenset(standing.grant.scopes):
            raise InvalidScopeError("A scope asked for was not granted.")
        scopes = (
            (asked or frozenset(standing.grant.scopes))
            & frozenset(client.client.scopes)
            & scopes_of_roles(standing.member.role_names)
        )
        if not scopes:
            raise InvalidGrantError("Nothing is left of what was granted.")
        return standing.grant.resource, scopes

    def _resource(self, request: Request) -> str:
        given = request.parameters.get("resource", "").removesuffix("/")
        if given not in self.context.settings.resources:
            raise InvalidTargetError("resource must be the public URL of one of the services.")
        return given

    def _access_token(
        self,
        client_id: str,
        subject: str,
        organisation: Organisation,
        audience: str,
        scopes: frozenset[str],
        lifetime: timedelta,
    ) -> str:
        claims = {
            "iss": self.context.settings.public_url,
            "aud": audience,
            "sub": subject,
            "client_id": client_id,
            "scope": " ".join(sorted(scopes)),
            "organisation": organisation.id,
            "test": organisation.test,
            "iat": seconds(self.now),
            "exp": seconds(self.now + lifetime),
            "jti": secrets.token_hex(16),
        }
        return self.context.signing_keys.sign(store.active_key(self.session, self.now), claims)


def _one_way_to_authenticate(request: Request) -> None:
    """RFC 6749 §2.3: a client uses one method per request."""
    if "authorization" in request.headers and "client_secret" in request.parameters:
        raise InvalidRequestError("Authenticate by header or by form, not both.")


def _by_header(query_client: Any, request: Request) -> ClientView | None:
    credentials = basic_credentials(request.headers)
    if credentials is None:
        if "authorization" in request.headers:
            raise InvalidClientError(status_code=401, description="The Authorization header is not Basic.")
        return None
    client_id, secret = credentials
    if request.parameters.get("client_id", client_id) != client_id:
        raise InvalidRequestError("client_id is not the one that authenticates.")
    return _authenticated(query_client, client_id, secret)


def _by_form(query_client: Any, request: Request) -> ClientView | None:
    client_id = request.parameters.get("client_id")
    secret = request.parameters.get("client_secret")
    if client_id is None or secret is None:
        return None
    return _authenticated(query_client, client_id, secret)


def _authenticated(query_client: Any, client_id: str, secret: str) -> ClientView:
    client: ClientView | None = query_client(client_id)
    if client is None or not client.check_client_secret(secret):
        # One answer for both: which clients exist is not told.
        raise InvalidClientError(status_code=401, description="Client id and secret do not belong together.")
    return client
