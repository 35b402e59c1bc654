"""What the addresses of issuers, achievements and credentials answer: documents, images and pages by negotiation."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.issuer.achievements import store as achievements
from services.issuer.achievements.images import PNG, SVG
from services.issuer.achievements.store import AchievementVersion
from services.issuer.awards import store as awards
from services.issuer.awards.store import Award
from services.issuer.context import Context, Current
from services.issuer.errors import RecipientErased
from services.issuer.keys import store as keys
from services.issuer.keys.formats import format_named
from services.issuer.profiles import store as profiles
from services.issuer.profiles.documents import (
    did_document,
    jwk_set,
    profile_document,
    profile_url,
)
from services.issuer.web import forms
from services.issuer.web.forms import HTML
from services.issuer.web.pictures import pictures_of
from shared.db import ReadSession
from shared.http.access import Access, optional, public
from shared.http.etag import not_modified
from shared.http.negotiation import negotiate, negotiate_or_none
from shared.http.problems import NotAcceptable, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.web import Pages

router = Router(tags=["public"])
pages = Pages("services.issuer.web", title="Confer issuer")
Reader = Annotated[Access | None, Depends(optional())]

_JSON = ("application/ld+json", "application/json")
_DID = ("application/did+ld+json", "application/did+json", *_JSON)
_JWKS = ("application/jwk-set+json", "application/json")
_MOST_KEYS = 2000
"""Keys of the newest profiles that are listed for the whole host."""
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
    "/issuers/{profile_id}/jwks.json",
    dependencies=[public],
    summary="Read an issuer's keys as JWKs",
    responses=problems(NotFound) | _found("A JWK Set.", *_JWKS),
    response_class=Response,
)
async def read_issuer_jwks(profile_id: Id, request: Request, context: Current) -> Response:
    """The same keys as in its DID document, for verifiers of JWT badges that know no DIDs."""
    async with context.db.read() as session:
        profile = await profiles.get(session, profile_id)
        if profile is None:
            raise NotFound("There is no such issuer.")
        held = [(key, profile.did) for key in await keys.of_profile(session, profile_id)]
    return _key_set(request, jwk_set(held))


@router.get(
    "/.well-known/jwks.json",
    dependencies=[public],
    summary="Read the keys that JWT badges of this host are signed with",
    responses=problems() | _found("A JWK Set.", *_JWKS),
    response_class=Response,
)
async def read_host_jwks(request: Request, context: Current) -> Response:
    """Of all issuers here (Open Badges 3.0 implementation guide, key provenance); `iss` says whose each is. The newest
    2,000 are listed; all of one issuer are at its own `jwks.json`.
    """
    async with context.db.read() as session:
        held = await keys.published_jwks(session, _MOST_KEYS)
    return _key_set(request, jwk_set(held))


def _key_set(request: Request, keys_shown: dict[str, Any]) -> Response:
    media_type = negotiate_or_none(request.headers.get("accept"), _JWKS) or _JWKS[0]
    return _document(request, keys_shown, media_type, fresh=60)


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
        "The badge as it was signed (JSON-LD, or a compact JWT), baked into an image, or as a page.",
        *forms.ALL,
    ),
    response_class=Response,
)
async def read_credential(
    award_id: Id,
    request: Request,
    context: Current,
    access: Reader,
    format: Annotated[  # noqa: A002  (the parameter's name in the address)
        forms.Named | None, Query(description="Instead of `Accept`, for links.")
    ] = None,
) -> Response:
    """Private unless it was awarded as public: then it takes a token of the issuing organisation with `awards:read`.

    A JWT badge is there as JSON-LD too, in its envelope. Of a badge whose holder chooses what to show, everyone gets a
    derived one, without results and evidence; the issuing organisation gets what its holder has.
    """
    accept = request.headers.get("accept") if format is None else forms.MEDIA_TYPES[format]
    async with context.db.read() as session:
        award = await awards.get(session, award_id)
        if award is None or not _may_read(award, access):
            raise NotFound("There is no such credential, or it is not public.")
        media_type = negotiate(accept, forms.offered(format_named(award.proof_format)))
        credential = await awards.credential(session, award_id)
        if credential is None or credential.body is None:
            raise RecipientErased("The credential's text was erased at its holder's request.")
        version = await _published(session, award.achievement_id, award.number)
        pictures = await pictures_of(session, version)
    badge = await forms.badge_for(award, credential.body, context.contexts, issuer=_is_issuer(award, access))
    if media_type == HTML:
        return _page(request, context, award, badge)
    body = await badge.as_type(media_type, pictures)
    fresh = 60 if award.public and not badge.secret else None
    return _bytes(request, body, media_type, fresh=fresh, headers={"Vary": "Accept, Authorization"})


def _page(request: Request, context: Context, award: Award, badge: forms.Badge) -> Response:
    document = badge.document()
    values = {
        "award": award,
        "credential": document,
        "badge": badge,
        "results": _results(document["credentialSubject"]),
        "verifier_url": context.settings.verifier_url,
    }
    return pages.page(request, "credential.html", values)


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
    return award.public or _is_issuer(award, access)


def _is_issuer(award: Award, access: Access | None) -> bool:
    return access is not None and access.organisation == award.organisation and "awards:read" in access.scopes


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
