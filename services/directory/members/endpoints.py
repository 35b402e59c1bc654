"""HTTP for members, invitations and passwords."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.directory.authentication import Session
from services.directory.context import Current
from services.directory.errors import (
    AlreadyMember,
    InvitationInvalid,
    LastOwner,
    LoginTaken,
    MoreThanHeld,
    NotInvited,
    SessionNeeded,
    WrongPassword,
)
from services.directory.members import service
from services.directory.members.schemas import (
    InvitationAccept,
    MemberChange,
    MemberCreate,
    MemberInvited,
    MemberOut,
    PasswordChange,
)
from services.directory.tables import rate_limits
from shared.http.access import Access, public, require
from shared.http.etag import IfMatch, etag
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    problems,
)
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.http.schemas import Id, Page
from shared.web.csrf import ForgedForm

router = Router(tags=["Members"])
MembersRead = Annotated[Access, Depends(require("organisation:read"))]
MembersWrite = Annotated[Access, Depends(require("members:write"))]
SignedIn = Annotated[Access, Depends(require())]


@router.get(
    "/v1/organisations/{organisation_id}/members",
    summary="List the organisation's members",
    responses=problems(NotFound, InvalidCursor),
)
async def list_members(
    organisation_id: Id,
    access: MembersRead,
    context: Current,
    asked: PageQuery,
    request: Request,
    response: Response,
) -> Page[MemberOut]:
    """Active and invited ones. Only members and clients of the organisation see them."""
    items, end = await service.browse(context, access, organisation_id, asked)
    return page(request, response, asked, items, end=end)


@router.post(
    "/v1/organisations/{organisation_id}/members",
    status_code=201,
    summary="Invite a member",
    responses=problems(NotFound, AlreadyMember, MoreThanHeld, ForgedForm),
)
async def invite_member(
    organisation_id: Id, given: MemberCreate, access: MembersWrite, context: Current, response: Response
) -> MemberInvited:
    """The answer holds a link that works once: hand it over. It is shown only here.

    Nobody gives away more than they hold.
    """
    response.headers["Cache-Control"] = "no-store"
    return await service.invite(context, access, organisation_id, given)


@router.get(
    "/v1/organisations/{organisation_id}/members/{member_id}",
    summary="Read a member",
    responses=problems(NotFound),
)
async def read_member(
    organisation_id: Id, member_id: Id, access: MembersRead, context: Current, response: Response
) -> MemberOut:
    """With its `ETag`, which a change needs."""
    member, version = await service.read(context, access, organisation_id, member_id)
    response.headers["ETag"] = etag(version)
    return member


@router.patch(
    "/v1/organisations/{organisation_id}/members/{member_id}",
    summary="Change a member's roles or name",
    responses=problems(
        NotFound, LastOwner, MoreThanHeld, PreconditionFailed, PreconditionRequired, ForgedForm
    ),
)
async def change_member(
    organisation_id: Id,
    member_id: Id,
    given: MemberChange,
    access: MembersWrite,
    context: Current,
    seen: IfMatch,
    response: Response,
) -> MemberOut:
    """Sessions follow at once, access tokens with their next issue."""
    member, version = await service.change(context, access, organisation_id, member_id, given, seen)
    response.headers["ETag"] = etag(version)
    return member


@router.delete(
    "/v1/organisations/{organisation_id}/members/{member_id}",
    status_code=204,
    summary="Remove a member",
    responses=problems(NotFound, LastOwner, MoreThanHeld, ForgedForm),
)
async def remove_member(organisation_id: Id, member_id: Id, access: MembersWrite, context: Current) -> None:
    """Their sessions, open invitations and consents end with it. The last owner stays."""
    await service.remove(context, access, organisation_id, member_id)


@router.post(
    "/v1/organisations/{organisation_id}/members/{member_id}/invitation",
    status_code=201,
    summary="Replace an invitation",
    responses=problems(NotFound, NotInvited, MoreThanHeld, ForgedForm),
)
async def renew_invitation(
    organisation_id: Id, member_id: Id, access: MembersWrite, context: Current, response: Response
) -> MemberInvited:
    """A new link; the one before stops working."""
    response.headers["Cache-Control"] = "no-store"
    return await service.invite_again(context, access, organisation_id, member_id)


@router.post(
    "/v1/invitations/accept",
    status_code=201,
    summary="Accept an invitation",
    dependencies=[public],
    responses=problems(InvitationInvalid, LoginTaken, AlreadyMember, TooManyRequests),
)
async def accept_invitation(
    given: InvitationAccept, context: Current, request: Request, response: Response
) -> MemberOut:
    """Sets the password of a new person. Somebody the directory knows gives theirs and joins as who they are."""
    allowance = await context.limits.acceptances.check(context.db, rate_limits, client_address(request))
    response.headers.update(allowance.headers)
    return await service.accept(context, given)


@router.get("/v1/members/me", summary="Who am I", responses=problems(NotFound, SessionNeeded))
async def read_me(_: SignedIn, session: Session) -> MemberOut:
    """The signed-in member."""
    return MemberOut.of(session.member)


@router.put(
    "/v1/members/me/password",
    status_code=204,
    summary="Change my password",
    responses=problems(NotFound, SessionNeeded, WrongPassword, ForgedForm),
)
async def change_password(
    given: PasswordChange, access: SignedIn, session: Session, context: Current
) -> None:
    """Every other session of the person ends."""
    await service.change_password(context, access, session.session.id, given)
