"""The worker that takes mails out of the queue and out of the house."""

import asyncio
from email.utils import parseaddr

from shared.clock import Clock
from shared.db import Database
from shared.mail.outgoing import Mailer, MailRefused, MailUnreachable
from shared.mail.queue import MailQueue, QueuedMail
from shared.observability.logs import get_logger
from shared.observability.metrics import mails

_log = get_logger("shared.mail")
_BATCH = 5  # at 30 seconds each at worst, well within the lease
_POLL_SECONDS = 1.0  # mail that another process added: somebody waits for it


class MailSender:
    """A worker's `run`; any number of them share the queue. Every mail goes out at least once, under one Message-ID."""

    def __init__(self, db: Database, queue: MailQueue, mailer: Mailer, *, sender: str, clock: Clock) -> None:
        self._db = db
        self._queue = queue
        self._mailer = mailer
        self._sender = sender
        self._clock = clock
        self._woken = asyncio.Event()
        queue.on_added(self._woken.set)

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            self._woken.clear()
            if not (await self._anything_due() and await self.send_due()):
                try:
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    continue

    async def _anything_due(self) -> bool:
        """Looked for without writing: an idle sender takes nobody's turn."""
        async with self._db.read() as session:
            return await self._queue.anything_due(session)

    async def send_due(self) -> int:
        """Send the mails that are due now, a few; how many were tried."""
        async with self._db.write() as session:
            claimed = await self._queue.claim(session, _BATCH)
            await self._queue.forget_old(session)
        for mail in claimed:
            await self._send(mail)
        return len(claimed)

    async def _send(self, mail: QueuedMail) -> None:
        host = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        email = mail.message.to_email(
            sender=self._sender, message_id=f"<{mail.id}@{host}>", date=self._clock()
        )
        try:
            await self._mailer.send(email)
        except MailRefused as refused:
            mails.labels("refused").inc()
            _log.warning("mail.refused", mail=mail.id, reason=str(refused))
            async with self._db.write() as session:
                await self._queue.finish(session, mail, failure=str(refused))
        except MailUnreachable as unreachable:
            mails.labels("postponed").inc()
            _log.warning("mail.postponed", mail=mail.id, attempts=mail.attempts, reason=str(unreachable))
            async with self._db.write() as session:
                await self._queue.postpone(session, mail, str(unreachable))
        else:
            mails.labels("sent").inc()
            async with self._db.write() as session:
                await self._queue.finish(session, mail)
