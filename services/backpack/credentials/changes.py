"""What an issuer says about a credential after it was issued, put on what is held, and told to the holder."""

from dataclasses import dataclass
from datetime import datetime

from services.backpack.context import Context
from services.backpack.credentials import store
from services.backpack.credentials.status import StatusColumns, after
from services.backpack.credentials.store import Credential
from services.backpack.identifiers.reach import address_of
from services.backpack.notices import Notice
from services.backpack.vault import Vault
from shared.db import WriteSession

REASON = "credential.status_reason"


@dataclass(frozen=True)
class Change:
    """One event about a credential: revoked, suspended, reinstated or replaced."""

    verb: str
    at: datetime
    code: str | None = None
    reason: str | None = None
    by: str | None = None


def apply(vault: Vault, target: StatusColumns, change: Change, *, column: str, row: str) -> bool:
    """Put the change on the row. Returns whether its status is another now."""
    status = after(target.status, change.verb)
    if status == target.status:
        return False
    target.status = status
    target.status_at = change.at
    target.status_code = change.code
    target.status_reason = (
        None if change.reason is None else vault.seal_text(change.reason, column=column, row=row)
    )
    if change.by is not None:
        target.replaced_by = change.by
    return True


async def change_held(context: Context, session: WriteSession, key: str, change: Change) -> None:
    """Change every copy that is held of a credential, and mail its holders."""
    for credential in await store.all_by_key(session, key):
        await change_one(context, session, credential, change)


async def change_one(context: Context, session: WriteSession, credential: Credential, change: Change) -> None:
    """Change one held credential, in the caller's transaction, and mail its holder if it matters to her."""
    if not apply(context.vault, credential, change, column=REASON, row=credential.id):
        return
    credential.version += 1
    if credential.learner_id is None or credential.state == store.DECLINED:
        return
    address = await address_of(context.vault, session, credential.learner_id)
    if address is not None:
        await context.post.send(
            session,
            Notice.STATUS_CHANGED,
            to=address,
            about=credential.learner_id,
            badge=credential.name,
            issuer=credential.issuer_name or "The issuer",
            status=credential.status,
            reason=change.reason or "",
            id=credential.id,
        )


def reason_of(vault: Vault, credential: Credential) -> str | None:
    """The issuer's words to the holder."""
    if credential.status_reason is None:
        return None
    return vault.open_text(credential.status_reason, column=REASON, row=credential.id)
