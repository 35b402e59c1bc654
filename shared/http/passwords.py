"""Passwords: argon2id, at most two computations at once, never on the event loop."""

import asyncio
import functools
import weakref

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_LENGTH = 1_024
_hasher = PasswordHasher()  # RFC 9106's second recommended option: 64 MiB, 3 passes
# One computation takes 64 MiB: without a bound, a burst of sign-ins is an outage. Per loop, since tests have several.
_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


def _turn() -> asyncio.Semaphore:
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(2))


async def hash_password(password: str) -> str:
    """The argon2id encoding of a password, with its own salt and parameters. Raises ValueError over 1024 characters."""
    if len(password) > MAX_LENGTH:
        raise ValueError("the password is too long")
    async with _turn():
        return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(encoded: str | None, password: str) -> bool:
    """Whether the password is the one encoded. None (no such account) takes as long as a wrong password."""
    if len(password) > MAX_LENGTH:
        return False
    async with _turn():
        return await asyncio.to_thread(_verify, encoded, password)


def needs_rehash(encoded: str) -> bool:
    """Whether the parameters have been raised since: hash again at the next sign-in."""
    return _hasher.check_needs_rehash(encoded)


def _verify(encoded: str | None, password: str) -> bool:
    try:
        _hasher.verify(encoded or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return encoded is not None


@functools.cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")
