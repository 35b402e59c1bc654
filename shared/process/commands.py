"""The command line that every service has: `python -m services.<name> serve | relay | consume | work | migrate | …`."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from prometheus_client import start_http_server

from shared.db import Database, DatabaseUnavailable, InstanceMismatch, migrate
from shared.observability.logs import configure, get_logger
from shared.process.digests import write_digest
from shared.process.letters import NothingThere, inspected, letters
from shared.process.lifespan import with_lifespan
from shared.process.moving import MoveRefused, move_service
from shared.process.rebuilding import NotPossible, rebuild, republish, rewind
from shared.process.service import Role, Service, claim_public_url
from shared.process.supervision import running
from shared.settings import ServiceSettings, SettingRefused, read_settings

_log = get_logger("confer.process")


def command_line(service_class: type[Service], settings_class: type[ServiceSettings]) -> typer.Typer:
    """Build the commands for one service.

    Exit status: 0 done; 1 something is wrong and was named; 2 the call or the settings cannot be used.
    """
    commands = typer.Typer(
        no_args_is_help=True, add_completion=False, help=f"The {service_class.name} service."
    )

    def prepare() -> ServiceSettings:
        settings = read_settings(settings_class)
        configure(service_class.name, settings.log_level)
        return settings

    def create() -> Service:
        try:
            return service_class(prepare())
        except SettingRefused as refusal:
            typer.echo(f"refused: {refusal}", err=True)
            raise typer.Exit(2) from refusal

    def refusing(running_it: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run(running_it)
        except InstanceMismatch as refusal:
            typer.echo(f"refused: {refusal}", err=True)
            raise typer.Exit(2) from refusal

    @commands.command()
    def serve() -> None:
        """Answer HTTP. Embedded, this migrates first and runs everything else too."""
        service = create()
        if service.settings.embedded:
            migrate.upgrade(service.settings.database_url, service_class.migrations)
        refusing(_admitted(service))
        uvicorn.run(
            with_lifespan(service),
            host=service.settings.host,
            port=service.settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=service.settings.trusted_proxies,
            timeout_graceful_shutdown=10,
        )

    def worker_command(role: Role, help_text: str) -> None:
        def run_workers() -> None:
            refusing(_run_role(create(), role))

        commands.command(role, help=help_text)(run_workers)

    worker_command("relay", "Publish committed events from the outbox.")
    worker_command("consume", "Handle the events of other services.")
    worker_command("work", "Do the background work: jobs, mail, lists, expiries.")

    @commands.command("migrate")
    def migrate_command(
        to: Annotated[str, typer.Option(help="The revision to go to; `base` empties the database.")] = "head",
        new: Annotated[
            str, typer.Option(help="For developers: write a new revision with this message.")
        ] = "",
    ) -> None:
        """Bring the database to the newest revision, and make the event log's topics."""
        service = create()
        url, package = service.settings.database_url, service_class.migrations
        if new:
            typer.echo(migrate.revision(url, package, new))
            return
        if to == "head":
            migrate.upgrade(url, package)
        else:
            migrate.downgrade(url, package, to)
        asyncio.run(_make_topics(service))

    @commands.command()
    def move(
        to: Annotated[str, typer.Option(help="An empty database; {service} stands for the service's name.")],
        kafka: Annotated[str, typer.Option(help="host:port of Kafka, if the event log moves along.")] = "",
    ) -> None:
        """Carry everything to another database, and this service's topics to Kafka. Stop the service first."""
        try:
            moved = asyncio.run(
                move_service(create(), to.replace("{service}", service_class.name), kafka, say=typer.echo)
            )
        except MoveRefused as refusal:
            typer.echo(f"refused: {refusal}", err=True)
            raise typer.Exit(1) from refusal
        typer.echo(f"{service_class.name}: {moved.rows} rows, {moved.events} events")

    @commands.command()
    def openapi(output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None) -> None:
        """Print the service's OpenAPI document."""
        text = json.dumps(create().build().openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if output is None:
            typer.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8")

    @commands.command("dead-letters")
    def dead_letters(
        replay: Annotated[
            int | None, typer.Option(help="Try this one and the later ones of its key again.")
        ] = None,
        drop: Annotated[int | None, typer.Option(help="Give this one up; the later ones go on.")] = None,
        unblock: Annotated[str | None, typer.Option(help="Try to publish this one again.")] = None,
        inspect: Annotated[
            int | None, typer.Option(help="Print this one as it was published; it may hold personal data.")
        ] = None,
    ) -> None:
        """List the events that were put aside, a line each with the reason; or do something about one."""
        try:
            if inspect is not None:
                typer.echo(asyncio.run(_inspected(create(), inspect)))
                return
            lines = asyncio.run(_letters(create(), replay, drop, unblock))
        except NothingThere as nothing:
            typer.echo(f"refused: {nothing}", err=True)
            raise typer.Exit(1) from nothing
        for line in lines:
            typer.echo(line)
        typer.echo(f"{service_class.name}: {len(lines)} events put aside")

    def lines_of(asked: Callable[[Service], Awaitable[Sequence[str]]]) -> None:
        try:
            lines = asyncio.run(_stopped_after(create(), asked))
        except NotPossible as refusal:
            typer.echo(f"refused: {refusal}", err=True)
            raise typer.Exit(1) from refusal
        for line in lines:
            typer.echo(line)

    @commands.command("rebuild")
    def rebuild_command(
        consumer: Annotated[str, typer.Option(help="Only what this consumer made.")] = "",
    ) -> None:
        """Throw away what was made from other services' events, and make it again from them.

        What people decided and what was erased stays as it is. The service may go on running.
        """
        lines_of(lambda service: rebuild(service, consumer))

    @commands.command("rewind")
    def rewind_command(
        consumer: Annotated[str, typer.Option(help="Only this consumer.")] = "",
    ) -> None:
        """Read the event log from its beginning, throwing nothing away: after the log was lost and filled again."""
        lines_of(lambda service: rewind(service, consumer))

    @commands.command("republish")
    def republish_command(
        topic: Annotated[str, typer.Option(help="Only this topic.")] = "",
        subject: Annotated[str, typer.Option(help="Only the events of this key of the topic.")] = "",
    ) -> None:
        """Publish again what this service told: the same events; data erased meanwhile are left out."""
        lines_of(lambda service: republish(service, topic, subject))

    @commands.command()
    def fsck(
        digest: Annotated[
            Path | None, typer.Option(help="Also write what is kept to this file, for `confer compare`.")
        ] = None,
    ) -> None:
        """Check what is stored, read-only; a line for everything that is wrong."""
        wrong = asyncio.run(_check(create(), digest))
        for line in wrong:
            typer.echo(line)
        typer.echo(f"{service_class.name}: {len(wrong)} problems")
        raise typer.Exit(1 if wrong else 0)

    return commands


async def _admitted(service: Service) -> None:
    """Look whether the settings fit what the database was begun with, before anything is opened for good.

    A database that cannot be reached now says nothing; the service's own start will meet it.
    """
    db = Database(service.settings.database_url)
    try:
        await claim_public_url(db, service.migrations, service.settings.public_url)
    except DatabaseUnavailable:
        _log.warning("process.database_away")
    finally:
        await db.close()


async def _inspected(service: Service, number: int) -> bytes:
    try:
        return await inspected(service, number)
    finally:
        await service.stop()


async def _run_role(service: Service, role: Role) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await service.start()
        workers = [worker for worker in service.workers() if worker.role == role]
        _log.info("process.started", role=role, workers=[worker.name for worker in workers])
        async with running(workers):
            with _measured(service):
                await stop.wait()
        _log.info("process.ending", role=role)
    finally:
        await service.stop()


@contextmanager
def _measured(service: Service) -> Iterator[None]:
    """Answer Prometheus while the block lasts, where the settings say so: a web process does that by itself."""
    settings = service.settings
    if not settings.metrics_port:
        yield
        return
    server, thread = start_http_server(
        settings.metrics_port, addr=settings.host, registry=service.metrics.registry
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def _letters(
    service: Service, replay: int | None, drop: int | None, unblock: str | None
) -> Sequence[str]:
    try:
        return await letters(service, replay=replay, drop=drop, unblock=unblock)
    finally:
        await service.stop()


async def _make_topics(service: Service) -> None:
    try:
        await service.log.ensure_topics()
    finally:
        await service.stop()


async def _check(service: Service, digest: Path | None) -> list[str]:
    try:
        await service.start()
        if digest is not None:
            await write_digest(service, digest)
        return list(await service.fsck())
    finally:
        await service.stop()


async def _stopped_after(
    service: Service, asked: Callable[[Service], Awaitable[Sequence[str]]]
) -> Sequence[str]:
    try:
        return await asked(service)
    finally:
        await service.stop()
