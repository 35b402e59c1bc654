"""What operators do: migrate, check, move, and write the API documents. Each runs the services' own commands as processes."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.settings import PORTS

Only = Annotated[list[str] | None, typer.Option("--service", help="Only this one (may be repeated).")]


def _chosen(only: list[str] | None) -> list[str]:
    unknown = set(only or ()) - set(PORTS)
    if unknown:
        typer.echo(f"no such service: {', '.join(sorted(unknown))}; there are {', '.join(PORTS)}", err=True)
        raise typer.Exit(2)
    return [name for name in PORTS if not only or name in only]


def _each(only: list[str] | None, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run one command of every chosen service, in turn; exit 1 if any of them failed, after all have run."""
    failed = []
    for name in _chosen(only):
        status = subprocess.call(  # noqa: S603  (our own modules, no shell)
            [sys.executable, "-m", f"services.{name}", *(a.replace("{service}", name) for a in arguments)],
            env={**os.environ, **(environment or {})},
        )
        if status:
            failed.append(name)
        else:
            typer.echo(f"{name}: {arguments[0]} done")
    if failed:
        typer.echo(f"{arguments[0]} failed for: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def migrate(only: Only = None) -> None:
    """Bring each service's database to its newest revision and make its topics in the event log."""
    _each(only, "migrate")


def fsck(
    only: Only = None,
    digests: Annotated[
        Path | None,
        typer.Option(help="Also write each service's digest into this directory, and compare them."),
    ] = None,
) -> None:
    """Check what each service has stored, read-only. Exit status 1 if anything is wrong."""
    if digests is None:
        _each(only, "fsck")
        return
    digests.mkdir(parents=True, exist_ok=True)
    _each(only, "fsck", "--digest", str(digests / "{service}.jsonl"))
    compare([digests / f"{name}.jsonl" for name in _chosen(only)])


def compare(
    files: Annotated[list[Path], typer.Argument(help="Digests that `fsck --digest` wrote.", exists=True)],
) -> None:
    """Say what is missing, extra, different or under way between services, from their digests.

    What was erased is counted and is no fault. Exit status 1 if anything else differs, 2 if a file is no digest.
    """
    # Imported here, as in `rebuild`: no other command waits for databases and logs to be loaded.
    from shared.process.comparing import DigestRefused, read_digest
    from shared.process.comparing import compare as differences

    try:
        found = differences([read_digest(file) for file in files])
    except DigestRefused as refusal:
        typer.echo(f"refused: {refusal}", err=True)
        raise typer.Exit(2) from refusal
    wrong = [each for each in found if each.kind != "erased"]
    for difference in wrong:
        typer.echo(str(difference))
    typer.echo(f"{len(files)} digests: {len(wrong)} differences, {len(found) - len(wrong)} erased")
    if wrong:
        raise typer.Exit(1)


def rebuild(only: Only = None) -> None:
    """Throw away what services made of one another's events, and make it again from them; they may go on running.

    The issuer's and the backpack's private events are published again for it.
    """
    from shared.messaging.topics import CREDENTIALS, HOLDINGS

    _each(only, "rebuild")
    for owner, topic in (("issuer", CREDENTIALS), ("backpack", HOLDINGS)):
        _each([owner], "republish", "--topic", topic.name)


def move(
    to: Annotated[
        str,
        typer.Option(
            help="The PostgreSQL databases, with {service} where the service's name goes: "
            "postgresql+asyncpg://user@host/confer_{service}. They must exist and be empty."
        ),
    ],
    kafka: Annotated[str, typer.Option(help="host:port of Kafka, if the event log moves along.")] = "",
    only: Only = None,
) -> None:
    """Carry everything from SQLite (and the local log) to PostgreSQL (and Kafka). Stop the services first.

    Nothing is changed where it is carried from; a move that failed can be repeated into emptied databases.
    """
    if "{service}" not in to:
        typer.echo("--to needs {service} in it: each service has a database of its own", err=True)
        raise typer.Exit(2)
    awake = [name for name in _chosen(only) if _listens(name)]
    if awake:
        typer.echo(f"stop these first, what they write now would stay behind: {', '.join(awake)}", err=True)
        raise typer.Exit(1)
    _each(only, "move", "--to", to, *(("--kafka", kafka) if kafka else ()))
    # The URLs themselves are not repeated: they may hold passwords.
    new = [f"CONFER_{name.upper()}_DATABASE_URL" for name in _chosen(only)]
    new += [f"CONFER_KAFKA_BOOTSTRAP={kafka}"] if kafka else []
    typer.echo(f"Start the services with their new databases from now on: {', '.join(new)}")


def _listens(service: str) -> bool:
    """Whether something answers on this machine at the service's port."""
    port = int(os.environ.get(f"CONFER_{service.upper()}_PORT") or PORTS[service])
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def openapi(
    directory: Annotated[Path, typer.Argument(help="Where the four documents go.")] = Path("docs/openapi"),
) -> None:
    """Write the four OpenAPI documents."""
    directory.mkdir(parents=True, exist_ok=True)
    _each(None, "openapi", "--output", str(directory / "{service}.json"))
