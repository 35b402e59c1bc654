"""What happens to partner clients: creation, change, rotation of secrets, revocation."""

from datetime import datetime, timedelta

from services.directory.clients import store
from services.directory.clients.schemas import (
    ClientChange,
    ClientCreate,
    ClientOut,
    ClientWithSecret,
    SecretOut,
    SecretRotate,
)
from services.directory.context import Context
from services.directory.errors import ClientRevoked, MoreThanHeld
from services.directory.organisations import store as organisations
from services.directory.organisations.service import locked, own
from services.directory.tokens import digest, new_token
from shared.db import ReadSession, WriteSession, new_id
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.paging import PageRequest
from shared.http.problems import NotFound


async def browse(
    context: Context, access: Access, organisation_id: str, asked: PageRequest
) -> tuple[list[ClientOut], tuple[str] | None]:
    """A page of the organisation's clients, revoked ones included. Raises NotFound."""
    position = asked.after(str)
    async with context.db.read() as session:
        rows = await store.of_organisation(
            session,
            own(access, organisation_id),
            after=position[0] if position else None,
            limit=asked.limit + 1,
        )
        now = context.clock()
        shown = [await _shown(session, row, now) for row in rows[: asked.limit]]
    return shown, ((shown[-1].client_id,) if len(rows) > asked.limit else None)


async def read(
    context: Context, access: Access, organisation_id: str, client_id: str
) -> tuple[ClientOut, int]:
    """One client and its version. Raises NotFound."""
    async with context.db.read() as session:
        client = await store.find(session, own(access, organisation_id), client_id)
        if client is None:
            raise _not_here()
        return await _shown(session, client, context.clock()), client.version


async def create(
    context: Context, access: Access, organisation_id: str, given: ClientCreate
) -> ClientWithSecret:
    """Make a client with its first secret. Raises NotFound, MoreThanHeld."""
    own(access, organisation_id)
    _no_more_than_held(access, given.scopes)
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        now = context.clock()
        client, secret = make(
            session,
            organisation_id=organisation.id,
            name=given.name,
            scopes=given.scopes,
            redirect_uris=given.redirect_uris,
            actor=access.actor,
            now=now,
        )
        await session.flush()
        _record(session, access, client, "client.created", now)
        return ClientWithSecret.showing(await _shown(session, client, now), secret)


def make(
    session: WriteSession,
    *,
    organisation_id: str,
    name: str,
    scopes: list[str],
    redirect_uris: list[str],
    actor: str,
    now: datetime,
) -> tuple[store.Client, str]:
    """A new client and its secret, which nobody will see again."""
    client = store.Client(
        id=new_id(),
        organisation_id=organisation_id,
        name=name,
        scopes=scopes,
        redirect_uris=redirect_uris,
        created_at=now,
        created_by=actor,
        version=1,
    )
    session.add(client)
    return client, _add_secret(session, client, now)


async def change(
    context: Context,
    access: Access,
    organisation_id: str,
    client_id: str,
    given: ClientChange,
    seen: Precondition,
) -> tuple[ClientOut, int]:
    """Change name, scopes or redirect URIs; tokens follow with their next issue.

    Raises NotFound, PreconditionFailed, ClientRevoked, MoreThanHeld.
    """
    async with context.db.write() as session:
        client = await _locked(session, access, organisation_id, client_id)
        seen.check(client.version)
        if given.scopes is not None:
            _no_more_than_held(access, sorted(set(given.scopes) - set(client.scopes)))
            client.scopes = given.scopes
        if given.name is not None:
            client.name = given.name
        if given.redirect_uris is not None:
            # Whoever may change where codes are sent holds what the client holds.
            _no_more_than_held(access, client.scopes)
            client.redirect_uris = given.redirect_uris
        client.version += 1
        now = context.clock()
        _record(session, access, client, "client.changed", now)
        await session.flush()
        return await _shown(session, client, now), client.version


async def rotate(
    context: Context, access: Access, organisation_id: str, client_id: str, given: SecretRotate
) -> ClientWithSecret:
    """A new secret; those before stay good for the overlap. Raises NotFound, ClientRevoked, MoreThanHeld."""
    async with context.db.write() as session:
        client = await _locked(session, access, organisation_id, client_id)
        # The new secret is shown to the caller, who then can do all that the client can.
        _no_more_than_held(access, client.scopes)
        now = context.clock()
        await store.expire_secrets(session, client.id, now + timedelta(seconds=given.overlap_seconds))
        secret = _add_secret(session, client, now)
        await session.flush()
        _record(session, access, client, "client.rotated", now)
        return ClientWithSecret.showing(await _shown(session, client, now), secret)


async def revoke(context: Context, access: Access, organisation_id: str, client_id: str) -> ClientOut:
    """End a client for good: no new tokens; issued ones expire within minutes. Raises NotFound, ClientRevoked."""
    async with context.db.write() as session:
        client = await _locked(session, access, organisation_id, client_id)
        now = context.clock()
        client.revoked_at, client.revoked_by = now, access.actor
        client.version += 1
        await store.expire_secrets(session, client.id, now)
        _record(session, access, client, "client.revoked", now)
        await session.flush()
        return await _shown(session, client, now)


def _no_more_than_held(access: Access, scopes: list[str]) -> None:
    """Bounded by what this very request may do: also a member who let a program act for them with less."""
    beyond = set(scopes) - access.scopes
    if beyond:
        raise MoreThanHeld("A client gets no scopes that you do not hold yourself.", scopes=sorted(beyond))


async def _locked(
    session: WriteSession, access: Access, organisation_id: str, client_id: str
) -> store.Client:
    """A client that is not revoked; its organisation's row is locked."""
    organisation = await locked(session, access, organisation_id)
    client = await store.find(session, organisation.id, client_id)
    if client is None:
        raise _not_here()
    if client.revoked_at is not None:
        raise ClientRevoked("Create a new client.")
    return client


def _add_secret(session: WriteSession, client: store.Client, now: datetime) -> str:
    secret = new_token("secret")
    session.add(
        store.ClientSecret(id=new_id(), client_id=client.id, secret_hash=digest(secret), created_at=now)
    )
    return secret


async def _shown(session: ReadSession, client: store.Client, now: datetime) -> ClientOut:
    secrets = await store.live_secrets(session, client.id, now)
    return ClientOut.of(client, [SecretOut.of(secret) for secret in secrets])


def _record(session: WriteSession, access: Access, client: store.Client, action: str, now: datetime) -> None:
    organisations.record(
        session,
        organisation=client.organisation_id,
        at=now,
        actor=access.actor,
        action=action,
        subject=client.id,
    )


def _not_here() -> NotFound:
    return NotFound("There is no such client in your organisation.")
