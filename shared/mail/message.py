"""One mail."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

MAX_SUBJECT = 300
MAX_TEXT = 100_000


@dataclass(frozen=True)
class Message:
    """A mail to one person, plain text, with the same as HTML if there is one.

    Raises ValueError for an address that is none, and for a subject of more than one line.
    """

    to: str
    subject: str
    text: str
    html: str | None = None

    def __post_init__(self) -> None:
        try:
            validate_email(self.to, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise ValueError("this is no mail address") from error
        if not self.subject.isprintable() or not 0 < len(self.subject) <= MAX_SUBJECT:
            raise ValueError("a subject is one line of at most 300 characters")
        if len(self.text) > MAX_TEXT or len(self.html or "") > MAX_TEXT:
            raise ValueError("the mail is too long")

    def to_email(self, *, sender: str, message_id: str, date: datetime) -> EmailMessage:
        """The message as it goes over the wire. The id stays the same when it is sent again."""
        email = EmailMessage(policy=SMTP.clone(utf8=not self.to.isascii()))
        email["From"] = sender
        local, _, domain = self.to.rpartition("@")
        email["To"] = Address(username=local, domain=domain)
        email["Subject"] = self.subject
        email["Date"] = format_datetime(date)
        email["Message-ID"] = message_id
        email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
        email.set_content(self.text)
        if self.html is not None:
            email.add_alternative(self.html, subtype="html")
        return email
