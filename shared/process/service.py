"""What a service is to the process that runs it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, Literal

from fastapi import FastAPI
from sqlalchemy import MetaData

from shared.clock import Clock, utc_now
from shared.db import Database, WriteSession, claim
from shared.messaging.log import Log, open_log
from shared.messaging.topics import Topic
from shared.observability.metrics import Metrics
from shared.process.facts import Fact
from shared.settings import ServiceSettings

Role = Literal["serve", "relay", "consume", "work"]


@dataclass(frozen=True)
class Worker:
    """Something that goes on beside the requests.

    `run` works until it is cancelled. If it raises, it is logged and started again with growing pauses: what it does must
    be safe to begin anew (every worker keeps its state in the database).
    """

    name: str
    role: Role
    """Which command runs it in production; `serve` workers run in every web process of every profile."""
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Projection:
    """What a consumer makes of other services' events, and can make again from them."""

    consumer: str
    """The subscription's name."""
    topics: Sequence[Topic]
    discard: Callable[[WriteSession], Awaitable[int]]
    """Throws away what was made, in the given transaction, but nothing that a person decided or had erased. Returns how many
    things will be made again."""


@dataclass(frozen=True)
class Dependency:
    """Something outside the process that it needs, as `/readyz` shows it."""

    name: str
    check: Callable[[], Awaitable[None]]
    """Returns if it can be used, raises if not."""


async def claim_public_url(db: Database, migrations: str, public_url: str) -> None:
    """Store the public URL at the first start; later, raise `InstanceMismatch` if it is another one."""
    metadata: MetaData = import_module(migrations).metadata
    await claim(db, metadata.tables["instance"], "public_url", public_url)


class Service(ABC):
    """One of the four: its settings, storage and log, and what it does with them.

    A subclass names itself, builds its application, and lists its workers. Everything it needs hangs on it, so that
    nothing is global and two can live in one process in the tests.
    """

    name: ClassVar[str]
    migrations: ClassVar[str]
    """Import name of the package that holds the service's Alembic history."""
    metrics: Metrics
    """What its processes measure; every service makes its own."""
    copies: ClassVar[Sequence[str]] = ()
    """Of what kinds of facts it keeps copies (`Fact.of`)."""

    def __init__(self, settings: ServiceSettings, clock: Clock = utc_now) -> None:
        settings.refuse()
        self.settings = settings
        self.clock = clock
        self.metrics = Metrics(self.name)
        self.db = Database(settings.database_url)
        self.log: Log = open_log(settings)

    async def start(self) -> None:
        """Open what needs opening. The database is migrated already. Called once before the first request.

        Raises:
            InstanceMismatch: identifiers were made with another public URL (decision 2).
        """
        await claim_public_url(self.db, self.migrations, self.settings.public_url)

    async def stop(self) -> None:
        """Close everything; called once, also after a failed start."""
        await self.log.close()
        await self.db.close()

    @abstractmethod
    def build(self) -> FastAPI:
        """The application: routers and nothing that needs the database yet."""

    def workers(self) -> Sequence[Worker]:
        """What runs beside the requests; empty unless overridden."""
        return ()

    def dependencies(self) -> Sequence[Dependency]:
        """What `/readyz` checks: the database and the event log."""
        return (Dependency("database", self.db.ping), Dependency("event log", self.log.ping))

    async def fsck(self) -> Sequence[str]:
        """Check what is stored, read-only. Returns one sentence per thing that is wrong; empty when all is well."""
        return ()

    def digest_facts(self) -> AsyncIterator[Fact]:
        """What it owns and what it keeps copies of, for its digest; nothing unless overridden."""
        return _none()

    def projections(self) -> Sequence[Projection]:
        """What `rebuild` can throw away and make again; empty unless overridden."""
        return ()


async def _none() -> AsyncIterator[Fact]:
    nothing: Sequence[Fact] = ()
    for fact in nothing:
        yield fact
