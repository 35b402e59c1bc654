"""What a share shows of a badge whose holder chooses: derived when the share is opened, and the same till it is closed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.backpack.context import Context
from services.backpack.credentials import disclosing, keeping
from services.backpack.credentials import store as credentials
from services.backpack.credentials.store import Credential
from services.backpack.errors import CannotShare
from services.backpack.shares import store
from services.backpack.shares.schemas import ShareIn
from services.backpack.shares.store import SharedCredential
from services.backpack.vault import Vault
from shared.db import WriteSession
from shared.http.problems import FieldError, InvalidRequest
from shared.vc.errors import VcError
from shared.vc.verify.projection import project

_PART = "share_credential.part"


@dataclass(frozen=True)
class Part:
    """The badge that is shown instead of the one that is kept."""

    text: str
    says: Mapping[str, Any]
    """As a report's `credential` says it."""

    @property
    def has_picture(self) -> bool:
        """Whether the picture is among what is shown."""
        achievement = self.says.get("achievement") or {}
        return achievement.get("image") is not None or self.says.get("image") is not None


@dataclass(frozen=True)
class Chosen:
    """What is to be shown of one badge."""

    text: str
    revealed: list[str]


async def choose(context: Context, learner_id: str, given: ShareIn) -> dict[str, Chosen]:
    """Derive what a new share shows of each selective badge in it, by the badge's row.

    Raises InvalidRequest for what cannot be chosen of a badge, CannotShare when nothing that holds can be derived.
    """
    texts = await _texts(context, learner_id, given.credentials)
    _check(given, texts)
    return {
        row: await _derived(context, given, row, text, sorted(set(given.reveal.get(row, ()))))
        for row, text in texts.items()
    }


async def _texts(context: Context, learner_id: str, wanted: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    async with context.db.read() as session:
        for row in await credentials.by_ids(session, learner_id, wanted):
            document = (
                await credentials.document(session, row.id, credentials.CREDENTIAL) if row.selective else None
            )
            if document is not None:
                found[row.id] = keeping.content_of(context.vault, document).decode()
    return found


def _check(given: ShareIn, texts: Mapping[str, str]) -> None:
    errors = []
    for row, pointers in given.reveal.items():
        known = {claim.pointer for claim in disclosing.claims_of(texts[row])} if row in texts else set()
        if row not in given.credentials:
            errors.append(FieldError(f"/reveal/{row}", "is not among the badges"))
        elif row not in texts and pointers:
            errors.append(FieldError(f"/reveal/{row}", "is shown whole: its form leaves no choice"))
        errors += [
            FieldError(f"/reveal/{row}/{number}", "is none of the badge's claims")
            for number, pointer in enumerate(pointers)
            if row in texts and pointer not in known
        ]
    if errors:
        raise InvalidRequest("Choose among the `claims` of selective badges.", errors=errors)


async def _derived(context: Context, given: ShareIn, row: str, text: str, pointers: Sequence[str]) -> Chosen:
    try:
        part = await asyncio.to_thread(disclosing.part_of, text, pointers, context.contexts)
    except VcError as error:
        where = f"/credentials/{given.credentials.index(row)}"
        raise CannotShare(
            "Choose other parts of it.", errors=[FieldError(where, f"cannot be shown so: {error.reason}")]
        ) from error
    return Chosen(part, list(pointers))


def place(vault: Vault, share_id: str, position: int, row: str, chosen: Chosen | None) -> SharedCredential:
    """A badge's place in a share."""
    made = SharedCredential(share_id=share_id, position=position, credential_row=row)
    if chosen is not None:
        made.revealed = chosen.revealed
        made.part = _sealed(vault, made, chosen.text)
    return made


def part_at(vault: Vault, at: SharedCredential) -> Part | None:
    """What is shown there instead of the badge; None for one that is shown whole."""
    if at.part is None:
        return None
    text = vault.open_text(at.part, column=_PART, row=_row(at))
    return Part(text, project(disclosing.document_of(text)))


async def keep_as_shown(session: WriteSession, vault: Vault, credential: Credential, text: str) -> None:
    """Let open shares go on showing this text, when the badge's row is about to hold a fuller one."""
    for at in await store.whole_places_of(session, credential.id):
        at.revealed = []
        at.part = _sealed(vault, at, text)


def _sealed(vault: Vault, at: SharedCredential, text: str) -> bytes:
    return vault.seal_text(text, column=_PART, row=_row(at))


def _row(at: SharedCredential) -> str:
    return f"{at.share_id}/{at.position}"
