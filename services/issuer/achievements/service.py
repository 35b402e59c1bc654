"""Drafting, publishing and archiving achievements (decision 10)."""

import hashlib
from typing import Any

from services.issuer.achievements import documents, events, images, store
from services.issuer.achievements.schemas import AchievementChange, AchievementIn, AchievementOut, VersionOut
from services.issuer.achievements.store import Achievement, AchievementImage, AchievementVersion
from services.issuer.context import Context
from services.issuer.errors import AchievementArchived, InvalidAchievement, NothingToPublish
from services.issuer.keys import service as keys
from services.issuer.keys.formats import format_named
from services.issuer.linting import lint
from services.issuer.profiles import service as profiles
from services.issuer.profiles import store as profile_store
from services.issuer.profiles.store import Profile
from shared.db import ReadSession, WriteSession, new_id
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.problems import NotFound


async def create(
    context: Context, access: Access, given: AchievementIn, session: WriteSession
) -> AchievementOut:
    """A draft. Raises InvalidAchievement, UnknownContext, NotFound (the profile), ProfileClosed."""
    now = context.clock()
    profile = await profiles.usable(session, given.profile, access)
    achievement = Achievement(
        id=new_id(),
        organisation=access.organisation,
        profile_id=profile.id,
        state="draft",
        draft=documents.checked_draft(given.achievement),
        draft_contexts=given.contexts,
        latest=0,
        duplicates=given.duplicates,
        suspendable=given.suspendable,
        proof_format=given.proof_format,
        claim_days=given.claim_days,
        external_id=given.external_id,
        custom=given.metadata,
        event_sequence=0,
        version=1,
        created_at=now,
        created_by=access.actor,
        updated_at=now,
        updated_by=access.actor,
    )
    _drafted(context, achievement, profile)
    await _ensure_key(context, access, achievement, session)
    session.add(achievement)
    await session.flush()
    return await _shown(context, session, achievement)


async def change(
    context: Context,
    access: Access,
    achievement_id: str,
    given: AchievementChange,
    precondition: Precondition,
    session: WriteSession,
) -> tuple[AchievementOut, int]:
    """Change the draft, or begin the next version's; the envelope's rules hold for awards from now on."""
    achievement = await _locked(session, achievement_id, access)
    precondition.check(achievement.version)
    profile = await profiles.usable(session, achievement.profile_id, access)
    named = given.model_fields_set
    if given.achievement is not None or given.contexts is not None:
        await _begin_draft(session, achievement)
        if given.achievement is not None:
            achievement.draft = documents.checked_draft(given.achievement)
        if given.contexts is not None:
            achievement.draft_contexts = given.contexts
        _drafted(context, achievement, profile)
    for field in ("duplicates", "suspendable", "claim_days", "external_id"):
        if field in named and (getattr(given, field) is not None or field in {"claim_days", "external_id"}):
            setattr(achievement, field, getattr(given, field))
    if "proof_format" in named:
        achievement.proof_format = given.proof_format
        await _ensure_key(context, access, achievement, session)
    if "metadata" in named:
        achievement.custom = given.metadata
    _touch(context, achievement, access)
    return await _shown(context, session, achievement), achievement.version


async def _ensure_key(
    context: Context, access: Access, achievement: Achievement, session: WriteSession
) -> None:
    """Its profile has a key for the achievement's own format from now on, so that awards find one."""
    if achievement.proof_format is not None:
        form = format_named(achievement.proof_format)
        await keys.ensure(context, session, achievement.profile_id, form, access.actor, context.clock())


async def set_image(
    context: Context, access: Access, achievement_id: str, content: bytes, caption: str, session: WriteSession
) -> tuple[AchievementOut, int]:
    """An uploaded image for the draft, with its alternative text. Raises InvalidImage."""
    media_type, cleaned = images.cleaned(content)
    achievement = await _locked(session, achievement_id, access)
    sha256 = hashlib.sha256(cleaned).hexdigest()
    if await store.image(session, achievement.id, sha256) is None:
        session.add(
            AchievementImage(
                achievement_id=achievement.id,
                sha256=sha256,
                media_type=media_type,
                content=cleaned,
                created_at=context.clock(),
                created_by=access.actor,
            )
        )
    await _begin_draft(session, achievement)
    achievement.draft_image, achievement.draft_caption = sha256, caption
    _touch(context, achievement, access)
    await session.flush()
    return await _shown(context, session, achievement), achievement.version


async def remove_image(
    context: Context, access: Access, achievement_id: str, session: WriteSession
) -> tuple[AchievementOut, int]:
    """Back to the drawn default."""
    achievement = await _locked(session, achievement_id, access)
    await _begin_draft(session, achievement)
    achievement.draft_image = achievement.draft_caption = None
    _touch(context, achievement, access)
    return await _shown(context, session, achievement), achievement.version


async def publish(
    context: Context, access: Access, achievement_id: str, session: WriteSession
) -> AchievementOut:
    """The draft becomes the next version, under a permanent id. Raises NothingToPublish, InvalidAchievement."""
    achievement = await _locked(session, achievement_id, access)
    profile = await profiles.usable(session, achievement.profile_id, access)
    if achievement.draft is None:
        raise NothingToPublish("Change the achievement first; the latest version is published already.")
    whole = _drafted(context, achievement, profile)
    number = achievement.latest + 1
    version = AchievementVersion(
        achievement_id=achievement.id,
        number=number,
        uri=whole["id"],
        name=whole["name"],
        contexts=achievement.draft_contexts or [],
        document=whole,
        image=achievement.draft_image,
        published_at=context.clock(),
        published_by=access.actor,
    )
    session.add(version)
    await session.flush()
    for row in documents.rubric_rows(version):
        session.add(row)
        await session.flush()
    achievement.latest, achievement.state = number, "published"
    achievement.draft = achievement.draft_contexts = achievement.draft_image = achievement.draft_caption = (
        None
    )
    _touch(context, achievement, access)
    await context.outbox.add(session, events.published(achievement, version, profile, context.public_url))
    return await _shown(context, session, achievement)


async def archive(
    context: Context, access: Access, achievement_id: str, session: WriteSession
) -> AchievementOut:
    """Nothing more is awarded of it; its versions stay where they are. Raises AchievementArchived."""
    achievement = await _locked(session, achievement_id, access)
    was_published = achievement.latest > 0
    achievement.state, achievement.archived_at = "archived", context.clock()
    _touch(context, achievement, access)
    if was_published:
        await context.outbox.add(session, events.archived(achievement, context.public_url))
    return await _shown(context, session, achievement)


async def read(context: Context, access: Access, achievement_id: str) -> tuple[AchievementOut, int]:
    """The achievement and its version."""
    async with context.db.read() as session:
        achievement = await store.get_owned(session, achievement_id, access.organisation)
        if achievement is None:
            raise NotFound("Your organisation has no such achievement.")
        return await _shown(context, session, achievement), achievement.version


async def listed(
    context: Context, access: Access, after: str | None, limit: int, state: str | None, profile: str | None
) -> list[AchievementOut]:
    async with context.db.read() as session:
        found = await store.page(session, access.organisation, after, limit, state, profile)
        return [await _shown(context, session, achievement) for achievement in found]


async def _locked(session: WriteSession, achievement_id: str, access: Access) -> Achievement:
    achievement = await store.lock_owned(session, achievement_id, access.organisation)
    if achievement is None:
        raise NotFound("Your organisation has no such achievement.")
    if achievement.state == "archived":
        raise AchievementArchived("An archived achievement does not change; make a new one.")
    return achievement


async def _begin_draft(session: ReadSession, achievement: Achievement) -> None:
    """The next version begins as a copy of the latest, so that only what is named changes."""
    if achievement.draft is not None:
        return
    latest = await store.version(session, achievement.id, achievement.latest)
    assert latest is not None  # without a draft there is a published version
    achievement.draft = _as_draft(latest, achievement.latest)
    achievement.draft_contexts = latest.contexts
    achievement.draft_image = latest.image
    if latest.image is not None:
        achievement.draft_caption = latest.document["image"].get("caption")


def _as_draft(version: AchievementVersion, number: int) -> dict[str, Any]:
    """A published document as its owner would write it: what was filled in for this version is left out again."""
    draft = {name: value for name, value in version.document.items() if name != "id"}
    own_image = version.document["image"]["id"].startswith(version.uri + "/")
    if own_image:
        del draft["image"]
    if draft.get("version") == str(number):
        del draft["version"]
    if "resultDescription" in draft:
        draft["resultDescription"] = _relative(draft["resultDescription"], version.uri)
    return draft


def _relative(value: Any, uri: str) -> Any:
    if isinstance(value, dict):
        return {name: _relative(each, uri) for name, each in value.items()}
    if isinstance(value, list):
        return [_relative(each, uri) for each in value]
    return value.removeprefix(uri) if isinstance(value, str) and value.startswith(uri + "#") else value


def _drafted(context: Context, achievement: Achievement, profile: Profile) -> dict[str, Any]:
    """The draft as the document it would be published as, linted. Raises InvalidAchievement, UnknownContext."""
    assert achievement.draft is not None
    whole = _preview(context, achievement, profile)
    lint(
        "Achievement",
        whole,
        contexts=context.contexts,
        extra=achievement.draft_contexts or (),
        refusal=InvalidAchievement,
        base="/achievement",
    )
    documents.check_rubric(whole)
    return whole


def _preview(context: Context, achievement: Achievement, profile: Profile) -> dict[str, Any]:
    assert achievement.draft is not None
    number = achievement.latest + 1
    uri = documents.version_url(context.public_url, achievement.id, number)
    name = achievement.draft.get("name")
    caption = achievement.draft_caption or f"Badge: {name}"
    draft = achievement.draft
    if achievement.draft_image is not None:
        draft = {key: value for key, value in draft.items() if key != "image"}
    return documents.document(
        draft, uri=uri, number=number, profile=profile, picture=documents.Picture(f"{uri}/image", caption)
    )


def _touch(context: Context, achievement: Achievement, access: Access) -> None:
    achievement.version += 1
    achievement.updated_at, achievement.updated_by = context.clock(), access.actor


async def _shown(context: Context, session: ReadSession, achievement: Achievement) -> AchievementOut:
    published = await store.versions(session, achievement.id)
    if achievement.draft is not None:
        profile = await profile_store.get(session, achievement.profile_id)
        assert profile is not None  # a foreign key
        document = _preview(context, achievement, profile)
        contexts = achievement.draft_contexts or []
    else:
        document, contexts = published[-1].document, published[-1].contexts
    return AchievementOut(
        id=achievement.id,
        url=documents.achievement_url(context.public_url, achievement.id),
        profile=achievement.profile_id,
        state=achievement.state,  # type: ignore[arg-type]  # only these three are ever written
        has_draft=achievement.draft is not None,
        achievement=document,
        contexts=contexts,
        versions=[
            VersionOut(
                number=version.number,
                id=version.uri,
                name=version.name,
                published_at=version.published_at,
                published_by=version.published_by,
            )
            for version in published
        ],
        duplicates=achievement.duplicates,  # type: ignore[arg-type]  # validated when it came in
        suspendable=achievement.suspendable,
        proof_format=achievement.proof_format,  # type: ignore[arg-type]  # validated when it came in
        claim_days=achievement.claim_days,
        external_id=achievement.external_id,
        metadata=achievement.custom,
        created_at=achievement.created_at,
        created_by=achievement.created_by,
        updated_at=achievement.updated_at,
        updated_by=achievement.updated_by,
        archived_at=achievement.archived_at,
    )
