"""HTTP of the authorization server: metadata, keys, tokens, revocation, consents."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from services.directory.authentication import Session
from services.directory.context import Current
from services.directory.errors import SessionNeeded
from services.directory.oauth import service
from services.directory.oauth.requests import MAX_BYTES, Reply
from services.directory.oauth.schemas import (
    GrantList,
    GrantOut,
    Jwks,
    OAuthError,
    ServerMetadata,
    TokenResponse,
)
from services.directory.oauth.server import GRANT_TYPES
from services.directory.scopes import ALL_SCOPES
from shared.http.access import Access, public, require
from shared.http.body import body_limit
from shared.http.problems import NotFound, Problem, problems
from shared.http.routing import Router
from shared.http.schemas import Id
from shared.web.csrf import ForgedForm

_AUTHENTICATION = ["client_secret_basic", "client_secret_post"]
_TOKEN_FORM: dict[str, Any] = {
    "grant_type": {"type": "string", "enum": list(GRANT_TYPES)},
    "resource": {
        "type": "string",
        "format": "uri",
        "description": "RFC 8707: the public URL of the one service the token is for. Required with client_credentials.",
    },
    "scope": {"type": "string", "description": "Space-separated; all there is to have if left out."},
    "code": {"type": "string"},
    "redirect_uri": {"type": "string"},
    "code_verifier": {"type": "string", "description": "RFC 7636; always required with a code."},
    "refresh_token": {"type": "string"},
    "client_id": {"type": "string"},
    "client_secret": {"type": "string", "description": "Better sent by HTTP Basic."},
}
_TOKEN_EXAMPLE = {
    "grant_type": "client_credentials",
    "resource": "https://badges.example.org",
    "scope": "awards:write awards:read",
}


def oauth_error(_: Request, problem: Problem) -> Response:
    """A problem in the shape of RFC 6749 §5.2."""
    code = "temporarily_unavailable" if problem.status_code == 503 else "server_error"
    if problem.status_code < 500:
        code = "invalid_request"
    body = {"error": code, "error_description": problem.title}
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache", **(problem.headers or {})}
    return JSONResponse(body, problem.status_code, headers)


router = Router(tags=["OAuth"], errors=oauth_error)
grants_router = Router(tags=["OAuth"])
SignedIn = Annotated[Access, Depends(require())]


@router.get(
    "/.well-known/oauth-authorization-server",
    summary="Authorization server metadata (RFC 8414)",
    dependencies=[public],
)
async def read_oauth_metadata(context: Current, response: Response) -> ServerMetadata:
    """Where everything is and what is supported."""
    url = context.settings.public_url
    _for_everybody(response)
    return ServerMetadata(
        issuer=url,
        authorization_endpoint=f"{url}/oauth/authorize",
        token_endpoint=f"{url}/oauth/token",
        revocation_endpoint=f"{url}/oauth/revoke",
        jwks_uri=f"{url}/oauth/jwks.json",
        scopes_supported=sorted(ALL_SCOPES),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=list(GRANT_TYPES),
        token_endpoint_auth_methods_supported=_AUTHENTICATION,
        revocation_endpoint_auth_methods_supported=_AUTHENTICATION,
        code_challenge_methods_supported=["S256"],
        authorization_response_iss_parameter_supported=True,
        service_documentation=f"{url}/openapi.json",
    )


@router.get("/oauth/jwks.json", summary="Keys of access tokens (RFC 7517)", dependencies=[public])
async def read_jwks(context: Current, response: Response) -> Jwks:
    """The key that signs now and those whose tokens may still be about."""
    _for_everybody(response)
    return Jwks.model_validate({"keys": await context.signing_keys.published()})


@router.post(
    "/oauth/token",
    summary="Get an access token (RFC 6749)",
    dependencies=[public],
    response_model=TokenResponse,
    responses={
        400: {"model": OAuthError, "description": "RFC 6749 §5.2, RFC 8707 invalid_target"},
        401: {"model": OAuthError, "description": "invalid_client"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "required": ["grant_type"], "properties": _TOKEN_FORM},
                    "example": _TOKEN_EXAMPLE,
                }
            },
        }
    },
)
@body_limit(MAX_BYTES)
async def issue_token(request: Request, context: Current) -> Response:
    """For a client as itself (`client_credentials`), or for a member who allowed it (`authorization_code` with PKCE S256,
    `refresh_token`).

    A token is for exactly one service, named by `resource`. Clients authenticate by HTTP Basic.
    """
    refusal = _form_only(request)
    return refusal or _response(await service.issue_token(context, await request.body(), request.headers))


@router.post(
    "/oauth/revoke",
    summary="Revoke a refresh token (RFC 7009)",
    dependencies=[public],
    responses={
        400: {"model": OAuthError, "description": "RFC 7009 §2.2.1"},
        401: {"model": OAuthError, "description": "invalid_client"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["token"],
                        "properties": {"token": {"type": "string"}, "token_type_hint": {"type": "string"}},
                    },
                    "example": {"token": "confer_refresh_…", "token_type_hint": "refresh_token"},
                }
            },
        }
    },
)
@body_limit(MAX_BYTES)
async def revoke_token(request: Request, context: Current) -> Response:
    """Ends what was granted, with every token of it. 200 also for a token nobody knows."""
    refusal = _form_only(request)
    return refusal or _response(await service.revoke_token(context, await request.body(), request.headers))


@grants_router.get(
    "/v1/members/me/grants", summary="What I allowed programs to do", responses=problems(SessionNeeded)
)
async def list_grants(_: SignedIn, session: Session, context: Current) -> GrantList:
    """Consents that hold, newest first."""
    found = await service.grants_of(context, session)
    return GrantList(items=[GrantOut.of(grant, client) for grant, client in found])


@grants_router.delete(
    "/v1/members/me/grants/{grant_id}",
    status_code=204,
    summary="Withdraw a consent",
    responses=problems(SessionNeeded, NotFound, ForgedForm),
)
async def withdraw_grant(grant_id: Id, _: SignedIn, session: Session, context: Current) -> None:
    """Its refresh tokens stop at once, its access tokens within minutes."""
    await service.withdraw(context, session, grant_id)


def _form_only(request: Request) -> Response | None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        return None
    body = {"error": "invalid_request", "error_description": "Send application/x-www-form-urlencoded."}
    return JSONResponse(body, 400, {"Cache-Control": "no-store", "Pragma": "no-cache"})


def _response(reply: Reply) -> Response:
    return JSONResponse(dict(reply.body), reply.status, dict(reply.headers))


def _for_everybody(response: Response) -> None:
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Access-Control-Allow-Origin"] = "*"
