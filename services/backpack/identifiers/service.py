"""Adding identifiers and proving them. Nothing is matched to a learner before it is proven."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from services.backpack.context import Context
from services.backpack.credentials import claiming
from services.backpack.errors import (
    IdentifierPresent,
    IdentifierTaken,
    InvalidIdentifier,
    LinkUsedUp,
    NoProofByMail,
)
from services.backpack.identifiers import store
from services.backpack.identifiers.addresses import EMAIL, NotAnAddress, parse
from services.backpack.identifiers.reach import VALUE
from services.backpack.identifiers.schemas import IdentifierOut
from services.backpack.identifiers.store import Identifier, MailToken
from services.backpack.notices import Notice
from services.backpack.vault import new_token, token_hash
from shared.db import WriteSession, new_id
from shared.http.problems import NotFound


def value_of(context: Context, identifier: Identifier) -> str:
    """The identifier itself, opened."""
    return context.vault.open_text(identifier.value, column=VALUE, row=identifier.id)


def shown(context: Context, identifier: Identifier) -> IdentifierOut:
    return IdentifierOut(
        id=identifier.id,
        type=identifier.type,
        value=value_of(context, identifier),
        verified=identifier.verified_at is not None,
        verified_at=identifier.verified_at,
        created_at=identifier.created_at,
    )


async def list_of(context: Context, learner_id: str) -> Sequence[IdentifierOut]:
    async with context.db.read() as session:
        return [shown(context, each) for each in await store.identifiers_of(session, learner_id)]


async def add(context: Context, learner_id: str, kind: str, value: str) -> IdentifierOut:
    """Put an identifier on the account, unproven; an e-mail address gets its confirmation mail.

    Raises:
        InvalidIdentifier: the text is none of that kind.
        IdentifierPresent: the account has it already.
        TooManyRequests: too many mails, by this learner or to this mailbox.
    """
    normalised = _parsed(kind, value)
    lookup = context.vault.lookup(kind, normalised)
    if kind == EMAIL:
        await check_mail_limits(context, lookup, by=learner_id)
    try:
        async with context.db.write() as session:
            identifier = await insert(context, session, learner_id, kind, normalised)
            return shown(context, identifier)
    except IntegrityError as error:
        raise IdentifierPresent(
            "The account has this identifier already; ask for a new mail instead."
        ) from error


def _parsed(kind: str, value: str) -> str:
    try:
        return parse(kind, value)
    except NotAnAddress as error:
        raise InvalidIdentifier(str(error)) from error


def checked_address(value: str) -> str:
    """A normalised e-mail address. Raises InvalidIdentifier."""
    return _parsed(EMAIL, value)


async def check_mail_limits(context: Context, lookup: str, *, by: str | None = None) -> None:
    """Raises TooManyRequests when the mailbox, or the account that asks, had its share of mails."""
    if by is not None:
        await context.limits.mail_by.check(context.db, by)
    await context.limits.mail.check(context.db, lookup)


async def insert(
    context: Context, session: WriteSession, learner_id: str, kind: str, normalised: str
) -> Identifier:
    """Add the row and queue its confirmation mail, in the caller's transaction."""
    identifier = Identifier(
        id=(row := new_id()),
        learner_id=learner_id,
        type=kind,
        lookup=context.vault.lookup(kind, normalised),
        value=context.vault.seal_text(normalised, column=VALUE, row=row),
        created_at=context.clock(),
        verified_at=None,
    )
    session.add(identifier)
    await session.flush()
    if kind == EMAIL:
        await _mail_confirmation(context, session, identifier, normalised)
    return identifier


async def _mail_confirmation(
    context: Context, session: WriteSession, identifier: Identifier, address: str
) -> None:
    hours = context.settings.address_token_hours
    link = await mail_link(
        context,
        session,
        identifier,
        purpose=store.CONFIRM_ADDRESS,
        page="confirm",
        lifetime=timedelta(hours=hours),
    )
    await context.post.send(
        session, Notice.CONFIRM_ADDRESS, to=address, about=identifier.learner_id, link=link, hours=hours
    )


async def mail_link(
    context: Context,
    session: WriteSession,
    identifier: Identifier,
    *,
    purpose: str,
    page: str,
    lifetime: timedelta,
) -> str:
    """Make a one-time token for a mail and return the link to the page that takes it."""
    token = new_token()
    session.add(
        MailToken(
            id=new_id(),
            purpose=purpose,
            learner_id=identifier.learner_id,
            identifier_id=identifier.id,
            token_hash=token_hash(token),
            expires_at=context.clock() + lifetime,
        )
    )
    return f"{context.public_url}/{page}?token={token}"


async def send_again(context: Context, learner_id: str, identifier_id: str) -> None:
    """Mail a new confirmation link for an address that is not proven yet.

    Raises NotFound, NoProofByMail (also when it is proven already) and TooManyRequests.
    """
    async with context.db.read() as session:
        identifier = await store.identifier_of(session, learner_id, identifier_id)
    if identifier is None:
        raise NotFound("There is no such identifier on this account.")
    if identifier.type != EMAIL or identifier.verified_at is not None:
        raise NoProofByMail("Only an e-mail address that is not verified yet gets a mail.")
    await check_mail_limits(context, identifier.lookup, by=learner_id)
    async with context.db.write() as session:
        await _mail_confirmation(context, session, identifier, value_of(context, identifier))


@dataclass(frozen=True)
class Confirmed:
    identifier: IdentifierOut
    learner_id: str
    offered: int


async def confirm(context: Context, token: str) -> Confirmed:
    """Take the token from a mail: the address is proven, and what waited for it is offered to the learner.

    Raises LinkUsedUp, and IdentifierTaken when another account has proven the address.
    """
    now = context.clock()
    try:
        async with context.db.write() as session:
            used = await store.consume_token(session, store.CONFIRM_ADDRESS, token_hash(token), now)
            identifier = None if used is None else await store.identifier_of(session, *used)
            if identifier is None:
                raise LinkUsedUp("Ask for a new confirmation mail on the account page.")
            if identifier.verified_at is None:
                identifier.verified_at = now
                await session.flush()
            offered = await claiming.claim_waiting(context, session, identifier.learner_id, identifier.lookup)
            return Confirmed(shown(context, identifier), identifier.learner_id, offered)
    except IntegrityError as error:
        # The partial unique index decides between two accounts, whoever comes first.
        raise IdentifierTaken("Another account has proven this address; sign in there.") from error


async def confirmable(context: Context, token: str) -> bool:
    """Whether the token would be taken; it is not used up by asking."""
    async with context.db.read() as session:
        found = await store.token_by_hash(session, store.CONFIRM_ADDRESS, token_hash(token), context.clock())
    return found is not None


async def remove(context: Context, learner_id: str, identifier_id: str) -> None:
    """Take an identifier off the account. Badges that came by it stay. Raises NotFound."""
    async with context.db.write() as session:
        identifier = await store.identifier_of(session, learner_id, identifier_id)
        if identifier is None:
            raise NotFound("There is no such identifier on this account.")
        await store.remove_identifier(session, identifier.id)
