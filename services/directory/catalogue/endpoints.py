"""HTTP of the public catalogue: JSON for programs, pages for people, at the same addresses."""

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import AfterValidator

from services.directory.catalogue import service
from services.directory.catalogue.schemas import AchievementOut, IssuerDetail, IssuerOut
from services.directory.catalogue.store import AchievementQuery, IssuerQuery
from services.directory.context import Current
from services.directory.organisations.schemas import Kind
from services.directory.values import Did, without_nul
from services.directory.web import pages
from shared.http.access import public
from shared.http.negotiation import prefers_html
from shared.http.paging import PageQuery, page
from shared.http.problems import InvalidCursor, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id, Page

router = Router(tags=["Catalogue"], dependencies=[public])
Words = Annotated[
    Annotated[str, AfterValidator(without_nul)] | None,
    Query(max_length=200, description="Words that all occur, in any letter case.", examples=["laser"]),
]
Test = Annotated[bool | None, Query(description="Only test ones, or only others; both if left out.")]


@router.get(
    "/v1/issuers",
    response_model=Page[IssuerOut],
    summary="Search issuers",
    responses=problems(InvalidCursor),
)
async def list_issuers(
    context: Current,
    asked: PageQuery,
    request: Request,
    response: Response,
    q: Words = None,
    kind: Annotated[Kind | None, Query(description="Kind of the organisation.")] = None,
    organisation: Annotated[Id | None, Query(description="Only this organisation's.")] = None,
    recognised: Annotated[
        bool | None, Query(description="Whether another organisation vouches for it now.")
    ] = None,
    recognised_by: Annotated[
        Id | None, Query(description="Whether this organisation vouches for it now.")
    ] = None,
    test: Test = None,
    closed: Annotated[bool | None, Query(description="Only closed ones, or only open ones.")] = None,
) -> Page[IssuerOut] | Response:
    """Public. `recognised_by` in each item counts the other organisations that vouch for it. A browser gets a page."""
    query = IssuerQuery(q, kind, organisation, recognised, recognised_by, test, closed)
    items, end = await service.search_issuers(context, query, asked)
    found = page(request, response, asked, items, end=end)
    if prefers_html(request.headers.get("accept")):
        return pages.issuers(request, query, found)
    _varies(response)
    return found


@router.get(
    "/v1/issuers/{did}",
    response_model=IssuerDetail,
    summary="Read an issuer",
    responses=problems(NotFound),
)
async def read_issuer(
    did: Did, context: Current, request: Request, response: Response
) -> IssuerDetail | Response:
    """Public: who it is, its keys and what became of them, and who vouches for it now. A closed issuer is shown as such.

    Percent-encode the DID. A browser gets a page.
    """
    found = await service.read_issuer(context, did)
    if prefers_html(request.headers.get("accept")):
        return pages.issuer(request, found)
    _varies(response)
    return found


@router.get(
    "/v1/achievements",
    response_model=Page[AchievementOut],
    summary="Search achievements",
    responses=problems(InvalidCursor),
)
async def list_achievements(
    context: Current,
    asked: PageQuery,
    request: Request,
    response: Response,
    q: Words = None,
    issuer: Annotated[Did | None, Query(description="Only this issuer's.")] = None,
    achievement_type: Annotated[
        Annotated[str, AfterValidator(without_nul)] | None,
        Query(alias="type", max_length=200, description="An OB 3.0 achievementType."),
    ] = None,
    archived: Annotated[bool | None, Query(description="Only archived ones, or only others.")] = None,
    test: Test = None,
) -> Page[AchievementOut] | Response:
    """Public: the newest published version of each. An archived achievement is shown as such. A browser gets a page."""
    query = AchievementQuery(q, issuer, achievement_type, archived, test)
    items, end = await service.search_achievements(context, query, asked)
    found = page(request, response, asked, items, end=end)
    if prefers_html(request.headers.get("accept")):
        return pages.achievements(request, query, found)
    _varies(response)
    return found


def _varies(response: Response) -> None:
    """One address, two representations: a cache must not give one for the other."""
    response.headers["Vary"] = "Accept"
    response.headers["Cache-Control"] = "no-cache"
