"""The mail queue: a table of the service, its contents encrypted, emptied as mails go out."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    select,
    update,
)

from shared.clock import Clock
from shared.db import Instant, KeyEncryption, ReadSession, WriteSession, new_id, on_commit
from shared.mail.message import Message

LEASE = timedelta(minutes=3)
"""Longer than a batch of the sender can take."""
MAX_ATTEMPTS = 12
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=6)
KEPT = timedelta(days=30)


def mail_table(metadata: MetaData) -> Table:
    """The service's table `mail`."""
    table = Table(
        "mail",
        metadata,
        Column("id", String(32), primary_key=True),
        Column("about", String(100), index=True),  # whose mail it is, by an id of ours: for erasing
        Column("content", LargeBinary),  # sealed; gone once sent, refused or given up
        Column("state", String(6), nullable=False),  # queued, sent, failed
        Column("attempts", Integer, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Column("due_at", Instant(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("finished_at", Instant()),
        Column("failure", String(200)),
    )
    Index("ix_mail_state_due_at", table.c.state, table.c.due_at)
    return table


@dataclass(frozen=True)
class QueuedMail:
    """A mail that this process may send until its lease runs out."""

    id: str
    epoch: int
    attempts: int
    message: Message


class MailQueue:
    """Mails of one service. `add` in the transaction of what the mail tells of: it is sent if and only if that commits."""

    def __init__(self, table: Table, vault: KeyEncryption, clock: Clock) -> None:
        self._table = table
        self._vault = vault
        self._clock = clock
        self._wake: Callable[[], None] | None = None

    def on_added(self, wake: Callable[[], None]) -> None:
        """What to call after a commit that added mail."""
        self._wake = wake

    async def add(self, session: WriteSession, message: Message, *, about: str | None = None) -> str:
        """Queue a mail; its id. `about` is an id of ours (a learner's, a member's) by which `erase` finds it."""
        mail, now = new_id(), self._clock()
        content = self._vault.seal(json.dumps(asdict(message)).encode(), table="mail", row=mail)
        values = {
            "id": mail,
            "about": about,
            "content": content,
            "state": "queued",
            "attempts": 0,
            "epoch": 0,
        }
        await session.execute(self._table.insert().values(**values, due_at=now, created_at=now))
        if self._wake is not None:
            on_commit(session, self._wake)
        return mail

    async def erase(self, session: WriteSession, about: str) -> None:
        """Remove every mail about this id, sent or not."""
        await session.execute(delete(self._table).where(self._table.c.about == about))

    async def counts(self, session: ReadSession) -> dict[str, int]:
        """How many mails are in which state."""
        found = await session.execute(select(self._table.c.state, func.count()).group_by(self._table.c.state))
        return {str(state): int(count) for state, count in found.all()}

    # --- the sender ---

    async def anything_due(self, session: ReadSession) -> bool:
        """Whether there is a mail to claim now."""
        due = select(self._table.c.id).where(
            self._table.c.state == "queued", self._table.c.due_at <= self._clock()
        )
        return (await session.execute(due.limit(1))).first() is not None

    async def claim(self, session: WriteSession, limit: int) -> Sequence[QueuedMail]:
        """Mails that are due, leased to the caller; a mail whose sender died becomes due again."""
        now, table = self._clock(), self._table
        due = (
            select(table)
            .where(table.c.state == "queued", table.c.due_at <= now)
            .order_by(table.c.due_at)
            .limit(limit)
        )
        found = (await session.execute(due.with_for_update(skip_locked=True))).all()
        claimed = []
        for row in found:
            content = json.loads(self._vault.open(row.content, table="mail", row=row.id))
            claimed.append(QueuedMail(row.id, row.epoch + 1, row.attempts + 1, Message(**content)))
            values = {"epoch": row.epoch + 1, "attempts": row.attempts + 1, "due_at": now + LEASE}
            await session.execute(update(table).where(table.c.id == row.id).values(values))
        return claimed

    async def finish(self, session: WriteSession, mail: QueuedMail, *, failure: str | None = None) -> None:
        """It is sent, or (with the failure) never will be. Its content is removed."""
        state = "sent" if failure is None else "failed"
        values = {"state": state, "content": None, "failure": failure, "finished_at": self._clock()}
        await self._update(session, mail, values)

    async def postpone(self, session: WriteSession, mail: QueuedMail, failure: str) -> None:
        """Not now: later, twice as late each time; after twelve attempts (about a day) never."""
        if mail.attempts >= MAX_ATTEMPTS:
            await self.finish(session, mail, failure=failure)
            return
        pause = min(_FIRST_PAUSE * 2 ** (mail.attempts - 1), _LONGEST_PAUSE)
        await self._update(session, mail, {"due_at": self._clock() + pause, "failure": failure})

    async def _update(self, session: WriteSession, mail: QueuedMail, values: Mapping[str, object]) -> None:
        """Only with the lease: another sender may have taken over."""
        here = (
            (self._table.c.id == mail.id)
            & (self._table.c.epoch == mail.epoch)
            & (self._table.c.state == "queued")
        )
        await session.execute(update(self._table).where(here).values(values))

    async def forget_old(self, session: WriteSession) -> None:
        """Remove what was sent or given up more than thirty days ago."""
        await session.execute(delete(self._table).where(self._table.c.finished_at < self._clock() - KEPT))
