"""The private events of awards: kept in the outbox as references, written out when they are published (decision 13)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from services.issuer.achievements.store import AchievementVersion
from services.issuer.awards import store
from services.issuer.awards.store import Award, AwardChange, Credential
from services.issuer.profiles.store import Profile
from shared.clock import to_rfc3339
from shared.contracts import schema_url
from shared.db import ReadSession
from shared.messaging.outbox import Outgoing
from shared.messaging.relay import OutboxRow
from shared.messaging.topics import CREDENTIALS

_ISSUED = "org.confer.credential.issued.v1"


def credential_url(public_url: str, award_id: str) -> str:
    """The id of an award's credential, which is also its address."""
    return f"{public_url}/credentials/{award_id}"


def award_id_of(public_url: str, credential: str) -> str | None:
    """The award behind a credential's id, None if the credential is not of this issuer."""
    prefix = credential_url(public_url, "")
    return credential.removeprefix(prefix) if credential.startswith(prefix) else None


def issued(award: Award, public_url: str) -> Outgoing:
    return _outgoing(award, _ISSUED, public_url)


def changed(award: Award, change: AwardChange, public_url: str) -> Outgoing:
    return _outgoing(award, f"org.confer.credential.{change.verb}.v1", public_url)


def _outgoing(award: Award, event_type: str, public_url: str) -> Outgoing:
    return Outgoing(
        topic=CREDENTIALS.name,
        subject=credential_url(public_url, award.id),
        type=event_type,
        organisation=award.organisation,
        sequence=award.event_sequence,
        reference=award.id,
        dataschema=schema_url(public_url, event_type),
    )


class Expansion:
    """Reads what private events say at the moment they are published."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    async def __call__(
        self, session: ReadSession, rows: Sequence[OutboxRow]
    ) -> Mapping[str, Mapping[str, Any] | None]:
        """The data of each row, None where the recipient's data were erased meanwhile."""
        ids = sorted({row.reference for row in rows if row.reference})
        told = await self._awards(session, ids)
        keys = [(row.reference, row.sequence) for row in rows if row.reference and row.type != _ISSUED]
        changes = await store.changes_by_key(session, keys)
        return {row.id: self._data(row, told, changes) for row in rows}

    async def _awards(
        self, session: ReadSession, ids: Sequence[str]
    ) -> dict[str, tuple[Award, Credential, Profile, AchievementVersion]]:
        query = (
            select(Award, Credential, Profile, AchievementVersion)
            .join(Credential, Credential.award_id == Award.id)
            .join(Profile, Profile.id == Award.profile_id)
            .join(
                AchievementVersion,
                (AchievementVersion.achievement_id == Award.achievement_id)
                & (AchievementVersion.number == Award.number),
            )
            .where(Award.id.in_(ids))
        )
        found = await session.execute(query)
        return {
            award.id: (award, credential, profile, version) for award, credential, profile, version in found
        }

    def _data(
        self,
        row: OutboxRow,
        told: Mapping[str, tuple[Award, Credential, Profile, AchievementVersion]],
        changes: Mapping[tuple[str, int], AwardChange],
    ) -> dict[str, Any] | None:
        assert row.reference is not None  # every private event of ours has one
        award, credential, profile, version = told[row.reference]
        if row.type == _ISSUED:
            return _issued_data(award, credential, profile, version, row.subject)
        return self._change_data(changes[row.reference, row.sequence], award, row.subject)

    def _change_data(self, change: AwardChange, award: Award, credential: str) -> dict[str, Any]:
        data = {
            "credential": credential,
            "at": to_rfc3339(change.at),
            "code": change.code,
            "reason": change.reason,
            "by": change.replaced_by and credential_url(self._public_url, change.replaced_by),
            "external_id": award.external_id,
            "metadata": award.custom,
        }
        return {name: value for name, value in data.items() if value is not None}


def _issued_data(
    award: Award, credential: Credential, profile: Profile, version: AchievementVersion, url: str
) -> dict[str, Any] | None:
    if credential.body is None or award.recipient_identity is None:
        return None
    recipient = {
        "type": award.recipient_type,
        "identity": award.recipient_identity,
        "name": award.recipient_name,
    }
    data = {
        "credential": url,
        "award": award.id,
        "achievement": version.uri,
        "profile": profile.did,
        "profile_name": profile.document["name"],
        "achievement_name": version.name,
        "recipient": {name: value for name, value in recipient.items() if value is not None},
        "media_type": credential.media_type,
        "body": credential.body.decode(),
        "public": award.public,
        "claim_until": award.claim_until and to_rfc3339(award.claim_until),
        "external_id": award.external_id,
        "metadata": award.custom,
    }
    return {name: value for name, value in data.items() if value is not None}
