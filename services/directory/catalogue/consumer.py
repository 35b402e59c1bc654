"""From the issuer's public events to the catalogue's projections.

The inbox hands each event over once and in order per key, in the transaction that is passed along.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from services.directory.catalogue import store
from services.directory.catalogue.schemas import (
    AchievementArchivedHeard,
    AchievementHeard,
    KeyAddedHeard,
    KeyCompromisedHeard,
    KeyRetiredHeard,
    ProfileClosedHeard,
    ProfileHeard,
)
from shared.db import WriteSession
from shared.messaging import Event
from shared.messaging.consumer import Subscription, Unprocessable
from shared.messaging.topics import ACHIEVEMENTS, PROFILES

Heard = TypeVar("Heard", bound=BaseModel)


async def profile_announced(session: WriteSession, event: Event) -> None:
    """A profile was opened or changed."""
    heard = _read(ProfileHeard, event)
    entry = await session.get(store.IssuerEntry, heard.profile)
    if entry is None:
        entry = store.IssuerEntry(did=heard.profile, registered_at=event.time)
        session.add(entry)
    entry.organisation_id = event.organisation
    entry.name = heard.name
    entry.url = heard.url
    entry.description = heard.description
    entry.image = heard.image
    entry.email = heard.email
    entry.did_document = heard.did_document
    entry.test = heard.test
    entry.search_text = store.searchable(heard.name, heard.profile, heard.url, heard.description)
    entry.changed_at = event.time
    await session.flush()


async def profile_closed(session: WriteSession, event: Event) -> None:
    heard = _read(ProfileClosedHeard, event)
    await store.close_issuer(session, heard.profile, heard.at, heard.reason)


async def key_added(session: WriteSession, event: Event) -> None:
    heard = _read(KeyAddedHeard, event)
    session.add(
        store.IssuerKey(
            key=heard.key, did=heard.profile, algorithm=heard.algorithm, valid_from=heard.valid_from
        )
    )
    await session.flush()


async def key_retired(session: WriteSession, event: Event) -> None:
    heard = _read(KeyRetiredHeard, event)
    await store.retire_key(session, heard.key, heard.at)


async def key_compromised(session: WriteSession, event: Event) -> None:
    heard = _read(KeyCompromisedHeard, event)
    await store.compromise_key(session, heard.key, heard.at, heard.since)


async def achievement_published(session: WriteSession, event: Event) -> None:
    """A version was published; the catalogue shows the newest."""
    heard = _read(AchievementHeard, event)
    entry = await session.get(store.AchievementEntry, heard.achievement)
    if entry is None:
        entry = store.AchievementEntry(achievement=heard.achievement, published_at=event.time)
        session.add(entry)
    entry.version_id = heard.version_id
    entry.version = heard.version
    entry.did = heard.profile
    entry.name = heard.name
    entry.description = heard.description
    entry.achievement_type = heard.achievement_type
    entry.tags = heard.tags
    entry.image = heard.image
    entry.criteria = heard.criteria
    entry.search_text = store.searchable(
        heard.name, heard.achievement_type, " ".join(heard.tags), heard.description
    )
    entry.changed_at = event.time
    entry.archived_at = None
    await session.flush()


async def achievement_archived(session: WriteSession, event: Event) -> None:
    heard = _read(AchievementArchivedHeard, event)
    await store.archive_achievement(session, heard.achievement, heard.at)


def _read(model: type[Heard], event: Event) -> Heard:
    """The event's data as this service reads them. Raises Unprocessable, naming members but quoting nothing."""
    try:
        return model.model_validate(event.data)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, each["loc"])) for each in error.errors()[:5])
        raise Unprocessable(f"{event.type}: unreadable members: {wrong}") from error


CATALOGUE = Subscription(
    name="directory-catalogue",
    topics=(PROFILES, ACHIEVEMENTS),
    handlers={
        "org.confer.profile.registered.v1": profile_announced,
        "org.confer.profile.changed.v1": profile_announced,
        "org.confer.profile.closed.v1": profile_closed,
        "org.confer.key.added.v1": key_added,
        "org.confer.key.retired.v1": key_retired,
        "org.confer.key.compromised.v1": key_compromised,
        "org.confer.achievement.published.v1": achievement_published,
        "org.confer.achievement.archived.v1": achievement_archived,
    },
)
