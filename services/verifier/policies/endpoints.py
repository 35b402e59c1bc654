"""Policies over HTTP."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.verifier.context import Current
from services.verifier.errors import PolicyNameTaken
from services.verifier.policies.schemas import PolicyIn, PolicyOut
from services.verifier.policies.service import built_in
from shared.http.access import Access, require
from shared.http.etag import IfMatch, etag
from shared.http.idempotency import Idempotent
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    Conflict,
    IdempotencyKeyReused,
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import Id, Page

router = Router(prefix="/v1/policies", tags=["Policies"])
PoliciesRead = Annotated[Access, Depends(require("policies:read"))]
PoliciesWrite = Annotated[Access, Depends(require("policies:write"))]


@router.get(
    "",
    response_model=Page[PolicyOut],
    summary="List the policies that can be named",
    responses=problems(InvalidCursor),
)
async def list_policies(
    request: Request, response: Response, service: Current, access: PoliciesRead, asked: PageQuery
) -> Page[PolicyOut]:
    """The built-in policies first, on the first page beside the first of your own; then your own by name."""
    position = asked.after(str)
    after = None if position is None else position[0]
    rows = await service.policies.list(access, after, asked.limit + 1)
    shown = rows[: asked.limit]
    end = (shown[-1].name,) if len(rows) > asked.limit else None
    first = built_in() if after is None else []
    return page(request, response, asked, [*first, *shown], end=end)


@router.post(
    "",
    status_code=201,
    response_model=PolicyOut,
    summary="Keep a policy under a name",
    responses=problems(PolicyNameTaken, Conflict, IdempotencyKeyReused),
)
async def create_policy(
    given: PolicyIn, service: Current, access: PoliciesWrite, asked: Idempotent
) -> Response:
    """Items can then name it. Nobody outside your organisation sees it."""
    return (await service.policies.create(access, given, asked)).to_response()


@router.get("/{policy}", response_model=PolicyOut, summary="Read a policy", responses=problems(NotFound))
async def get_policy(policy: Id, response: Response, service: Current, access: PoliciesRead) -> PolicyOut:
    """One of your organisation's policies, with the `ETag` that a change of it needs."""
    found = await service.policies.get(access, policy)
    response.headers["ETag"] = etag(found.version)
    return found


@router.put(
    "/{policy}",
    response_model=PolicyOut,
    summary="Replace a policy",
    responses=problems(NotFound, PolicyNameTaken, PreconditionFailed, PreconditionRequired),
)
async def replace_policy(
    policy: Id,
    given: PolicyIn,
    response: Response,
    service: Current,
    access: PoliciesWrite,
    precondition: IfMatch,
) -> PolicyOut:
    """Verifications from now on use the new rules; reports already made stay as they are."""
    changed = await service.policies.replace(access, policy, given, precondition)
    response.headers["ETag"] = etag(changed.version)
    return changed


@router.delete(
    "/{policy}",
    status_code=204,
    summary="Remove a policy",
    responses=problems(NotFound, PreconditionFailed, PreconditionRequired),
)
async def delete_policy(policy: Id, service: Current, access: PoliciesWrite, precondition: IfMatch) -> None:
    """Items that still name it are refused from now on."""
    await service.policies.remove(access, policy, precondition)
