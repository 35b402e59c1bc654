"""The two kinds of database session, told apart by type.

A function that takes a `ReadSession` promises not to write; one that takes a `WriteSession` runs inside a
transaction that its caller commits. A `WriteSession` may be passed where a `ReadSession` is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NewType

from sqlalchemy.ext.asyncio import AsyncSession

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", ReadSession)

_AFTER_COMMIT = "confer.after_commit"


def on_commit(session: WriteSession, callback: Callable[[], None]) -> None:
    """Call `callback` once the transaction of `session` has been committed; never if it is rolled back.

    The callback must be quick and must not raise: the data are committed by then. The same callback given
    several times in one transaction is called once.
    """
    callbacks = session.info.setdefault(_AFTER_COMMIT, [])
    if callback not in callbacks:
        callbacks.append(callback)


def take_callbacks(session: ReadSession) -> list[Callable[[], None]]:
    """The callbacks registered by `on_commit`, taken out of the session."""
    taken: list[Callable[[], None]] = session.info.pop(_AFTER_COMMIT, [])
    return taken
