"""Mail leaves if and only if what it tells of was committed; over real SMTP, or into a folder."""

import asyncio
import email
import logging
import ssl
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.message import Message as Parsed
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from pydantic import SecretStr
from sqlalchemy import select

from shared.db import Database, KeyEncryption, metadata_for
from shared.db.database import create_engine, writing
from shared.mail import (
    FolderMailer,
    Mailer,
    MailQueue,
    MailSender,
    MailUnreachable,
    Message,
    SmtpMailer,
    mail_table,
    mailer_for,
)
from shared.mail.queue import LEASE
from tests.harness.certificates import certify
from tests.harness.processes import free_port

pytestmark = pytest.mark.anyio
metadata = metadata_for()
table = mail_table(metadata)
ADDRESS = "ada@example.org"
SENDER = "Confer <badges@example.com>"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Inbox:
    """An SMTP server's handler: keeps what it takes; answers as told."""

    def __init__(self) -> None:
        self.taken: list[Parsed] = []
        self.answer = "250 OK"
        self.recipient_answer = "250 OK"
        self.secure: list[bool] = []

    async def handle_RCPT(self, _: Any, __: Session, envelope: Envelope, address: str, ___: Any) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, _: Any, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(email.message_from_bytes(envelope.content, policy=default))
            self.secure.append(session.ssl is not None)
        return self.answer


@contextmanager
def smtp(inbox: Inbox, **options: Any) -> Iterator[int]:
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    engine = writing(create_engine(database_url))
    async with engine.connect() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.commit()
    await engine.dispose()
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> MailQueue:
    return MailQueue(table, KeyEncryption.from_file(tmp_path / "kek", create=True), clock)


def sender(db: Database, queue: MailQueue, mailer: Mailer, clock: Clock) -> MailSender:
    return MailSender(db, queue, mailer, sender=SENDER, clock=clock)


async def add(db: Database, queue: MailQueue, to: str = ADDRESS, about: str | None = None) -> str:
    async with db.write() as session:
        return await queue.add(
            session, Message(to, "Your badge – a grüße", "Dear Ada,\nhere it is: ✓\n"), about=about
        )


async def add_and_undo(db: Database, queue: MailQueue) -> None:
    async with db.write() as session:
        await queue.add(session, Message(ADDRESS, "s", "t"))
        raise LookupError("undone")


async def row(db: Database, mail: str) -> Any:
    async with db.read() as session:
        return (await session.execute(select(table).where(table.c.id == mail))).one_or_none()


async def test_over_smtp(db: Database, queue: MailQueue, clock: Clock) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        worker = sender(db, queue, SmtpMailer.from_url(f"smtp://127.0.0.1:{port}"), clock)
        mail = await add(db, queue)
        assert await worker.send_due() == 1
        assert await worker.send_due() == 0
    (taken,) = inbox.taken
    assert (taken["To"], taken["From"], taken["Subject"]) == (ADDRESS, SENDER, "Your badge – a grüße")
    assert taken["Message-ID"] == f"<{mail}@example.com>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert isinstance(taken, EmailMessage)
    assert taken.get_content().replace("\r\n", "\n") == "Dear Ada,\nhere it is: ✓\n"
    kept = await row(db, mail)
    assert (kept.state, kept.content) == ("sent", None), "what is sent is kept no longer"


async def test_nothing_is_sent_that_was_not_committed(
    db: Database, queue: MailQueue, clock: Clock, tmp_path: Path
) -> None:
    worker = sender(db, queue, FolderMailer(tmp_path / "mail"), clock)
    with pytest.raises(LookupError):
        await add_and_undo(db, queue)
    assert await worker.send_due() == 0
    assert not (tmp_path / "mail").exists()


async def test_the_worker_wakes_up_when_mail_is_committed(
    db: Database, queue: MailQueue, clock: Clock, tmp_path: Path
) -> None:
    worker = sender(db, queue, FolderMailer(tmp_path / "mail"), clock)
    running = asyncio.create_task(worker.run())
    await add(db, queue)
    async with asyncio.timeout(4):  # less than the time after which it would look by itself
        while not list((tmp_path / "mail").glob("*.eml")):
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_addresses_are_not_readable_in_the_table(db: Database, queue: MailQueue) -> None:
    kept = await row(db, await add(db, queue))
    assert b"ada" not in kept.content
    assert "ada" not in str(kept).replace(str(kept.content), "")


async def test_erasing(db: Database, queue: MailQueue, clock: Clock, tmp_path: Path) -> None:
    mine, other = await add(db, queue, about="learner-1"), await add(db, queue, about="learner-2")
    async with db.write() as session:
        await queue.erase(session, "learner-1")
    assert await row(db, mine) is None
    assert (await row(db, other)).state == "queued"
    assert await sender(db, queue, FolderMailer(tmp_path / "mail"), clock).send_due() == 1


async def test_a_server_that_is_away_is_asked_again_later_and_in_the_end_no_more(
    db: Database, queue: MailQueue, clock: Clock
) -> None:
    worker = sender(db, queue, SmtpMailer.from_url(f"smtp://127.0.0.1:{free_port()}"), clock)
    mail = await add(db, queue)
    pauses = []
    while (await row(db, mail)).state == "queued":
        assert await worker.send_due() == 1
        kept = await row(db, mail)
        if kept.state == "queued":
            assert await worker.send_due() == 0, "not before its pause is over"
            pauses.append((kept.due_at - clock.now).total_seconds())
            clock.now = kept.due_at
    assert pauses[:4] == [10, 20, 40, 80]
    assert len(pauses) == 11
    kept = await row(db, mail)
    assert (kept.state, kept.content, kept.attempts) == ("failed", None, 12)


@pytest.mark.parametrize(
    ("where", "answer", "state"),
    [
        ("recipient_answer", f"550 5.1.1 <{ADDRESS}> unknown", "failed"),
        ("recipient_answer", f"450 4.2.1 <{ADDRESS}> busy", "queued"),
        ("answer", "554 no", "failed"),
        ("answer", "452 full", "queued"),
        ("answer", "530 authentication required", "queued"),
    ],
)
async def test_what_the_server_says(
    db: Database,
    queue: MailQueue,
    clock: Clock,
    where: str,
    answer: str,
    state: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="shared")
    inbox = Inbox()
    setattr(inbox, where, answer)
    with smtp(inbox) as port:
        mail = await add(db, queue)
        await sender(db, queue, SmtpMailer.from_url(f"smtp://127.0.0.1:{port}"), clock).send_due()
    kept = await row(db, mail)
    assert kept.state == state
    assert answer[:3] in kept.failure
    assert ADDRESS not in kept.failure
    assert not [
        record
        for record in caplog.records
        if record.name.startswith("shared") and "ada" in record.getMessage()
    ]


async def test_a_sender_that_died_is_replaced_and_the_id_stays_the_same(
    db: Database, queue: MailQueue, clock: Clock, tmp_path: Path
) -> None:
    mail = await add(db, queue)
    async with db.write() as session:
        (claimed,) = await queue.claim(session, 5)  # and then it dies
    worker = sender(db, queue, FolderMailer(tmp_path / "mail"), clock)
    assert await worker.send_due() == 0
    clock.now += LEASE + timedelta(seconds=1)
    assert await worker.send_due() == 1
    (path,) = (tmp_path / "mail").glob("*.eml")
    assert mail in path.read_text()
    async with db.write() as session:  # the first one was only slow, and says now that it failed
        await queue.finish(session, claimed, failure="late")
    assert (await row(db, mail)).state == "sent"


async def test_several_senders_send_each_mail_once(
    db: Database, queue: MailQueue, clock: Clock, tmp_path: Path
) -> None:
    for _ in range(12):
        await add(db, queue)
    worker = sender(db, queue, FolderMailer(tmp_path / "mail"), clock)
    await asyncio.gather(*(worker.send_due() for _ in range(6)))
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 12


async def test_the_folder(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="shared")
    folder = tmp_path / "deep" / "mail"
    mailer = mailer_for(SimpleNamespace(smtp_url=SecretStr(""), data_dir=tmp_path / "deep"))
    await mailer.send(
        Message("jörg@exämple.org", "s", "t").to_email(sender=SENDER, message_id="<a@b>", date=clock())
    )
    (path,) = folder.iterdir()
    assert path.suffix == ".eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert str(folder) in caplog.text
    assert "jörg" not in caplog.text
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(MailUnreachable):
        await FolderMailer(blocked / "mail").send(
            Message(ADDRESS, "s", "t").to_email(sender=SENDER, message_id="<a@b>", date=clock())
        )


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "ada@example.org\r\nBcc: x@y.z",
        "a@b@c",
        "<ada@example.org>",
        "ada@example.org, x@example.org",
    ],
)
def test_what_is_no_address(to: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Message(to, "s", "t")


@pytest.mark.parametrize("subject", ["", "a\nb", "a\r\nBcc: x@example.org", "a\x00", "x" * 301])
def test_what_is_no_subject(subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        Message(ADDRESS, subject, "t")


def message(clock: Clock) -> EmailMessage:
    return Message(ADDRESS, "s", "t").to_email(sender=SENDER, message_id="<a@b>", date=clock())


def server_tls(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    certificate, key = certify(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    trusting.check_hostname = False  # the server of this test has no name, only an address
    return context, trusting


async def test_starttls_before_a_password(tmp_path: Path, clock: Clock) -> None:
    context, trusting = server_tls(tmp_path)
    inbox, seen = Inbox(), []

    def check(_: Any, session: Session, __: Any, ___: str, data: Any) -> AuthResult:
        seen.append((session.ssl is not None, data.login, data.password))
        return AuthResult(success=data.password == b"p@ss word", handled=False)

    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": check,
    }
    with smtp(inbox, **options) as port:
        url = f"smtp://user:p%40ss%20word@127.0.0.1:{port}"
        await SmtpMailer.from_url(url, context=trusting).send(message(clock))
        assert seen == [(True, b"user", b"p@ss word")]
        assert inbox.secure == [True]
        with pytest.raises(MailUnreachable):
            await SmtpMailer.from_url(f"smtp://user:wrong@127.0.0.1:{port}", context=trusting).send(
                message(clock)
            )
        stranger = replace(SmtpMailer.from_url(url), seconds=2)  # nobody vouches for this certificate
        with pytest.raises(MailUnreachable):
            await stranger.send(message(clock))


async def test_a_server_elsewhere_without_tls_gets_nothing(clock: Clock) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        strict = SmtpMailer("127.0.0.1", port)  # as from_url makes it for another host
        with pytest.raises(MailUnreachable):
            await strict.send(message(clock))
    assert inbox.taken == []


def test_smtp_urls() -> None:
    assert SmtpMailer.from_url("smtp://mail.example.org").starttls is True
    assert SmtpMailer.from_url("smtp://mail.example.org?starttls=auto").starttls is None
    assert SmtpMailer.from_url("smtp://u:p@mail.example.org?starttls=auto").starttls is True
    assert SmtpMailer.from_url("smtp://localhost:25").starttls is None
    secure = SmtpMailer.from_url("smtps://u:p@mail.example.org")
    assert (secure.tls, secure.starttls, secure.port) == (True, False, 465)
    for nonsense in (
        "http://x",
        "smtp://",
        "mail.example.org",
        "smtp://secret:secret@",
        "smtp://x?starttls=never",
    ):
        with pytest.raises(ValueError, match=r"^(?!.*secret)"):
            SmtpMailer.from_url(nonsense)
    assert "topsecret" not in repr(SmtpMailer.from_url("smtp://u:topsecret@mail.example.org"))
