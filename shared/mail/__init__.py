"""Mail: written into a queue in the transaction of what it tells of, sent afterwards, erased when told to."""

from shared.mail.message import Message
from shared.mail.outgoing import FolderMailer, Mailer, MailRefused, MailUnreachable, SmtpMailer, mailer_for
from shared.mail.queue import MailQueue, mail_table
from shared.mail.sender import MailSender

__all__ = [
    "FolderMailer",
    "MailQueue",
    "MailRefused",
    "MailSender",
    "MailUnreachable",
    "Mailer",
    "Message",
    "SmtpMailer",
    "mail_table",
    "mailer_for",
]
