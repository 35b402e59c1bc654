"""What the issuer owns, for its digest: credentials, profiles, achievements."""

from collections.abc import AsyncIterator, Iterator

from services.issuer.achievements import store as achievements
from services.issuer.achievements.documents import achievement_url
from services.issuer.awards import store as awards
from services.issuer.awards.events import credential_url
from services.issuer.awards.store import Award, Credential
from services.issuer.context import Context
from services.issuer.profiles import store as profiles
from shared.messaging.digest import hashed
from shared.process.facts import Fact

_BATCH = 500


async def facts(context: Context) -> AsyncIterator[Fact]:
    """One per award, open or closed profile, and published achievement, read in batches."""
    async for fact in _credentials(context):
        yield fact
    async for fact in _profiles(context):
        yield fact
    async for fact in _achievements(context):
        yield fact


async def _credentials(context: Context) -> AsyncIterator[Fact]:
    after = ""
    while True:
        async with context.db.read() as session:
            found = await awards.after(session, after, _BATCH)
            made = list(_of_awards(context, found))
        for fact in made:
            yield fact
        if len(found) < _BATCH:
            return
        after = found[-1][0].id


def _of_awards(context: Context, found: list[tuple[Award, Credential | None]]) -> Iterator[Fact]:
    for award, credential in found:
        state = "valid" if award.state == "issued" else award.state
        yield Fact(
            own=True,
            of="credential",
            subject=hashed(credential_url(context.public_url, award.id)),
            state=state if award.erased_at is None else "erased",
            sha256=None if credential is None else credential.sha256,
            name=award.id,
        )


async def _profiles(context: Context) -> AsyncIterator[Fact]:
    after = ""
    while True:
        async with context.db.read() as session:
            found = await profiles.after(session, after, _BATCH)
        for profile in found:
            yield Fact(True, "profile", hashed(profile.did), profile.state, name=profile.did)
        if len(found) < _BATCH:
            return
        after = found[-1].id


async def _achievements(context: Context) -> AsyncIterator[Fact]:
    after = ""
    while True:
        async with context.db.read() as session:
            found = await achievements.published_after(session, after, _BATCH)
        for achievement, newest in found:
            uri = achievement_url(context.public_url, achievement.id)
            yield Fact(True, "achievement", hashed(uri), achievement.state, hashed(newest), name=uri)
        if len(found) < _BATCH:
            return
        after = found[-1][0].id
