"""Opening, changing and closing issuer profiles."""

from services.issuer.context import Context
from services.issuer.errors import InvalidProfile, ProfileClosed
from services.issuer.keys import service as keys
from services.issuer.keys import store as key_store
from services.issuer.keys.formats import DEFAULT, FORMATS, format_named
from services.issuer.linting import lint, refuse_keywords, without_nothing
from services.issuer.profiles import events, store
from services.issuer.profiles.documents import did_of, profile_url
from services.issuer.profiles.schemas import CloseIn, ProfileChange, ProfileIn, ProfileOut
from services.issuer.profiles.store import Profile
from services.issuer.status import service as status
from shared.clock import to_rfc3339
from shared.db import ReadSession, WriteSession, new_id
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.problems import FieldError, NotFound


async def open_profile(
    context: Context, access: Access, given: ProfileIn, session: WriteSession
) -> ProfileOut:
    """A new profile with its DID and its first key. Raises InvalidProfile."""
    now = context.clock()
    profile_id = new_id()
    profile = Profile(
        id=profile_id,
        organisation=access.organisation,
        did=did_of(context.public_url, profile_id),
        document=_checked(context, given.profile),
        proof_format=given.proof_format,
        state="active",
        test=access.test or context.settings.demonstration,
        external_id=given.external_id,
        custom=given.metadata,
        event_sequence=0,
        version=1,
        created_at=now,
        created_by=access.actor,
        updated_at=now,
        updated_by=access.actor,
    )
    session.add(profile)
    await session.flush()
    registered = events.outgoing(
        profile, "profile.registered", events.described(profile, context.public_url), context.public_url
    )
    await context.outbox.add(session, registered)
    # Its status lists are signed in the default format, whatever its badges are.
    await keys.make(context, session, profile, FORMATS[DEFAULT].algorithm, access.actor, now)
    await keys.ensure(context, session, profile.id, FORMATS[given.proof_format], access.actor, now)
    await status.open_lists(context, session, profile)
    return await _shown(context, session, profile)


async def change(
    context: Context,
    access: Access,
    profile_id: str,
    given: ProfileChange,
    precondition: Precondition,
    session: WriteSession,
) -> tuple[ProfileOut, int]:
    """The Profile anew; badges that were awarded keep what they say. Returns it with its version."""
    await _owned(session, profile_id, access)
    profile = await store.lock(session, profile_id)
    precondition.check(profile.version)
    if profile.state == "closed":
        raise ProfileClosed("A closed profile is not changed any more.")
    profile.document = _checked(context, given.profile)
    if given.proof_format is not None:
        profile.proof_format = given.proof_format
        await keys.ensure(
            context, session, profile.id, FORMATS[given.proof_format], access.actor, context.clock()
        )
    if "external_id" in given.model_fields_set:
        profile.external_id = given.external_id
    if "metadata" in given.model_fields_set:
        profile.custom = given.metadata
    _touch(context, profile, access)
    changed = events.outgoing(
        profile, "profile.changed", events.described(profile, context.public_url), context.public_url
    )
    await context.outbox.add(session, changed)
    return await _shown(context, session, profile), profile.version


async def close(
    context: Context, access: Access, profile_id: str, given: CloseIn, session: WriteSession
) -> ProfileOut:
    """The profile awards nothing more; its DID document and status lists stay. Raises ProfileClosed."""
    await _owned(session, profile_id, access)
    profile = await store.lock(session, profile_id)
    if profile.state == "closed":
        raise ProfileClosed("The profile is closed already.")
    profile.state, profile.closed_at, profile.closed_reason = "closed", context.clock(), given.reason
    _touch(context, profile, access)
    data = {"at": to_rfc3339(profile.closed_at)} | ({"reason": given.reason} if given.reason else {})
    closed = events.outgoing(profile, "profile.closed", data, context.public_url)
    await context.outbox.add(session, closed)
    return await _shown(context, session, profile)


async def read(context: Context, access: Access, profile_id: str) -> tuple[ProfileOut, int]:
    """The profile and its version."""
    async with context.db.read() as session:
        profile = await _owned(session, profile_id, access)
        return await _shown(context, session, profile), profile.version


async def listed(context: Context, access: Access, after: str | None, limit: int) -> list[ProfileOut]:
    async with context.db.read() as session:
        found = await store.page(session, access.organisation, after, limit)
        return [await _shown(context, session, profile) for profile in found]


async def usable(session: ReadSession, profile_id: str, access: Access) -> Profile:
    """A profile of the caller's organisation that can still award. Raises NotFound, ProfileClosed."""
    profile = await _owned(session, profile_id, access)
    if profile.state == "closed":
        raise ProfileClosed("This profile is closed; use another one of your organisation.")
    return profile


async def _owned(session: ReadSession, profile_id: str, access: Access) -> Profile:
    profile = await store.get_owned(session, profile_id, access.organisation)
    if profile is None:
        raise NotFound("Your organisation has no such profile.")
    return profile


def _touch(context: Context, profile: Profile, access: Access) -> None:
    profile.version += 1
    profile.updated_at, profile.updated_by = context.clock(), access.actor


def _checked(context: Context, given: dict[str, object]) -> dict[str, object]:
    """The Profile as it will be kept. Raises InvalidProfile."""
    ours = sorted({"id", "type"} & given.keys())
    if ours:
        raise InvalidProfile(
            "Leave these out: they are given here.",
            errors=[FieldError(f"/profile/{name}", "is given by the issuer") for name in ours],
        )
    refuse_keywords(given, "/profile", InvalidProfile)
    document: dict[str, object] = without_nothing(given)
    name = document.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InvalidProfile(
            "A profile needs a name that people can read.", errors=[FieldError("/profile/name", "is missing")]
        )
    # Any absolute id will do here: the DID is ours and is known to be one.
    whole = {"id": "did:web:profile.example", "type": ["Profile"], **document}
    lint("Profile", whole, contexts=context.contexts, refusal=InvalidProfile, base="/profile")
    return document


async def _shown(context: Context, session: ReadSession, profile: Profile) -> ProfileOut:
    form = format_named(profile.proof_format)
    active = next(
        key
        for key in await key_store.of_profile(session, profile.id)
        if key.state == "active" and key.algorithm == form.algorithm
    )
    return ProfileOut(
        id=profile.id,
        did=profile.did,
        url=profile_url(context.public_url, profile.id),
        organisation=profile.organisation,
        state=profile.state,  # type: ignore[arg-type]  # only these two are ever written
        profile={"id": profile.did, "type": ["Profile"], **profile.document},
        proof_format=form.name,
        key=keys.shown(profile, active),
        test=profile.test,
        closed_at=profile.closed_at,
        closed_reason=profile.closed_reason,
        external_id=profile.external_id,
        metadata=profile.custom,
        created_at=profile.created_at,
        created_by=profile.created_by,
        updated_at=profile.updated_at,
    )
