"""Signing with a profile's key: sign, then verify what was signed, then give the exact bytes (decision 8)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.issuer.context import Context
from services.issuer.keys import proofs, store
from services.issuer.keys.formats import DEFAULT, FORMATS, Format
from services.issuer.profiles.documents import jwt_key_id, verification_method
from services.issuer.profiles.store import Profile
from shared.db import WriteSession
from shared.vc.contexts import ContextStore
from shared.vc.errors import BudgetExceeded, VcError
from shared.vc.keys import Algorithm, SigningKey

TABLE = store.SigningKey.__tablename__
_SLICE = 16
"""Signatures made in one go away from the event loop."""


class SignatureNotGood(Exception):
    """What was just signed does not verify: a fault of ours, never of the caller's."""


@dataclass(frozen=True)
class Signer:
    """A profile's key, opened for signing in one format."""

    key_id: str
    method: str
    """The verification method as it stands in proofs, or in the header of a JWT."""
    secret: SigningKey
    format: Format = FORMATS[DEFAULT]


class KeyMissing(Exception):
    """The profile has no key for a format that it was not asked to sign in before."""


def opened(
    context: Context, profile: Profile, key: store.SigningKey, form: Format = FORMATS[DEFAULT]
) -> Signer:
    """The key, ready to sign."""
    plain = context.sealing.open(key.sealed, table=TABLE, row=key.id)
    secret = SigningKey.from_secret(Algorithm(key.algorithm), plain)
    method = jwt_key_id(profile.did, key) if form.is_jwt else verification_method(profile.did, key)
    return Signer(key.id, method, secret, form)


async def signer(
    context: Context, session: WriteSession, profile: Profile, form: Format = FORMATS[DEFAULT]
) -> Signer:
    """The profile's active key for a format; it cannot be declared compromised until the transaction ends.

    Raises KeyMissing; every profile has the key of the default format.
    """
    key = await store.active(session, profile.id, form.algorithm)
    if key is None:
        raise KeyMissing(form.name)
    return opened(context, profile, key, form)


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
    body = proofs.sign(document, by.format, key=by.secret, method=by.method, now=now, contexts=contexts)
    try:
        proofs.check_signed(body, by.format, by.secret.public, contexts)
    except BudgetExceeded:
        raise  # nobody would verify it: that is for the caller to hear
    except VcError as error:
        raise SignatureNotGood(str(error)) from error
    return body
