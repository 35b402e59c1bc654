"""Where mail goes: to an SMTP server, or into a folder."""

import asyncio
import os
import secrets
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

from shared.observability.logs import get_logger

_log = get_logger("shared.mail")
_PORTS = {"smtp": 587, "smtps": 465}
_LONGEST_LINE = 2_000  # of a mail in a file: longer ones are folded, and no link is that long


class MailUnreachable(Exception):
    """The server cannot take the mail now; later it may."""


class MailRefused(Exception):
    """The server will never take this mail. The message holds its status code, not its text: that has addresses in it."""


class Mailer(Protocol):
    """Takes a mail out of the house."""

    async def send(self, email: EmailMessage) -> None:
        """Returns when the other side has taken responsibility. Raises MailUnreachable or MailRefused."""
        ...


class FolderMailer:
    """Writes each mail as a file that only its owner can read: for one machine, where nobody sends mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, email: EmailMessage) -> None:
        path = await asyncio.to_thread(self._write, _readable(email))
        _log.info("mail.written", folder=str(self._folder), file=path.name)

    def _write(self, content: bytes) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = secrets.token_hex(8)
            draft, path = self._folder / f".{name}", self._folder / f"{name}.eml"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except OSError as error:
            raise MailUnreachable(f"cannot write into {self._folder}") from error
        return path


def _readable(email: EmailMessage) -> bytes:
    """The plain text with whole lines and no transfer encoding: whoever opens the file can follow a link in it."""
    plain = EmailMessage(policy=default.clone(cte_type="8bit", max_line_length=_LONGEST_LINE))
    for header in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"):
        plain[header] = str(email[header])
    body = email.get_body(("plain",))
    plain.set_content(body.get_content() if body is not None else "")
    return plain.as_bytes()


@dataclass(frozen=True)
class SmtpMailer:
    """Hands mail to an SMTP server (RFC 5321), over TLS wherever a password or another host is involved.

    `smtps://` speaks TLS from the start; `smtp://` begins with STARTTLS, which `?starttls=auto` makes optional (without a
    password) and a loopback host does not need.
    """

    host: str
    port: int
    user: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    starttls: bool | None = True
    """True: required, None: if the server offers it, False: never."""
    context: ssl.SSLContext | None = None
    seconds: float = 30.0
    """How long one mail may take; the sender's lease counts on it."""

    @classmethod
    def from_url(cls, url: str, *, context: ssl.SSLContext | None = None) -> "SmtpMailer":
        """Raises ValueError, without repeating the URL: it holds a password."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("the SMTP URL must be smtp://[user:password@]host[:port] or smtps://…")
        wish = parse_qs(parts.query).get("starttls", ["require"])[0]
        if wish not in {"require", "auto"}:
            raise ValueError("starttls must be require or auto")
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        optional = local or (wish == "auto" and not parts.password)
        tls = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            SecretStr(unquote(parts.password)) if parts.password else None,
            tls,
            False if tls else (None if optional else True),
            context,
        )

    async def send(self, email: EmailMessage) -> None:
        try:
            await aiosmtplib.send(
                email,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password.get_secret_value() if self.password else None,
                use_tls=self.tls,
                start_tls=self.starttls,
                tls_context=self.context,
                timeout=self.seconds,
            )
        except aiosmtplib.SMTPException as error:
            raise _failure(error) from None  # the library's messages hold addresses
        except OSError as error:
            raise MailUnreachable(type(error).__name__) from error


def _failure(error: aiosmtplib.SMTPException) -> MailRefused | MailUnreachable:
    """RFC 5321 §4.2.1: 4yz may be tried again, 5yz never; but 53z is about who we are, and that can be put right."""
    codes = [error.code] if isinstance(error, aiosmtplib.SMTPResponseException) else []
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [each.code for each in error.recipients]
    if codes and all(500 <= code < 600 and not 530 <= code < 540 for code in codes):
        return MailRefused(f"status {codes[0]}")
    return MailUnreachable(f"status {codes[0]}" if codes else type(error).__name__)


class MailSettings(Protocol):
    @property
    def smtp_url(self) -> SecretStr: ...

    @property
    def data_dir(self) -> Path: ...


def mailer_for(settings: MailSettings) -> Mailer:
    """What the settings say: SMTP, or `<data_dir>/mail`. Raises ValueError for an SMTP URL that is none."""
    url = settings.smtp_url.get_secret_value()
    if url:
        return SmtpMailer.from_url(url)
    folder = settings.data_dir / "mail"
    _log.info("mail.folder", folder=str(folder))
    return FolderMailer(folder)
