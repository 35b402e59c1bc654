"""HTTP for achievements."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response

from services.issuer.achievements import service
from services.issuer.achievements.images import PNG, SVG
from services.issuer.achievements.schemas import AchievementChange, AchievementIn, AchievementOut
from services.issuer.context import Current
from services.issuer.errors import (
    AchievementArchived,
    InvalidAchievement,
    InvalidImage,
    NothingToPublish,
    ProfileClosed,
    UnknownContext,
)
from services.issuer.repeatable import answer_once
from shared.db import WriteSession
from shared.http.access import Access, require
from shared.http.body import MIB, body_limit, read_limited
from shared.http.etag import IfMatch, etag
from shared.http.idempotency import Idempotent, StoredResponse, created
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    IdempotencyKeyReused,
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedMediaType,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import Id, Page

router = Router(prefix="/v1/achievements", tags=["achievements"])
AchievementsRead = Annotated[Access, Depends(require("achievements:read"))]
AchievementsWrite = Annotated[Access, Depends(require("achievements:write"))]
_IMAGE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            PNG: {"schema": {"type": "string", "format": "binary"}},
            SVG: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "",
    status_code=201,
    response_model=AchievementOut,
    summary="Draft an achievement",
    responses=problems(InvalidAchievement, UnknownContext, NotFound, ProfileClosed, IdempotencyKeyReused),
)
async def create_achievement(
    given: AchievementIn, access: AchievementsWrite, context: Current, asked: Idempotent
) -> Response:
    """It can be changed freely until it is published. Everything is checked now as it will be then."""

    async def act(session: WriteSession) -> StoredResponse:
        made = await service.create(context, access, given, session)
        return created(made, location=f"/v1/achievements/{made.id}", etag=etag(1))

    return await answer_once(context, access, asked, act)


@router.get(
    "",
    summary="List the organisation's achievements",
    responses=problems(InvalidCursor),
    response_model_exclude_none=True,
)
async def list_achievements(
    request: Request,
    response: Response,
    asked: PageQuery,
    access: AchievementsRead,
    context: Current,
    state: Annotated[Literal["draft", "published", "archived"] | None, Query()] = None,
    profile: Annotated[Id | None, Query(description="Only those of this profile.")] = None,
) -> Page[AchievementOut]:
    """In no particular order, a page at a time."""
    after = asked.after(str)
    found = await service.listed(
        context, access, after[0] if after else None, asked.limit + 1, state, profile
    )
    shown = found[: asked.limit]
    return page(request, response, asked, shown, end=(shown[-1].id,) if len(found) > asked.limit else None)


@router.get(
    "/{achievement_id}",
    summary="Read an achievement",
    responses=problems(NotFound),
    response_model_exclude_none=True,
)
async def read_achievement(
    achievement_id: Id, response: Response, access: AchievementsRead, context: Current
) -> AchievementOut:
    """The draft if there is one, else the latest version."""
    found, version = await service.read(context, access, achievement_id)
    response.headers["ETag"] = etag(version)
    return found


@router.patch(
    "/{achievement_id}",
    summary="Change an achievement",
    responses=problems(
        NotFound,
        InvalidAchievement,
        UnknownContext,
        AchievementArchived,
        ProfileClosed,
        PreconditionFailed,
        PreconditionRequired,
    ),
    response_model_exclude_none=True,
)
async def change_achievement(
    achievement_id: Id,
    given: AchievementChange,
    response: Response,
    precondition: IfMatch,
    access: AchievementsWrite,
    context: Current,
) -> AchievementOut:
    """A change to a published achievement begins the draft of its next version; the published one stays as it is."""
    async with context.db.write() as session:
        changed, version = await service.change(context, access, achievement_id, given, precondition, session)
    response.headers["ETag"] = etag(version)
    return changed


@router.put(
    "/{achievement_id}/image",
    summary="Upload an achievement's image",
    responses=problems(NotFound, InvalidImage, AchievementArchived, TooLarge, UnsupportedMediaType),
    response_model_exclude_none=True,
    openapi_extra=_IMAGE_BODY,
)
@body_limit(MIB)
async def upload_achievement_image(
    achievement_id: Id,
    request: Request,
    response: Response,
    access: AchievementsWrite,
    context: Current,
    caption: Annotated[
        str,
        Query(min_length=1, max_length=500, description="What the image shows, for those who do not see it."),
    ],
) -> AchievementOut:
    """The body is a PNG (up to 2048 by 2048 pixels) or an SVG. It takes effect with the next version."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in (PNG, SVG, ""):
        raise UnsupportedMediaType("Send the image as what it is.", supported=[PNG, SVG])
    content = await read_limited(request, context.settings.image_max_bytes)
    async with context.db.write() as session:
        changed, version = await service.set_image(context, access, achievement_id, content, caption, session)
    response.headers["ETag"] = etag(version)
    return changed


@router.delete(
    "/{achievement_id}/image",
    summary="Remove an achievement's uploaded image",
    responses=problems(NotFound, AchievementArchived),
    response_model_exclude_none=True,
)
async def remove_achievement_image(
    achievement_id: Id, response: Response, access: AchievementsWrite, context: Current
) -> AchievementOut:
    """The next version has the drawn default."""
    async with context.db.write() as session:
        changed, version = await service.remove_image(context, access, achievement_id, session)
    response.headers["ETag"] = etag(version)
    return changed


@router.post(
    "/{achievement_id}/publish",
    summary="Publish an achievement",
    responses=problems(NotFound, NothingToPublish, InvalidAchievement, AchievementArchived, ProfileClosed),
    response_model_exclude_none=True,
)
async def publish_achievement(
    achievement_id: Id, access: AchievementsWrite, context: Current
) -> AchievementOut:
    """The draft becomes the next version, with an address that never changes what it says."""
    async with context.db.write() as session:
        return await service.publish(context, access, achievement_id, session)


@router.post(
    "/{achievement_id}/archive",
    summary="Archive an achievement",
    responses=problems(NotFound, AchievementArchived),
    response_model_exclude_none=True,
)
async def archive_achievement(
    achievement_id: Id, access: AchievementsWrite, context: Current
) -> AchievementOut:
    """It is awarded no more. What was awarded stays, and so do its versions' addresses."""
    async with context.db.write() as session:
        return await service.archive(context, access, achievement_id, session)
