"""A badge as a file: the exact text, or that text baked into the badge's picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.backpack.context import Context
from services.backpack.credentials import keeping, store
from services.backpack.credentials.keeping import JWT, SD_JWT
from services.backpack.credentials.pictures import PNG, SVG
from services.backpack.credentials.store import Credential
from services.backpack.errors import NoImage
from shared.db import ReadSession
from shared.http.negotiation import negotiate
from shared.http.problems import NotFound
from shared.vc.baking import ImageRefused, bake_png, bake_svg

Form = Literal["json", "jwt", "png", "svg"]

JSON_TYPES: Final = ("application/vc", "application/ld+json", "application/vc+ld+json", "application/json")
JWT_TYPES: Final = (JWT, "application/jwt", "text/plain")
SD_JWT_TYPES: Final = (SD_JWT, "text/plain")

FILE_TYPES: Final = (*JSON_TYPES, *JWT_TYPES, SD_JWT, PNG, SVG)
"""Everything a badge may be asked as; a given badge is either of the JSON or of the JWT types."""


@dataclass(frozen=True)
class Download:
    """Bytes with their media type; `form` is json, jwt, png, svg or image."""

    media_type: str
    content: bytes
    form: str


def offered_types(credential: Credential, picture: str | None) -> Sequence[str]:
    """The media types a badge can be had in, best first; `picture` is the media type of its picture."""
    own = {JWT: JWT_TYPES, SD_JWT: SD_JWT_TYPES}.get(credential.media_type, JSON_TYPES)
    first = (credential.media_type, *(each for each in own if each != credential.media_type))
    return (*first, picture) if picture in {PNG, SVG} else first


async def picture_type_of(session: ReadSession, credential: Credential) -> str | None:
    """The media type of the badge's picture: the one it names, or the baked file it was imported from."""
    if credential.container in {"png", "svg"}:
        return PNG if credential.container == "png" else SVG
    image = await store.document(session, credential.id, store.IMAGE)
    return None if image is None else image.media_type


async def picture_type(context: Context, credential: Credential) -> str | None:
    """As `picture_type_of`, in a session of its own."""
    async with context.db.read() as session:
        return await picture_type_of(session, credential)


async def picture(context: Context, credential: Credential, text: str | None = None) -> Download | None:
    """The badge's picture for showing; None if it has none. `text`: what is in it instead of what is kept."""
    baked = credential.container in {"png", "svg"}
    async with context.db.read() as session:
        found = await store.document(session, credential.id, store.FILE if baked else store.IMAGE)
    if found is None:
        return None
    content = keeping.content_of(context.vault, found)
    if baked and text is not None:
        content = _baked(PNG if credential.container == "png" else SVG, content, text)
    return Download(found.media_type, content, "image")


async def download(
    context: Context, credential: Credential, *, accept: str | None, form: str | None = None
) -> Download:
    """The badge in the form named, or the one the caller likes best.

    Raises NotAcceptable (naming what there is) and NoImage when a picture is asked for and there is none to bake into.
    """
    chosen = _chosen(credential, await picture_type(context, credential), accept=accept, form=form)
    if chosen in {PNG, SVG} and credential.container == form_of(credential, chosen):
        # The very file that was given, rather than another with the same badge in it.
        return Download(chosen, await _content(context, credential, store.FILE), credential.container)
    text = (await _content(context, credential, store.CREDENTIAL)).decode()
    return await _made(context, credential, chosen, text)


async def download_part(
    context: Context,
    credential: Credential,
    text: str,
    picture: str | None,
    *,
    accept: str | None,
    form: str | None = None,
) -> Download:
    """As `download`, of what is shown of a badge instead of what is kept; `picture` is the media type of its picture, None
    if that is not shown.
    """
    return await _made(context, credential, _chosen(credential, picture, accept=accept, form=form), text)


async def _made(context: Context, credential: Credential, chosen: str, text: str) -> Download:
    form = form_of(credential, chosen)
    if chosen not in {PNG, SVG}:
        return Download(chosen, text.encode(), form)
    kind = store.FILE if credential.container == form else store.IMAGE
    return Download(chosen, _baked(chosen, await _content(context, credential, kind), text), form)


def form_of(credential: Credential, media_type: str) -> Form:
    """What a file of one of the badge's media types is called."""
    if media_type in {PNG, SVG}:
        return "png" if media_type == PNG else "svg"
    return "json" if credential.media_type not in {JWT, SD_JWT} else "jwt"


async def _content(context: Context, credential: Credential, kind: str) -> bytes:
    async with context.db.read() as session:
        found = await store.document(session, credential.id, kind)
    if found is None:
        raise NotFound("The badge was removed a moment ago.")
    return keeping.content_of(context.vault, found)


def _baked(media_type: str, image: bytes, text: str) -> bytes:
    """The picture with the credential inside (Open Badges 3.0, document formats). Raises NoImage for a broken picture."""
    try:
        return bake_png(image, text) if media_type == PNG else bake_svg(image, text)
    except ImageRefused as error:
        raise NoImage("Take the badge as JSON or JWT; its picture cannot carry it.") from error


def _chosen(credential: Credential, picture: str | None, *, accept: str | None, form: str | None) -> str:
    offered = offered_types(credential, picture)
    if form in {"png", "svg"}:
        wanted = PNG if form == "png" else SVG
        if wanted != picture:
            raise NoImage("Take the badge as JSON or JWT; its picture cannot carry it in this form.")
        return wanted
    if form is not None:
        return offered[0]
    if accept is not None and picture not in {PNG, SVG} and _only_pictures(accept):
        raise NoImage("Take the badge as JSON or JWT; it has no picture that can carry it.")
    return negotiate(accept, offered)


def _only_pictures(accept: str) -> bool:
    return all(part.strip().startswith("image/") for part in accept.split(","))
