"""Giving and withdrawing consent. Withdrawing ends what stood on it."""

import json
from collections.abc import Sequence

from services.backpack.consents import store
from services.backpack.consents.schemas import ConsentOut
from services.backpack.consents.store import Consent
from services.backpack.consents.texts import CURRENT, TEXTS
from services.backpack.context import Context
from services.backpack.shares.ending import end_share
from services.backpack.shares.store import share_by_consent
from services.backpack.vault import Vault
from shared.db import WriteSession, encode_json, new_id
from shared.http.problems import NotFound

_SUBJECT = "consent.subject"


def give(
    context: Context, session: WriteSession, learner_id: str, *, purpose: str, credentials: Sequence[str]
) -> Consent:
    """Record that the learner agreed to the present text for these badges, in the caller's transaction."""
    row = new_id()
    consent = Consent(
        id=row,
        learner_id=learner_id,
        given_by=learner_id,
        on_behalf_of=None,
        purpose=purpose,
        subject=context.vault.seal_text(encode_json(list(credentials)), column=_SUBJECT, row=row),
        text_version=CURRENT[purpose],
        given_at=context.clock(),
        withdrawn_at=None,
    )
    session.add(consent)
    return consent


def shown(vault: Vault, consent: Consent) -> ConsentOut:
    return ConsentOut.model_validate(
        {
            **{name: getattr(consent, name) for name in ("id", "purpose", "text_version", "given_by")},
            "on_behalf_of": consent.on_behalf_of,
            "text": TEXTS[consent.text_version],
            "credentials": json.loads(vault.open(consent.subject, column=_SUBJECT, row=consent.id)),
            "given_at": consent.given_at,
            "withdrawn_at": consent.withdrawn_at,
        }
    )


async def list_of(context: Context, learner_id: str) -> list[ConsentOut]:
    async with context.db.read() as session:
        return [shown(context.vault, each) for each in await store.consents_of(session, learner_id)]


async def withdraw(context: Context, learner_id: str, consent_id: str) -> ConsentOut:
    """Withdraw a consent: the share that stands on it is closed with it. Raises NotFound."""
    async with context.db.write() as session:
        consent = await store.consent_of(session, learner_id, consent_id)
        if consent is None:
            raise NotFound("There is no such consent.")
        share = await share_by_consent(session, consent.id)
        if share is not None:
            await end_share(session, share, context.clock())
        return shown(context.vault, consent)
