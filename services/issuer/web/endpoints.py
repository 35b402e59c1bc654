"""What the addresses of issuers, achievements and credentials answer: documents, images and pages by negotiation."""

import hashlib
import json
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response

from services.issuer.achievements import store as achievements
from services.issuer.achievements.store import AchievementVersion
from services.issuer.awards import store as awards
from services.issuer.awards.store import Award
from services.issuer.context import Context, Current
from services.issuer.errors import RecipientErased
from services.issuer.keys import store as keys
from services.issuer.profiles import store as profiles
from services.issuer.profiles.documents import (
    did_document,
    profile_document,
    profile_url,
)
from services.issuer.web.pictures import Pictures, pictures_of
from shared.db import ReadSession
from shared.http.access import Access, optional, public
from shared.http.etag import not_modified
from shared.http.negotiation import negotiate, negotiate_or_none
from shared.http.problems import NotAcceptable, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id
from shared.vc import strict_json
from shared.vc.baking import bake_png, bake_svg
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.web import Pages

router = Router(tags=["public"])
pages = Pages("services.issuer.web", title="Confer issuer")
Reader = Annotated[Access | None, Depends(optional())]

HTML, PNG, SVG = "text/html", "image/png", "image/svg+xml"
_JSON = ("application/ld+json", "application/json")
_DID = ("application/did+ld+json", "application/did+json", *_JSON)
_CREDENTIAL = ("application/vc", "application/vc+ld+json", *_JSON)
_FORMATS = {"json": "application/vc", "png": PNG, "svg": SVG, "html": HTML}
_FRESH = 300
"""Seconds for which public documents may be reused."""
# An SVG opened by itself is a document: it gets nothing to run and nothing to load.
_IMAGE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _found(description: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media_type: {} for media_type in media_types}}}


@router.get("/", dependencies=[public], include_in_schema=False)
async def home(request: Request) -> Response:
    return pages.page(request, "home.html")


@router.get(
    "/issuers/{profile_id}",
    dependencies=[public],
    summary="Read an issuer's public Profile",
    responses=problems(NotFound, NotAcceptable) | _found("An Open Badges Profile, or a page.", *_JSON, HTML),
    response_class=Response,
)
async def read_issuer(profile_id: Id, request: Request, context: Current) -> Response:
    """Who awards: as a document, and for people as a page with what can be earned there."""
    media_type = negotiate(request.headers.get("accept"), (*_JSON, HTML))
    async with context.db.read() as session:
        profile = await profiles.get(session, profile_id)
        if profile is None:
            raise NotFound("There is no such issuer.")
        if media_type != HTML:
            return _document(request, profile_document(profile), media_type)
        offered = await achievements.published_of(session, profile_id)
    values = {"profile": profile, "offered": offered, "demonstration": context.settings.demonstration}
    return pages.page(request, "issuer.html", values)


@router.get(
    "/issuers/{profile_id}/did.json",
    dependencies=[public],
    summary="Read an issuer's DID document",
    responses=problems(NotFound) | _found("A DID document.", *_DID),
    response_class=Response,
)
async def read_did_document(profile_id: Id, request: Request, context: Current) -> Response:
    """Its keys: the active one and retired ones vouch for badges, compromised ones do not."""
    async with context.db.read() as session:
        profile = await profiles.get(session, profile_id)
        if profile is None:
            raise NotFound("There is no such issuer.")
        document = did_document(profile, await keys.of_profile(session, profile_id), context.public_url)
    media_type = negotiate_or_none(request.headers.get("accept"), _DID) or _DID[0]
    return _document(request, document, media_type, fresh=60)


@router.get(
    "/achievements/{achievement_id}",
    dependencies=[public],
    summary="Read the latest version of an achievement",
    responses=problems(NotFound, NotAcceptable)
    | _found("An Open Badges Achievement, or a page.", *_JSON, HTML),
    response_class=Response,
)
async def read_latest_version(achievement_id: Id, request: Request, context: Current) -> Response:
    """Its `id` is that of the version, which never changes what it says."""
    return await _achievement(request, context, achievement_id, None)


@router.get(
    "/achievements/{achievement_id}/v{number}",
    dependencies=[public],
    summary="Read one version of an achievement",
    responses=problems(NotFound, NotAcceptable)
    | _found("An Open Badges Achievement, or a page.", *_JSON, HTML),
    response_class=Response,
)
async def read_version(achievement_id: Id, number: int, request: Request, context: Current) -> Response:
    """The same for ever."""
    return await _achievement(request, context, achievement_id, number)


@router.get(
    "/achievements/{achievement_id}/v{number}/image",
    dependencies=[public],
    summary="Read an achievement's image",
    responses=problems(NotFound, NotAcceptable) | _found("The image.", PNG, SVG),
    response_class=Response,
)
async def read_version_image(achievement_id: Id, number: int, request: Request, context: Current) -> Response:
    """As uploaded; the drawn default is there as PNG and as SVG."""
    async with context.db.read() as session:
        version = await _published(session, achievement_id, number)
        pictures = await pictures_of(session, version)
    media_type = negotiate(request.headers.get("accept"), pictures.offered)
    content = await pictures.of_type(media_type)
    headers = {"Content-Security-Policy": _IMAGE_POLICY, "Cross-Origin-Resource-Policy": "cross-origin"}
    return _bytes(request, content, media_type, fresh=24 * 3600, headers=headers)


@router.get(
    "/credentials/{award_id}",
    summary="Read a credential",
    responses=problems(NotFound, NotAcceptable, RecipientErased)
    | _found(
        "The signed credential: as JSON-LD, baked into an image, or as a page.", *_CREDENTIAL, PNG, SVG, HTML
    ),
    response_class=Response,
)
async def read_credential(
    award_id: Id,
    request: Request,
    context: Current,
    access: Reader,
    format: Annotated[  # noqa: A002  (the parameter's name in the address)
        Literal["json", "png", "svg", "html"] | None, Query(description="Instead of `Accept`, for links.")
    ] = None,
) -> Response:
    """Private unless it was awarded as public: then it takes a token of the issuing organisation with `awards:read`."""
    accept = request.headers.get("accept") if format is None else _FORMATS[format]
    media_type = negotiate(accept, (*_CREDENTIAL, PNG, SVG, HTML))
    async with context.db.read() as session:
        award = await awards.get(session, award_id)
        if award is None or not _may_read(award, access):
            raise NotFound("There is no such credential, or it is not public.")
        credential = await awards.credential(session, award_id)
        if credential is None or credential.body is None:
            raise RecipientErased("The credential's text was erased at its holder's request.")
        version = await _published(session, award.achievement_id, award.number)
        pictures = await pictures_of(session, version)
    if media_type == HTML:
        document = strict_json.loads_object(credential.body)
        values = {
            "award": award,
            "credential": document,
            "results": _results(document["credentialSubject"]),
            "verifier_url": context.settings.verifier_url,
        }
        return pages.page(request, "credential.html", values)
    body = await _baked(credential.body, pictures, media_type)
    headers = {"Vary": "Accept, Authorization"}
    return _bytes(request, body, media_type, fresh=60 if award.public else None, headers=headers)


def _results(subject: dict[str, Any]) -> list[tuple[str, str]]:
    """What was looked at and how it came out, in words: names instead of ids."""
    described = {each["id"]: each for each in subject["achievement"].get("resultDescription", [])}
    shown: list[tuple[str, str]] = []
    for result in subject.get("result", []):
        description = described.get(result.get("resultDescription"), {})
        levels = {level["id"]: level["name"] for level in description.get("rubricCriterionLevel", [])}
        said = (levels.get(result.get("achievedLevel")), result.get("value"), result.get("status"))
        shown.append((description.get("name", "Result"), ", ".join(text for text in said if text)))
    return shown


def _may_read(award: Award, access: Access | None) -> bool:
    if award.public:
        return True
    return access is not None and access.organisation == award.organisation and "awards:read" in access.scopes


async def _baked(body: bytes, pictures: Pictures, media_type: str) -> bytes:
    if media_type == PNG:
        return bake_png(await pictures.of_type(PNG), body.decode())
    if media_type == SVG:
        return bake_svg(await pictures.of_type(SVG), body.decode())
    return body


async def _achievement(
    request: Request, context: Context, achievement_id: str, number: int | None
) -> Response:
    media_type = negotiate(request.headers.get("accept"), (*_JSON, HTML))
    async with context.db.read() as session:
        version = await _published(session, achievement_id, number)
        achievement = await achievements.get(session, achievement_id)
        assert achievement is not None  # a foreign key
        if media_type != HTML:
            contexts = [CREDENTIALS_V2, OPEN_BADGES_3, *version.contexts]
            return _document(request, {"@context": contexts, **version.document}, media_type)
        profile = await profiles.get(session, achievement.profile_id)
        assert profile is not None
    values = {
        "achievement": version.document,
        "version": version,
        "archived": achievement.state == "archived",
        "newer": achievement.latest if achievement.latest > version.number else None,
        "profile": profile,
        "profile_url": profile_url("", profile.id),
        "demonstration": context.settings.demonstration,
    }
    return pages.page(request, "achievement.html", values)


async def _published(session: ReadSession, achievement_id: str, number: int | None) -> AchievementVersion:
    """That version, or the latest. Raises NotFound; a draft is nobody else's business."""
    if number is None:
        achievement = await achievements.get(session, achievement_id)
        number = achievement.latest if achievement is not None else 0
    version = await achievements.version(session, achievement_id, number) if 0 < number < 2**31 else None
    if version is None:
        raise NotFound("There is no such achievement, or it is not published.")
    return version


def _document(
    request: Request, document: dict[str, Any], media_type: str, *, fresh: int = _FRESH
) -> Response:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return _bytes(request, content, media_type, fresh=fresh, headers={})


def _bytes(
    request: Request, content: bytes, media_type: str, *, fresh: int | None, headers: dict[str, str]
) -> Response:
    """A representation with its entity tag; `fresh` is None for what no shared cache may keep."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {
        "ETag": tag,
        "Vary": "Accept",
        "Cache-Control": "private, no-store" if fresh is None else f"public, max-age={fresh}",
        # Wallets and verifiers in browsers read what is public; a private credential needs a token all the same.
        "Access-Control-Allow-Origin": "*",
        **headers,
    }
    if not_modified(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
