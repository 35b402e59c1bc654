"""The demonstration's organisation, made at the first start of the embedded profile."""

import json
import os
import secrets
from pathlib import Path

from services.directory import events
from services.directory.clients import service as clients
from services.directory.context import Context
from services.directory.members import store as members
from services.directory.organisations import store as organisations
from services.directory.organisations.service import first_owner
from services.directory.scopes import ALL_SCOPES
from shared.db import new_id
from shared.http import passwords
from shared.observability.logs import get_logger

LOGIN = "demo"
NAME = "Confer Demonstration"
_log = get_logger("directory.seed")


async def seed(context: Context) -> None:
    """Make a demonstration organisation with an owner and a client that may do everything, if there is none at all.

    Secrets go to `<data_dir>/demo-client.json` (0600), whose path is logged. Nothing happens in a directory that has an
    organisation already.
    """
    async with context.db.read() as session:
        if await organisations.any_exists(session):
            return
    path = context.settings.data_dir / "demo-client.json"
    password = secrets.token_urlsafe(18)
    password_hash = await passwords.hash_password(password)
    async with context.db.write() as session:
        if await organisations.any_exists(session):
            return
        now = context.clock()
        organisation = organisations.Organisation(
            id=new_id(),
            name=NAME,
            kind="community",
            test=False,
            registered_at=now,
            changed_at=now,
            version=1,
            event_sequence=0,
        )
        session.add(organisation)
        await session.flush()
        person = members.Person(
            id=new_id(),
            login=members.PASSWORD,
            subject=LOGIN,
            password_hash=password_hash,
            created_at=now,
            password_changed_at=now,
        )
        session.add(person)
        await session.flush()
        owner = first_owner(session, organisation, person, None)
        client, secret = clients.make(
            session,
            organisation_id=organisation.id,
            name="Demonstration client",
            scopes=sorted(ALL_SCOPES),
            redirect_uris=[],
            actor=f"member:{owner.id}",
            now=now,
        )
        await session.flush()
        await context.outbox.add(
            session, events.organisation_event(organisation, "registered", context.settings.public_url)
        )
        # Before the commit: if it fails, the next start writes both anew.
        _write(
            path,
            {
                "client_id": client.id,
                "client_secret": secret,
                "organisation": organisation.id,
                "token_endpoint": f"{context.settings.public_url}/oauth/token",
                "login": LOGIN,
                "password": password,
            },
        )
    _log.info("seed.demonstration", path=str(path.resolve()))


def _write(path: Path, content: dict[str, str]) -> None:
    """The whole file or none, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)
