"""Checking what is stored, read-only: every document opens, has its digest, and every credential still verifies."""

import hashlib
from collections.abc import AsyncIterator

from sqlalchemy import select

from services.backpack.context import Context
from services.backpack.credentials import keeping, store
from services.backpack.credentials.store import Credential, Document
from services.backpack.shares import store as shares
from services.backpack.shares.parts import part_at
from services.backpack.shares.store import SharedCredential
from services.backpack.verification import judge
from shared.db import CannotOpen
from shared.vc.errors import VcError

_BATCH = 100


async def damaged(context: Context) -> list[str]:
    """One sentence per thing that is wrong. A badge whose issuer is out of reach or has revoked it is not damaged."""
    wrong: list[str] = []
    async for credential in _credentials(context):
        wrong += await _check(context, credential)
    return wrong


async def _credentials(context: Context) -> AsyncIterator[Credential]:
    """All of them, in batches: a snapshot is not held open for the whole check."""
    last = ""
    while True:
        found = select(Credential).where(Credential.id > last).order_by(Credential.id).limit(_BATCH)
        async with context.db.read() as session:
            batch = (await session.execute(found)).scalars().all()
        for credential in batch:
            yield credential
        if len(batch) < _BATCH:
            return
        last = batch[-1].id


async def _check(context: Context, credential: Credential) -> list[str]:
    async with context.db.read() as session:
        documents = {each.kind: each for each in await store.documents(session, credential.id)}
        shown = await shares.parts_of(session, credential.id)
    name = f"credential {credential.id}"
    wrong = [
        f"{name}: it has no {kind}" for kind in (store.CREDENTIAL, store.REPORT) if kind not in documents
    ]
    opened: dict[str, bytes] = {}
    for kind, document in documents.items():
        content = _opened(context, document)
        if content is None:
            wrong.append(f"{name}: its {kind} does not open with the keys at hand")
        elif hashlib.sha256(content).hexdigest() != document.sha256:
            wrong.append(f"{name}: its {kind} is not what was stored")
        else:
            opened[kind] = content
    wrong += [
        f"{name}: share {at.share_id} cannot show its part of it" for at in shown if not _opens(context, at)
    ]
    if store.CREDENTIAL in opened:
        wrong += await _verify(context, credential, opened[store.CREDENTIAL])
    return wrong


def _opened(context: Context, document: Document) -> bytes | None:
    try:
        return keeping.content_of(context.vault, document)
    except CannotOpen:
        return None


def _opens(context: Context, at: SharedCredential) -> bool:
    try:
        return part_at(context.vault, at) is not None
    except (CannotOpen, VcError):
        return False


async def _verify(context: Context, credential: Credential, content: bytes) -> list[str]:
    name = f"credential {credential.id}"
    if hashlib.sha256(content).hexdigest() != credential.sha256:
        return [f"{name}: its text is not the one it was kept for"]
    judgement = judge(await context.checker.check(content))
    if judgement.genuine or judgement.later:
        return []
    cause = "it is not proven" if judgement.cause is None else judgement.cause.code
    return [f"{name}: it does not verify any more ({cause})"]
