"""HTTP of the standard views: TRQP v2 (Trust over IP) and the DCC's registry file."""

from typing import Annotated, Any

from fastapi import Body, Response
from pydantic import ValidationError

from services.directory.context import Context, Current
from services.directory.errors import AuthorityUnknown, QueryUnreadable
from services.directory.views import service
from services.directory.views.schemas import AuthorizationAnswer, RecognitionAnswer, Registry, TrqpQuery
from shared.http.access import public
from shared.http.problems import FieldError, problems
from shared.http.routing import Router

router = Router(tags=["Standard views"], dependencies=[public])
_EXAMPLE = {
    "entity_id": "did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d",
    "authority_id": "d4a6c8e0f2b4d6a8c0e2f4a4c6e8f0b2",
    "action": "issue",
    "resource": "Competency",
    "context": {"time": "2026-11-21T20:15:00Z"},
}
Query = Annotated[
    dict[str, Any],
    Body(
        description="`entity_id`, `authority_id`, `action`, `resource`, and `context.time` if not now.",
        examples=[_EXAMPLE],
    ),
]


@router.post(
    "/recognition",
    summary="TRQP v2: is an issuer recognised?",
    responses=problems(QueryUnreadable, AuthorityUnknown),
)
async def query_recognition(given: Query, context: Current, response: Response) -> RecognitionAnswer:
    """Whether the authority has a statement in force that covers the resource."""
    query, answer = await _answer(context, given)
    response.headers["Cache-Control"] = "no-store"
    return RecognitionAnswer(**answer, recognized=query)


@router.post(
    "/authorization",
    summary="TRQP v2: may an issuer issue this?",
    responses=problems(QueryUnreadable, AuthorityUnknown),
)
async def query_authorization(given: Query, context: Current, response: Response) -> AuthorizationAnswer:
    """Whether the authority has a statement in force that covers the resource."""
    query, answer = await _answer(context, given)
    response.headers["Cache-Control"] = "no-store"
    return AuthorizationAnswer(**answer, authorized=query)


@router.get(
    "/registry.json", summary="DCC registry: every recognised issuer", response_model_exclude_none=True
)
async def read_registry(context: Current, response: Response) -> Registry:
    """The `dcc-legacy` format that wallets read: issuers that at least one other organisation vouches for."""
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return await service.registry(context)


async def _answer(context: Context, given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """The verdict and what both answers echo. A query that lacks something is 400 there, not 422."""
    try:
        query = TrqpQuery.model_validate(given)
    except ValidationError as error:
        wrong = [
            FieldError("".join(f"/{part}" for part in each["loc"]), each["msg"])
            for each in error.errors()[:20]
        ]
        raise QueryUnreadable(f"{wrong[0].pointer}: {wrong[0].detail}.", errors=wrong) from error
    verdict, message, at = await service.evaluate(context, query)
    return verdict, {
        "entity_id": query.entity_id,
        "authority_id": query.authority_id,
        "action": query.action,
        "resource": query.resource,
        "time_requested": query.context.time if query.context else None,
        "time_evaluated": at,
        "message": message,
        "context": given.get("context"),
    }
