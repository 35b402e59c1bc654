"""What happens at the OAuth endpoints. Each function is one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749.errors import OAuth2Error
from sqlalchemy.orm import Session

from services.directory.context import Context
from services.directory.oauth import store
from services.directory.oauth.requests import Consent, Reply, Request, parse
from services.directory.oauth.revocation import Revocation
from services.directory.oauth.server import ClientView, Server
from services.directory.organisations import store as organisations
from services.directory.scopes import in_plain_words, scopes_of_roles
from services.directory.sessions.store import SignedIn
from shared.http.problems import NotFound, Problem


class AuthorizationRefused(Problem):
    """The authorization request cannot be answered by sending the browser back: client or redirect URI are not good.

    Whoever runs the program that sent you here must correct it (RFC 6749 §4.1.2.1).
    """

    code, status, title = "authorization-refused", 400, "The request of the program is not acceptable"


@dataclass(frozen=True)
class Question:
    """What the consent page asks a member."""

    client: str
    client_organisation: str
    organisation: str
    service: str
    scopes: frozenset[str]
    words: list[str]
    returns_to: str
    parameters: Mapping[str, str]


async def issue_token(context: Context, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Answer the token endpoint (RFC 6749 §3.2)."""
    try:
        request = Request("POST", parse(body), headers)
    except OAuth2Error as error:
        return refused(error)

    def answer(session: Session) -> Reply:
        return Server(session, context).create_token_response(request)

    if request.parameters.get("grant_type") == "client_credentials":
        # Nothing is kept of it: any number may run beside each other.
        async with context.db.read() as reading:
            return await reading.run_sync(answer)
    async with context.db.write() as writing:
        return await writing.run_sync(answer)


async def revoke_token(context: Context, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Answer the revocation endpoint (RFC 7009)."""
    try:
        request = Request("POST", parse(body), headers)
    except OAuth2Error as error:
        return refused(error)

    def answer(session: Session) -> Reply:
        server = Server(session, context)
        server.register_endpoint(Revocation)
        reply: Reply = server.create_endpoint_response("revocation", request)
        return reply

    async with context.db.write() as session:
        return await session.run_sync(answer)


async def examine(context: Context, query: str) -> Mapping[str, str] | Reply:
    """Check an authorization request before anybody is asked to sign in.

    Returns its parameters, or the error to send to the client. Raises AuthorizationRefused if it must not be sent.
    """
    request = _read("GET", query)

    def check(session: Session) -> Reply | None:
        server = Server(session, context)
        try:
            server.get_consent_grant(request)
        except OAuth2Error as error:
            return _for_browser(server, request, error)
        return None

    async with context.db.read() as session:
        return await session.run_sync(check) or request.parameters


async def ask(context: Context, query: str, signed_in: SignedIn) -> Question | Reply:
    """What to ask the signed-in member. Raises AuthorizationRefused."""
    request = _read("GET", query)

    def prepare(session: Session) -> Question | Reply:
        server = Server(session, context)
        try:
            server.get_consent_grant(request)
            consent = _consent(server, request, signed_in)
            if not consent.scopes:
                grant = server.get_authorization_grant(request)
                denied: Reply = server.create_authorization_response(request, grant_user=None, grant=grant)
                return denied
        except OAuth2Error as error:
            return _for_browser(server, request, error)
        client: ClientView = request.client
        return Question(
            client=client.client.name,
            client_organisation=client.organisation.name,
            organisation=signed_in.organisation.name,
            service=context.settings.resources[consent.resource],
            scopes=consent.scopes,
            words=in_plain_words(consent.scopes),
            returns_to=urlsplit(request.parameters["redirect_uri"]).netloc,
            parameters=request.parameters,
        )

    async with context.db.read() as session:
        return await session.run_sync(prepare)


async def decide(
    context: Context, query: str, signed_in: SignedIn, shown: frozenset[str], *, allow: bool
) -> Reply:
    """Answer the client with a code for what the member saw and allowed, or with access_denied."""
    request = _read("GET", query)

    def answer(session: Session) -> Reply:
        server = Server(session, context)
        try:
            grant = server.get_consent_grant(request)
            seen = _consent(server, request, signed_in)
        except OAuth2Error as error:
            return _for_browser(server, request, error)
        # Never more than the page named, whatever client or roles became between page and answer.
        consent = Consent(seen.member_id, seen.resource, seen.scopes & shown)
        reply: Reply = server.create_authorization_response(
            request, grant_user=consent if allow else None, grant=grant
        )
        return reply

    async with context.db.write() as session:
        reply = await session.run_sync(answer)
        if request.grant_id is not None:
            organisations.record(
                session,
                organisation=signed_in.organisation.id,
                at=context.clock(),
                actor=f"member:{signed_in.member.id}",
                action="grant.given",
                subject=request.grant_id,
            )
        return reply


async def grants_of(context: Context, signed_in: SignedIn) -> list[tuple[store.Grant, str]]:
    """What the member allowed which client (by name), newest first."""
    async with context.db.read() as session:
        rows = await store.grants_of_member(session, signed_in.member.id)
        return [(grant, client.name) for grant, client in rows]


async def withdraw(context: Context, signed_in: SignedIn, grant_id: str) -> None:
    """Take back what was allowed; its refresh tokens stop at once. Raises NotFound."""
    async with context.db.write() as session:
        now = context.clock()
        if not await store.revoke_grant_of_member(session, signed_in.member.id, grant_id, now):
            raise NotFound("You have given no such consent.")
        organisations.record(
            session,
            organisation=signed_in.organisation.id,
            at=now,
            actor=f"member:{signed_in.member.id}",
            action="grant.withdrawn",
            subject=grant_id,
        )


def refused(error: OAuth2Error) -> Reply:
    """An OAuth error as the token endpoint gives it (RFC 6749 §5.2)."""
    status, body, headers = error()
    kept = {name: value for name, value in headers if name.lower() != "content-type"}
    return Reply(status, body, {**kept, "Cache-Control": "no-store", "Pragma": "no-cache"})


def _read(method: str, query: str) -> Request:
    try:
        return Request(method, parse(query), {})
    except OAuth2Error as error:
        raise AuthorizationRefused(error.description or "The request cannot be read.") from error


def _for_browser(server: Server, request: Request, error: OAuth2Error) -> Reply:
    """Back to the client if its redirect URI was found good. Raises AuthorizationRefused otherwise."""
    if not error.redirect_uri:
        raise AuthorizationRefused(error.description or "The request is not acceptable.") from error
    return server.handle_error_response(request, error)


def _consent(server: Server, request: Request, signed_in: SignedIn) -> Consent:
    """What of the request is the member's to give."""
    resource, asked = server.requested_scopes(request, request.client)
    return Consent(signed_in.member.id, resource, asked & scopes_of_roles(signed_in.member.role_names))
