"""Mails are written in the transaction of what they tell of, and sent afterwards by the mail worker."""

from enum import StrEnum
from importlib.resources import files

import structlog
from jinja2 import Environment, FunctionLoader, StrictUndefined

from shared.db import WriteSession
from shared.mail import MailQueue, Message

_log = structlog.get_logger("confer.backpack")


class Notice(StrEnum):
    """The mails there are; each has a template whose first line is the subject."""

    CONFIRM_ADDRESS = "confirm_address"
    RESET_PASSWORD = "reset_password"  # noqa: S105  (a mail's name)
    INVITED = "invited"
    OFFERED = "offered"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    STATUS_CHANGED = "status_changed"
    ERASED = "erased"


def _source(name: str) -> str:
    return (files(__package__) / "templates" / f"{name}.txt").read_text(encoding="utf-8")


class Post:
    """Puts mails into the service's queue."""

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._public_url = public_url
        # Plain text mails: nothing is interpreted in them, so nothing is escaped.
        self._templates = Environment(
            loader=FunctionLoader(_source),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  (plain text, no markup)
            trim_blocks=True,
        )

    async def send(
        self, session: WriteSession, notice: Notice, *, to: str, about: str | None = None, **values: object
    ) -> None:
        """Queue a mail in the caller's transaction: it is sent if and only if that commits.

        `about` is an id of ours by which `forget` finds it. To an address that is none, as an issuer may have written one,
        nothing is sent.
        """
        subject, text = self._render(notice, values)
        try:
            message = Message(to=to, subject=subject, text=text)
        except ValueError:
            _log.warning("mail.no_address", notice=notice.value)
            return
        await self._queue.add(session, message, about=about)

    async def forget(self, session: WriteSession, about: str) -> None:
        """Drop every mail about this id, sent or not."""
        await self._queue.erase(session, about)

    def _render(self, notice: Notice, values: dict[str, object]) -> tuple[str, str]:
        # A badge's name comes from outside: one line, of bounded length, so that it cannot forge a mail's parts.
        clean = {
            name: _one_line(value) if isinstance(value, str) and name != "reason" else value
            for name, value in values.items()
        }
        rendered = self._templates.get_template(notice.value).render(site=self._public_url, **clean)
        subject, _, text = rendered.partition("\n")
        return subject, text.lstrip("\n")


def _one_line(text: str) -> str:
    return " ".join("".join(" " if not character.isprintable() else character for character in text).split())[
        :200
    ]
