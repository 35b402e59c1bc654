"""Signing with a profile's key: sign, then verify what was signed, then give the exact bytes (decision 8)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.issuer.context import Context
from services.issuer.keys import store
from services.issuer.profiles.documents import verification_method
from services.issuer.profiles.store import Profile
from shared.db import WriteSession
from shared.vc import strict_json
from shared.vc.contexts import ContextStore
from shared.vc.errors import VcError
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity

ALGORITHM = Algorithm.ED25519
TABLE = store.SigningKey.__tablename__
_SLICE = 16
"""Signatures made in one go away from the event loop."""


class SignatureNotGood(Exception):
    """What was just signed does not verify: a fault of ours, never of the caller's."""


@dataclass(frozen=True)
class Signer:
    """A profile's key, opened for signing."""

    key_id: str
    method: str
    """The verification method as it stands in proofs."""
    secret: SigningKey


def opened(context: Context, profile: Profile, key: store.SigningKey) -> Signer:
    """The key, ready to sign."""
    plain = context.sealing.open(key.sealed, table=TABLE, row=key.id)
    return Signer(
        key.id, verification_method(profile.did, key), SigningKey.from_secret(Algorithm(key.algorithm), plain)
    )


async def signer(context: Context, session: WriteSession, profile: Profile) -> Signer:
    """The profile's active key; it cannot be declared compromised until the transaction ends."""
    return opened(context, profile, await store.active(session, profile.id))


async def sign_and_check(context: Context, by: Signer, document: dict[str, Any], now: datetime) -> bytes:
    """The signed document as the bytes that are kept and served. Raises SignatureNotGood."""
    return (await sign_all(context, by, [document], now))[0]


async def sign_all(
    context: Context, by: Signer, documents: Sequence[dict[str, Any]], now: datetime
) -> list[bytes]:
    """Sign many, in slices away from the event loop, so that other requests go on meanwhile."""
    signed: list[bytes] = []
    for first in range(0, len(documents), _SLICE):
        part = documents[first : first + _SLICE]
        signed += await asyncio.to_thread(_sign_slice, by, part, now, context.contexts)
    return signed


def _sign_slice(
    by: Signer, documents: Sequence[dict[str, Any]], now: datetime, contexts: ContextStore
) -> list[bytes]:
    return [_sign(by, document, now, contexts) for document in documents]


def _sign(by: Signer, document: dict[str, Any], now: datetime, contexts: ContextStore) -> bytes:
    secured = data_integrity.sign(
        document, key=by.secret, verification_method=by.method, created=now, store=contexts
    )
    # A list, as Open Badges' plain JSON schema wants it; one object passes only its JSON-LD variant.
    secured["proof"] = [secured["proof"]]
    body = strict_json.dumps(secured)
    _check(body, by, contexts)
    return body


def _check(body: bytes, by: Signer, contexts: ContextStore) -> None:
    """Read the bytes as a verifier would and check the proof over them. Raises SignatureNotGood."""
    try:
        document = strict_json.loads_object(body)
        (proof,) = data_integrity.proofs_of(document)
        data_integrity.verify(document, proof, by.secret.public, contexts)
    except VcError as error:
        raise SignatureNotGood(str(error)) from error
